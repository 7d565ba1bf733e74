"""The Python frames of an operation."""

from __future__ import annotations

import sys
from types import CodeType
from typing import Any

_names: dict[tuple[CodeType, int], str] = {}


def stack_text() -> str:
    """A line "file(line): function" for each frame that is not this package's, innermost first."""
    frame: Any = sys._getframe(1)
    lines = []
    while frame is not None:
        if frame.f_globals.get("__name__", "").split(".")[0] != "wengert":
            at = frame.f_code, frame.f_lineno
            text = _names.get(at)
            if text is None:
                code, line = at
                text = _names[at] = f"{code.co_filename}({line}): {code.co_name}"
            lines.append(text)
        frame = frame.f_back
    return "\n".join(lines)
