"""The blocks of EfficientNet and EfficientNetV2, and what describes a stage of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from wengert import Tensor, nn
from wengert.vision.models._api import make_divisible
from wengert.vision.ops.misc import Conv2dNormActivation, SqueezeExcitation
from wengert.vision.ops.stochastic_depth import StochasticDepth

Maker = Callable[..., nn.Module]


@dataclass
class StageConfig:
    """What the blocks of one stage have in common."""

    expand_ratio: float
    kernel: int
    stride: int  # of the first block
    input_channels: int
    out_channels: int
    num_layers: int
    block: Maker

    @staticmethod
    def adjust_channels(channels: int, width_mult: float, min_value: int | None = None) -> int:
        """width_mult times as many channels, a multiple of 8."""
        return make_divisible(channels * width_mult, 8, min_value)


class MBConvConfig(StageConfig):
    """A stage of MBConv blocks, its channels and number of blocks scaled."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        width_mult: float = 1.0,
        depth_mult: float = 1.0,
        block: Maker | None = None,
    ) -> None:
        super().__init__(
            expand_ratio,
            kernel,
            stride,
            self.adjust_channels(input_channels, width_mult),
            self.adjust_channels(out_channels, width_mult),
            self.adjust_depth(num_layers, depth_mult),
            block or MBConv,
        )

    @staticmethod
    def adjust_depth(num_layers: int, depth_mult: float) -> int:
        """depth_mult times as many blocks, rounded up."""
        return math.ceil(num_layers * depth_mult)


class FusedMBConvConfig(StageConfig):
    """A stage of FusedMBConv blocks."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        block: Maker | None = None,
    ) -> None:
        super().__init__(
            expand_ratio,
            kernel,
            stride,
            input_channels,
            out_channels,
            num_layers,
            block or FusedMBConv,
        )


class _Block(nn.Module):
    """Layers with a residual connection where the shape stays, left out at random."""

    def __init__(
        self, cnf: StageConfig, layers: list[nn.Module], stochastic_depth_prob: float
    ) -> None:
        super().__init__()
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.out_channels = cnf.out_channels

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = self.block(input)
        if self.use_res_connect:
            out = self.stochastic_depth(out)
            out += input
        return out


def _check_stride(cnf: StageConfig) -> None:
    if cnf.stride not in (1, 2):
        raise ValueError(f"EfficientNet: expected the stride 1 or 2, got {cnf.stride}")


class MBConv(_Block):
    """A 1x1 convolution to more channels, a convolution of each channel, squeeze and excitation, a
    1x1 convolution to fewer channels."""

    def __init__(
        self,
        cnf: MBConvConfig,
        stochastic_depth_prob: float,
        norm_layer: Maker,
        se_layer: Maker = SqueezeExcitation,
    ) -> None:
        _check_stride(cnf)
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer)
        expanded = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        layers: list[nn.Module] = []
        if expanded != cnf.input_channels:
            layers.append(conv(cnf.input_channels, expanded, 1, activation_layer=nn.SiLU))
        layers += [
            conv(
                expanded,
                expanded,
                cnf.kernel,
                cnf.stride,
                groups=expanded,
                activation_layer=nn.SiLU,
            ),
            se_layer(
                expanded,
                max(1, cnf.input_channels // 4),
                activation=partial(nn.SiLU, inplace=True),
            ),
            conv(expanded, cnf.out_channels, 1, activation_layer=None),
        ]
        super().__init__(cnf, layers, stochastic_depth_prob)


class FusedMBConv(_Block):
    """A convolution to more channels and a 1x1 convolution to fewer."""

    def __init__(
        self, cnf: FusedMBConvConfig, stochastic_depth_prob: float, norm_layer: Maker
    ) -> None:
        _check_stride(cnf)
        conv = partial(Conv2dNormActivation, norm_layer=norm_layer)
        expanded = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        first = partial(conv, cnf.input_channels, kernel_size=cnf.kernel, stride=cnf.stride)
        layers: list[nn.Module]
        if expanded != cnf.input_channels:
            layers = [
                first(out_channels=expanded, activation_layer=nn.SiLU),
                conv(expanded, cnf.out_channels, 1, activation_layer=None),
            ]
        else:
            layers = [first(out_channels=cnf.out_channels, activation_layer=nn.SiLU)]
        super().__init__(cnf, layers, stochastic_depth_prob)
