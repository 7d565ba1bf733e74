"""Arithmetic of sparse tensors, and the functions of single elements that keep zero."""

from __future__ import annotations

import builtins
from typing import Any

from wengert import Tensor, no_grad, promote_types
from wengert import _ops as _C
from wengert import bool as bool_
from wengert.sparse._convert import coalesce, lookup
from wengert.sparse._tensor import FUNCTIONS, SparseTensor, function, is_sparse, like, make


def is_number(value: Any) -> bool:
    return not isinstance(value, Tensor) or (not is_sparse(value) and value.ndim == 0)


def check_same_shape(op: str, a: Any, b: Any) -> None:
    if a.shape != b.shape:
        raise RuntimeError(
            f"{op}: expected two tensors of the same size, but got {tuple(a.shape)} and "
            f"{tuple(b.shape)}"
        )


def check_no_bools(op: str, *tensors: Any) -> None:
    if builtins.any(getattr(t, "dtype", None) is bool_ for t in tensors):
        raise NotImplementedError(f"{op}: not defined for bools; convert them first")


def scaled(op: str, values: Tensor, alpha: Any, dtype: Any) -> Tensor:
    """alpha times values that become part of a tensor of this dtype."""
    if alpha == 1:
        return values
    if not (dtype.is_floating_point or dtype.is_complex) and not isinstance(alpha, int):
        raise RuntimeError(f"{op}: alpha must be a whole number beside integers, but got {alpha}")
    return values.to(dtype) * alpha


def _same_places(a: SparseTensor, b: SparseTensor) -> bool:
    x, y = a._parts[0], b._parts[0]
    return x.shape == y.shape and (x.data_ptr() == y.data_ptr() or bool((x == y).all()))


@function()
def add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input + alpha other: both sparse, or a dense input."""
    if not is_sparse(other):
        raise RuntimeError(
            "add: a dense tensor or a number cannot be added to a sparse one; write "
            "dense + sparse for a dense result"
        )
    if not hasattr(input, "layout"):
        raise RuntimeError("add: a sparse tensor cannot be added to a number")
    check_same_shape("add", input, other)
    indices, values, coalesced = other._parts
    dtype = promote_types(input.dtype, values.dtype)
    values = scaled("add", values, alpha, dtype)
    if not is_sparse(input):
        return (
            input.to(dtype).index_put(tuple(indices), values.to(dtype), accumulate=True)
            if indices.shape[0]
            else input + values.sum(0)
        )
    own, first, sorted_too = input._parts
    if len(own) != len(indices):
        raise RuntimeError(
            f"add: expected as many sparse dimensions, but got {len(own)} and {len(indices)}"
        )
    if _same_places(input, other):
        return like(input, first + values, coalesced and sorted_too)
    both = make(
        _C.cat([own, indices], 1),
        _C.cat([first.to(dtype), values.to(dtype)]),
        input.shape,
        first.shape[0] + values.shape[0] < 2,
    )
    return coalesce(both) if coalesced and sorted_too else both


@function("sub", "subtract")
def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input - alpha other, as `add`."""
    check_no_bools("sub", input, other)
    return add(input, other, alpha=-alpha)


@function("mul", "multiply")
def mul(input: Any, other: Any) -> Any:
    """The product with a number, with a dense tensor that broadcasts to the shape, or of two
    sparse tensors of one shape. It is sparse."""
    if not is_sparse(input):
        input, other = other, input
    if is_number(other):
        return like(input, input._parts[1] * other)
    indices, values, coalesced = input._parts
    if not is_sparse(other):
        if other.ndim > input.ndim or _C.broadcast_shapes(other.shape, input.shape) != input.shape:
            raise RuntimeError(
                f"mul: a dense tensor of shape {tuple(other.shape)} does not broadcast to the "
                f"sparse one of shape {tuple(input.shape)}"
            )
        return like(input, values * other.expand(tuple(input.shape))[tuple(indices)])
    check_same_shape("mul", input, other)
    if input.sparse_dim() != other.sparse_dim():
        raise RuntimeError("mul: expected as many sparse dimensions in both tensors")
    if _same_places(input, other) and coalesced and other.is_coalesced():
        return like(input, values * other._parts[1])
    # Places at which only one of them is not zero are left out.
    stored = like(other, _C.ones(other._nnz()).bool()) if other.dense_dim() == 0 else None
    kept = _is_stored(other, indices) if stored is None else _is_stored(stored, indices)
    with no_grad():
        kept = kept.nonzero()[:, 0]
        indices = indices[:, kept]
    product = values.index_select(0, kept) * lookup(other, indices)
    return make(indices, product, input.shape, coalesced)


def _is_stored(t: SparseTensor, indices: Tensor) -> Tensor:
    ones = _C.ones(t._nnz()).bool()
    t = make(t._parts[0], ones, t.shape[: t.sparse_dim()], t.is_coalesced())
    return lookup(t, indices)


@function("div", "divide", "true_divide")
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> SparseTensor:
    """The quotient by a number or a 0-d tensor."""
    if not is_sparse(input):
        raise NotImplementedError(
            "div: nothing can be divided by a sparse tensor, which is mostly zero"
        )
    if not is_number(other):
        raise RuntimeError(
            "div: a sparse tensor can be divided by a number or a 0-d tensor only, but got shape "
            f"{tuple(other.shape)}"
        )
    if rounding_mode is not None:
        input = coalesce(input)  # rounded sums are no sums of rounded values
    return like(input, _C.div(input._parts[1], other, rounding_mode=rounding_mode))


@function()
def floor_divide(input: Any, other: Any) -> SparseTensor:
    """The quotient, rounded down."""
    return div(input, other, rounding_mode="floor")


@function("neg", "negative")
def neg(input: SparseTensor) -> SparseTensor:
    """-input."""
    return like(input, -input._parts[1])


@function()
def positive(input: SparseTensor) -> SparseTensor:
    """input itself."""
    return input


@function()
def pow(input: Any, exponent: Any) -> SparseTensor:
    """input ** exponent, a number that is not 0."""
    if not is_sparse(input) or is_sparse(exponent) or not is_number(exponent):
        raise NotImplementedError("pow: a sparse tensor takes a number as its exponent")
    if exponent == 0:
        raise RuntimeError("pow: to the power of 0 a sparse tensor is dense; use to_dense()")
    input = coalesce(input)
    return like(input, input._parts[1] ** exponent)


def _elementwise(name: str) -> None:
    def of_each(input: SparseTensor) -> SparseTensor:
        input = coalesce(input)
        return like(input, getattr(_C, name)(input._parts[1]))

    FUNCTIONS[name] = of_each


_KEEP_ZERO = (
    "abs asin asinh atan atanh ceil deg2rad erf erfinv expm1 floor frac isinf isnan isneginf "
    "isposinf log1p rad2deg relu round sgn sign signbit sin sinh sqrt square tan tanh trunc"
)
for _name in _KEEP_ZERO.split():
    _elementwise(_name)
FUNCTIONS["absolute"] = FUNCTIONS["abs"]
FUNCTIONS["arcsin"], FUNCTIONS["arctan"] = FUNCTIONS["asin"], FUNCTIONS["atan"]
