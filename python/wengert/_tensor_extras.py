"""Methods of Tensor that are rare: changes of every element by Python, of the diagonal, and what
there is to know of a tensor's memory and place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import wengert as wg
from wengert import _layouts, _properties, _statistics
from wengert._tensor import Tensor, dtype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _each(op: str, self: Tensor, others: Sequence[Tensor], function: Callable[..., Any]) -> Tensor:
    if self.requires_grad:
        raise RuntimeError(f"{op}: a tensor that requires grad cannot be changed so; detach() it")
    if not callable(function):
        raise TypeError(f"{op}: expected a function, but got {type(function).__name__}")
    rows = [t.expand(self.shape).reshape(-1).tolist() for t in (self, *others)]
    made = wg.tensor([function(*values) for values in zip(*rows)], dtype=self.dtype)
    return self.copy_(made.reshape(self.shape))


def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Puts callable(element) in each element's place; slow, for there is a call for each."""
    return _each("apply_", self, (), callable)


def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Puts callable(element, other's element) in each element's place."""
    return _each("map_", self, (tensor,), callable)


def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """Puts callable(element, x's element, y's element) in each element's place."""
    return _each("map2_", self, (x, y), callable)


def fill_diagonal_(self: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """Sets the elements whose indices are all equal; with ``wrap`` the diagonal of a tall matrix
    begins again below its end.

    Raises RuntimeError for fewer than 2 dimensions, and for more that differ in size.
    """
    if self.ndim < 2:
        raise RuntimeError(
            f"fill_diagonal_: expected at least 2 dimensions, but got shape {tuple(self.shape)}"
        )
    if self.ndim > 2:
        if len(set(self.shape)) > 1:
            raise RuntimeError(
                f"fill_diagonal_: all dimensions must have one size, but the shape is "
                f"{tuple(self.shape)}"
            )
        at = wg.arange(self.shape[0])
        self[(at,) * self.ndim] = fill_value
        return self
    rows, columns = self.shape
    self.diagonal().fill_(fill_value)
    if wrap:
        for start in range(columns + 1, rows, columns + 1):
            self[start:].diagonal().fill_(fill_value)
    return self


def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """The sums over those dimensions that broadcasting from ``size`` would make.

    Raises RuntimeError if ``size`` does not broadcast to the tensor's shape.
    """
    sizes = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
    more = self.ndim - len(sizes)
    fits = more >= 0 and all(n in (1, m) for n, m in zip(sizes, self.shape[more:]))
    if not fits:
        raise RuntimeError(f"sum_to_size: {tuple(sizes)} does not broadcast to {tuple(self.shape)}")
    dims = tuple(range(more)) + tuple(
        more + i for i, n in enumerate(sizes) if n == 1 and self.shape[more + i] != 1
    )
    return self.sum(dims, keepdim=True).reshape(sizes) if dims else self


def dim_order(self: Tensor, *, ambiguity_check: Any = False) -> tuple[int, ...]:
    """The dimensions in the order in which they lie in memory, the outermost first."""
    strides = self.stride()
    return tuple(sorted(range(self.ndim), key=lambda d: -strides[d]))


def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether both show the same memory with the same shape and strides."""
    return (
        self.shape == tensor.shape
        and self.stride() == tensor.stride()
        and self.data_ptr() == tensor.data_ptr()
        and self.dtype is tensor.dtype
    )


def new_empty_strided(
    self: Tensor,
    size: Sequence[int],
    stride: Sequence[int],
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """`empty_strided` with the tensor's dtype."""
    return _layouts.empty_strided(
        size, stride, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad
    )


def index_reduce_(
    self: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
) -> Tensor:
    """`index_reduce` in place."""
    made = _layouts.index_reduce(
        self.clone(), dim, index, source, reduce, include_self=include_self
    )
    return self.copy_(made)


def renorm_(self: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """`renorm` in place."""
    return self.copy_(_layouts.renorm(self.clone(), p, dim, maxnorm))


def logical_not_(self: Tensor) -> Tensor:
    """`logical_not` in place; the dtype stays."""
    return self.copy_(wg.logical_not(self))


def narrow_copy(self: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`narrow`, but a copy of the elements."""
    return wg.narrow(self, dim, start, length).clone()


def unsafe_chunk(self: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """`chunk`."""
    return tuple(self.chunk(chunks, dim))


def unsafe_split(self: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """`split` into pieces of one size."""
    return self.split(split_size, dim)


def unsafe_split_with_sizes(
    self: Tensor, split_sizes: Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """`split` into pieces of the sizes given."""
    return self.split_with_sizes(split_sizes, dim)


def _fixed(value: Any, doc: str) -> property:
    return property(lambda self: value, doc=doc)


methods: dict[str, Any] = {
    f.__name__: f
    for f in (
        apply_,
        map_,
        map2_,
        fill_diagonal_,
        sum_to_size,
        dim_order,
        is_set_to,
        new_empty_strided,
        index_reduce_,
        renorm_,
        logical_not_,
        narrow_copy,
        unsafe_chunk,
        unsafe_split,
        unsafe_split_with_sizes,
        _statistics.histogram,
        _layouts.as_strided_scatter,
        _layouts.index_reduce,
        _layouts.nonzero_static,
        _layouts.renorm,
        _properties.is_nonzero,
        _properties.is_same_size,
    )
}
methods["is_cpu"] = _fixed(True, "True: every tensor is on the CPU.")
for _name in ["ipu", "maia", "meta", "mps", "mtia", "vulkan", "xla", "xpu"]:
    methods[f"is_{_name}"] = _fixed(False, "False: every tensor is on the CPU.")
for _name in ["mkldnn", "nested", "quantized", "sparse_csr"]:
    methods[f"is_{_name}"] = _fixed(False, "False: elements are numbers at strides in memory.")
methods["_grad"] = Tensor.grad
