"""Several images side by side, as one image or a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import wengert as wg
from wengert import Tensor

from ._pillow import from_array

__all__ = ["make_grid", "save_image"]


def _batch(tensor: Tensor | list[Tensor]) -> Tensor:
    """The images as one tensor (N, C, H, W), grey ones with three equal channels."""
    if isinstance(tensor, list) and all(isinstance(t, Tensor) for t in tensor):
        tensor = wg.stack(tensor)
    if not isinstance(tensor, Tensor):
        raise TypeError(f"make_grid: expected a tensor or a list of tensors, got {type(tensor)}")
    if tensor.dim() == 2:
        tensor = tensor.unsqueeze(0)
    if tensor.dim() == 3:
        tensor = tensor.unsqueeze(0)
    if tensor.dim() == 4 and tensor.size(1) == 1:
        tensor = wg.cat([tensor] * 3, 1)
    return tensor


def _stretch(images: Tensor, limits: Sequence[float] | None) -> None:
    """Maps the values between the limits (by default the least and the greatest) to 0..1."""
    low, high = (float(images.min()), float(images.max())) if limits is None else limits
    images.clamp_(low, high).sub_(low).div_(max(high - low, 1e-5))


def _grid(
    images: Tensor,
    nrow: int,
    padding: int,
    normalize: bool,
    value_range: tuple[int, int] | None,
    scale_each: bool,
    pad_value: float,
) -> Tensor:
    if normalize:
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError(f"make_grid: expected value_range (min, max), got {value_range!r}")
        images = images.clone()
        for part in images if scale_each else [images]:
            _stretch(part, value_range)
    count = images.size(0)
    if count == 1:
        return images.squeeze(0)
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    height, width = images.size(2) + padding, images.size(3) + padding
    grid = images.new_full(
        (images.size(1), height * rows + padding, width * columns + padding), pad_value
    )
    for k in range(count):
        y, x = divmod(k, columns)
        top, left = y * height + padding, x * width + padding
        grid[:, top : top + images.size(2), left : left + images.size(3)] = images[k]
    return grid


def make_grid(
    tensor: Tensor | list[Tensor],
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[int, int] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """One image (C, H', W') with the images of `tensor` in rows of `nrow`.

    Args:
        tensor: (N, C, H, W), one image (C, H, W) or (H, W), or a list of images of one shape.
        padding: width in pixels of the frame around each image, of value `pad_value`. A single
            image is returned without it.
        normalize: map the values in `value_range`, by default from the least to the greatest, to
            0..1; with `scale_each` those of each image by itself.
    """
    with wg.no_grad():
        return _grid(_batch(tensor), nrow, padding, normalize, value_range, scale_each, pad_value)


def save_image(
    tensor: Tensor | list[Tensor],
    fp: str | Path | BinaryIO,
    format: str | None = None,
    **kwargs: Any,
) -> None:
    """Writes images with values 0..1 as one picture, several as a grid (`kwargs`: `make_grid`'s).

    Args:
        fp: a path or an open binary file; a file needs `format`, such as ``"png"``.
    """
    grid = make_grid(tensor, **kwargs)
    pixels = grid.detach().mul(255).add_(0.5).clamp_(0, 255).permute(1, 2, 0).to(wg.uint8).numpy()
    from_array(pixels, "RGB").save(fp, format=format)
