"""Matrix products and attention."""

from __future__ import annotations

import wengert
from wengert.onnx._call import Call, translates
from wengert.onnx._graph import UnsupportedError


@translates("mm", "bmm")
def _matmul(c: Call) -> str:
    return c.graph.add("MatMul", c.x(0), c.x(1))


@translates("addmm")
def _addmm(c: Call) -> str:
    g, alpha, beta = c.graph, c["alpha"], c["beta"]
    floating = c.out.dtype.is_floating_point
    if floating and c.out.ndim == 2:
        added = c.x(0) if beta != 0 else None
        return g.add("Gemm", c.x(1), c.x(2), added, alpha=float(alpha), beta=float(beta))
    y = g.add("MatMul", c.x(1), c.x(2))
    if alpha != 1:
        y = g.add("Mul", y, c.number(alpha))
    if beta == 0:
        return y
    return g.add("Add", y, c.x(0) if beta == 1 else g.add("Mul", c.x(0), c.number(beta)))


@translates("linear")
def _linear(c: Call) -> str:
    g = c.graph
    bias = c.x(2) if c.has(2) else None
    if c.array(0).ndim == 2:
        return g.add("Gemm", c.x(0), c.x(1), bias, transB=1)
    y = g.add("MatMul", c.x(0), g.transpose(c.x(1), (1, 0)))
    return y if bias is None else g.add("Add", y, bias)


@translates("scaled_dot_product_attention")
def _attention(c: Call) -> list[str | None]:
    """softmax(scale q k^T + mask) v, zero where nothing takes part."""
    g = c.graph
    if c["p"] != 0:
        raise UnsupportedError("it draws random numbers for dropout; export the model in eval mode")
    t = wengert.float64 if c.out.dtype is wengert.float64 else wengert.float32
    heads = c.array(0).shape[1]
    q, k, v = (c.as_dtype(i, t) for i in range(3))
    if c.array(1).shape[1] != heads:
        k, v = _repeated(c, k, 1), _repeated(c, v, 2)
    scores = g.add("MatMul", g.add("Mul", q, c.number(c["scale"], t)), g.transpose(k, (0, 1, 3, 2)))
    nothing = c.number(float("-inf"), t)
    if c["causal"]:
        rows, columns = c.array(0).shape[2], c.array(1).shape[2]
        first = g.constant(0)
        i = g.add("Range", first, g.number(rows), g.constant(1))
        j = g.add("Range", first, g.number(columns), g.constant(1))
        seen = g.add("GreaterOrEqual", g.add("Unsqueeze", i, g.constant([1])), j)
        scores = g.add("Where", seen, scores, nothing)
    if not c.has(3):
        weights = g.add("Softmax", scores, axis=-1)
    else:
        if c.array(3).dtype is wengert.bool:
            scores = g.add("Where", c.x(3), scores, nothing)
        else:
            scores = g.add("Add", scores, c.as_dtype(3, t))
        largest = g.add("ReduceMax", scores, g.constant([-1]), keepdims=1)
        empty = g.add("Equal", largest, nothing)
        zero = c.number(0, t)
        weights = g.add("Softmax", g.add("Where", empty, zero, scores), axis=-1)
        weights = g.add("Where", empty, zero, weights)
    y = g.add("MatMul", weights, v)
    return [y if c.out.dtype is t else g.cast(y, c.out.dtype), None]


def _repeated(c: Call, x: str, i: int) -> str:
    """Heads of keys or values, each repeated for those of the query that it serves."""
    g, shape = c.graph, c.array(i).shape
    heads, own = c.array(0).shape[1], shape[1]
    assert isinstance(heads, int) and isinstance(own, int)
    x = g.add("Unsqueeze", x, g.constant([2]))
    x = g.add("Expand", x, g.constant([1, 1, heads // own, 1, 1]))
    return g.add("Reshape", x, g.constant([0, heads, -1, shape[3]]))
