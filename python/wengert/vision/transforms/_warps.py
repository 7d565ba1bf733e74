"""Rotations and other maps of the plane; blurring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import wengert as wg
from wengert import Tensor

from .._pillow import pillow
from . import _geometry, _pil
from ._conversions import pil_to_tensor, to_pil_image
from ._images import InterpolationMode, dimensions, is_tensor, mode_of, pair, pillow_number


def _inverse_matrix(
    center: Sequence[float],
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Sequence[float],
) -> list[float]:
    """Two rows that map a pixel of the result to its place in the image.

    The map itself shears, scales and rotates about `center`, then translates:
    ``A = scale R(angle) [[1, 0], [-tan sy, 1]] [[1, -tan sx], [0, 1]]``.
    """
    turn, sx, sy = (math.radians(v) for v in (angle, *shear))
    a = math.cos(turn - sy) / math.cos(sy)
    c = math.sin(turn - sy) / math.cos(sy)
    b = -a * math.tan(sx) - math.sin(turn)
    d = -c * math.tan(sx) + math.cos(turn)
    # The determinant of [[a, b], [c, d]] is 1.
    x, y = center[0] + translate[0], center[1] + translate[1]
    a, b, c, d = d / scale, -b / scale, -c / scale, a / scale
    return [a, b, center[0] - a * x - b * y, c, d, center[1] - c * x - d * y]


def _offset(img: Any, center: Sequence[float] | None) -> list[float]:
    """`center` as seen from the middle of the image."""
    if center is None:
        return [0.0, 0.0]
    _, height, width = dimensions(img)
    return [center[0] - width * 0.5, center[1] - height * 0.5]


def _check_center(op: str, center: Any) -> None:
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError(f"{op}: expected center (x, y), got {center!r}")


def rotate(
    img: Any,
    angle: float,
    interpolation: InterpolationMode = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: float | Sequence[float] | None = None,
) -> Any:
    """The image turned by `angle` degrees counter-clockwise.

    Args:
        interpolation: for tensors NEAREST or BILINEAR.
        expand: make the result large enough for the whole image.
        center: (x, y) that stays in place, by default the middle.
        fill: value beyond the edges, one or one for each channel.
    """
    mode = mode_of("rotate", interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError(f"rotate: expected angle to be a number, got {angle!r}")
    _check_center("rotate", center)
    if not is_tensor("rotate", img):
        color = _pil.color_of(fill, img)
        return img.rotate(angle, pillow_number(mode), expand, center, fillcolor=color)
    matrix = _inverse_matrix(_offset(img, center), -angle, (0.0, 0.0), 1.0, (0.0, 0.0))
    _, height, width = dimensions(img)
    size = _geometry.rotated_size(matrix, width, height) if expand else None
    return _geometry.affine("rotate", img, matrix, mode, fill, size)


def affine(
    img: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: InterpolationMode = InterpolationMode.NEAREST,
    fill: float | Sequence[float] | None = None,
    center: Sequence[float] | None = None,
) -> Any:
    """The image sheared, scaled and turned clockwise about `center`, then moved.

    Args:
        angle: degrees.
        translate: (right, down) in pixels.
        scale: factor above 0.
        shear: degrees along x, or (along x, along y).
        interpolation: for tensors NEAREST or BILINEAR.
        fill: value beyond the edges, one or one for each channel.
        center: (x, y) that stays in place, by default the middle.
    """
    mode = mode_of("affine", interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError(f"affine: expected angle to be a number, got {angle!r}")
    if not isinstance(translate, (list, tuple)):
        raise TypeError(f"affine: expected translate (right, down), got {translate!r}")
    if len(translate) != 2:
        raise ValueError(f"affine: expected translate of 2 numbers, got {len(translate)}")
    if scale <= 0.0:
        raise ValueError(f"affine: expected scale above 0, got {scale}")
    if not isinstance(shear, (int, float, list, tuple)):
        raise TypeError(f"affine: expected shear to be a number or two, got {shear!r}")
    shears = [shear, 0.0] if isinstance(shear, (int, float)) else pair(shear)
    if len(shears) != 2:
        raise ValueError(f"affine: expected shear of 2 numbers, got {len(shears)}")
    _check_center("affine", center)
    if is_tensor("affine", img):
        matrix = _inverse_matrix(_offset(img, center), angle, translate, scale, shears)
        return _geometry.affine("affine", img, matrix, mode, fill)
    matrix = _inverse_matrix(
        center or (img.width * 0.5, img.height * 0.5), angle, translate, scale, shears
    )
    kind, color = pillow().Transform.AFFINE, _pil.color_of(fill, img)
    return img.transform(img.size, kind, matrix, pillow_number(mode), fillcolor=color)


def _perspective_coefficients(
    startpoints: Sequence[Sequence[int]], endpoints: Sequence[Sequence[int]]
) -> list[float]:
    """The eight numbers of the map that takes the end points to the start points."""
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(
            "perspective: expected four start and four end points, got "
            f"{len(startpoints)} and {len(endpoints)}"
        )
    rows, values = [], []
    for (u, v), (x, y) in zip(startpoints, endpoints):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solution = np.linalg.lstsq(np.array(rows, float), np.array(values, float), rcond=None)[0]
    return [float(v) for v in solution.astype(np.float32)]


def perspective(
    img: Any,
    startpoints: Sequence[Sequence[int]],
    endpoints: Sequence[Sequence[int]],
    interpolation: InterpolationMode = InterpolationMode.BILINEAR,
    fill: float | Sequence[float] | None = None,
) -> Any:
    """The image as seen from elsewhere: four points (x, y) of it come to `endpoints`."""
    mode = mode_of("perspective", interpolation)
    coefficients = _perspective_coefficients(startpoints, endpoints)
    if is_tensor("perspective", img):
        return _geometry.perspective(img, coefficients, mode, fill)
    kind, color = pillow().Transform.PERSPECTIVE, _pil.color_of(fill, img)
    return img.transform(img.size, kind, coefficients, pillow_number(mode), fillcolor=color)


def gaussian_blur(
    img: Any,
    kernel_size: int | Sequence[int],
    sigma: float | Sequence[float] | None = None,
) -> Any:
    """The image blurred by a bell of `kernel_size` pixels with the deviation `sigma`.

    Args:
        kernel_size: odd; one number or (across, down).
        sigma: one number or (across, down); by default ``0.15 kernel_size + 0.35``.
    """
    if not isinstance(kernel_size, (int, list, tuple)):
        raise TypeError(f"gaussian_blur: expected kernel_size in pixels, got {kernel_size!r}")
    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
    if len(sizes) != 2 or any(n % 2 == 0 or n < 0 for n in sizes):
        raise ValueError(f"gaussian_blur: expected odd kernel_size, one or two, got {kernel_size}")
    if sigma is not None and not isinstance(sigma, (int, float, list, tuple)):
        raise TypeError(f"gaussian_blur: expected sigma to be a number or two, got {sigma!r}")
    widths = [n * 0.15 + 0.35 for n in sizes] if sigma is None else pair(sigma)
    if len(widths) != 2 or any(s <= 0 for s in widths):
        raise ValueError(f"gaussian_blur: expected sigma above 0, one or two, got {sigma}")
    if is_tensor("gaussian_blur", img):
        return _geometry.gaussian_blur(img, sizes, widths)
    blurred = _geometry.gaussian_blur(pil_to_tensor(img), sizes, widths)
    return to_pil_image(blurred, img.mode)


def elastic_transform(
    img: Any,
    displacement: Tensor,
    interpolation: InterpolationMode = InterpolationMode.BILINEAR,
    fill: float | Sequence[float] | None = None,
) -> Any:
    """The image with each pixel taken from elsewhere.

    Args:
        displacement: (1, H, W, 2), x and y, in halves of the image's size.
        interpolation: NEAREST or BILINEAR.
        fill: value beyond the edges, one or one for each channel.
    """
    mode = mode_of("elastic_transform", interpolation)
    if not isinstance(displacement, Tensor):
        raise TypeError(
            f"elastic_transform: expected displacement to be a tensor, got {type(displacement)}"
        )
    image = img if is_tensor("elastic_transform", img) else pil_to_tensor(img)
    _, height, width = dimensions(image)
    if tuple(displacement.shape) != (1, height, width, 2):
        raise ValueError(
            f"elastic_transform: expected displacement of shape {(1, height, width, 2)}, got "
            f"{tuple(displacement.shape)}"
        )
    y, x = (wg.linspace((1 - n) / n, (n - 1) / n, n) for n in (height, width))
    grid_y, grid_x = wg.meshgrid(y, x, indexing="ij")
    places = wg.stack([grid_x, grid_y], -1).unsqueeze(0) + displacement
    moved = _geometry.sample("elastic_transform", image, places, mode, fill)
    return moved if image is img else to_pil_image(moved, img.mode)
