"""Histograms of samples, with bins in all forms."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence

import wengert as wg
from wengert import _core
from wengert._tensor import Tensor

_ops = _core.ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

__all__ = ["histogram", "histogramdd"]


if TYPE_CHECKING:

    class Histogram(NamedTuple):
        """The counts, or weights, in the bins, and the edges of the bins."""

        hist: Tensor
        bin_edges: Any

else:
    Histogram = namedtuple("Histogram", ("hist", "bin_edges"))
    Histogram.__doc__ = "The counts, or weights, in the bins, and the edges of the bins."


def histogram(
    input: Tensor,
    bins: int | Tensor | Sequence[float],
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
    out: Any = None,
) -> Any:
    """How many elements lie in each bin, or the sum of their weights.

    Args:
        input: a tensor of any shape.
        bins: a number of bins of one width, or their edges in rising order.
        range: the lowest and the highest edge, by default the least and the greatest element.
        weight: a weight for each element.
        density: whether to divide by the total and by the bins' widths.
    """
    weights = None if weight is None else weight.reshape(-1)
    if weight is not None and weight.shape != input.shape:
        raise RuntimeError(
            f"histogram: the weights of shape {tuple(weight.shape)} must have the input's shape "
            f"{tuple(input.shape)}"
        )
    each: Any = [bins] if isinstance(bins, int) else bins
    if isinstance(each, (list, tuple)) and not isinstance(bins, int):
        each = wg.tensor(each, dtype=input.dtype)
    found = histogramdd(
        input.reshape(-1, 1),
        each if isinstance(bins, int) else [each],
        range=range,
        weight=weights,
        density=density,
    )
    result = Histogram(found.hist, found.bin_edges[0])
    if out is not None:
        for o, r in zip(out, result):
            o.resize_(r.shape).copy_(r)
        return Histogram(*out)
    return result


def histogramdd(
    input: Tensor,
    bins: Any,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> Histogram:
    """`histogram` of points, the last dimension of ``input``, in as many dimensions.

    Args:
        input: points, (..., D).
        bins: one number of bins for all dimensions, one for each, or the edges for each.
        range: the lowest and the highest edge of each dimension, one after the other.
        weight: a weight for each point.
        density: whether to divide by the total and by the bins' volumes.
    """
    if not input.is_floating_point():
        raise NotImplementedError(f"histogramdd: not available for dtype {input.dtype}")
    if input.ndim < 2:
        raise RuntimeError(
            f"histogramdd: expected points (..., D), but got shape {tuple(input.shape)}"
        )
    d = input.shape[-1]
    points = input.detach().reshape(-1, d)
    counts = [bins] * d if isinstance(bins, int) else list(bins)
    if len(counts) != d:
        raise RuntimeError(f"histogramdd: expected bins for {d} dimensions, but got {len(counts)}")
    if range is not None and len(range) != 2 * d:
        raise RuntimeError(f"histogramdd: expected a range of {2 * d} numbers, got {len(range)}")
    edges: list[Tensor] = []
    for i, c in enumerate(counts):
        if isinstance(c, Tensor):
            edges.append(c)
        else:
            ends = (None, None) if range is None else (range[2 * i], range[2 * i + 1])
            edges.append(_ops._histogram_edges(points[:, i], c, *ends))
    return Histogram(_ops._histogramdd(points, edges, weight, density), tuple(edges))
