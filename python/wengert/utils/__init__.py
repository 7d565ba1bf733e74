"""Utilities beside the models themselves."""

from __future__ import annotations

# Loaded on first use.
_MODULES = frozenset(("checkpoint", "data", "dlpack", "hooks"))


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"wengert.utils.{name}")
    raise AttributeError(f"module 'wengert.utils' has no attribute {name!r}", name=name)
