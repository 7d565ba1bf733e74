"""Convolutions against sums over the taps in float64, in shapes large enough for every method."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as wg
import wengert.nn.functional as F

# (batch, input channels, output channels, height, width, padding, groups)
SHAPES = [
    (16, 64, 64, 8, 8, 1, 1),  # several images to a block of tiles
    (2, 64, 64, 26, 26, 0, 1),  # tiles that stick out
    (1, 20, 33, 27, 29, (2, 1), 1),  # odd numbers of channels
    (2, 48, 80, 12, 9, (0, 2), 2),
    (1, 16, 16, 5, 260, 1, 1),  # one row of tiles is more than a block
    (4, 128, 192, 4, 4, 1, 1),  # channels in several pieces
    (8, 32, 32, 2, 2, 1, 1),
]


def reference(x, w, g, padding, groups):
    """The convolution y, and the gradients of sum(g y) with respect to x and w."""
    top, left = np.broadcast_to(padding, 2)
    n, c, height, width = x.shape
    rows, columns = g.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    padded = padded.reshape(n, groups, c // groups, *padded.shape[2:])
    kernels = w.reshape(groups, -1, *w.shape[1:])
    gs = g.reshape(n, groups, -1, rows, columns)
    y, gx, gw = np.zeros_like(gs), np.zeros_like(padded), np.zeros_like(kernels)
    for i in range(3):
        for j in range(3):
            seen = np.s_[:, :, :, i : i + rows, j : j + columns]
            y += np.einsum("ngcyx,goc->ngoyx", padded[seen], kernels[..., i, j])
            gx[seen] += np.einsum("ngoyx,goc->ngcyx", gs, kernels[..., i, j])
            gw[..., i, j] = np.einsum("ngoyx,ngcyx->goc", gs, padded[seen])
    gx = gx[..., top : top + height, left : left + width]
    return y.reshape(g.shape), gx.reshape(x.shape), gw.reshape(w.shape)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_convolution_and_gradients(shape, dtype):
    n, c, outputs, height, width, padding, groups = shape
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, c, height, width)).astype(dtype)
    w = rng.standard_normal((outputs, c // groups, 3, 3)).astype(dtype)
    tx, tw = wg.tensor(x, requires_grad=True), wg.tensor(w, requires_grad=True)
    y = F.conv2d(tx, tw, padding=padding, groups=groups)
    g = rng.standard_normal(tuple(y.shape)).astype(dtype)
    y.backward(wg.from_numpy(g))
    expected = reference(*(a.astype("float64") for a in (x, w, g)), padding, groups)
    for got, want in zip((y.detach(), tx.grad, tw.grad), expected, strict=True):
        # The bound that docs/accuracy.md states.
        error = np.sqrt(np.mean((got.numpy() - want) ** 2) / np.mean(want**2))
        assert error <= 16 * np.finfo(dtype).eps


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bits_do_not_depend_on_the_threads(shape):
    n, c, outputs, height, width, padding, groups = shape
    rng = np.random.default_rng(1)
    x = wg.tensor(rng.standard_normal((n, c, height, width), "float32"), requires_grad=True)
    w = wg.tensor(rng.standard_normal((outputs, c // groups, 3, 3), "float32"), requires_grad=True)
    before = wg.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 5):
            wg.set_num_threads(threads)
            y = F.conv2d(x, w, wg.arange(outputs) / 8, padding=padding, groups=groups)
            results.append([y.detach(), *wg.autograd.grad((y * y).sum(), (x, w))])
    finally:
        wg.set_num_threads(before)
    for others in results[1:]:
        for one, other in zip(results[0], others, strict=True):
            assert one.numpy().tobytes() == other.numpy().tobytes()


def test_gradient_of_weights_is_added_to_what_is_there():
    x = wg.randn(4, 32, 12, 12)
    w = wg.randn(32, 32, 3, 3, requires_grad=True)
    F.conv2d(x, w, padding=1).sum().backward()
    once = w.grad.clone()
    F.conv2d(x, w, padding=1).sum().backward()
    wg.testing.assert_close(w.grad, 2 * once)
