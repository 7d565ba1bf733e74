"""Versions that compare as versions: "2.10" comes after "2.9"."""

from __future__ import annotations

import re
from typing import Any

_PATTERN = re.compile(
    r"v?(\d+(?:\.\d+)*)[-_.]?(a|b|c|rc|alpha|beta|pre|post|dev)?[-_.]?(\d*)(\+.*)?$"
)
# Before the release itself come its development and preliminary versions.
_STAGES = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "post": 1, None: 0}


def _key(version: Any) -> tuple[Any, ...] | None:
    if isinstance(version, (tuple, list)):
        version = ".".join(map(str, version))
    match = _PATTERN.match(str(version).strip().lower())
    if match is None:
        return None
    release = [int(n) for n in match[1].split(".")]
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    return tuple(release), _STAGES.get(match[2], -1), int(match[3] or 0), match[4] or ""


class TorchVersion(str):
    """A version as text, compared by its numbers with texts, tuples and other versions."""

    __slots__ = ()

    def _order(self, other: Any) -> int:
        a, b = _key(self), _key(other)
        if a is None or b is None:
            a, b = (str(self),), (str(other),)
        return (a > b) - (a < b)

    def __lt__(self, other: Any) -> bool:
        return self._order(other) < 0

    def __le__(self, other: Any) -> bool:
        return self._order(other) <= 0

    def __gt__(self, other: Any) -> bool:
        return self._order(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self._order(other) >= 0

    def __eq__(self, other: object) -> bool:
        return self._order(other) == 0

    def __ne__(self, other: object) -> bool:
        return self._order(other) != 0

    __hash__ = str.__hash__
