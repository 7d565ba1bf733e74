"""Switches of CUDA's libraries: settable, without effect."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any

from wengert.backends._flags import held


class _Matmul:
    """Switches of matrix products."""

    def __init__(self) -> None:
        self.allow_tf32 = False
        self.allow_fp16_reduced_precision_reduction = True
        self.allow_bf16_reduced_precision_reduction = True
        self.allow_fp16_accumulation = False
        self.fp32_precision = "none"


matmul = _Matmul()
fp32_precision = "none"
_flash = _math = _mem_efficient = _cudnn = True


def is_built() -> bool:
    """False: wengert is a CPU engine."""
    return False


def is_flash_attention_available() -> bool:
    """False: there is no such kernel here."""
    return False


def flash_sdp_enabled() -> bool:
    """What enable_flash_sdp has set."""
    return _flash


def enable_flash_sdp(enabled: bool) -> None:
    """Sets a switch without effect."""
    global _flash
    _flash = bool(enabled)


def mem_efficient_sdp_enabled() -> bool:
    """What enable_mem_efficient_sdp has set."""
    return _mem_efficient


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Sets a switch without effect."""
    global _mem_efficient
    _mem_efficient = bool(enabled)


def math_sdp_enabled() -> bool:
    """What enable_math_sdp has set."""
    return _math


def enable_math_sdp(enabled: bool) -> None:
    """Sets a switch without effect."""
    global _math
    _math = bool(enabled)


def cudnn_sdp_enabled() -> bool:
    """What enable_cudnn_sdp has set."""
    return _cudnn


def enable_cudnn_sdp(enabled: bool) -> None:
    """Sets a switch without effect."""
    global _cudnn
    _cudnn = bool(enabled)


def sdp_kernel(
    enable_flash: bool = True,
    enable_math: bool = True,
    enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
) -> AbstractContextManager[None]:
    """The switches of attention, set for a with-block."""
    values: dict[str, Any] = {
        "_flash": enable_flash,
        "_math": enable_math,
        "_mem_efficient": enable_mem_efficient,
        "_cudnn": enable_cudnn,
    }
    return held(sys.modules[__name__], values)
