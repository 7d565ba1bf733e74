"""Discrete Fourier transforms.

A transform of length n takes x to the sums of x[t] exp(-2 pi i k t / n), the inverse to those with
the other sign. Every function is differentiable any number of times. Lengths with small prime
factors are fastest; others take O(n log n) steps, too (Bluestein, 1970).

Args common to all:
    input: float32, float64, complex64 or complex128; integers become the default dtype.
    n, s: the lengths of the transforms; the input is cut or padded with zeros at its end. In s, -1
        stands for the input's size.
    dim: along which dimensions.
    norm: "backward", the default, divides the inverse by n, "forward" the other direction, "ortho"
        both by sqrt(n). n is the product of all lengths.
    out: a tensor to write to.
"""

from __future__ import annotations

from math import inf, nan

from . import _core
from ._creation import _check_device, arange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ._tensor import Tensor, dtype

_ops = _core.ops

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "hfft2",
    "hfftn",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "ihfft2",
    "ihfftn",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]


def _run(
    name: str, input: Tensor, lengths: Any, dim: Any, norm: str | None, out: Tensor | None
) -> Tensor:
    function = getattr(_ops, f"_fft_{name}")
    norm = "backward" if norm is None else norm
    if out is None:
        return function(input, lengths, dim, norm)
    gives_real = name.removesuffix("n") in ("irfft", "hfft")
    if out.is_complex() == gives_real or not (out.is_complex() or out.is_floating_point()):
        kind = "real" if gives_real else "complex"
        raise RuntimeError(f"{name}: out must be {kind}, as the result is, but is {out.dtype}")
    return function(input, lengths, dim, norm, out=out)


# ---- one dimension ------------------------------------------------------------------------


def fft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The n terms of the Fourier transform along one dimension."""
    return _run("fft", input, n, dim, norm, out)


def ifft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of `fft`."""
    return _run("ifft", input, n, dim, norm, out)


def rfft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The first n // 2 + 1 terms of the transform of a real input; the others are conjugates of
    these in reverse order."""
    return _run("rfft", input, n, dim, norm, out)


def irfft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of `rfft`: n real numbers, 2 (size - 1) by default. Imaginary parts of the first
    term and, for even n, of the last are not read."""
    return _run("irfft", input, n, dim, norm, out)


def hfft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The n real terms, 2 (size - 1) by default, of the transform of a signal with
    x[-t] = conj(x[t]) of which the first half is given."""
    return _run("hfft", input, n, dim, norm, out)


def ihfft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of `hfft`: n // 2 + 1 complex numbers."""
    return _run("ihfft", input, n, dim, norm, out)


# ---- several dimensions -------------------------------------------------------------------


def fftn(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`fft` along several dimensions: by default the last ones, as many as s has, or all."""
    return _run("fftn", input, s, dim, norm, out)


def ifftn(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of `fftn`."""
    return _run("ifftn", input, s, dim, norm, out)


def rfftn(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`rfft` along the last of some dimensions, `fft` along the others."""
    return _run("rfftn", input, s, dim, norm, out)


def irfftn(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of `rfftn`; s tells the last length where it is odd."""
    return _run("irfftn", input, s, dim, norm, out)


def hfftn(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`fft` along all but the last of some dimensions, `hfft` along that."""
    return _run("hfftn", input, s, dim, norm, out)


def ihfftn(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of `hfftn`."""
    return _run("ihfftn", input, s, dim, norm, out)


def fft2(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] = (-2, -1),
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`fftn` of the last two dimensions."""
    return _run("fftn", input, s, dim, norm, out)


def ifft2(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] = (-2, -1),
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`ifftn` of the last two dimensions."""
    return _run("ifftn", input, s, dim, norm, out)


def rfft2(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] = (-2, -1),
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`rfftn` of the last two dimensions."""
    return _run("rfftn", input, s, dim, norm, out)


def irfft2(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] = (-2, -1),
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`irfftn` of the last two dimensions."""
    return _run("irfftn", input, s, dim, norm, out)


def hfft2(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] = (-2, -1),
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`hfftn` of the last two dimensions."""
    return _run("hfftn", input, s, dim, norm, out)


def ihfft2(
    input: Tensor,
    s: int | Sequence[int] | None = None,
    dim: int | Sequence[int] = (-2, -1),
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """`ihfftn` of the last two dimensions."""
    return _run("ihfftn", input, s, dim, norm, out)


# ---- frequencies --------------------------------------------------------------------------


def _frequencies(
    name: str,
    n: int,
    d: float,
    count: int,
    out: Tensor | None,
    dtype: dtype | None,
    device: object,
    requires_grad: bool,
) -> Tensor:
    """Whole numbers below `count`, for fftfreq negative ones in the second half, over n d."""
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"{name}: n must be an int, but is {type(n).__name__}")
    if count < 0:
        raise RuntimeError(f"{name}: n must not be negative, but is {n}")
    _check_device(device)
    dtype = dtype or (_core.get_default_dtype() if out is None else out.dtype)
    if not dtype.is_floating_point:
        error = NotImplementedError if dtype.is_complex else RuntimeError
        raise error(f"{name}: expected a floating point dtype, but got {dtype}")
    k = arange(count, dtype=dtype)
    if name == "fftfreq":
        k = _ops._where(k < (n + 1) // 2, k, k - n)
    extent = n * float(d)
    result = k * (1 / extent if extent else nan if extent != extent else inf)
    if out is not None:
        return _ops.positive(result, out=out)
    return result.requires_grad_() if requires_grad else result


def fftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of the terms of `fft` of length n, for samples d apart: 0, 1, ..., -2, -1
    over n d. For even n, n/2 counts as negative."""
    return _frequencies("fftfreq", n, d, n, out, dtype, device, requires_grad)


def rfftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of the terms of `rfft` of length n: 0, 1, ..., n // 2 over n d."""
    return _frequencies("rfftfreq", n, d, int(n / 2) + 1, out, dtype, device, requires_grad)


def _shift(input: Tensor, dim: int | Sequence[int] | None, up: int) -> Tensor:
    if dim is None:
        dim = range(input.ndim)
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    return _ops.roll(input, tuple((input.size(d) + up) // 2 for d in dims), dims)


def fftshift(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """The terms of a transform with frequency zero moved to the middle, along the given dimensions
    or all."""
    return _shift(input, dim, 0)


def ifftshift(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """The inverse of `fftshift`."""
    return _shift(input, dim, 1)
