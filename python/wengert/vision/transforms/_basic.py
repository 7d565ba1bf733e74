"""Transforms without chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import wengert as wg
from wengert import Tensor, nn

from . import functional as F
from ._arguments import interpolation_of, size_of
from ._images import InterpolationMode


def listed(name: str, transforms: Any, *extra: str) -> str:
    """A repr with one transform a line."""
    return "\n".join([f"{name}(", *(f"    {t}" for t in (*extra, *transforms)), ")"])


class Compose:
    """One transform after the other."""

    def __init__(self, transforms: Any) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return listed(type(self).__name__, self.transforms)


class ToTensor:
    """`functional.to_tensor`: PIL images and arrays of bytes become tensors with values in 0..1."""

    def __call__(self, pic: Any) -> Tensor:
        return F.to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PILToTensor:
    """`functional.pil_to_tensor`: PIL images become tensors with the same values."""

    def __call__(self, pic: Any) -> Tensor:
        return F.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToPILImage:
    """`functional.to_pil_image` with the mode `mode`."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return F.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.mode is None else f'mode={self.mode}'})"


class Lambda:
    """Any function `lambd` as a transform."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Lambda: expected a function, got {type(lambd)}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ConvertImageDtype(nn.Module):
    """`functional.convert_image_dtype` to `dtype`."""

    def __init__(self, dtype: wg.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return F.convert_image_dtype(image, self.dtype)


class Normalize(nn.Module):
    """``(tensor - mean) / std``, channel by channel; see `functional.normalize`."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Tensor) -> Tensor:
        return F.normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"


class Resize(nn.Module):
    """`functional.resize`, with the same arguments."""

    def __init__(
        self,
        size: int | Sequence[int],
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        if not isinstance(size, (int, Sequence)):
            raise TypeError(f"Resize: expected size to be a number or two, got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError(f"Resize: expected a size of 1 or 2 numbers, got {len(size)}")
        self.size = size
        self.max_size = max_size
        self.interpolation = interpolation_of("Resize", interpolation)
        self.antialias = antialias

    def forward(self, img: Any) -> Any:
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, interpolation={self.interpolation.value}, "
            f"max_size={self.max_size}, antialias={self.antialias})"
        )


class CenterCrop(nn.Module):
    """`functional.center_crop` to `size`, (height, width) or one number."""

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = size_of("CenterCrop", size)

    def forward(self, img: Any) -> Any:
        return F.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class Pad(nn.Module):
    """`functional.pad`, with the same arguments."""

    def __init__(
        self,
        padding: int | Sequence[int],
        fill: float | Sequence[float] = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        if not isinstance(padding, (int, float, tuple, list)):
            raise TypeError(f"Pad: expected padding to be a number or several, got {padding!r}")
        if not isinstance(fill, (int, float, str, tuple, list)):
            raise TypeError(f"Pad: expected fill to be a number or several, got {fill!r}")
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError(
                "Pad: expected padding_mode constant, edge, reflect or symmetric, got "
                f"{padding_mode!r}"
            )
        if isinstance(padding, Sequence) and len(padding) not in (1, 2, 4):
            raise ValueError(f"Pad: expected padding of 1, 2 or 4 numbers, got {len(padding)}")
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img: Any) -> Any:
        return F.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(padding={self.padding}, fill={self.fill}, "
            f"padding_mode={self.padding_mode})"
        )


class FiveCrop(nn.Module):
    """`functional.five_crop`: a tuple of the corners and the middle."""

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = size_of("FiveCrop", size)

    def forward(self, img: Any) -> tuple[Any, ...]:
        return F.five_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class TenCrop(nn.Module):
    """`functional.ten_crop`: `FiveCrop` of the image and of its mirror image."""

    def __init__(self, size: int | Sequence[int], vertical_flip: bool = False) -> None:
        super().__init__()
        self.size = size_of("TenCrop", size)
        self.vertical_flip = vertical_flip

    def forward(self, img: Any) -> tuple[Any, ...]:
        return F.ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, vertical_flip={self.vertical_flip})"


class Grayscale(nn.Module):
    """`functional.rgb_to_grayscale` with 1 or 3 channels."""

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_output_channels={self.num_output_channels})"


class LinearTransformation(nn.Module):
    """``(flattened image - mean_vector) @ transformation_matrix``, in the image's shape.

    Args:
        transformation_matrix: (D, D), where D is the number of an image's values.
        mean_vector: (D,).
    """

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor) -> None:
        super().__init__()
        size = transformation_matrix.size(0)
        if transformation_matrix.size(1) != size:
            raise ValueError(
                "LinearTransformation: expected a square matrix, got shape "
                f"{tuple(transformation_matrix.shape)}"
            )
        if mean_vector.size(0) != size:
            raise ValueError(
                f"LinearTransformation: expected {size} values in mean_vector, got "
                f"{mean_vector.size(0)}"
            )
        if mean_vector.dtype != transformation_matrix.dtype:
            raise ValueError(
                "LinearTransformation: expected matrix and vector of one type, got "
                f"{transformation_matrix.dtype} and {mean_vector.dtype}"
            )
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def forward(self, tensor: Tensor) -> Tensor:
        count = math.prod(tensor.shape[-3:])
        if count != self.transformation_matrix.size(0):
            raise ValueError(
                f"LinearTransformation: expected images of {self.transformation_matrix.size(0)} "
                f"values, got shape {tuple(tensor.shape)}"
            )
        flat = tensor.reshape(-1, count) - self.mean_vector
        return (flat @ self.transformation_matrix).reshape(tensor.shape)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(transformation_matrix={self.transformation_matrix.tolist()}, "
            f"mean_vector={self.mean_vector.tolist()})"
        )
