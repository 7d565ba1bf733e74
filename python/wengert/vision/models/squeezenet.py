"""SqueezeNet (Iandola et al., 2016, arXiv:1602.07360)."""

from __future__ import annotations

import wengert as wg
from wengert import Tensor, nn
from wengert.vision.models._api import builder, weights_enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "SqueezeNet",
    "SqueezeNet1_0_Weights",
    "SqueezeNet1_1_Weights",
    "squeezenet1_0",
    "squeezenet1_1",
]


class Fire(nn.Module):
    """A 1x1 convolution to few channels, then a 1x1 and a 3x3 convolution of these side by side."""

    def __init__(
        self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int
    ) -> None:
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, 1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, 1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, 3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_activation(self.squeeze(x))
        narrow = self.expand1x1_activation(self.expand1x1(x))
        wide = self.expand3x3_activation(self.expand3x3(x))
        return wg.cat([narrow, wide], 1)


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


def _fire(inplanes: int, squeeze: int) -> Fire:
    return Fire(inplanes, squeeze, 4 * squeeze, 4 * squeeze)


class SqueezeNet(nn.Module):
    """SqueezeNet: (N, 3, H, W) to (N, num_classes).

    Args:
        version: "1_0", or "1_1", which needs 2.4 times fewer operations.
        num_classes: the number of results.
        dropout: its probability before the last convolution.
    """

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.num_classes = num_classes
        if version == "1_0":
            layers = [
                nn.Conv2d(3, 96, 7, stride=2),
                nn.ReLU(inplace=True),
                _pool(),
                _fire(96, 16),
                _fire(128, 16),
                _fire(128, 32),
                _pool(),
                _fire(256, 32),
                _fire(256, 48),
                _fire(384, 48),
                _fire(384, 64),
                _pool(),
                _fire(512, 64),
            ]
        elif version == "1_1":
            layers = [
                nn.Conv2d(3, 64, 3, stride=2),
                nn.ReLU(inplace=True),
                _pool(),
                _fire(64, 16),
                _fire(128, 16),
                _pool(),
                _fire(128, 32),
                _fire(256, 32),
                _pool(),
                _fire(256, 48),
                _fire(384, 48),
                _fire(384, 64),
                _fire(512, 64),
            ]
        else:
            raise ValueError(f"SqueezeNet: expected the version '1_0' or '1_1', got {version!r}")
        self.features = nn.Sequential(*layers)
        last = nn.Conv2d(512, num_classes, 1)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), last, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1))
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                if module is last:
                    nn.init.normal_(module.weight, mean=0.0, std=0.01)
                else:
                    nn.init.kaiming_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.classifier(self.features(x))
        return out.flatten(1)


SqueezeNet1_0_Weights = weights_enum("SqueezeNet1_0_Weights")
SqueezeNet1_1_Weights = weights_enum("SqueezeNet1_1_Weights")


@builder
def squeezenet1_0(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.0; weights is None or the path of a file."""
    return SqueezeNet("1_0", **kwargs)


@builder
def squeezenet1_1(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.1; weights is None or the path of a file."""
    return SqueezeNet("1_1", **kwargs)
