"""A line search for the strong Wolfe conditions (Nocedal and Wright, 2006, 3.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wengert import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ARMIJO, CURVATURE = 1e-4, 0.9  # how much the loss and its slope must fall


@dataclass
class Point:
    """What is known of a point of the line: t, the loss, the gradient, the slope along the line."""

    t: Any
    loss: float
    grad: Tensor
    slope: Tensor


def _cubic_minimum(a: Point, b: Point, bounds: tuple | None = None) -> float | Tensor:
    """The minimum of the cubic through both points with their slopes, within bounds."""
    left, right = (a, b) if a.t <= b.t else (b, a)
    low, high = bounds or (left.t, right.t)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    squared = d1**2 - a.slope * b.slope
    if not squared >= 0:
        return (low + high) / 2.0
    d2 = squared.sqrt()
    part = (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2)
    return min(max(right.t - (right.t - left.t) * part, low), high)


def strong_wolfe(
    evaluate: Callable[[float | Tensor], tuple[float, Tensor]],
    start: Point,
    t: float | Tensor,
    d: Tensor,
    tolerance_change: float,
    limit: int,
) -> tuple[Point, int]:
    """A point where the loss is lower and flatter, or the best found.

    Args:
        evaluate: the loss and its gradient at t.
        start: the point t = 0.
        t: the first trial.
        d: the direction.
        tolerance_change: the shortest interval, in the largest element of the way.
        limit: how many points are tried beside the first.

    Returns:
        The point and how many were tried.
    """

    def at(t: float | Tensor) -> Point:
        loss, grad = evaluate(t)
        return Point(t, loss, grad, grad.dot(d))

    def too_high(p: Point) -> bool:
        return bool(p.loss > start.loss + ARMIJO * p.t * start.slope)

    def flat(p: Point) -> bool:
        return bool(abs(p.slope) <= -CURVATURE * start.slope)

    # An interval that contains a point as wanted, or that point itself.
    last, point, tried = start, at(t), 0
    while tried < limit:
        if too_high(point) or (tried > 1 and point.loss >= last.loss):
            break
        if flat(point):
            return point, tried + 1
        if point.slope >= 0:
            break
        further = (point.t + 0.01 * (point.t - last.t), point.t * 10)
        last, point = point, at(_cubic_minimum(last, point, further))
        tried += 1
    ends = [start if tried == limit else last, point]

    # The interval is made smaller until such a point is found.
    longest = d.abs().max()
    close_before = False
    low = 0 if ends[0].loss <= ends[1].loss else 1
    while tried < limit and abs(ends[1].t - ends[0].t) * longest >= tolerance_change:
        t = _cubic_minimum(ends[0], ends[1])
        begin, end = min(ends[0].t, ends[1].t), max(ends[0].t, ends[1].t)
        margin = 0.1 * (end - begin)
        close = min(end - t, t - begin) < margin
        if close and (close_before or t >= end or t <= begin):
            t = end - margin if abs(t - end) < abs(t - begin) else begin + margin
            close = False
        close_before = bool(close)
        point = at(t)
        tried += 1
        high = 1 - low
        if too_high(point) or point.loss >= ends[low].loss:
            ends[high] = point
            low = 0 if ends[0].loss <= ends[1].loss else 1
            continue
        if flat(point):
            return point, tried + 1
        if point.slope * (ends[high].t - ends[low].t) >= 0:
            ends[high] = ends[low]
        ends[low] = point
    return ends[low], tried + 1
