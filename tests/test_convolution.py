"""Convolutions against sums over the taps in float64, in shapes large enough for every method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import wengert as wg
import wengert.nn.functional as F


@dataclass(frozen=True)
class Shape:
    batch: int
    channels: int
    outputs: int
    size: tuple[int, int]
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    def options(self) -> dict[str, Any]:
        return {k: getattr(self, k) for k in ("stride", "padding", "dilation", "groups")}

    def numbers(self, dtype: str) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        x = rng.standard_normal((self.batch, self.channels, *self.size))
        w = rng.standard_normal((self.outputs, self.channels // self.groups, *self.kernel))
        return x.astype(dtype), w.astype(dtype)


SHAPES = [
    Shape(16, 64, 64, (8, 8), padding=(1, 1)),  # several images to a block of tiles
    Shape(2, 64, 64, (26, 26)),  # tiles that stick out
    Shape(1, 20, 33, (27, 29), padding=(2, 1)),  # odd numbers of channels
    Shape(2, 48, 80, (12, 9), padding=(0, 2), groups=2),
    Shape(1, 16, 16, (70, 9), padding=(1, 1)),  # several rows of tiles to a piece
    Shape(1, 16, 16, (5, 260), padding=(1, 1)),  # one row of tiles is more than a block
    Shape(4, 128, 192, (4, 4), padding=(1, 1)),  # channels in several pieces
    Shape(8, 32, 32, (2, 2), padding=(1, 1)),
    Shape(5, 24, 40, (9, 9), stride=(2, 2), padding=(1, 1)),
    Shape(2, 70, 90, (40, 43), stride=(2, 2), padding=(1, 1)),
    Shape(1, 64, 48, (33, 50), stride=(2, 2), padding=(0, 2)),
    Shape(2, 96, 64, (16, 12), stride=(2, 2), padding=(1, 1), groups=2),
    Shape(3, 200, 100, (14, 14), stride=(2, 2), padding=(1, 1)),
    Shape(1, 32, 32, (7, 300), stride=(2, 2), padding=(1, 1)),
    Shape(20, 48, 32, (31, 6), stride=(2, 2), padding=(1, 1)),
    Shape(5, 24, 40, (9, 9), (2, 3), (2, 2), (1, 1)),  # several images to a product
    Shape(2, 6, 10, (40, 41), (7, 5), (2, 2), (3, 3)),
    Shape(3, 8, 12, (20, 19), (3, 2), (3, 2), (2, 4), (2, 3)),
    Shape(2, 70, 90, (40, 43), (2, 3), (2, 2), (1, 1)),  # packed rows, parts of an image
    Shape(2, 5, 60, (9, 40), (5, 7), (2, 3), (2, 3)),
    Shape(3, 32, 16, (7, 7), (1, 1)),
    Shape(6, 200, 58, (7, 7), (1, 1)),
    Shape(1, 64, 70, (20, 40), (1, 1)),  # read where it stands
    Shape(1, 180, 600, (16, 16), (1, 1)),  # y in several pieces
    Shape(2, 64, 64, (15, 12), (1, 1), (2, 2)),
    Shape(9, 45, 34, (8, 8), (1, 1), (2, 2)),  # channels together, several images
    Shape(1, 37, 20, (40, 71), (1, 1), (2, 3)),
    Shape(2, 34, 8, (9, 70), (1, 1), (3, 2), (1, 2), groups=2),
    Shape(2, 5, 5, (17, 40), padding=(1, 1), groups=5),  # depthwise
    Shape(2, 3, 12, (9, 70), (5, 2), (2, 2), (3, 0), (1, 2), groups=3),
    Shape(1, 4, 4, (12, 20), (1, 4), (1, 3), (2, 5), groups=4),
]


def reference(x, w, g, shape):
    """The convolution y, and the gradients of sum(g y) with respect to x and w."""
    (top, left), (rows, columns) = shape.padding, g.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    padded = padded.reshape(len(x), shape.groups, -1, *padded.shape[2:])
    kernels = w.reshape(shape.groups, -1, *w.shape[1:])
    gs = g.reshape(len(x), shape.groups, -1, rows, columns)
    y, gx, gw = np.zeros_like(gs), np.zeros_like(padded), np.zeros_like(kernels)
    for tap in np.ndindex(*shape.kernel):
        down, right = (
            slice(k * d, k * d + (n - 1) * s + 1, s)
            for k, d, s, n in zip(tap, shape.dilation, shape.stride, (rows, columns), strict=True)
        )
        seen, one = np.s_[..., down, right], np.s_[..., tap[0], tap[1]]
        y += np.einsum("ngcyx,goc->ngoyx", padded[seen], kernels[one])
        gx[seen] += np.einsum("ngoyx,goc->ngcyx", gs, kernels[one])
        gw[one] = np.einsum("ngoyx,ngcyx->goc", gs, padded[seen])
    gx = gx[..., top : top + x.shape[2], left : left + x.shape[3]]
    return y.reshape(g.shape), gx.reshape(x.shape), gw.reshape(w.shape)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_convolution_and_gradients(shape, dtype):
    x, w = shape.numbers(dtype)
    tx, tw = wg.tensor(x, requires_grad=True), wg.tensor(w, requires_grad=True)
    y = F.conv2d(tx, tw, **shape.options())
    g = np.random.default_rng(1).standard_normal(tuple(y.shape)).astype(dtype)
    y.backward(wg.from_numpy(g))
    expected = reference(*(a.astype("float64") for a in (x, w, g)), shape)
    for got, want in zip((y.detach(), tx.grad, tw.grad), expected, strict=True):
        # The bound that docs/accuracy.md states.
        error = np.sqrt(np.mean((got.numpy() - want) ** 2) / np.mean(want**2))
        assert error <= 16 * np.finfo(dtype).eps


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bits_do_not_depend_on_the_threads(shape):
    x, w = (wg.tensor(a, requires_grad=True) for a in shape.numbers("float32"))
    before = wg.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 5):
            wg.set_num_threads(threads)
            y = F.conv2d(x, w, wg.arange(shape.outputs) / 8, **shape.options())
            results.append([y.detach(), *wg.autograd.grad((y * y).sum(), (x, w))])
    finally:
        wg.set_num_threads(before)
    for others in results[1:]:
        for one, other in zip(results[0], others, strict=True):
            assert one.numpy().tobytes() == other.numpy().tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradient_of_input_is_added_to_what_is_there(shape, dtype):
    x, w = shape.numbers(dtype)
    leaf = wg.tensor(x, requires_grad=True)
    used_twice = leaf * 1
    y = F.conv2d(used_twice, wg.tensor(w), **shape.options())
    rng = np.random.default_rng(1)
    g, h = (rng.standard_normal(s).astype(dtype) for s in (tuple(y.shape), x.shape))
    own = wg.from_numpy(h.copy())
    # The gradient of the newer operation arrives first.
    wg.autograd.backward([used_twice * own, y], [wg.ones_like(leaf), wg.from_numpy(g)])
    _, gx, _ = reference(*(a.astype("float64") for a in (x, w, g)), shape)
    error = leaf.grad.numpy() - (gx + h)
    assert np.sqrt(np.mean(error**2) / np.mean((gx + h) ** 2)) <= 16 * np.finfo(dtype).eps

    F.conv2d(leaf, wg.tensor(w), **shape.options()).backward(wg.from_numpy(g))
    error = leaf.grad.numpy() - (2 * gx + h)
    assert np.sqrt(np.mean(error**2) / np.mean((2 * gx + h) ** 2)) <= 16 * np.finfo(dtype).eps
    assert own.numpy().tobytes() == h.tobytes()


def test_gradient_of_weights_is_added_to_what_is_there():
    x = wg.randn(4, 32, 12, 12)
    w = wg.randn(32, 32, 3, 3, requires_grad=True)
    F.conv2d(x, w, padding=1).sum().backward()
    once = w.grad.clone()
    F.conv2d(x, w, padding=1).sum().backward()
    wg.testing.assert_close(w.grad, 2 * once)


def test_depthwise_windows_do_not_see_what_is_beyond_them():
    x = wg.ones(1, 2, 5, 7)
    x[..., -1] = float("nan")  # the last column is in no window
    w = wg.ones(2, 1, 3, 3, requires_grad=True)
    y = F.conv2d(x, w, stride=(1, 3), groups=2)
    y.sum().backward()
    assert y.isfinite().all()
    assert w.grad.isfinite().all()


@pytest.mark.parametrize(("batch", "channels", "size"), [(0, 32, 16), (2, 0, 16)])
def test_nothing_convolved_gives_nothing_or_the_bias(batch, channels, size):
    x = wg.zeros(batch, channels, size, size, requires_grad=True)
    w = wg.zeros(32, channels, 3, 3, requires_grad=True)
    y = F.conv2d(x, w, wg.ones(32), padding=1)
    y.sum().backward()
    assert y.shape == (batch, 32, size, size)
    assert (y == 1).all()
    assert not x.grad.any()
    assert not w.grad.any()


@pytest.mark.parametrize("stride", [64, 1000, 10**8, 2**31 - 1])
@pytest.mark.parametrize("groups", [1, 2])
def test_the_step_beyond_the_image_does_not_matter(stride, groups):
    x = wg.randn(3, groups, 5, 4, requires_grad=True)
    w = wg.randn(groups, 1, 3, 2, requires_grad=True)
    once, far = (F.conv2d(x, w, stride=s, groups=groups) for s in (5, stride))
    wg.testing.assert_close(far, once, rtol=1e-5, atol=1e-6)
    for a, b in zip(wg.autograd.grad(far.sum(), (x, w)), wg.autograd.grad(once.sum(), (x, w))):
        wg.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_taps_far_beyond_the_image_see_only_padding():
    x = wg.randn(2, 1, 4, 4, requires_grad=True)
    w = wg.randn(1, 1, 3, 3, requires_grad=True)
    y = F.conv2d(x, w, padding=10**8, dilation=10**8)
    y.sum().backward()
    wg.testing.assert_close(y, x * w[0, 0, 1, 1])
    wg.testing.assert_close(x.grad, wg.ones_like(x) * w[0, 0, 1, 1])
    assert w.grad.count_nonzero() == 1


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64, wg.bfloat16])
@pytest.mark.parametrize(
    ("x", "w", "stride", "padding", "shape"),
    [
        ((1, 2, 3, 1), (2, 3, 1, 2), (2, 1), (0, 1), (1, 3, 5, 0)),
        ((2, 8, 3, 1), (8, 30, 1, 2), (2, 1), (0, 1), (2, 30, 5, 0)),
        ((2, 8, 1, 3), (8, 30, 2, 1), (1, 2), (1, 0), (2, 30, 0, 5)),
        ((2, 8, 3, 1), (8, 30, 2, 2), (1, 1), (0, 1), (2, 30, 4, 0)),
    ],
)
def test_transposed_convolutions_without_results(dtype, x, w, stride, padding, shape):
    inputs = [wg.ones(s, dtype=dtype, requires_grad=True) for s in (x, w)]
    y = F.conv_transpose2d(*inputs, stride=stride, padding=padding)
    assert y.shape == shape
    y.sum().backward()
    for t in inputs:
        assert t.grad.abs().sum().item() == 0


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64, wg.bfloat16, wg.float16], ids=str)
@pytest.mark.parametrize("more", [(0, 1), (1, 0), (2, 2)])
@pytest.mark.parametrize(("batch", "size"), [(1, (5, 6)), (3, (5, 6)), (2, (40, 41))])
def test_pointwise_transposed_with_rows_that_no_tap_reaches(batch, size, more, dtype):
    """Whole numbers, whose sums are exact."""
    rng = np.random.default_rng(0)
    (rows, columns), (down, right) = size, more
    x, w = rng.integers(-3, 4, (batch, 4, *size)), rng.integers(-3, 4, (4, 8, 1, 1))
    g = rng.integers(-1, 2, (batch, 8, rows + down, columns + right))
    tx, tw = (wg.tensor(a).to(dtype).requires_grad_() for a in (x, w))
    y = F.conv_transpose2d(tx, tw, wg.ones(8, dtype=dtype), 1, 0, more, 1, 3)
    y.backward(wg.tensor(g).to(dtype))
    expected, seen = np.ones_like(g), g[..., :rows, :columns]
    expected[..., :rows, :columns] += np.einsum("nihw,io->nohw", x, w[..., 0, 0])
    for got, want in (
        (y, expected),
        (tx.grad, np.einsum("nohw,io->nihw", seen, w[..., 0, 0])),
        (tw.grad, np.einsum("nihw,nohw->io", x, seen)[..., None, None]),
    ):
        assert (got == wg.tensor(want).to(dtype)).all()


def test_the_dtype_that_differs_is_named():
    x, w = wg.ones(2, 3, 4, 4), wg.ones(3, 3, 3, 3)
    with pytest.raises(RuntimeError, match="float32 and bfloat16"):
        F.conv2d(x, w, wg.ones(3).bfloat16())
    with pytest.raises(RuntimeError, match="float32 and bfloat16"):
        F.linear(x, w[0, 0, :, :1].expand(3, 4), wg.ones(3).bfloat16())
