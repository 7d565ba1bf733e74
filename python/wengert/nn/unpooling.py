"""Layers that put maxima back to their places, and that pool windows at random places."""

from __future__ import annotations

from collections.abc import Sequence

from wengert import Tensor
from wengert.nn import functional as F
from wengert.nn._pooling import Pooled, Sizes
from wengert.nn._unpooling import _per_dim
from wengert.nn.module import Module


class _MaxUnpool(Module):
    _ndim: int

    def __init__(self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> None:
        super().__init__()
        self.kernel_size = _per_dim(kernel_size, self._ndim)
        self.stride = self.kernel_size if stride is None else _per_dim(stride, self._ndim)
        self.padding = _per_dim(padding, self._ndim)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Zeros but for the input (N, C, L) or (C, L) at the places that MaxPool1d gave."""

    _ndim = 1

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Tensor:
        return F.max_unpool1d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool2d(_MaxUnpool):
    """Zeros but for the input (N, C, H, W) or (C, H, W) at the places that MaxPool2d gave."""

    _ndim = 2

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Tensor:
        return F.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool3d(_MaxUnpool):
    """Zeros but for the input (N, C, D, H, W) or (C, D, H, W) at the places that MaxPool3d gave."""

    _ndim = 3

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Tensor:
        return F.max_unpool3d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class _FractionalMaxPool(Module):
    _ndim: int

    def __init__(
        self,
        kernel_size: Sizes,
        output_size: Sizes | None = None,
        output_ratio: float | Sequence[float] | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        if (output_size is None) == (output_ratio is None):
            raise ValueError(
                f"{self._get_name()}: expected one of output_size and output_ratio, got "
                f"{output_size} and {output_ratio}"
            )
        n = self._ndim
        self.kernel_size = _per_dim(kernel_size, n)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else _per_dim(output_size, n)
        self.output_ratio = None if output_ratio is None else _per_dim(output_ratio, n)
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(
                f"{self._get_name()}: expected an output_ratio between 0 and 1, got {output_ratio}"
            )


class FractionalMaxPool2d(_FractionalMaxPool):
    """The maxima of windows at random places of (N, C, H, W) or (C, H, W)."""

    _ndim = 2

    def forward(self, input: Tensor) -> Pooled:
        return F.fractional_max_pool2d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            self._random_samples,
        )


class FractionalMaxPool3d(_FractionalMaxPool):
    """The maxima of windows at random places of (N, C, D, H, W) or (C, D, H, W)."""

    _ndim = 3

    def forward(self, input: Tensor) -> Pooled:
        return F.fractional_max_pool3d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            self._random_samples,
        )
