"""Learn a differential equation from its path, by two ways to the same gradient.

    python neural_ode.py                    # the adjoint equation
    python neural_ode.py --method direct    # backward through the solver

A small network f is to be the right-hand side of dz/dt = f(z) whose solution is a given spiral. The
solver (the classical Runge-Kutta method) is made of tensor operations, so `backward` can go through
it. The other way is an `autograd.Function` that keeps nothing but the path: backward in time it
solves the equation of the adjoint a = dL/dz, da/dt = -a df/dz (Pontryagin; Chen et al., 2018). The
first gradient is exact for the steps that were taken, the second for the equation: they differ by
what the solver is wrong, 16 times less with half the step. That is checked first, in float64.

2000 iterations take 21 s on one core (14 s through the solver). The mean error of a path of three
turns, from its first point alone, is then 0.042, 0.018 and 0.015 with the seeds 0, 1 and 2.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import matplotlib
import numpy as np
from tqdm import tqdm

import wengert as wg
from wengert import nn

matplotlib.use("Agg")
import matplotlib.pyplot as plt

State = tuple[wg.Tensor, ...]


def solve(f: Callable[..., Iterable[wg.Tensor]], y: State, time: float, steps: int) -> State:
    """The state after some time (backward if negative) by equal Runge-Kutta steps."""
    h = time / steps

    def ahead(slopes: Iterable[wg.Tensor], h: float) -> State:
        return tuple(part + h * slope for part, slope in zip(y, slopes, strict=True))

    for _ in range(steps):
        k1 = f(*y)
        k2 = f(*ahead(k1, h / 2))
        k3 = f(*ahead(k2, h / 2))
        k4 = f(*ahead(k3, h))
        slopes = [a + 2 * (b + c) + d for a, b, c, d in zip(k1, k2, k3, k4, strict=True)]
        y = ahead(slopes, h / 6)
    return y


def path(f: Callable, z: wg.Tensor, count: int, interval: float, steps: int) -> wg.Tensor:
    """The solution from z at equal intervals: (count + 1, *z.shape)."""
    points = [z]
    for _ in range(count):
        points += solve(lambda z: (f(z),), points[-1:], interval, steps)
    return wg.stack(points)


class AdjointPath(wg.autograd.Function):
    """`path` with the gradient that the adjoint equation gives."""

    @staticmethod
    def forward(ctx, f, z, count, interval, steps, *parameters):
        points = path(f, z, count, interval, steps)
        ctx.f, ctx.interval, ctx.steps = f, interval, steps
        ctx.save_for_backward(points, *parameters)
        return points

    @staticmethod
    def backward(ctx, grad):
        points, *parameters = ctx.saved_tensors

        def backward_in_time(z: wg.Tensor, a: wg.Tensor, *_: wg.Tensor) -> State:
            with wg.enable_grad():
                z = z.detach().requires_grad_()
                slope = ctx.f(z)
            return slope.detach(), *wg.autograd.grad(slope, (z, *parameters), -a)

        a, sums = grad[-1], [wg.zeros_like(p) for p in parameters]
        for i in range(len(points) - 1, 0, -1):
            y = (points[i], a, *sums)
            _, a, *sums = solve(backward_in_time, y, -ctx.interval, ctx.steps)
            a = a + grad[i - 1]
        return None, a, None, None, None, *sums


def spiral(z: wg.Tensor) -> wg.Tensor:
    return z**3 @ wg.tensor([[-0.1, -2.0], [2.0, -0.1]], dtype=z.dtype)


class Field(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 2))

    def forward(self, z: wg.Tensor) -> wg.Tensor:
        return self.layers(z**3)


def solution(method: str, f: Field, z: wg.Tensor, *grid: float) -> wg.Tensor:
    """`path` by either method; grid is count, interval and steps."""
    if method == "direct":
        return path(f, z, *grid)
    return AdjointPath.apply(f, z, *grid, *f.parameters())


def compare(f: Field, z: wg.Tensor) -> None:
    """Shows how the two gradients come together as the steps get smaller."""
    for steps in (4, 8, 16, 32, 64):
        gradients = []
        for method in ("direct", "adjoint"):
            loss = (solution(method, f, z, 5, 0.25, steps) ** 2).mean()
            gradients.append(wg.autograd.grad(loss, tuple(f.parameters())))
        gap = max((a - b).abs().max().item() for a, b in zip(*gradients, strict=True))
        print(f"{steps:3} steps an interval: the gradients differ by {gap:.1e}")
    if gap > 1e-8:
        raise RuntimeError(f"direct and adjoint gradient differ by {gap}")


def save_picture(file: Path, truth: np.ndarray, learned: np.ndarray, f: Field) -> None:
    """Both paths, and the field that was learned."""
    figure, axes = plt.subplots(figsize=(6, 6))
    x, y = np.meshgrid(np.linspace(-2.2, 2.2, 25), np.linspace(-2.2, 2.2, 25))
    with wg.no_grad():
        arrows = f(wg.from_numpy(np.stack([x, y], -1))).numpy()
    arrows /= np.linalg.norm(arrows, axis=-1, keepdims=True)
    axes.quiver(x, y, *np.moveaxis(arrows, -1, 0), color="0.8")
    axes.plot(*truth.T, "k.", ms=2, label="given")
    axes.plot(*learned.T, "C1", label="learned")
    axes.set_aspect("equal")
    axes.legend(loc="upper right")
    figure.savefig(file, dpi=120, bbox_inches="tight")
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--method", choices=("adjoint", "direct"), default="adjoint")
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--batch-size", type=int, default=32, help="pieces of the path")
    parser.add_argument("--length", type=int, default=20, help="intervals of a piece")
    parser.add_argument("--steps", type=int, default=1, help="of the solver, an interval")
    parser.add_argument("--width", type=int, default=50)
    parser.add_argument("--lr", type=float, default=2e-2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="default: all processors")
    parser.add_argument("--out", type=Path, default=Path("runs/neural_ode"))
    args = parser.parse_args()
    if args.threads:
        wg.set_num_threads(args.threads)
    wg.manual_seed(args.seed)
    wg.set_default_dtype(wg.float64)

    start = wg.tensor([2.0, 0.0])
    count, interval = 400, 0.025
    truth = path(spiral, start, count, interval, 10)
    f = Field(args.width)
    compare(f, truth[:100:20])

    optimizer = wg.optim.Adam(f.parameters(), lr=args.lr)
    schedule = wg.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.iterations)
    began = time.perf_counter()
    progress = tqdm(range(1, args.iterations + 1), args.method, leave=False)
    for iteration in progress:
        first = wg.randint(0, count - args.length + 1, (args.batch_size,))
        piece = truth[first + wg.arange(args.length + 1)[:, None]]
        guess = solution(args.method, f, piece[0], args.length, interval, args.steps)
        loss = (guess - piece).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if iteration % 200 == 0:
            progress.write(f"iteration {iteration:5}  loss {loss.item():.2e}")
    seconds = time.perf_counter() - began

    with wg.no_grad():
        learned = path(f, start, count, interval, args.steps)
    args.out.mkdir(parents=True, exist_ok=True)
    save_picture(args.out / "spiral.png", truth.numpy(), learned.numpy(), f)
    print(
        f"mean error of the path {(learned - truth).abs().mean().item():.4f}; "
        f"trained in {seconds:.1f} s; files in {args.out}"
    )


if __name__ == "__main__":
    main()
