"""Reads the pickled batches of CIFAR without running anything that a file may ask for."""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np


class _Type:
    """Stands for ``numpy.dtype``; keeps the name alone."""

    def __init__(self, name: str = "", *_: Any) -> None:
        self.name = name

    def __setstate__(self, state: Any) -> None:
        pass


class _Array:
    """Stands for ``numpy.ndarray``: bytes are the only values that the files hold."""

    value: np.ndarray

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        self.fill(data, dtype, shape, "F" if fortran else "C")

    def fill(self, data: Any, dtype: Any, shape: Any, order: Any) -> None:
        data = data.encode("latin1") if isinstance(data, str) else bytes(data)
        sizes = all(type(n) is int and n >= 0 for n in shape)
        if getattr(dtype, "name", None) not in ("u1", "|u1") or not sizes:
            raise pickle.UnpicklingError("an array of other values than bytes")
        if len(data) != math.prod(shape):
            raise pickle.UnpicklingError("an array with less or more values than its shape says")
        self.value = np.frombuffer(data, np.uint8).reshape(shape, order=order)


def _reconstruct(kind: Any, shape: Any, code: Any) -> _Array:
    return _Array()


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    array = _Array()
    array.fill(data, dtype, shape, order)
    return array


def _encode(text: str, coding: str = "latin1") -> bytes:
    return text.encode("latin1")


_BUILDERS: dict[tuple[str, str], Any] = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _Array,
    ("_codecs", "encode"): _encode,
    **{
        (f"numpy.{core}.{module}", name): builder
        for core in ("core", "_core")
        for module, name, builder in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}


class _Reader(pickle.Unpickler):
    """Builds containers, numbers, text, bytes and arrays of bytes; nothing else has a name here."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _BUILDERS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}") from None


def read_batch(path: Path) -> dict[str, Any]:
    """The dictionary in a batch's file, its arrays as numpy arrays.

    Raises:
        ValueError: the file holds anything but containers, numbers, text and arrays of bytes.
    """
    try:
        with path.open("rb") as file:
            entries = _Reader(file, encoding="latin1").load()
        if not isinstance(entries, dict):
            raise pickle.UnpicklingError("not a dictionary")
        return {
            k.decode("latin1") if isinstance(k, bytes) else k: getattr(v, "value", v)
            for k, v in entries.items()
        }
    except Exception as error:
        if isinstance(error, OSError):
            raise
        raise ValueError(
            f"{path}: expected a batch of CIFAR, containers and bytes alone: {error}"
        ) from None
