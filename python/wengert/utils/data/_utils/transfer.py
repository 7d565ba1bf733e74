"""Objects on their way between processes; what is large in them goes through shared memory."""

from __future__ import annotations

import io
import mmap
import os
import pickle
import socket
import struct
import tempfile
from array import array
from multiprocessing.reduction import DupFd, ForkingPickler
from typing import Any
from weakref import WeakSet

import numpy as np

import wengert.multiprocessing  # noqa: F401  registers how tensors in shared memory are pickled
from wengert import Tensor, _core
from wengert._creation import from_numpy
from wengert._tensor import _dtype_by_name
from wengert.nn.parameter import Buffer, Parameter

# Number of buffers, bytes of the pickle, bytes of the buffers, whether these are in a file.
_HEAD = struct.Struct("<IQQ?")
# Below, copying through the socket is faster than a file.
_SMALL = 1 << 16
# Each mapping holds a file descriptor, of which a process has some thousand.
_MOST_MAPPINGS = 256
_mappings: WeakSet[mmap.mmap] = WeakSet()


class _Pickler(ForkingPickler):
    """Keeps the elements of tensors and arrays apart."""

    def __init__(self, file: Any, keep: Any) -> None:
        super().__init__(file, 5, True, keep)

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) not in (Tensor, Parameter, Buffer) or obj.is_shared():
            return NotImplemented
        if obj.requires_grad and not obj.is_leaf:
            raise RuntimeError(
                "DataLoader: a tensor with a history cannot go to another process; detach() it"
            )
        dense = obj.detach().contiguous()
        name = dense.dtype.name
        # NumPy has no bfloat16.
        data = _core.to_bytes(dense) if name == "bfloat16" else dense.numpy()
        args = pickle.PickleBuffer(data), name, tuple(obj.shape), type(obj), obj.requires_grad
        return _tensor, args


def _tensor(buffer: Any, name: str, shape: tuple, cls: Any, requires_grad: bool) -> Tensor:
    if name == "bfloat16":
        t = _core.from_bytes(bytes(buffer), _dtype_by_name(name), list(shape))
    else:
        t = from_numpy(np.ndarray(shape, np.dtype(name), buffer))
    if cls is not Tensor:
        return Tensor._make_subclass(cls, t, requires_grad)
    return t.requires_grad_(requires_grad)


def _pack(obj: Any) -> tuple[bytes, list[memoryview], list[int]]:
    """The pickle of an object, its buffers, and where these go in one area."""
    buffers: list[pickle.PickleBuffer] = []
    file = io.BytesIO()
    _Pickler(file, buffers.append).dump(obj)
    views = [b.raw() for b in buffers]
    ends = [0]
    for view in views:
        ends.append(ends[-1] + (view.nbytes + 63) // 64 * 64)
    return file.getvalue(), views, ends


def _unpack(pickled: Any, area: Any, sizes: list[int]) -> Any:
    whole, start, views = memoryview(area), 0, []
    for size in sizes:
        views.append(whole[start : start + size])
        start += (size + 63) // 64 * 64
    return pickle.loads(pickled, buffers=views)


def _file(views: list[memoryview], ends: list[int]) -> int:
    """A file in memory with the buffers."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("wengert-data")
    else:
        with tempfile.TemporaryFile() as f:
            fd = os.dup(f.fileno())
    try:
        os.ftruncate(fd, ends[-1])
        for view, start in zip(views, ends):
            done = 0
            while done < view.nbytes:
                done += os.pwrite(fd, view[done:], start + done)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _mapped(fd: int, size: int) -> Any:
    """The memory of a file; a copy, if there are many mappings already."""
    if len(_mappings) < _MOST_MAPPINGS:
        area = mmap.mmap(fd, size, mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0))
        _mappings.add(area)
        return area
    copy = bytearray(size)
    done = 0
    while done < size:
        done += os.preadv(fd, [memoryview(copy)[done:]], done)
    return copy


def send(to: socket.socket, obj: Any) -> None:
    """Sends an object; nothing has been sent if it cannot be pickled."""
    pickled, views, ends = _pack(obj)
    large = ends[-1] > _SMALL
    head = _HEAD.pack(len(views), len(pickled), ends[-1], large)
    rest = bytearray(head + array("Q", [v.nbytes for v in views]).tobytes() + pickled)
    if not large:
        for view, start, end in zip(views, ends, ends[1:]):
            rest += view
            rest += bytes(end - start - view.nbytes)
        to.sendall(rest)
        return
    fd = _file(views, ends)
    try:
        done = socket.send_fds(to, [rest], [fd])
    finally:
        os.close(fd)
    to.sendall(memoryview(rest)[done:])


def _exactly(source: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    done = 0
    while done < size:
        n = source.recv_into(memoryview(data)[done:])
        if n == 0:
            raise EOFError("the other process has closed its end")
        done += n
    return data


def receive(source: socket.socket) -> Any:
    """The object that was sent; EOFError if the other end is closed."""
    head, fds, _, _ = socket.recv_fds(source, _HEAD.size, 1)
    try:
        if not head:
            raise EOFError("the other process has closed its end")
        head += _exactly(source, _HEAD.size - len(head))
        count, length, size, large = _HEAD.unpack(head)
        sizes = array("Q", bytes(_exactly(source, 8 * count))).tolist()
        pickled = _exactly(source, length)
        if not large:
            area: Any = _exactly(source, size)
        elif fds:
            area = _mapped(fds[0], size)
        else:
            raise RuntimeError(
                "DataLoader: too many files are open to receive a batch; raise the limit "
                "(ulimit -n) or keep fewer batches"
            )
    finally:
        for fd in fds:
            os.close(fd)
    return _unpack(pickled, area, sizes)


class Parcel:
    """An object for processes that inherit nothing: each gets its own copy, but the elements of
    tensors and arrays lie in memory only once as long as nobody changes them."""

    def __init__(self, content: Any) -> None:
        self.content = content
        self._fd: int | None = None

    def __reduce__(self) -> Any:
        pickled, views, ends = _pack(self.content)
        if not ends[-1]:
            return _opened, (pickled, [v.nbytes for v in views], 0, None)
        if self._fd is None:
            self._fd = _file(views, ends)
        return _opened, (pickled, [v.nbytes for v in views], ends[-1], DupFd(self._fd))

    def close(self) -> None:
        """Called when all processes have started."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _opened(pickled: bytes, sizes: list[int], size: int, source: Any) -> Parcel:
    area: Any = b""
    if source is not None:
        fd = source.detach()
        try:
            area = mmap.mmap(fd, size, mmap.MAP_PRIVATE)
        finally:
            os.close(fd)
    return Parcel(_unpack(pickled, area, sizes))
