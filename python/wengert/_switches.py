"""Settings of PyTorch, most of which change nothing here: they keep what they are given."""

from __future__ import annotations

import warnings

from wengert import _core

_precision = "highest"
_debug_mode = 0
_interop_threads: int | None = None

_MODES = ("default", "warn", "error")


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Keeps the wish: every result is deterministic anyway, for any number of threads."""
    global _debug_mode
    _debug_mode = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """Whether deterministic algorithms were asked for; there are no others."""
    return _debug_mode > 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether a warning, not an error, was asked for where an algorithm is not deterministic."""
    return _debug_mode == 1


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Keeps the mode: 0 or "default", 1 or "warn", 2 or "error".

    Raises RuntimeError for another value, TypeError for another type.
    """
    global _debug_mode
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(
            f"set_deterministic_debug_mode: expected an int or a str, got {type(debug_mode)}"
        )
    if isinstance(debug_mode, str):
        if debug_mode not in _MODES:
            raise RuntimeError(
                f"set_deterministic_debug_mode: expected one of {_MODES}, got {debug_mode!r}"
            )
        debug_mode = _MODES.index(debug_mode)
    if not 0 <= debug_mode <= 2:
        raise RuntimeError(f"set_deterministic_debug_mode: expected 0, 1 or 2, got {debug_mode}")
    _debug_mode = int(debug_mode)


def get_deterministic_debug_mode() -> int:
    """What set_deterministic_debug_mode or use_deterministic_algorithms has set."""
    return _debug_mode


def set_float32_matmul_precision(precision: str) -> None:
    """Keeps "highest", "high" or "medium"; products are always computed in full precision.

    Another value changes nothing, with a warning.
    """
    global _precision
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"set_float32_matmul_precision: expected 'highest', 'high' or 'medium', got "
            f"{precision!r}; nothing is changed",
            stacklevel=2,
        )
        return
    _precision = precision


def get_float32_matmul_precision() -> str:
    """What set_float32_matmul_precision has set."""
    return _precision


def set_flush_denormal(mode: bool) -> bool:
    """Whether operations called by this thread take and give zero for denormal numbers; returns
    False, and changes nothing, where the processor cannot."""
    if not isinstance(mode, bool):
        raise RuntimeError(f"set_flush_denormal: expected a bool, got {type(mode).__name__}")
    return _core._set_flush_denormal(mode)


def set_num_interop_threads(num: int) -> None:
    """Keeps the number: calls run on the threads that make them.

    Raises RuntimeError unless it is positive.
    """
    global _interop_threads
    if num <= 0:
        raise RuntimeError(f"set_num_interop_threads: expected a positive number, got {num}")
    _interop_threads = int(num)


def get_num_interop_threads() -> int:
    """What set_num_interop_threads has set, otherwise 1."""
    return 1 if _interop_threads is None else _interop_threads
