"""Tensors of chosen strides, over memory of others, and with elements at chosen places."""

from __future__ import annotations

from collections.abc import Sequence

import wengert as wg
from wengert import _core
from wengert._creation import _check_device
from wengert._tensor import Tensor, dtype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops

__all__ = [
    "as_strided_scatter",
    "constant_pad_nd",
    "empty_permuted",
    "empty_strided",
    "fill",
    "frombuffer",
    "index_reduce",
    "logspace",
    "nonzero_static",
    "renorm",
]


def empty_strided(
    size: Sequence[int],
    stride: Sequence[int],
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """An uninitialised tensor with the given strides, over no more memory than they need."""
    if len(size) != len(stride):
        raise RuntimeError(
            f"empty_strided: size {tuple(size)} and stride {tuple(stride)} differ in length"
        )
    if any(n < 0 for n in (*size, *stride)):
        raise RuntimeError(
            f"empty_strided: expected no negative numbers, but got size {tuple(size)} and stride "
            f"{tuple(stride)}"
        )
    needed = 0 if 0 in size else 1 + sum((n - 1) * s for n, s in zip(size, stride))
    memory = wg.empty(needed, dtype=dtype, device=device)
    made = wg.as_strided(memory, tuple(size), tuple(stride), 0).detach()
    return made.requires_grad_() if requires_grad else made


def empty_permuted(
    size: Sequence[int],
    physical_layout: Sequence[int],
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """An uninitialised dense tensor whose dimensions lie in memory in the order
    ``physical_layout``, the outermost first."""
    if sorted(physical_layout) != list(range(len(size))):
        raise RuntimeError(
            f"empty_permuted: physical_layout must name each of {len(size)} dimensions once, but "
            f"is {tuple(physical_layout)}"
        )
    strides = [0] * len(size)
    step = 1
    for d in reversed(physical_layout):
        strides[d] = step
        step *= max(size[d], 1)
    return empty_strided(size, strides, dtype=dtype, device=device, requires_grad=requires_grad)


def frombuffer(
    buffer: Any, *, dtype: dtype, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A vector over the memory of an object with the buffer protocol.

    Args:
        buffer: the object; writing to the tensor writes to it, unless it is read-only.
        dtype: what its bytes stand for.
        count: how many elements; -1 for all.
        offset: how many bytes are skipped at the start.
    """
    try:
        view = memoryview(buffer).cast("B")
    except TypeError as e:
        raise ValueError(f"frombuffer: {e}") from None
    size = dtype.itemsize
    if len(view) == 0 or count == 0:
        raise ValueError(f"frombuffer: expected elements, but got {len(view)} bytes, count {count}")
    if not 0 <= offset < len(view):
        raise ValueError(
            f"frombuffer: the offset must lie within the {len(view)} bytes, but is {offset}"
        )
    rest = len(view) - offset
    if count < 0:
        if rest % size:
            raise ValueError(
                f"frombuffer: {rest} bytes are no whole number of elements of {size} bytes"
            )
        count = rest // size
    if count * size > rest:
        raise ValueError(
            f"frombuffer: {count} elements of {size} bytes are more than the {rest} bytes"
        )
    import numpy as np

    if dtype is wg.bfloat16:
        raise TypeError("frombuffer: NumPy has no bfloat16; read int16 and use view(dtype)")
    made = wg.from_numpy(np.frombuffer(buffer, np.dtype(dtype.name), count, offset))
    return made.requires_grad_() if requires_grad else made


def as_strided_scatter(
    input: Tensor,
    src: Tensor,
    size: Sequence[int],
    stride: Sequence[int],
    storage_offset: int | None = None,
) -> Tensor:
    """A copy of ``input`` whose `as_strided` part has the elements of ``src``."""
    out = input.clone()
    part = wg.as_strided(out, size, stride, storage_offset)
    if part.shape != src.shape:
        raise RuntimeError(
            f"as_strided_scatter: expected src of shape {tuple(part.shape)}, but got "
            f"{tuple(src.shape)}"
        )
    part.copy_(src)
    return out


def constant_pad_nd(input: Tensor, pad: Sequence[int], value: float = 0) -> Tensor:
    """`nn.functional.pad` with a constant."""
    from wengert.nn import functional

    return functional.pad(input, list(pad), "constant", value)


def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like ``input`` full of one value, a number or a 0-d tensor."""
    if isinstance(value, Tensor):
        if value.ndim:
            raise RuntimeError(
                f"fill: expected a number or a 0-d tensor, but got shape {tuple(value.shape)}"
            )
        return value.to(input.dtype).expand(input.shape).clone()
    return input.clone().fill_(value)


def index_reduce(
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
) -> Tensor:
    """A copy of ``input`` whose slices index[i] along ``dim`` are reduced with the slices i of
    ``source``.

    Args:
        reduce: "prod", "mean", "amax" or "amin".
        include_self: whether the input's own slices take part.
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"index_reduce: reduce must be prod, mean, amax or amin, but is {reduce!r}"
        )
    if index.ndim > 1:
        raise IndexError(f"index_reduce: expected a vector, but got shape {tuple(index.shape)}")
    if index.numel() != (source.shape[dim] if source.ndim else 1):
        raise RuntimeError(
            f"index_reduce: {index.numel()} indices are not one for each slice of a source of "
            f"shape {tuple(source.shape)}"
        )
    n = input.shape[dim] if input.ndim else 1
    if index.numel() and not bool(((index >= 0) & (index < n)).all()):
        raise IndexError(f"index_reduce: an index is out of bounds for size {n}")
    along = dim % max(input.ndim, 1)
    shape = [-1 if d == along else 1 for d in range(source.ndim)]
    at = index.to(wg.int64).reshape(shape).expand(source.shape)
    return wg.scatter_reduce(input, dim, at, source, reduce, include_self=include_self)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """base^start to base^end in ``steps`` equal factors."""
    _check_device(device)
    low, high = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    kind = dtype or (wg.get_default_dtype() if out is None else out.dtype)
    made = _ops._logspace(low, high, steps, base, dtype=kind)
    if out is not None:
        return out.resize_(made.shape).copy_(made)
    return made.requires_grad_() if requires_grad else made


def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The first ``size`` rows of `nonzero`, followed by rows of ``fill_value`` if there are
    fewer."""
    if size < 0:
        raise RuntimeError(f"nonzero_static: size must not be negative, but is {size}")
    found = wg.nonzero(input)[:size]
    more = wg.full((size - len(found), input.ndim), fill_value, dtype=wg.int64)
    return wg.cat([found, more])


def renorm(
    input: Tensor, p: float, dim: int, maxnorm: float, *, out: Tensor | None = None
) -> Tensor:
    """``input`` with every slice along ``dim`` whose norm of order p is above ``maxnorm`` scaled
    down to it."""
    if p <= 0:
        raise RuntimeError(f"renorm: the order of the norm must be positive, but is {p}")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: maxnorm must not be negative, but is {maxnorm}")
    if input.ndim < 2:
        raise RuntimeError(
            f"renorm: expected at least 2 dimensions, but got shape {tuple(input.shape)}"
        )
    others = tuple(d for d in range(input.ndim) if d != dim % input.ndim)
    norms = wg.norm(input, p, others, True)
    factor = wg.where(norms > maxnorm, maxnorm / (norms + 1e-7), wg.ones_like(norms))
    made = input * factor
    return made if out is None else out.resize_(made.shape).copy_(made)
