"""Reductions, cumulative sums and products, and differences."""

from __future__ import annotations

from typing import Any

import wengert as wg
from wengert._tensor import Tensor

__all__ = [
    "all",
    "any",
    "count_nonzero",
    "cumulative_prod",
    "cumulative_sum",
    "diff",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]


def _axes(x: Tensor, axis: Any) -> tuple[int, ...]:
    """All axes for None."""
    if axis is None:
        return tuple(range(x.dim()))
    return (axis,) if isinstance(axis, int) else tuple(axis)


def _reduce(f: Any, x: Tensor, axis: Any, keepdims: bool, **options: Any) -> Tensor:
    axes = _axes(x, axis)
    if not axes:  # nothing is reduced, but a dimension is needed to say so
        return f(x.unsqueeze(0), dim=(0,), keepdim=False, **options)
    return f(x, dim=axes, keepdim=keepdims, **options)


def sum(x: Tensor, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """Sums along axes; integers give int64."""
    return _reduce(wg.sum, x, axis, keepdims, dtype=dtype)


def prod(x: Tensor, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """Products along axes; integers give int64."""
    return _reduce(wg.prod, x, axis, keepdims, dtype=dtype)


def mean(x: Tensor, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Means along axes."""
    return _reduce(wg.mean, x, axis, keepdims)


def max(x: Tensor, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Greatest elements along axes."""
    return _reduce(wg.amax, x, axis, keepdims)


def min(x: Tensor, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Least elements along axes."""
    return _reduce(wg.amin, x, axis, keepdims)


def var(
    x: Tensor, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Variances along axes, divided by the number of elements less `correction`."""
    return _reduce(wg.var, x, axis, keepdims, correction=correction)


def std(
    x: Tensor, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Standard deviations along axes; see `var`."""
    return _reduce(wg.std, x, axis, keepdims, correction=correction)


def all(x: Tensor, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether all elements along axes are true, as bool."""
    return _reduce(wg.all, x != 0, axis, keepdims)


def any(x: Tensor, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether an element along axes is true, as bool."""
    return _reduce(wg.any, x != 0, axis, keepdims)


def count_nonzero(x: Tensor, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """How many elements along axes are not zero."""
    return _reduce(wg.sum, x != 0, axis, keepdims)


def _axis_of(op: str, x: Tensor, axis: int | None) -> int:
    if axis is None and x.dim() > 1:
        raise ValueError(f"{op}: an array of {x.dim()} dimensions needs an axis")
    return 0 if axis is None else axis


def _start(x: Tensor, axis: int, value: int) -> Tensor:
    shape = list(x.shape)
    shape[axis] = 1
    return wg.full(shape, value, dtype=x.dtype)


def cumulative_sum(
    x: Tensor, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """Running sums along an axis, on demand with the 0 before the first."""
    x = x.reshape(1) if x.dim() == 0 else x
    at = _axis_of("cumulative_sum", x, axis)
    made = wg.cumsum(x, at, dtype=dtype)
    return wg.cat([_start(made, at, 0), made], at) if include_initial else made


def cumulative_prod(
    x: Tensor, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """Running products along an axis, on demand with the 1 before the first."""
    x = x.reshape(1) if x.dim() == 0 else x
    at = _axis_of("cumulative_prod", x, axis)
    made = wg.cumprod(x, at, dtype=dtype)
    return wg.cat([_start(made, at, 1), made], at) if include_initial else made


def diff(
    x: Tensor, /, n: int = 1, axis: int = -1, *, prepend: Any = None, append: Any = None
) -> Tensor:
    """Differences of neighbours along an axis, n times over; n may be given by position too, as
    programs do that were written for NumPy."""
    return wg.diff(x, n=n, dim=axis, prepend=prepend, append=append)
