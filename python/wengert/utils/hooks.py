"""Handles that remove the hooks they were returned for."""

from __future__ import annotations

from collections import OrderedDict
from itertools import count

_ids = count()


class RemovableHandle:
    """Removes one hook from the ordered dict it stands in; also a context manager."""

    __slots__ = ("_hooks", "id")

    def __init__(self, hooks: OrderedDict) -> None:
        self.id = next(_ids)
        self._hooks = hooks

    def remove(self) -> None:
        """Takes the hook away; calling it again does nothing."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def add_hook(hooks: OrderedDict, hook: object, prepend: bool = False) -> RemovableHandle:
    """Stores ``hook`` last (or first) in ``hooks`` and returns the handle that removes it."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle
