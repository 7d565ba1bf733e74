"""Forward mode: dual numbers, whose tangents every operation carries on.

with forward_ad.dual_level():
    x = forward_ad.make_dual(primal, tangent)
    y = f(x)
    jvp = forward_ad.unpack_dual(y).tangent
"""

from __future__ import annotations

import threading
from types import TracebackType

from .. import _core
from .._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class UnpackedDualTensor(NamedTuple):
        primal: Tensor
        tangent: Tensor | None
else:
    from collections import namedtuple

    UnpackedDualTensor = namedtuple("UnpackedDualTensor", ("primal", "tangent"))
    UnpackedDualTensor.__doc__ = "Value and tangent of a dual number; the tangent may be None."

__all__ = [
    "UnpackedDualTensor",
    "dual_level",
    "enter_dual_level",
    "exit_dual_level",
    "make_dual",
    "rule_counts",
    "unpack_dual",
]


class _Levels(threading.local):
    def __init__(self) -> None:
        self.open: list[_core._DualLevel] = []


_levels = _Levels()


def enter_dual_level() -> int:
    """Begins a level of forward mode on this thread and returns its number, which `exit_dual_level`
    takes. Levels nest: each has tangents of its own."""
    _levels.open.append(_core._DualLevel())
    return len(_levels.open) - 1


def exit_dual_level(*, level: int | None = None) -> None:
    """Ends the innermost level; ``level``, if given, must be its number."""
    if level is None:
        level = len(_levels.open) - 1
    if level < 0 or level != len(_levels.open) - 1:
        raise RuntimeError(
            f"exit_dual_level: level {level} is not the innermost of {len(_levels.open)} open ones"
        )
    _levels.open.pop().end()


def _find(op: str, level: int | None) -> _core._DualLevel | None:
    if level is None:
        level = len(_levels.open) - 1
    if level < 0:
        return None
    if level >= len(_levels.open):
        raise RuntimeError(f"{op}: there is no level {level}; {len(_levels.open)} are open")
    return _levels.open[level]


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """``tensor`` with a tangent of its shape, which is converted to its dtype, at a level (default:
    the innermost)."""
    found = _find("make_dual", level)
    if found is None:
        raise RuntimeError(
            "make_dual: there is no level of forward mode; open one with dual_level()"
        )
    return found.make(tensor, tangent)


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """Value and tangent at a level (default: the innermost); the tangent is None where the value
    does not depend on a dual number of that level."""
    found = _find("unpack_dual", level)
    if found is None:
        return UnpackedDualTensor(tensor, None)
    return UnpackedDualTensor(*found.unpack(tensor))


class dual_level:
    """A level of forward mode for a ``with`` block."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        exit_dual_level()


def rule_counts() -> tuple[int, int]:
    """How many operations have carried tangents since the program began: by a rule of their own,
    and by differentiating their gradient once more."""
    return _core._forward_counts()
