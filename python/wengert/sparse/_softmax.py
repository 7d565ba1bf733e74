"""Softmax over the stored elements of sparse tensors."""

from __future__ import annotations

from typing import Any

from wengert import Tensor, no_grad
from wengert import _ops as _C
from wengert.sparse._convert import coalesce
from wengert.sparse._places import distinct, sum_by, wrap_dim
from wengert.sparse._tensor import SparseTensor, is_sparse, like


def _softmax(op: str, input: Any, dim: int, dtype: Any, log: bool) -> SparseTensor:
    if not is_sparse(input):
        raise NotImplementedError(f"{op}: expected a sparse tensor, but got a dense one")
    dim = wrap_dim(op, dim, input.ndim)
    input = coalesce(input)
    indices, values, _ = input._parts
    if dtype is not None:
        values = values.to(dtype)
    if not values.is_floating_point():
        raise NotImplementedError(
            f"{op}: expected a floating point dtype, but got {values.dtype}; give dtype="
        )
    n = len(indices)
    if dim >= n:
        f = _C.log_softmax if log else _C.softmax
        return like(input, f(values, dim - n + 1))
    if values.shape[0] == 0:
        return like(input, values)
    group, count = _lines(indices, input.shape, dim)
    with no_grad():
        # Numbers are taken relative to the largest of their line.
        lowest = _C.full((count, *values.shape[1:]), float("-inf"), dtype=values.dtype)
        at = group.view(-1, *[1] * (values.ndim - 1)).expand(values.shape)
        largest = lowest.scatter_reduce(0, at, values.detach(), "amax")[group]
    shifted = values - largest
    exponents = shifted.exp()
    total = sum_by(exponents, group, count).index_select(0, group)
    return like(input, shifted - total.log() if log else exponents / total)


def _lines(indices: Tensor, shape: Any, dim: int) -> tuple[Tensor, int]:
    """The number of the line along dim on which each entry stands, and how many lines there are."""
    with no_grad():
        rest = [d for d in range(len(indices)) if d != dim]
        _, order, first, number = distinct(indices[rest], [shape[d] for d in rest])
        group = _C.empty(indices.shape[1], dtype=indices.dtype)
        group[order] = number
        return group, len(first)


def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """exp(x) / sum exp(x) along dim over the stored elements; the others count as -inf."""
    return _softmax("softmax", input, dim, dtype, False)  # type: ignore[return-value]


def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The logarithm of :func:`softmax`, of the stored elements."""
    return _softmax("log_softmax", input, dim, dtype, True)  # type: ignore[return-value]
