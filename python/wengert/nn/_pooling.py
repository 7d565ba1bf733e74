"""Pooling functions, with the signatures of ``torch.nn.functional``.

Inputs are (N, C, ...) or (C, ...) with as many sizes after the channels as the name says. Sizes are
one number, or one for each of these dimensions; where there is no stride it is the kernel size.
Indices say where a maximum stands in the flattened dimensions after the channels (int64).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from wengert import Tensor
from wengert import _ops as _C

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Sizes = int | Sequence[int]
Grid = int | Sequence[int | None]
Pooled = Tensor | tuple[Tensor, Tensor]

avg_pool1d = _C.avg_pool1d
avg_pool2d = _C.avg_pool2d
avg_pool3d = _C.avg_pool3d
adaptive_avg_pool1d = _C.adaptive_avg_pool1d


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """The maximum of each window of (N, C, L) or (C, L), and where it stands."""
    return _C.max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """The maximum of each window of (N, C, H, W) or (C, H, W), and where it stands."""
    return _C.max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """The maximum of each window of (N, C, D, H, W) or (C, D, H, W), and where it stands."""
    return _C.max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Pooled:
    """The maximum of each window of (N, C, L) or (C, L)."""
    pool: Any = _C.max_pool1d_with_indices if return_indices else _C.max_pool1d
    return pool(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Pooled:
    """The maximum of each window of (N, C, H, W) or (C, H, W)."""
    pool: Any = _C.max_pool2d_with_indices if return_indices else _C.max_pool2d
    return pool(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Pooled:
    """The maximum of each window of (N, C, D, H, W) or (C, D, H, W)."""
    pool: Any = _C.max_pool3d_with_indices if return_indices else _C.max_pool3d
    return pool(input, kernel_size, stride, padding, dilation, ceil_mode)


# ---- grids of windows that cover the input ---------------------------------------------------


def _grid(op: str, input: Tensor, output_size: Grid, n: int) -> Sizes:
    """``output_size`` with the input's sizes in place of None."""
    if isinstance(output_size, int):
        return output_size
    if len(output_size) != n or input.ndim <= n:
        error = ValueError if len(output_size) >= input.ndim else RuntimeError
        raise error(
            f"{op}: expected an output_size of {n} numbers for an input of {n + 1} or {n + 2} "
            f"dimensions, got {tuple(output_size)} and the shape {tuple(input.shape)}"
        )
    sizes = input.shape[-n:]
    return [have if want is None else want for have, want in zip(sizes, output_size, strict=True)]


def adaptive_avg_pool2d(input: Tensor, output_size: Grid) -> Tensor:
    """The means of a grid of windows that covers (N, C, H, W) or (C, H, W); None: as many as in
    the input."""
    return _C.adaptive_avg_pool2d(input, _grid("adaptive_avg_pool2d", input, output_size, 2))


def adaptive_avg_pool3d(input: Tensor, output_size: Grid) -> Tensor:
    """The means of a grid of windows that covers (N, C, D, H, W) or (C, D, H, W); None: as many as
    in the input."""
    return _C.adaptive_avg_pool3d(input, _grid("adaptive_avg_pool3d", input, output_size, 3))


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Sizes, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """The maxima of windows that cover (N, C, L) or (C, L), and where they stand."""
    return _C.adaptive_max_pool1d(input, output_size)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Grid, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """The maxima of a grid of windows that covers (N, C, H, W) or (C, H, W), and where they
    stand; None: as many as in the input."""
    size = _grid("adaptive_max_pool2d", input, output_size, 2)
    return _C.adaptive_max_pool2d_with_indices(input, size)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Grid, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """The maxima of a grid of windows that covers (N, C, D, H, W) or (C, D, H, W), and where they
    stand; None: as many as in the input."""
    size = _grid("adaptive_max_pool3d", input, output_size, 3)
    return _C.adaptive_max_pool3d_with_indices(input, size)


def adaptive_max_pool1d(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Pooled:
    """The maxima of ``output_size`` windows that cover (N, C, L) or (C, L)."""
    both = adaptive_max_pool1d_with_indices(input, output_size)
    return both if return_indices else both[0]


def adaptive_max_pool2d(input: Tensor, output_size: Grid, return_indices: bool = False) -> Pooled:
    """The maxima of a grid of windows that covers (N, C, H, W) or (C, H, W)."""
    both = adaptive_max_pool2d_with_indices(input, output_size)
    return both if return_indices else both[0]


def adaptive_max_pool3d(input: Tensor, output_size: Grid, return_indices: bool = False) -> Pooled:
    """The maxima of a grid of windows that covers (N, C, D, H, W) or (C, D, H, W)."""
    both = adaptive_max_pool3d_with_indices(input, output_size)
    return both if return_indices else both[0]


# ---- norms of windows ------------------------------------------------------------------------


def _lp_pool(
    n: int,
    average: Callable[..., Tensor],
    maximum: Callable[..., Any],
    input: Tensor,
    p: float,
    kernel_size: Sizes,
    stride: Sizes | None,
    ceil_mode: bool,
) -> Tensor:
    """(sum of x^p)^(1/p) of each window, as the mean times the kernel's size: a window cut off at
    the border counts as if it were whole."""
    if math.isinf(p):
        sign = 1 if p > 0 else -1
        return sign * maximum(sign * input.abs(), kernel_size, stride, 0, 1, ceil_mode)
    count = kernel_size**n if isinstance(kernel_size, int) else math.prod(kernel_size)
    mean = average(input.pow(p), kernel_size, stride, 0, ceil_mode)
    return (mean * count).pow(1 / p)


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: int,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(sum of x^norm_type)^(1 / norm_type) of each window of (N, C, L) or (C, L)."""
    return _lp_pool(1, avg_pool1d, max_pool1d, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(sum of x^norm_type)^(1 / norm_type) of each window of (N, C, H, W) or (C, H, W)."""
    return _lp_pool(2, avg_pool2d, max_pool2d, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(sum of x^norm_type)^(1 / norm_type) of each window of (N, C, D, H, W) or (C, D, H, W)."""
    return _lp_pool(3, avg_pool3d, max_pool3d, input, norm_type, kernel_size, stride, ceil_mode)
