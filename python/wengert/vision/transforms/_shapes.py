"""Parts of images, borders and sizes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from .._pillow import pillow
from . import _geometry, _pil
from ._images import InterpolationMode, dimensions, is_tensor, mode_of, pair, pillow_number


def get_dimensions(img: Any) -> list[int]:
    """[channels, height, width] of an image."""
    return dimensions(img)


def get_image_size(img: Any) -> list[int]:
    """[width, height] of an image."""
    return dimensions(img)[:0:-1]


def get_image_num_channels(img: Any) -> int:
    """The number of channels of an image."""
    return dimensions(img)[0]


def hflip(img: Any) -> Any:
    """The image with left and right exchanged."""
    if is_tensor("hflip", img):
        return img.flip(-1)
    return img.transpose(pillow().Transpose.FLIP_LEFT_RIGHT)


def vflip(img: Any) -> Any:
    """The image with top and bottom exchanged."""
    if is_tensor("vflip", img):
        return img.flip(-2)
    return img.transpose(pillow().Transpose.FLIP_TOP_BOTTOM)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """A part of the image; what is beyond its edges is 0."""
    if is_tensor("crop", img):
        return _geometry.crop(img, top, left, height, width)
    return img.crop((left, top, left + width, top + height))


def pad(
    img: Any,
    padding: int | Sequence[int],
    fill: float | Sequence[float] = 0,
    padding_mode: str = "constant",
) -> Any:
    """The image with a border.

    Args:
        padding: width of the border: one number, [left and right, top and bottom], or [left, top,
            right, bottom]. Negative numbers cut.
        fill: value of the border; for PIL images also one for each channel.
        padding_mode: constant, edge (the last pixel repeated), reflect (mirrored without the last
            pixel) or symmetric (mirrored with it).
    """
    tensor = is_tensor("pad", img)
    if not isinstance(padding, (int, tuple, list)):
        raise TypeError(f"pad: expected padding to be a number or several, got {padding!r}")
    numbers = (int, float) if tensor else (int, float, tuple, list)
    if fill is not None and not isinstance(fill, numbers):
        raise TypeError(f"pad: expected fill to be a number, got {fill!r}")
    if not isinstance(padding_mode, str):
        raise TypeError(f"pad: expected padding_mode to be a name, got {padding_mode!r}")
    sides = [padding] if isinstance(padding, int) else list(padding)
    if len(sides) not in (1, 2, 4):
        raise ValueError(f"pad: expected padding of 1, 2 or 4 numbers, got {len(sides)}")
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError(
            f"pad: expected padding_mode constant, edge, reflect or symmetric, got {padding_mode!r}"
        )
    sides *= 4 // len(sides)
    module = _geometry if tensor else _pil
    return module.pad(img, sides, fill, padding_mode)


def _output_size(height: int, width: int, size: Sequence[int], max_size: int | None) -> list[int]:
    """[height, width], where one number in `size` is that of the shorter side."""
    if len(size) == 2:
        return list(size)
    short, long = sorted((width, height))
    new_short, new_long = size[0], int(size[0] * long / short)
    if max_size is not None:
        if max_size <= new_short:
            raise ValueError(f"resize: expected max_size above size {new_short}, got {max_size}")
        if new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return [new_long, new_short] if width <= height else [new_short, new_long]


def resize(
    img: Any,
    size: int | Sequence[int],
    interpolation: InterpolationMode = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """The image in another size.

    Args:
        size: [height, width], or one number for the shorter side, which keeps the proportions.
        interpolation: for tensors NEAREST, NEAREST_EXACT, BILINEAR or BICUBIC.
        max_size: at most this long may the longer side be; with one number in `size` only.
        antialias: whether smaller images are averages of the pixels that they stand for. PIL images
            always are.
    """
    mode = mode_of("resize", interpolation)
    wanted = [size] if isinstance(size, int) else list(size)
    if len(wanted) not in (1, 2):
        raise ValueError(f"resize: expected a size of 1 or 2 numbers, got {len(wanted)}")
    if max_size is not None and len(wanted) != 1:
        raise ValueError("resize: expected max_size with one number in size only")
    tensor = is_tensor("resize", img)
    _, height, width = dimensions(img)
    wanted = _output_size(height, width, wanted, max_size)
    if wanted == [height, width]:
        return img
    if tensor:
        return _geometry.resize(img, wanted, mode, bool(antialias))
    if antialias is False:
        warnings.warn("resize: PIL images are always antialiased", stacklevel=2)
    return img.resize((wanted[1], wanted[0]), pillow_number(mode))


def center_crop(img: Any, output_size: int | Sequence[int]) -> Any:
    """The middle of the image, with a border of 0 if the image is smaller."""
    height, width = pair(output_size)
    _, h, w = dimensions(img)
    if width > w or height > h:
        x, y = max(width - w, 0), max(height - h, 0)
        img = pad(img, [x // 2, y // 2, (x + 1) // 2, (y + 1) // 2])
        _, h, w = dimensions(img)
        if (height, width) == (h, w):
            return img
    return crop(img, round((h - height) / 2), round((w - width) / 2), height, width)


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: int | Sequence[int],
    interpolation: InterpolationMode = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """`crop`, then `resize`."""
    part = crop(img, top, left, height, width)
    return resize(part, size, interpolation, antialias=antialias)


def five_crop(img: Any, size: int | Sequence[int]) -> tuple[Any, Any, Any, Any, Any]:
    """The corners (top left, top right, bottom left, bottom right) and the middle of the image.

    Raises:
        ValueError: the image is smaller than `size`.
    """
    both = pair(size)
    if len(both) != 2:
        raise ValueError(f"five_crop: expected a size (height, width), got {size!r}")
    height, width = both
    _, h, w = dimensions(img)
    if width > w or height > h:
        raise ValueError(
            f"five_crop: expected a size of at most the image's {(h, w)}, got {(height, width)}"
        )
    return (
        crop(img, 0, 0, height, width),
        crop(img, 0, w - width, height, width),
        crop(img, h - height, 0, height, width),
        crop(img, h - height, w - width, height, width),
        center_crop(img, [height, width]),
    )


def ten_crop(img: Any, size: int | Sequence[int], vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of the image and of its mirror image."""
    mirrored = vflip(img) if vertical_flip else hflip(img)
    return five_crop(img, size) + five_crop(mirrored, size)
