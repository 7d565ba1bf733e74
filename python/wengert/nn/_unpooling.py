"""The way back from maxima to their places, and maxima of windows at random places."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import wengert
from wengert import Tensor
from wengert import _ops as _C
from wengert.nn._pooling import Pooled, Sizes


def _per_dim(values: float | Sequence[float], n: int) -> tuple:
    return (values,) * n if isinstance(values, (int, float)) else tuple(values)


# ---- unpooling -------------------------------------------------------------------------------


def _unpool(
    n: int,
    place: Callable[..., Tensor],
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    output_size: Sequence[int] | None,
) -> Tensor:
    kernel = _per_dim(kernel_size, n)
    steps = kernel if stride is None else _per_dim(stride, n)
    margins = _per_dim(padding, n)
    smallest = [(input.shape[i - n] - 1) * steps[i] + kernel[i] - 2 * margins[i] for i in range(n)]
    size = smallest if output_size is None else list(output_size)
    if output_size is not None:
        if len(size) == n + 2:
            size = size[2:]
        if len(size) != n:
            raise ValueError(
                f"max_unpool{n}d: expected an output_size of {n} or {n + 2} numbers, "
                f"got {tuple(output_size)}"
            )
        for want, least, s in zip(size, smallest, steps, strict=True):
            if not least - s < want < least + s:
                raise ValueError(
                    f"max_unpool{n}d: invalid output_size {tuple(output_size)}: {want} is not "
                    f"between {least - s} and {least + s}"
                )
    if min(size) < 0:
        raise ValueError(f"max_unpool{n}d: expected sizes of at least 0, got {tuple(size)}")
    return place(input, indices, size)


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros (N, C, L) or (C, L), but for the input at the indices that max_pool1d gave.

    Args:
        output_size: the size that was pooled, where the smallest possible one is not it.

    Raises:
        ValueError: the output size could not have been pooled to the input's.
        RuntimeError: an index lies outside of the output.
    """
    return _unpool(1, _C.max_unpool1d, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros (N, C, H, W) or (C, H, W), but for the input at the indices that max_pool2d gave; see
    :func:`max_unpool1d`."""
    return _unpool(2, _C.max_unpool2d, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros (N, C, D, H, W) or (C, D, H, W), but for the input at the indices that max_pool3d
    gave; see :func:`max_unpool1d`."""
    return _unpool(3, _C.max_unpool3d, input, indices, kernel_size, stride, padding, output_size)


# ---- windows at random places ----------------------------------------------------------------


def _fractional(
    n: int,
    pool: Callable[..., tuple[Tensor, Tensor]],
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None,
    output_ratio: float | Sequence[float] | None,
    samples: Tensor | None,
) -> tuple[Tensor, Tensor]:
    op = f"fractional_max_pool{n}d"
    if input.ndim not in (n + 1, n + 2):
        error = IndexError if input.ndim <= n else RuntimeError
        raise error(
            f"{op}: expected an input of {n + 1} or {n + 2} dimensions, got the shape "
            f"{tuple(input.shape)}"
        )
    if output_size is None:
        if output_ratio is None:
            raise ValueError(f"{op}: expected an output_size or an output_ratio")
        ratios = _per_dim(output_ratio, n)
        if len(ratios) != n:
            raise ValueError(f"{op}: expected one output_ratio or {n}, got {ratios}")
        output_size = [int(have * r) for have, r in zip(input.shape[-n:], ratios, strict=True)]
    if samples is None:
        batch = input.shape[0] if input.ndim == n + 2 else 1
        samples = wengert.rand(batch, input.shape[-n - 1], n, dtype=input.dtype)
    return pool(input, kernel_size, output_size, samples)


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The maxima of windows at random places of (N, C, H, W) or (C, H, W), and where they stand.

    Args:
        output_ratio: the size of the output as part of the input's, where there is no
            ``output_size``.
        _random_samples: numbers in [0, 1) that draw the places, (N, C, 2).

    Source: Graham, "Fractional max-pooling", arXiv:1412.6071 (2014).
    """
    return _fractional(
        2,
        _C.fractional_max_pool2d,
        input,
        kernel_size,
        output_size,
        output_ratio,
        _random_samples,
    )


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The maxima of windows at random places of (N, C, D, H, W) or (C, D, H, W), and where they
    stand; see :func:`fractional_max_pool2d_with_indices`."""
    return _fractional(
        3,
        _C.fractional_max_pool3d,
        input,
        kernel_size,
        output_size,
        output_ratio,
        _random_samples,
    )


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Pooled:
    """The maxima of windows at random places of (N, C, H, W) or (C, H, W)."""
    both = fractional_max_pool2d_with_indices(
        input, kernel_size, output_size, output_ratio, True, _random_samples
    )
    return both if return_indices else both[0]


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Pooled:
    """The maxima of windows at random places of (N, C, D, H, W) or (C, D, H, W)."""
    both = fractional_max_pool3d_with_indices(
        input, kernel_size, output_size, output_ratio, True, _random_samples
    )
    return both if return_indices else both[0]
