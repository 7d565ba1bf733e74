"""Sparse tensors from dense ones and the other way, copies and other dtypes."""

from __future__ import annotations

from math import prod
from typing import Any

from wengert import Tensor, arange, no_grad
from wengert import _ops as _C
from wengert.sparse._places import distinct, flat, sum_by
from wengert.sparse._tensor import FUNCTIONS, SparseTensor, function, is_sparse, like, make


@function()
def coalesce(self: Any) -> SparseTensor:
    """The same tensor with its indices sorted, no two the same: what stands at one place is
    summed. Itself if it is coalesced."""
    if not is_sparse(self):
        raise RuntimeError("coalesce: expected a sparse tensor, but got a dense one")
    indices, values, coalesced = self._parts
    if coalesced:
        return self
    places, order, first, groups = distinct(indices, self.shape)
    values = values.index_select(0, order)
    if len(first) < len(order):
        values = sum_by(values, groups, len(first))
    return SparseTensor(places, values, tuple(self.shape), True)


@function()
def to_dense(self: Any, dtype: Any = None, *, masked_grad: bool | None = None) -> Tensor:
    """All elements, in a dense tensor."""
    if not is_sparse(self):
        return self if dtype is None else self.to(dtype)
    if dtype is not None:
        raise RuntimeError("to_dense: dtype is not supported for sparse tensors; call to() first")
    indices, values, _ = self._parts
    dims = int(indices.shape[0])
    dense = sum_by(values, flat(indices, self.shape), prod(self.shape[:dims]))
    return dense.reshape(tuple(self.shape))


def lookup(t: SparseTensor, indices: Tensor) -> Tensor:
    """The elements of t, or dense blocks of them, at other places."""
    t = coalesce(t)
    own, values, _ = t._parts
    if values.shape[0] == 0:
        return _C.zeros((indices.shape[1], *values.shape[1:]), dtype=values.dtype)
    with no_grad():
        places, wanted = flat(own, t.shape).contiguous(), flat(indices, t.shape).contiguous()
        at = _C.searchsorted(places, wanted).clamp(max=len(places) - 1)
        found = (places[at] == wanted).view(-1, *[1] * t.dense_dim())
    taken = values.index_select(0, at)
    return _C.where(found, taken, _C.zeros((), dtype=values.dtype))


@function()
def sparse_mask(self: Any, mask: Any) -> SparseTensor:
    """The elements at the places of a sparse tensor, which has the same shape."""
    if not is_sparse(mask):
        raise NotImplementedError("sparse_mask: expected a sparse mask, but got a dense tensor")
    if self.shape != mask.shape:
        raise RuntimeError(
            f"sparse_mask: expected a mask of shape {tuple(self.shape)}, but got "
            f"{tuple(mask.shape)}"
        )
    indices = mask._parts[0]
    if not is_sparse(self):
        values = (
            self[tuple(indices)] if len(indices) else self.expand(indices.shape[1], *self.shape)
        )
    elif self.sparse_dim() != len(indices):
        raise RuntimeError("sparse_mask: expected as many sparse dimensions in both tensors")
    else:
        values = lookup(self, indices)
    return like(mask, values)


@function()
def to_sparse(
    self: Any,
    sparse_dim: int | None = None,
    *,
    layout: Any = None,
    blocksize: Any = None,
    dense_dim: int | None = None,
) -> Any:
    """The elements that are not zero, as a sparse tensor whose first ``sparse_dim`` dimensions are
    indexed (default: all). ``layout`` may be ``sparse_coo``, ``sparse_csr`` or ``strided``."""
    kind = "sparse_coo" if layout is None else layout._name
    if blocksize is not None or kind not in ("sparse_coo", "sparse_csr", "strided"):
        raise NotImplementedError(f"to_sparse: layout {kind} is not available; use sparse_coo")
    if kind == "strided":
        return self.to_dense()
    if kind == "sparse_csr":
        return self.to_sparse_csr(dense_dim)
    if getattr(self, "is_sparse_csr", False):
        from wengert.sparse._csr import to_coo

        return to_coo(self)
    if layout is not None and sparse_dim is not None:
        raise TypeError("to_sparse: expected either sparse_dim or layout, but got both")
    n = (self.ndim - (dense_dim or 0)) if sparse_dim is None else sparse_dim
    if is_sparse(self):
        if sparse_dim is not None and n != self.sparse_dim():
            raise RuntimeError(
                f"to_sparse: a sparse tensor keeps its {self.sparse_dim()} indexed dimensions"
            )
        return self
    if not 0 <= n <= self.ndim or (n == 0 and self.ndim > 0):
        raise RuntimeError(
            f"to_sparse: expected sparse_dim to be from {min(1, self.ndim)} to {self.ndim}, but "
            f"got {n}"
        )
    with no_grad():
        there = self.detach() != 0
        if n < self.ndim:
            there = there.flatten(n).any(-1)
        if n == 0:
            indices = _C.zeros((0, int(there)), dtype=arange(0).dtype)
        else:
            indices = there.nonzero().t().contiguous()
    values = self.reshape(1)[: indices.shape[1]] if n == 0 else self[tuple(indices)]
    return make(indices, values, self.shape, True)


@function()
def clone(input: SparseTensor, *, memory_format: Any = None) -> SparseTensor:
    """A copy with a memory of its own."""
    indices, values, coalesced = input._parts
    return type(input)(indices.clone(), values.clone(), tuple(input.shape), coalesced)


@function()
def to(self: SparseTensor, *args: Any, **kwargs: Any) -> SparseTensor:
    """The tensor with another dtype, as of dense tensors."""
    copy = kwargs.pop("copy", False)
    wanted = [a for a in args if isinstance(a, Tensor)] + [kwargs.get("other")]
    if wanted[0] is not None and not is_sparse(wanted[0]):
        raise RuntimeError("to: a sparse tensor is converted to a dense one by to_dense()")
    args = tuple(a._parts[1] if is_sparse(a) else a for a in args)
    values = self._parts[1]
    result = values.to(*args, **kwargs)
    if copy:
        return clone(like(self, result))
    return self if result is values else like(self, result)


_CONVERSIONS = "float double half bfloat16 int long short char byte bool cfloat cdouble"
for _name in _CONVERSIONS.split():
    FUNCTIONS[_name] = lambda self, _name=_name: to(self, getattr(self._parts[1], _name)().dtype)


@function()
def type_as(self: SparseTensor, other: Any) -> SparseTensor:
    """The tensor with the dtype of another sparse one."""
    return to(self, other)


@function()
def cpu(self: SparseTensor) -> SparseTensor:
    """The tensor itself: it is on the CPU."""
    return self


@function()
def is_same_size(self: Any, other: Any) -> bool:
    """Whether both have the same shape."""
    return bool(self.shape == other.shape)


@function("zeros_like", "empty_like")
def zeros_like(
    input: SparseTensor, *, dtype: Any = None, requires_grad: bool = False, **kwargs: Any
) -> SparseTensor:
    """A tensor of the same shape in which nothing is stored."""
    indices, values, _ = input._parts
    nothing = values.detach()[:0].to(dtype or values.dtype).clone()
    made = make(indices[:, :0].clone(), nothing, input.shape, True)
    return made.requires_grad_(requires_grad)
