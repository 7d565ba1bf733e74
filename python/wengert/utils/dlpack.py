"""Sharing memory with other libraries through DLPack."""

from __future__ import annotations

from .._creation import from_dlpack
from .._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Tensor) -> Any:
    """A DLPack capsule over the tensor's memory, for consumers that take a capsule.

    Raises BufferError for a tensor that requires grad or whose memory is read-only.
    """
    return tensor.__dlpack__()
