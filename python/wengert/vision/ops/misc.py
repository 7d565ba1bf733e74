"""Groups of layers that many models share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import wengert as wg
from wengert import Tensor, nn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Maker = Callable[..., nn.Module]  # makes a layer


class _ConvNormActivation(nn.Sequential):
    _conv: Callable[..., nn.Module]
    _rank: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int],
        padding: int | Sequence[int] | str | None,
        groups: int,
        norm_layer: Maker | None,
        activation_layer: Maker | None,
        dilation: int | Sequence[int],
        inplace: bool | None,
        bias: bool | None,
    ) -> None:
        if padding is None:
            padding = self._same(kernel_size, dilation)
        if bias is None:
            bias = norm_layer is None
        layers: list[nn.Module] = [
            self._conv(
                in_channels,
                out_channels,
                kernel_size,
                stride,
                padding,
                dilation=dilation,
                groups=groups,
                bias=bias,
            )
        ]
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer(**_inplace(inplace)))
        super().__init__(*layers)
        self.out_channels = out_channels

    def _same(
        self, kernel_size: int | Sequence[int], dilation: int | Sequence[int]
    ) -> int | tuple[int, ...]:
        """The padding that keeps the size where stride is 1 and the kernel odd."""
        if isinstance(kernel_size, int) and isinstance(dilation, int):
            return (kernel_size - 1) // 2 * dilation
        kernels = [kernel_size] * self._rank if isinstance(kernel_size, int) else kernel_size
        dilations = [dilation] * self._rank if isinstance(dilation, int) else dilation
        return tuple((k - 1) // 2 * d for k, d in zip(kernels, dilations))


def _inplace(inplace: bool | None) -> dict[str, bool]:
    return {} if inplace is None else {"inplace": inplace}


class Conv2dNormActivation(_ConvNormActivation):
    """A convolution of (N, C, H, W), a normalisation and an activation.

    Args:
        padding: by default what keeps the size where the stride is 1.
        norm_layer: makes the normalisation of a number of channels; None for none.
        activation_layer: makes the activation; None for none.
        inplace: given to activation_layer, unless None.
        bias: whether the convolution has one; by default if there is no normalisation.
    """

    _conv = nn.Conv2d
    _rank = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int] = 3,
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | str | None = None,
        groups: int = 1,
        norm_layer: Maker | None = nn.BatchNorm2d,
        activation_layer: Maker | None = nn.ReLU,
        dilation: int | tuple[int, int] = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            groups,
            norm_layer,
            activation_layer,
            dilation,
            inplace,
            bias,
        )


class Conv3dNormActivation(_ConvNormActivation):
    """`Conv2dNormActivation` of (N, C, D, H, W)."""

    _conv = nn.Conv3d
    _rank = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int, int] = 3,
        stride: int | tuple[int, int, int] = 1,
        padding: int | tuple[int, int, int] | str | None = None,
        groups: int = 1,
        norm_layer: Maker | None = nn.BatchNorm3d,
        activation_layer: Maker | None = nn.ReLU,
        dilation: int | tuple[int, int, int] = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            groups,
            norm_layer,
            activation_layer,
            dilation,
            inplace,
            bias,
        )


class SqueezeExcitation(nn.Module):
    """Scales each channel by scale_activation(fc2(activation(fc1(mean of the channel)))), where fc1
    and fc2 are 1x1 convolutions (Hu et al., 2017, arXiv:1709.01507)."""

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        activation: Maker = nn.ReLU,
        scale_activation: Maker = nn.Sigmoid,
    ) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def forward(self, input: Tensor) -> Tensor:
        hidden = self.activation(self.fc1(self.avgpool(input)))
        scale: Tensor = self.scale_activation(self.fc2(hidden))
        return scale * input


class FrozenBatchNorm2d(nn.Module):
    """Batch normalisation of (N, C, H, W) whose statistics and affine parameters are buffers:
    (x - running_mean) / sqrt(running_var + eps) * weight + bias."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", wg.ones(num_features))
        self.register_buffer("bias", wg.zeros(num_features))
        self.register_buffer("running_mean", wg.zeros(num_features))
        self.register_buffer("running_var", wg.ones(num_features))

    def _load_from_state_dict(
        self,
        state_dict: Mapping[Any, Any],
        prefix: str,
        local_metadata: dict[Any, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        # What a BatchNorm2d has saved loads too.
        counter = f"{prefix}num_batches_tracked"
        state_dict = {key: value for key, value in state_dict.items() if key != counter}
        super()._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )

    def forward(self, x: Tensor) -> Tensor:
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale.reshape(1, -1, 1, 1) + shift.reshape(1, -1, 1, 1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.weight.shape[0]}, eps={self.eps})"


class MLP(nn.Sequential):
    """Linear layers of the sizes hidden_channels, each but the last followed by a normalisation (if
    norm_layer is given) and an activation, every one by dropout."""

    def __init__(
        self,
        in_channels: int,
        hidden_channels: list[int],
        norm_layer: Maker | None = None,
        activation_layer: Maker | None = nn.ReLU,
        inplace: bool | None = None,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        layers: list[nn.Module] = []
        for i, size in enumerate(hidden_channels):
            layers.append(nn.Linear(in_channels, size, bias=bias))
            if i + 1 < len(hidden_channels):
                if norm_layer is not None:
                    layers.append(norm_layer(size))
                if activation_layer is not None:
                    layers.append(activation_layer(**_inplace(inplace)))
            layers.append(nn.Dropout(dropout, **_inplace(inplace)))
            in_channels = size
        super().__init__(*layers)


class Permute(nn.Module):
    """``x.permute(dims)``."""

    def __init__(self, dims: list[int]) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.dims)
