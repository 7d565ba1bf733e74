"""Images: sets of them, transforms, networks, grids and files, with torchvision's names.

Whatever touches a PIL image or an image file needs Pillow: ``pip install "wengert[vision]"``.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__version__ = "0.28.0+wengert"  # of torchvision, whose names and meanings this package follows

_MODULES = ("datasets", "io", "models", "ops", "transforms", "utils")


def __getattr__(name: str) -> ModuleType:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
