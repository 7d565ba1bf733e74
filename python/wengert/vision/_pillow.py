"""Pillow, which is imported when an image is first made, read or written."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def pillow(name: str = "Image") -> Any:
    """The module ``PIL.name``; ImportError with what to install if there is none."""
    from importlib import import_module

    try:
        return import_module(f"PIL.{name}")
    except ImportError as error:
        raise ImportError(
            'wengert.vision: images need the package pillow; install it with pip install "pillow" '
            'or pip install "wengert[vision]"',
            name="PIL",
        ) from error


def is_pil(image: object) -> bool:
    """Whether `image` is a PIL image. Does not import Pillow: without it there is no such image."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(image, module.Image)


def from_array(pixels: np.ndarray, mode: str) -> Any:
    """A PIL image of mode `mode` with the values of `pixels`, (H, W) or (H, W, channels)."""
    image = pillow()
    data = np.ascontiguousarray(pixels)
    return image.frombytes(mode, (data.shape[1], data.shape[0]), data.tobytes())
