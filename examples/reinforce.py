"""Balance a pole on a cart by trial and error: the policy gradient with a learned baseline.

    python reinforce.py

The cart-pole of Barto, Sutton and Anderson (1983) is the class `CartPoles` below, many at once.
Each step without a fall earns 1 and an episode ends after 500. REINFORCE (Williams, 1992) makes
an action the more likely, the more what followed exceeded what a second network expected.

150 updates of 32 episodes take 20 s on one core: the mean return of 100 episodes goes from 22 to
499 with seed 0, to 493 and 497 with seeds 1 and 2.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import matplotlib
import numpy as np
from tqdm import tqdm

import wengert as wg
import wengert.nn.functional as F
from wengert import nn
from wengert.distributions import Categorical

matplotlib.use("Agg")
import matplotlib.pyplot as plt

LIMIT = 500


class CartPoles:
    """Carts of 1 kg, each under a pole of 0.1 kg and 1 m, pushed by 10 N to the left or right.

    A state is position (m), speed (m/s), angle (rad) and its rate (rad/s); a step lasts 0.02 s.
    """

    def __init__(self, count: int, rng: np.random.Generator) -> None:
        self.state = rng.uniform(-0.05, 0.05, (count, 4))

    def step(self, right: np.ndarray) -> np.ndarray:
        """Pushes every cart; for which that is the end: 2.4 m from the middle, or 12 degrees."""
        _, v, angle, rate = self.state.T
        sin, cos = np.sin(angle), np.cos(angle)
        force = (np.where(right, 10.0, -10.0) + 0.05 * rate**2 * sin) / 1.1
        turn = (9.8 * sin - cos * force) / (0.5 * (4 / 3 - 0.1 * cos**2 / 1.1))
        push = force - 0.05 * turn * cos / 1.1
        self.state = self.state + 0.02 * np.stack([v, push, rate, turn], 1)
        return (abs(self.state[:, 0]) > 2.4) | (abs(self.state[:, 2]) > np.radians(12))


def play(
    policy: nn.Module, count: int, rng: np.random.Generator
) -> tuple[wg.Tensor, wg.Tensor, wg.Tensor]:
    """Plays episodes: states (steps, count, 4), actions and whether each step was reached alive."""
    carts, alive = CartPoles(count, rng), np.ones(count, bool)
    states, actions, lives = [], [], []
    with wg.no_grad():
        while alive.any() and len(lives) < LIMIT:
            states.append(wg.from_numpy(carts.state.astype(np.float32)))
            actions.append(Categorical(logits=policy(states[-1])).sample())
            lives.append(wg.from_numpy(alive.astype(np.float32)))
            alive = alive & ~carts.step(actions[-1].numpy() == 1)
    return wg.stack(states), wg.stack(actions), wg.stack(lives)


def returns(rewards: wg.Tensor, discount: float) -> wg.Tensor:
    """What each step and those after it earn, later ones discounted."""
    totals = [rewards[-1]]
    for reward in reversed(rewards[:-1].unbind()):
        totals.append(reward + discount * totals[-1])
    return wg.stack(totals[::-1])


def loss_of(
    policy: nn.Module,
    baseline: nn.Module,
    states: wg.Tensor,
    actions: wg.Tensor,
    alive: wg.Tensor,
    discount: float,
) -> wg.Tensor:
    """What is to become less, of both networks, from what `play` gives."""
    reached = alive.bool()
    gained = returns(alive, discount)[reached]
    expected = baseline(states).squeeze(-1)[reached]
    advantage = gained - expected.detach()
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-6)
    choice = Categorical(logits=policy(states[reached]))
    loss = -(choice.log_prob(actions[reached]) * advantage).mean()
    return loss - 0.01 * choice.entropy().mean() + F.mse_loss(expected / 50, gained / 50)


def save_picture(path: Path, lengths: list[float], angles: np.ndarray) -> None:
    """The return by update, and how the angle goes in the last episodes."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    left.plot(range(1, len(lengths) + 1), lengths)
    left.set(xlabel="update", ylabel="mean return", ylim=(0, 1.05 * LIMIT))
    right.plot(0.02 * np.arange(len(angles)), np.degrees(angles), lw=0.7)
    right.set(xlabel="time, s", ylabel="angle of the pole, degrees")
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--updates", type=int, default=150)
    parser.add_argument("--episodes", type=int, default=32, help="played for each update")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--discount", type=float, default=0.99)
    parser.add_argument("--lr", type=float, default=1e-2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="default: all processors")
    parser.add_argument("--out", type=Path, default=Path("runs/reinforce"))
    args = parser.parse_args()
    if args.threads:
        wg.set_num_threads(args.threads)
    wg.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)

    policy, baseline = (
        nn.Sequential(nn.Linear(4, args.width), nn.Tanh(), nn.Linear(args.width, outputs))
        for outputs in (2, 1)
    )
    optimizer = wg.optim.Adam([*policy.parameters(), *baseline.parameters()], lr=args.lr)
    schedule = wg.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=args.updates)
    lengths: list[float] = []
    start = time.perf_counter()
    progress = tqdm(range(1, args.updates + 1), leave=False)
    for update in progress:
        states, actions, alive = play(policy, args.episodes, rng)
        loss = loss_of(policy, baseline, states, actions, alive, args.discount)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        lengths.append(alive.sum(0).mean().item())
        progress.set_postfix_str(f"return {lengths[-1]:.0f}")
        if update % 10 == 0:
            progress.write(f"update {update:4}  mean return {np.mean(lengths[-10:]):.1f}")
    seconds = time.perf_counter() - start

    states, _, alive = play(policy, 100, rng)
    angles = states[..., 2].masked_fill(alive == 0, wg.nan)
    args.out.mkdir(parents=True, exist_ok=True)
    save_picture(args.out / "return.png", lengths, angles[:, :5].numpy())
    print(
        f"return {lengths[0]:.0f} at first, {alive.sum(0).mean().item():.1f} of {LIMIT} at last; "
        f"trained in {seconds:.1f} s; files in {args.out}"
    )


if __name__ == "__main__":
    main()
