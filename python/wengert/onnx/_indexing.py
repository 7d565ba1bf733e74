"""Elements and rows by number."""

from __future__ import annotations

import wengert
from wengert.onnx._call import Array, Call, translates
from wengert.onnx._graph import UnsupportedError
from wengert.onnx._sizes import Dim


@translates("embedding", "index_select")
def _rows(c: Call) -> str:
    axis = c["dim"] if c.name == "index_select" else 0
    if c.array(0).ndim == 0:
        return c.x(0)
    at = c.x(1)
    if c.name == "index_select" and c.array(1).ndim == 0:
        at = c.graph.add("Unsqueeze", at, c.graph.constant([0]))
    return c.graph.add("Gather", c.x(0), at, axis=axis)


@translates("gather")
def _gather(c: Call) -> str:
    if c.array(0).ndim == 0:
        return c.x(0)
    return c.graph.add("GatherElements", c.x(0), c.as_dtype(1, wengert.int64), axis=c["dim"])


_REDUCTIONS = ("add", "mul", "mean", "max", "min")  # by the number of scatter_reduce


@translates("scatter", "scatter_add", "scatter_reduce")
def _scatter(c: Call) -> str:
    reduction = "none" if c.name == "scatter" else "add"
    if c.name == "scatter_reduce":
        reduction = _REDUCTIONS[c["reduce"]]
        if reduction == "mean" or not c["include_self"]:
            raise UnsupportedError(
                "ONNX scatters sums, products and extremes that include what was there"
            )
    if c.array(0).ndim == 0:
        raise UnsupportedError("arrays without dimensions are not scattered")
    source = c.as_dtype(2, c.out.dtype)
    for dim, (n, used) in enumerate(zip(c.array(2).shape, c.array(1).shape)):
        if n != used:
            source = c.graph.slice(source, dim, 0, used)
    return c.graph.add(
        "ScatterElements", c.x(0), c.as_dtype(1, wengert.int64), source, axis=c["dim"],
        reduction=reduction,
    )  # fmt: skip


@translates("index_add")
def _index_add(c: Call) -> str:
    g, dim = c.graph, c["dim"]
    order = [dim, *(i for i in range(c.array().ndim) if i != dim)]
    back = [order.index(i) for i in range(len(order))]
    rows = g.add("Unsqueeze", c.as_dtype(1, wengert.int64), g.constant([1]))
    y = g.add(
        "ScatterND", g.transpose(c.x(0), order), rows, g.transpose(c.x(2), order), reduction="add"
    )
    return g.transpose(y, back)


class _Places:
    """Several tensors that index dimensions of one."""

    def __init__(self, c: Call, first: int) -> None:
        self._c = c
        self.dims = list(c["dims"])
        ndim = c.array().ndim
        self.order = [*self.dims, *(i for i in range(ndim) if i not in self.dims)]
        self.back = [self.order.index(i) for i in range(ndim)]
        arrays = [c.array(first + k) for k in range(len(self.dims))]
        self.shape = _broadcast(arrays)
        g = c.graph
        parts = []
        for k, a in enumerate(arrays):
            at = c.as_dtype(first + k, wengert.int64)
            if a.shape != self.shape:
                at = g.add("Expand", at, g.shape(self.shape))
            parts.append(g.add("Unsqueeze", at, g.constant([-1])))
        self.at = parts[0] if len(parts) == 1 else g.add("Concat", *parts, axis=-1)
        self.rest = [c.array().shape[i] for i in self.order[len(self.dims) :]]
        # Where the indices are adjacent, their dimensions stand in place of the indexed ones.
        adjacent = self.dims[-1] - self.dims[0] == len(self.dims) - 1
        before, n = (self.dims[0] if adjacent else 0), len(self.shape)
        after = range(n + before, n + len(self.rest))
        self.placed = [*range(n, n + before), *range(n), *after]
        self.unplaced = [self.placed.index(i) for i in range(n + len(self.rest))]

    def result_shape(self) -> list[Dim]:
        whole = [*self.shape, *self.rest]
        return [whole[i] for i in self.placed]


def _broadcast(arrays: list[Array]) -> tuple[Dim, ...]:
    ndim = max(a.ndim for a in arrays)
    shape: list[Dim] = [1] * ndim
    for a in arrays:
        for i, d in enumerate(a.shape, ndim - a.ndim):
            if d != 1:
                shape[i] = d
    return tuple(shape)


@translates("index")
def _index(c: Call) -> str:
    g = c.graph
    if len(c["dims"]) == 1:
        return g.add("Gather", c.x(), c.as_dtype(1, wengert.int64), axis=c["dims"][0])
    p = _Places(c, 1)
    return g.transpose(g.add("GatherND", g.transpose(c.x(), p.order), p.at), p.placed)


@translates("index_put")
def _index_put(c: Call) -> str:
    g = c.graph
    p = _Places(c, 2)
    values = c.as_dtype(1, c.out.dtype)
    shape = p.result_shape()
    if list(c.array(1).shape) != shape:
        values = g.add("Expand", values, g.shape(shape))
    y = g.add(
        "ScatterND", g.transpose(c.x(), p.order), p.at, g.transpose(values, p.unplaced),
        reduction="add" if c["accumulate"] else "none",
    )  # fmt: skip
    return g.transpose(y, p.back)


@translates("nonzero")
def _nonzero(c: Call) -> str:
    raise UnsupportedError(
        "the number of positions depends on the values; choose with where() or masked_fill()"
    )
