"""Properties of reductions, scans and orderings that single samples do not show."""

import numpy as np
import pytest

import wengert as wg
from wengert.autograd import gradcheck, gradgradcheck


def leaf(values):
    return wg.tensor(values, dtype=wg.float64).requires_grad_()


WITH_ZEROS = [[1.5, 0.0, -2.0, 0.5], [0.0, 3.0, 0.0, 1.0], [2.0, -1.0, 4.0, 0.3]]


@pytest.mark.parametrize("dim", [0, 1, (0, 1)])
def test_product_gradient_with_zeros(dim):
    x = leaf(WITH_ZEROS)
    assert gradcheck(lambda t: wg.prod(t, dim), (x,))
    assert gradgradcheck(lambda t: wg.prod(t, dim), (x,))


@pytest.mark.parametrize("dim", [0, 1])
def test_running_product_gradient_with_zeros(dim):
    x = leaf(WITH_ZEROS)
    assert gradcheck(lambda t: wg.cumprod(t, dim), (x,))
    assert gradgradcheck(lambda t: wg.cumprod(t, dim), (x,))


def test_running_log_sum_gradient_far_from_zero():
    x = leaf([[800.0, -700.0, 3.0], [-1e4, 2.0, 2.0]])
    assert gradcheck(lambda t: wg.logcumsumexp(t, 1), (x,), atol=1e-4)
    x.grad = None
    wg.logcumsumexp(x, 1).sum().backward()
    assert bool(wg.isfinite(x.grad).all())


@pytest.mark.parametrize("function", [wg.amax, wg.max, wg.amin, wg.median])
def test_equal_extremes_share_the_gradient(function):
    x = leaf([2.0, 2.0, 2.0, 2.0])
    function(x).backward()
    assert x.grad.tolist() == [0.25] * 4


def test_gradient_of_norms_at_zero():
    for p in (0.5, 1, 1.5, 2, 3):
        x = leaf([[0.0, 0.0], [0.0, 1.0]])
        x.norm(p, 1).sum().backward()
        assert x.grad.tolist() == [[0, 0], [0, 1]], p
    x = leaf([0.0, 0.0])
    x.std().backward()
    assert x.grad.tolist() == [0, 0]


def test_forms_of_max():
    x = wg.tensor([[1, 5, 2], [7, 0, 7]])
    assert x.max().item() == 7
    values, indices = wg.max(x, 1)
    assert values.tolist() == [5, 7]
    assert indices.tolist() == [1, 0]
    assert x.max(dim=0, keepdim=True).values.shape == (1, 3)
    assert wg.max(x, wg.tensor([3, 3, 3])).tolist() == [[3, 5, 3], [7, 3, 7]]
    assert wg.min(x, axis=1).indices.tolist() == [0, 1]
    with pytest.raises(TypeError, match="max: expected"):
        wg.max(x, keepdim=True)
    with pytest.raises(RuntimeError):
        wg.max(wg.zeros(0))


def test_forms_of_var():
    x = wg.tensor([[1.0, 2.0, 4.0], [0.0, 3.0, 9.0]])
    a = x.numpy()
    np.testing.assert_allclose(x.var(False).numpy(), a.var(), rtol=1e-6)
    np.testing.assert_allclose(x.var(1, False, True).numpy(), a.var(1, keepdims=True), rtol=1e-6)
    np.testing.assert_allclose(x.std((0, 1)).numpy(), a.std(ddof=1), rtol=1e-6)
    with pytest.raises(TypeError, match="not both"):
        x.var(unbiased=True, correction=0)


@pytest.mark.parametrize("n", [3, 300, 5000])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int64"])
@pytest.mark.parametrize("descending", [False, True])
def test_sort_is_stable(n, dtype, descending):
    a = np.random.default_rng(n).integers(-9, 9, n).astype(dtype)
    if dtype.startswith("float"):
        a[::7] = np.nan
        a[1::9] = -0.0
    values, indices = wg.sort(wg.tensor(a), descending=descending)
    expected = np.argsort(a, kind="stable")
    if descending:
        expected = n - 1 - np.argsort(a[::-1], kind="stable")[::-1]
    np.testing.assert_array_equal(indices.numpy(), expected)
    np.testing.assert_array_equal(values.numpy(), a[expected])


@pytest.mark.parametrize(
    "shape", [(300_000,), (3, 100_000), (100_000, 3), (2000, 200), (8, 9, 999)]
)
def test_the_same_bits_for_any_number_of_threads(shape):
    x = wg.tensor(np.random.default_rng(0).standard_normal(shape), dtype=wg.float32)
    functions = [
        wg.sum,
        wg.mean,
        wg.amax,
        wg.argmax,
        wg.var,
        wg.norm,
        lambda t: wg.softmax(t, 0),
        lambda t: wg.cumsum(t, 0),
        lambda t: t.sum(0),
        lambda t: t.var(-1),
        lambda t: t.sort(0)[1],
    ]
    before = wg.get_num_threads()
    try:
        results = []
        for threads in (1, 2):
            wg.set_num_threads(threads)
            results.append([f(x).numpy().tobytes() for f in functions])
    finally:
        wg.set_num_threads(before)
    assert results[0] == results[1]


def test_unique():
    x = wg.tensor([[3, 1], [3, 2], [3, 1]])
    output, inverse, counts = wg.unique(x, return_inverse=True, return_counts=True)
    assert output.tolist() == [1, 2, 3]
    assert counts.tolist() == [2, 1, 3]
    assert output[inverse].tolist() == x.tolist()
    assert wg.unique(x, dim=0).tolist() == [[3, 1], [3, 2]]
    runs, lengths = wg.unique_consecutive(wg.tensor([1, 1, 2, 1]), return_counts=True)
    assert runs.tolist() == [1, 2, 1]
    assert lengths.tolist() == [2, 1, 1]


def test_quantile_beside_infinity():
    x = wg.tensor([-np.inf, 1.0, 2.0, np.inf])
    assert wg.quantile(x, 0.2).item() == -np.inf
    assert wg.quantile(x, 0.5).item() == 1.5


def test_unique_slices_keep_the_order_of_their_elements():
    a = np.random.default_rng(0).integers(0, 2, (2, 2, 9))
    expected = np.unique(a, axis=2)
    np.testing.assert_array_equal(wg.unique(wg.tensor(a), dim=-1).numpy(), expected)
