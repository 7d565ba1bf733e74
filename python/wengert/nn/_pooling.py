"""Pooling functions, with the signatures of ``torch.nn.functional``.

One-dimensional pooling is two-dimensional pooling of a single row.
"""

from __future__ import annotations

from collections.abc import Sequence

from wengert import Tensor
from wengert import _ops as _C

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Sizes = int | Sequence[int]


def _one(op: str, name: str, value: Sizes) -> int:
    if isinstance(value, int):
        return value
    if len(value) != 1:
        raise RuntimeError(f"{op}: expected {name} to be an int or one int, got {tuple(value)}")
    return value[0]


def _check_ndim(op: str, input: Tensor, ndim: int) -> None:
    if input.ndim not in (ndim, ndim + 1):
        raise RuntimeError(
            f"{op}: expected {ndim} or {ndim + 1} dimensions, got an input of shape "
            f"{tuple(input.shape)}"
        )


def max_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """The maximum of each window of (N, C, L) or (C, L)."""
    op = "max_pool1d"
    _check_ndim(op, input, 2)
    kernel = _one(op, "kernel_size", kernel_size)
    step = kernel if stride is None else _one(op, "stride", stride)
    result: Any = max_pool2d(
        input.unsqueeze(-2),
        (1, kernel),
        (1, step),
        (0, _one(op, "padding", padding)),
        (1, _one(op, "dilation", dilation)),
        ceil_mode,
        return_indices,
    )
    if return_indices:
        return result[0].squeeze(-2), result[1].squeeze(-2)
    return result.squeeze(-2)


def max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """The maximum of each window of (N, C, H, W) or (C, H, W).

    Args:
        stride: the kernel size if it is None.
        return_indices: also give where each maximum stands in the flattened plane (int64).
    """
    pool = _C.max_pool2d_with_indices if return_indices else _C.max_pool2d
    if stride is None:
        stride = kernel_size
    return pool(input, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of (N, C, L) or (C, L)."""
    op = "avg_pool1d"
    _check_ndim(op, input, 2)
    kernel = _one(op, "kernel_size", kernel_size)
    step = kernel if stride is None else _one(op, "stride", stride)
    return _C.avg_pool2d(
        input.unsqueeze(-2),
        (1, kernel),
        (1, step),
        (0, _one(op, "padding", padding)),
        ceil_mode,
        count_include_pad,
        None,
    ).squeeze(-2)


def avg_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of (N, C, H, W) or (C, H, W)."""
    if stride is None:
        stride = kernel_size
    return _C.avg_pool2d(
        input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def adaptive_avg_pool1d(input: Tensor, output_size: Sizes) -> Tensor:
    """The means of ``output_size`` windows that cover (N, C, L) or (C, L)."""
    _check_ndim("adaptive_avg_pool1d", input, 2)
    size = _one("adaptive_avg_pool1d", "output_size", output_size)
    return _C.adaptive_avg_pool2d(input.unsqueeze(-2), (1, size)).squeeze(-2)


def _plane(input: Tensor, output_size: int | Sequence[int | None]) -> tuple[int, int]:
    sizes = (output_size,) * 2 if isinstance(output_size, int) else output_size
    height, width = (
        have if want is None else want for have, want in zip(input.shape[-2:], sizes, strict=True)
    )
    return height, width


def adaptive_avg_pool2d(input: Tensor, output_size: int | Sequence[int | None]) -> Tensor:
    """The means of a grid of windows that cover (N, C, H, W) or (C, H, W); None: as many as in
    the input."""
    _check_ndim("adaptive_avg_pool2d", input, 3)
    return _C.adaptive_avg_pool2d(input, _plane(input, output_size))


def _windows(size: int, count: int) -> list[tuple[int, int]]:
    """Window i covers [floor(i size / count), ceil((i + 1) size / count))."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def adaptive_max_pool1d(
    input: Tensor, output_size: Sizes, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """The maxima of ``output_size`` windows that cover (N, C, L) or (C, L)."""
    _check_ndim("adaptive_max_pool1d", input, 2)
    size = _one("adaptive_max_pool1d", "output_size", output_size)
    result: Any = adaptive_max_pool2d(input.unsqueeze(-2), (1, size), return_indices)
    if return_indices:
        return result[0].squeeze(-2), result[1].squeeze(-2)
    return result.squeeze(-2)


def adaptive_max_pool2d(
    input: Tensor, output_size: int | Sequence[int | None], return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """The maxima of a grid of windows that cover (N, C, H, W) or (C, H, W).

    A maximum over a rectangle is a maximum over its rows, then over its columns.
    """
    _check_ndim("adaptive_max_pool2d", input, 3)
    height, width = input.shape[-2:]
    out_height, out_width = _plane(input, output_size)
    if max(out_height, out_width) > 2**31 - 1:
        raise RuntimeError(f"adaptive_max_pool2d: the output size {output_size} is too large")
    if out_height == 0 or out_width == 0:
        values = input.new_empty(*input.shape[:-2], out_height, out_width)
        return (values, values.long()) if return_indices else values
    if not return_indices and height % out_height == 0 and width % out_width == 0:
        window = (height // out_height, width // out_width)
        return _C.max_pool2d(input, window, window, 0, 1, False)
    values, rows = _window_maxima(input, -2, _windows(height, out_height))
    values, columns = _window_maxima(values, -1, _windows(width, out_width))
    if not return_indices:
        return values
    return values, rows.gather(-1, columns) * width + columns


def _window_maxima(x: Tensor, dim: int, windows: list[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    """For each window along ``dim``: its maximum and where along ``dim`` that stands."""
    values, places = [], []
    for begin, end in windows:
        value, place = x.narrow(dim, begin, end - begin).max(dim, True)
        values.append(value)
        places.append(place + begin)
    return _C.cat(values, dim), _C.cat(places, dim)
