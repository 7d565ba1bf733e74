"""Images: models, data sets, transforms and operations, under torchvision's names.

A submodule is imported on first use.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_MODULES = frozenset(["models", "ops"])


def __getattr__(name: str) -> ModuleType:
    if name in _MODULES:
        return import_module(f"wengert.vision.{name}")
    raise AttributeError(f"module 'wengert.vision' has no attribute {name!r}", name=name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
