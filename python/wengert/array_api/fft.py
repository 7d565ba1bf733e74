"""The extension ``fft``: `wengert.fft` under the standard's names of arguments."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import wengert as wg
from wengert._tensor import Tensor

_fft: Any = import_module("wengert.fft")

_ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
_SEVERAL = ("fftn", "ifftn", "rfftn", "irfftn")

__all__ = [*_ONE, *_SEVERAL, "fftfreq", "fftshift", "ifftshift", "rfftfreq"]


def _one(name: str) -> Callable[..., Tensor]:
    of = getattr(_fft, name)

    def function(
        x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
    ) -> Tensor:
        return of(x, n, axis, norm)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"``wengert.fft.{name}`` along one axis."
    return function


def _several(name: str) -> Callable[..., Tensor]:
    of = getattr(_fft, name)

    def function(
        x: Tensor, /, *, s: Any = None, axes: Any = None, norm: str = "backward"
    ) -> Tensor:
        return of(x, s, axes, norm)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"``wengert.fft.{name}`` along several axes, or all."
    return function


globals().update({name: _one(name) for name in _ONE})
globals().update({name: _several(name) for name in _SEVERAL})


def _check_device(device: Any) -> None:
    if device is not None:
        wg.device(device)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of `fft`'s n results for samples at the distance d."""
    _check_device(device)
    return _fft.fftfreq(n, d, dtype=dtype)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of `rfft`'s results for n samples at the distance d."""
    _check_device(device)
    return _fft.rfftfreq(n, d, dtype=dtype)


def fftshift(x: Tensor, /, *, axes: Any = None) -> Tensor:
    """Frequency 0 in the middle of the axes, or of all."""
    return _fft.fftshift(x, axes)


def ifftshift(x: Tensor, /, *, axes: Any = None) -> Tensor:
    """`fftshift` undone."""
    return _fft.ifftshift(x, axes)
