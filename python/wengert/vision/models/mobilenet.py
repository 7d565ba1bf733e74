"""MobileNetV2 (Sandler et al., 2018, arXiv:1801.04381)."""

from __future__ import annotations

from collections.abc import Callable

from wengert import Tensor, nn
from wengert.vision.models._api import (
    builder,
    init_convolution,
    init_normalization,
    make_divisible,
    weights_enum,
)
from wengert.vision.ops.misc import Conv2dNormActivation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Norm = Callable[..., nn.Module]

__all__ = ["MobileNetV2", "MobileNet_V2_Weights", "mobilenet_v2"]

# Expansion, channels, blocks, stride of the first of them.
_SETTING = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
]


class InvertedResidual(nn.Module):
    """A 1x1 convolution to expand_ratio times the channels, a 3x3 convolution of each channel, a
    1x1 convolution to oup channels; the input is added where shapes agree."""

    def __init__(
        self,
        inp: int,
        oup: int,
        stride: int,
        expand_ratio: int,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"InvertedResidual: expected the stride 1 or 2, got {stride}")
        norm = norm_layer or nn.BatchNorm2d
        hidden = round(inp * expand_ratio)
        layers: list[nn.Module] = []
        if expand_ratio != 1:
            layers.append(
                Conv2dNormActivation(inp, hidden, 1, norm_layer=norm, activation_layer=nn.ReLU6)
            )
        layers += [
            Conv2dNormActivation(
                hidden,
                hidden,
                stride=stride,
                groups=hidden,
                norm_layer=norm,
                activation_layer=nn.ReLU6,
            ),
            nn.Conv2d(hidden, oup, 1, bias=False),
            norm(oup),
        ]
        self.conv = nn.Sequential(*layers)
        self.stride = stride
        self.out_channels = oup
        self.use_res_connect = stride == 1 and inp == oup

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return x + out if self.use_res_connect else out


class MobileNetV2(nn.Module):
    """MobileNetV2: (N, 3, H, W) to (N, num_classes).

    Args:
        num_classes: the number of results.
        width_mult: what the numbers of channels are multiplied by.
        inverted_residual_setting: rows of expansion, channels, blocks, and stride of the first.
        round_nearest: the numbers of channels are multiples of this.
        block: makes a block; by default InvertedResidual.
        norm_layer: makes the normalisation of a number of channels; by default BatchNorm2d.
        dropout: its probability before the linear layer.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        width_mult: float = 1.0,
        inverted_residual_setting: list[list[int]] | None = None,
        round_nearest: int = 8,
        block: Callable[..., nn.Module] | None = None,
        norm_layer: Norm | None = None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        make = block or InvertedResidual
        norm = norm_layer or nn.BatchNorm2d
        setting = _SETTING if inverted_residual_setting is None else inverted_residual_setting
        if not setting or any(len(row) != 4 for row in setting):
            raise ValueError(
                "MobileNetV2: expected inverted_residual_setting of rows of 4 numbers, got "
                f"{inverted_residual_setting}"
            )
        channels = make_divisible(32 * width_mult, round_nearest)
        self.last_channel = make_divisible(1280 * max(1.0, width_mult), round_nearest)
        features: list[nn.Module] = [
            Conv2dNormActivation(3, channels, stride=2, norm_layer=norm, activation_layer=nn.ReLU6)
        ]
        for expansion, size, blocks, stride in setting:
            out = make_divisible(size * width_mult, round_nearest)
            for i in range(blocks):
                features.append(
                    make(
                        channels,
                        out,
                        stride if i == 0 else 1,
                        expand_ratio=expansion,
                        norm_layer=norm,
                    )
                )
                channels = out
        features.append(
            Conv2dNormActivation(
                channels, self.last_channel, 1, norm_layer=norm, activation_layer=nn.ReLU6
            )
        )
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(self.last_channel, num_classes)
        )
        for module in self.modules():
            init_convolution(module)
            init_normalization(module)
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        pooled = nn.functional.adaptive_avg_pool2d(self.features(x), (1, 1))
        out: Tensor = self.classifier(pooled.flatten(1))
        return out


MobileNet_V2_Weights = weights_enum("MobileNet_V2_Weights", "IMAGENET1K_V2")


@builder
def mobilenet_v2(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> MobileNetV2:
    """MobileNetV2; weights is None or the path of a file."""
    return MobileNetV2(**kwargs)
