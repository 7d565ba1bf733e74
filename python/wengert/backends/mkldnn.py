"""Switches of oneDNN, which is not used: settable, without effect."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from wengert.backends._flags import Precision, held
from wengert.backends.mkl import VERBOSE_OFF, VERBOSE_ON, verbose

__all__ = [
    "VERBOSE_OFF",
    "VERBOSE_ON",
    "allow_tf32",
    "conv",
    "deterministic",
    "enabled",
    "flags",
    "fp32_precision",
    "is_available",
    "matmul",
    "rnn",
    "verbose",
]

enabled = True
deterministic = False
allow_tf32 = True
fp32_precision = "none"
conv = Precision()
matmul = Precision()
rnn = Precision()


def is_available() -> bool:
    """False: the kernels are wengert's own; `wengert.show_config` tells which."""
    return False


def flags(
    enabled: bool = False,
    deterministic: bool = False,
    allow_tf32: bool = True,
    fp32_precision: str = "none",
) -> AbstractContextManager[None]:
    """The switches, set for a with-block."""
    return held(
        sys.modules[__name__],
        {
            "enabled": enabled,
            "deterministic": deterministic,
            "allow_tf32": allow_tf32,
            "fp32_precision": fp32_precision,
        },
    )
