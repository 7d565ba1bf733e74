"""Convolution layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import wengert
from wengert import Tensor
from wengert import _ops as _C
from wengert.nn import functional as F
from wengert.nn import init
from wengert.nn.module import Module
from wengert.nn.parameter import Parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _tuple(value: int | Sequence[int], n: int) -> tuple[int, ...]:
    return (value,) * n if isinstance(value, int) else tuple(value)


class _ConvNd(Module):
    """What the convolutions have in common; they differ in ``_ndim`` and ``_kernel``.

    Weight (out, in / groups, *kernel), transposed (in, out / groups, *kernel), and bias (out) begin
    as U(-b, b), b = 1 / sqrt(fan_in).
    """

    transposed = False
    _ndim: int
    _kernel: Callable[..., Tensor]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: str | int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: object = None,
        dtype: wengert.dtype | None = None,
    ) -> None:
        super().__init__()
        n = self._ndim
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                "padding_mode must be one of {'zeros', 'reflect', 'replicate', 'circular'}, but "
                f"got padding_mode='{padding_mode}'"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _tuple(kernel_size, n)
        self.stride = _tuple(stride, n)
        self.padding = padding if isinstance(padding, str) else _tuple(padding, n)
        self.dilation = _tuple(dilation, n)
        self.output_padding = (0,) * n
        self.groups = groups
        self.padding_mode = padding_mode
        before, after = self._amounts(padding)
        # Symmetric zero padding is done by the kernel, any other beforehand by F.pad.
        self._inner_padding = (0,) * n
        self._outer_padding = None
        if padding_mode == "zeros" and before == after:
            self._inner_padding = before
        elif any(before) or any(after):
            pairs = zip(reversed(before), reversed(after), strict=True)
            self._outer_padding = [amount for pair in pairs for amount in pair]
        channels = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (channels[0], channels[1] // groups, *self.kernel_size)
        self.weight = Parameter(wengert.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(wengert.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _amounts(self, padding: str | int | Sequence[int]) -> tuple[Any, Any]:
        """How much is padded before and after, for each dimension."""
        if not isinstance(padding, str):
            return self.padding, self.padding
        if padding == "valid":
            return (0,) * self._ndim, (0,) * self._ndim
        if padding != "same":
            raise ValueError(
                f"Invalid padding string '{padding}', should be one of {{'valid', 'same'}}"
            )
        if any(s != 1 for s in self.stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
        totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        return tuple(t // 2 for t in totals), tuple(t - t // 2 for t in totals)

    def reset_parameters(self) -> None:
        """Draws new initial values."""
        # With a = sqrt(5) the bound is 1 / sqrt(fan_in).
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        fan_in = math.prod(self.weight.shape[1:])
        if self.bias is not None and fan_in:
            bound = 1 / math.sqrt(fan_in)
            init.uniform_(self.bias, -bound, bound)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self._outer_padding is not None:
            mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
            input = F.pad(input, self._outer_padding, mode)
        return self._kernel(
            input, weight, bias, self.stride, self._inner_padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if self.padding != (0,) * self._ndim:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self._ndim:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * self._ndim:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _Conv(_ConvNd):
    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Conv):
    """Cross-correlation of (N, C, L) or (C, L)."""

    _ndim = 1
    _kernel = staticmethod(_C.conv1d)


class Conv2d(_Conv):
    """Cross-correlation of (N, C, H, W) or (C, H, W)."""

    _ndim = 2
    _kernel = staticmethod(_C.conv2d)


class Conv3d(_Conv):
    """Cross-correlation of (N, C, D, H, W) or (C, D, H, W)."""

    _ndim = 3
    _kernel = staticmethod(_C.conv3d)


class _ConvTransposeNd(_ConvNd):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
        padding_mode: str = "zeros",
        device: object = None,
        dtype: wengert.dtype | None = None,
    ) -> None:
        name = type(self).__name__
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {name}')
        if isinstance(padding, str):
            raise TypeError(f"{name}: padding must be an int or ints, got {padding!r}")
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )
        self.output_padding = _tuple(output_padding, self._ndim)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        extra = self.output_padding
        if output_size is not None:
            extra = self._extra_for(input, output_size)
        return self._kernel(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            extra,
            self.groups,
            self.dilation,
        )

    def _extra_for(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output_padding that gives the wanted size, of the spatial dimensions or of all."""
        n, name = self._ndim, type(self).__name__
        sizes = list(output_size)
        if len(sizes) == input.ndim:
            sizes = sizes[input.ndim - n :]
        if len(sizes) != n:
            raise ValueError(
                f"{name}: expected an output_size of {n} or {input.ndim} numbers for an input of "
                f"shape {tuple(input.shape)}, got {tuple(output_size)}"
            )
        padding = self._inner_padding
        geometry = zip(self.stride, padding, self.dilation, self.kernel_size, strict=True)
        least = [
            (size - 1) * s - 2 * p + d * (k - 1) + 1
            for size, (s, p, d, k) in zip(input.shape[input.ndim - n :], geometry, strict=True)
        ]
        extra = tuple(size - low for size, low in zip(sizes, least, strict=True))
        if any(not 0 <= e < s for e, s in zip(extra, self.stride, strict=True)):
            most = [low + s - 1 for low, s in zip(least, self.stride, strict=True)]
            raise ValueError(
                f"{name}: an input of shape {tuple(input.shape)} can give sizes from {least} to "
                f"{most}, but output_size={tuple(output_size)} was asked for"
            )
        return extra


class ConvTranspose1d(_ConvTransposeNd):
    """Transposed convolution of (N, C, L) or (C, L): the adjoint of a :class:`Conv1d`."""

    _ndim = 1
    _kernel = staticmethod(_C.conv_transpose1d)


class ConvTranspose2d(_ConvTransposeNd):
    """Transposed convolution of (N, C, H, W) or (C, H, W): the adjoint of a :class:`Conv2d`."""

    _ndim = 2
    _kernel = staticmethod(_C.conv_transpose2d)


class ConvTranspose3d(_ConvTransposeNd):
    """Transposed convolution of (N, C, D, H, W) or (C, D, H, W): the adjoint of a
    :class:`Conv3d`."""

    _ndim = 3
    _kernel = staticmethod(_C.conv_transpose3d)
