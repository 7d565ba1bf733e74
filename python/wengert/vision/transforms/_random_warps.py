"""Random rotations and other maps of the plane; random blurring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import wengert as wg
from wengert import Tensor, nn

from . import functional as F
from ._arguments import (
    angles_of,
    check_sequence,
    fill_for,
    fill_of,
    happens,
    interpolation_of,
    size_of,
    uniform,
    whole,
)
from ._images import InterpolationMode, dimensions


class RandomRotation(nn.Module):
    """`functional.rotate` by a random angle.

    Args:
        degrees: (least, greatest), or d for (-d, d).
        interpolation, expand, center, fill: see `functional.rotate`.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: float | Sequence[float] | None = 0,
    ) -> None:
        super().__init__()
        self.degrees = angles_of("RandomRotation", "degrees", degrees)
        if center is not None:
            check_sequence("RandomRotation", "center", center)
        self.center = center
        self.interpolation = interpolation_of("RandomRotation", interpolation)
        self.expand = expand
        self.fill = fill_of("RandomRotation", fill)

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """A random angle."""
        return uniform(degrees[0], degrees[1])

    def forward(self, img: Any) -> Any:
        fill = fill_for(img, self.fill)
        angle = self.get_params(self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, fill)

    def __repr__(self) -> str:
        center = "" if self.center is None else f", center={self.center}"
        return (
            f"{type(self).__name__}(degrees={self.degrees}, "
            f"interpolation={self.interpolation.value}, expand={self.expand}{center}, "
            f"fill={self.fill})"
        )


class RandomAffine(nn.Module):
    """`functional.affine` with random arguments.

    Args:
        degrees: (least, greatest) angle, or d for (-d, d).
        translate: greatest shares of width and height to move by; None does not move.
        scale: (least, greatest); None keeps the size.
        shear: (least, greatest) along x, or four numbers with those along y, or d for (-d, d) along
            x; None does not shear.
        interpolation, fill, center: see `functional.affine`.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: float | Sequence[float] | None = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        op = "RandomAffine"
        self.degrees = angles_of(op, "degrees", degrees)
        if translate is not None:
            check_sequence(op, "translate", translate)
            if not all(0.0 <= t <= 1.0 for t in translate):
                raise ValueError(f"{op}: expected translate within 0..1, got {translate}")
        self.translate = translate
        if scale is not None:
            check_sequence(op, "scale", scale)
            if not all(s > 0 for s in scale):
                raise ValueError(f"{op}: expected scale above 0, got {scale}")
        self.scale = scale
        self.shear = None if shear is None else angles_of(op, "shear", shear, (2, 4))
        self.interpolation = interpolation_of(op, interpolation)
        self.fill = fill_of(op, fill)
        if center is not None:
            check_sequence(op, "center", center)
        self.center = center

    @staticmethod
    def get_params(
        degrees: Sequence[float],
        translate: Sequence[float] | None,
        scale_ranges: Sequence[float] | None,
        shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """Random angle, translation, scale and shear for an image of (width, height)."""
        angle = uniform(degrees[0], degrees[1])
        x = y = 0
        if translate is not None:
            x, y = (
                round(uniform(-float(share * size), float(share * size)))
                for share, size in zip(translate, img_size)
            )
        scale = 1.0 if scale_ranges is None else uniform(*scale_ranges)
        shear_x = shear_y = 0.0
        if shears is not None:
            shear_x = uniform(shears[0], shears[1])
            shear_y = uniform(shears[2], shears[3]) if len(shears) == 4 else 0.0
        return angle, (x, y), scale, (shear_x, shear_y)

    def forward(self, img: Any) -> Any:
        _, height, width = dimensions(img)
        fill = fill_for(img, self.fill)
        drawn = self.get_params(
            self.degrees, self.translate, self.scale, self.shear, [width, height]
        )
        return F.affine(
            img, *drawn, interpolation=self.interpolation, fill=fill, center=self.center
        )

    def __repr__(self) -> str:
        nearest = self.interpolation is InterpolationMode.NEAREST
        shown = {
            "translate": self.translate,
            "scale": self.scale,
            "shear": self.shear,
            "interpolation": None if nearest else self.interpolation.value,
            "fill": self.fill if self.fill != 0 else None,
            "center": self.center,
        }
        rest = "".join(f", {k}={v}" for k, v in shown.items() if v is not None)
        return f"{type(self).__name__}(degrees={self.degrees}{rest})"


class RandomPerspective(nn.Module):
    """`functional.perspective` with random corners, with the probability `p`.

    Args:
        distortion_scale: how far the corners may move, from 0 to 1.
        interpolation, fill: see `functional.perspective`.
    """

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        fill: float | Sequence[float] | None = 0,
    ) -> None:
        super().__init__()
        self.p = p
        self.interpolation = interpolation_of("RandomPerspective", interpolation)
        self.distortion_scale = distortion_scale
        self.fill = fill_of("RandomPerspective", fill)

    @staticmethod
    def get_params(
        width: int, height: int, distortion_scale: float
    ) -> tuple[list[list[int]], list[list[int]]]:
        """The corners (x, y), clockwise from the top left, and where they come to."""
        x, y = (int(distortion_scale * (n // 2)) for n in (width, height))
        left, right = (0, x + 1), (width - x - 1, width)
        top, bottom = (0, y + 1), (height - y - 1, height)
        corners = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        ranges = [(left, top), (right, top), (right, bottom), (left, bottom)]
        return corners, [[whole(*across), whole(*down)] for across, down in ranges]

    def forward(self, img: Any) -> Any:
        _, height, width = dimensions(img)
        if not happens(self.p):
            return img
        start, end = self.get_params(width, height, self.distortion_scale)
        return F.perspective(img, start, end, self.interpolation, fill_for(img, self.fill))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class GaussianBlur(nn.Module):
    """`functional.gaussian_blur` with a random deviation.

    Args:
        kernel_size: odd; one number or (across, down).
        sigma: (least, greatest) or one number.
    """

    def __init__(
        self, kernel_size: int | Sequence[int], sigma: float | Sequence[float] = (0.1, 2.0)
    ) -> None:
        super().__init__()
        self.kernel_size = size_of("GaussianBlur", kernel_size)
        if any(n <= 0 or n % 2 == 0 for n in self.kernel_size):
            raise ValueError(f"GaussianBlur: expected odd kernel_size, got {kernel_size}")
        if isinstance(sigma, (int, float)):
            sigma = (sigma, sigma)
        if not (isinstance(sigma, Sequence) and len(sigma) == 2 and 0.0 < sigma[0] <= sigma[1]):
            raise ValueError(
                f"GaussianBlur: expected sigma above 0, one or (least, greatest), got {sigma!r}"
            )
        self.sigma = sigma

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """A random deviation."""
        return uniform(sigma_min, sigma_max)

    def forward(self, img: Any) -> Any:
        sigma = self.get_params(self.sigma[0], self.sigma[1])
        return F.gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"


def _two_floats(name: str, value: Any) -> list[float]:
    if isinstance(value, float):
        return [value, value]
    check_sequence("ElasticTransform", name, value)
    if not all(isinstance(v, float) for v in value):
        raise TypeError(f"ElasticTransform: expected {name} in floating point, got {value!r}")
    return list(value)


class ElasticTransform(nn.Module):
    """`functional.elastic_transform` with random, smooth displacements.

    Args:
        alpha: how far pixels move; one number or (across, down).
        sigma: how smooth the displacements are; one number or (across, down).
        interpolation, fill: see `functional.elastic_transform`.
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 50.0,
        sigma: float | Sequence[float] = 5.0,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        fill: float | Sequence[float] = 0,
    ) -> None:
        super().__init__()
        self.alpha = _two_floats("alpha", alpha)
        self.sigma = _two_floats("sigma", sigma)
        self.interpolation = interpolation_of("ElasticTransform", interpolation)
        if not isinstance(fill, (int, float, list, tuple)):
            raise TypeError(f"ElasticTransform: expected fill to be a number, got {fill!r}")
        self.fill = [float(v) for v in (fill if isinstance(fill, Sequence) else [fill])]

    @staticmethod
    def get_params(alpha: Sequence[float], sigma: Sequence[float], size: Sequence[int]) -> Tensor:
        """Random displacements (1, H, W, 2) for an image of (height, width)."""
        parts = []
        for strength, smoothness, extent in zip(alpha, sigma, (size[1], size[0])):
            part = wg.rand(1, 1, *size) * 2 - 1
            if smoothness > 0.0:
                width = int(8 * smoothness + 1) | 1
                part = F.gaussian_blur(part, [width, width], list(sigma))
            parts.append(part * strength / extent)
        return wg.cat(parts, 1).permute(0, 2, 3, 1)

    def forward(self, tensor: Any) -> Any:
        _, height, width = dimensions(tensor)
        displacement = self.get_params(self.alpha, self.sigma, [height, width])
        return F.elastic_transform(tensor, displacement, self.interpolation, self.fill)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(alpha={self.alpha}, sigma={self.sigma}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )
