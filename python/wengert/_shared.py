"""Tensors whose memory several processes see."""

from __future__ import annotations

import mmap
import os
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from wengert import _core
from wengert._creation import from_numpy
from wengert._tensor import Tensor, _dtype_by_name


class _Block(mmap.mmap):
    """Anonymous memory behind a file descriptor, which can be given to another process."""

    fd: int

    def __del__(self) -> None:
        os.close(self.fd)


# address -> block; a block lives as long as a tensor over it
_blocks: WeakValueDictionary[int, _Block] = WeakValueDictionary()


def _block(fd: int, nbytes: int) -> tuple[_Block, Any]:
    block = _Block(fd, nbytes)
    block.fd = fd
    array = np.frombuffer(block, np.uint8)
    _blocks[array.__array_interface__["data"][0]] = block
    return block, array


def _over(array: Any, name: str, numel: int) -> Tensor:
    """A flat tensor over the bytes. NumPy has no bfloat16, whose bytes lie there as int16."""
    if name == "bfloat16":
        raise NotImplementedError(
            "share_memory_: tensors of bfloat16 cannot be shared; convert to float32"
        )
    kind = np.dtype("bool" if name == "bool" else name)
    return from_numpy(array[: numel * kind.itemsize].view(kind))


def share(tensor: Tensor) -> Tensor:
    """Moves the tensor's elements to memory that other processes can see."""
    if is_shared(tensor) or tensor.numel() == 0:
        return tensor
    fd = os.memfd_create("wengert")
    try:
        os.ftruncate(fd, tensor.nbytes)
        _, array = _block(fd, tensor.nbytes)
    except BaseException:
        os.close(fd)
        raise
    moved = _over(array, tensor.dtype.name, tensor.numel()).view(tensor.shape)
    moved.copy_(tensor.detach())
    tensor.data = moved
    return tensor


def is_shared(tensor: Tensor) -> bool:
    """Whether the tensor's memory can be seen by other processes."""
    return _core._storage_of(tensor)[0] in _blocks


def _rebuild(
    duplicate: Any,
    nbytes: int,
    name: str,
    layout: tuple[tuple[int, ...], tuple[int, ...], int],
    cls: type[Tensor],
    requires_grad: bool,
) -> Tensor:
    _, array = _block(duplicate.detach(), nbytes)
    flat = _over(array, name, nbytes // _dtype_by_name(name).itemsize)
    t = _core.ops.as_strided(flat, *layout)
    if cls is not Tensor:
        return Tensor._make_subclass(cls, t, requires_grad)
    return t.requires_grad_(requires_grad)


def reduce_tensor(tensor: Tensor) -> Any:
    """How a tensor goes to another process: in shared memory the memory itself, else a copy."""
    from multiprocessing.reduction import DupFd

    if not tensor.is_leaf and tensor.requires_grad:
        raise RuntimeError(
            "multiprocessing: a tensor with a history cannot go to another process; detach() it"
        )
    if not is_shared(tensor):
        return tensor.__reduce_ex__(2)
    address, nbytes = _core._storage_of(tensor)
    layout = tuple(tensor.shape), tuple(tensor.stride()), tensor.storage_offset()
    fd = DupFd(_blocks[address].fd)
    cls = type(tensor)
    return _rebuild, (fd, nbytes, tensor.dtype.name, layout, cls, tensor.requires_grad)
