"""The version of the package, as the C++ library states it."""

from ._core import config as _config

__version__: str = _config()["version"]
