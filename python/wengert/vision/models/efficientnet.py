"""EfficientNet (Tan and Le, 2019, arXiv:1905.11946) and EfficientNetV2 (2021, arXiv:2104.00298)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from functools import partial

from wengert import Tensor, nn
from wengert.vision.models._api import (
    builder,
    init_convolution,
    init_normalization,
    weights_enum,
)
from wengert.vision.models._mbconv import (
    FusedMBConv as FusedMBConv,
)
from wengert.vision.models._mbconv import (
    FusedMBConvConfig,
    Maker,
    MBConvConfig,
    StageConfig,
)
from wengert.vision.models._mbconv import (
    MBConv as MBConv,
)
from wengert.vision.ops.misc import Conv2dNormActivation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "EfficientNet",
    "EfficientNet_B0_Weights",
    "EfficientNet_B1_Weights",
    "EfficientNet_B2_Weights",
    "EfficientNet_B3_Weights",
    "EfficientNet_B4_Weights",
    "EfficientNet_B5_Weights",
    "EfficientNet_B6_Weights",
    "EfficientNet_B7_Weights",
    "EfficientNet_V2_L_Weights",
    "EfficientNet_V2_M_Weights",
    "EfficientNet_V2_S_Weights",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
    "efficientnet_b5",
    "efficientnet_b6",
    "efficientnet_b7",
    "efficientnet_v2_l",
    "efficientnet_v2_m",
    "efficientnet_v2_s",
]


class EfficientNet(nn.Module):
    """An EfficientNet: (N, 3, H, W) to (N, num_classes).

    Args:
        inverted_residual_setting: the stages.
        dropout: its probability before the linear layer.
        stochastic_depth_prob: a block's branch is left out with a probability that rises linearly
            from 0 at the first block towards this.
        num_classes: the number of results.
        norm_layer: makes the normalisation of a number of channels; by default BatchNorm2d.
        last_channel: the channels of the last convolution; by default 4 times the last stage's.
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[MBConvConfig | FusedMBConvConfig],
        dropout: float,
        stochastic_depth_prob: float = 0.2,
        num_classes: int = 1000,
        norm_layer: Maker | None = None,
        last_channel: int | None = None,
    ) -> None:
        super().__init__()
        if not inverted_residual_setting:
            raise ValueError("EfficientNet: inverted_residual_setting is empty; give stages")
        if not isinstance(inverted_residual_setting, Sequence) or not all(
            isinstance(cnf, StageConfig) for cnf in inverted_residual_setting
        ):
            raise TypeError(
                "EfficientNet: expected inverted_residual_setting to be a list of MBConvConfig and "
                f"FusedMBConvConfig, got {inverted_residual_setting!r}"
            )
        norm = norm_layer or nn.BatchNorm2d
        conv = partial(Conv2dNormActivation, norm_layer=norm, activation_layer=nn.SiLU)
        stages: list[nn.Module] = [
            conv(3, inverted_residual_setting[0].input_channels, 3, stride=2)
        ]
        total = sum(cnf.num_layers for cnf in inverted_residual_setting)
        made = 0
        for cnf in inverted_residual_setting:
            blocks = []
            for i in range(cnf.num_layers):
                own = copy(cnf)
                if i > 0:
                    own.input_channels = own.out_channels
                    own.stride = 1
                blocks.append(own.block(own, stochastic_depth_prob * made / total, norm))
                made += 1
            stages.append(nn.Sequential(*blocks))
        channels = inverted_residual_setting[-1].out_channels
        last = 4 * channels if last_channel is None else last_channel
        stages.append(conv(channels, last, 1))
        self.features = nn.Sequential(*stages)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout, inplace=True), nn.Linear(last, num_classes)
        )
        for module in self.modules():
            init_convolution(module)
            init_normalization(module)
            if isinstance(module, nn.Linear):
                bound = 1.0 / math.sqrt(module.out_features)
                nn.init.uniform_(module.weight, -bound, bound)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return out


# Expansion, kernel, stride, channels before and after, blocks.
_B0 = [
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
]
# The fused stages, and the others.
_V2 = {
    "s": (
        [(1, 3, 1, 24, 24, 2), (4, 3, 2, 24, 48, 4), (4, 3, 2, 48, 64, 4)],
        [(4, 3, 2, 64, 128, 6), (6, 3, 1, 128, 160, 9), (6, 3, 2, 160, 256, 15)],
    ),
    "m": (
        [(1, 3, 1, 24, 24, 3), (4, 3, 2, 24, 48, 5), (4, 3, 2, 48, 80, 5)],
        [
            (4, 3, 2, 80, 160, 7),
            (6, 3, 1, 160, 176, 14),
            (6, 3, 2, 176, 304, 18),
            (6, 3, 1, 304, 512, 5),
        ],
    ),
    "l": (
        [(1, 3, 1, 32, 32, 4), (4, 3, 2, 32, 64, 7), (4, 3, 2, 64, 96, 7)],
        [
            (4, 3, 2, 96, 192, 10),
            (6, 3, 1, 192, 224, 19),
            (6, 3, 2, 224, 384, 25),
            (6, 3, 1, 384, 640, 7),
        ],
    ),
}


def _efficientnet(
    width: float, depth: float, dropout: float, kwargs: dict[str, Any]
) -> EfficientNet:
    stages = [MBConvConfig(*row, width_mult=width, depth_mult=depth) for row in _B0]
    return EfficientNet(stages, **{"dropout": dropout, **kwargs})


def _efficientnet_v2(size: str, dropout: float, kwargs: dict[str, Any]) -> EfficientNet:
    fused, others = _V2[size]
    stages: list[MBConvConfig | FusedMBConvConfig] = [
        *(FusedMBConvConfig(*row) for row in fused),
        *(MBConvConfig(*row) for row in others),
    ]
    settings = {
        "dropout": dropout,
        "last_channel": 1280,
        "norm_layer": partial(nn.BatchNorm2d, eps=1e-3),
    }
    return EfficientNet(stages, **{**settings, **kwargs})


# The larger ones are published with these.
_slow_norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)

EfficientNet_B0_Weights = weights_enum("EfficientNet_B0_Weights")
EfficientNet_B1_Weights = weights_enum("EfficientNet_B1_Weights", "IMAGENET1K_V2")
EfficientNet_B2_Weights = weights_enum("EfficientNet_B2_Weights")
EfficientNet_B3_Weights = weights_enum("EfficientNet_B3_Weights")
EfficientNet_B4_Weights = weights_enum("EfficientNet_B4_Weights")
EfficientNet_B5_Weights = weights_enum("EfficientNet_B5_Weights")
EfficientNet_B6_Weights = weights_enum("EfficientNet_B6_Weights")
EfficientNet_B7_Weights = weights_enum("EfficientNet_B7_Weights")
EfficientNet_V2_S_Weights = weights_enum("EfficientNet_V2_S_Weights")
EfficientNet_V2_M_Weights = weights_enum("EfficientNet_V2_M_Weights")
EfficientNet_V2_L_Weights = weights_enum("EfficientNet_V2_L_Weights")


@builder
def efficientnet_b0(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> EfficientNet:
    """EfficientNet-B0; weights is None or the path of a file."""
    return _efficientnet(1.0, 1.0, 0.2, kwargs)


@builder
def efficientnet_b1(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> EfficientNet:
    """EfficientNet-B1; weights is None or the path of a file."""
    return _efficientnet(1.0, 1.1, 0.2, kwargs)


@builder
def efficientnet_b2(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> EfficientNet:
    """EfficientNet-B2; weights is None or the path of a file."""
    return _efficientnet(1.1, 1.2, 0.3, kwargs)


@builder
def efficientnet_b3(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> EfficientNet:
    """EfficientNet-B3; weights is None or the path of a file."""
    return _efficientnet(1.2, 1.4, 0.3, kwargs)


@builder
def efficientnet_b4(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> EfficientNet:
    """EfficientNet-B4; weights is None or the path of a file."""
    return _efficientnet(1.4, 1.8, 0.4, kwargs)


@builder
def efficientnet_b5(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> EfficientNet:
    """EfficientNet-B5; weights is None or the path of a file."""
    return _efficientnet(1.6, 2.2, 0.4, {"norm_layer": _slow_norm, **kwargs})


@builder
def efficientnet_b6(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> EfficientNet:
    """EfficientNet-B6; weights is None or the path of a file."""
    return _efficientnet(1.8, 2.6, 0.5, {"norm_layer": _slow_norm, **kwargs})


@builder
def efficientnet_b7(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> EfficientNet:
    """EfficientNet-B7; weights is None or the path of a file."""
    return _efficientnet(2.0, 3.1, 0.5, {"norm_layer": _slow_norm, **kwargs})


@builder
def efficientnet_v2_s(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> EfficientNet:
    """EfficientNetV2-S; weights is None or the path of a file."""
    return _efficientnet_v2("s", 0.2, kwargs)


@builder
def efficientnet_v2_m(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> EfficientNet:
    """EfficientNetV2-M; weights is None or the path of a file."""
    return _efficientnet_v2("m", 0.3, kwargs)


@builder
def efficientnet_v2_l(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> EfficientNet:
    """EfficientNetV2-L; weights is None or the path of a file."""
    return _efficientnet_v2("l", 0.4, kwargs)
