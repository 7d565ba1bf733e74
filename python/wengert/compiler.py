"""What PyTorch compiles runs as it is written: operations are called one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert._once import warn_once

__all__ = [
    "allow_in_graph",
    "assume_constant_result",
    "compile",
    "cudagraph_mark_step_begin",
    "disable",
    "is_compiling",
    "is_dynamo_compiling",
    "is_exporting",
    "list_backends",
    "reset",
    "set_stance",
]


def compile(
    model: Callable[..., Any] | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = None,
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    name: str | None = None,
    disable: bool = False,
    recompile_limit: int | None = None,
    isolate_recompiles: bool = False,
    shapes_spec: Any = None,
) -> Any:
    """Returns ``model`` unchanged, or without one a decorator that does so.

    Raises RuntimeError if both mode and options are given.
    """
    if mode is not None and options is not None:
        raise RuntimeError("compile: expected mode or options, got both; leave one out")
    if not disable:
        warn_once("compile: wengert has no compiler; the program runs as it is written")
    return (lambda function: function) if model is None else model


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Returns ``fn`` unchanged, or without one a decorator that does so."""
    return (lambda function: function) if fn is None else fn


def allow_in_graph(fn: Any) -> Any:
    """Returns ``fn`` unchanged."""
    return fn


def assume_constant_result(fn: Any) -> Any:
    """Returns ``fn`` unchanged."""
    return fn


def reset() -> None:
    """Does nothing: nothing was compiled."""


def is_compiling() -> bool:
    """False: there is no compiler."""
    return False


def is_dynamo_compiling() -> bool:
    """False: there is no compiler."""
    return False


def is_exporting() -> bool:
    """False: there is no exporter."""
    return False


def list_backends(exclude_tags: Any = ()) -> list[str]:
    """The compilers there are: none."""
    return []


def cudagraph_mark_step_begin() -> None:
    """Does nothing: nothing was compiled."""


class set_stance:
    """A with-block or decorator without effect: nothing is compiled."""

    def __init__(self, stance: str = "default", **kwargs: Any) -> None:
        self.stance = stance

    def __call__(self, function: Any) -> Any:
        return function

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass
