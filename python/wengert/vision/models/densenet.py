"""Densely connected networks (Huang et al., 2016, arXiv:1608.06993)."""

from __future__ import annotations

import re

import wengert as wg
from wengert import Tensor, nn
from wengert.nn import functional as F
from wengert.vision.models._api import builder, init_normalization, weights_enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "DenseNet",
    "DenseNet121_Weights",
    "DenseNet161_Weights",
    "DenseNet169_Weights",
    "DenseNet201_Weights",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
]

# Published files say "denselayer1.norm.1.weight" where the model says "denselayer1.norm1.weight".
_OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.(?=[12]\.)")


class _DenseLayer(nn.Module):
    """growth_rate new channels from all the channels before: normalisation, ReLU and a 1x1
    convolution to bn_size times as many, then normalisation, ReLU and a 3x3 convolution."""

    def __init__(
        self,
        num_input_features: int,
        growth_rate: int,
        bn_size: int,
        drop_rate: float,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        width = bn_size * growth_rate
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(num_input_features, width, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, growth_rate, 3, padding=1, bias=False)
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def forward(self, input: Tensor | list[Tensor]) -> Tensor:
        x = input if isinstance(input, Tensor) else wg.cat(input, 1)
        x = self.conv1(self.relu1(self.norm1(x)))
        x = self.conv2(self.relu2(self.norm2(x)))
        return F.dropout(x, self.drop_rate, self.training) if self.drop_rate > 0 else x


class _DenseBlock(nn.ModuleDict):
    """Dense layers, each of which gets the input and the results of all before it; the result is
    all of these."""

    def __init__(
        self,
        num_layers: int,
        num_input_features: int,
        bn_size: int,
        growth_rate: int,
        drop_rate: float,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        for i in range(num_layers):
            self[f"denselayer{i + 1}"] = _DenseLayer(
                num_input_features + i * growth_rate,
                growth_rate,
                bn_size,
                drop_rate,
                memory_efficient,
            )

    def forward(self, init_features: Tensor) -> Tensor:
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return wg.cat(features, 1)


class _Transition(nn.Sequential):
    """Fewer channels by a 1x1 convolution, and half the height and width."""

    def __init__(self, num_input_features: int, num_output_features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(num_input_features, num_output_features, 1, bias=False)
        self.pool = nn.AvgPool2d(2, stride=2)


class DenseNet(nn.Module):
    """A densely connected network: (N, 3, H, W) to (N, num_classes).

    Args:
        growth_rate: the channels that each layer adds.
        block_config: the number of layers in each block.
        num_init_features: the channels of the first convolution.
        bn_size: the channels between a layer's two convolutions, by growth_rate.
        drop_rate: the probability of dropout after each layer.
        num_classes: the number of results.
        memory_efficient: has no effect.
    """

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: tuple[int, int, int, int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        features = nn.Sequential()
        features.add_module(
            "conv0", nn.Conv2d(3, num_init_features, 7, stride=2, padding=3, bias=False)
        )
        features.add_module("norm0", nn.BatchNorm2d(num_init_features))
        features.add_module("relu0", nn.ReLU(inplace=True))
        features.add_module("pool0", nn.MaxPool2d(3, stride=2, padding=1))
        channels = num_init_features
        for i, layers in enumerate(block_config, 1):
            block = _DenseBlock(layers, channels, bn_size, growth_rate, drop_rate, memory_efficient)
            features.add_module(f"denseblock{i}", block)
            channels += layers * growth_rate
            if i < len(block_config):
                features.add_module(f"transition{i}", _Transition(channels, channels // 2))
                channels //= 2
        features.add_module("norm5", nn.BatchNorm2d(channels))
        self.features = features
        self.classifier = nn.Linear(channels, num_classes)
        for module in self.modules():
            init_normalization(module)
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
            elif isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.features(x), inplace=True)
        out: Tensor = self.classifier(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))
        return out

    @staticmethod
    def rename_weights(state_dict: dict[str, Any]) -> dict[str, Any]:
        """A state dict under the model's names, from one under those of published files."""
        return {_OLD_NAME.sub(r"\1", name): value for name, value in state_dict.items()}


DenseNet121_Weights = weights_enum("DenseNet121_Weights")
DenseNet161_Weights = weights_enum("DenseNet161_Weights")
DenseNet169_Weights = weights_enum("DenseNet169_Weights")
DenseNet201_Weights = weights_enum("DenseNet201_Weights")


@builder
def densenet121(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> DenseNet:
    """DenseNet-121; weights is None or the path of a file."""
    return DenseNet(32, (6, 12, 24, 16), 64, **kwargs)


@builder
def densenet161(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> DenseNet:
    """DenseNet-161; weights is None or the path of a file."""
    return DenseNet(48, (6, 12, 36, 24), 96, **kwargs)


@builder
def densenet169(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> DenseNet:
    """DenseNet-169; weights is None or the path of a file."""
    return DenseNet(32, (6, 12, 32, 32), 64, **kwargs)


@builder
def densenet201(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> DenseNet:
    """DenseNet-201; weights is None or the path of a file."""
    return DenseNet(32, (6, 12, 48, 32), 64, **kwargs)
