"""Random changes of colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import wengert as wg
from wengert import Tensor, nn

from . import functional as F
from ._arguments import happens, uniform
from ._images import dimensions


def _range_of(name: str, value: Any, center: float, low: float, high: float) -> Any:
    """(least, greatest) of a factor; None if it is always the one that changes nothing."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"ColorJitter: expected {name} of at least 0, got {value}")
        value = [center - float(value), center + float(value)]
        value[0] = max(value[0], 0.0) if center == 1 else value[0]
    elif not (isinstance(value, (tuple, list)) and len(value) == 2):
        raise TypeError(f"ColorJitter: expected {name} to be a number or two, got {value!r}")
    least, greatest = float(value[0]), float(value[1])
    if not low <= least <= greatest <= high:
        raise ValueError(
            f"ColorJitter: expected {name} (least, greatest) within {low}..{high}, got {value}"
        )
    return None if least == greatest == center else (least, greatest)


class ColorJitter(nn.Module):
    """Random brightness, contrast, saturation and hue, in a random order.

    Args:
        brightness, contrast, saturation: a number v for factors from ``max(0, 1 - v)`` to
            ``1 + v``, or (least, greatest).
        hue: a number v of at most 0.5 for turns from ``-v`` to ``v``, or (least, greatest).
    """

    def __init__(
        self,
        brightness: float | tuple[float, float] = 0,
        contrast: float | tuple[float, float] = 0,
        saturation: float | tuple[float, float] = 0,
        hue: float | tuple[float, float] = 0,
    ) -> None:
        super().__init__()
        self.brightness = _range_of("brightness", brightness, 1, 0, float("inf"))
        self.contrast = _range_of("contrast", contrast, 1, 0, float("inf"))
        self.saturation = _range_of("saturation", saturation, 1, 0, float("inf"))
        self.hue = _range_of("hue", hue, 0, -0.5, 0.5)

    @staticmethod
    def get_params(
        brightness: Sequence[float] | None,
        contrast: Sequence[float] | None,
        saturation: Sequence[float] | None,
        hue: Sequence[float] | None,
    ) -> tuple[Tensor, float | None, float | None, float | None, float | None]:
        """A random order of the four, and a factor for each; None where there is no range."""
        order = wg.randperm(4)
        b, c, s, h = (
            None if limits is None else uniform(*limits)
            for limits in (brightness, contrast, saturation, hue)
        )
        return order, b, c, s, h

    def forward(self, img: Any) -> Any:
        functions = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        for i in order.tolist():
            factor = factors[i]
            if factor is not None:
                img = functions[i](img, factor)
        return img

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(brightness={self.brightness}, contrast={self.contrast}, "
            f"saturation={self.saturation}, hue={self.hue})"
        )


class RandomGrayscale(nn.Module):
    """Grey images, with as many channels as they had, with the probability `p`."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        channels = dimensions(img)[0]
        return F.rgb_to_grayscale(img, channels) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomInvert(nn.Module):
    """`functional.invert` with the probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.invert(img) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomPosterize(nn.Module):
    """`functional.posterize` to `bits` with the probability `p`."""

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__()
        self.bits = bits
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.posterize(img, self.bits) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(bits={self.bits},p={self.p})"


class RandomSolarize(nn.Module):
    """`functional.solarize` from `threshold` on with the probability `p`."""

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__()
        self.threshold = threshold
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.solarize(img, self.threshold) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(threshold={self.threshold},p={self.p})"


class RandomAdjustSharpness(nn.Module):
    """`functional.adjust_sharpness` by `sharpness_factor` with the probability `p`."""

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__()
        self.sharpness_factor = sharpness_factor
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.adjust_sharpness(img, self.sharpness_factor) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(sharpness_factor={self.sharpness_factor},p={self.p})"


class RandomAutocontrast(nn.Module):
    """`functional.autocontrast` with the probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.autocontrast(img) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomEqualize(nn.Module):
    """`functional.equalize` with the probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.equalize(img) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"
