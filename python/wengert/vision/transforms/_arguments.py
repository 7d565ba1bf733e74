"""Checks of what transforms are made with, and draws from the generator."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from typing import Any

import wengert as wg
from wengert import Tensor

from ._images import InterpolationMode, dimensions, mode_of


def size_of(op: str, size: Any) -> tuple[int, int]:
    """(height, width); one number stands for both."""
    if isinstance(size, Number):
        return int(size), int(size)  # type: ignore[call-overload]
    if len(size) not in (1, 2):
        raise ValueError(f"{op}: expected a size (height, width), got {size!r}")
    return (size[0], size[-1])


def check_sequence(op: str, name: str, values: Any, lengths: Sequence[int] = (2,)) -> None:
    wanted = " or ".join(map(str, lengths))
    if not isinstance(values, Sequence):
        raise TypeError(f"{op}: expected {name} with {wanted} numbers, got {values!r}")
    if len(values) not in lengths:
        raise ValueError(f"{op}: expected {name} with {wanted} numbers, got {len(values)}")


def angles_of(op: str, name: str, angles: Any, lengths: Sequence[int] = (2,)) -> list[float]:
    """[least, greatest]; one number stands for it and its negative."""
    if isinstance(angles, (int, float)):
        if angles < 0:
            raise ValueError(f"{op}: expected {name} of at least 0, got {angles}")
        angles = [-angles, angles]
    check_sequence(op, name, angles, lengths)
    return [float(a) for a in angles]


def fill_of(op: str, fill: Any) -> Any:
    if fill is None:
        return 0
    if not isinstance(fill, (Sequence, Number)):
        raise TypeError(f"{op}: expected fill to be a number or one for each channel, got {fill!r}")
    return fill


def fill_for(image: Any, fill: Any) -> Any:
    """`fill` with a value for each channel of a tensor."""
    if not isinstance(image, Tensor):
        return fill
    if isinstance(fill, (int, float)):
        return [float(fill)] * dimensions(image)[0]
    return [float(v) for v in fill]


def interpolation_of(op: str, mode: Any) -> Any:
    return mode if isinstance(mode, InterpolationMode) else mode_of(op, mode)


def happens(p: float) -> bool:
    """True with the probability `p`."""
    return bool(wg.rand(1) < p)


def uniform(low: float, high: float) -> float:
    return float(wg.empty(1).uniform_(float(low), float(high)).item())


def whole(low: int, high: int) -> int:
    """A number from `low` up to, but not including, `high`."""
    return int(wg.randint(low, high, (1,)).item())
