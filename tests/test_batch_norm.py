"""Normalisation of channels against its formula in float64, in shapes for every way of summing."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
import wengert.nn.functional as F

SHORT_RUNS = [
    (512, 3, 2),  # shorter than a vector
    (70, 130, 3, 5),  # channels in several pieces
    (64, 33, 8, 8),
    (64, 5, 7, 7),
    (3, 5, 17),  # fewer than are summed together
    (9, 20),
    (5, 7, 1),
]
SHAPES = [*SHORT_RUNS, (2, 40, 33, 32), (1, 3, 2000)]


def normalised(x, w, b, g):
    """The result y, and the gradients of sum(g y) with respect to x, w and b."""
    axes = tuple(i for i in range(x.ndim) if i != 1)
    wide = (1, -1, *[1] * (x.ndim - 2))
    rstd = 1 / np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    n = (x - x.mean(axes, keepdims=True)) * rstd
    by_n = (g * n).mean(axes, keepdims=True)
    gx = rstd * w.reshape(wide) * (g - g.mean(axes, keepdims=True) - n * by_n)
    return n * w.reshape(wide) + b.reshape(wide), gx, (g * n).sum(axes), g.sum(axes)


def computed(x, w, b, g):
    x, w, b = (wg.from_numpy(a).clone().requires_grad_() for a in (x, w, b))
    y = F.batch_norm(x, None, None, w, b, training=True)
    y.backward(wg.from_numpy(g))
    return [t.numpy() for t in (y.detach(), x.grad, w.grad, b.grad)]


def numbers(shape, dtype):
    rng = np.random.default_rng(0)
    channels = (1, shape[1], *[1] * (len(shape) - 2))
    x = rng.standard_normal(shape) * rng.uniform(0.5, 2, channels) + rng.normal(size=channels)
    w, b, g = rng.uniform(0.5, 2, shape[1]), rng.normal(size=shape[1]), rng.standard_normal(shape)
    return [a.astype(dtype) for a in (x, w, b, g)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_and_gradients(shape, dtype):
    given = numbers(shape, dtype)
    expected = normalised(*(a.astype("float64") for a in given))
    for got, want in zip(computed(*given), expected, strict=True):
        error = np.sqrt(np.mean((got - want) ** 2) / np.mean(want**2))
        assert error <= 4 * np.finfo(dtype).eps


@pytest.mark.parametrize("shape", SHORT_RUNS, ids=str)
def test_sums_of_short_runs_are_exact(shape):
    x = numbers(shape, "float32")[0] + np.float32(1000)
    y = F.batch_norm(wg.from_numpy(x), None, None, training=True).numpy()
    wide = x.astype("float64")
    axes = tuple(i for i in range(x.ndim) if i != 1)
    deviation = wide - wide.mean(axes, keepdims=True)
    want = deviation / np.sqrt((deviation**2).mean(axes, keepdims=True) + 1e-5)
    # The mean is right to half a unit in its last place, and so is what is subtracted from it.
    unit = np.spacing(np.float32(1000)) / deviation.std(axes, keepdims=True)
    assert (np.abs(y - want) <= 0.51 * unit + 8 * np.finfo("float32").eps * np.abs(want)).all()


@pytest.mark.parametrize("shape", SHORT_RUNS, ids=str)
@pytest.mark.parametrize("value", [3.3333, 1000.1, -1e-3])
def test_nothing_is_left_of_equal_numbers(shape, value):
    y = F.batch_norm(wg.full(shape, value), None, None, training=True)
    assert (y == 0).all()


def test_gradient_with_given_statistics_does_not_depend_on_the_input():
    x = wg.tensor([[[1.0, np.inf], [-np.inf, 2.0]]], requires_grad=True)
    y = F.batch_norm(x, wg.zeros(2), wg.ones(2), wg.tensor([2.0, 3.0]), eps=0.0)
    y.backward(wg.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    assert x.grad.tolist() == [[[2.0, 4.0], [9.0, 12.0]]]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_channels_have_the_same_bits_alone_and_on_any_threads(shape):
    x, w, b, g = numbers(shape, "float32")
    before = wg.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 5):
            wg.set_num_threads(threads)
            results.append(computed(x, w, b, g))
    finally:
        wg.set_num_threads(before)
    for others in results[1:]:
        assert [a.tobytes() for a in others] == [a.tobytes() for a in results[0]]
    for c in (0, shape[1] // 2, shape[1] - 1):
        one = slice(c, c + 1)
        alone = computed(x[:, one].copy(), w[one], b[one], g[:, one].copy())
        among = [a[:, one] if a.ndim > 1 else a[one] for a in results[0]]
        assert [a.tobytes() for a in alone] == [a.tobytes() for a in among]
