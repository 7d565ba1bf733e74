"""From arrays and PIL images to tensors, and back; types and scales of values."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

import wengert as wg
from wengert import Tensor

from .._pillow import from_array, is_pil
from . import _colors
from ._images import dimensions

_SHORT = "I;16" if sys.byteorder == "little" else "I;16B"
_PIXELS = {"I": np.int32, _SHORT: np.int16, "F": np.float32}


def _channels_first(image: Any, pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(image.height, image.width, len(image.getbands())).transpose(2, 0, 1)


def to_tensor(pic: Any) -> Tensor:
    """A PIL image or an array (H, W) or (H, W, C) as a tensor (C, H, W).

    Bytes become floating-point numbers in 0..1; other values stay as they are.

    Raises:
        TypeError, ValueError: `pic` is neither of them; it has another number of dimensions.
    """
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"to_tensor: expected 2 or 3 dimensions, got {pic.ndim}")
        pixels = pic.reshape(*pic.shape[:2], -1).transpose(2, 0, 1)
    elif is_pil(pic):
        pixels = _channels_first(pic, np.array(pic, _PIXELS.get(pic.mode, np.uint8)))
        if pic.mode == "1":
            pixels = pixels * np.uint8(255)
    else:
        raise TypeError(f"to_tensor: expected a PIL image or an array, got {type(pic)}")
    tensor = wg.from_numpy(pixels.copy(order="C"))
    return tensor.to(wg.get_default_dtype()).div(255) if tensor.dtype == wg.uint8 else tensor


def pil_to_tensor(pic: Any) -> Tensor:
    """A PIL image as a tensor (C, H, W) with the same values."""
    if not is_pil(pic):
        raise TypeError(f"pil_to_tensor: expected a PIL image, got {type(pic)}")
    return wg.from_numpy(_channels_first(pic, np.array(pic)).copy(order="C"))


def convert_image_dtype(image: Tensor, dtype: wg.dtype = wg.float32) -> Tensor:
    """The image with values of another type, from 0..1 or 0..greatest to the same of that type.

    Raises:
        RuntimeError: from floating point to a type with more digits.
    """
    if not isinstance(image, Tensor):
        raise TypeError(f"convert_image_dtype: expected a tensor, got {type(image)}")
    return _colors.convert(image, dtype)


_NAMES_OF_MODES = {2: ("LA",), 3: ("RGB", "YCbCr", "HSV"), 4: ("RGBA", "CMYK", "RGBX")}
_SINGLE = {"uint8": "L", "int16": _SHORT, "int32": "I", "float32": "F"}


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A tensor (C, H, W) or an array (H, W, C), or (H, W), as a PIL image.

    Floating-point numbers in 0..1 become bytes, unless `mode` is ``"F"``.

    Args:
        mode: Pillow's name for what the channels are; None takes L, LA, RGB or RGBA by their
            number, and I or F for larger numbers in one channel.

    Raises:
        TypeError, ValueError: `pic`, its type of values or shape cannot be an image of that mode.
    """
    if isinstance(pic, Tensor):
        pixels = (pic.permute(1, 2, 0) if pic.dim() == 3 else pic).detach().numpy()
    elif isinstance(pic, np.ndarray):
        pixels = pic
    else:
        raise TypeError(f"to_pil_image: expected a tensor or an array, got {type(pic)}")
    if pixels.ndim not in (2, 3):
        raise ValueError(f"to_pil_image: expected 2 or 3 dimensions, got {pixels.ndim}")
    pixels = pixels.reshape(*pixels.shape[:2], -1) if pixels.ndim == 2 else pixels
    channels = pixels.shape[2]
    if not 1 <= channels <= 4:
        raise ValueError(f"to_pil_image: expected 1 to 4 channels, got {channels}")
    if np.issubdtype(pixels.dtype, np.floating) and mode != "F":
        with np.errstate(invalid="ignore"):
            pixels = (pixels * 255).astype(np.uint8)
    if channels == 1:
        known = _SINGLE.get(pixels.dtype.name)
        allowed: tuple[str, ...] = () if known is None else (known,)
        pixels = pixels[:, :, 0]
    else:
        allowed = _NAMES_OF_MODES[channels]
    if mode is not None and mode not in allowed:
        raise ValueError(
            f"to_pil_image: expected the mode of {channels} channels of {pixels.dtype} to be one "
            f"of {allowed}, got {mode!r}"
        )
    if not allowed or (channels > 1 and pixels.dtype != np.uint8):
        raise TypeError(
            f"to_pil_image: {channels} channels of {pixels.dtype} are no image; convert to uint8"
        )
    return from_array(pixels, mode or allowed[0])


def normalize(
    tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False
) -> Tensor:
    """``(tensor - mean) / std``, channel by channel, of images (..., C, H, W).

    Raises:
        TypeError: no tensor of floating-point numbers.
        ValueError: fewer than 3 dimensions, or a `std` of zero.
    """
    if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
        kind = tensor.dtype if isinstance(tensor, Tensor) else type(tensor)
        raise TypeError(f"normalize: expected a tensor of floating-point numbers, got {kind}")
    dimensions(tensor)
    if tensor.dim() < 3:
        raise ValueError(f"normalize: expected a shape (..., C, H, W), got {tuple(tensor.shape)}")
    center, width = (wg.as_tensor(v, dtype=tensor.dtype) for v in (mean, std))
    if bool((width == 0).any()):
        raise ValueError(f"normalize: expected std other than zero in {tensor.dtype}, got {std}")
    center, width = (v.view(-1, 1, 1) if v.dim() == 1 else v for v in (center, width))
    return (tensor if inplace else tensor.clone()).sub_(center).div_(width)


def erase(img: Tensor, i: int, j: int, h: int, w: int, v: Tensor, inplace: bool = False) -> Tensor:
    """The image with `v` in the `h` rows from `i` and the `w` columns from `j`."""
    if not isinstance(img, Tensor):
        raise TypeError(f"erase: expected a tensor, got {type(img)}")
    dimensions(img)
    result = img if inplace else img.clone()
    result[..., i : i + h, j : j + w] = v
    return result
