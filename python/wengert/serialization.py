"""Saving and loading, and the classes that a program allows in PyTorch's files.

Loading never runs code, whatever is declared here. Tensors and plain values are always allowed. A
class that is declared safe allows objects of it whose contents are nothing but attributes: they are
made bare and given the attributes of the file, without a call of ``__init__`` or any other method.
"""

from __future__ import annotations

from typing import Any

from ._serialization import load, save

__all__ = [
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "load",
    "safe_globals",
    "save",
]

_safe: list[Any] = []


def _full_name(item: Any) -> str:
    """The name in a file, which a program can give beside the class."""
    if isinstance(item, tuple):
        return str(item[1])
    return f"{item.__module__}.{item.__qualname__}"


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Declares classes safe, which files may then name.

    Args:
        safe_globals: classes, or pairs of a class and its full name in files.

    Raises TypeError for something else. Functions are accepted, as programs written for PyTorch
    declare them, but a file that calls one is still refused.
    """
    made = list(safe_globals)
    for item in made:
        thing = item[0] if isinstance(item, tuple) and len(item) == 2 else item
        if not callable(thing) or not (isinstance(item, tuple) or hasattr(item, "__qualname__")):
            raise TypeError(
                "add_safe_globals: expected classes, or pairs of a class and its name, got "
                f"{type(item).__name__}"
            )
    _safe.extend(item for item in made if item not in _safe)


def get_safe_globals() -> list[Any]:
    """The classes that were declared safe."""
    return list(_safe)


def clear_safe_globals() -> None:
    """Forgets all classes that were declared safe."""
    _safe.clear()


class safe_globals:
    """Declares classes safe within a ``with`` statement."""

    def __init__(self, safe_globals: list[Any]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        self._before = get_safe_globals()
        add_safe_globals(self.safe_globals)

    def __exit__(self, *exc: object) -> None:
        _safe[:] = self._before


def _by_name() -> dict[str, Any]:
    """Full name -> class."""
    return {_full_name(i): i[0] if isinstance(i, tuple) else i for i in _safe}
