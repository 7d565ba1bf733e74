"""Functions of images, with the signatures of ``torch.nn.functional``."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

from wengert import Tensor
from wengert import _ops as _C
from wengert._creation import arange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Sizes = int | Sequence[int]


# ---- resampling ----------------------------------------------------------------------------


def _per_dimension(what: str, value: Any, input: Tensor) -> list[Any]:
    spatial = input.ndim - 2
    if not isinstance(value, (list, tuple)):
        return [value] * spatial
    if len(value) != spatial:
        raise ValueError(
            f"interpolate: expected a {what} for each of {max(spatial, 0)} spatial dimensions of "
            f"the input of shape {tuple(input.shape)}, (N, C, ...), got {value}"
        )
    return list(value)


def _factors(scale_factor: Any, input: Tensor) -> list[float]:
    factors = []
    for value in _per_dimension("scale_factor", scale_factor, input):
        if isinstance(value, str) or (value is scale_factor and isinstance(value, Tensor)):
            raise TypeError(f"interpolate: scale_factor must be numbers, got {scale_factor!r}")
        factors.append(float(value))
    return factors


def interpolate(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """(N, C, ...) resampled to the spatial sizes ``size``, or to floor(size * ``scale_factor``).

    Args:
        mode: "nearest", "nearest-exact" (which lets no half pixel go astray) or "area" for one to
            three spatial dimensions; "linear" for one, "bilinear", "bicubic" and "lanczos" for two,
            "trilinear" for three.
        align_corners: whether the middles of the outermost elements of input and output lie at the
            same places, and not their outer borders. For the linear modes and "bicubic".
        recompute_scale_factor: whether outputs lie (input size / output size) apart, and not
            1 / ``scale_factor``, which differs where the sizes were rounded.
        antialias: whether the filter widens with the distance of the outputs, so that it sees all
            of the input. For "bilinear", "bicubic" and, where it must be, "lanczos".

    Raises:
        ValueError: options that exclude each other.
        NotImplementedError: a mode that does not exist, or not for that many dimensions or dtype.
    """
    if mode in ("nearest", "nearest-exact", "area"):
        if align_corners is not None:
            raise ValueError(
                f"interpolate: align_corners is for the modes 'linear', 'bilinear', 'bicubic' and "
                f"'trilinear', but the mode is {mode!r}"
            )
        recompute_scale_factor = recompute_scale_factor or (mode == "area" and size is None)
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"interpolate: give one of size and scale_factor, got {size} and {scale_factor}"
        )
    factors = [0.0] * 3
    if size is not None:
        if recompute_scale_factor:
            raise ValueError("interpolate: recompute_scale_factor is of no use where size is given")
        sizes = _per_dimension("size", size, input)
    else:
        factors = _factors(scale_factor, input)
        wanted = [n * f for n, f in zip(input.shape[2:], factors)]
        if not recompute_scale_factor and not all(abs(n) < 2**63 for n in wanted):
            raise RuntimeError(
                f"interpolate: scale_factor={scale_factor!r} gives sizes that are no 64-bit numbers"
            )
        sizes = [math.floor(n) for n in wanted]
        factors += [0.0] * (3 - len(factors))
        if recompute_scale_factor:
            factors = [0.0] * 3
    return _C._interpolate(input, sizes, mode, bool(align_corners), antialias, *factors[:3])


def _warn_of_old_name(name: str) -> None:
    warnings.warn(f"nn.functional.{name} is deprecated; use interpolate instead", stacklevel=3)


def upsample(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """The older name of :func:`interpolate`."""
    _warn_of_old_name("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """:func:`interpolate` with mode "nearest"."""
    _warn_of_old_name("upsample_nearest")
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """:func:`interpolate` with mode "bilinear" and aligned corners."""
    _warn_of_old_name("upsample_bilinear")
    return interpolate(input, size, scale_factor, "bilinear", True)


# ---- grids ---------------------------------------------------------------------------------

_SAMPLE_MODES = ("bilinear", "nearest", "bicubic")
_SAMPLE_PADDINGS = ("zeros", "border", "reflection")


def _aligned(op: str, align_corners: bool | None) -> bool:
    if align_corners is None:
        warnings.warn(
            f"{op}: align_corners is False by default, as it was not before PyTorch 1.3; say which "
            "you mean",
            stacklevel=3,
        )
    return bool(align_corners)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The values of (N, C, H, W) at the points (N, h, w, 2), or of (N, C, D, H, W) at the points
    (N, d, h, w, 3): (N, C, h, w) or (N, C, d, h, w).

    Args:
        grid: coordinates x, y (and z), of which -1 and 1 are the image's borders: the outer ones,
            or with ``align_corners`` the middles of the outermost elements.
        mode: "bilinear" (in space too), "nearest" or, in the plane, "bicubic".
        padding_mode: what points outside of the image read: "zeros", the nearest element of the
            "border", or the "reflection" of the image at its borders.
    """
    if mode not in _SAMPLE_MODES:
        raise ValueError(f"grid_sample: mode must be one of {_SAMPLE_MODES}, got {mode!r}")
    if padding_mode not in _SAMPLE_PADDINGS:
        raise ValueError(
            f"grid_sample: padding_mode must be one of {_SAMPLE_PADDINGS}, got {padding_mode!r}"
        )
    return _C.grid_sampler(
        input,
        grid,
        _SAMPLE_MODES.index(mode),
        _SAMPLE_PADDINGS.index(padding_mode),
        _aligned("grid_sample", align_corners),
    )


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The grid for :func:`grid_sample` under the affine maps ``theta``, (N, 2, 3) or (N, 3, 4), of
    images of ``size``, (N, C, H, W) or (N, C, D, H, W): (N, H, W, 2) or (N, D, H, W, 3)."""
    return _C.affine_grid_generator(theta, size, _aligned("affine_grid", align_corners))


# ---- windows -------------------------------------------------------------------------------


def unfold(
    input: Tensor,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    """The windows of (N, C, H, W) as columns: (N, C * taps, windows); also without N."""
    return _C._unfold_windows(input, kernel_size, dilation, padding, stride)


def fold(
    input: Tensor,
    output_size: Sizes,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    """The adjoint of :func:`unfold`: columns (N, C * taps, windows) added up to
    (N, C, *output_size); also without N."""
    return _C._fold(input, output_size, kernel_size, dilation, padding, stride)


# ---- normalisation over neighbouring channels ----------------------------------------------


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """x / (k + alpha mean(x^2))^beta with the mean over ``size`` neighbouring channels of
    (N, C, *), those beyond the first and last counting as 0."""
    if input.ndim < 3:
        raise ValueError(
            f"local_response_norm: expected at least 3 dimensions, (N, C, *), got shape "
            f"{tuple(input.shape)}"
        )
    if input.numel() == 0:
        return input
    mean = _mean_of_squares(input, size // 2, (size - 1) // 2, size)
    return input / (mean.reshape(input.shape) * alpha + k) ** beta


def cross_map_norm(input: Tensor, size: int, alpha: float, beta: float, k: float) -> Tensor:
    """The same of (N, C, H, W) with as many channels before as after each; as in PyTorch, the first
    channel counts for all that follow."""
    if input.ndim != 4:
        raise ValueError(f"CrossMapLRN2d: expected an input of 4 dimensions, got {input.ndim}")
    around = (size - 1) // 2
    mean = _mean_of_squares(input, around, around, size)
    beyond = (arange(input.shape[1]) > around).to(input.dtype).reshape(-1, 1)
    first = input[:, :1].reshape(input.shape[0], 1, 1, -1)
    mean = mean + first * first * beyond / size
    return input / (mean.reshape(input.shape) * alpha + k) ** beta


def _mean_of_squares(input: Tensor, before: int, after: int, size: int) -> Tensor:
    """The sums of squares over neighbouring channels, divided by ``size``: (N, 1, C, *)."""
    squares = (input * input).reshape(input.shape[0], 1, input.shape[1], -1)
    squares = _C.pad(squares, (0, 0, before, after), "constant", 0.0)
    return _C.avg_pool2d(squares, (before + after + 1, 1), 1, 0, False, True, size)
