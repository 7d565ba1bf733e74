"""Arithmetic of sparse tensors, and the functions of single elements that keep zero."""

from __future__ import annotations

from typing import Any

from wengert import Tensor, no_grad, promote_types
from wengert import _ops as _C
from wengert.sparse._tensor import (
    FUNCTIONS,
    SparseTensor,
    coalesce,
    function,
    is_sparse,
    like,
    lookup,
    make,
    wrap_dim,
)


def _is_number(value: Any) -> bool:
    return not isinstance(value, Tensor) or (not is_sparse(value) and value.ndim == 0)


def _check_same_shape(op: str, a: Any, b: Any) -> None:
    if a.shape != b.shape:
        raise RuntimeError(
            f"{op}: expected two tensors of the same size, but got {tuple(a.shape)} and "
            f"{tuple(b.shape)}"
        )


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
    _check_same_shape("add", input, other)
    indices, values, coalesced = other._parts
    if alpha != 1:
        values = values * alpha
    if not is_sparse(input):
        dtype = promote_types(input.dtype, values.dtype)
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
    dtype = promote_types(first.dtype, values.dtype)
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
    return add(input, other, alpha=-alpha)


@function("mul", "multiply")
def mul(input: Any, other: Any) -> Any:
    """The product with a number, with a dense tensor that broadcasts to the shape, or of two
    sparse tensors of one shape. It is sparse."""
    if not is_sparse(input):
        input, other = other, input
    if _is_number(other):
        return like(input, input._parts[1] * other)
    indices, values, coalesced = input._parts
    if not is_sparse(other):
        if other.ndim > input.ndim or _C.broadcast_shapes(other.shape, input.shape) != input.shape:
            raise RuntimeError(
                f"mul: a dense tensor of shape {tuple(other.shape)} does not broadcast to the "
                f"sparse one of shape {tuple(input.shape)}"
            )
        return like(input, values * other.expand(tuple(input.shape))[tuple(indices)])
    _check_same_shape("mul", input, other)
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
    if not _is_number(other):
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
    if not is_sparse(input) or is_sparse(exponent) or not _is_number(exponent):
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


# ---- in place -------------------------------------------------------------------------------


def _become(target: Any, result: Any) -> Any:
    """Stores a result in the tensor it was computed from."""
    if not is_sparse(target):
        return target.copy_(result.to_dense() if is_sparse(result) else result)
    if target.requires_grad and target.is_leaf:
        from wengert import is_grad_enabled

        if is_grad_enabled():
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
    if is_sparse(self) or self.requires_grad or other.requires_grad or not other.sparse_dim():
        return _become(self, add(self, other, alpha=alpha))
    _check_same_shape("add_", self, other)
    indices, values, _ = other._parts
    values = values.to(self.dtype)
    values = values if alpha == 1 else values * alpha
    return self.index_put_(tuple(indices), values, accumulate=True)


@function("sub_", "subtract_")
def sub_(self: Any, other: Any, *, alpha: Any = 1) -> Any:
    """self -= alpha other."""
    return add_(self, other, alpha=-alpha)


@function("mul_", "multiply_")
def mul_(self: Any, other: Any) -> Any:
    """self *= other."""
    if is_sparse(self) and _is_number(other):
        self._parts[1].mul_(other)
        return self
    return _become(self, mul(self, other))


@function("div_", "divide_", "true_divide_")
def div_(self: Any, other: Any) -> Any:
    """self /= other."""
    if is_sparse(self) and _is_number(other):
        self._parts[1].div_(other)
        return self
    return _become(self, div(self, other))


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
    _check_same_shape("copy_", self, src)
    indices, values, coalesced = src._parts
    return _become(self, make(indices.clone(), values.detach().clone(), src.shape, coalesced))


@function()
def clone(input: SparseTensor, *, memory_format: Any = None) -> SparseTensor:
    """A copy with a memory of its own."""
    indices, values, coalesced = input._parts
    return type(input)(indices.clone(), values.clone(), tuple(input.shape), coalesced)


@function()
def detach_(self: SparseTensor) -> SparseTensor:
    """Cuts this tensor off from its history."""
    indices, values, coalesced = self._parts
    self._set_parts(indices, values.detach(), coalesced)
    return self


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


# ---- sums and norms -------------------------------------------------------------------------


@function()
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over some dimensions: sparse, unless all indexed dimensions are among them."""
    if not is_sparse(input):
        raise NotImplementedError("sparse.sum: expected a sparse tensor, but got a dense one")
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


@function("norm", "native_norm")
def norm(
    input: SparseTensor, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Tensor:
    """The p-norm of all elements."""
    if dim is not None or keepdim:
        raise RuntimeError("norm: of sparse tensors only the norm of all elements is available")
    p = 2.0 if p in (None, "fro") else float(p)
    return coalesce(input)._parts[1].norm(p, dtype=dtype)


@function()
def any(input: SparseTensor) -> Tensor:
    """Whether some element is not zero."""
    return coalesce(input)._parts[1].any()
