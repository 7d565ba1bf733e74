"""Windows for the spectra of pieces of a signal.

With ``periodic`` a window of length n is that of length n + 1 without its last element: for use
with `stft`. Otherwise it is symmetric.
"""

from __future__ import annotations

import math

from . import _core
from ._creation import _check_device, arange
from ._tensor import all_dtypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._tensor import Tensor, dtype

_ops = _core.ops
_float64 = next(t for t in all_dtypes if t.name == "float64")


def _window(
    name: str,
    n: int,
    periodic: bool,
    shape: Callable[[Tensor], Tensor],
    dtype: dtype | None,
    device: object,
    requires_grad: bool,
) -> Tensor:
    """shape(x) for x from 0 to 1 over the length of the window."""
    if isinstance(n, bool) or not isinstance(n, int) or not isinstance(periodic, bool):
        raise TypeError(
            f"{name}: window_length must be an int and periodic a bool, but they are "
            f"{type(n).__name__} and {type(periodic).__name__}"
        )
    if n < 0:
        raise RuntimeError(f"{name}: window_length must not be negative, but is {n}")
    _check_device(device)
    dtype = dtype or _core.get_default_dtype()
    if not dtype.is_floating_point:
        error = NotImplementedError if dtype.is_complex else RuntimeError
        raise error(f"{name}: expected a floating point dtype, but got {dtype}")
    steps = n if periodic else n - 1
    if n > 1:
        window = shape(arange(n, dtype=_float64) / steps).to(dtype)
    else:
        window = _ops.ones(n, dtype=dtype)
    return window.requires_grad_() if requires_grad else window


def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: object = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """1/2 - 1/2 cos(2 pi x) for x from 0 to 1."""
    return _window(
        "hann_window",
        window_length,
        periodic,
        lambda x: 0.5 - 0.5 * _ops.cos(2 * math.pi * x),
        dtype,
        device,
        requires_grad,
    )


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: object = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """alpha - beta cos(2 pi x) for x from 0 to 1."""
    return _window(
        "hamming_window",
        window_length,
        periodic,
        lambda x: alpha - beta * _ops.cos(2 * math.pi * x),
        dtype,
        device,
        requires_grad,
    )


def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: object = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """0.42 - 0.5 cos(2 pi x) + 0.08 cos(4 pi x) for x from 0 to 1."""
    return _window(
        "blackman_window",
        window_length,
        periodic,
        lambda x: 0.42 - 0.5 * _ops.cos(2 * math.pi * x) + 0.08 * _ops.cos(4 * math.pi * x),
        dtype,
        device,
        requires_grad,
    )


def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: object = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """The triangle 1 - |2 x - 1| for x from 0 to 1."""
    return _window(
        "bartlett_window",
        window_length,
        periodic,
        lambda x: 1 - abs(2 * x - 1),
        dtype,
        device,
        requires_grad,
    )


def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: object = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """I0(beta sqrt(1 - (2 x - 1)^2)) / I0(beta) for x from 0 to 1, with the Bessel function I0."""

    def shape(x: Tensor) -> Tensor:
        inside = _ops.clamp(1 - (2 * x - 1) ** 2, 0)
        return _ops.i0(beta * _ops.sqrt(inside)) / _ops.i0(_ops.full((), beta, dtype=x.dtype))

    return _window("kaiser_window", window_length, periodic, shape, dtype, device, requires_grad)
