"""Linear algebra where PyTorch gives no comparison: errors, extreme values, identities."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

import wengert as wg
from wengert.linalg import LinAlgError


def normal(*shape: int, seed: int = 0) -> wg.Tensor:
    return wg.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def complex_normal(*shape: int, seed: int = 0) -> wg.Tensor:
    return wg.complex(normal(*shape, seed=seed), normal(*shape, seed=seed + 1))


@pytest.mark.parametrize("kind", [wg.float32, wg.float64, wg.complex64, wg.complex128])
def test_singular_matrices_raise_linalg_error(kind):
    zero = wg.zeros(2, 2, dtype=kind)
    low = wg.tensor([[1, 0], [0, 0]], dtype=kind)
    for call in (
        lambda: wg.linalg.inv(zero),
        lambda: wg.linalg.solve(zero, zero),
        lambda: wg.linalg.lu_factor(zero),
        lambda: wg.linalg.cholesky(zero),
        lambda: wg.linalg.ldl_factor(zero),
        lambda: wg.linalg.lstsq(low, zero, driver="gels"),
    ):
        with pytest.raises(LinAlgError):
            call()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_elements_that_are_not_finite_raise(bad):
    a = wg.full((2, 2), bad)
    for call in (wg.linalg.eig, wg.linalg.eigvals, wg.linalg.svd, wg.linalg.eigh):
        with pytest.raises(RuntimeError):
            call(a)
    for driver in ("gels", "gelsy", "gelsd", "gelss"):
        with pytest.raises(LinAlgError):
            wg.linalg.lstsq(a, wg.ones(2, 1), driver=driver)
    assert wg.matrix_exp(a).isnan().all()


@pytest.mark.parametrize("pivots", [[0, 1, 2], [4, 2, 3], [-1, 2, 3], [1, 2, -3], [-2, -3, 3]])
def test_ldl_solve_refuses_what_is_no_pivot(pivots):
    with pytest.raises(RuntimeError, match="pivot"):
        wg.linalg.ldl_solve(wg.eye(3), wg.tensor(pivots, dtype=wg.int32), wg.ones(3, 1))


@pytest.mark.parametrize("size", [1e-12, 1e-3, 1.0, 5.0, 40.0])
def test_matrix_exp_at_any_size(size):
    a = normal(3, 6, 6).numpy() * size / 6
    expected = np.stack([scipy.linalg.expm(m) for m in a])
    found = wg.matrix_exp(wg.from_numpy(a)).numpy()
    scale = np.abs(expected).max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found / scale, expected / scale, rtol=1e-11, atol=1e-12)


def test_matrix_exp_does_not_depend_on_the_rest_of_the_batch():
    a = wg.stack([normal(3, 3), normal(3, 3, seed=1) * 50])
    assert (wg.matrix_exp(a)[0] == wg.matrix_exp(a[:1])[0]).all()


def test_gradient_of_matrix_exp_does_not_depend_on_the_size_of_the_cotangent():
    a = normal(3, 3).requires_grad_()
    g = normal(3, 3, seed=1)
    small = wg.autograd.grad(wg.matrix_exp(a), a, g)[0]
    large = wg.autograd.grad(wg.matrix_exp(a), a, g * 1e12)[0]
    np.testing.assert_allclose((large / 1e12).numpy(), small.numpy(), rtol=1e-12)


def test_eigenvectors_satisfy_their_equation():
    for a in (normal(2, 5, 5), complex_normal(2, 5, 5)):
        w, v = wg.linalg.eig(a)
        left = a.to(wg.complex128) @ v
        np.testing.assert_allclose(left.numpy(), (v * w.unsqueeze(-2)).numpy(), atol=1e-12)
        np.testing.assert_allclose(v.abs().square().sum(-2).numpy(), 1, rtol=1e-12)
        assert wg.linalg.eigvals(a).dtype == wg.complex128


def test_least_squares_without_columns():
    found = wg.linalg.lstsq(normal(4, 2), wg.empty(4, 0, dtype=wg.float64), driver="gelsd")
    assert found.solution.shape == (2, 0)
    assert found.rank.item() == 2


def test_least_squares_is_orthogonal_to_the_residual():
    for a, b in ((normal(5, 3), normal(5, 2)), (complex_normal(5, 3), complex_normal(5, 2))):
        for driver in ("gels", "gelsy", "gelsd", "gelss"):
            x = wg.linalg.lstsq(a, b, driver=driver).solution
            assert (a.mH @ (a @ x - b)).abs().max().item() < 1e-12


@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
def test_training_keeps_matrices_orthogonal(kind, shape):
    wg.manual_seed(0)
    layer = wg.nn.Linear(shape[1], shape[0], dtype=wg.float64)
    wg.nn.utils.parametrizations.orthogonal(layer, orthogonal_map=kind)
    optimizer = wg.optim.SGD(layer.parameters(), lr=0.1)
    before = layer.weight.detach().clone()
    for _ in range(3):
        optimizer.zero_grad()
        layer(normal(7, shape[1])).square().sum().backward()
        optimizer.step()
    w = layer.weight.detach()
    w = w if shape[0] >= shape[1] else w.mT
    np.testing.assert_allclose((w.mT @ w).numpy(), np.eye(min(shape)), atol=1e-12)
    assert (layer.weight - before).abs().max().item() > 1e-3


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (5, 3, 2)])
def test_orthogonal_init(shape):
    wg.manual_seed(0)
    w = wg.nn.init.orthogonal_(wg.empty(shape, dtype=wg.float64), gain=3).flatten(1)
    w = w if w.shape[0] <= w.shape[1] else w.t()
    np.testing.assert_allclose((w @ w.t()).numpy(), 9 * np.eye(len(w)), atol=1e-12)


def test_what_was_computed_keeps_the_old_shape():
    x = normal(2, 3).requires_grad_()
    y = x.exp()
    z = y.sin()
    same = y
    y.t_().unsqueeze_(0)
    assert same is y
    assert y.shape == (1, 3, 2)
    (y.sum() + z.sum()).backward()
    expected = np.exp(x.detach().numpy())
    np.testing.assert_allclose(x.grad.numpy(), expected * (1 + np.cos(expected)))


def test_attributes_survive_a_change_of_shape():
    base = normal(2, 3)
    y = base[0]
    y.label = "row"
    y.unsqueeze_(0)
    assert y.label == "row"
    assert y.shape == (1, 3)
    y.zero_()
    assert (base[0] == 0).all()


def test_view_as_another_dtype_shares_memory_and_version():
    x = wg.ones(4)
    bits = x.view(wg.int32)
    assert bits[0].item() == 0x3F800000
    bits[0] = 0
    assert x[0].item() == 0
    assert x._version == bits._version


@pytest.mark.parametrize(
    "f",
    [
        lambda a: wg.linalg.inv(a),
        lambda a: wg.linalg.det(a),
        lambda a: wg.matrix_exp(a),
        lambda a: wg.linalg.svdvals(a),
        lambda a: wg.linalg.eigvals(a).sum(),
        lambda a: wg.linalg.qr(a)[1],
        lambda a: wg.linalg.householder_product(a, a[0]),
        lambda a: wg.linalg.lstsq(a, a[:, :1]).solution,
    ],
)
def test_results_do_not_depend_on_the_number_of_threads(f):
    a = complex_normal(40, 40)
    before = wg.get_num_threads()
    results = []
    try:
        for threads in (1, 2):
            wg.set_num_threads(threads)
            results.append(f(a).numpy())
    finally:
        wg.set_num_threads(before)
    assert results[0].tobytes() == results[1].tobytes()
