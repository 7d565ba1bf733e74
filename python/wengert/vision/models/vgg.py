"""VGG networks (Simonyan and Zisserman, 2014, arXiv:1409.1556)."""

from __future__ import annotations

from wengert import Tensor, nn
from wengert.vision.models._api import (
    builder,
    init_convolution,
    init_normalization,
    weights_enum,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "VGG",
    "VGG11_BN_Weights",
    "VGG11_Weights",
    "VGG13_BN_Weights",
    "VGG13_Weights",
    "VGG16_BN_Weights",
    "VGG16_Weights",
    "VGG19_BN_Weights",
    "VGG19_Weights",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
]

# By depth: how many convolutions each of the five groups has.
_COUNTS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
_WIDTHS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """Features, pooled to 7x7, and three linear layers: (N, 3, H, W) to (N, num_classes).

    Args:
        features: maps images to 512 channels.
        num_classes: the number of results.
        init_weights: whether parameters are drawn anew.
        dropout: its probability between the linear layers.
    """

    def __init__(
        self,
        features: nn.Module,
        num_classes: int = 1000,
        init_weights: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            for module in self.modules():
                init_convolution(module)
                init_normalization(module)
                if isinstance(module, nn.Linear):
                    nn.init.normal_(module.weight, 0, 0.01)
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return out


def make_layers(cfg: list[str | int], batch_norm: bool = False) -> nn.Sequential:
    """3x3 convolutions with ReLU of so many channels each; "M" is a maximum of 2x2 windows."""
    layers: list[nn.Module] = []
    channels = 3
    for size in cfg:
        if isinstance(size, str):
            layers.append(nn.MaxPool2d(2, stride=2))
            continue
        layers.append(nn.Conv2d(channels, size, 3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(size))
        layers.append(nn.ReLU(inplace=True))
        channels = size
    return nn.Sequential(*layers)


def _vgg(depth: int, batch_norm: bool, weights: Any, kwargs: dict[str, Any]) -> VGG:
    cfg: list[str | int] = []
    for count, width in zip(_COUNTS[depth], _WIDTHS):
        cfg += [width] * count + ["M"]
    if weights is not None:
        kwargs["init_weights"] = False
    return VGG(make_layers(cfg, batch_norm), **kwargs)


VGG11_Weights = weights_enum("VGG11_Weights")
VGG11_BN_Weights = weights_enum("VGG11_BN_Weights")
VGG13_Weights = weights_enum("VGG13_Weights")
VGG13_BN_Weights = weights_enum("VGG13_BN_Weights")
VGG16_Weights = weights_enum("VGG16_Weights", "IMAGENET1K_FEATURES")
VGG16_BN_Weights = weights_enum("VGG16_BN_Weights")
VGG19_Weights = weights_enum("VGG19_Weights")
VGG19_BN_Weights = weights_enum("VGG19_BN_Weights")


@builder
def vgg11(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG-11; weights is None or the path of a file."""
    return _vgg(11, False, weights, kwargs)


@builder
def vgg11_bn(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG-11 with batch normalisation; weights is None or the path of a file."""
    return _vgg(11, True, weights, kwargs)


@builder
def vgg13(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG-13; weights is None or the path of a file."""
    return _vgg(13, False, weights, kwargs)


@builder
def vgg13_bn(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG-13 with batch normalisation; weights is None or the path of a file."""
    return _vgg(13, True, weights, kwargs)


@builder
def vgg16(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG-16; weights is None or the path of a file."""
    return _vgg(16, False, weights, kwargs)


@builder
def vgg16_bn(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG-16 with batch normalisation; weights is None or the path of a file."""
    return _vgg(16, True, weights, kwargs)


@builder
def vgg19(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG-19; weights is None or the path of a file."""
    return _vgg(19, False, weights, kwargs)


@builder
def vgg19_bn(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
    """VGG-19 with batch normalisation; weights is None or the path of a file."""
    return _vgg(19, True, weights, kwargs)
