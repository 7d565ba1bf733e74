"""Running products in a short dtype."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any

from wengert import _core, bfloat16, float16
from wengert._tensor import Tensor, dtype

__all__ = ["autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

_OTHERS = ["cuda", "xpu", "mps", "hpu", "mtia", "xla", "maia", "ipu", "privateuseone"]


class _Defaults(threading.local):
    """What autocast without a dtype takes on this thread."""

    def __init__(self) -> None:
        self.dtypes = {"cpu": bfloat16}


_default = _Defaults()


def _check_device_type(op: str, device_type: str) -> None:
    if not isinstance(device_type, str):
        raise ValueError(
            f"{op}: expected a device type such as 'cpu', got {type(device_type).__name__}"
        )
    if device_type != "cpu" and device_type not in _OTHERS:
        raise RuntimeError(f"{op}: unknown device type {device_type!r}; use 'cpu'")


def is_autocast_available(device_type: str) -> bool:
    """Whether there is autocast for the device type: for "cpu"."""
    _check_device_type("is_autocast_available", device_type)
    return device_type == "cpu"


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether autocast is on for the device type, on this thread."""
    _check_device_type("is_autocast_enabled", device_type)
    return device_type == "cpu" and _core._autocast_dtype() is not None


def is_autocast_cpu_enabled() -> bool:
    """Whether autocast is on for the CPU, on this thread."""
    return is_autocast_enabled("cpu")


def set_autocast_enabled(device_type: str, enabled: bool) -> None:
    """Switches autocast for the device type on or off, on this thread."""
    _check_device_type("set_autocast_enabled", device_type)
    if device_type == "cpu":
        _core._set_autocast_dtype(get_autocast_dtype("cpu") if enabled else None)
    elif enabled:
        raise RuntimeError(f"set_autocast_enabled: wengert is a CPU engine, not {device_type!r}")


def get_autocast_dtype(device_type: str) -> dtype:
    """The dtype of products while autocast is on for the device type."""
    _check_device_type("get_autocast_dtype", device_type)
    return _default.dtypes.get(device_type, float16)


def set_autocast_dtype(device_type: str, dtype: dtype) -> None:
    """Sets what `autocast` without a dtype takes."""
    _check_device_type("set_autocast_dtype", device_type)
    _default.dtypes[device_type] = dtype
    if device_type == "cpu" and _core._autocast_dtype() is not None:
        _core._set_autocast_dtype(dtype)


class autocast:
    """A with-block or decorator in which products (linear, matmul, convolutions, attention) are
    computed in a short dtype, and losses and a few others in float32, whatever the dtypes of their
    inputs are; float64 stays as it is. Gradients have the dtypes of the inputs.

    Args:
        device_type: "cpu". For another type a warning is given and nothing changes.
        dtype: bfloat16 (the default) or float16. For another one a warning is given and nothing
            changes.
        enabled: False switches an autocast around this one off.
        cache_enabled: has no effect: inputs are converted anew for each call.
    """

    def __init__(
        self,
        device_type: str,
        dtype: dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        _check_device_type("autocast", device_type)
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self._cache_enabled = True if cache_enabled is None else cache_enabled
        self._before: list[Any] = []
        if enabled and device_type != "cpu":
            warnings.warn(
                f"autocast: wengert is a CPU engine; autocast for {device_type!r} is disabled, use "
                "autocast('cpu')",
                stacklevel=3 if type(self) is not autocast else 2,
            )
            enabled = False
        elif enabled and self.fast_dtype not in (bfloat16, float16):
            warnings.warn(
                f"autocast: expected bfloat16 or float16, got {self.fast_dtype}; autocast is "
                "disabled",
                stacklevel=2,
            )
            enabled = False
        self._enabled = bool(enabled)

    def __enter__(self) -> autocast:
        known = get_autocast_dtype(self.device)
        self._before.append((_core._autocast_dtype(), known))
        _default.dtypes[self.device] = self.fast_dtype
        if self.device == "cpu":
            _core._set_autocast_dtype(self.fast_dtype if self._enabled else None)
        return self

    def __exit__(self, *exc: object) -> None:
        current, _default.dtypes[self.device] = self._before.pop()
        _core._set_autocast_dtype(current)

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return wrapped


def _converted(value: Any, kind: dtype) -> Any:
    if isinstance(value, Tensor):
        short = value.is_floating_point() and value.itemsize < 8
        return value.to(kind) if short else value
    if isinstance(value, dict):
        return {k: _converted(v, kind) for k, v in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_converted(v, kind) for v in value)
    return value


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: dtype | None = None
) -> Any:
    """A decorator for the forward of an `autograd.Function`.

    Args:
        cast_inputs: while autocast is on, inputs are converted to it and autocast is off inside.
    """
    _check_device_type("custom_fwd", device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        context = args[0]
        context._autocast = _core._autocast_dtype() if device_type == "cpu" else None
        if cast_inputs is None or context._autocast is None:
            return fwd(*args, **kwargs)
        context._autocast = None
        with autocast(device_type, enabled=False):
            return fwd(*_converted(args, cast_inputs), **_converted(kwargs, cast_inputs))

    return decorated


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """A decorator for the backward of an `autograd.Function` with `custom_fwd`: autocast is then
    as it was in forward."""
    _check_device_type("custom_bwd", device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        before = _core._autocast_dtype()
        _core._set_autocast_dtype(getattr(args[0], "_autocast", None))
        try:
            return bwd(*args, **kwargs)
        finally:
            _core._set_autocast_dtype(before)

    return decorated
