"""Convolutions, poolings and resampling."""

from __future__ import annotations

from math import prod

import numpy as np

import wengert
from wengert import _core
from wengert.onnx._call import Call, translates
from wengert.onnx._graph import UnsupportedError
from wengert.onnx._sizes import Dim, Size, samples_of


def _geometry(c: Call) -> dict[str, object]:
    return {
        "strides": list(c["stride"]),
        "dilations": list(c["dilation"]),
        "group": c["groups"],
    }


@translates("convolution")
def _convolution(c: Call) -> str:
    pads = list(c["padding"]) * 2
    bias = c.x(2) if c.has(2) else None
    return c.graph.add("Conv", c.x(0), c.x(1), bias, pads=pads, **_geometry(c))


@translates("convolution_input")
def _transposed(c: Call) -> str:
    """The transposed convolution: its output's size says what is added at the end."""
    kernel = c.array(1).shape[2:]
    more = []
    for axis, n in enumerate(c["in"]):
        stride, padding, dilation = (c[k][axis] for k in ("stride", "padding", "dilation"))
        k, y = kernel[axis], c.array(0).shape[2 + axis]
        extra = n - ((y - 1) * stride + (k - 1) * dilation + 1 - 2 * padding)
        if isinstance(extra, Size):
            raise UnsupportedError("the size of the output does not follow from that of the input")
        more.append(extra)
    return c.graph.add(
        "ConvTranspose", c.x(0), c.x(1), pads=list(c["padding"]) * 2, output_padding=more,
        **_geometry(c),
    )  # fmt: skip


# ---- poolings --------------------------------------------------------------------------------


def _overhang(n: Dim, out: Dim, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Elements that the last window reaches beyond the input's end; at least the padding."""
    count = len(n.samples) if isinstance(n, Size) else 1
    beyond = {
        max((o - 1) * stride + dilation * (kernel - 1) + 1 - i - padding, padding)
        for i, o in zip(samples_of(n, count), samples_of(out, count))
    }
    if len(beyond) > 1:
        raise UnsupportedError(
            "with ceil_mode, how far the last window reaches depends on the size of a dynamic axis"
        )
    return beyond.pop()


def _with_batch(c: Call, spatial: int) -> tuple[str, bool]:
    """The input with a batch dimension, and whether it had none."""
    alone = c.array().ndim == spatial + 1
    return (c.graph.add("Unsqueeze", c.x(), c.graph.constant([0])) if alone else c.x()), alone


def _without(c: Call, y: str, alone: bool) -> str:
    return c.graph.add("Squeeze", y, c.graph.constant([0])) if alone else y


@translates("max_pool")
def _max_pool(c: Call) -> list[str | None]:
    kernel, stride, padding, dilation = (
        list(c[k]) for k in ("kernel", "stride", "padding", "dilation")
    )
    n = len(kernel)
    ends = [
        _overhang(*axis)
        for axis in zip(c.array().shape[-n:], c["out"], kernel, stride, padding, dilation)
    ]
    x, alone = _with_batch(c, n)
    y, at = c.graph.nodes_of(
        "MaxPool", [x], 2, kernel_shape=kernel, strides=stride, dilations=dilation,
        pads=padding + ends,
    )  # fmt: skip
    # ONNX counts through the batch, wengert within each channel.
    sizes = [c.graph.size(d) for d in c.array().shape[-n:]]
    volume = sizes[0]
    for size in sizes[1:]:
        volume = c.graph.add("Mul", volume, size)
    at = c.graph.add("Mod", at, volume)
    return [_without(c, y, alone), _without(c, at, alone)]


@translates("window_max")
def _adaptive_max_pool(c: Call) -> list[str | None]:
    """Maxima of windows that cover the volume evenly, one axis after the other."""
    g, out = c.graph, list(c["out"])
    if c.has(1):
        raise UnsupportedError("windows that random numbers draw (fractional pooling)")
    ndim = c.array().ndim
    y = c.x()
    for axis, o in enumerate(out, ndim - len(out)):
        n = c.array().shape[axis]
        if isinstance(n, Size) or isinstance(o, Size):
            raise UnsupportedError("adaptive pooling of a dynamic axis to more than one element")
        parts = []
        for k in range(o):
            part = g.slice(y, axis, k * n // o, -(-(k + 1) * n // o))
            parts.append(g.add("ReduceMax", part, g.constant([axis]), keepdims=1))
        y = parts[0] if len(parts) == 1 else g.add("Concat", *parts, axis=axis)
    return [y, None]


@translates("avg_pool")
def _average_pool(c: Call) -> str:
    g, n = c.graph, len(c["kernel"])
    if c["adaptive"]:
        return _adaptive(c, n)
    kernel, stride, padding = (list(c[k]) for k in ("kernel", "stride", "padding"))
    x, alone = _with_batch(c, n)
    ends = [
        _overhang(*axis, 1) for axis in zip(c.array().shape[-n:], c["out"], kernel, stride, padding)
    ]
    attributes = {"kernel_shape": kernel, "strides": stride}
    if not (c["count_padding"] or c["divisor"]):
        y = g.add("AveragePool", x, pads=padding + ends, **attributes)
        return _without(c, y, alone)
    # Padding counts, what lies beyond it does not.
    beyond = [0] * n if c["divisor"] else [e - p for e, p in zip(ends, padding)]
    zeros = [0, 0, *padding, 0, 0, *(e - b for e, b in zip(ends, beyond))]
    if any(zeros):
        x = g.add("Pad", x, g.constant(zeros), c.number(0))
    y = g.add("AveragePool", x, pads=[0] * n + beyond, **attributes)
    if c["divisor"]:
        y = g.add("Mul", y, c.number(prod(kernel) / c["divisor"]))
    return _without(c, y, alone)


def _adaptive(c: Call, n: int) -> str:
    g, out, sizes = c.graph, list(c["out"]), c.array().shape[-n:]
    ndim = c.array().ndim
    if all(o == 1 for o in out):
        return g.add("ReduceMean", c.x(), g.constant(list(range(ndim - n, ndim))), keepdims=1)
    y = c.x()
    for axis, (i, o) in enumerate(zip(sizes, out)):
        if i == o:
            continue
        if isinstance(i, Size) or isinstance(o, Size):
            raise UnsupportedError("adaptive pooling of a dynamic axis to more than one element")
        means = np.zeros((o, i))
        for k in range(o):
            begin, end = k * i // o, -(-(k + 1) * i // o)
            means[k, begin:end] = 1 / (end - begin)
        y = along(c, y, ndim - n + axis, means)
    return y


def along(c: Call, x: str, axis: int, matrix: np.ndarray) -> str:
    """The products of a matrix with x along one axis."""
    g, last = c.graph, c.array().ndim - 1
    order = list(range(last + 1))
    order[axis], order[last] = last, axis
    turned = g.constant(np.ascontiguousarray(matrix.T), c.out.dtype)
    return g.transpose(g.add("MatMul", g.transpose(x, order), turned), order)


@translates("unfold_windows")
def _unfold(c: Call) -> str:
    """Windows as columns: a convolution with kernels of one element, or its transpose."""
    g, kernel = c.graph, list(c["kernel"])
    taps = prod(kernel)
    channels = (c.out if c["adjoint"] else c.array()).shape[1]
    if isinstance(channels, Size):
        raise UnsupportedError("the number of channels depends on a dynamic axis")
    w = g.constant(np.tile(np.eye(taps), (channels, 1)).reshape(-1, 1, *kernel), c.out.dtype)
    geometry = {
        "strides": list(c["stride"]), "dilations": list(c["dilation"]), "group": channels,
        "pads": list(c["padding"]) * 2,
    }  # fmt: skip
    if not c["adjoint"]:
        y = g.add("Conv", c.x(), w, **geometry)
        return g.add("Reshape", y, g.constant([0, channels * taps, -1]))
    n, width, _ = c.array().shape
    x = g.reshape(c.x(), c.array().shape, [n, width, *c["windows"]])
    more = []
    for axis, size in enumerate(c["plane"]):
        reach = (c["windows"][axis] - 1) * c["stride"][axis] + 1
        reach = reach + (kernel[axis] - 1) * c["dilation"][axis] - 2 * c["padding"][axis]
        more.append(size - reach)
    return g.add("ConvTranspose", x, w, output_padding=more, **geometry)


# ---- resampling ------------------------------------------------------------------------------

# By the number of the filter, what ONNX's Resize calls it.
_RESIZE: dict[int, dict[str, object]] = {
    0: {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    1: {
        "mode": "nearest", "coordinate_transformation_mode": "half_pixel",
        "nearest_mode": "round_prefer_ceil",
    },
    2: {"mode": "linear"},
    3: {"mode": "cubic", "cubic_coeff_a": -0.75},
}  # fmt: skip
# Of the others too, the name of interpolate's mode, and whether it widens with the step.
_MODES = (
    ("nearest", False), ("nearest-exact", False), ("bilinear", False), ("bicubic", False),
    ("area", False), ("bilinear", True), ("bicubic", True), ("lanczos", True),
)  # fmt: skip
_OLD_GRID_MODES = ("bilinear", "nearest", "bicubic")


@translates("resample")
def _resample(c: Call) -> str:
    g, dim, n, out = c.graph, c["dim"], c["in"], c["out"]
    if c["adjoint"]:
        raise UnsupportedError("gradients of resampling are not written")
    dynamic = isinstance(n, Size) or isinstance(out, Size)
    # Resize is used where it is there for: images, with few taps.
    if not dynamic and (c["filter"] not in _RESIZE or c.array().ndim != 4):
        return along(c, c.x(), dim, _matrix(c, n, out))
    if c["filter"] not in _RESIZE:
        raise UnsupportedError("this filter is written for static sizes only")
    attributes = dict(_RESIZE[c["filter"]])
    if c["filter"] > 1:
        corners = c["align_corners"]
        attributes["coordinate_transformation_mode"] = "align_corners" if corners else "half_pixel"
    shape = list(c.array().shape)
    if c["factor"] > 0:
        scales = [1.0] * len(shape)
        scales[dim] = c["factor"]
        return g.add("Resize", c.x(), None, g.constant(scales, wengert.float32), **attributes)
    sizes: list[Dim] = [*shape[:dim], out, *shape[dim + 1 :]]
    return g.add("Resize", c.x(), None, None, g.shape(sizes), **attributes)


def _matrix(c: Call, n: int, out: int) -> np.ndarray:
    """What the resampling multiplies by, from what it makes of unit vectors."""
    mode, antialias = _MODES[c["filter"]]
    unit = wengert.eye(n, dtype=wengert.float64).reshape(n, 1, 1, n)
    if n == out and c["factor"] <= 0:
        return np.eye(n)
    y = _core.ops._interpolate(
        unit, (1, out), mode, c["align_corners"], antialias, 0.0, c["factor"], 0.0
    )
    return y.reshape(n, out).numpy().T


@translates("grid_sample")
def _grid_sample(c: Call) -> str:
    if c["adjoint"] or any(c["order"]):
        raise UnsupportedError("gradients of grid_sample are not written")
    modes = ("linear", "nearest", "cubic") if c.graph.opset >= 20 else _OLD_GRID_MODES
    return c.graph.add(
        "GridSample", c.x(0), c.as_dtype(1, c.out.dtype), mode=modes[c["mode"]],
        padding_mode=("zeros", "border", "reflection")[c["padding"]],
        align_corners=int(c["align_corners"]),
    )  # fmt: skip
