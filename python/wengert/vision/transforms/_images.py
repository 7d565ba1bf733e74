"""What images are: tensors (..., channels, height, width) or PIL images."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import wengert as wg
from wengert import Tensor

from .._pillow import is_pil


class InterpolationMode(Enum):
    """How values between pixels are found. The last three are for PIL images alone."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


# Pillow's numbers.
_NUMBERS = {
    InterpolationMode.NEAREST: 0,
    InterpolationMode.LANCZOS: 1,
    InterpolationMode.BILINEAR: 2,
    InterpolationMode.BICUBIC: 3,
    InterpolationMode.BOX: 4,
    InterpolationMode.HAMMING: 5,
}
_MODES = {number: mode for mode, number in _NUMBERS.items()}
_NUMBERS[InterpolationMode.NEAREST_EXACT] = 0


def mode_of(op: str, interpolation: Any) -> InterpolationMode:
    """The mode, which may be given by Pillow's number."""
    if isinstance(interpolation, int) and interpolation in _MODES:
        return _MODES[interpolation]
    if not isinstance(interpolation, InterpolationMode):
        raise TypeError(
            f"{op}: expected interpolation to be an InterpolationMode or one of Pillow's numbers, "
            f"got {interpolation!r}"
        )
    return interpolation


def pillow_number(mode: InterpolationMode) -> int:
    return _NUMBERS[mode]


def dimensions(image: Any) -> list[int]:
    """[channels, height, width]; TypeError for what is no image."""
    if isinstance(image, Tensor):
        if image.dim() < 2:
            raise TypeError(
                f"expected an image, a tensor of at least 2 dimensions, got {image.dim()}"
            )
        return [1 if image.dim() == 2 else image.size(-3), image.size(-2), image.size(-1)]
    if is_pil(image):
        return [len(image.getbands()), image.height, image.width]
    raise TypeError(f"expected an image, a tensor or a PIL image, got {type(image)}")


def is_tensor(op: str, image: Any) -> bool:
    """True for tensors, False for PIL images; TypeError for others."""
    if isinstance(image, Tensor):
        dimensions(image)
        return True
    if is_pil(image):
        return False
    raise TypeError(f"{op}: expected a tensor or a PIL image, got {type(image)}")


def check_channels(op: str, image: Tensor, least: int = 2) -> int:
    """The channels of an image, which must be 1 or 3."""
    channels = dimensions(image)[0]
    if image.dim() < least:
        raise TypeError(f"{op}: expected at least {least} dimensions, got {image.dim()}")
    if channels not in (1, 3):
        raise TypeError(f"{op}: expected 1 or 3 channels, got {channels}")
    return channels


def top_value(dtype: wg.dtype) -> int:
    """The value of the brightest pixel: 1 for floating point, else the greatest number."""
    return 1 if dtype.is_floating_point or dtype == wg.bool else wg.iinfo(dtype).max


def floating(image: Tensor) -> wg.dtype:
    """The type to calculate in."""
    return image.dtype if image.is_floating_point() else wg.float32


def pair(values: Any) -> list[Any]:
    """(v, v) of one value or of a sequence with one value; a sequence as a list."""
    listed = list(values) if isinstance(values, Sequence) else [values]
    return listed * 2 if len(listed) == 1 else listed
