"""Anomaly mode: errors of a backward pass name the forward line they come from."""

from __future__ import annotations

import sys
import warnings

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _where() -> str:
    """The innermost line outside of this package."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == "wengert":
        frame = frame.f_back
    if frame is None:
        return "unknown"
    import linecache

    name, line = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(name, line).strip()
    return f'  File "{name}", line {line}, in {frame.f_code.co_name}\n    {text}'


class detect_anomaly:
    """Operations inside remember the line that called them.

    A backward pass that fails, or with check_nan computes a NaN, names that line in its error.
    Costs about a microsecond per recorded operation.
    """

    def __init__(self, check_nan: bool = True) -> None:
        warnings.warn(
            "detect_anomaly: every recorded operation notes where it was called; use it to find "
            "errors only",
            stacklevel=2,
        )
        self._check_nan = check_nan
        self._scopes: list[Any] = []

    def __enter__(self) -> None:
        self._scopes.append(_core._anomaly_mode(self._check_nan, _where))

    def __exit__(self, *exc: object) -> None:
        self._scopes.pop()


class set_detect_anomaly:
    """Switches anomaly mode on or off: at once, or for a with-block."""

    _current: Any = None

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = set_detect_anomaly._current
        set_detect_anomaly._current = (
            _core._anomaly_mode(check_nan, _where) if mode else _core._no_anomaly_mode()
        )

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        set_detect_anomaly._current = self._before
