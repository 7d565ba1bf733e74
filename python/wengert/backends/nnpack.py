"""NNPACK: not used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


def is_available() -> bool:
    """False: the kernels are wengert's own."""
    return False


@contextmanager
def flags(enabled: bool = False) -> Iterator[None]:
    """A with-block without effect."""
    yield
