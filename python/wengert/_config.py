"""Where the files of the C++ library stand.

They stand beside the compiled modules, which in an editable install is not where the Python
sources are.
"""

from __future__ import annotations

from pathlib import Path

from wengert import _core


def package_dir() -> Path:
    """The folder that holds the compiled modules, ``lib`` and ``include``."""
    return Path(_core.__file__).resolve().parent


def include_dir() -> Path:
    """The folder for the compiler's ``-I``; it contains ``wengert/wengert.h``."""
    return package_dir() / "include"


def library_dir() -> Path:
    """The folder that holds ``libwengert``."""
    return package_dir() / "lib"


def cmake_dir() -> Path:
    """The value for CMake's ``wengert_DIR``; it contains ``wengertConfig.cmake``."""
    return library_dir() / "cmake" / "wengert"
