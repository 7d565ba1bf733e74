"""Memory formats of convolution weights."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]


def _convert(module: Any, memory_format: Any, names: tuple[str, ...]) -> Any:
    for inner in module.modules():
        if any(c.__name__ in names for c in type(inner).__mro__):
            inner.weight.data = (
                inner.weight.detach().clone().contiguous(memory_format=memory_format)
            )
    return module


def convert_conv2d_weight_memory_format(module: Any, memory_format: Any) -> Any:
    """Stores the weights of all two-dimensional convolutions inside in ``memory_format``."""
    return _convert(module, memory_format, ("Conv2d", "ConvTranspose2d"))


def convert_conv3d_weight_memory_format(module: Any, memory_format: Any) -> Any:
    """Stores the weights of all three-dimensional convolutions inside in ``memory_format``."""
    return _convert(module, memory_format, ("Conv3d", "ConvTranspose3d"))
