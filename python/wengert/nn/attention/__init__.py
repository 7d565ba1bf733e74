"""How attention is computed, and masks for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import IntEnum

from wengert.nn.attention import bias

__all__ = ["SDPBackend", "bias", "sdpa_kernel"]


class SDPBackend(IntEnum):
    """The ways in which PyTorch computes attention."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextlib.contextmanager
def sdpa_kernel(
    backends: list[SDPBackend] | SDPBackend, set_priority: bool = False
) -> Iterator[dict]:
    """Accepted for programs that choose a backend; there is one, whose results do not change."""
    if not isinstance(backends, (list, SDPBackend)):
        raise AssertionError(
            f"sdpa_kernel: expected an SDPBackend or a list of them, got {type(backends).__name__}"
        )
    yield {}
