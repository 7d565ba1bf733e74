"""Recorded programs give the bits of the function they were recorded from, or refuse to run."""

from __future__ import annotations

import copy

import pytest

import wengert as wg
from wengert import nn, optim
from wengert.nn import functional as F


def bits(t: wg.Tensor) -> bytes:
    return t.detach().contiguous().reshape(-1).view(wg.uint8).numpy().tobytes()


def state_bits(model: nn.Module, optimizer: optim.Optimizer) -> list[bytes]:
    found = [bits(t) for t in model.state_dict().values()]
    for group in optimizer.state_dict()["state"].values():
        found += [bits(v) for v in group.values() if isinstance(v, wg.Tensor)]
    found += [bits(p.grad) for p in model.parameters() if p.grad is not None]
    return found


# ---- whole training steps ----------------------------------------------------------------------


def mlp():
    model = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Dropout(0.3), nn.Linear(16, 4))
    return model, lambda: (wg.randn(8, 10), wg.randint(0, 4, (8,)))


def cnn():
    model = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, stride=2), nn.GELU(), nn.Flatten(), nn.Linear(8 * 9, 4),
    )  # fmt: skip
    return model, lambda: (wg.randn(4, 2, 14, 14), wg.randint(0, 4, (4,)))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(3)
        self.out = nn.Linear(3, 5)

    def forward(self, x):
        y = x + F.relu(self.norm(self.conv(x)), inplace=True)
        y += x
        return self.out(y.mean((2, 3)))


def residual():
    return Residual(), lambda: (wg.randn(4, 3, 8, 8), wg.randint(0, 5, (4,)))


class Recurrent(nn.Module):
    def __init__(self, kind, **kwargs):
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.rnn = kind(6, 7, batch_first=True, **kwargs)
        self.out = nn.LazyLinear(4)

    def forward(self, x):
        return self.out(self.rnn(self.embedding(x))[0][:, -1])


def lstm():
    model = Recurrent(nn.LSTM, num_layers=2, dropout=0.2, bidirectional=True)
    make = lambda: (wg.randint(0, 11, (3, 9)), wg.randint(0, 4, (3,)))  # noqa: E731
    model(make()[0])
    return model, make


def gru():
    model = Recurrent(nn.GRU)
    make = lambda: (wg.randint(0, 11, (3, 9)), wg.randint(0, 4, (3,)))  # noqa: E731
    model(make()[0])
    return model, make


class Cells(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.out = nn.LSTMCell(5, 8), nn.Linear(8, 4)

    def forward(self, x):
        state = None
        for t in range(x.shape[1]):
            state = self.cell(x[:, t], state)
        return self.out(state[0])


def cells():
    return Cells(), lambda: (wg.randn(2, 7, 5), wg.randint(0, 4, (2,)))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(13, 16)
        layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(16, 13)

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.out(self.encoder(self.embedding(x), mask=mask, is_causal=True)).flatten(0, 1)


def transformer():
    return Transformer(), lambda: (wg.randint(0, 13, (2, 6)), wg.randint(0, 13, (12,)))


MODELS = [mlp, cnn, residual, lstm, gru, cells, transformer]
OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "adam": lambda p: optim.Adam(p, lr=1e-2),
    "adamw": lambda p: optim.AdamW(p, lr=1e-2, amsgrad=True),
    "rmsprop": lambda p: optim.RMSprop(p, lr=1e-3, momentum=0.5, centered=True),
    "nadam": lambda p: optim.NAdam(p, lr=1e-3),
    "rprop": lambda p: optim.Rprop(p, lr=1e-3),
}


def make_step(model, optimizer):
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.detach()

    return step


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_training_steps_have_the_bits_of_eager_ones(make, dtype):
    run_both(make, OPTIMIZERS["adam"], dtype)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer):
    run_both(mlp, OPTIMIZERS[optimizer], wg.float32)


def run_both(make, make_optimizer, dtype):
    wg.manual_seed(0)
    model, batch = make()
    model.to(dtype)
    batches = [batch() for _ in range(20)]
    batches = [(x.to(dtype) if x.is_floating_point() else x, y) for x, y in batches]
    other = copy.deepcopy(model)
    optimizer, other_optimizer = (
        make_optimizer(model.parameters()),
        make_optimizer(other.parameters()),
    )
    step, replayed = make_step(model, optimizer), wg.replay(make_step(other, other_optimizer))
    wg.manual_seed(1)
    expected = [bits(step(*b)) for b in batches]
    wg.manual_seed(1)
    losses = [bits(replayed(*b)) for b in batches]
    assert losses == expected
    assert state_bits(other, other_optimizer) == state_bits(model, optimizer)
    assert replayed.replays >= 17
    assert wg.default_generator.get_state().equal(wg.get_rng_state())
