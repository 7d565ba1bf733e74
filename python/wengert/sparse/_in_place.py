"""Sparse tensors changed in place, and dense ones by sparse ones."""

from __future__ import annotations

from typing import Any

from wengert import can_cast, is_grad_enabled, no_grad, promote_types
from wengert.sparse._arithmetic import (
    add,
    check_no_bools,
    check_same_shape,
    div,
    is_number,
    mul,
    scaled,
)
from wengert.sparse._tensor import SparseTensor, function, is_sparse, make


def _check_stored(op: str, dtype: Any, target: Any) -> None:
    if not can_cast(dtype, target.dtype):
        raise RuntimeError(
            f"{op}: a result of dtype {dtype} cannot be stored in a tensor of dtype "
            f"{target.dtype}; use the form that returns a new tensor"
        )


def _become(target: Any, result: Any) -> Any:
    """Stores a result in the tensor it was computed from."""
    if not is_sparse(target):
        return target.copy_(result.to_dense() if is_sparse(result) else result)
    if target.requires_grad and target.is_leaf and is_grad_enabled():
        raise RuntimeError(
            "a leaf that requires grad cannot be changed in place while it is recorded"
        )
    indices, values, coalesced = result._parts
    if target.requires_grad and target.is_leaf:
        values = values.detach().requires_grad_()
    target._set_parts(indices, values.to(target.dtype), coalesced)
    target.__dict__.pop("_plans", None)
    return target


@function()
def add_(self: Any, other: Any, *, alpha: Any = 1) -> Any:
    """self += alpha other."""
    if is_sparse(self) or not other.sparse_dim():
        result = add(self, other, alpha=alpha)
        _check_stored("add_", result.dtype, self)
        return _become(self, result)
    check_same_shape("add_", self, other)
    indices, values, _ = other._parts
    dtype = promote_types(self.dtype, values.dtype)
    _check_stored("add_", dtype, self)
    values = scaled("add_", values, alpha, dtype).to(self.dtype)
    if len(indices) == 1:
        return self.index_add_(0, indices[0], values)
    return self.index_put_(tuple(indices), values, accumulate=True)


@function("sub_", "subtract_")
def sub_(self: Any, other: Any, *, alpha: Any = 1) -> Any:
    """self -= alpha other."""
    check_no_bools("sub_", self, other)
    return add_(self, other, alpha=-alpha)


@function("mul_", "multiply_")
def mul_(self: Any, other: Any) -> Any:
    """self *= other."""
    if is_sparse(self) and is_number(other):
        self._parts[1].mul_(other)
        return self
    result = mul(self, other)
    _check_stored("mul_", result.dtype, self)
    return _become(self, result)


@function("div_", "divide_", "true_divide_")
def div_(self: Any, other: Any) -> Any:
    """self /= other."""
    if is_sparse(self) and is_number(other):
        self._parts[1].div_(other)
        return self
    result = div(self, other)
    _check_stored("div_", result.dtype, self)
    return _become(self, result)


@function()
def neg_(self: SparseTensor) -> SparseTensor:
    """self = -self."""
    self._parts[1].neg_()
    return self


@function()
def zero_(self: SparseTensor) -> SparseTensor:
    """Removes all values."""
    indices, values, _ = self._parts
    with no_grad():
        # A leaf's gradient is made of that of its values.
        (values if self._source is None else self._source).zero_()
    nothing = values.detach()[:0].clone().requires_grad_(values.requires_grad)
    self._set_parts(indices[:, :0].clone(), nothing, True)
    self.__dict__.pop("_plans", None)
    return self


@function()
def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    """Takes over shape, places and values of another sparse tensor."""
    if not is_sparse(self) or not is_sparse(src):
        raise RuntimeError(
            "copy_: cannot copy between dense and sparse tensors; convert with to_dense() or "
            "to_sparse()"
        )
    check_same_shape("copy_", self, src)
    indices, values, coalesced = src._parts
    return _become(self, make(indices.clone(), values.detach().clone(), src.shape, coalesced))


@function()
def detach_(self: SparseTensor) -> SparseTensor:
    """Cuts this tensor off from its history."""
    indices, values, coalesced = self._parts
    self._set_parts(indices, values.detach(), coalesced)
    return self
