"""Functions of each element; where one argument is a Python number, it takes the other's dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import wengert as wg
from wengert._tensor import Tensor

from ._dtypes import result_type

_UNARY = {
    name: name
    for name in [
        "abs",
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
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
        "log",
        "log1p",
        "log2",
        "log10",
        "logical_not",
        "negative",
        "positive",
        "real",
        "reciprocal",
        "signbit",
        "sin",
        "sinh",
        "square",
        "sqrt",
        "tan",
        "tanh",
        "trunc",
    ]
}
_UNARY |= {"bitwise_invert": "bitwise_not"}
_BINARY = {
    name: name
    for name in [
        "add",
        "atan2",
        "bitwise_and",
        "bitwise_left_shift",
        "bitwise_or",
        "bitwise_right_shift",
        "bitwise_xor",
        "copysign",
        "divide",
        "floor_divide",
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
        "pow",
        "remainder",
        "subtract",
    ]
}
_BINARY["equal"] = "eq"

__all__ = sorted([*_UNARY, *_BINARY, "clip", "round", "sign"])


def _pair(x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors of the common dtype."""
    kind = result_type(x1, x2)
    first, second = (
        x.to(kind) if isinstance(x, Tensor) else wg.tensor(x, dtype=kind) for x in (x1, x2)
    )
    return first, second


def _unary(name: str, of: str) -> Callable[[Tensor], Tensor]:
    operation = getattr(wg, of)

    def function(x: Tensor, /) -> Tensor:
        return operation(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"``wengert.{of}`` of each element."
    return function


def _binary(name: str, of: str) -> Callable[[Any, Any], Tensor]:
    operation = getattr(wg, of)

    def function(x1: Any, x2: Any, /) -> Tensor:
        if isinstance(x1, Tensor) and isinstance(x2, Tensor):
            return operation(x1, x2)
        return operation(*_pair(x1, x2))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"``wengert.{of}`` of each pair of elements."
    return function


globals().update({name: _unary(name, of) for name, of in _UNARY.items()})
globals().update({name: _binary(name, of) for name, of in _BINARY.items()})


def clip(x: Tensor, /, min: Any = None, max: Any = None) -> Tensor:
    """Elements below `min` and above `max` become these; the dtype stays that of x."""
    made = x
    if min is not None:
        made = wg.maximum(
            made, min.to(x.dtype) if isinstance(min, Tensor) else wg.tensor(min, dtype=x.dtype)
        )
    if max is not None:
        made = wg.minimum(
            made, max.to(x.dtype) if isinstance(max, Tensor) else wg.tensor(max, dtype=x.dtype)
        )
    return x.clone() if made is x else made


def round(x: Tensor, /) -> Tensor:
    """Each element, or each of its two parts, rounded to the nearest whole number, halves to even
    ones."""
    if x.is_complex():
        return wg.complex(wg.round(wg.real(x)), wg.round(wg.imag(x)))
    return wg.round(x)


def sign(x: Tensor, /) -> Tensor:
    """-1, 0 or 1, or a complex number divided by its absolute value; NaN of NaN."""
    made = wg.sgn(x)
    return wg.where(wg.isnan(x), x, made) if x.is_floating_point() else made
