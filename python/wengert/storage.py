"""The memory under tensors, to look at: its address, its size and what it holds."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

from wengert import _core
from wengert._device import cpu_device, device
from wengert._tensor import Tensor, dtype


class UntypedStorage:
    """The bytes of a tensor's memory, which other tensors may share. They can be read only."""

    is_cuda = False

    def __init__(self, tensor: Tensor) -> None:
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"UntypedStorage: expected a tensor to look into, got {type(tensor).__name__}"
            )
        self._tensor = tensor.detach()  # keeps the memory alive
        self._address, self._bytes = _core._storage_of(self._tensor)

    @property
    def device(self) -> device:
        """The CPU."""
        return cpu_device

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return self._address

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._bytes

    size = __len__ = nbytes

    def element_size(self) -> int:
        """Bytes per element: 1."""
        return 1

    def is_pinned(self, device: Any = None) -> bool:
        """False: there is no device that would need it."""
        return False

    def is_shared(self) -> bool:
        """Whether other processes see what is written to the memory."""
        return self._tensor.is_shared()

    def tolist(self) -> list[int]:
        """The bytes as a list."""
        return list(bytes(self))

    def __bytes__(self) -> bytes:
        return ctypes.string_at(self._address, self._bytes) if self._bytes else b""

    def __getitem__(self, index: Any) -> Any:
        read = bytes(self)[index]
        return list(read) if isinstance(read, bytes) else read

    def __iter__(self) -> Iterator[int]:
        return iter(self.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UntypedStorage) and (
            (self._address, self._bytes) == (other._address, other._bytes)
        )

    def __hash__(self) -> int:
        return hash((self._address, self._bytes))

    def __repr__(self) -> str:
        lines = "".join(f" {b}\n" for b in self)
        return lines + f"[wengert.storage.UntypedStorage(device=cpu) of size {self._bytes}]"


class TypedStorage:
    """The elements of a tensor's memory, in its dtype. They can be read only."""

    is_cuda = False

    def __init__(self, tensor: Tensor) -> None:
        self._untyped = UntypedStorage(tensor)
        self.dtype: dtype = tensor.dtype
        n = self._untyped.nbytes() // tensor.itemsize
        self._flat = _core.ops.as_strided(self._untyped._tensor, (n,), (1,), 0)

    @property
    def device(self) -> device:
        """The CPU."""
        return cpu_device

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return self._untyped

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._untyped.data_ptr()

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._untyped.nbytes()

    def size(self) -> int:
        """The number of elements."""
        return self._flat.numel()

    __len__ = size

    def element_size(self) -> int:
        """Bytes per element."""
        return self._flat.itemsize

    def is_shared(self) -> bool:
        """Whether other processes see what is written to the memory."""
        return self._untyped.is_shared()

    def tolist(self) -> list[Any]:
        """The elements as a list."""
        return self._flat.tolist()

    def __getitem__(self, index: Any) -> Any:
        return self.tolist()[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __repr__(self) -> str:
        lines = "".join(f" {v}\n" for v in self)
        kind = f"dtype={self.dtype}, device=cpu"
        return lines + f"[wengert.storage.TypedStorage({kind}) of size {self.size()}]"
