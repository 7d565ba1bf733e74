"""Switches of a module, set for a with-block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def held(module: ModuleType, values: dict[str, Any]) -> Iterator[None]:
    """Sets attributes of the module for a with-block."""
    before = {name: getattr(module, name) for name in values}
    vars(module).update(values)
    try:
        yield
    finally:
        vars(module).update(before)


class Precision:
    """Which formats a library may compute float32 in: settable, without effect here."""

    def __init__(self) -> None:
        self.fp32_precision = "none"
