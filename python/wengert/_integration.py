"""Derivatives of samples."""

from __future__ import annotations

from collections.abc import Sequence

import wengert as wg
from wengert._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["gradient"]


def _along(t: Tensor, dim: int, start: int | None, end: int | None) -> Tensor:
    return t[(slice(None),) * (dim % t.ndim) + (slice(start, end),)]


def _wrapped(op: str, dim: int, ndim: int) -> int:
    if not -ndim <= dim < ndim:
        raise IndexError(f"{op}: dimension out of range, expected {-ndim} to {ndim - 1}, got {dim}")
    return dim % ndim


def gradient(
    input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """The derivatives of samples along dimensions: central differences, of second order where the
    places are uneven too, and one-sided ones at both ends.

    Args:
        input: the samples, at least ``edge_order + 1`` along each dimension.
        spacing: the distance between neighbours; or for each dimension one, or its places.
        dim: one dimension or several; all by default.
        edge_order: 1 or 2, the order of the differences at the ends.
    """
    if edge_order not in (1, 2):
        raise RuntimeError(f"gradient: edge_order must be 1 or 2, but is {edge_order}")
    if dim is None:
        several = isinstance(spacing, (tuple, list))
        dims = list(range(len(spacing) if several else input.ndim))
    else:
        dims = [dim] if isinstance(dim, int) else list(dim)
    dims = [_wrapped("gradient", d, input.ndim) for d in dims]
    if len(set(dims)) != len(dims):
        raise RuntimeError(f"gradient: a dimension appears twice in {dims}")
    each: Sequence[Any] = spacing if isinstance(spacing, (tuple, list)) else [spacing] * len(dims)
    if len(each) != len(dims):
        raise RuntimeError(
            f"gradient: expected a spacing for each of {len(dims)} dimensions, but got {len(each)}"
        )
    for d in dims:
        if input.shape[d] < edge_order + 1:
            raise RuntimeError(
                f"gradient: edge_order {edge_order} needs {edge_order + 1} samples along dimension "
                f"{d}, but there are {input.shape[d]}"
            )
    if not (input.is_floating_point() or input.is_complex()):
        input = input.to(wg.get_default_dtype())
    return tuple(_derivative(input, s, d, edge_order) for s, d in zip(each, dims))


def _derivative(f: Tensor, spacing: Any, dim: int, edge_order: int) -> Tensor:
    if isinstance(spacing, Tensor) and spacing.ndim > 0:
        if spacing.ndim != 1 or spacing.numel() != f.shape[dim]:
            raise RuntimeError(
                f"gradient: expected {f.shape[dim]} places for dimension {dim}, but got shape "
                f"{tuple(spacing.shape)}"
            )
        steps = wg.diff(spacing)
    else:
        steps = wg.ones(f.shape[dim] - 1, dtype=f.dtype) * spacing
    h = steps.reshape((-1,) + (1,) * (f.ndim - dim - 1))
    slopes = wg.diff(f, dim=dim) / h
    first, last = _along(slopes, dim, None, 1), _along(slopes, dim, -1, None)
    if f.shape[dim] == 2:
        return wg.cat([first, last], dim)
    # The slope at a sample weighs those on both sides by the distance on the other side.
    before, after = h[:-1], h[1:]
    left, right = _along(slopes, dim, None, -1), _along(slopes, dim, 1, None)
    inner = (left * after + right * before) / (before + after)
    if edge_order == 2:
        first = first * 2 - _along(inner, dim, None, 1)
        last = last * 2 - _along(inner, dim, -1, None)
        if len(steps) > 1:
            first = _one_sided(slopes, h, dim, 0, 1)
            last = _one_sided(slopes, h, dim, -1, -2)
    return wg.cat([first, inner, last], dim)


def _one_sided(slopes: Tensor, h: Tensor, dim: int, end: int, next_: int) -> Tensor:
    """The slope at an end of the parabola through the three samples there."""
    a, b = h[end], h[next_]
    s, t = (slopes.select(dim, i).unsqueeze(dim) for i in (end, next_))
    return s + (s - t) * (a / (a + b))
