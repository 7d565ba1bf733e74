"""Intel's MKL: not used."""

from __future__ import annotations

VERBOSE_OFF = 0
VERBOSE_ON = 1


def is_available() -> bool:
    """False: the kernels are wengert's own; `wengert.show_config` tells which."""
    return False


class verbose:
    """A with-block without effect."""

    def __init__(self, enable: int) -> None:
        self.enable = enable

    def __enter__(self) -> verbose:
        return self

    def __exit__(self, *exc: object) -> None:
        pass
