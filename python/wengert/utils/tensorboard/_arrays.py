"""Values of many kinds as NumPy arrays, and arrays as images."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np

from wengert import Tensor


def as_array(value: Any) -> np.ndarray:
    """Tensors, arrays and numbers as an array with at least one dimension.

    Raises TypeError for anything else.
    """
    if isinstance(value, Tensor):
        t = value.detach()
        value = t.float().numpy() if "float16" in t.dtype.name else t.numpy()
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return np.array([value])
    if isinstance(value, np.ndarray):
        return np.atleast_1d(value)
    if isinstance(value, list):
        return np.array(value)
    raise TypeError(
        f"tensorboard: expected a tensor, an array or a number, got {type(value).__name__}"
    )


def as_bytes(pixels: np.ndarray) -> np.ndarray:
    """Pixels from 0 to 255; those that are not uint8 are given from 0 to 1."""
    if pixels.dtype == np.uint8:
        return pixels
    return np.clip(pixels.astype(np.float32) * 255, 0, 255).astype(np.uint8)


def as_image(pixels: np.ndarray, format: str) -> np.ndarray:
    """Pixels whose dimensions have the letters of ``format`` (N, C, H, W) as (H, W, channels).

    Several images (N) become one, in rows of eight; one channel becomes three.
    """
    format = format.upper()
    letters = set(format)
    if len(letters) != len(format) or letters - set("NCHW") or not {"H", "W"} <= letters:
        raise AssertionError(f"tensorboard: expected dimensions such as 'CHW', got {format!r}")
    if pixels.ndim != len(format):
        raise AssertionError(
            f"tensorboard: an image of shape {pixels.shape} does not have the dimensions {format!r}"
        )
    order = [format.index(letter) for letter in "NCHW" if letter in letters]
    pixels = pixels.transpose(order)
    if "C" not in letters:
        pixels = np.expand_dims(pixels, -3)
    if pixels.shape[-3] == 1:
        pixels = np.repeat(pixels, 3, axis=-3)
    if "N" in letters:
        pixels = grid(pixels, 8)
    return pixels.transpose(1, 2, 0)


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """Images (N, C, H, W) beside one another, as one image (C, H, W); the rest is 0."""
    n, channels, height, width = images.shape
    columns = min(n, columns)
    rows = math.ceil(n / columns)
    made = np.zeros((channels, height * rows, width * columns), images.dtype)
    for i, image in enumerate(images):
        top, left = i // columns * height, i % columns * width
        made[:, top : top + height, left : left + width] = image
    return made


def png(pixels: np.ndarray) -> bytes:
    """Pixels (H, W, channels), uint8, as the contents of a PNG file."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="PNG")
    return out.getvalue()


def figure_pixels(figures: Any, close: bool) -> tuple[np.ndarray, str]:
    """The pixels of one Matplotlib figure or of several, and the letters of their dimensions."""
    from matplotlib import pyplot
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    def drawn(figure: Any) -> np.ndarray:
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        pixels: np.ndarray = np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
        if close:
            pyplot.close(figure)
        return pixels

    if isinstance(figures, list):
        return np.stack([drawn(f) for f in figures]), "NHWC"
    return drawn(figures), "HWC"
