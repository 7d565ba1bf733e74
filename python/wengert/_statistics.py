"""Covariances and histograms of samples."""

from __future__ import annotations

import builtins
from collections import namedtuple
from collections.abc import Sequence

import wengert as wg
from wengert._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

__all__ = ["corrcoef", "cov", "histogram", "histogramdd"]


def _check_weights(op: str, name: str, weights: Tensor, count: int, kind: bool, what: str) -> None:
    if weights.ndim > 1 or weights.numel() != count:
        raise RuntimeError(
            f"{op}: {name} must be a vector with one number for each of {count} observations, but "
            f"has shape {tuple(weights.shape)}"
        )
    if not kind:
        raise RuntimeError(f"{op}: {name} must be {what}, but has dtype {weights.dtype}")
    if count and bool((weights < 0).any()):
        raise RuntimeError(f"{op}: {name} must not be negative")


def cov(
    input: Tensor,
    *,
    correction: int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:
    """The covariances of variables, the rows of ``input``, over observations, its columns.

    Args:
        input: a matrix, or a vector for one variable.
        correction: what is taken off the number of observations before it divides.
        fweights: how often each observation counts, whole numbers.
        aweights: how much each observation weighs.
    """
    if input.ndim > 2:
        raise RuntimeError(
            f"cov: expected at most 2 dimensions, but got shape {tuple(input.shape)}"
        )
    if input.dtype is wg.bool:
        raise RuntimeError("cov: expected numbers, but got bools; convert with to()")
    x = (
        input
        if input.is_floating_point() or input.is_complex()
        else input.to(wg.get_default_dtype())
    )
    x = x.reshape(1, -1) if x.ndim < 2 else x
    n = x.shape[1]
    w: Any = None
    if fweights is not None:
        whole = not (fweights.is_floating_point() or fweights.is_complex())
        whole = whole and fweights.dtype is not wg.bool
        _check_weights("cov", "fweights", fweights, n, whole, "integers")
        w = fweights
    if aweights is not None:
        _check_weights("cov", "aweights", aweights, n, aweights.is_floating_point(), "floating")
        w = aweights if w is None else w * aweights
    if n == 0:
        raise RuntimeError("cov: there are no observations")
    if w is None:
        total: Any = n
        mean = x.sum(1, True) / n
    else:
        total = w.sum()
        if bool(total == 0):
            raise RuntimeError("cov: the weights sum to 0")
        mean = (x * w).sum(1, True) / total
    norm: Any = total - correction
    if w is not None and aweights is not None and correction != 0:
        squares = aweights if fweights is None else aweights * fweights
        norm = total - correction * (squares * aweights).sum() / total
    norm = norm.clamp(min=0) if isinstance(norm, Tensor) else max(norm, 0)
    centred = x - mean
    weighted = centred if w is None else centred * w
    found = (weighted @ centred.conj().t()) / norm
    return found.squeeze() if input.ndim < 2 or x.shape[0] == 1 else found


def corrcoef(input: Tensor) -> Tensor:
    """Pearson's correlation coefficients of the rows of a matrix; see `cov`."""
    if input.ndim > 2:
        raise RuntimeError(
            f"corrcoef: expected at most 2 dimensions, but got shape {tuple(input.shape)}"
        )
    c = cov(input)
    if c.ndim == 0:
        return c / c
    scale = (wg.real(c.diagonal()) if c.is_complex() else c.diagonal()).sqrt()
    c = c / scale.unsqueeze(1) / scale.unsqueeze(0)
    if c.is_complex():
        return wg.complex(wg.real(c).clamp(-1, 1), wg.imag(c).clamp(-1, 1))
    return c.clamp(-1, 1)


if TYPE_CHECKING:

    class Histogram(NamedTuple):
        """The counts, or weights, in the bins, and the edges of the bins."""

        hist: Tensor
        bin_edges: Any

else:
    Histogram = namedtuple("Histogram", ("hist", "bin_edges"))
    Histogram.__doc__ = "The counts, or weights, in the bins, and the edges of the bins."


def _edges_between(values: Tensor, bins: int, low: float, high: float) -> Tensor:
    if low > high:
        raise RuntimeError(f"histogramdd: expected min <= max, but got {low} and {high}")
    if bins <= 0:
        raise RuntimeError(f"histogramdd: expected at least one bin, but got {bins}")
    if low == high:
        low, high = low - 0.5, high + 0.5
    return wg.linspace(low, high, bins + 1, dtype=values.dtype)


def _place(values: Tensor, edges: Tensor) -> Tensor:
    """Each value's bin; -1 for none. The last bin holds its upper edge too."""
    at = wg.searchsorted(edges, values.contiguous(), right=True) - 1
    last = edges.numel() - 2
    at = wg.where(values == edges[-1], last, at)
    return wg.where((values >= edges[0]) & (values <= edges[-1]), at, -1)


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
    if weight is not None and weight.numel() != len(points):
        raise RuntimeError(f"histogramdd: expected {len(points)} weights, but got {weight.numel()}")
    edges: list[Tensor] = []
    for i, c in enumerate(counts):
        if isinstance(c, Tensor):
            if c.ndim != 1 or c.numel() < 1:
                raise RuntimeError(
                    f"histogramdd: expected a vector of edges, but got shape {tuple(c.shape)}"
                )
            if c.dtype is not input.dtype:
                raise RuntimeError(
                    f"histogramdd: the edges have dtype {c.dtype}, the input {input.dtype}"
                )
            edges.append(c)
            continue
        if range is not None:
            low, high = range[2 * i], range[2 * i + 1]
        elif len(points):
            low, high = points[:, i].min().item(), points[:, i].max().item()
        else:
            low, high = 0.0, 1.0
        if low - low != 0 or high - high != 0:
            raise RuntimeError(f"histogramdd: the range from {low} to {high} is not finite")
        edges.append(_edges_between(points, c, low, high))
    shape = [e.numel() - 1 for e in edges]
    at = wg.zeros(len(points), dtype=wg.int64)
    inside = wg.ones(len(points), dtype=wg.bool)
    for i, e in enumerate(edges):
        place = _place(points[:, i], e)
        inside = inside & (place >= 0)
        at = at * shape[i] + place
    values = wg.ones(len(points), dtype=input.dtype) if weight is None else weight.reshape(-1)
    total = 1
    for n in shape:
        total *= n
    hist = wg.zeros(total, dtype=input.dtype)
    hist.index_add_(0, at[inside], values.detach().to(input.dtype)[inside])
    hist = hist.reshape(shape)
    if density:
        hist = hist / hist.sum()
        for i, e in enumerate(edges):
            hist = hist / e.diff().reshape([-1 if k == i else 1 for k in builtins.range(d)])
    return Histogram(hist, tuple(edges))
