"""Normalisations."""

from __future__ import annotations

from wengert.onnx._call import Call, translates
from wengert.onnx._sizes import Size


def _or_constant(c: Call, i: int, n: int, value: float) -> str:
    """Input i, or n equal numbers."""
    return c.x(i) if c.has(i) else c.graph.constant([value] * n, c.out.dtype)


def _standardized(c: Call, x: str, axes: list[int]) -> str:
    """(x - mean) / sqrt(variance + eps)"""
    g = c.graph
    mean = g.add("ReduceMean", x, g.constant(axes), keepdims=1)
    d = g.add("Sub", x, mean)
    variance = g.add("ReduceMean", g.add("Mul", d, d), g.constant(axes), keepdims=1)
    return g.add("Div", d, g.add("Sqrt", g.add("Add", variance, c.number(c["eps"]))))


def _scaled(c: Call, y: str, per: tuple[int, ...]) -> str:
    """y weight + bias; these have the shape `per`."""
    g = c.graph
    for i, op in ((1, "Mul"), (2, "Add")):
        if c.has(i):
            y = g.add(op, y, g.add("Reshape", c.x(i), g.constant(list(per))))
    return y


def _normalized(c: Call, axes: list[int], per: tuple[int, ...]) -> str:
    return _scaled(c, _standardized(c, c.x(), axes), per)


@translates("batch_norm")
def _batch_norm(c: Call) -> list[str | None]:
    channels, ndim = c.array().shape[1], c.array().ndim
    if not c["given"] or isinstance(channels, Size):
        per = (1, -1, *(1,) * (ndim - 2))
        return [_normalized(c, [i for i in range(ndim) if i != 1], per), None, None, None]
    y = c.graph.add(
        "BatchNormalization", c.x(0), _or_constant(c, 1, channels, 1.0),
        _or_constant(c, 2, channels, 0.0), c.as_dtype(3, c.out.dtype), c.as_dtype(4, c.out.dtype),
        epsilon=c["eps"],
    )  # fmt: skip
    return [y, None, None, None]


@translates("layer_norm")
def _layer_norm(c: Call) -> list[str | None]:
    n = c.array().shape[1]
    if isinstance(n, Size):
        return [_normalized(c, [1], (1, -1)), None, None]
    bias = c.x(2) if c.has(2) else None
    scale = _or_constant(c, 1, n, 1.0)
    y = c.graph.add("LayerNormalization", c.x(0), scale, bias, axis=-1, epsilon=c["eps"])
    return [y, None, None]


@translates("group_norm")
def _group_norm(c: Call) -> list[str | None]:
    g, shape = c.graph, c.array().shape
    rows = g.add("Reshape", c.x(), g.constant([0, c["groups"], -1]))
    y = g.add("Reshape", _standardized(c, rows, [2]), g.shape(shape))
    return [_scaled(c, y, (1, -1, *(1,) * (len(shape) - 2))), None, None]
