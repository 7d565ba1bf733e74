"""Random tensors for tests."""

from __future__ import annotations

import math
from typing import Any

import wengert as wg
from wengert._tensor import Tensor, dtype


def _range(kind: dtype, low: float | None, high: float | None) -> tuple[Any, Any]:
    """The interval asked for, within what the dtype can hold."""
    least: Any
    most: Any
    if kind is wg.bool:
        least, most, usual = 0, 2, (0, 2)
    elif kind.is_floating_point or kind.is_complex:
        most = wg.finfo(kind).max
        least, usual = -most, (-9, 9)
    else:
        info = wg.iinfo(kind)
        # int64 cannot hold one more than its greatest value.
        least, most = info.min, info.max + (kind is not wg.int64)
        usual = (0, 10) if kind is wg.uint8 else (-9, 10)
    low = usual[0] if low is None else low
    high = usual[1] if high is None else high
    if any(isinstance(v, float) and math.isnan(v) for v in (low, high)):
        raise ValueError(f"make_tensor: low and high must not be nan, got low={low}, high={high}")
    if low == high and (kind.is_floating_point or kind.is_complex):
        import warnings

        warnings.warn(
            "make_tensor: low == high is deprecated for floating dtypes; use full instead",
            FutureWarning,
            stacklevel=3,
        )
    elif low >= high:
        raise ValueError(f"make_tensor: low must be less than high, got low={low}, high={high}")
    if high < least or low >= most:
        raise ValueError(
            f"make_tensor: [{low}, {high}) is outside of what {kind} holds, [{least}, {most})"
        )
    low, high = max(low, least), min(high, most)
    if not (kind.is_floating_point or kind.is_complex):
        low, high = math.ceil(low), math.ceil(high)
    return low, high


def make_tensor(
    *shape: Any,
    dtype: dtype,
    device: Any,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of uniform random numbers from [low, high).

    Args:
        shape: sizes, or one sequence of them.
        dtype: any.
        device: the CPU.
        low: lower bound: -9, or 0 for uint8 and bool, if None; cut to what the dtype holds.
        high: upper bound: 9, 10 for integers, 2 for bool, if None. Parts of complex numbers are
            drawn each for itself.
        requires_grad: for floating and complex dtypes.
        noncontiguous: whether neighbours are two elements apart in memory.
        exclude_zero: whether zeros are replaced, by the least positive number of the dtype.
        memory_format: of the result; not together with `noncontiguous`.

    Raises ValueError for bounds and combinations that are not possible.
    """
    sizes = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
    wg.device(device)
    if requires_grad and not (dtype.is_floating_point or dtype.is_complex):
        raise ValueError(f"make_tensor: a tensor of {dtype} cannot require grad")
    if noncontiguous and memory_format is not None:
        raise ValueError("make_tensor: noncontiguous and memory_format exclude each other")
    low, high = _range(dtype, low, high)
    spread = noncontiguous and math.prod(sizes) >= 2
    drawn = (*sizes[:-1], 2 * sizes[-1]) if spread else sizes
    if dtype.is_complex:
        part = wg.float32 if dtype is wg.complex64 else wg.float64
        t = wg.view_as_complex(_uniform((*drawn, 2), low, high, part))
    elif dtype.is_floating_point:
        t = _uniform(drawn, low, high, dtype)
    else:
        t = wg.randint(low, high, drawn, dtype=wg.int64).to(dtype)
    if spread:
        t = t[..., ::2]
    elif memory_format is not None:
        t = t.clone(memory_format=memory_format)
    if exclude_zero:
        zeros = t == 0
        if dtype.is_floating_point or dtype.is_complex:
            t[zeros] = wg.finfo(dtype).tiny
        else:
            t[zeros] = 1
    return t.requires_grad_(requires_grad)


def _uniform(shape: Any, low: float, high: float, kind: dtype) -> Tensor:
    # In halves, so that the length of the interval does not overflow.
    drawn = wg.rand(shape, dtype=wg.float64)
    t = ((drawn * (high / 2 - low / 2)) * 2 + low).to(kind)
    # Rounding may reach the bound that does not belong to the interval.
    return t.masked_fill(t >= high, low) if low < high else t
