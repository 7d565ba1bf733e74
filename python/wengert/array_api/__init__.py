"""The Python array API standard (2024.12) over tensors: what ``x.__array_namespace__()`` returns.

The names, argument names and meanings here are the standard's (https://data-apis.org/array-api);
where PyTorch has another word for the same operation, this one calls it. Arrays are tensors, so
derivatives flow through. Not there are the unsigned integers wider than 8 bits, so that sums of
uint8 are int64.
"""

from wengert import (
    bool,
    complex64,
    complex128,
    e,
    float32,
    float64,
    inf,
    int8,
    int16,
    int32,
    int64,
    nan,
    newaxis,
    pi,
    uint8,
)

from . import _creation, _dtypes, _elementwise, _manipulation, _reductions, _searching, linalg
from ._creation import *  # noqa: F403
from ._dtypes import *  # noqa: F403
from ._elementwise import *  # noqa: F403
from ._info import __array_namespace_info__
from ._manipulation import *  # noqa: F403
from ._reductions import *  # noqa: F403
from ._searching import *  # noqa: F403

__array_api_version__ = "2024.12"

__all__ = [
    "__array_api_version__",
    "__array_namespace_info__",
    "bool",
    "complex64",
    "complex128",
    "e",
    "float32",
    "float64",
    "inf",
    "int8",
    "int16",
    "int32",
    "int64",
    "linalg",
    "nan",
    "newaxis",
    "pi",
    "uint8",
]
for _module in (_creation, _dtypes, _elementwise, _manipulation, _reductions, _searching):
    __all__ += _module.__all__


def __getattr__(name: str) -> object:
    if name == "fft":  # loaded on first use
        from importlib import import_module
        from importlib.util import find_spec

        if find_spec("wengert.fft") is not None:
            return import_module("wengert.array_api.fft")
    raise AttributeError(f"module 'wengert.array_api' has no attribute {name!r}", name=name)
