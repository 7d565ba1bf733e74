"""Sparse tensors with other shapes, their parts, and tensors joined."""

from __future__ import annotations

from typing import Any

from wengert import Tensor, arange, no_grad, promote_types
from wengert import _ops as _C
from wengert.sparse._places import ranges, wrap_dim
from wengert.sparse._tensor import SparseTensor, function, is_sparse, like, make


@function("transpose", "swapaxes", "swapdims")
def transpose(input: SparseTensor, dim0: int, dim1: int) -> SparseTensor:
    """Two of the indexed dimensions swapped."""
    order = list(range(input.ndim))
    a, b = (wrap_dim("transpose", d, input.ndim) for d in (dim0, dim1))
    order[a], order[b] = order[b], order[a]
    return permute(input, order)


@function()
def t(input: SparseTensor) -> SparseTensor:
    """A matrix transposed."""
    if input.ndim > 2 or input.dense_dim():
        raise RuntimeError(f"t: expected a sparse matrix, but got shape {tuple(input.shape)}")
    return transpose(input, 0, 1) if input.ndim == 2 else input


@function()
def permute(input: SparseTensor, *dims: Any) -> SparseTensor:
    """The dimensions in another order, indexed ones among themselves."""
    given = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    order = [wrap_dim("permute", d, input.ndim) for d in given]
    if sorted(order) != list(range(input.ndim)):
        raise RuntimeError(f"permute: expected each dimension once, but got {tuple(given)}")
    n = input.sparse_dim()
    if order == list(range(input.ndim)):
        return like(input, input._parts[1])
    if order[n:] != list(range(n, input.ndim)):
        raise RuntimeError(
            f"transpose: only the {n} indexed dimensions can change places, but got {tuple(given)}"
        )
    indices, values, _ = input._parts
    made = make(indices[order[:n]], values, [input.shape[d] for d in order])
    if input.ndim == 2:
        own = input._plans if "_plans" in input.__dict__ else {}
        pairs = {"rows": "columns", "columns": "rows"}
        made._plans = {pairs[k]: v for k, v in own.items()}
    return made


@function()
def unsqueeze(input: SparseTensor, dim: int) -> SparseTensor:
    """A dimension of size 1 put in before dim, indexed if dim is no later than the last indexed
    dimension."""
    indices, values, coalesced = input._parts
    dim = wrap_dim("unsqueeze", dim, input.ndim + 1)
    shape = [*input.shape[:dim], 1, *input.shape[dim:]]
    if dim > len(indices):
        return make(indices, values.unsqueeze(dim - len(indices) + 1), shape, coalesced)
    zeros = _C.zeros((1, indices.shape[1]), dtype=indices.dtype)
    return make(_C.cat([indices[:dim], zeros, indices[dim:]]), values, shape, coalesced)


@function()
def select(input: SparseTensor, dim: int, index: int) -> Any:
    """The slice at one index: sparse, or dense where no indexed dimension is left."""
    dim = wrap_dim("select", dim, input.ndim)
    size = input.shape[dim]
    if not -size <= index < size:
        raise IndexError(f"select: index {index} is out of range for a dimension of size {size}")
    indices, values, coalesced = input._parts
    shape = [*input.shape[:dim], *input.shape[dim + 1 :]]
    n = len(indices)
    if dim >= n:
        return make(indices, values.select(dim - n + 1, index), shape, coalesced)
    kept = (indices[dim] == index % size).nonzero()[:, 0]
    values = values.index_select(0, kept)
    if n == 1:
        # What stands at one place is summed in the tensor's dtype.
        return values.sum(0, dtype=values.dtype)
    rest = [d for d in range(n) if d != dim]
    return make(indices[rest][:, kept], values, shape, False)


@function()
def index_select(input: SparseTensor, dim: int, index: Tensor) -> SparseTensor:
    """The slices along dim that index names, in its order."""
    dim = wrap_dim("index_select", dim, input.ndim)
    indices, values, _ = input._parts
    n, size = len(indices), input.shape[dim]
    shape = [*input.shape]
    shape[dim] = index.numel()
    with no_grad():
        index = index.long().reshape(-1)
        if index.numel() and not (int(index.min()) >= 0 and int(index.max()) < size):
            raise IndexError(f"index_select: an index is out of range for a size of {size}")
    if dim >= n:
        return make(indices, values.index_select(dim - n + 1, index), shape, input.is_coalesced())
    with no_grad():
        # The entries by their index along dim; for each one wanted the range of those it has.
        order = indices[dim].argsort(stable=True)
        along = indices[dim][order].contiguous()
        begin = _C.searchsorted(along, index.contiguous())
        count = _C.searchsorted(along, index.contiguous(), right=True) - begin
        new = arange(index.numel()).repeat_interleave(count)
        taken = order[ranges(begin, count)]
        places = indices[:, taken]
        places[dim] = new
    return make(places, values.index_select(0, taken), shape)


@function()
def narrow_copy(input: SparseTensor, dim: int, start: int, length: int) -> SparseTensor:
    """The slices start, ..., start + length - 1 along dim."""
    dim = wrap_dim("narrow_copy", dim, input.ndim)
    size = input.shape[dim]
    start = start + size if start < 0 else start
    if length < 0 or not 0 <= start <= size - length:
        raise RuntimeError(f"narrow_copy: {length} from {start} on exceed a size of {size}")
    return index_select(input, dim, arange(start, start + length))


@function("cat", "concat", "concatenate")
def cat(tensors: Any, dim: int = 0, *, axis: int | None = None) -> SparseTensor:
    """Sparse tensors joined along a dimension."""
    dim = dim if axis is None else axis
    for i, x in enumerate(tensors):
        if not is_sparse(x):
            raise RuntimeError(f"cat: expected sparse tensors, but number {i} is dense")
    first = tensors[0]
    dim = wrap_dim("cat", dim, first.ndim)
    n = first.sparse_dim()
    dtype = first.dtype
    for x in tensors[1:]:
        dtype = promote_types(dtype, x.dtype)
        others = [s for s, o in zip(x.shape, first.shape, strict=False)]
        others[dim : dim + 1] = [first.shape[dim]]
        if x.ndim != first.ndim or tuple(others) != tuple(first.shape) or x.sparse_dim() != n:
            raise RuntimeError(
                f"cat: expected the same sizes but along dimension {dim}, got "
                f"{tuple(first.shape)} and {tuple(x.shape)}"
            )
    shape = [*first.shape]
    shape[dim] = 0
    places, values = [], []
    for x in tensors:
        indices, own, _ = x._parts
        own = own.to(dtype)
        if dim < n:
            indices = indices.clone()
            indices[dim] += shape[dim]
        else:
            # Zeros before and after, where the others stand.
            total = sum(y.shape[dim] for y in tensors)
            sizes = [*own.shape]
            before, after = [*sizes], [*sizes]
            before[dim - n + 1] = shape[dim]
            after[dim - n + 1] = total - shape[dim] - x.shape[dim]
            zeros = [_C.zeros(s, dtype=dtype) for s in (before, after)]
            own = _C.cat([zeros[0], own, zeros[1]], dim - n + 1)
        places.append(indices)
        values.append(own)
        shape[dim] += x.shape[dim]
    return make(_C.cat(places, 1), _C.cat(values), shape)


@function()
def stack(tensors: Any, dim: int = 0) -> SparseTensor:
    """Sparse tensors of one shape joined along a new dimension."""
    if not all(map(is_sparse, tensors)):
        raise RuntimeError("stack: sparse and dense tensors cannot be joined; use to_dense()")
    dim = wrap_dim("stack", dim, tensors[0].ndim + 1)
    return cat([unsqueeze(x, dim) for x in tensors], dim)


@function("expand", "expand_as", "repeat")
def expand(input: SparseTensor, *sizes: Any) -> SparseTensor:
    """Raises RuntimeError: sparse tensors do not expand."""
    raise RuntimeError("expand: not available for sparse tensors; convert with to_dense()")


@function("reshape", "flatten", "reshape_as")
def reshape(input: SparseTensor, *shape: Any) -> SparseTensor:
    """Raises RuntimeError: the places of a sparse tensor stay."""
    raise RuntimeError("reshape: not available for sparse tensors; convert with to_dense()")


@function()
def contiguous(self: SparseTensor, memory_format: Any = None) -> SparseTensor:
    """Raises RuntimeError: the elements do not stand side by side."""
    raise RuntimeError("contiguous: not available for sparse tensors; convert with to_dense()")
