"""Sums and norms of sparse tensors."""

from __future__ import annotations

from typing import Any

from wengert import Tensor
from wengert.sparse._convert import coalesce
from wengert.sparse._places import wrap_dim
from wengert.sparse._tensor import SparseTensor, function, is_sparse, make


@function()
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over some dimensions: sparse, unless all indexed dimensions are among them."""
    if not is_sparse(input):
        raise NotImplementedError("sparse.sum: expected a sparse tensor, but got a dense one")
    if not (input.dtype.is_floating_point or input.dtype.is_complex):
        input = coalesce(input)  # what stands at one place is summed in the tensor's dtype
    indices, values, _ = input._parts
    if dtype is not None:
        values = values.to(dtype)
    if dim is None or (not isinstance(dim, int) and len(dim) == 0):
        return values.sum()
    dims = [dim] if isinstance(dim, int) else list(dim)
    dims = [wrap_dim("sum", d, input.ndim) for d in dims]
    if len(set(dims)) < len(dims):
        raise RuntimeError(f"sum: a dimension appears twice in {dim}")
    n = len(indices)
    dense = [d - n + 1 for d in dims if d >= n]
    if dense:
        values = values.sum(dense)
    elif not values.is_floating_point() and not values.is_complex():
        values = values.long()
    kept = [d for d in range(n) if d not in dims]
    if not kept:
        result = values.sum(0)
    else:
        shape = [s for d, s in enumerate(input.shape) if d not in dims]
        result = coalesce(make(indices[kept], values, shape))
    for d in sorted(dims) if keepdim else ():
        result = result.unsqueeze(d)
    return result


@function("norm", "native_norm", "_vector_norm")
def norm(
    input: SparseTensor,
    p: Any = 2,
    dim: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
    out: None = None,
) -> Tensor:
    """The p-norm of all elements."""
    if dim not in (None, ()) or keepdim or out is not None:
        raise RuntimeError("norm: of sparse tensors only the norm of all elements is available")
    p = 2.0 if p in (None, "fro") else float(p)
    return coalesce(input)._parts[1].norm(p, dtype=dtype)


@function()
def any(input: SparseTensor) -> Tensor:
    """Whether some element is not zero."""
    return coalesce(input)._parts[1].any()
