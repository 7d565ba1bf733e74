"""Sums, means, extremes and running sums."""

from __future__ import annotations

from math import inf

import wengert
from wengert.onnx._call import Call, translates
from wengert.onnx._graph import UnsupportedError
from wengert.onnx._sizes import product


def reduced(
    c: Call, op: str, x: str, dims: tuple[int, ...] | None = None, keep: bool = True
) -> str:
    """A reduction over dims."""
    if dims is None:
        dims, keep = tuple(c["dims"]), bool(c["keepdim"])
    if not dims:
        return x
    return c.graph.add(op, x, c.graph.constant(list(dims)), keepdims=int(keep))


_REDUCE = {"sum": "ReduceSum", "mean": "ReduceMean", "prod": "ReduceProd"}


@translates(*_REDUCE)
def _reduce(c: Call) -> str:
    return reduced(c, _REDUCE[c.name], c.as_dtype(0, c.out.dtype))


@translates("amax", "amin")
def _extreme(c: Call) -> str:
    return reduced(c, "ReduceMax" if c.name == "amax" else "ReduceMin", c.x())


@translates("all", "any")
def _truth(c: Call) -> str:
    whole = c.graph.cast(c.as_dtype(0, wengert.bool), wengert.int32)
    y = reduced(c, "ReduceMin" if c.name == "all" else "ReduceMax", whole)
    return c.graph.cast(y, c.out.dtype)


@translates("argmax", "argmin")
def _position(c: Call) -> str:
    g = c.graph
    op = "ArgMax" if c.name == "argmax" else "ArgMin"
    if c["dim"] >= 0 and c.array().ndim > 0:
        return g.add(op, c.x(), axis=c["dim"], keepdims=int(c["keepdim"]))
    row = g.add("Reshape", c.x(), g.constant([-1]))
    return g.add("Reshape", g.add(op, row, axis=0, keepdims=0), g.shape(c.out.shape))


@translates("max", "min")
def _extreme_at(c: Call) -> tuple[str, str]:
    g, largest = c.graph, c.name == "max"
    if c.array().ndim == 0:
        return c.x(), g.constant(0)
    dims, keep = (c["dim"],), bool(c["keepdim"])
    value = reduced(c, "ReduceMax" if largest else "ReduceMin", c.x(), dims, keep)
    at = g.add("ArgMax" if largest else "ArgMin", c.x(), axis=c["dim"], keepdims=int(keep))
    return value, at


@translates("std", "var")
def _moments(c: Call) -> tuple[str, str]:
    g, dims, keep = c.graph, tuple(c["dims"]), bool(c["keepdim"])
    mean = reduced(c, "ReduceMean", c.x(), dims)
    deviation = g.add("Sub", c.x(), mean)
    total = reduced(c, "ReduceSum", g.add("Mul", deviation, deviation), dims, keep)
    count = c.number(product([c.array().shape[d] for d in dims]))
    divisor = g.add("Max", g.add("Sub", count, c.number(c["correction"])), c.number(0))
    variance = g.add("Div", total, divisor)
    mean_out = reduced(c, "ReduceMean", c.x(), dims, keep)
    return variance if c.name == "var" else g.add("Sqrt", variance), mean_out


@translates("vector_norm")
def _norm(c: Call) -> str:
    g, order = c.graph, c["order"]
    x = c.as_dtype(0, c.out.dtype)
    if order in (1, 2):
        return reduced(c, f"ReduceL{int(order)}", x)
    size = g.add("Abs", x)
    if abs(order) == inf:
        return reduced(c, "ReduceMax" if order > 0 else "ReduceMin", size)
    if order == 0:
        return reduced(c, "ReduceSum", g.add("Sign", size))
    total = reduced(c, "ReduceSum", g.add("Pow", size, c.number(order)))
    return g.add("Pow", total, c.number(1 / order))


@translates("cdist")
def _distances(c: Call) -> str:
    """Norms of the differences of rows (n, p, m) and (n, r, m)."""
    g, order = c.graph, c["p"]
    rows, others = (g.add("Unsqueeze", c.x(i), g.constant([2 - i])) for i in range(2))
    size = g.add("Abs", g.add("Sub", rows, others))
    if order in (1, 2):
        return reduced(c, f"ReduceL{int(order)}", size, (3,), False)
    if order == inf:
        return reduced(c, "ReduceMax", size, (3,), False)
    if order == 0:
        return reduced(c, "ReduceSum", g.add("Sign", size), (3,), False)
    total = reduced(c, "ReduceSum", g.add("Pow", size, c.number(order)), (3,), False)
    return g.add("Pow", total, c.number(1 / order))


@translates("logsumexp")
def _logsumexp(c: Call) -> str:
    g, dims, keep = c.graph, tuple(c["dims"]), bool(c["keepdim"])
    x = c.as_dtype(0, c.out.dtype)
    largest = reduced(c, "ReduceMax", x, dims)
    # Finite, so that rows of infinities give no NaN.
    usual = g.add("Not", g.add("IsInf", largest))
    shift = g.add("Where", usual, largest, c.number(0))
    total = reduced(c, "ReduceSum", g.add("Exp", g.add("Sub", x, shift)), dims)
    y = g.add("Add", g.add("Log", total), shift)
    return y if keep or not dims else g.add("Squeeze", y, g.constant(list(dims)))


@translates("softmax", "log_softmax")
def _softmax(c: Call) -> str:
    op = "Softmax" if c.name == "softmax" else "LogSoftmax"
    if c.array().ndim == 0:
        return c.number(1.0 if c.name == "softmax" else 0.0)
    return c.graph.add(op, c.as_dtype(0, c.out.dtype), axis=c["dim"])


@translates("cumsum")
def _cumsum(c: Call) -> str:
    if c.array().ndim == 0:
        return c.as_dtype(0, c.out.dtype)
    return c.graph.add("CumSum", c.as_dtype(0, c.out.dtype), c.graph.constant(c["dim"]))


@translates("sort")
def _sort(c: Call) -> tuple[str, str]:
    a = c.array()
    if a.ndim == 0:
        return c.x(), c.graph.constant(0)
    k = a.shape[c["dim"]] if c["k"] == -1 else c["k"]
    values, at = c.graph.nodes_of(
        "TopK", [c.x(), c.graph.size(k)], 2, axis=c["dim"], largest=int(c["descending"]), sorted=1
    )
    return values, at


@translates("cumprod", "cummax", "cummin", "logcumsumexp", "recurrence")
def _running(c: Call) -> str:
    raise UnsupportedError("ONNX has running sums (cumsum) only")
