"""Methods of Tensor for its memory and its place, and those from before dtypes."""

from __future__ import annotations

from . import _core
from ._device import device
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .storage import TypedStorage, UntypedStorage


class layout:
    """How elements lie in memory: `strided`, or a list of those that are not zero."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"wengert.{self._name}"

    def __reduce__(self) -> str:
        return self._name


strided = layout("strided")
sparse_coo = layout("sparse_coo")
sparse_csr = layout("sparse_csr")


def new(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """A tensor of this one's dtype: of sizes one with any values, of data one of its values."""
    from ._legacy import construct

    return construct("new", self.dtype, args, kwargs)


def get_device(input: Tensor) -> int:
    """The number of the device: -1, the CPU."""
    return -1


def is_pinned(self: Tensor, device: Any = None) -> bool:
    """False: no device needs memory that stays in its place."""
    return False


def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """The tensor itself: no device needs memory that stays in its place."""
    return self


def share_memory_(self: Tensor) -> Tensor:
    """Moves the elements to memory that is the same in every process the tensor is given to."""
    from ._shared import share

    return share(self)


def is_shared(self: Tensor) -> bool:
    """Whether the elements are in memory that several processes can see."""
    import sys

    shared = sys.modules.get("wengert._shared")
    return shared is not None and shared.is_shared(self)


def _contiguous_strides(sizes: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for n in reversed(sizes):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def resize_(self: Tensor, *sizes: Any, memory_format: Any = None) -> Tensor:
    """Gives the tensor another shape. Its memory stays if it is large enough, otherwise the
    elements are copied to a larger one; new elements have any values.

    Raises RuntimeError if the tensor requires a gradient.
    """
    if self.requires_grad:
        raise RuntimeError("resize_: a tensor that requires grad cannot be resized; detach() it")
    if len(sizes) == 1 and not isinstance(sizes[0], int):
        sizes = tuple(sizes[0])
    sizes = tuple(int(n) for n in sizes)
    if any(n < 0 for n in sizes):
        raise RuntimeError(f"resize_: expected sizes of at least 0, got {sizes}")
    if sizes == tuple(self.shape):
        return self
    strides = _contiguous_strides(sizes)
    numel = 1
    for n in sizes:
        numel *= n
    offset = self.storage_offset()
    held = _core._storage_of(self)[1] // self.itemsize
    memory = self.data
    if offset + numel > held:
        larger = _core.ops.empty(offset + numel, dtype=self.dtype)
        larger[:held] = _core.ops.as_strided(memory, (held,), (1,), 0)
        memory = larger
    self.data = _core.ops.as_strided(memory, sizes, strides, offset)
    if memory_format is not None:
        self.data = memory_format.apply(self.data)
    return self


def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """`resize_` to the shape of another tensor."""
    return resize_(self, the_template.shape, memory_format=memory_format)


def set_(
    self: Tensor,
    source: Any = None,
    storage_offset: int = 0,
    size: Any = None,
    stride: Any = None,
) -> Tensor:
    """Makes the tensor look at other memory: that of a tensor, with its shape, or that of a
    storage, from an element on, with a shape and strides; without a source at none.

    Raises RuntimeError for a source of another dtype.
    """
    from .storage import TypedStorage, UntypedStorage

    if source is None:
        self.data = _core.ops.empty(0, dtype=self.dtype)
        return self
    storage = source
    if isinstance(source, (TypedStorage, UntypedStorage)):
        source = source._flat if isinstance(source, TypedStorage) else source._tensor
        if size is None:
            size = (storage.nbytes() // source.itemsize - storage_offset,)
    if not isinstance(source, Tensor):
        raise TypeError(f"set_: expected a tensor or a storage, got {source.__class__.__name__}")
    if source.dtype is not self.dtype:
        raise RuntimeError(f"set_: expected a source of {self.dtype}, got {source.dtype}")
    memory = source.detach()
    if size is not None:
        shape = (size,) if isinstance(size, int) else tuple(size)
        steps = _contiguous_strides(shape) if not stride else tuple(stride)
        memory = _core.ops.as_strided(memory, shape, steps, storage_offset)
    self.data = memory
    return self


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory that the tensor is part of, as bytes to look at."""
    from .storage import UntypedStorage

    return UntypedStorage(self)


def storage(self: Tensor) -> TypedStorage:
    """The memory that the tensor is part of, as elements to look at."""
    from .storage import TypedStorage

    return TypedStorage(self)


def xpu(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Raises RuntimeError: wengert is a CPU engine."""
    raise RuntimeError("xpu: wengert is a CPU engine; leave the tensor where it is")


def get_default_device() -> device:
    """Where tensors are made: the CPU."""
    return device("cpu")


def set_default_device(device: Any) -> None:
    """Checks that the device is the CPU, where tensors are made; None stands for it too.

    Raises RuntimeError for another device.
    """
    from ._creation import _check_device

    _check_device(device)


def _assert(condition: Any, message: str) -> None:
    """AssertionError with the message unless the condition holds."""
    if not condition:
        raise AssertionError(message)


methods = {
    f.__name__: f
    for f in (
        new,
        get_device,
        is_pinned,
        pin_memory,
        share_memory_,
        is_shared,
        resize_,
        resize_as_,
        set_,
        untyped_storage,
        storage,
        xpu,
    )
}
