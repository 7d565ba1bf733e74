"""Switches of cuDNN: settable, without effect. Results are always deterministic."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any

from wengert.backends._flags import Precision, held

enabled = True
deterministic = False
benchmark = False
benchmark_limit: int | None = None
allow_tf32 = True
fp32_precision = "none"
depthwise_kernel = "auto"
conv = Precision()
rnn = Precision()


def is_available() -> bool:
    """False: there is no such library here."""
    return False


def version() -> int | None:
    """None: there is no such library here."""
    return None


def is_acceptable(tensor: Any) -> bool:
    """False: there is no such library here."""
    return False


def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int | None = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
    fp32_precision: str = "none",
) -> AbstractContextManager[None]:
    """The switches, set for a with-block."""
    return held(
        sys.modules[__name__],
        {
            "enabled": enabled,
            "benchmark": benchmark,
            "benchmark_limit": benchmark_limit,
            "deterministic": deterministic,
            "allow_tf32": allow_tf32,
            "fp32_precision": fp32_precision,
        },
    )
