"""Calls of modules as events of profiles."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from wengert import _core
from wengert.nn._watched_calls import unwatch, watch
from wengert.nn.module import Module


class _Names(threading.local):
    """The names of the modules of the outermost call that runs on this thread, by id."""

    current: dict[int, str] | None = None


_names = _Names()


def watch_modules(change: int) -> None:
    """Counts the profiles that ask for modules: one more, or one less."""
    if change > 0:
        watch(_profiled)
    else:
        unwatch(_profiled)


def _profiled(module: Module, call: Callable[[], Any]) -> Any:
    if not _core._is_profiling():
        return call()
    outer = _names.current
    if outer is None:
        root = type(module).__name__
        _names.current = {
            id(m): f"{root}.{path}" if path else root for path, m in module.named_modules()
        }
    name = (_names.current or {}).get(id(module)) or type(module).__name__
    range = _core._profile_range(name, is_module=True)
    try:
        return call()
    finally:
        if range is not None:
            range.end()
        _names.current = outer
