"""Calls of modules as events of profiles.

While a profile asks for them, every module is called by another function; else nothing differs.
"""

from __future__ import annotations

import threading
from typing import Any

from wengert import _core
from wengert.nn.module import Module


class _Names(threading.local):
    """The names of the modules of the outermost call that runs on this thread, by id."""

    current: dict[int, str] | None = None


_names = _Names()
_plain_call = Module.__call__
_lock = threading.Lock()
_watching = 0


def watch_modules(change: int) -> None:
    """Counts the profiles that ask for modules: one more, or one less."""
    global _watching
    with _lock:
        _watching += change
        Module.__call__ = _profiled_call if _watching else _plain_call  # type: ignore[method-assign]


def _profiled_call(module: Module, /, *args: Any, **kwargs: Any) -> Any:
    if not _core._is_profiling():
        return _plain_call(module, *args, **kwargs)
    outer = _names.current
    if outer is None:
        root = type(module).__name__
        _names.current = {
            id(m): f"{root}.{path}" if path else root for path, m in module.named_modules()
        }
    name = (_names.current or {}).get(id(module)) or type(module).__name__
    range = _core._profile_range(name, is_module=True)
    try:
        return _plain_call(module, *args, **kwargs)
    finally:
        if range is not None:
            range.end()
        _names.current = outer
