"""Orders in which the dimensions of a tensor can stand in memory."""

from __future__ import annotations

from . import _core
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops

__all__ = [
    "channels_last",
    "channels_last_3d",
    "contiguous_format",
    "memory_format",
    "preserve_format",
]


class memory_format:
    """An order of dimensions in memory; ``order`` lists them from the outermost, None for rows."""

    def __init__(self, name: str, order: tuple[int, ...] | None) -> None:
        self.name = name
        self.order = order

    def describes(self, tensor: Tensor) -> bool:
        """Whether the tensor's elements stand in this order without gaps."""
        if self is preserve_format:
            raise RuntimeError("is_contiguous: preserve_format names no order of its own")
        if self.order is None:
            return tensor.is_contiguous()
        if tensor.ndim != len(self.order):
            return False
        expected = 1
        for d in reversed(self.order):
            if tensor.shape[d] != 1:
                if tensor.stride(d) != expected:
                    return False
                expected *= tensor.shape[d]
        return True

    def apply(self, tensor: Tensor) -> Tensor:
        """The tensor in this order, copied only where it is not."""
        if self is preserve_format or self.describes(tensor):
            return tensor
        if self.order is None:
            return _contiguous(tensor)
        if tensor.ndim != len(self.order):
            raise RuntimeError(
                f"contiguous: {self.name} needs {len(self.order)} dimensions, "
                f"but the shape is {tuple(tensor.shape)}"
            )
        back = [self.order.index(i) for i in range(len(self.order))]
        return _contiguous(tensor.permute(self.order)).permute(back)

    def __repr__(self) -> str:
        return f"wengert.{self.name}"

    def __reduce__(self) -> str:
        return self.name


contiguous_format = memory_format("contiguous_format", None)
preserve_format = memory_format("preserve_format", None)
channels_last = memory_format("channels_last", (0, 2, 3, 1))
channels_last_3d = memory_format("channels_last_3d", (0, 2, 3, 4, 1))

_contiguous: Any = _ops.contiguous
_clone: Any = _ops.clone


def contiguous(self: Tensor, memory_format: Any = contiguous_format) -> Tensor:
    """The tensor in row-major order, or in another memory_format; itself where it already is."""
    return memory_format.apply(self)


def clone(input: Tensor, *, memory_format: Any = preserve_format) -> Tensor:
    """A copy with its own memory, in the order of the input's or in another memory_format."""
    if memory_format is preserve_format:
        return _clone(input)
    made = memory_format.apply(input)
    return _clone(input) if made is input else made
