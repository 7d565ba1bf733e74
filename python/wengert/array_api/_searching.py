"""Searching, sorting, sets and taking."""

from __future__ import annotations

from typing import Any, NamedTuple

import wengert as wg
from wengert._tensor import Tensor

from ._elementwise import _pair

__all__ = [
    "argmax",
    "argmin",
    "argsort",
    "isin",
    "nonzero",
    "searchsorted",
    "sort",
    "take",
    "take_along_axis",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
    "where",
]


class UniqueAll(NamedTuple):
    """Different values, where each stands first, what each element is, how often each stands."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """Different values, and how often each stands."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """Different values, and which of them each element is."""

    values: Tensor
    inverse_indices: Tensor


def argmax(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the greatest elements stand first."""
    return wg.argmax(x, axis, keepdims)


def argmin(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the least elements stand first."""
    return wg.argmin(x, axis, keepdims)


def argsort(
    x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> Tensor:
    """The indices that sort an axis."""
    return wg.argsort(x, dim=axis, descending=descending, stable=stable)


def sort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The elements along an axis in order."""
    return wg.sort(x, dim=axis, descending=descending, stable=stable)[0]


def nonzero(x: Tensor, /) -> tuple[Tensor, ...]:
    """The indices of elements that are not zero, for each axis."""
    if x.dim() == 0:
        raise ValueError("nonzero: an array of no dimensions has no indices")
    return tuple(wg.nonzero(x, as_tuple=True))


def searchsorted(
    x1: Tensor, x2: Any, /, *, side: str = "left", sorter: Tensor | None = None
) -> Tensor:
    """Where the values x2 belong in x1, which `sorter` sorts."""
    return wg.searchsorted(x1, x2, side=side, sorter=sorter)


def where(condition: Tensor, x1: Any = None, x2: Any = None, /) -> Any:
    """Elements of x1 where the condition is true, else of x2; beyond the standard, as in NumPy,
    the condition alone gives `nonzero` of it."""
    if x1 is None and x2 is None:
        return nonzero(condition)
    return wg.where(condition, *_pair(x1, x2))


def take(x: Tensor, indices: Tensor, /, *, axis: int | None = None) -> Tensor:
    """The slices with these indices along an axis."""
    if axis is None:
        if x.dim() != 1:
            raise ValueError(f"take: an array of {x.dim()} dimensions needs an axis")
        axis = 0
    at = wg.where(indices < 0, indices + x.shape[axis], indices).long()
    return wg.index_select(x, axis, at)


def take_along_axis(x: Tensor, indices: Tensor, /, *, axis: int = -1) -> Tensor:
    """For each line along an axis the elements with these indices."""
    at = wg.where(indices < 0, indices + x.shape[axis], indices).long()
    return wg.take_along_dim(x, at, dim=axis)


def isin(x1: Any, x2: Any, /, *, invert: bool = False) -> Tensor:
    """Whether each element of x1 is one of x2."""
    return wg.isin(*_pair(x1, x2), invert=invert)


def unique_values(x: Tensor, /) -> Tensor:
    """The different values, in order."""
    return wg.unique(x)


def unique_counts(x: Tensor, /) -> UniqueCounts:
    """The different values, and how often each stands."""
    return UniqueCounts(*wg.unique(x, return_counts=True))


def unique_inverse(x: Tensor, /) -> UniqueInverse:
    """The different values, and which of them each element is."""
    return UniqueInverse(*wg.unique(x, return_inverse=True))


def unique_all(x: Tensor, /) -> UniqueAll:
    """Everything that the other three say, and where each value stands first."""
    values, inverse, counts = wg.unique(x, return_inverse=True, return_counts=True)
    # In a stable order of the values, each one's elements begin where the others before it end.
    order = wg.argsort(inverse.reshape(-1), stable=True)
    starts = wg.cumsum(counts, 0) - counts
    return UniqueAll(values, order[starts], inverse, counts)
