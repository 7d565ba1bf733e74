"""Where time goes, as PyTorch's older profiler has it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["emit_itt", "emit_nvtx", "profile", "record_function"]

_REMEDY = (
    "wengert records no profiles yet; use cProfile or `python -X importtime` for Python, perf for "
    "the kernels, and wengert.memory_stats() for memory"
)


class record_function:
    """A with-block or decorator that names a part of a program for a profiler; without effect."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args

    def __enter__(self) -> record_function:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return func(*args, **kwargs)

        return wrapped


class profile:
    """Records where time goes: NotImplementedError unless enabled=False, which has no effect."""

    def __init__(self, enabled: bool = True, **kwargs: Any) -> None:
        if enabled:
            _refuse("autograd.profiler.profile")

    def __enter__(self) -> profile:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


class _Marks:
    """Marks for a profiler of another vendor: NotImplementedError unless enabled=False."""

    def __init__(self, enabled: bool = True, record_shapes: bool = False) -> None:
        if enabled:
            _refuse(f"autograd.profiler.{type(self).__name__}")

    def __enter__(self) -> _Marks:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


class emit_nvtx(_Marks):
    __doc__ = _Marks.__doc__


class emit_itt(_Marks):
    __doc__ = _Marks.__doc__


def _refuse(name: str) -> NoReturn:
    raise NotImplementedError(f"{name}: {_REMEDY}")
