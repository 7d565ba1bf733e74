"""Functions that change shapes and order, and products."""

from __future__ import annotations

from typing import Any

import wengert as wg
from wengert._tensor import Tensor

from ._dtypes import result_type

__all__ = [
    "concat",
    "expand_dims",
    "flip",
    "matmul",
    "matrix_transpose",
    "moveaxis",
    "permute_dims",
    "repeat",
    "reshape",
    "roll",
    "squeeze",
    "stack",
    "tensordot",
    "tile",
    "unstack",
    "vecdot",
]


def _of_one_dtype(arrays: Any) -> list[Tensor]:
    kind = result_type(*arrays)
    return [a.to(kind) for a in arrays]


def concat(arrays: Any, /, *, axis: int | None = 0) -> Tensor:
    """Arrays one behind the other; flattened first if axis is None."""
    parts = _of_one_dtype(arrays)
    if axis is None:
        return wg.cat([p.reshape(-1) for p in parts])
    return wg.cat(parts, axis)


def stack(arrays: Any, /, *, axis: int = 0) -> Tensor:
    """Arrays along a new axis."""
    return wg.stack(_of_one_dtype(arrays), axis)


def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis."""
    return tuple(wg.unbind(x, axis))


def expand_dims(x: Tensor, /, axis: int = 0) -> Tensor:
    """An axis of size 1 is put in; IndexError beyond the dimensions."""
    return wg.unsqueeze(x, axis)


def squeeze(x: Tensor, /, axis: Any) -> Tensor:
    """Axes of size 1 are taken out; ValueError if one has another size."""
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for a in axes:
        if x.shape[a] != 1:
            raise ValueError(f"squeeze: axis {a} of {tuple(x.shape)} has not the size 1")
    return wg.squeeze(x, axes)


def flip(x: Tensor, /, *, axis: Any = None) -> Tensor:
    """The order of elements along axes, or all, reversed."""
    axes = range(x.dim()) if axis is None else (axis,) if isinstance(axis, int) else axis
    return wg.flip(x, tuple(axes))


def moveaxis(x: Tensor, source: Any, destination: Any, /) -> Tensor:
    """Axes go to other places."""
    return wg.moveaxis(x, source, destination)


def permute_dims(x: Tensor, /, axes: tuple[int, ...]) -> Tensor:
    """The axes in another order."""
    return wg.permute(x, tuple(axes))


def matrix_transpose(x: Tensor, /) -> Tensor:
    """The last two axes exchanged."""
    return x.mT


def repeat(x: Tensor, repeats: Any, /, *, axis: int | None = None) -> Tensor:
    """Each element several times."""
    return wg.repeat_interleave(x, repeats, dim=axis)


def reshape(x: Tensor, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Tensor:
    """The elements in another shape; ValueError if copy=False and a view is not possible."""
    if copy is False:
        try:
            return x.view(shape)
        except RuntimeError as e:
            raise ValueError(f"reshape: copy=False, but {e}") from None
    made = wg.reshape(x, shape)
    return made.clone() if copy and made.data_ptr() == x.data_ptr() else made


def roll(x: Tensor, /, shift: Any, *, axis: Any = None) -> Tensor:
    """Elements move along axes, the last ones to the front."""
    if axis is None:
        return wg.roll(x, shift)
    if isinstance(axis, tuple) and isinstance(shift, int):
        shift = (shift,) * len(axis)
    return wg.roll(x, shift, axis)


def tile(x: Tensor, repetitions: tuple[int, ...], /) -> Tensor:
    """The array several times along each axis."""
    return wg.tile(x, tuple(repetitions))


def matmul(x1: Tensor, x2: Tensor, /) -> Tensor:
    """Matrix products."""
    return wg.matmul(*_of_one_dtype((x1, x2)))


def tensordot(x1: Tensor, x2: Tensor, /, *, axes: Any = 2) -> Tensor:
    """Sums of products over axes of both."""
    first, second = _of_one_dtype((x1, x2))
    return wg.tensordot(first, second, dims=axes)


def vecdot(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """Sums of products along an axis; the first is conjugated."""
    return (wg.conj(x1) * x2).sum(axis)
