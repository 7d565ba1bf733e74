"""Warnings that are given once in a process."""

from __future__ import annotations

import warnings

_given: set[str] = set()


def warn_once(text: str, stacklevel: int = 3) -> None:
    """Gives the warning, unless it was given before."""
    if text not in _given:
        _given.add(text)
        warnings.warn(text, stacklevel=stacklevel)
