"""The package opt_einsum: not used, einsum orders its products itself."""

from __future__ import annotations

from typing import Any

enabled = False
strategy: str | None = None


def is_available() -> bool:
    """False: einsum orders its products itself."""
    return False


def get_opt_einsum() -> Any:
    """None: the package is not used."""
    return None
