"""Operations of neural networks: formulas, PyTorch, threads and errors."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
import scipy.special

import wengert as wg
from wengert import _ops as C
from wengert.autograd import gradcheck, gradgradcheck
from wengert.nn import functional as F

Arrays = list["np.ndarray | None"]


def arrays(*shapes: tuple[int, ...], seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(s) for s in shapes]


def leaf(a: np.ndarray) -> wg.Tensor:
    return wg.from_numpy(a.copy()).requires_grad_(True)


# ---- formulas ------------------------------------------------------------------------------


def test_linear_adds_to_existing_gradients():
    x, w, b = arrays((5, 4), (3, 4), (3,))
    weight, bias = leaf(w), leaf(b)
    for _ in range(2):
        C.linear(wg.from_numpy(x), weight, bias).sum().backward()
    np.testing.assert_allclose(weight.grad.numpy(), 2 * np.tile(x.sum(0), (3, 1)))
    np.testing.assert_allclose(bias.grad.numpy(), np.full(3, 10.0))


def test_conv2d_is_correlation():
    x, w = arrays((2, 3, 9, 8), (4, 3, 3, 2))
    y = C.conv2d(wg.from_numpy(x), wg.from_numpy(w)).numpy()
    for n, o in itertools.product(range(2), range(4)):
        want = sum(scipy.signal.correlate2d(x[n, c], w[o, c], "valid") for c in range(3))
        np.testing.assert_allclose(y[n, o], want, atol=1e-12)


def test_conv_transpose_is_the_adjoint_of_conv():
    x, w = arrays((2, 4, 9, 7), (6, 2, 3, 2))
    conv = C.conv2d(wg.from_numpy(x), wg.from_numpy(w), None, 2, 1, 1, 2)
    (y,) = arrays(tuple(conv.shape), seed=1)
    back = C.conv_transpose2d(wg.from_numpy(y), wg.from_numpy(w), None, 2, 1, (0, 1), 2)
    assert tuple(back.shape) == x.shape
    np.testing.assert_allclose((conv.numpy() * y).sum(), (back.numpy() * x).sum())


def test_max_pool_takes_nan_and_the_first_of_equals():
    x = np.zeros((1, 1, 2, 4))
    x[0, 0, 1, 3] = np.nan
    values, indices = C.max_pool2d_with_indices(wg.from_numpy(x), 2)
    assert values.numpy()[0, 0, 0, 0] == 0
    assert np.isnan(values.numpy()[0, 0, 0, 1])
    assert indices.numpy().tolist() == [[[[0, 7]]]]


def test_max_pool_takes_the_last_nan_and_infinities():
    """Of the windows of a line, some of which have none."""
    x = np.full((1, 1, 3, 41), -np.inf)
    x[0, 0, 1, 30:33] = x[0, 0, 2, 4] = np.nan
    for dtype in (np.float32, np.float64):
        values, indices = C.max_pool2d_with_indices(wg.from_numpy(x.astype(dtype)), 3, (1, 2))
        last = [4 + 82 if k <= 4 <= k + 2 else k for k in range(0, 39, 2)]
        for k in (28, 30, 32):
            last[k // 2] = 41 + min(k + 2, 32)
        assert indices.numpy().tolist() == [[[last]]]
        assert (np.isnan(values.numpy()[0, 0, 0]) == [p != 2 * i for i, p in enumerate(last)]).all()


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5)])
def test_batch_norm_normalises_and_updates_its_statistics(shape: tuple[int, ...]):
    (x,) = arrays(shape)
    mean, var = wg.zeros(3, dtype=wg.float64), wg.ones(3, dtype=wg.float64)
    y = C.batch_norm(wg.from_numpy(x), None, None, mean, var, True, 0.1, 0.0).numpy()
    rows = np.moveaxis(x, 1, 0).reshape(3, -1)
    got = np.moveaxis(y, 1, 0).reshape(3, -1)
    np.testing.assert_allclose(got.mean(1), 0, atol=1e-12)
    np.testing.assert_allclose(got.var(1), 1)
    np.testing.assert_allclose(mean.numpy(), 0.1 * rows.mean(1))
    np.testing.assert_allclose(var.numpy(), 0.9 + 0.1 * rows.var(1, ddof=1))


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64, wg.float16])
@pytest.mark.parametrize("classes", [1, 10, 70])
def test_cross_entropy_of_a_row_does_not_depend_on_others(classes, dtype):
    x = (wg.randn(37, classes) * 5).to(dtype)
    t = wg.randint(0, classes, (37,))
    x[3], x[20, 0] = -np.inf, np.inf
    for smoothing in (0.0, 0.2):
        f = lambda x, t, s=smoothing: C.cross_entropy(x, t, None, "none", -100, s).numpy()  # noqa: E731
        alone = np.concatenate([f(x[i : i + 1], t[i : i + 1]) for i in range(37)])
        assert f(x, t).tobytes() == alone.tobytes()


def test_cross_entropy_formula_and_extreme_logits():
    (x,) = arrays((4, 5))
    x[0] *= 1e4
    t = np.array([0, 1, -100, 4])
    got = C.cross_entropy(wg.from_numpy(x), wg.from_numpy(t)).item()
    want = -scipy.special.log_softmax(x, 1)[[0, 1, 3], [0, 1, 4]].mean()
    assert got == pytest.approx(want)


def test_embedding_padding_gets_no_gradient():
    (w,) = arrays((4, 3))
    weight = leaf(w)
    index = wg.tensor([[1, 1], [2, 0]])
    C.embedding(weight, index, 2).sum().backward()
    np.testing.assert_array_equal(weight.grad.numpy()[:, 0], [1, 2, 0, 0])


@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_dropout_keeps_the_share_it_says(p: float):
    x = wg.ones(200_001).requires_grad_(True)
    y = C.dropout(x, p, True)
    values = y.detach().numpy()
    assert abs((values == 0).mean() - p) < 0.01
    assert np.allclose(values[values != 0], 1 / (1 - p) if p < 1 else 0)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), values)


# ---- the same bits for any number of threads ------------------------------------------------


def train_step(k: int) -> list[np.ndarray]:
    before = wg.get_num_threads()
    wg.set_num_threads(k)
    try:
        wg.manual_seed(0)
        x, w, b, s, f = (
            leaf(a.astype(np.float32))
            for a in arrays((9, 6, 31, 33), (40, 6, 3, 3), (40,), (40,), (11, 40 * 15 * 15))
        )
        h = C.max_pool2d(C.conv2d(x, w, b, 1, (1, 0)), 2)
        h = C.dropout(C.batch_norm(h, s, training=True), 0.3, True)
        h = C.avg_pool2d(h, 3, 1, 1).reshape(9, -1)
        h = C.linear(C.layer_norm(h, (h.shape[1],)), f)
        C.cross_entropy(h, wg.arange(9)).backward()
        return [h.detach().numpy()] + [t.grad.numpy() for t in (x, w, b, s, f)]
    finally:
        wg.set_num_threads(before)


def test_threads_do_not_change_bits():
    for a, b in zip(train_step(1), train_step(2), strict=True):
        assert np.array_equal(a, b)


# ---- derivatives of both orders, where rows have no sample for it ------------------------------

SECOND_ORDER: list[tuple[str, Callable, list[tuple[int, ...]]]] = [
    ("batch_norm", lambda x, w: C.batch_norm(x, w, training=True), [(3, 2, 3), (2,)]),
    ("conv2d", lambda x, w: C.conv2d(x, w, None, 2, 1, 1, 2), [(1, 4, 4, 5), (2, 2, 3, 3)]),
    ("layer_norm", lambda x, w: C.layer_norm(x, (4,), w), [(3, 4), (4,)]),
    ("max_pool2d", lambda x: C.max_pool2d(x, 3, 2, 1), [(1, 2, 5, 5)]),
    (
        "cross_entropy",
        lambda x: C.cross_entropy(x, wg.tensor([1, 0, -100]), None, "mean", -100, 0.1),
        [(3, 4)],
    ),
]


@pytest.mark.parametrize(("name", "f", "shapes"), SECOND_ORDER, ids=[c[0] for c in SECOND_ORDER])
def test_both_orders(name: str, f: Callable, shapes: list[tuple[int, ...]]):
    inputs = [leaf(a) for a in arrays(*shapes)]
    assert gradcheck(f, inputs)
    assert gradgradcheck(f, inputs)


# ---- errors --------------------------------------------------------------------------------


def wrong(*shape: int) -> wg.Tensor:
    return wg.zeros(shape)


@pytest.mark.parametrize(
    ("error", "text", "call"),
    [
        (RuntimeError, "linear", lambda: C.linear(wrong(2, 3), wrong(4, 5))),
        (RuntimeError, "channels", lambda: C.conv2d(wrong(1, 2, 5, 5), wrong(4, 3, 3, 3))),
        (RuntimeError, "kernel", lambda: C.conv2d(wrong(1, 3, 2, 2), wrong(4, 3, 3, 3))),
        (RuntimeError, "stride", lambda: C.conv2d(wrong(1, 3, 5, 5), wrong(4, 3, 3, 3), None, 0)),
        (RuntimeError, "half", lambda: C.max_pool2d(wrong(1, 1, 5, 5), 2, 2, 2)),
        (RuntimeError, "divisor", lambda: C.avg_pool2d(wrong(1, 1, 4, 4), 2, divisor_override=0)),
        (RuntimeError, "running_mean", lambda: C.batch_norm(wrong(2, 3), None, None)),
        (IndexError, "out of bounds", lambda: C.cross_entropy(wrong(1, 3), wg.tensor([3]))),
        (ValueError, "shape", lambda: C.cross_entropy(wrong(2, 3), wg.tensor([1]))),
        (ValueError, "reduction", lambda: C.mse_loss(wrong(2), wrong(2), "average")),
        (IndexError, "embedding", lambda: C.embedding(wrong(4, 2), wg.tensor([4]))),
        (RuntimeError, "between 0 and 1", lambda: C.binary_cross_entropy(wrong(2) + 2, wrong(2))),
    ],
)
def test_errors(error: type[Exception], text: str, call: Callable):
    with pytest.raises(error, match=text):
        call()


# ---- PyTorch -------------------------------------------------------------------------------


def compare(ours: Callable, theirs: Callable, inputs: Arrays, tolerance: float = 1e-9) -> None:
    """Values and gradients in float64, and in float32 up to rounding."""
    import torch

    for dtype, tol in ((np.float64, tolerance), (np.float32, 1e-3)):
        typed = [None if a is None else a.astype(dtype) for a in inputs]
        mine = [None if a is None else leaf(a) for a in typed]
        other = [None if a is None else torch.from_numpy(a).requires_grad_(True) for a in typed]
        y, z = ours(*mine), theirs(*other)
        assert tuple(y.shape) == tuple(z.shape)
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=tol, atol=tol)
        (g,) = arrays(tuple(z.shape), seed=7)
        y.backward(wg.from_numpy(np.asarray(g, dtype)))
        z.backward(torch.from_numpy(np.asarray(g, dtype)))
        for a, b in zip(mine, other, strict=True):
            if a is not None and b.grad is not None:
                np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=tol, atol=tol)


@pytest.mark.torch
@pytest.mark.parametrize("stride", [1, 2, (2, 1)])
@pytest.mark.parametrize("padding", [0, (2, 1)])
@pytest.mark.parametrize(("dilation", "groups"), [(1, 1), (2, 1), (1, 2), ((1, 2), 2)])
def test_conv2d_like_torch(stride, padding, dilation, groups):
    import torch.nn.functional as F

    options = (stride, padding, dilation, groups)
    compare(
        lambda x, w, b: C.conv2d(x, w, b, *options),
        lambda x, w, b: F.conv2d(x, w, b, *options),
        arrays((2, 4, 7, 6), (6, 4 // groups, 3, 2), (6,)),
    )


@pytest.mark.torch
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, None, 0), ((3, 2), 2, 1), (3, 1, 1)])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_pools_like_torch(kernel, stride, padding, ceil_mode):
    import torch.nn.functional as F

    x = arrays((2, 3, 8, 9))
    step = kernel if stride is None else stride
    compare(
        lambda x: C.max_pool2d(x, kernel, step, padding, 1, ceil_mode),
        lambda x: F.max_pool2d(x, kernel, stride, padding, 1, ceil_mode),
        x,
    )
    for include, divisor in ((True, None), (False, None), (True, 3)):
        compare(
            lambda x, i=include, d=divisor: C.avg_pool2d(x, kernel, step, padding, ceil_mode, i, d),
            lambda x, i=include, d=divisor: F.avg_pool2d(
                x, kernel, stride, padding, ceil_mode, i, d
            ),
            x,
        )
    compare(
        lambda x: C.adaptive_avg_pool2d(x, (3, 4)), lambda x: F.adaptive_avg_pool2d(x, (3, 4)), x
    )


@pytest.mark.torch
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("shape", [(6,), (5, 7), (2, 4, 3)])
def test_cross_entropy_like_torch(reduction, smoothing, shape):
    import torch
    import torch.nn.functional as F

    rng = np.random.default_rng(3)
    classes = shape[0] if len(shape) == 1 else shape[1]
    rest = () if len(shape) == 1 else (shape[0], *shape[2:])
    target = np.array(rng.integers(0, classes, rest))
    weight = rng.random(classes) + 0.1
    x = arrays(shape)

    def ours(x, t, ignore=-100):
        w = wg.from_numpy(weight).to(x.dtype)
        return C.cross_entropy(x, t, w, reduction, ignore, smoothing)

    def theirs(x, t, ignore=-100):
        w = torch.from_numpy(weight).to(x.dtype)
        return F.cross_entropy(
            x, t, w, reduction=reduction, ignore_index=ignore, label_smoothing=smoothing
        )

    t, u = wg.from_numpy(target.copy()), torch.from_numpy(target.copy())
    compare(lambda x: ours(x, t), lambda x: theirs(x, u), x)
    compare(lambda x: ours(x, t, 1), lambda x: theirs(x, u, 1), x) if rest else None
    compare(ours, theirs, [*x, rng.random(shape)])


def test_class_weights_of_cross_entropy_are_constants():
    x, t = wg.zeros(2, 3), wg.tensor([0, 2])
    w = wg.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"weight.*detach"):
        C.cross_entropy(x, t, w)
    assert C.cross_entropy(x, t, w.detach()).item() == pytest.approx(np.log(3))


@pytest.mark.torch
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_losses_like_torch(reduction):
    import torch.nn.functional as F

    x, t = arrays((4, 5), (4, 5))
    p, q = scipy.special.expit(x), scipy.special.expit(t)
    pairs = [("mse_loss", x, t), ("l1_loss", x, t), ("binary_cross_entropy", p, q)]
    pairs += [("binary_cross_entropy_with_logits", x, q), ("kl_div", np.log(p), q)]
    for name, a, b in pairs:
        compare(
            lambda x, t, n=name: getattr(C, n)(x, t, reduction=reduction),
            lambda x, t, n=name: getattr(F, n)(x, t, reduction=reduction),
            [a, b],
        )
    compare(
        lambda x, t: C.huber_loss(x, t, reduction, 0.7),
        lambda x, t: F.huber_loss(x, t, reduction=reduction, delta=0.7),
        [x, t],
    )
    compare(
        lambda x, t: C.smooth_l1_loss(x, t, reduction, 0.7),
        lambda x, t: F.smooth_l1_loss(x, t, reduction=reduction, beta=0.7),
        [x, t],
    )


def test_norms_of_equal_numbers_have_no_negative_variance():
    for value in (12345.678, 1e6, 1e10):
        for n in (5, 1000, 4095, 33759):
            x = wg.full((2, 4, n), value)
            for y in (
                C.group_norm(x, 2),
                C.batch_norm(x, None, None, training=True),
                C.instance_norm(x),
                C.layer_norm(x, (n,)),
            ):
                assert y.isfinite().all() and y.abs().max() < 1.1


@pytest.mark.torch
def test_norms_like_torch():
    import torch.nn.functional as F

    x, w, b = arrays((4, 6, 5), (6, 5), (6, 5))
    compare(
        lambda x, w, b: C.layer_norm(x, (6, 5), w, b),
        lambda x, w, b: F.layer_norm(x, (6, 5), w, b),
        [x, w, b],
    )
    compare(
        lambda x, w, b: C.group_norm(x, 3, w, b),
        lambda x, w, b: F.group_norm(x, 3, w, b),
        [x, w[:, 0], b[:, 0]],
    )
    compare(lambda x, w: C.rms_norm(x, (5,), w), lambda x, w: F.rms_norm(x, (5,), w), [x, w[0]])
    compare(
        lambda x, w, b: C.batch_norm(x, w, b, training=True),
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        [x, w[:, 0], b[:, 0]],
    )


def test_gaussian_nll_loss_of_infinite_variance():
    loss = wg.nn.functional.gaussian_nll_loss(
        wg.zeros(2), wg.ones(2), wg.tensor([math.inf, 1.0]), reduction="none"
    )
    assert loss.tolist() == [math.inf, 0.5]


def test_cosine_similarity_broadcasts_first():
    similarity = wg.nn.functional.cosine_similarity(wg.ones(2, 3), wg.ones(3))
    assert similarity.tolist() == pytest.approx([1, 1])


def test_second_derivatives_of_distances():
    a = wg.randn(4, 3, dtype=wg.float64).requires_grad_()
    b = wg.randn(2, 3, dtype=wg.float64).requires_grad_()
    for p in (1, 1.5, 2, 3, float("inf")):
        assert wg.autograd.gradcheck(lambda x, y, p=p: wg.cdist(x, y, p), (a, b))
        assert wg.autograd.gradgradcheck(lambda x, y, p=p: wg.cdist(x, y, p), (a, b))
        assert wg.autograd.gradgradcheck(lambda x, p=p: F.pdist(x, p), (a,))


def test_distances_and_ctc_do_not_depend_on_the_number_of_threads():
    a = wg.randn(70, 33).requires_grad_()
    x = wg.randn(20, 9, 7).log_softmax(-1).detach().requires_grad_()
    targets = wg.randint(1, 7, (9, 5))
    results = []
    before = wg.get_num_threads()
    for n in (1, 2):
        wg.set_num_threads(n)
        loss = wg.cdist(a, a, 3).sum() + wg.cdist(a, a, 1).sum()
        ctc = F.ctc_loss(x, targets, [20] * 9, [5] * 9)
        results.append([loss, ctc, *wg.autograd.grad(loss + ctc, (a, x))])
    wg.set_num_threads(before)
    for one, two in zip(*results, strict=True):
        assert bool((one == two).all())


def test_ctc_is_the_sum_over_all_alignments():
    from itertools import groupby, product

    x = wg.randn(4, 1, 3, dtype=wg.float64).log_softmax(-1)
    probabilities = x.exp()[:, 0].tolist()
    target = [1, 2]
    total = 0.0
    for path in product(range(3), repeat=4):
        if [k for k, _ in groupby(path) if k != 0] == target:
            total += math.prod(probabilities[t][k] for t, k in enumerate(path))
    loss = F.ctc_loss(x, wg.tensor([target]), [4], [2], reduction="sum")
    assert abs(loss.item() + math.log(total)) < 1e-12


def test_ctc_targets_out_of_range_are_refused():
    x = wg.randn(4, 1, 3).log_softmax(-1)
    for bad in ([[1, 3]], [[-1, 1]]):
        with pytest.raises(IndexError, match="out of bounds"):
            F.ctc_loss(x, wg.tensor(bad), [4], [2])


def test_chunks_of_linear_cross_entropy_differentiate_twice():
    x = wg.randn(5, 3, dtype=wg.float64).requires_grad_()
    w = wg.randn(4, 3, dtype=wg.float64).requires_grad_()
    target = wg.tensor([0, 3, 1, 1, 2])
    options = wg.nn.LinearCrossEntropyOptions(batch_chunk_size=2)

    def f(x, w):
        return F.linear_cross_entropy(x, w, target, options=options)

    assert wg.autograd.gradgradcheck(f, (x, w))
    loss = f(x, w)
    loss.backward(retain_graph=True)
    loss.backward()


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kernel", [2, 3, 5])
@pytest.mark.parametrize("options", [(1, 0, 1), (2, 0, 1), (2, 1, 1), (3, 1, 2), (2, 0, 3)])
def test_maxima_of_long_lines_are_those_of_pytorch(kernel, options, dtype):
    import torch

    x = np.random.default_rng(4).integers(-50, 50, (3, 2, 131)).astype(dtype)
    x[0, 1, ::17] = np.nan
    x[2, 0, ::3] = -np.inf
    t = torch.from_numpy(x)
    values, indices = wg.nn.functional.max_pool1d(
        wg.tensor(x), kernel, *options, return_indices=True
    )
    want, at = torch.nn.functional.max_pool1d(t, kernel, *options, return_indices=True)
    np.testing.assert_array_equal(values.numpy(), want.numpy())
    np.testing.assert_array_equal(indices.numpy(), at.numpy())
