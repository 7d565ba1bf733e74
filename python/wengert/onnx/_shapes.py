"""Views, joins, rearrangements, and new arrays; and what a changed view makes of its base."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

import wengert
from wengert.onnx._call import Call, translates
from wengert.onnx._elementwise import broadcast
from wengert.onnx._graph import UnsupportedError
from wengert.onnx._sizes import Dim, Size, samples_of


def _whole(d: Any) -> Any:
    """A number of steps of size one; a whole float as an int."""
    return int(d) if isinstance(d, float) and d.is_integer() else d


# ---- views ------------------------------------------------------------------------------------


@translates("view")
def _view(c: Call) -> str:
    return c.graph.reshape(c.x(), c.array().shape, c.out.shape)


@translates("permute")
def _permute(c: Call) -> str:
    return c.graph.transpose(c.x(), c["dims"])


@translates("expand")
def _expand(c: Call) -> str:
    old, new = c.array().shape, c.out.shape
    if old == new:
        return c.x()
    extra = len(new) - len(old)
    # A size of 1 keeps that of the input.
    grow = [1 if i >= extra and old[i - extra] == d else d for i, d in enumerate(new)]
    return c.graph.add("Expand", c.x(), c.graph.shape(grow))


def _from_end(at: Dim, n: Dim) -> Dim:
    """The same position as a number, counted from the end where it depends on the size."""
    if isinstance(at, Size):
        distance = at - n
        return distance if not isinstance(distance, Size) else at
    return at


@translates("select")
def _select(c: Call) -> str:
    g, dim = c.graph, c["dim"]
    at = g.number(_from_end(c["index"], c.array().shape[dim]))
    return g.add("Gather", c.x(), at, axis=dim)


def _bounds(start: Dim, length: Dim, step: Dim, n: Dim) -> tuple[Dim, Dim | None, int]:
    """Start, end (None: of the array) and step of ONNX's Slice."""
    if length == 0:
        return 0, 0, 1
    if isinstance(step, Size):
        raise UnsupportedError("the step of a slice depends on the size of a dynamic axis")
    count = max(len(d.samples) if isinstance(d, Size) else 1 for d in (start, length, n))
    after = samples_of(start + length * step, count)
    if step > 0 and all(a >= m for a, m in zip(after, samples_of(n, count))):
        return _from_end(start, n), None, step
    if step < 0 and all(a < 0 for a in after):
        return _from_end(start, n), None, step
    end = start + (length - 1) * step + (1 if step > 0 else -1)
    return _from_end(start, n), _from_end(end, n), step


@translates("slice")
def _slice(c: Call) -> str:
    dim = c["dim"]
    start, end, step = _bounds(c["start"], c["length"], c["step"], c.array().shape[dim])
    if (start, end, step) == (0, None, 1):
        return c.x()
    return c.graph.slice(c.x(), dim, start, end, step)


@translates("split")
def _split(c: Call) -> list[str]:
    sizes = c.graph.shape(c["sizes"])
    return c.graph.nodes_of("Split", [c.x(), sizes], len(c.output_arrays), axis=c["dim"])


@translates("unbind")
def _unbind(c: Call) -> list[str]:
    g = c.graph
    count = len(c.output_arrays)
    return [g.add("Gather", c.x(), g.constant(k), axis=c["dim"]) for k in range(count)]


@translates("diagonal", "unfold")
def _by_position(c: Call) -> str:
    """Views as the positions of their elements, which are found with numbers in place of them."""
    g, shape = c.graph, c.array().shape
    if any(isinstance(d, Size) for d in shape):
        raise UnsupportedError("only static shapes are supported")
    sizes = [int(d) for d in shape if not isinstance(d, Size)]
    numbers = wengert.arange(prod(sizes)).reshape(sizes)
    if c.name == "diagonal":
        at = numbers.diagonal(c["offset"], c["dim1"], c["dim2"])
    else:
        at = numbers.unfold(c["dim"], c["size"], c["step"])
    flat = g.add("Reshape", c.x(), g.constant([-1]))
    return g.add("Gather", flat, g.array(at.contiguous().numpy()), axis=0)


def put_back(c: Call, k: int, base: str, new: str) -> str:
    """`base`, the input of a view, where its k-th output has become `new`."""
    g, shape = c.graph, c.array().shape
    match c.name:
        case "view":
            return g.reshape(new, c.output_arrays[k].shape, shape)
        case "permute":
            dims = list(c["dims"])
            return g.transpose(new, [dims.index(i) for i in range(len(dims))])
        case "expand" if c.out.shape == shape:
            return new
        case "select":
            at: Dim = c["index"]
            return _put_range(c, base, g.add("Unsqueeze", new, g.constant([c["dim"]])), at, 1, 1)
        case "unbind":
            return _put_range(c, base, g.add("Unsqueeze", new, g.constant([c["dim"]])), k, 1, 1)
        case "slice":
            return _put_range(c, base, new, c["start"], c["length"], c["step"])
        case "split":
            start: Dim = 0
            for n in c["sizes"][:k]:
                start = start + n
            return _put_range(c, base, new, start, c["sizes"][k], 1)
    raise UnsupportedError(f"a {c.name} of an array is changed in place; change a copy of it")


def _put_range(c: Call, base: str, new: str, start: Dim, length: Dim, step: int) -> str:
    """The base with the positions start, start + step, ... of dimension dim replaced."""
    g, dim, n = c.graph, c["dim"], c.array().shape[c["dim"]]
    if length == 0:
        return base
    if step == 1:
        parts = [] if start == 0 else [g.slice(base, dim, 0, start)]
        parts.append(new)
        if start + length != n:
            parts.append(g.slice(base, dim, start + length, None))
        return parts[0] if len(parts) == 1 else g.add("Concat", *parts, axis=dim)
    at = g.add("Range", g.number(start), g.number(start + length * step), g.constant(step))
    order = [dim, *(i for i in range(c.array().ndim) if i != dim)]
    back = [order.index(i) for i in range(len(order))]
    rows = g.add("Unsqueeze", at, g.constant([1]))
    y = g.add("ScatterND", g.transpose(base, order), rows, g.transpose(new, order))
    return g.transpose(y, back)


# ---- joins and rearrangements -----------------------------------------------------------------


@translates("cat")
def _cat(c: Call) -> str:
    parts = [
        c.as_dtype(i, c.out.dtype)
        for i, a in enumerate(c.input_arrays)
        if (a is not None and a.shape != (0,)) or c.out.shape == (0,)
    ]
    return parts[0] if len(parts) == 1 else c.graph.add("Concat", *parts, axis=c["dim"])


@translates("flip")
def _flip(c: Call) -> str:
    x = c.x()
    for dim in c["dims"]:
        x = c.graph.slice(x, dim, -1, None, -1)
    return x


@translates("roll")
def _roll(c: Call) -> str:
    g, dim = c.graph, c["dim"]
    n = c.array().shape[dim]
    shift = c["shift"]
    if shift == 0 or n == 0:
        return c.x()
    cut: Dim = n - shift if isinstance(n, Size) else (n - shift) % n
    cut = _from_end(cut, n)
    return g.add(
        "Concat", g.slice(c.x(), dim, cut, None), g.slice(c.x(), dim, 0, cut), axis=dim
    )  # fmt: skip


@translates("triu", "tril")
def _triangle(c: Call) -> str:
    g = c.graph
    diagonal = g.number(c["diagonal"])
    t = c.out.dtype
    x = c.x() if t.is_floating_point else g.cast(c.x(), wengert.int64)
    y = g.add("Trilu", x, diagonal, upper=int(c.name == "triu"))
    return y if t.is_floating_point else g.cast(y, t)


@translates("constant_pad")
def _pad(c: Call) -> str:
    g, x = c.graph, c.x()
    before, after = list(c.fixed("before")), list(c.fixed("after"))
    for dim, (a, b) in enumerate(zip(before, after)):
        if a < 0 or b < 0:
            x = g.slice(x, dim, max(-a, 0), b if b < 0 else None)
    pads = [max(p, 0) for p in before + after]
    return g.add("Pad", x, g.constant(pads), c.number(c["value"])) if any(pads) else x


# ---- new arrays and copies ----------------------------------------------------------------------


@translates("clone")
def _clone(c: Call) -> str:
    return c.x()


@translates("copy")
def _copy(c: Call) -> str:
    return broadcast(c, c.as_dtype(1, c.out.dtype), c.array(1))


@translates("full", "fill", "new_zeros", "empty", "empty_like")
def _full(c: Call) -> str:
    value = c.number(c.attributes.get("value", 0))
    if c.out.ndim == 0:
        return value
    return c.graph.add("Expand", value, c.graph.shape(c.out.shape))


@translates("arange")
def _arange(c: Call) -> str:
    g, t = c.graph, c.out.dtype
    start, step, n = _whole(c["start"]), _whole(c["step"]), c["n"]
    if isinstance(start, (int, Size)) and isinstance(step, (int, Size)):
        end = start + step * n
        if isinstance(step, Size) or isinstance(n, Size) or isinstance(start, Size):
            y = g.add("Range", g.number(start), g.number(end), g.number(step))
            return y if t is wengert.int64 else g.cast(y, t)
    if isinstance(n, Size):
        steps = g.cast(g.add("Range", g.constant(0), g.number(n), g.constant(1)), t)
        return g.add("Add", g.add("Mul", steps, c.number(step)), c.number(start))
    return g.constant(wengert.arange(n, dtype=wengert.float64) * step + start, t)


@translates("linspace", "eye")
def _static(c: Call) -> str:
    for name in c.attributes:
        if name != "dtype":
            c.fixed(name)
    if c.name == "eye":
        return c.graph.constant(np.eye(c["rows"], c["columns"]), c.out.dtype)
    return c.graph.constant(
        wengert.linspace(c["start"], c["end"], c["steps"], dtype=wengert.float64), c.out.dtype
    )
