"""The models of examples/ give the same bits recorded as eagerly, over 20 steps of training.

Each program below is built twice from the same seed: one copy is trained as usual, the other under
`wg.replay`, with the schedulers of the example. Losses, parameters, buffers, gradients, the state
of optimizers and the default generator must agree to the bit, and the steps must have been
replayed, at last without asking for memory. Some examples cannot be recorded as a whole by the
contract of docs/tape.md, since Python decides from the data what is computed; each says why, and
shows what can be recorded or that the call goes back to eager:

* dynamic_graph, tree_lstm: every tree makes a program of its own. Trees are arguments, so the same
  ones come back to their program, and others are recorded anew.
* tagger, seq2seq: the lengths of sequences are read, and are the same again in batches that recur.
* reinforce: the poles are NumPy's, and its update selects what was reached alive: the update is
  recorded for a batch whose lengths recur.
* hessian, dynamic_graph: searches and loops that stop at a value go back to eager.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from test_tape import bits

import wengert as wg
from wengert import nn, optim
from wengert.nn import functional as F
from wengert.nn.utils.rnn import pack_sequence
from wengert.optim.lr_scheduler import CosineAnnealingLR, LinearLR, OneCycleLR
from wengert.utils._pytree import tree_leaves

NEEDS = ("PIL", "matplotlib", "sklearn", "scipy", "tqdm")
pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDS),
    reason=f"needs {', '.join(NEEDS)}",
)

STEPS = 20


@pytest.fixture(autouse=True)
def examples(monkeypatch):
    """The examples can be imported, and run on one thread, which needs the same each time."""
    threads = wg.get_num_threads()
    wg.set_num_threads(1)
    monkeypatch.syspath_prepend(Path(__file__).resolve().parent.parent / "examples")
    before = set(sys.modules)
    yield
    wg.set_num_threads(threads)
    for name in set(sys.modules) - before:
        if (
            getattr(sys.modules[name], "__file__", None)
            and "examples" in sys.modules[name].__file__
        ):
            del sys.modules[name]


class Training:
    """A program that learns: its step, what that changes, and what stands beside it.

    Args:
        kept: modules, optimizers and tensors whose bits count.
        step: takes a batch, and returns tensors.
        batches: arguments of the calls; a function makes them of what the step returned last.
        after: is called after each step, as a scheduler's step.
    """

    def __init__(
        self,
        kept: Iterable,
        step: Callable,
        batches: list[tuple] | Callable,
        after: Callable = lambda: None,
    ) -> None:
        self.kept, self.step, self.batches, self.after = list(kept), step, batches, after

    def state(self) -> list[bytes]:
        tensors = []
        for part in self.kept:
            if isinstance(part, wg.Tensor):
                tensors += [part, part.grad]
            elif isinstance(part, nn.Module):
                tensors += part.state_dict().values()
                tensors += [p.grad for p in part.parameters()]
            else:
                tensors += tree_leaves(part.state_dict()["state"])
        found = [bits(t) for t in tensors if isinstance(t, wg.Tensor)]
        return [*found, bits(wg.get_rng_state())]

    def run(self) -> list[list[bytes]]:
        results: list[list[bytes]] = []
        result = None
        for k in range(STEPS):
            batch = self.batches(result) if callable(self.batches) else self.batches[k]
            result = self.step(*batch)
            results.append([bits(t) for t in tree_leaves(result)])
            if not callable(self.batches):
                result = None  # while it is held, the next one gets memory of its own
            self.after()
        return results


def learning(model, optimizer, loss_of, batches, schedule=None, clip=None):
    """The usual step: `loss_of(*batch)` becomes less."""

    def step(*batch):
        loss = loss_of(*batch)
        optimizer.zero_grad()
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        return loss.detach()

    return Training([model, optimizer], step, batches, schedule.step if schedule else lambda: None)


def run_both(make: Callable[[], Training], replays: int = STEPS - 2):
    """Trains eagerly and replayed, and compares; the replayed function."""
    found = []
    for replayed in (False, True):
        wg.manual_seed(0)
        training = make()
        if replayed:
            training.step = wg.replay(training.step)
        wg.manual_seed(1)
        found.append((training.run(), training.state()))
    (expected, expected_state), (results, state) = found
    assert results == expected
    assert state == expected_state
    assert training.step.replays >= replays, training.step.fallbacks
    if replays >= STEPS - 3 and not callable(training.batches):
        assert [tape.stats()["allocations"] for tape in training.step.tapes] == [0] * len(
            training.step.tapes
        )
    return training.step


def images(side: int, count: int = 6, classes: int = 10) -> list[tuple]:
    return [(wg.rand(count, 1, side, side), wg.randint(0, classes, (count,))) for _ in range(STEPS)]


# ---- images ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_digits(kind):
    from train_digits import Split, batches, build_model

    def make():
        data = Split(wg.rand(STEPS * 6, 1, 8, 8).numpy(), wg.randint(0, 10, (STEPS * 6,)).numpy())
        model = build_model(kind, 8)
        optimizer = optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)
        return learning(
            model,
            optimizer,
            lambda x, y: F.cross_entropy(model(x), y),
            list(batches(data, 6, 1, np.random.default_rng(0))),
            OneCycleLR(optimizer, max_lr=5e-3, total_steps=STEPS),
        )

    run_both(make)


def test_resnet():
    from resnet import build_model

    def make():
        model = build_model(4, 8)
        optimizer = optim.SGD(
            model.parameters(), lr=0.2, momentum=0.9, weight_decay=5e-4, nesterov=True
        )
        return learning(
            model,
            optimizer,
            lambda x, y: F.cross_entropy(model(x), y, label_smoothing=0.05),
            images(8),
            OneCycleLR(optimizer, max_lr=0.2, total_steps=STEPS),
        )

    run_both(make)


@pytest.mark.parametrize("frozen", [False, True], ids=["whole", "last_layer"])
def test_transfer(frozen):
    from transfer import network

    def make():
        model = nn.Sequential(*network(8)).eval()
        trained = model[1] if frozen else model
        model[0].requires_grad_(not frozen)
        trained.train()
        optimizer = optim.AdamW(trained.parameters(), lr=3e-3)
        return learning(
            model,
            optimizer,
            lambda x, y: F.cross_entropy(model(x), y),
            images(8, classes=5),
            OneCycleLR(optimizer, max_lr=3e-3, total_steps=STEPS),
        )

    run_both(make)


def test_vae():
    from vae import VAE

    def make():
        model = VAE(8, 4, 3)
        optimizer = optim.Adam(model.parameters(), lr=2e-3)
        return learning(
            model,
            optimizer,
            lambda x: model(wg.bernoulli(x))[0],
            [(x,) for x, _ in images(8)],
            CosineAnnealingLR(optimizer, STEPS),
        )

    run_both(make)


# ---- sequences ---------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_char_lm(cell, layers):
    """The state goes on from one window to the next; the first window has none."""
    from char_lm import CharModel, windows

    def make():
        model = CharModel(11, cell, 12, layers, 0.1)
        optimizer = optim.Adam(model.parameters(), lr=5e-3)
        schedule = OneCycleLR(optimizer, max_lr=5e-3, total_steps=STEPS, pct_start=0.1)

        def step(inputs, targets, state):
            logits, state = model(inputs, state)
            loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            state = state.detach() if cell == "gru" else tuple(s.detach() for s in state)
            return loss.detach(), state

        pairs = windows(wg.randint(0, 11, (3 * STEPS * 5 + 1,)), 3, 5)
        return Training(
            [model, optimizer],
            step,
            lambda result: (*next(pairs), result and result[1]),
            schedule.step,
        )

    run_both(make)


def test_gpt():
    from gpt import GPT, loss_of

    def make():
        model = GPT(11, 8, 16, 2, 2, 0.1)
        optimizer = optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.1)
        schedule = OneCycleLR(
            optimizer, 3e-3, total_steps=STEPS, pct_start=0.1, cycle_momentum=False
        )
        text, offsets = wg.randint(0, 11, (200,)), wg.arange(9)
        batches = [(text[wg.randint(190, (3, 1)) + offsets],) for _ in range(STEPS)]
        return learning(model, optimizer, lambda w: loss_of(model, w), batches, schedule, clip=1.0)

    run_both(make)


@pytest.mark.parametrize("attention", ["additive", "multiplicative"])
def test_seq2seq(attention):
    """Packing reads the lengths of the texts: two batches recur, each has a program."""
    from seq2seq import Translator, draw, encode

    def make():
        rng = random.Random(0)
        model = Translator(attention, 16)
        optimizer = optim.Adam(model.parameters(), lr=5e-3)

        def loss_of(source, target):
            scores, _ = model(source, target)
            return F.cross_entropy(scores.flatten(0, 1), target.flatten())

        two = [tuple(map(encode, draw(4, False, rng))) for _ in range(2)]
        schedule = OneCycleLR(optimizer, 5e-3, total_steps=STEPS)
        return learning(model, optimizer, loss_of, two * (STEPS // 2), schedule, clip=1.0)

    step = run_both(make, STEPS - 3)
    assert step.recordings == 2


def test_tagger():
    """Words become numbers outside of the step; their lengths recur."""
    from tagger import Tagger, invent, split

    def make():
        rng = random.Random(0)
        sentences = [invent(rng) for _ in range(8)]
        model = Tagger(sentences, 8, 0.5)
        number = {tag: i for i, tag in enumerate(model.tags)}
        optimizer = optim.AdamW(model.parameters(), lr=5e-3)

        def batch(some):
            words, tags = split(some)
            targets = [wg.tensor([number[tag] for tag in row]) for row in tags]
            return (*model.read(words), pack_sequence(targets, enforce_sorted=False))

        def loss_of(words, letters, targets):
            return F.cross_entropy(model(words, letters).data, targets.data)

        two = [batch(sentences[:4]), batch(sentences[4:])]
        schedule = OneCycleLR(optimizer, max_lr=5e-3, total_steps=STEPS)
        return learning(model, optimizer, loss_of, two * (STEPS // 2), schedule)

    step = run_both(make, STEPS - 3)
    assert step.recordings == 2


# ---- graphs that follow the data ---------------------------------------------------------------


def test_tree_lstm():
    """Trees are arguments: words and labels may change in trees of one shape."""
    from tree_lstm import Tree, TreeLSTM, by_height, invent

    def shape_of(tree):
        return Tree(0, "", tuple(map(shape_of, tree.parts)))

    def make():
        rng = random.Random(0)
        two = [[invent(rng, 3) for _ in range(5)] for _ in range(2)]
        words = ["awful", "weak", "good", "very", "not"]
        model = TreeLSTM(words, 6, 0.6)
        optimizer = optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)

        def batch(trees):
            levels = by_height(trees)
            nodes = [node for level in levels for node in level]
            leaves = levels[0][:]
            rng.shuffle(leaves)  # other words
            labels = wg.tensor([rng.randrange(5) for _ in nodes])
            return list(map(shape_of, trees)), model.numbers(leaves), labels

        def loss_of(trees, words, labels):
            states = model.encode_levels(by_height(trees), words)
            return F.cross_entropy(model.scores(states), labels, reduction="sum") / len(trees)

        batches = [batch(two[k % 2]) for k in range(STEPS)]
        schedule = OneCycleLR(optimizer, max_lr=3e-3, total_steps=STEPS)
        return learning(model, optimizer, loss_of, batches, schedule)

    step = run_both(make, STEPS - 3)
    assert step.recordings == 2


def test_another_tree_goes_back_to_eager():
    from tree_lstm import TreeLSTM, invent

    def make():
        rng = random.Random(0)
        model = TreeLSTM(["good", "not"], 6, 0.6)
        optimizer = optim.AdamW(model.parameters(), lr=3e-3)
        batches = [([invent(rng, 2)],) for _ in range(STEPS)]
        # The words of a tree are numbers of Python's, which follow from the argument.
        model.numbers = lambda leaves, numbers=model.numbers: wg.tape.constant(numbers(leaves))
        return learning(
            model,
            optimizer,
            lambda trees: model.scores(model.encode_batch(trees)[1]).logsumexp(1).sum(),
            batches,
        )

    step = run_both(make, replays=1)
    others = "other arguments: their structure, or numbers among them"
    assert step.recordings == 8 and step.fallbacks[others] > 0
    assert step.calls == step.replays + 1 + sum(step.fallbacks.values())


def test_dynamic_graph():
    from dynamic_graph import logits_of, make_weights, random_tree, truth

    def make():
        rng = random.Random(0)
        weights = make_weights()
        optimizer = optim.Adam(list(weights.values()), lr=1e-2)
        two = [[random_tree(3, rng) for _ in range(4)] for _ in range(2)]

        def step(trees, targets):
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(logits_of(trees, weights), targets)
            loss.backward()
            optimizer.step()
            return loss.detach()

        batches = [(t, wg.tensor([float(truth(tree)) for tree in t])) for t in two]
        return Training([*weights.values(), optimizer], step, batches * (STEPS // 2))

    run_both(make, STEPS - 3)


def test_a_loop_that_stops_when_it_has_converged():
    """Each turn reads how far it is, so a program fits the number it was recorded with alone."""
    from dynamic_graph import newton_sqrt

    def make():
        numbers = [2.0, 2.0, 0.01, 2.0, 0.01] * (STEPS // 5)
        given = [wg.tensor(v, dtype=wg.float64, requires_grad=True) for v in numbers]

        def step(a):
            root, steps = newton_sqrt(a)
            return *wg.autograd.grad(root, a), root.detach(), wg.full((), steps)

        return Training(given, step, [(a,) for a in given])

    step = run_both(make)
    assert step.recordings == 2
    assert sum(n for why, n in step.fallbacks.items() if "read" in why) == 1


def test_reinforce():
    """Whether a pole is up decides what is computed: one batch of episodes recurs."""
    from reinforce import loss_of, play

    def make():
        rng = np.random.default_rng(0)
        policy, baseline = (
            nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, n)) for n in (2, 1)
        )
        both = nn.ModuleList([policy, baseline])
        optimizer = optim.Adam(both.parameters(), lr=1e-2)
        states, actions, alive = play(policy, 4, rng)
        batches = [
            (states + 0.1 * wg.randn(states.shape), wg.randint(0, 2, actions.shape), alive)
            for _ in range(STEPS)
        ]
        return learning(
            both,
            optimizer,
            lambda *batch: loss_of(policy, baseline, *batch, 0.99),
            batches,
            LinearLR(optimizer, 1, 0, total_iters=STEPS),
        )

    run_both(make)


def test_playing_is_refused():
    from reinforce import play

    policy = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    with pytest.raises(RuntimeError, match=r"made of Python's(.|\n)*reinforce.py"):
        wg.record(lambda: play(policy, 4, np.random.default_rng(0)))


# ---- mathematics -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["direct", "adjoint"])
def test_neural_ode(method):
    from neural_ode import Field, path, solution, spiral

    def make():
        f = Field(6).double()
        truth = path(spiral, wg.tensor([2.0, 0.0], dtype=wg.float64), 40, 0.025, 4)
        optimizer = optim.Adam(f.parameters(), lr=2e-2)

        def loss_of():
            first = wg.randint(0, 40 - 5 + 1, (3,))
            piece = truth[first + wg.arange(5 + 1)[:, None]]
            return (solution(method, f, piece[0], 5, 0.025, 1) - piece).abs().mean()

        schedule = CosineAnnealingLR(optimizer, STEPS)
        return learning(f, optimizer, loss_of, [()] * STEPS, schedule)

    run_both(make)


def test_gradient_descent_and_newtons_method():
    from hessian import gradient, hessian, rosenbrock

    def descend(x):
        x, slope = gradient(rosenbrock, x)
        return (x - 1e-3 * slope).detach()

    def newton(x):
        x, slope = gradient(rosenbrock, x)
        return (x - wg.linalg.solve(hessian(rosenbrock, x), slope)).detach()

    start = wg.tensor([-1.2, 1.0, 0.5], dtype=wg.float64)
    for step in (descend, newton):
        run_both(
            lambda step=step: Training([], step, lambda x: (start if x is None else x,)),
            STEPS - 1,
        )


def test_products_with_a_hessian():
    from hessian import gradient, logistic

    loss, inputs = logistic()

    def product(x, v):
        point, slope = gradient(loss, x)
        return loss(x), *wg.autograd.grad(slope, point, v)

    def make():
        n = inputs.size(1)
        pairs = [tuple(wg.randn(2, n, dtype=wg.float64)) for _ in range(STEPS)]
        return Training([], product, pairs)

    run_both(make, STEPS - 1)


def test_a_line_search_goes_back_to_eager():
    """It compares values: only the point that it was recorded at fits."""
    from hessian import gradient, hessian, rosenbrock, search

    def step(x):
        x, slope = gradient(rosenbrock, x)
        step = wg.linalg.solve(hessian(rosenbrock, x), slope.detach())
        return search(rosenbrock, x.detach(), slope.detach(), step)

    start = wg.tensor([-1.2, 1.0], dtype=wg.float64)
    found = run_both(lambda: Training([], step, lambda x: (start if x is None else x,)), 0)
    assert found.recordings == 8
    assert found.calls == found.replays + 1 + sum(found.fallbacks.values())
    assert all("read" in why for why in found.fallbacks)


def test_three_variables():
    from three_variables import steps

    def make():
        given = [tuple(wg.randn(3, dtype=wg.float64).requires_grad_()) for _ in range(STEPS)]

        def step(*xyz):
            xyz = [t.detach().requires_grad_() for t in xyz]
            *_, f = steps(*xyz)
            return f.detach(), *wg.autograd.grad(f, xyz)

        return Training([], step, given)

    run_both(make, STEPS - 1)
