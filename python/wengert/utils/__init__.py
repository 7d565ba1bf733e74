"""Utilities beside the models themselves."""

from __future__ import annotations

from importlib import import_module

_MODULES = ("checkpoint", "data", "dlpack", "hooks", "model_zoo")


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
