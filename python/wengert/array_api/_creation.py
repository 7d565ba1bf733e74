"""Functions that make arrays."""

from __future__ import annotations

from typing import Any

import wengert as wg
from wengert._tensor import Tensor

__all__ = [
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


def _check_device(device: Any) -> None:
    if device is not None:
        wg.device(device)


def _shape(shape: Any) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def asarray(
    obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
) -> Tensor:
    """An array of numbers, nested lists, or another array, whose memory is shared if it can be."""
    _check_device(device)
    if copy is False and isinstance(obj, Tensor) and dtype not in (None, obj.dtype):
        raise ValueError(f"asarray: {obj.dtype} to {dtype} needs a copy, which copy=False forbids")
    return wg.asarray(obj, dtype=dtype, copy=copy)


def arange(
    start: float, /, stop: float | None = None, step: float = 1, *, dtype: Any = None,
    device: Any = None,
) -> Tensor:  # fmt: skip
    """Numbers from start to before stop; from 0 if only one is given. May be empty."""
    _check_device(device)
    first, last = (0, start) if stop is None else (start, stop)
    if (last - first) * step < 0:
        last = first  # nothing lies in this direction
    return wg.arange(first, last, step, dtype=dtype)


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array whose values are not set."""
    _check_device(device)
    return wg.empty(_shape(shape), dtype=dtype)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array of zeros."""
    _check_device(device)
    return wg.zeros(_shape(shape), dtype=dtype)


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array of ones."""
    _check_device(device)
    return wg.ones(_shape(shape), dtype=dtype)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array of one value."""
    _check_device(device)
    return wg.full(_shape(shape), fill_value, dtype=dtype)


def empty_like(x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array of the same shape whose values are not set."""
    _check_device(device)
    return wg.empty_like(x, dtype=dtype)


def zeros_like(x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros of the same shape."""
    _check_device(device)
    return wg.zeros_like(x, dtype=dtype)


def ones_like(x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones of the same shape."""
    _check_device(device)
    return wg.ones_like(x, dtype=dtype)


def full_like(x: Tensor, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """One value in the same shape."""
    _check_device(device)
    return wg.full_like(x, fill_value, dtype=dtype)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None
) -> Tensor:
    """Ones on the k-th diagonal, zeros elsewhere."""
    _check_device(device)
    columns = n_rows if n_cols is None else n_cols
    at = wg.arange(columns) - wg.arange(n_rows).reshape(-1, 1)
    return (at == k).to(dtype or wg.get_default_dtype())


def linspace(
    start: complex, stop: complex, /, num: int, *, dtype: Any = None, device: Any = None,
    endpoint: bool = True,
) -> Tensor:  # fmt: skip
    """`num` numbers at equal distances, with or without the last."""
    _check_device(device)
    if isinstance(start, complex) or isinstance(stop, complex):
        steps = num - 1 if endpoint else num
        at = wg.arange(num, dtype=wg.float64) / (steps if steps > 0 else 1)
        kind = dtype or wg.result_type(1j, 1.0)
        return (start + at * (complex(stop) - start)).to(kind)
    if endpoint:
        return wg.linspace(start, stop, num, dtype=dtype)
    return wg.linspace(start, stop, num + 1, dtype=dtype)[:num]


def meshgrid(*arrays: Tensor, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Coordinates of a grid."""
    return tuple(wg.meshgrid(*arrays, indexing=indexing))


def tril(x: Tensor, /, *, k: int = 0) -> Tensor:
    """The part below and on the k-th diagonal."""
    return wg.tril(x, k)


def triu(x: Tensor, /, *, k: int = 0) -> Tensor:
    """The part above and on the k-th diagonal."""
    return wg.triu(x, k)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """An array over another library's memory."""
    _check_device(device)
    made = wg.from_dlpack(x)
    return made.clone() if copy else made
