"""Training gives the same bits for any number of threads, and again when it is repeated."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import wengert as wg


def bits(tensors: list[wg.Tensor]) -> list[bytes]:
    return [np.ascontiguousarray(t.detach().numpy()).tobytes() for t in tensors]


def train(steps: int = 5) -> list[bytes]:
    """Weights and loss after a few steps of a two-layer net, written out in tensor algebra."""
    wg.manual_seed(1)
    x, target = wg.randn(512, 96), wg.randn(512, 8)
    sizes = (96, 160, 8)
    weights = [wg.randn(a, b) * a**-0.5 for a, b in pairwise(sizes)]
    biases = [wg.zeros(b) for b in sizes[1:]]
    parameters = [p.requires_grad_() for p in (*weights, *biases)]
    loss = wg.zeros(())
    for _ in range(steps):
        h = (x @ weights[0] + biases[0]).tanh()
        loss = (h @ weights[1] + biases[1] - target).square().mean()
        loss.backward()
        with wg.no_grad():
            for p in parameters:
                p.sub_(p.grad * 0.1)
                p.grad = None
    return bits([*parameters, loss])


def with_threads(n: int, f):
    threads = wg.get_num_threads()
    wg.set_num_threads(n)
    try:
        return f()
    finally:
        wg.set_num_threads(threads)


def test_training_does_not_depend_on_threads():
    one = with_threads(1, train)
    for n in (2, 3):
        assert with_threads(n, train) == one


def test_training_repeats():
    assert train() == train()


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64], ids=str)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.sum(),
        lambda x: x.sum(0),
        lambda x: x.sum(1),
        lambda x: x.t().sum(0),
        lambda x: x.mean((0, 1)),
        lambda x: (x @ x.t()).exp().sum(1),
        lambda x: (x.t() @ x).sum(),
        lambda x: (x * x[0] + x[:, :1]).sum(),
        lambda x: x[wg.arange(x.shape[0] - 1, -1, -1)].sum(1),
    ],
    ids=range(9),
)
def test_reductions_and_products(f, dtype):
    wg.manual_seed(2)
    x = (wg.randn(700, 333, dtype=dtype) * 0.05).requires_grad_()

    def run() -> list[bytes]:
        y = f(x)
        (g,) = wg.autograd.grad(y, [x], [wg.ones_like(y)])
        return bits([y, g])

    one = with_threads(1, run)
    assert with_threads(2, run) == one
    assert with_threads(5, run) == one


def small_networks():
    """Networks of modules, with a batch for each."""
    from wengert import nn

    mlp = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    cnn = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * 8 * 8, 10),
    )
    return {"mlp": (mlp, wg.randn(256, 64)), "cnn": (cnn, wg.randn(32, 3, 16, 16))}


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_modules_train_to_the_same_bits(name):
    from wengert import nn, optim

    def run() -> list[bytes]:
        wg.manual_seed(3)
        model, x = small_networks()[name]
        labels = wg.arange(x.shape[0]) % 10
        optimizer = optim.Adam(model.parameters(), lr=1e-3)
        for _ in range(4):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), labels)
            loss.backward()
            optimizer.step()
        return bits([*model.parameters(), loss])

    one = with_threads(1, run)
    assert with_threads(2, run) == one


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64], ids=str)
def test_projections_to_one_number(dtype):
    """Threads share the rows of a step, whose product is a single column."""

    def run() -> list[bytes]:
        wg.manual_seed(4)
        layer = wg.nn.LSTM(2, 20, proj_size=1).to(dtype)
        x, h, c = (wg.randn(1, 24, n, dtype=dtype).requires_grad_() for n in (2, 1, 20))
        y, _ = layer(x, (h, c))
        return bits([y, *wg.autograd.grad(y.sin().sum(), [x, h, c, *layer.parameters()])])

    one = with_threads(1, run)
    assert with_threads(2, run) == one
    assert with_threads(3, run) == one
