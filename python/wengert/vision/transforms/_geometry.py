"""Padding, resizing, warping and blurring of images that are tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import wengert as wg
import wengert.nn.functional as F
from wengert import Tensor

from ._images import InterpolationMode, dimensions, floating


def batched(image: Tensor, function: Callable[[Tensor], Tensor], kind: wg.dtype) -> Tensor:
    """What `function` makes of the image as a batch of type `kind`, in the image's own form."""
    batch = (image if image.dim() >= 4 else image.unsqueeze(0)).to(kind)
    result = function(batch)
    if image.dim() < 4:
        result = result.squeeze(0)
    if image.dtype != kind and not image.is_floating_point() and image.dtype != wg.bool:
        result = result.round()
    return result.to(image.dtype)


def crop(image: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    _, h, w = dimensions(image)
    bottom, right = top + height, left + width
    inside = image[..., max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if left >= 0 and top >= 0 and right <= w and bottom <= h:
        return inside
    border = [
        max(-left + min(0, right), 0),
        max(-top + min(0, bottom), 0),
        max(right - max(w, left), 0),
        max(bottom - max(h, top), 0),
    ]
    return pad(inside, border, 0, "constant")


def pad(image: Tensor, sides: Sequence[int], fill: Any, mode: str) -> Tensor:
    """`sides`: left, top, right, bottom; negative ones cut."""
    left, top, right, bottom = sides
    if mode == "symmetric":
        return _pad_symmetric(image, sides)
    batch = image if image.dim() >= 4 else image.unsqueeze(0)
    border = [left, right, top, bottom]
    if mode == "constant":
        value = 0.0 if fill is None else float(fill)
        result = F.pad(batch, border, value=value)
    else:
        name = {"edge": "replicate"}.get(mode, mode)
        exact = image.dtype in (wg.float32, wg.float64)
        result = F.pad(batch if exact else batch.to(wg.float32), border, name).to(image.dtype)
    return result if image.dim() >= 4 else result.squeeze(0)


def _pad_symmetric(image: Tensor, sides: Sequence[int]) -> Tensor:
    if image.dim() not in (3, 4):
        raise RuntimeError(f"pad: symmetric padding is for 3 or 4 dimensions, got {image.dim()}")
    left, top, right, bottom = sides
    for dim, before, after in ((-2, top, bottom), (-1, left, right)):
        start = max(-before, 0)
        image = image.narrow(dim, start, image.size(dim) - start - max(-after, 0))
        size = image.size(dim)
        if max(before, after) > size:
            raise IndexError(
                f"pad: expected symmetric padding of at most the image's {size} pixels, got "
                f"{max(before, after)}"
            )
        order = [*range(before)[::-1], *range(size), *(size - 1 - i for i in range(after))]
        image = image.index_select(dim, wg.tensor(order))
    return image


def resize(image: Tensor, size: list[int], mode: InterpolationMode, antialias: bool) -> Tensor:
    smooth = mode in (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC)

    def scaled(batch: Tensor) -> Tensor:
        result = F.interpolate(
            batch,
            size,
            mode=mode.value,
            align_corners=False if smooth else None,
            antialias=smooth and antialias,
        )
        overshoots = mode is InterpolationMode.BICUBIC and image.dtype == wg.uint8
        return result.clamp(0, 255) if overshoots else result

    exact = image.dtype in (wg.float32, wg.float64)
    return batched(image, scaled, image.dtype if exact else wg.float32)


def _centers(size: int, start: float, kind: wg.dtype) -> Tensor:
    return wg.linspace(start, start + size - 1, size).to(kind)


def _points(width: int, height: int, start: tuple[float, float], kind: wg.dtype) -> Tensor:
    """(x, y, 1) of all pixels, row by row: (height * width, 3)."""
    points = wg.ones(height, width, 3, dtype=kind)
    points[..., 0] = _centers(width, start[0], kind)
    points[..., 1] = _centers(height, start[1], kind).unsqueeze(-1)
    return points.view(-1, 3)


def sample(op: str, image: Tensor, grid: Tensor, mode: InterpolationMode, fill: Any) -> Tensor:
    """The image at the places of `grid`, (1, height, width, 2); `fill` beyond its edges."""
    if mode not in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        raise ValueError(
            f"{op}: interpolation {mode.value!r} is not available for tensors; choose nearest or "
            "bilinear"
        )
    channels = dimensions(image)[0]
    colors = list(fill) if isinstance(fill, Sequence) else None if fill is None else [fill]
    if colors is not None and len(colors) not in (1, channels):
        raise ValueError(
            f"{op}: expected fill with a value for each of {channels} channels, got {len(colors)}"
        )

    def warped(batch: Tensor) -> Tensor:
        count = batch.size(0)
        places = grid.expand(count, *grid.shape[1:])
        if colors is not None:  # a channel that says how much of a pixel is within the image
            batch = wg.cat([batch, wg.ones_like(batch[:, :1])], 1)
        result = F.grid_sample(batch, places, mode=mode.value, align_corners=False)
        if colors is None:
            return result
        result, inside = result[:, :-1], result[:, -1:]
        outside = wg.tensor(colors, dtype=result.dtype).view(1, -1, 1, 1).expand_as(result)
        if mode is InterpolationMode.NEAREST:
            return wg.where(inside < 0.5, outside, result)
        return result * inside + (1.0 - inside) * outside

    return batched(image, warped, grid.dtype)


def affine(
    op: str,
    image: Tensor,
    matrix: Sequence[float],
    mode: InterpolationMode,
    fill: Any,
    size: tuple[int, int] | None = None,
) -> Tensor:
    """Takes each pixel from where `matrix`, two rows, maps it; the origin is the center.

    `size`: width and height of the result, by default those of the image.
    """
    kind = floating(image)
    _, height, width = dimensions(image)
    out_width, out_height = size or (width, height)
    points = _points(out_width, out_height, (0.5 - out_width * 0.5, 0.5 - out_height * 0.5), kind)
    columns = wg.tensor(matrix, dtype=kind).reshape(2, 3).t()
    places = points @ (columns / wg.tensor([0.5 * width, 0.5 * height], dtype=kind))
    return sample(op, image, places.view(1, out_height, out_width, 2), mode, fill)


def rotated_size(matrix: Sequence[float], width: int, height: int) -> tuple[int, int]:
    """Width and height of the least image that holds a whole rotated one."""
    a, b, c, d, e, f = matrix
    corners = [(x * 0.5 * width, y * 0.5 * height) for x in (-1, 1) for y in (-1, 1)]

    def extent(values: list[float]) -> int:
        # Without the last digits, in which the corners of a right-angled turn may be off.
        low, high = (math.trunc(v / 1e-4) * 1e-4 for v in (min(values), max(values)))
        return math.ceil(high - 1e-9) - math.floor(low + 1e-9)

    return (
        extent([a * x + b * y + c + width * 0.5 for x, y in corners]),
        extent([d * x + e * y + f + height * 0.5 for x, y in corners]),
    )


def perspective(
    image: Tensor, coefficients: Sequence[float], mode: InterpolationMode, fill: Any
) -> Tensor:
    """Takes (x, y) from ((a x + b y + c) / (g x + h y + 1), (d x + e y + f) / (g x + h y + 1))."""
    kind = floating(image)
    _, height, width = dimensions(image)
    points = _points(width, height, (0.5, 0.5), kind)
    numerators = wg.tensor(coefficients[:6], dtype=kind).reshape(2, 3).t()
    divisor = wg.tensor([*coefficients[6:], 1.0], dtype=kind).reshape(3, 1)
    half = wg.tensor([0.5 * width, 0.5 * height], dtype=kind)
    places = points @ (numerators / half) / (points @ divisor) - 1.0
    return sample("perspective", image, places.view(1, height, width, 2), mode, fill)


def _bell(size: int, sigma: float, kind: wg.dtype) -> Tensor:
    half = (size - 1) * 0.5
    density = wg.exp(-0.5 * (wg.linspace(-half, half, size, dtype=kind) / sigma).pow(2))
    return density / density.sum()


def gaussian_blur(image: Tensor, size: Sequence[int], sigma: Sequence[float]) -> Tensor:
    """`size` and `sigma`: of the width and of the height."""
    kind = floating(image)
    across, down = (_bell(n, s, kind) for n, s in zip(size, sigma))
    kernel = down[:, None] @ across[None, :]
    x, y = size[0] // 2, size[1] // 2

    def blurred(batch: Tensor) -> Tensor:
        channels = batch.size(-3)
        framed = F.pad(batch, [x, x, y, y], "reflect")
        return F.conv2d(framed, kernel.expand(channels, 1, *kernel.shape), groups=channels)

    return batched(image, blurred, kind)
