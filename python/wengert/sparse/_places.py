"""Places of the elements of sparse tensors, as dense tensors of indices."""

from __future__ import annotations

from math import prod

from wengert import Tensor, arange, no_grad
from wengert import _ops as _C

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def wrap_dim(op: str, dim: int, ndim: int) -> int:
    """The dimension counted from the first. IndexError if there is none."""
    n = max(ndim, 1)
    if not -n <= dim < n:
        raise IndexError(f"{op}: dimension out of range, expected {-n} to {n - 1} but got {dim}")
    return dim % n


def flat(indices: Tensor, shape: Any) -> Tensor:
    """The places as numbers, counted in row-major order over the indexed dimensions."""
    dims = int(indices.shape[0])
    if prod(shape[:dims]) >= 1 << 63:
        raise RuntimeError(f"sparse tensor: shape {tuple(shape)} has too many places to count")
    at = _C.zeros(indices.shape[1], dtype=indices.dtype) if dims == 0 else indices[0]
    for d in range(1, dims):
        at = at * shape[d] + indices[d]
    return at


def distinct(indices: Tensor, shape: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The distinct places in order; an order of the entries by place; where in it each place
    begins; and the place, by its number, of each entry in that order."""
    with no_grad():
        at = flat(indices, shape)
        order = at.argsort(stable=True)
        at = at[order]
        new = _C.cat([_C.ones(min(1, len(at)), dtype=at.dtype).bool(), at[1:] != at[:-1]])
        first = new.nonzero()[:, 0]
        return indices[:, order[first]], order, first, new.long().cumsum(0) - 1


def sum_by(values: Tensor, groups: Tensor, count: int) -> Tensor:
    """The sums of the rows of values that belong to each of the groups."""
    if values.dtype.name == "bool":
        return sum_by(values.long(), groups, count).bool()
    if values.dtype.name in ("float16", "bfloat16"):
        return sum_by(values.float(), groups, count).to(values.dtype)
    zeros = _C.zeros((count, *values.shape[1:]), dtype=values.dtype)
    return zeros.index_add(0, groups, values)


def ranges(begin: Tensor, count: Tensor) -> Tensor:
    """begin[0], begin[0] + 1, ..., count[0] of them, then those from begin[1] on, and so on."""
    ends = count.cumsum(0)
    total = int(ends[-1]) if len(ends) else 0
    return arange(total) + (begin - (ends - count)).repeat_interleave(count)
