"""Functions of dtypes."""

from __future__ import annotations

from typing import Any

import wengert as wg
from wengert import broadcast_shapes
from wengert._tensor import Tensor, dtype

__all__ = [
    "astype",
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "can_cast",
    "finfo",
    "iinfo",
    "isdtype",
    "result_type",
]

_REAL = ("float16", "bfloat16", "float32", "float64")
_SIGNED = ("int8", "int16", "int32", "int64")
_COMPLEX = ("complex64", "complex128")
_KINDS = {
    "bool": ("bool",),
    "signed integer": _SIGNED,
    "unsigned integer": ("uint8",),
    "integral": (*_SIGNED, "uint8"),
    "real floating": _REAL,
    "complex floating": _COMPLEX,
    "numeric": (*_SIGNED, "uint8", *_REAL, *_COMPLEX),
}


def _dtype_of(x: Any) -> dtype:
    return x.dtype if isinstance(x, Tensor) else x


def astype(x: Tensor, dtype: dtype, /, *, copy: bool = True, device: Any = None) -> Tensor:
    """The elements in another dtype; without `copy` the same tensor if it has it already."""
    if x.is_complex() and not dtype.is_complex and dtype is not wg.bool:
        raise TypeError(f"astype: {x.dtype} loses its imaginary part in {dtype}; take real(x)")
    return x.to(dtype, copy=copy)


def isdtype(dtype: dtype, kind: Any) -> bool:
    """Whether a dtype is of a kind: a dtype, a name as "real floating", or a tuple."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueError(f"isdtype: unknown kind {kind!r}; there are {', '.join(_KINDS)}")
        return dtype.name in _KINDS[kind]
    return dtype is kind


def can_cast(from_: Any, to: dtype, /) -> bool:
    """Whether promotion leads from one dtype to the other."""
    return wg.promote_types(_dtype_of(from_), to) is to


def result_type(*arrays_and_dtypes: Any) -> dtype:
    """The dtype of an operation on arrays, dtypes and Python numbers, which are weak."""
    kinds = [_dtype_of(a) for a in arrays_and_dtypes if isinstance(a, (Tensor, dtype))]
    if not kinds:
        raise ValueError("result_type: at least one array or dtype is needed")
    made = kinds[0]
    for kind in kinds[1:]:
        made = wg.promote_types(made, kind)
    for number in arrays_and_dtypes:
        if not isinstance(number, (Tensor, dtype)):
            made = wg.result_type(wg.empty((1,), dtype=made), number)
    return made


def finfo(type: Any, /) -> wg.finfo:
    """Limits of a floating dtype, or of an array's."""
    return wg.finfo(_dtype_of(type))


def iinfo(type: Any, /) -> wg.iinfo:
    """Limits of an integer dtype, or of an array's."""
    return wg.iinfo(_dtype_of(type))


def broadcast_arrays(*arrays: Tensor) -> tuple[Tensor, ...]:
    """The arrays as views of their common shape."""
    return tuple(wg.broadcast_tensors(*arrays))


def broadcast_to(x: Tensor, /, shape: tuple[int, ...]) -> Tensor:
    """The array as a view of a larger shape."""
    return wg.broadcast_to(x, shape)
