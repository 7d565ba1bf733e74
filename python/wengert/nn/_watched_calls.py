"""Calls of modules, seen by others: profiles and recordings.

While somebody watches, every module is called by another function; else nothing differs.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from wengert.nn.module import Module

# Calls call() and returns what it returns; the first argument is the module.
Watcher = Callable[[Module, Callable[[], Any]], Any]

_plain_call = Module.__call__
_lock = threading.Lock()
_counts: Counter[Watcher] = Counter()
_watchers: tuple[Watcher, ...] = ()


def watch(watcher: Watcher) -> None:
    """Lets ``watcher`` see each call until :func:`unwatch` is called as often as this."""
    with _lock:
        _counts[watcher] += 1
        _refresh()


def unwatch(watcher: Watcher) -> None:
    """Ends what :func:`watch` has begun."""
    with _lock:
        _counts[watcher] -= 1
        if not _counts[watcher]:
            del _counts[watcher]  # it may hold modules
        _refresh()


def _refresh() -> None:
    global _watchers
    _watchers = tuple(w for w, count in _counts.items() if count)
    Module.__call__ = _watched_call if _watchers else _plain_call  # type: ignore[method-assign]


def _watched_call(module: Module, /, *args: Any, **kwargs: Any) -> Any:
    call: Callable[[], Any] = partial(_plain_call, module, *args, **kwargs)
    for watcher in _watchers:
        call = partial(watcher, module, call)
    return call()
