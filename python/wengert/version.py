"""The version of the package, as the C++ library states it."""

from . import _core

__version__: str = _core.__version__
