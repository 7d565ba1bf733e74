"""The version of the package, as the C++ library states it; what else PyTorch tells of itself."""

from __future__ import annotations

from . import _core

__version__: str = _core.__version__

debug = False
cuda: str | None = None
hip: str | None = None
rocm: str | None = None
xpu: str | None = None
git_version = "unknown"
