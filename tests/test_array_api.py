"""The Python array API standard: its names, and values against NumPy's."""

from __future__ import annotations

import importlib.util
import inspect
import types

import numpy as np
import pytest

import wengert as wg
from wengert import array_api as xp

A = np.array([[0.5, -1.25, 2.0], [3.5, 0.25, -0.75]])
B = np.array([[1.5, 0.5, -2.0], [0.5, 2.25, 1.0]])
N = np.array([3, 1, 3, 2, 1])


def check(ours, theirs):
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for x, y in zip(ours, theirs):
            check(x, y)
        return
    theirs = np.asarray(theirs)
    assert tuple(ours.shape) == theirs.shape
    np.testing.assert_allclose(ours.numpy(), theirs, 1e-12, 1e-12)


def test_the_namespace():
    x = wg.ones(2)
    assert x.__array_namespace__() is xp
    assert x.__array_namespace__(api_version="2024.12") is xp
    with pytest.raises(ValueError, match="version"):
        x.__array_namespace__(api_version="1999.12")
    assert x.to_device("cpu").tolist() == [1, 1]
    info = xp.__array_namespace_info__()
    assert info.default_dtypes()["integral"] is wg.int64
    assert set(info.dtypes(kind="real floating")) == {"float32", "float64"}
    assert info.devices() == [wg.device("cpu")]


def test_names_are_those_of_the_standard():
    strict = pytest.importorskip("array_api_strict")
    names = [n for n in strict.__all__ if "strict" not in n.lower() and n[:2] != "__"]
    missing = [n for n in names if not hasattr(xp, n)]
    assert set(missing) <= {"fft", "uint16", "uint32", "uint64", "Device"}


def test_capabilities_are_those_there_are():
    capabilities = xp.__array_namespace_info__().capabilities()
    n = capabilities["max dimensions"]
    assert xp.zeros((1,) * n).ndim == n
    with pytest.raises(RuntimeError):
        xp.zeros((1,) * (n + 1))
    assert capabilities["boolean indexing"] and wg.arange(3)[wg.arange(3) > 0].tolist() == [1, 2]
    assert capabilities["data-dependent shapes"] and len(xp.unique_values(wg.tensor([1, 1]))) == 1


# What takes more than the standard says, as NumPy does.
WIDER = {"diff", "where"}


@pytest.mark.parametrize("part", ["", "linalg", "fft"])
def test_signatures_are_those_of_the_standard(part):
    strict = pytest.importorskip("array_api_strict")
    if part == "fft" and importlib.util.find_spec("wengert.fft") is None:
        pytest.skip("needs wengert.fft")
    ours, theirs = (getattr(m, part) if part else m for m in (xp, strict))
    different = {}
    for name in theirs.__all__:
        function = getattr(theirs, name)
        if isinstance(function, types.FunctionType) and "strict" not in function.__name__:
            a, b = (
                [(p.name, p.kind.name) for p in inspect.signature(f).parameters.values()]
                for f in (getattr(ours, name), function)
            )
            if a != b and name not in WIDER:
                different[name] = a, b
    assert different == {}


def test_linear_algebra():
    random = np.random.default_rng(0)
    s, v = random.normal(size=(2, 4, 4)), random.normal(size=4)
    t, la, nla = wg.tensor(s), xp.linalg, np.linalg
    check(la.det(t), nla.det(s))
    check(la.inv(t), nla.inv(s))
    check(tuple(la.slogdet(t)), tuple(nla.slogdet(s)))
    check(la.svdvals(t), nla.svdvals(s))
    check(la.pinv(t), nla.pinv(s))
    check(la.matrix_rank(t), nla.matrix_rank(s))
    check(la.eigvalsh(t + t.mT), nla.eigvalsh(s + s.transpose(0, 2, 1)))
    check(la.matrix_power(t, -2), nla.matrix_power(s, -2))
    check(la.cholesky(t @ t.mT), nla.cholesky(s @ s.transpose(0, 2, 1)))
    check(la.solve(t, wg.tensor(v)), nla.solve(s, v))
    check(la.solve(t, t[0]), nla.solve(s, s[0]))
    check(la.solve(t, t[:, :, :1]), nla.solve(s, s[:, :, :1]))
    q, r = la.qr(t, mode="complete")
    check(q @ r, s)
    u, values, vh = la.svd(t[:, :3], full_matrices=False)
    check(u * values[:, None] @ vh, s[:, :3])
    values, vectors = la.eigh(t + t.mT)
    check(vectors * values[:, None] @ vectors.mT, s + s.transpose(0, 2, 1))
    for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
        theirs = nla.matrix_norm(s, ord=order, keepdims=True)
        check(la.matrix_norm(t, ord=order, keepdims=True), theirs)
        check(la.matrix_norm(t, ord=order), theirs[:, 0, 0])
    for order in (0, 1, 2, 3.5, np.inf, -np.inf):
        check(la.vector_norm(t, ord=order, axis=1), nla.vector_norm(s, ord=order, axis=1))
    check(la.vector_norm(t, axis=()), np.abs(s))
    check(la.cross(t[0, :, :3], t[0, 0, :3]), np.cross(s[0, :, :3], s[0, 0, :3]))


@pytest.mark.skipif(importlib.util.find_spec("wengert.fft") is None, reason="needs wengert.fft")
def test_fourier_transforms():
    fft = xp.fft
    for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
        ours, theirs = getattr(fft, name), getattr(np.fft, name)
        check(ours(wg.tensor(A)), theirs(A))
        check(ours(wg.tensor(A), n=4, axis=0, norm="ortho"), theirs(A, n=4, axis=0, norm="ortho"))
    for name in ("fftn", "ifftn", "rfftn", "irfftn"):
        ours, theirs = getattr(fft, name), getattr(np.fft, name)
        check(ours(wg.tensor(A)), theirs(A))
        check(ours(wg.tensor(A), s=(2, 4), axes=(0, 1)), theirs(A, s=(2, 4), axes=(0, 1)))
    check(fft.fftfreq(5, d=0.5, dtype=wg.float64), np.fft.fftfreq(5, d=0.5))
    check(fft.rfftfreq(5, dtype=wg.float64), np.fft.rfftfreq(5))
    check(fft.fftshift(wg.tensor(A), axes=1), np.fft.fftshift(A, axes=1))
    check(fft.ifftshift(wg.tensor(A)), np.fft.ifftshift(A))


def test_the_standards_corner_cases():
    check(xp.round(wg.tensor([1.5 + 2.5j])), np.round([1.5 + 2.5j]))
    assert xp.isnan(xp.sign(wg.tensor([wg.nan])))
    check(xp.sign(wg.tensor([-2, 0, 3])), np.sign([-2, 0, 3]))
    check(xp.linspace(0j, 1 + 1j, 3), np.linspace(0j, 1 + 1j, 3))
    check(xp.linspace(0.0, 1 + 1j, 4, endpoint=False), np.linspace(0, 1 + 1j, 4, endpoint=False))
    check(xp.cumulative_sum(wg.tensor(2.5)), [2.5])
    check(xp.cumulative_prod(wg.tensor(2.5), include_initial=True), [1, 2.5])
    check(xp.where(wg.tensor([0, 1, 1])), np.where([0, 1, 1]))
    check(xp.diff(wg.tensor(A), 2), np.diff(A, 2))


UNARY = [
    "abs",
    "ceil",
    "conj",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "floor",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "asinh",
    "atan",
    "negative",
    "positive",
    "real",
    "reciprocal",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "square",
    "tan",
    "tanh",
    "trunc",
    "logical_not",
]
BINARY = [
    "add",
    "atan2",
    "copysign",
    "divide",
    "equal",
    "greater",
    "greater_equal",
    "hypot",
    "less",
    "less_equal",
    "logaddexp",
    "logical_and",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "nextafter",
    "not_equal",
    "subtract",
]


@pytest.mark.parametrize("name", [n for n in UNARY if n != "imag"])
def test_functions_of_elements(name):
    check(getattr(xp, name)(wg.tensor(A)), getattr(np, name)(A))


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_pairs(name):
    ours, theirs = getattr(xp, name), getattr(np, name)
    check(ours(wg.tensor(A), wg.tensor(B)), theirs(A, B))
    check(ours(wg.tensor(A), 2.0), theirs(A, 2.0))
    check(ours(2.0, wg.tensor(A)), theirs(2.0, A))


@pytest.mark.parametrize(
    "name", ["sum", "prod", "mean", "max", "min", "var", "std", "all", "any", "count_nonzero"]
)
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(name, axis, keepdims):
    theirs = getattr(np, name)(A, axis=axis, keepdims=keepdims)
    check(getattr(xp, name)(wg.tensor(A), axis=axis, keepdims=keepdims), theirs)


def test_other_functions():
    a, b, n = wg.tensor(A), wg.tensor(B), wg.tensor(N)
    for ours, theirs in (
        (xp.clip(a, 0.0, 1.0), np.clip(A, 0, 1)), (xp.clip(a, None, b), np.clip(A, None, B)),
        (xp.concat([a, b], axis=1), np.concatenate([A, B], axis=1)),
        (xp.concat([a, b], axis=None), np.concatenate([A, B], axis=None)),
        (xp.stack([a, b], axis=-1), np.stack([A, B], axis=-1)), (xp.unstack(a), list(A)),
        (xp.expand_dims(a, axis=1), A[:, None]), (xp.squeeze(a[None], 0), A),
        (xp.flip(a), np.flip(A)), (xp.flip(a, axis=1), np.flip(A, 1)),
        (xp.permute_dims(a, (1, 0)), A.T), (xp.matrix_transpose(a), A.T),
        (xp.repeat(a, 2, axis=1), np.repeat(A, 2, 1)), (xp.reshape(a, (3, 2)), A.reshape(3, 2)),
        (xp.roll(a, 1), np.roll(A, 1)), (xp.roll(a, 1, axis=(0, 1)), np.roll(A, 1, (0, 1))),
        (xp.tile(a, (2, 1)), np.tile(A, (2, 1))), (xp.matmul(a, b.T), A @ B.T),
        (xp.tensordot(a, b, axes=2), np.tensordot(A, B, 2)), (xp.vecdot(a, b), (A * B).sum(-1)),
        (xp.argmax(a), np.argmax(A)), (xp.argmin(a, axis=1), np.argmin(A, 1)),
        (xp.sort(a, axis=0), np.sort(A, 0)), (xp.argsort(n), np.argsort(N, kind="stable")),
        (xp.nonzero(n), np.nonzero(N)), (xp.where(a > 0, a, 0.0), np.where(A > 0, A, 0)),
        (xp.take(a, wg.tensor([-1, 0]), axis=1), np.take(A, [-1, 0], 1)),
        (xp.isin(n, wg.tensor([1, 2])), np.isin(N, [1, 2])), (xp.unique_values(n), np.unique(N)),
        (tuple(xp.unique_counts(n)), np.unique(N, return_counts=True)),
        (xp.unique_all(n), np.unique(N, True, True, True)),
        (xp.cumulative_sum(a, axis=1), np.cumsum(A, 1)), (xp.diff(a), np.diff(A)),
        (xp.cumulative_sum(n, include_initial=True), [0, *np.cumsum(N)]),
        (xp.cumulative_prod(a, axis=0), np.cumprod(A, 0)), (xp.eye(3, 4, k=1), np.eye(3, 4, 1)),
        (xp.arange(5, 2), np.arange(5, 2)), (xp.arange(5, 2, -1), np.arange(5, 2, -1)),
        (xp.tril(a, k=1), np.tril(A, 1)), (xp.full(2, 7), np.full(2, 7)),
        (xp.meshgrid(n, n), np.meshgrid(N, N)), (xp.searchsorted(n.sort()[0], n),
        np.searchsorted(np.sort(N), N)), (xp.linalg.trace(a), np.trace(A)),
    ):  # fmt: skip
        check(ours, theirs)


def test_dtypes():
    assert xp.isdtype(wg.float32, "real floating")
    assert xp.isdtype(wg.int8, ("bool", "integral"))
    assert not xp.isdtype(wg.bool, "numeric")
    assert xp.result_type(wg.int8, wg.float32) is wg.float32
    assert xp.result_type(wg.ones(2), 1) is wg.float32
    assert xp.can_cast(wg.int8, wg.int64)
    assert not xp.can_cast(wg.int64, wg.int8)
    assert xp.astype(wg.ones(2), wg.int64).dtype is wg.int64
    with pytest.raises(TypeError, match="imaginary"):
        xp.astype(wg.ones(2, dtype=wg.complex64), wg.float32)
    with pytest.raises(ValueError, match="axis"):
        xp.take(wg.ones(2, 2), wg.tensor([0]))


def test_an_array_is_added_in_place():
    t = wg.zeros(3)
    for _ in range(100):
        t += np.ones(3)
    t -= np.ones(3)
    t *= np.full(3, 2.0)
    t /= np.full(3, 3.0)
    assert t.tolist() == [66, 66, 66]
