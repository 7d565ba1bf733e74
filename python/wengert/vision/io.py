"""Image files as tensors of bytes (C, H, W)."""

from __future__ import annotations

import io
from enum import Enum
from typing import Any

import numpy as np

import wengert as wg
from wengert import Tensor

from ._pillow import from_array, pillow

__all__ = [
    "ImageReadMode",
    "decode_image",
    "decode_jpeg",
    "decode_png",
    "encode_jpeg",
    "encode_png",
    "read_file",
    "read_image",
    "write_file",
    "write_jpeg",
    "write_png",
]


class ImageReadMode(Enum):
    """What channels an image is read with; UNCHANGED takes those of the file."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4


_PILLOW_MODES = {
    ImageReadMode.GRAY: "L",
    ImageReadMode.GRAY_ALPHA: "LA",
    ImageReadMode.RGB: "RGB",
    ImageReadMode.RGB_ALPHA: "RGBA",
}


def _unchanged(image: Any) -> str:
    """The mode that keeps the channels of a file, with palettes written out."""
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return str(image.mode)
    if image.mode in ("1", "I", "F") or image.mode.startswith("I;16"):
        return "L"
    return "RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB"


def _eight_bits(image: Any) -> Any:
    """Images of 16 bits with the upper 8 of them; Pillow would cut the values off at 255."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        return from_array((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8), "L")
    return image


def _pixels(file: Any, mode: ImageReadMode | str, turn: bool) -> Tensor:
    if isinstance(mode, str):
        mode = ImageReadMode[mode.upper()]
    try:
        with pillow().open(file) as opened:
            image = pillow("ImageOps").exif_transpose(opened) if turn else opened
            image = _eight_bits(image)
            wanted = _PILLOW_MODES.get(mode) or _unchanged(image)
            data = np.array(image.convert(wanted))
    except FileNotFoundError as error:
        raise RuntimeError(f"read_image: {error}") from None
    except OSError as error:
        raise RuntimeError(f"decode_image: expected an image in a known format; {error}") from error
    return wg.from_numpy(data.reshape(*data.shape[:2], -1).transpose(2, 0, 1).copy())


def read_file(path: str) -> Tensor:
    """The bytes of a file, uint8 (size,)."""
    try:
        return wg.from_numpy(np.fromfile(path, np.uint8))
    except OSError as error:
        raise RuntimeError(f"read_file: {error}") from None


def write_file(filename: str, data: Tensor) -> None:
    """Writes a one-dimensional uint8 tensor as a file."""
    if data.dtype != wg.uint8 or data.dim() != 1:
        raise RuntimeError(
            f"write_file: expected a uint8 tensor of one dimension, got {data.dtype} of shape "
            f"{tuple(data.shape)}"
        )
    with open(filename, "wb") as file:
        file.write(data.numpy().tobytes())


def decode_image(
    input: Tensor | str,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """The image in the bytes of a file, or in the file at a path: uint8 (C, H, W).

    Args:
        mode: an `ImageReadMode` or its name: what channels are wanted.
        apply_exif_orientation: turn the image as its EXIF entry says.
    """
    if isinstance(input, Tensor):
        if input.dtype != wg.uint8 or input.dim() != 1 or input.numel() == 0:
            raise RuntimeError(
                "decode_image: expected the bytes of a file, a uint8 tensor of one dimension, got "
                f"{input.dtype} of shape {tuple(input.shape)}"
            )
        return _pixels(io.BytesIO(input.numpy().tobytes()), mode, apply_exif_orientation)
    return _pixels(input, mode, apply_exif_orientation)


def decode_png(
    input: Tensor,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """`decode_image` for the bytes of a PNG file."""
    return decode_image(input, mode, apply_exif_orientation)


def decode_jpeg(
    input: Tensor,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    device: Any = "cpu",
    apply_exif_orientation: bool = False,
) -> Tensor:
    """`decode_image` for the bytes of a JPEG file."""
    return decode_image(input, mode, apply_exif_orientation)


def read_image(
    path: str,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """The image in a file: uint8 (C, H, W). The arguments are `decode_image`'s."""
    return _pixels(path, mode, apply_exif_orientation)


def _encode(op: str, input: Tensor, format: str, **options: Any) -> Tensor:
    if not isinstance(input, Tensor) or input.dtype != wg.uint8:
        kind = input.dtype if isinstance(input, Tensor) else type(input)
        raise RuntimeError(f"{op}: expected a uint8 tensor, got {kind}")
    if input.dim() != 3 or input.size(0) not in (1, 3):
        raise RuntimeError(f"{op}: expected a shape (1 or 3, H, W), got {tuple(input.shape)}")
    pixels = input.permute(1, 2, 0).contiguous().numpy()
    file = io.BytesIO()
    from_array(pixels, "L" if input.size(0) == 1 else "RGB").save(file, format, **options)
    return wg.from_numpy(np.frombuffer(file.getvalue(), np.uint8).copy())


def encode_png(input: Tensor, compression_level: int = 6) -> Tensor:
    """The bytes of a PNG file with the image `input`, uint8 (1 or 3, H, W)."""
    if not 0 <= compression_level <= 9:
        raise RuntimeError(
            f"encode_png: expected a compression_level from 0 to 9, got {compression_level}"
        )
    return _encode("encode_png", input, "PNG", compress_level=compression_level)


def encode_jpeg(input: Tensor | list[Tensor], quality: int = 75) -> Tensor | list[Tensor]:
    """The bytes of a JPEG file with the image `input`, uint8 (1 or 3, H, W); of several, a list."""
    if not 1 <= quality <= 100:
        raise ValueError(f"encode_jpeg: expected a quality from 1 to 100, got {quality}")
    if isinstance(input, list):
        if not input:
            raise ValueError("encode_jpeg: expected at least one image, got an empty list")
        return [_encode("encode_jpeg", image, "JPEG", quality=quality) for image in input]
    return _encode("encode_jpeg", input, "JPEG", quality=quality)


def write_png(input: Tensor, filename: str, compression_level: int = 6) -> None:
    """Writes the image `input`, uint8 (1 or 3, H, W), as a PNG file."""
    write_file(filename, encode_png(input, compression_level))


def write_jpeg(input: Tensor, filename: str, quality: int = 75) -> None:
    """Writes the image `input`, uint8 (1 or 3, H, W), as a JPEG file."""
    data = encode_jpeg(input, quality)
    assert isinstance(data, Tensor)
    write_file(filename, data)
