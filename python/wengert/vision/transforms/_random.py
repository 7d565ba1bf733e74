"""Random choices of transforms, and random parts of images."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import wengert as wg
from wengert import Tensor, nn

from . import functional as F
from ._arguments import happens, interpolation_of, size_of, uniform, whole
from ._basic import listed
from ._images import InterpolationMode, dimensions


class RandomApply(nn.Module):
    """All of `transforms`, with the probability `p`."""

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        if self.p < wg.rand(1):
            return img
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return listed(type(self).__name__, self.transforms, f"p={self.p}")


class _Several:
    def __init__(self, transforms: Sequence[Any]) -> None:
        if not isinstance(transforms, Sequence):
            raise TypeError(
                f"{type(self).__name__}: expected a sequence of transforms, got {type(transforms)}"
            )
        self.transforms = transforms

    def __repr__(self) -> str:
        return listed(type(self).__name__, self.transforms)


class RandomOrder(_Several):
    """All of `transforms`, in a random order."""

    def __call__(self, img: Any) -> Any:
        for i in wg.randperm(len(self.transforms)).tolist():
            img = self.transforms[i](img)
        return img


class RandomChoice(_Several):
    """One of `transforms`; `p` has the weight of each, by default equal."""

    def __init__(self, transforms: Sequence[Any], p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        if p is not None and not isinstance(p, Sequence):
            raise TypeError(f"RandomChoice: expected a sequence of weights, got {p!r}")
        self.p = p

    def __call__(self, *args: Any) -> Any:
        given = [1.0] * len(self.transforms) if self.p is None else self.p
        weights = wg.tensor(given, dtype=wg.float64)
        return self.transforms[int(wg.multinomial(weights, 1).item())](*args)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"


class RandomHorizontalFlip(nn.Module):
    """`functional.hflip` with the probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.hflip(img) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomVerticalFlip(nn.Module):
    """`functional.vflip` with the probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.vflip(img) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomCrop(nn.Module):
    """A part of the image of a given size, at a random place.

    Args:
        size: (height, width) or one number.
        padding: a border that is added first; see `functional.pad`, also for `fill` and
            `padding_mode`.
        pad_if_needed: add a border to images that are smaller than `size`.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: float | Sequence[float] = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = size_of("RandomCrop", size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Top, left, height and width of a random part."""
        _, h, w = dimensions(img)
        height, width = output_size
        if h < height or w < width:
            raise ValueError(
                f"RandomCrop: expected an image of at least {(height, width)}, got {(h, w)}; see "
                "padding and pad_if_needed"
            )
        if (h, w) == (height, width):
            return 0, 0, h, w
        top = whole(0, h - height + 1)
        return top, whole(0, w - width + 1), height, width

    def forward(self, img: Any) -> Any:
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        if self.pad_if_needed:
            _, h, w = dimensions(img)
            height, width = self.size
            for sides in ([width - w, 0], [0, height - h]):
                if max(sides) > 0:
                    img = F.pad(img, sides, self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


def _check_ranges(op: str, scale: Any, ratio: Any) -> None:
    for name, value in (("scale", scale), ("ratio", ratio)):
        if not isinstance(value, Sequence):
            raise TypeError(f"{op}: expected {name} (least, greatest), got {value!r}")
    if scale[0] > scale[1] or ratio[0] > ratio[1]:
        warnings.warn(f"{op}: expected scale and ratio (least, greatest)", stacklevel=3)


def _random_area(area: float, scale: Sequence[float], ratio: Sequence[float]) -> tuple[int, int]:
    """Two sides of a random rectangle, the first `ratio` times the second."""
    low, high = (math.log(r) for r in ratio)
    target = area * uniform(*scale)
    aspect = math.exp(uniform(low, high))
    return round(math.sqrt(target * aspect)), round(math.sqrt(target / aspect))


class RandomResizedCrop(nn.Module):
    """A random part of the image, resized to `size`, (height, width) or one number.

    Args:
        scale: least and greatest share of the image's area.
        ratio: least and greatest width over height of the part.
        interpolation, antialias: see `functional.resize`.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.size = size_of("RandomResizedCrop", size)
        _check_ranges("RandomResizedCrop", scale, ratio)
        self.interpolation = interpolation_of("RandomResizedCrop", interpolation)
        self.antialias = antialias
        self.scale = scale
        self.ratio = ratio

    @staticmethod
    def get_params(
        img: Any, scale: Sequence[float], ratio: Sequence[float]
    ) -> tuple[int, int, int, int]:
        """Top, left, height and width of a random part; the middle if ten draws do not fit."""
        _, height, width = dimensions(img)
        for _ in range(10):
            w, h = _random_area(height * width, scale, ratio)
            if 0 < w <= width and 0 < h <= height:
                top = whole(0, height - h + 1)
                return top, whole(0, width - w + 1), h, w
        h, w = height, width
        if width / height < min(ratio):
            h = round(width / min(ratio))
        elif width / height > max(ratio):
            w = round(height * max(ratio))
        return (height - h) // 2, (width - w) // 2, h, w

    def forward(self, img: Any) -> Any:
        place = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *place, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, "
            f"scale={tuple(round(s, 4) for s in self.scale)}, "
            f"ratio={tuple(round(r, 4) for r in self.ratio)}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


class RandomErasing(nn.Module):
    """Erases a random rectangle of a tensor with the probability `p`.

    Zhong et al., Random Erasing Data Augmentation, 2017.

    Args:
        scale: least and greatest share of the image's area.
        ratio: least and greatest height over width of the rectangle.
        value: what is put there: a number, one for each channel, or ``"random"``.
        inplace: change the image itself.
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: float | str | Sequence[float] = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(value, (int, float, str, tuple, list)):
            raise TypeError(f"RandomErasing: expected value to be a number, got {value!r}")
        if isinstance(value, str) and value != "random":
            raise ValueError(f"RandomErasing: expected value 'random', got {value!r}")
        _check_ranges("RandomErasing", scale, ratio)
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError(f"RandomErasing: expected scale within 0..1, got {scale}")
        if not 0 <= p <= 1:
            raise ValueError(f"RandomErasing: expected p within 0..1, got {p}")
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(
        img: Tensor,
        scale: Sequence[float],
        ratio: Sequence[float],
        value: Sequence[float] | None = None,
    ) -> tuple[int, int, int, int, Tensor]:
        """Top, left, height and width of a random rectangle and what to put there; without
        `value` random numbers."""
        channels, height, width = dimensions(img)
        for _ in range(10):
            h, w = _random_area(height * width, scale, ratio)
            if h < height and w < width:
                new = (
                    wg.empty(channels, h, w, dtype=wg.float32).normal_()
                    if value is None
                    else wg.tensor(value)[:, None, None]
                )
                top = whole(0, height - h + 1)
                return top, whole(0, width - w + 1), h, w, new
        return 0, 0, height, width, img

    def forward(self, img: Tensor) -> Tensor:
        if not happens(self.p):
            return img
        given = self.value
        value = None
        if not isinstance(given, str):
            value = [float(v) for v in (given if isinstance(given, Sequence) else [given])]
            channels = dimensions(img)[0]
            if len(value) not in (1, channels):
                raise ValueError(
                    f"RandomErasing: expected value with 1 or {channels} numbers, got {len(value)}"
                )
        *place, new = self.get_params(img, self.scale, self.ratio, value)
        top, left, height, width = place
        return F.erase(img, top, left, height, width, new, self.inplace)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p={self.p}, scale={self.scale}, ratio={self.ratio}, "
            f"value={self.value}, inplace={self.inplace})"
        )
