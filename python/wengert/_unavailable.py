"""Functions of PyTorch that need what a CPU engine does not have: they say so when called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

Function = Callable[..., Any]


def cpu_only(name: str, remedy: str = "use the CPU") -> Callable[..., NoReturn]:
    """A function that raises RuntimeError: wengert is a CPU engine."""

    def function(*args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(f"{name}: wengert is a CPU engine and has no such device; {remedy}")

    function.__name__ = function.__qualname__ = name.rpartition(".")[2]
    function.__doc__ = "Raises RuntimeError: wengert is a CPU engine."
    return function


def nothing(name: str) -> Function:
    """A function that does nothing, because there is no such device."""

    def function(*args: Any, **kwargs: Any) -> None:
        return None

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Does nothing: there is no such device."
    return function


def zero(name: str) -> Function:
    """A function that returns 0, because there is no such device."""

    def function(*args: Any, **kwargs: Any) -> int:
        return 0

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "0: there is no such device."
    return function


def check_seed(seed: int) -> None:
    """Raises what a generator raises for a seed that is no number."""
    int(seed)


class NoDevice:
    """A context manager around a device that does not exist; None and negative numbers do nothing,
    as in PyTorch."""

    def __init__(self, device: Any = None) -> None:
        self.idx = device

    def __enter__(self) -> None:
        if self.idx is not None and not (isinstance(self.idx, int) and self.idx < 0):
            cpu_only("device")()

    def __exit__(self, *exc: object) -> None:
        pass
