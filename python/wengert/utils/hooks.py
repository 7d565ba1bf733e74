"""Handles that remove the hooks they were returned for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import count

_ids = count()


class RemovableHandle:
    """Removes one hook from the ordered dict it stands in; also a context manager.

    Args:
        marks: dicts that hold its number, too.
    """

    __slots__ = ("_hooks", "_marks", "id")

    def __init__(self, hooks: OrderedDict, marks: Sequence[OrderedDict] = ()) -> None:
        self.id = next(_ids)
        self._hooks = hooks
        self._marks = marks

    def remove(self) -> None:
        """Takes the hook away; calling it again does nothing."""
        self._hooks.pop(self.id, None)
        for marks in self._marks:
            marks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def add_hook(
    hooks: OrderedDict, hook: object, prepend: bool = False, marks: Sequence[OrderedDict] = ()
) -> RemovableHandle:
    """Stores ``hook`` last (or first) in ``hooks``, and its number in ``marks``; returns the handle
    that removes it."""
    handle = RemovableHandle(hooks, marks)
    hooks[handle.id] = hook
    for marked in marks:
        marked[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle
