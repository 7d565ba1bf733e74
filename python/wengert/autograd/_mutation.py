"""Changes in place of values that a recorded graph needs: the old values are kept as copies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from .. import _core
from .._grad_modes import no_grad
from .._tensor import Tensor


class _Handle:
    """What a node keeps in place of a value."""

    __slots__ = ("__weakref__",)


class _AllowMutationOnSavedContext:
    """The values that were saved in a block: by handle the tensors themselves, and copies of those
    that were changed since; by address in memory their handles."""

    def __init__(self) -> None:
        self.cloned: WeakKeyDictionary[_Handle, Tensor] = WeakKeyDictionary()
        self.original: WeakKeyDictionary[_Handle, Tensor] = WeakKeyDictionary()
        self.by_memory: dict[int, WeakSet[_Handle]] = {}

    def clear(self) -> None:
        """Forgets all values: the graph cannot be differentiated any more."""
        self.cloned.clear()
        self.original.clear()
        self.by_memory.clear()

    def _pack(self, tensor: Tensor) -> _Handle:
        handle = _Handle()
        self.original[handle] = tensor
        self.by_memory.setdefault(_memory(tensor), WeakSet()).add(handle)
        return handle

    def _unpack(self, handle: _Handle) -> Tensor:
        if handle in self.cloned:
            return self.cloned[handle]
        if handle not in self.original or _open.context is not self:
            raise AssertionError(
                "allow_mutation_on_saved_tensors: backward was called outside of the block in "
                "which the graph was recorded; call it inside"
            )
        return self.original[handle]

    def _before_change(self, tensor: Tensor) -> None:
        with no_grad():
            for handle in self.by_memory.pop(_memory(tensor), ()):
                if handle in self.original:
                    self.cloned[handle] = self.original.pop(handle).detach().clone()


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


class _Open(local):
    context: Any = None


_open = _Open()


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_AllowMutationOnSavedContext]:
    """A with-block in which tensors that were saved for backward may be changed in place: they are
    copied just before. Backward must be called inside it.

    Raises RuntimeError within another such block.
    """
    from .graph import saved_tensors_hooks

    if _open.context is not None:
        raise RuntimeError("allow_mutation_on_saved_tensors: such blocks cannot be nested")
    context = _AllowMutationOnSavedContext()
    with saved_tensors_hooks(context._pack, context._unpack):
        scope = _core._before_mutation(context._before_change)
        _open.context = context
        try:
            yield context
        finally:
            _open.context = None
            del scope
            context.clear()
