"""Which dtype operands meet in, and what operations refuse."""

from __future__ import annotations

import itertools

import pytest

import wengert as wg

NAMES = (
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
)
NUMBERS = (True, 3, 2.5)


def name(dtype: object) -> str:
    return str(dtype).split(".")[-1]


def operand(library, kind, dtype):
    """An array, a 0-d tensor or a number of the library."""
    if kind == "number":
        return dtype
    return library.ones((2,) if kind == "array" else (), dtype=getattr(library, dtype))


OPERANDS = [(k, d) for k in ("array", "scalar") for d in NAMES] + [("number", n) for n in NUMBERS]


@pytest.mark.torch
@pytest.mark.parametrize("function", ["result_type", "add", "mul", "div", "maximum", "eq"])
def test_dtypes_as_torch(function):
    import torch

    for a, b in itertools.product(OPERANDS, OPERANDS):
        # torch has no maximum of a number, and no function of a number first.
        numbers = {"number"} & ({a[0], b[0]} if function == "maximum" else {a[0]})
        if function != "result_type" and numbers:
            continue
        expected = getattr(torch, function)(operand(torch, *a), operand(torch, *b))
        given = getattr(wg, function)(operand(wg, *a), operand(wg, *b))
        if function != "result_type":
            expected, given = expected.dtype, given.dtype
        assert name(given) == name(expected), (a, b)


@pytest.mark.torch
def test_operators_with_a_number_first():
    import torch

    for number, dtype in itertools.product(NUMBERS, NAMES):
        if dtype == "bool":
            continue
        x, y = wg.ones(2, dtype=getattr(wg, dtype)), torch.ones(2, dtype=getattr(torch, dtype))
        for f in (lambda t, n=number: n + t, lambda t, n=number: n * t, lambda t, n=number: n / t):
            assert name(f(x).dtype) == name(f(y).dtype), (number, dtype)


@pytest.mark.torch
def test_promote_types_and_can_cast():
    import torch

    for a, b in itertools.product(NAMES, NAMES):
        expected = torch.promote_types(getattr(torch, a), getattr(torch, b))
        assert name(wg.promote_types(getattr(wg, a), getattr(wg, b))) == name(expected)
        expected = torch.can_cast(getattr(torch, a), getattr(torch, b))
        assert wg.can_cast(getattr(wg, a), getattr(wg, b)) == expected


def test_default_dtype_decides():
    wg.set_default_dtype(wg.float64)
    try:
        assert wg.result_type(wg.ones(2, dtype=wg.int64), 1.5) is wg.float64
        assert wg.true_divide(wg.tensor([1]), wg.tensor([2])).dtype is wg.float64
    finally:
        wg.set_default_dtype(wg.float32)


@pytest.mark.parametrize(
    "act",
    [
        lambda i, f, b: i.clone().add_(f),
        lambda i, f, b: i.clone().mul_(1.5),
        lambda i, f, b: i.clone().div_(2),
        lambda i, f, b: i.clone().clamp_(0.5),
        lambda i, f, b: i.clone().clamp_(0, 2.5),
        lambda i, f, b: b.clone().add_(i),
        lambda i, f, b: i.clone().float_power_(2),
        lambda i, f, b: i.clone().deg2rad_(),
        lambda i, f, b: f[:1].clone().addmm_(wg.ones(2, 2), wg.ones(2, 2)),
        lambda i, f, b: b - b,
        lambda i, f, b: b - 1,
        lambda i, f, b: 1 - b,
        lambda i, f, b: f - b,
        lambda i, f, b: f - True,
        lambda i, f, b: -b,
        lambda i, f, b: i // 0,
        lambda i, f, b: i % wg.zeros(4, dtype=wg.int64),
        lambda i, f, b: wg.fmod(i, 0),
        lambda i, f, b: 5 // i,
        lambda i, f, b: wg.div(i, 0, rounding_mode="trunc"),
        lambda i, f, b: wg.div(f, 2, rounding_mode="up"),
        lambda i, f, b: i**-1,
        lambda i, f, b: i.clone().pow_(-1),
        lambda i, f, b: wg.add(i, i, alpha=1.5),
        lambda i, f, b: wg.add(i, i, alpha=True),
        lambda i, f, b: wg.bitwise_and(f, f),
        lambda i, f, b: wg.gcd(i, f),
        lambda i, f, b: wg.bitwise_not(f),
        lambda i, f, b: wg.clamp(f),
        lambda i, f, b: wg.lerp(f, i, 0.5),
        lambda i, f, b: wg.lerp(i, i, 1),
        lambda i, f, b: wg.addcdiv(i, i, i),
        lambda i, f, b: wg.heaviside(f, i),
        lambda i, f, b: wg.dot(f, i),
        lambda i, f, b: wg.dot(f, f[:2]),
        lambda i, f, b: wg.mv(f, f),
        lambda i, f, b: wg.cross(f, f),
        lambda i, f, b: wg.addmm(wg.ones(3), wg.ones(4, 4), wg.ones(4, 4)),
        lambda i, f, b: wg.addmm(i, wg.ones(4, 4), wg.ones(4, 4)),
        lambda i, f, b: wg.tensordot(wg.ones(2, 3), wg.ones(4, 3), 1),
    ],
)
def test_refused_and_nothing_changed(act):
    i, f = wg.arange(4), wg.ones(4)
    b = f > 0
    with pytest.raises(RuntimeError):
        act(i, f, b)
    assert i.tolist() == [0, 1, 2, 3]
    assert f.tolist() == [1.0] * 4
    assert b.tolist() == [True] * 4


def test_in_place_division_by_zero_leaves_the_tensor():
    x = wg.arange(4)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        x.floor_divide_(0)
    assert x.tolist() == [0, 1, 2, 3]
