"""Switching recording on and off: context managers that are decorators too."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])


class _Mode:
    """A context manager; applied to a function, it wraps every call (and every generator step)."""

    def _again(self) -> _Mode:
        return type(self)()

    def _entered(self) -> list[Any]:
        """What each with-block that is open must restore; one object may be used within itself."""
        return self.__dict__.setdefault("_stack", [])

    def __enter__(self) -> None:
        raise NotImplementedError

    def __exit__(self, *exc: object) -> None:
        raise NotImplementedError

    def clone(self) -> _Mode:
        """Another one that does the same."""
        return self._again()

    def __call__(self, function: F) -> F:
        if isinstance(function, type):
            warnings.warn(
                f"{type(self).__name__}: decorating a class decorates its construction only; "
                "decorate its __init__",
                FutureWarning,
                stacklevel=2,
            )
        if hasattr(function, "__code__") and function.__code__.co_flags & 0x20:

            @wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                steps = function(*args, **kwargs)
                resume, given = steps.send, None
                while True:
                    try:
                        with self._again():
                            value = resume(given)
                    except StopIteration as stop:
                        return stop.value
                    try:
                        resume, given = steps.send, (yield value)
                    except GeneratorExit:
                        with self._again():
                            steps.close()
                        raise
                    except BaseException as e:
                        resume, given = steps.throw, e

            return generator  # type: ignore[return-value]

        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


class _GradMode(_Mode):
    _on: bool

    def __new__(cls, function: Any = None) -> Any:
        self = super().__new__(cls)
        return self if function is None else self(function)

    def __enter__(self) -> None:
        self._entered().append(_core.is_grad_enabled())
        _core._set_grad_enabled(self._on)

    def __exit__(self, *exc: object) -> None:
        _core._set_grad_enabled(self._entered().pop())


class no_grad(_GradMode):
    """Operations inside are not recorded. Usable as a decorator."""

    _on = False


class enable_grad(_GradMode):
    """Operations inside are recorded, even within no_grad. Usable as a decorator."""

    _on = True


class set_grad_enabled(_Mode):
    """Sets recording on or off: at once, or for a with-block or function."""

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, (bool, int)):
            raise TypeError(f"set_grad_enabled: expected a bool, got {type(mode).__name__}")
        self._before = _core.is_grad_enabled()
        self.mode = bool(mode)
        _core._set_grad_enabled(self.mode)

    def __call__(self, function: F) -> F:
        _core._set_grad_enabled(self._before)
        return super().__call__(function)

    def _again(self) -> _Mode:
        return set_grad_enabled(self.mode)

    def __enter__(self) -> None:
        _core._set_grad_enabled(self.mode)

    def __exit__(self, *exc: object) -> None:
        _core._set_grad_enabled(self._before)


class inference_mode(_Mode):
    """Nothing is recorded, and tensors made inside cannot take part in recorded operations later.

    inference_mode(False) leaves inference mode for its block. Usable as a decorator.
    """

    mode: bool

    def __new__(cls, mode: Any = True) -> Any:
        self = super().__new__(cls)
        if isinstance(mode, bool):
            self.mode = mode
            return self
        self.mode = True
        return self(mode)

    def _again(self) -> _Mode:
        return inference_mode(self.mode)

    def __enter__(self) -> None:
        self._entered().append(_core._inference_mode(self.mode))

    def __exit__(self, *exc: object) -> None:
        self._entered().pop()


class set_multithreading_enabled(_Mode):
    """Keeps the wish whether backward may use threads of its own; it runs on the caller's."""

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)

    def _again(self) -> _Mode:
        return set_multithreading_enabled(self.mode)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass
