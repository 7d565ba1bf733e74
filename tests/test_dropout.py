"""Dropout and the randomized leaky ReLU: what is random in them."""

from __future__ import annotations

import math

import pytest

import wengert as wg
from wengert.nn import functional as F

SELU_LIMIT = -1.6732632423543772 * 1.0507009873554805


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean(p: float) -> None:
    wg.manual_seed(0)
    x = wg.ones(200_000)
    y = F.dropout(x, p)
    kept = (y != 0).to(wg.float64).mean().item()
    assert abs(kept - (1 - p)) < 5 * math.sqrt(p * (1 - p) / 200_000)
    assert set(y.unique().tolist()) <= {0.0, wg.tensor(1 / (1 - p)).item()}


@pytest.mark.parametrize(
    ("function", "shape", "kept"),
    [
        (F.dropout1d, (50, 40, 7), 2),
        (F.dropout1d, (40, 7), 1),
        (F.dropout2d, (50, 40, 3, 2), 2),
        (F.dropout2d, (50, 40, 3), 2),
        (F.dropout3d, (50, 40, 3, 2, 2), 2),
        (F.dropout3d, (40, 3, 2, 2), 1),
        (F.feature_alpha_dropout, (50, 40, 3), 2),
    ],
)
def test_channels_are_dropped_whole(function: object, shape: tuple, kept: int) -> None:
    wg.manual_seed(1)
    y = function(wg.ones(shape), 0.5, True)  # type: ignore[operator]
    rows = y.reshape(math.prod(shape[:kept]), -1)
    assert bool((rows == rows[:, :1]).all())
    values = rows[:, 0].unique()
    assert values.numel() == 2


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_alpha_dropout_keeps_mean_and_variance(p: float) -> None:
    wg.manual_seed(2)
    x = wg.randn(400_000, dtype=wg.float64)
    y = F.alpha_dropout(x, p, training=True)
    assert abs(y.mean().item()) < 0.02
    assert abs(y.var().item() - 1) < 0.03
    scale = 1 / math.sqrt((SELU_LIMIT**2 * p + 1) * (1 - p))
    dropped = scale * SELU_LIMIT * (1 - p)
    share = (y - dropped).abs().lt(1e-12).to(wg.float64).mean().item()
    assert abs(share - p) < 0.01


def test_dropout_repeats_with_the_seed_and_differentiates_as_it_computed() -> None:
    x = wg.randn(100, dtype=wg.float64).requires_grad_()
    for f in (F.dropout, F.alpha_dropout, lambda v, p, t: F.rrelu(v, training=t)):
        wg.manual_seed(3)
        a = f(x, 0.5, True)
        wg.manual_seed(3)
        b = f(x, 0.5, True)
        assert bool((a == b).all())
        (g,) = wg.autograd.grad(a.sum(), x)
        h = 1e-6
        wg.manual_seed(3)
        c = f(x + h, 0.5, True)
        same_side = (x * (x + h)) > 0
        assert bool((((c - a) / h - g).abs()[same_side] < 1e-6).all())


def test_in_place_dropout_changes_its_argument() -> None:
    for f in (wg.dropout_, wg.alpha_dropout_, wg.feature_dropout_, wg.feature_alpha_dropout_):
        x = wg.ones(4, 5)
        assert f(x, 0.5, True) is x
        assert not bool((x == 1).all())


def test_rrelu_draws_slopes_between_its_bounds() -> None:
    wg.manual_seed(4)
    y = F.rrelu(-wg.ones(100_000), 0.2, 0.6, training=True)
    assert -0.6 <= y.min().item() < -0.599
    assert -0.201 < y.max().item() <= -0.2
    assert abs(y.mean().item() + 0.4) < 0.005
