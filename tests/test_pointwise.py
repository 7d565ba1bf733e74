"""Pointwise operations and products beside those that the tables of functions test."""

from __future__ import annotations

import math

import numpy as np
import pytest

import wengert as wg
from wengert.autograd import gradcheck, gradgradcheck

rng = np.random.default_rng(3)


def leaf(*shape: int, low: float = -1.0, high: float = 1.0) -> wg.Tensor:
    return wg.tensor(rng.uniform(low, high, shape), requires_grad=True)


DIFFERENTIABLE = {
    "add_alpha": (lambda a, b: wg.add(a, b, alpha=2.5), ((3, 4), (4,))),
    "sub_alpha": (lambda a, b: wg.sub(a, b, alpha=-2), ((3, 1), (4,))),
    "rsub": (lambda a, b: wg.rsub(a, b, alpha=3), ((3,), (3,))),
    "clamp_number": (lambda a: wg.clamp(a, -0.5, 0.5), ((3, 4),)),
    "clamp_min": (lambda a: a.clamp(min=0.1), ((3, 4),)),
    "clamp_tensors": (lambda a, b, c: wg.clamp(a, b - 0.5, c + 0.5), ((3, 4), (4,), (3, 1))),
    "lerp_number": (lambda a, b: wg.lerp(a, b, 0.3), ((3, 4), (4,))),
    "lerp_tensor": (lambda a, b, c: wg.lerp(a, b, c), ((3, 4), (4,), (3, 1))),
    "addcmul": (lambda a, b, c: wg.addcmul(a, b, c, value=0.5), ((3, 4), (4,), (3, 1))),
    "addcdiv": (lambda a, b, c: wg.addcdiv(a, b, c + 3, value=2), ((3, 4), (4,), (3, 1))),
    "logit": (lambda a: wg.logit(a * 0.4 + 0.5), ((3, 4),)),
    "logit_eps": (lambda a: wg.logit(a * 0.4 + 0.5, eps=0.2), ((3, 4),)),
    "sinc": (wg.sinc, ((3, 4),)),
    "entr": (lambda a: wg.special.entr(a + 2), ((3, 4),)),
    "ndtr": (wg.special.ndtr, ((3, 4),)),
    "deg2rad": (wg.deg2rad, ((3,),)),
    "nan_to_num": (wg.nan_to_num, ((3,),)),
    "ldexp": (lambda a: wg.ldexp(a, wg.tensor([1, 2, 3])), ((3,),)),
    "mvlgamma": (lambda a: wg.special.multigammaln(a + 4, 3), ((3,),)),
    "xlog1py": (lambda a, b: wg.special.xlog1py(a, b + 2), ((3,), (3,))),
    "float_power": (lambda a: wg.float_power(a + 2, 2.5), ((3,),)),
    **{f"pow_{e}": (lambda a, e=e: (a + 2) ** e, ((3, 4),)) for e in (2, 3, 0.5, -0.5, -1, 1, 0)},
    "mv": (wg.mv, ((3, 4), (4,))),
    "dot": (wg.dot, ((4,), (4,))),
    "inner": (wg.inner, ((2, 4), (3, 4))),
    "outer": (wg.outer, ((3,), (4,))),
    "addmm": (lambda a, b, c: wg.addmm(a, b, c, beta=0.5, alpha=2), ((2,), (3, 4), (4, 2))),
    "baddbmm": (lambda a, b, c: wg.baddbmm(a, b, c, alpha=2), ((3, 1), (2, 3, 4), (2, 4, 2))),
    "addbmm": (lambda a, b, c: wg.addbmm(a, b, c, beta=3), ((3, 2), (2, 3, 4), (2, 4, 2))),
    "addmv": (lambda a, b, c: wg.addmv(a, b, c, alpha=2), ((3,), (3, 4), (4,))),
    "addr": (lambda a, b, c: wg.addr(a, b, c, beta=2), ((3, 4), (3,), (4,))),
    "kron": (wg.kron, ((2, 3), (3, 2))),
    "cross": (lambda a, b: wg.cross(a, b, dim=0), ((3, 2), (3, 2))),
    "tensordot": (lambda a, b: wg.tensordot(a, b, ([0, 1], [1, 0])), ((2, 3), (3, 2))),
    "multi_dot": (lambda a, b, c: wg.linalg.multi_dot([a, b, c]), ((3,), (3, 4), (4, 2))),
}


@pytest.mark.parametrize("case", DIFFERENTIABLE)
def test_gradients(case):
    function, shapes = DIFFERENTIABLE[case]
    inputs = [leaf(*s) for s in shapes]
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


IN_PLACE = {
    "add_": lambda x, y: x.add_(y, alpha=2),
    "sub_": lambda x, y: x.sub_(y, alpha=2),
    "div_floor": lambda x, y: x.div_(y + 2, rounding_mode="floor"),
    "div_trunc": lambda x, y: x.div_(y + 2, rounding_mode="trunc"),
    "clamp_": lambda x, y: x.clamp_(-0.5, 0.5),
    "clamp_tensor": lambda x, y: x.clamp_(y),
    "clip_": lambda x, y: x.clip_(max=0.1),
    "lerp_": lambda x, y: x.lerp_(y, 0.7),
    "addcmul_": lambda x, y: x.addcmul_(y, y, value=3),
    "addcdiv_": lambda x, y: x.addcdiv_(y, y + 2),
    "pow_": lambda x, y: x.pow_(2),
    "nan_to_num_": lambda x, y: x.nan_to_num_(),
    "addmm_": lambda x, y: x.addmm_(y, y, alpha=2),
    "sinc_": lambda x, y: x.sinc_(),
    "arcsin_": lambda x, y: x.arcsin_(),
    "multiply_": lambda x, y: x.multiply_(y),
    "greater_": lambda x, y: x.greater_(y),
}


@pytest.mark.torch
@pytest.mark.parametrize("case", IN_PLACE)
def test_in_place_as_torch(case):
    import torch

    a, b = rng.uniform(-1, 1, (3, 3)), rng.uniform(-1, 1, (3, 3))
    results = []
    for library in (wg, torch):
        x, y = library.tensor(a, requires_grad=True), library.tensor(b, requires_grad=True)
        z = x * 1
        same = IN_PLACE[case](z, y)
        assert same is z
        if z.requires_grad:
            (z * z).sum().backward()
        grads = [np.zeros(1) if t.grad is None else t.grad.numpy() for t in (x, y)]
        results.append([z.detach().numpy(), *grads])
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs if mine.shape == theirs.shape else 0 * mine)


@pytest.mark.torch
def test_edges_as_torch():
    import torch

    special = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -2.5, 1e30]
    calls = {
        "clamp": lambda m, x: m.clamp(x, -1, 2),
        "clamp_nan": lambda m, x: m.clamp(x, math.nan),
        "clamp_crossed": lambda m, x: m.clamp(x, 3, 1),
        "nan_to_num": lambda m, x: m.nan_to_num(x),
        "nan_to_num_given": lambda m, x: m.nan_to_num(x, 1.0, 2.0, 3.0),
        "heaviside": lambda m, x: m.heaviside(x, m.full_like(x, 0.5)),
        "sinc": lambda m, x: m.sinc(x),
        "entr": lambda m, x: m.special.entr(x),
        "sgn": lambda m, x: m.sgn(x),
        "pow_2": lambda m, x: x**2,
        "pow_half": lambda m, x: x**0.5,
        "pow_-1": lambda m, x: x**-1,
        "pow_0": lambda m, x: x**0,
        "xlogy": lambda m, x: m.special.xlogy(0, x),
        "div_floor": lambda m, x: m.div(x, 0.3, rounding_mode="floor"),
        "div_trunc": lambda m, x: m.div(x, 0.3, rounding_mode="trunc"),
        "frexp": lambda m, x: m.frexp(x[4:])[0],
        "round": lambda m, x: m.round(x / 3, decimals=2),
        "round_tens": lambda m, x: x[4:].round(decimals=-1),
    }
    for dtype in ("float32", "float64"):
        x = wg.tensor(special, dtype=getattr(wg, dtype))
        y = torch.tensor(special, dtype=getattr(torch, dtype))
        for key, call in calls.items():
            np.testing.assert_allclose(
                call(wg, x).numpy(), call(torch, y).numpy(), rtol=1e-6, err_msg=key
            )


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64", "bool"])
def test_both_bounds_of_clamp_count_for_the_dtype(dtype):
    import torch

    for bounds in ((-1, 0.5), (-1.5, 2), (2, 1.5), (-1, math.inf), (0, 2.5), (-1, 300)):
        if dtype in ("uint8", "int8") and bounds == (-1, 300):
            continue  # an error in both
        got, want = (
            lib.tensor([0, 1, 5], dtype=getattr(lib, dtype)).clamp(*bounds) for lib in (wg, torch)
        )
        assert got.tolist() == want.tolist()
        assert str(got.dtype).split(".")[1] == str(want.dtype).split(".")[1]


@pytest.mark.torch
def test_integer_division_as_torch():
    import torch

    a = [-7, -6, -1, 0, 1, 6, 7]
    for dtype in ("int8", "int16", "int32", "int64"):
        for divisor in (-3, -1, 2, 7):
            for mode in ("floor", "trunc"):
                x = wg.div(wg.tensor(a, dtype=getattr(wg, dtype)), divisor, rounding_mode=mode)
                y = torch.div(
                    torch.tensor(a, dtype=getattr(torch, dtype)), divisor, rounding_mode=mode
                )
                assert x.tolist() == y.tolist()
                assert str(x.dtype).split(".")[-1] == dtype


def test_names():
    x = wg.tensor([0.25, 0.5])
    for alias, of in (
        ("absolute", "abs"),
        ("negative", "neg"),
        ("arccos", "acos"),
        ("arcsin", "asin"),
        ("arctan", "atan"),
        ("arcsinh", "asinh"),
        ("arctanh", "atanh"),
        ("fix", "trunc"),
    ):
        assert getattr(wg, alias)(x).tolist() == getattr(wg, of)(x).tolist()
        assert getattr(x, alias)().tolist() == getattr(x, of)().tolist()
    assert wg.greater(x, 0.3).tolist() == [False, True]
    assert wg.not_equal(x, 0.5).tolist() == [True, False]
    assert (~wg.tensor([1, -4])).tolist() == [-2, 3]
    assert (~wg.tensor([True, False])).tolist() == [False, True]
    assert x.polygamma(1).tolist() == wg.polygamma(1, x).tolist()


@pytest.mark.torch
def test_matmul_as_torch():
    import torch

    shapes = [
        ((4,), (4,)),
        ((3, 4), (4,)),
        ((4,), (4, 2)),
        ((3, 4), (4, 2)),
        ((2, 3, 4), (4,)),
        ((4,), (2, 4, 3)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (5, 4, 2)),
        ((1, 3, 4), (6, 4, 1)),
        ((0, 4), (4, 2)),
        ((2, 0), (0, 3)),
        ((0, 3, 4), (4, 2)),
        ((2, 3, 0), (2, 0, 4)),
        ((5, 0, 3), (3, 2)),
        ((1, 1), (1, 1)),
    ]
    for a, b in shapes:
        for dtype in ("float64", "int64", "int32"):
            x, y = rng.integers(-5, 5, a).astype(dtype), rng.integers(-5, 5, b).astype(dtype)
            expected = torch.matmul(torch.tensor(x), torch.tensor(y)).numpy()
            given = wg.matmul(wg.tensor(x), wg.tensor(y)).numpy()
            assert given.shape == expected.shape, (a, b)
            np.testing.assert_array_equal(given, expected)


def test_matmul_of_strided_inputs():
    x, y = rng.standard_normal((6, 5, 4)), rng.standard_normal((6, 3, 4))
    a, b = wg.tensor(x), wg.tensor(y)
    np.testing.assert_allclose((a @ b.transpose(1, 2)).numpy(), x @ y.transpose(0, 2, 1))
    np.testing.assert_allclose((a[::2] @ b[::2].mT).numpy(), x[::2] @ y[::2].transpose(0, 2, 1))
    part = a[:, ::2, 1:] @ b[0, :, 1:].T
    np.testing.assert_allclose(part.numpy(), x[:, ::2, 1:] @ y[0, :, 1:].T)
    wide = wg.tensor(x[0, 0]).expand(7, 4)
    np.testing.assert_allclose((wide @ a[0].T).numpy(), np.tile(x[0, 0] @ x[0].T, (7, 1)))
    np.testing.assert_allclose((a.permute(2, 0, 1) @ a[0]).numpy(), x.transpose(2, 0, 1) @ x[0])
    flipped = wg.tensor(x[0])[::-1]
    np.testing.assert_allclose((flipped @ b[0].T).numpy(), x[0][::-1] @ y[0].T)


def test_addmm_without_the_input():
    nothing = wg.full((2, 2), math.nan)
    assert wg.addmm(nothing, wg.ones(2, 3), wg.ones(3, 2), beta=0).tolist() == [[3.0] * 2] * 2
    i = wg.ones(2, 2, dtype=wg.int64)
    assert wg.addmm(i, i, i, beta=3, alpha=2).tolist() == [[7, 7], [7, 7]]


def test_special_names_are_there():
    for name in wg.special.__all__:
        assert callable(getattr(wg.special, name))
    assert wg.special.expit(wg.tensor(0.0)).item() == 0.5


@pytest.mark.parametrize("order", [1, 2, 3, float("inf"), 0, -1])
def test_norms(order):
    a = rng.standard_normal((3, 4))
    x = wg.tensor(a)
    np.testing.assert_allclose(wg.linalg.norm(x[0], order).item(), np.linalg.norm(a[0], order))
    np.testing.assert_allclose(
        wg.linalg.vector_norm(x, order, 1).numpy(), np.linalg.norm(a, order, axis=1)
    )
    if order in (1, -1, float("inf")):
        np.testing.assert_allclose(wg.linalg.norm(x, order).item(), np.linalg.norm(a, order))
        assert wg.linalg.matrix_norm(x, order, keepdim=True).shape == (1, 1)
    np.testing.assert_allclose(wg.linalg.norm(x, "fro").item(), np.linalg.norm(a))
    np.testing.assert_allclose(wg.linalg.norm(x).item(), np.linalg.norm(a))


def test_numbers_before_tensors():
    x = wg.tensor([0.03, 0.07], dtype=wg.float64)
    assert (0.1 % x).tolist() == [0.1 % 0.03, 0.1 % 0.07]
    assert (2 ** wg.tensor([True, False])).tolist() == [2, 1]
    assert (7 // wg.tensor([2, 3])).tolist() == [3, 2]
    assert (1 << wg.tensor([2, 3])).tolist() == [4, 8]
    assert (16 >> wg.tensor([2, 3])).tolist() == [4, 2]
    y = wg.tensor([1, 2])
    y <<= 2
    assert y.tolist() == [4, 8]
    y >>= 1
    assert y.tolist() == [2, 4]
    for operation in (lambda o: o**x, lambda o: o // x, lambda o: o % x, lambda o: o << y):
        for other in (object(), None):
            with pytest.raises(TypeError, match="unsupported operand"):
                operation(other)


def test_digamma_next_to_its_poles():
    # Near -n it is -1 / (x + n) and a bounded rest.
    for pole in (0.0, -1.0, -7.0):
        for distance in (1e-3, -1e-3, 1e-9, -1e-9):
            x = pole + distance
            near = -1 / (x - pole)
            value = wg.digamma(wg.tensor(x, dtype=wg.float64)).item()
            assert abs(value - near) < 3 and abs(value / near - 1) < 3 * abs(distance)
            slope = wg.polygamma(1, wg.tensor(x, dtype=wg.float64)).item()
            assert abs(slope / near**2 - 1) < 1e-5


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
def test_integers_are_divided_by_a_number_exactly(dtype):
    info = np.iinfo(dtype)
    special = [info.min, info.min + 1, -2, -1, 0, 1, 2, info.max - 1, info.max]
    values = [v for v in special if v >= info.min]
    values += [int(v) for v in rng.integers(info.min, info.max, 200, dtype=dtype, endpoint=True)]
    x = wg.tensor(values, dtype=getattr(wg, dtype))
    divisors = [2**k + d for k in range(1, info.bits) for d in (-1, 0, 1)]
    divisors += [int(v) for v in rng.integers(1, info.max, 30, dtype=dtype, endpoint=True)]
    for d in (-7, -1, *divisors):
        if info.min <= d <= info.max and d != 0:
            assert (x // d).tolist() == [
                (v // d - info.min) % 2**info.bits + info.min for v in values
            ]
            assert (x % d).tolist() == [v % d for v in values]


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64, wg.int16, wg.complex64])
@pytest.mark.parametrize("times", [0, 1, 2, 3, 33])
def test_elements_are_repeated_in_every_layout(dtype, times):
    x = wg.arange(4 * 5 * 6).reshape(4, 5, 6).to(dtype)
    for t in (x, x.permute(2, 0, 1), x[:, ::2, 1:], x[:1].expand(3, 5, 6), x[0, 0], x[:0]):
        for dim in range(t.ndim):
            got = t.repeat_interleave(times, dim)
            assert np.array_equal(got.numpy(), np.repeat(t.numpy(), times, dim))
    y = x.reshape(12, 10)[:, :, None].expand(12, 10, 4)
    assert np.array_equal(y.permute(1, 0, 2).contiguous().numpy(), y.numpy().transpose(1, 0, 2))


def test_dot_of_long_vectors_is_the_row_of_a_product():
    for n in (1, 15, 16, 17, 1000, 100_003):
        for dtype in (wg.float32, wg.float64):
            x, y = wg.randn(n, dtype=dtype), wg.randn(n, dtype=dtype)
            rows = wg.stack([y, x, x + 1])
            assert wg.dot(x, y).equal((rows @ x)[0]) and wg.dot(x, x).equal((rows @ x)[1])
            exact = float(np.dot(x.double().numpy(), y.double().numpy()))
            scale = float(np.dot(x.double().abs().numpy(), y.double().abs().numpy()))
            assert abs(wg.dot(x, y).item() - exact) <= scale * 8 * wg.finfo(dtype).eps


def test_angles_of_every_direction():
    inf, tiny, huge = math.inf, 1e-45, 3.4028234e38
    special = [0.0, -0.0, 1.0, -1.0, inf, -inf, tiny, -tiny, huge, -huge, 1e38, math.nan]
    a, b = (
        wg.tensor(v, dtype=wg.float32) for v in zip(*[(p, q) for p in special for q in special])
    )
    want = np.arctan2(a.double().numpy(), b.double().numpy())
    got = wg.atan2(a, b).double().numpy()
    np.testing.assert_allclose(got, want, rtol=2.5e-7, atol=1e-45)
    number = ~np.isnan(want)
    assert np.array_equal(np.signbit(got)[number], np.signbit(want)[number])
    t = np.linspace(-math.pi, math.pi, 20_001)
    y, x = (wg.tensor(v.astype(np.float32)) for v in (np.sin(t), np.cos(t)))
    want = np.arctan2(y.double().numpy(), x.double().numpy())
    np.testing.assert_allclose(wg.atan2(y, x).numpy(), want, rtol=2.4e-7)


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_many_elements_are_added_where_indices_say(dim):
    shape = (7, 40, 33)
    index = wg.tensor(rng.integers(0, shape[dim], shape))
    source, x = (wg.tensor(rng.standard_normal(shape)) for _ in range(2))
    want = x.numpy().copy()
    at = list(np.indices(shape))
    at[dim] = index.numpy()
    np.add.at(want, tuple(at), source.numpy())
    np.testing.assert_allclose(x.scatter_add(dim, index, source).numpy(), want, rtol=1e-12)
    assert np.array_equal(
        x.gather(dim, index).numpy(), np.take_along_axis(x.numpy(), index.numpy(), dim)
    )
    for bad in (-1, shape[dim], 2**63 - 1, -(2**63)):
        wrong, before = index.clone(), x.clone()
        wrong[3, 20, 11] = bad
        with pytest.raises(RuntimeError, match=f"index {bad} is out of bounds"):
            x.scatter_add_(dim, wrong, source)
        with pytest.raises(RuntimeError, match=f"index {bad} is out of bounds"):
            x.gather(dim, wrong)
        assert x.equal(before)
