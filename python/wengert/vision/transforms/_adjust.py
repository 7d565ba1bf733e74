"""Colours of images."""

from __future__ import annotations

from typing import Any

from .._pillow import is_pil, pillow
from . import _colors, _pil
from ._images import is_tensor


def _check_factor(op: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{op}: expected a factor of at least 0, got {factor}")


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """The image with its values times a factor: 0 gives black, 1 the image."""
    if is_tensor("adjust_brightness", img):
        _check_factor("adjust_brightness", brightness_factor)
        return _colors.brightness(img, brightness_factor)
    return _pil.enhance(img, "Brightness", brightness_factor)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """The image with distances from its mean grey times a factor: 0 gives grey, 1 the image."""
    if is_tensor("adjust_contrast", img):
        _check_factor("adjust_contrast", contrast_factor)
        return _colors.contrast(img, contrast_factor)
    return _pil.enhance(img, "Contrast", contrast_factor)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """The image with its colours times a factor: 0 gives grey values, 1 the image."""
    if is_tensor("adjust_saturation", img):
        _check_factor("adjust_saturation", saturation_factor)
        return _colors.saturation(img, saturation_factor)
    return _pil.enhance(img, "Color", saturation_factor)


def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """The image more sharp than it is with a factor above 1, blurred with one below."""
    if is_tensor("adjust_sharpness", img):
        _check_factor("adjust_sharpness", sharpness_factor)
        return _colors.sharpness(img, sharpness_factor)
    return _pil.enhance(img, "Sharpness", sharpness_factor)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """The image with its hues turned by a part of the circle, from -0.5 to 0.5."""
    tensor = is_tensor("adjust_hue", img)
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"adjust_hue: expected hue_factor from -0.5 to 0.5, got {hue_factor}")
    return _colors.hue(img, hue_factor) if tensor else _pil.hue(img, hue_factor)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """``gain * img ** gamma`` for values in 0..1: darker with a gamma above 1."""
    tensor = is_tensor("adjust_gamma", img)
    if gamma < 0:
        raise ValueError(f"adjust_gamma: expected gamma of at least 0, got {gamma}")
    return _colors.gamma(img, gamma, gain) if tensor else _pil.gamma(img, gamma, gain)


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """The image in grey, with 1 channel or 3 equal ones; a tensor of 1 channel stays as it is."""
    if num_output_channels not in (1, 3):
        raise ValueError(
            f"rgb_to_grayscale: expected 1 or 3 output channels, got {num_output_channels}"
        )
    if is_tensor("rgb_to_grayscale", img):
        return _colors.gray(img, num_output_channels)
    return _pil.gray(img, num_output_channels)


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """`rgb_to_grayscale` for PIL images alone."""
    if not is_pil(img):
        raise TypeError(f"to_grayscale: expected a PIL image, got {type(img)}")
    return rgb_to_grayscale(img, num_output_channels)


def invert(img: Any) -> Any:
    """The negative of the image."""
    if is_tensor("invert", img):
        return _colors.invert(img)
    return pillow("ImageOps").invert(img)


def posterize(img: Any, bits: int) -> Any:
    """The image, of bytes, with the upper `bits` of its values alone."""
    tensor = is_tensor("posterize", img)
    if not 0 <= bits <= 8:
        raise ValueError(f"posterize: expected 0 to 8 bits, got {bits}")
    return _colors.posterize(img, bits) if tensor else pillow("ImageOps").posterize(img, bits)


def solarize(img: Any, threshold: float) -> Any:
    """The image with the values from `threshold` on inverted."""
    if is_tensor("solarize", img):
        return _colors.solarize(img, threshold)
    return pillow("ImageOps").solarize(img, threshold)


def autocontrast(img: Any) -> Any:
    """The image with each channel stretched to all values."""
    if is_tensor("autocontrast", img):
        return _colors.autocontrast(img)
    return pillow("ImageOps").autocontrast(img)


def equalize(img: Any) -> Any:
    """The image, of bytes, with the values of each channel spread evenly."""
    if is_tensor("equalize", img):
        return _colors.equalize(img)
    return pillow("ImageOps").equalize(img)
