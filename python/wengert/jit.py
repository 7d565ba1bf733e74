"""TorchScript's names: what it compiles runs as it is written, and its files are not read."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from wengert._once import warn_once
from wengert.nn import Module

__all__ = [
    "Attribute",
    "Error",
    "Final",
    "Future",
    "ScriptModule",
    "annotate",
    "export",
    "fork",
    "freeze",
    "ignore",
    "interface",
    "is_scripting",
    "is_tracing",
    "isinstance",
    "load",
    "onednn_fusion_enabled",
    "optimize_for_inference",
    "optimized_execution",
    "save",
    "script",
    "script_if_tracing",
    "script_method",
    "set_fusion_strategy",
    "strict_fusion",
    "trace",
    "trace_module",
    "unused",
    "wait",
]

_FILES = (
    "wengert has no TorchScript files; build the model in Python and give its state_dict() to "
    "wengert.save, or read one with wengert.load"
)


class Error(RuntimeError):
    """What a failure within TorchScript raises; it does not occur."""


def _as_written() -> None:
    warn_once("jit: wengert has no TorchScript; the program runs as it is written", stacklevel=4)


def script(
    obj: Any,
    optimize: None = None,
    _frames_up: int = 0,
    _rcb: Callable[[str], Any] | None = None,
    example_inputs: Any = None,
) -> Any:
    """Returns ``obj`` unchanged."""
    _as_written()
    return obj


def trace(func: Any, example_inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Returns ``func`` unchanged, without calling it."""
    _as_written()
    return func


def trace_module(mod: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """Returns ``mod`` unchanged, without calling it."""
    _as_written()
    return mod


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """A decorator without effect; may be given arguments or none."""
    return drop if callable(drop) else lambda function: function


def unused(fn: Any) -> Any:
    """Returns ``fn`` unchanged."""
    return fn


def export(fn: Any) -> Any:
    """Returns ``fn`` unchanged."""
    return fn


def interface(obj: Any) -> Any:
    """Returns ``obj`` unchanged."""
    return obj


def script_if_tracing(fn: Any) -> Any:
    """Returns ``fn`` unchanged."""
    return fn


def script_method(fn: Any) -> Any:
    """Returns ``fn`` unchanged."""
    return fn


def freeze(mod: Any, preserved_attrs: Any = None, optimize_numerics: bool = True) -> Any:
    """Returns ``mod`` unchanged."""
    return mod


def optimize_for_inference(mod: Any, other_methods: Any = None) -> Any:
    """Returns ``mod`` unchanged."""
    return mod


def is_scripting() -> bool:
    """False: there is no TorchScript."""
    return False


def is_tracing() -> bool:
    """False: there is no TorchScript."""
    return False


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value."""
    return the_value


def isinstance(obj: Any, target_type: Any) -> bool:
    """Whether obj has the type; of a type such as List[int] only the container is looked at."""
    kinds = target_type if builtins.isinstance(target_type, tuple) else (target_type,)
    return any(builtins.isinstance(obj, getattr(k, "__origin__", None) or k) for k in kinds)


class Attribute:
    """A value with the type that TorchScript is to give it."""

    def __init__(self, value: Any, type: Any) -> None:
        self.value = value
        self.type = type


class ScriptModule(Module):
    """A module; it runs as it is written."""


class Future:
    """The result of `fork`."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def value(self) -> Any:
        """The result."""
        return self._value

    def wait(self) -> Any:
        """The result."""
        return self._value

    def done(self) -> bool:
        """True: the call has returned."""
        return True


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Future:
    """Calls ``func`` at once; its result is what `wait` returns."""
    return Future(func(*args, **kwargs))


def wait(future: Future) -> Any:
    """The result of a `fork`."""
    return future.wait()


def load(
    f: Any, map_location: Any = None, _extra_files: Any = None, _restore_shapes: bool = False
) -> NoReturn:
    """Raises NotImplementedError: there are no TorchScript files."""
    raise NotImplementedError(f"jit.load: {_FILES}")


def save(m: Any, f: Any, _extra_files: Any = None) -> NoReturn:
    """Raises NotImplementedError: there are no TorchScript files."""
    raise NotImplementedError(f"jit.save: {_FILES}")


@contextmanager
def optimized_execution(should_optimize: bool) -> Iterator[None]:
    """A with-block without effect."""
    yield


class strict_fusion:
    """A with-block without effect."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass


def set_fusion_strategy(strategy: Any) -> list[Any]:
    """Does nothing; returns the strategy before: an empty list."""
    return []


def onednn_fusion_enabled() -> bool:
    """False: there is no such library here."""
    return False
