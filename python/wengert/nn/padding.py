"""Layers that pad the last dimensions; ``padding`` is one amount or (before, after) from the last
dimension backwards, negative amounts cutting off."""

from __future__ import annotations

from collections.abc import Sequence

from wengert import Tensor
from wengert.nn import functional as F
from wengert.nn.module import Module


class _Pad(Module):
    _dims: int
    _mode: str

    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__()
        amounts = (padding,) * (2 * self._dims) if isinstance(padding, int) else tuple(padding)
        if len(amounts) != 2 * self._dims:
            raise ValueError(
                f"{type(self).__name__}: expected one amount of padding or {2 * self._dims}, but "
                f"got {len(amounts)}"
            )
        self.padding = amounts

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return str(self.padding)


class _ConstantPad(_Pad):
    _mode = "constant"

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode, self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return str(self.padding)


class ConstantPad1d(_ConstantPad):
    """Pads (N, C, W) or (C, W) with a number."""

    _dims = 1


class ConstantPad2d(_ConstantPad):
    """Pads (N, C, H, W) or (C, H, W) with a number."""

    _dims = 2


class ConstantPad3d(_ConstantPad):
    """Pads (N, C, D, H, W) or (C, D, H, W) with a number."""

    _dims = 3


class ZeroPad1d(_ZeroPad):
    """Pads (N, C, W) or (C, W) with zeros."""

    _dims = 1


class ZeroPad2d(_ZeroPad):
    """Pads (N, C, H, W) or (C, H, W) with zeros."""

    _dims = 2


class ZeroPad3d(_ZeroPad):
    """Pads (N, C, D, H, W) or (C, D, H, W) with zeros."""

    _dims = 3


class ReflectionPad1d(_Pad):
    """Pads (N, C, W) or (C, W) with its mirror image, the border not repeated."""

    _dims, _mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """Pads (N, C, H, W) or (C, H, W) with its mirror image, the border not repeated."""

    _dims, _mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """Pads (N, C, D, H, W) or (C, D, H, W) with its mirror image, the border not repeated."""

    _dims, _mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """Pads (N, C, W) or (C, W) with its border."""

    _dims, _mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """Pads (N, C, H, W) or (C, H, W) with its border."""

    _dims, _mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """Pads (N, C, D, H, W) or (C, D, H, W) with its border."""

    _dims, _mode = 3, "replicate"


class CircularPad1d(_Pad):
    """Pads (N, C, W) or (C, W) with what stands at the other end."""

    _dims, _mode = 1, "circular"


class CircularPad2d(_Pad):
    """Pads (N, C, H, W) or (C, H, W) with what stands at the other end."""

    _dims, _mode = 2, "circular"


class CircularPad3d(_Pad):
    """Pads (N, C, D, H, W) or (C, D, H, W) with what stands at the other end."""

    _dims, _mode = 3, "circular"
