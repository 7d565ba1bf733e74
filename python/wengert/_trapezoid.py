"""Integrals by the trapezoidal rule."""

from __future__ import annotations

from . import _core
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops


def _pieces(op: str, y: Tensor, x: Tensor | None, dx: Any, dim: int) -> tuple[Tensor, int]:
    """The integral over each interval, and the dimension counted from the front."""
    if x is not None and dx is not None:
        raise TypeError(f"{op}: give x or dx, not both")
    if x is not None and not isinstance(x, Tensor):
        raise TypeError(f"{op}: expected x to be a tensor, but got {type(x).__name__}; use dx=")
    if y.ndim == 0 or not -y.ndim <= dim < y.ndim:
        raise IndexError(f"{op}: dimension {dim} is out of range for shape {tuple(y.shape)}")
    if y.dtype.name == "bool" or (x is not None and x.dtype.name == "bool"):
        raise RuntimeError(f"{op}: not available for bool; convert with to()")
    dim %= y.ndim
    n = y.shape[dim]
    if n == 0:
        return y, dim
    steps: Any = 1 if dx is None else dx
    if x is not None:
        if x.ndim == 1:
            if x.shape[0] != n:
                raise RuntimeError(
                    f"{op}: x of shape {tuple(x.shape)} must have as many elements as dimension "
                    f"{dim} of y, whose shape is {tuple(y.shape)}"
                )
            x = x.reshape(*[-1 if d == dim else 1 for d in range(y.ndim)])
        elif x.ndim < y.ndim:
            x = x.reshape(*[1] * (y.ndim - x.ndim), *x.shape)
        steps = _ops.diff(x, dim=dim)
    sums = _ops.narrow(y, dim, 1, n - 1) + _ops.narrow(y, dim, 0, n - 1)
    return sums * steps, dim


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The integral along dim of the straight lines between the points y.

    Args:
        x: where they stand: one-dimensional, or of a shape that broadcasts with y's.
        dx: the distance between neighbours where x is not given; 1 by default.
    """
    pieces, dim = _pieces("trapezoid", y, x, dx, dim)
    return _ops.sum(pieces, dim) / 2


def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1
) -> Tensor:
    """The integrals from the first point to each of the others, as `trapezoid` has them."""
    pieces, dim = _pieces("cumulative_trapezoid", y, x, dx, dim)
    return _ops.cumsum(pieces, dim) / 2


def trapz(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """An older name of `trapezoid`."""
    return trapezoid(y, x, dx=dx, dim=dim)
