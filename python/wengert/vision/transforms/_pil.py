"""The operations on PIL images, done by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._pillow import from_array, pillow


def color_of(fill: Any, image: Any) -> Any:
    """`fill` with one value for each channel, whole numbers unless the image has others."""
    channels = len(image.getbands())
    values = list(fill) if isinstance(fill, Sequence) else [0 if fill is None else fill]
    if len(values) == 1:
        values *= channels
    if len(values) != channels:
        raise ValueError(
            f"expected fill with a value for each of {channels} channels, got {len(values)}"
        )
    if image.mode != "F":
        values = [int(v) for v in values]
    return values[0] if channels == 1 else tuple(values)


def enhance(image: Any, name: str, factor: float) -> Any:
    """`name`: Brightness, Contrast, Color or Sharpness."""
    return getattr(pillow("ImageEnhance"), name)(image).enhance(factor)


def hue(image: Any, shift: float) -> Any:
    if image.mode in ("L", "1", "I", "F"):
        return image
    angle, purity, value = image.convert("HSV").split()
    turned = (np.asarray(angle).astype(np.int64) + int(shift * 255)) % 256
    angle = from_array(turned.astype(np.uint8), "L")
    return pillow().merge("HSV", (angle, purity, value)).convert(image.mode)


def gamma(image: Any, power: float, gain: float) -> Any:
    table = [int((256 - 1e-3) * gain * (v / 255.0) ** power) for v in range(256)]
    return image.convert("RGB").point(table * 3).convert(image.mode)


def gray(image: Any, channels: int) -> Any:
    level = image.convert("L")
    return level if channels == 1 else pillow().merge("RGB", (level,) * 3)


def pad(image: Any, sides: Sequence[int], fill: Any, mode: str) -> Any:
    """`sides`: left, top, right, bottom; negative ones cut."""
    palette = image.getpalette() if image.mode == "P" else None
    if mode == "constant":
        color = color_of(fill, image)
        result = pillow("ImageOps").expand(image, border=tuple(sides), fill=color)
    else:
        left, top, right, bottom = (max(-s, 0) for s in sides)
        image = image.crop((left, top, image.width - right, image.height - bottom))
        left, top, right, bottom = (max(s, 0) for s in sides)
        pixels = np.asarray(image)
        widths = [(top, bottom), (left, right), (0, 0)][: pixels.ndim]
        padded: np.ndarray = np.pad(pixels, widths, mode)  # type: ignore[call-overload]
        result = pillow().fromarray(padded)
    if palette is not None:
        result.putpalette(palette)
    return result
