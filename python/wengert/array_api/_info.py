"""What the namespace offers, for programs that ask."""

from __future__ import annotations

from typing import Any

import wengert as wg
from wengert._device import device as _device

from ._dtypes import isdtype

_DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "float32", "float64", "complex64",
    "complex128",
)  # fmt: skip


class _Info:
    """Devices, dtypes and abilities."""

    def capabilities(self) -> dict[str, Any]:
        """Indexing by masks and shapes that depend on values are there; at most 16 dimensions."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 16}

    def default_device(self) -> _device:
        """The CPU."""
        return _device("cpu")

    def devices(self) -> list[_device]:
        """The CPU."""
        return [_device("cpu")]

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """The dtypes that creation functions give."""
        real = wg.get_default_dtype()
        return {
            "real floating": real,
            "complex floating": wg.complex128 if real is wg.float64 else wg.complex64,
            "integral": wg.int64,
            "indexing": wg.int64,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        """The dtypes of a kind (see `isdtype`), or all, by name."""
        found = {name: getattr(wg, name) for name in _DTYPES}
        return {n: d for n, d in found.items() if kind is None or isdtype(d, kind)}


def __array_namespace_info__() -> _Info:
    """Devices, dtypes and abilities of this namespace."""
    return _Info()
