"""Spectra of overlapping pieces of a signal, and the signal of such spectra."""

from __future__ import annotations

import warnings

from . import _core, fft

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._tensor import Tensor

_ops = _core.ops


def _check(op: str, condition: bool, message: str) -> None:
    if not condition:
        raise RuntimeError(f"{op}: {message}")


def _padded_window(
    op: str, window: Tensor | None, like: Tensor, win_length: int, n_fft: int
) -> Tensor | None:
    """The window with zeros on both sides up to n_fft; None for ones everywhere."""
    _check(
        op,
        window is None or (window.ndim == 1 and window.shape[0] == win_length),
        f"expected a window of shape ({win_length},), but got "
        f"{None if window is None else tuple(window.shape)}",
    )
    if window is None and win_length == n_fft:
        return None
    if window is None:
        window = _ops.ones(win_length, dtype=_ops.real(like).dtype)
    elif not (window.is_floating_point() or window.is_complex()):
        window = window.to(_ops.real(like).dtype)
    if win_length == n_fft:
        return window
    left = (n_fft - win_length) // 2
    return _ops.pad(window, (left, n_fft - win_length - left))


def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """The Fourier transforms of pieces of n_fft elements of a signal, hop_length apart.

    Args:
        input: (T) or (B, T), real or complex.
        hop_length: n_fft // 4 by default.
        win_length: the length of the window, n_fft by default; shorter ones stand in the middle of
            a piece.
        window: multiplies every piece; ones by default.
        center: pads the signal, as pad_mode says, so that piece k has element k hop_length in its
            middle; otherwise that is its first element.
        normalized: divides by sqrt(n_fft).
        onesided: the first n_fft // 2 + 1 terms only; by default for real numbers.
        return_complex: must be given for real numbers; if False real and imaginary parts are pairs
            in a last dimension.
        align_to_window: without center, pads the signal so that windows shorter than n_fft start
            with its first element.

    Returns:
        (terms, pieces) or (B, terms, pieces).
    """
    op = "stft"
    if center:
        _check(op, align_to_window is None, "align_to_window is for center=False")
        # Reflection wants dimensions for a batch and channels.
        shape = tuple(input.shape)
        deep = _ops.reshape(input, (1,) * (3 - len(shape)) + shape)
        deep = _ops.pad(deep, (n_fft // 2, n_fft // 2), pad_mode)
        input = _ops.reshape(deep, (*shape[:-1], deep.shape[-1])) if shape else deep[0]
    complex_numbers = input.is_complex() or (window is not None and window.is_complex())
    _check(
        op,
        return_complex is not None or complex_numbers,
        "return_complex must be given for real numbers",
    )
    hop_length = n_fft // 4 if hop_length is None else hop_length
    win_length = n_fft if win_length is None else win_length
    _check(
        op,
        input.is_floating_point() or input.is_complex(),
        f"expected floating point or complex numbers, but got {input.dtype}",
    )
    _check(op, input.ndim in (1, 2), f"expected a (T) or (B, T) signal, not {tuple(input.shape)}")
    length = input.shape[-1]
    if not center and align_to_window:
        length += n_fft - win_length
    _check(op, 0 < n_fft <= length, f"expected 0 < n_fft <= {length}, but n_fft is {n_fft}")
    _check(op, hop_length > 0, f"expected hop_length > 0, but it is {hop_length}")
    _check(
        op,
        0 < win_length <= n_fft,
        f"expected 0 < win_length <= n_fft={n_fft}, but win_length is {win_length}",
    )
    padded = _padded_window(op, window, input, win_length, n_fft)
    onesided = not complex_numbers if onesided is None else onesided
    _check(
        op,
        not (onesided and complex_numbers),
        "onesided is for a real signal with a real window",
    )
    if not center and align_to_window:
        before = (n_fft - win_length) // 2
        input = _ops.pad(input, (before, n_fft - win_length - before))
    pieces = input.unfold(-1, n_fft, hop_length)
    if padded is not None:
        pieces = pieces * padded
    transform = fft.rfft if onesided else fft.fft
    result = transform(pieces, norm="ortho" if normalized else None).transpose(-2, -1)
    return result if return_complex or return_complex is None else _ops.view_as_real(result)


def _overlapped(pieces: Tensor, hop_length: int) -> Tensor:
    """The sum (B, T) of pieces (B, L, n), hop_length apart."""
    if pieces.is_complex():
        parts = _ops.view_as_real(pieces)
        sums = [_overlapped(parts[..., i], hop_length) for i in range(2)]
        return _ops.view_as_complex(_ops.stack(sums, -1))
    from .nn.functional import fold

    count, n = pieces.shape[-2:]
    length = n + hop_length * (count - 1)
    return fold(pieces.transpose(1, 2), (1, length), (1, n), stride=(1, hop_length))[:, 0, 0]


def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The signal whose `stft` comes closest to the input, by least squares (Griffin and Lim, 1984).

    Args:
        input: (terms, pieces) or (B, terms, pieces), complex.
        onesided: whether input has n_fft // 2 + 1 terms, not n_fft; by default as its shape tells.
        length: that of the signal; by default as much of it as pieces lie over.
        return_complex: for pieces of complex numbers.
        hop_length, win_length, window, center, normalized: as they were for `stft`.

    Returns:
        (T) or (B, T).

    Raises:
        RuntimeError: the squares of overlapping windows add up to 0 somewhere.
    """
    op = "istft"
    hop_length = n_fft // 4 if hop_length is None else hop_length
    win_length = n_fft if win_length is None else win_length
    _check(op, input.is_complex(), f"expected complex numbers, but got {input.dtype}")
    shape = tuple(input.shape)
    _check(op, input.numel() > 0, f"expected an input with elements, but got shape {shape}")
    if input.ndim < 2:
        raise IndexError(f"{op}: expected an input (terms, pieces), but got shape {shape}")
    _check(
        op,
        input.ndim <= 3,
        f"expected an input (terms, pieces) or (B, terms, pieces), but got shape {shape}",
    )
    terms, count = shape[-2:]
    onesided = terms != n_fft if onesided is None else onesided
    wanted = n_fft // 2 + 1 if onesided else n_fft
    _check(op, terms == wanted, f"expected {wanted} terms, but got an input of shape {shape}")
    _check(
        op,
        0 < hop_length <= win_length <= n_fft,
        f"expected 0 < hop_length={hop_length} <= win_length={win_length} <= n_fft={n_fft}",
    )
    _check(
        op,
        return_complex or window is None or not window.is_complex(),
        "a complex window needs return_complex=True",
    )
    padded = _padded_window(op, window, input, win_length, n_fft)
    norm = "ortho" if normalized else None
    spectra = _ops.reshape(input, (-1, terms, count)).transpose(1, 2)
    if return_complex:
        _check(op, not onesided, "complex signals have no onesided spectra")
        pieces = fft.ifft(spectra, norm=norm)
    else:
        pieces = fft.irfft(spectra[..., : n_fft // 2 + 1], n_fft, norm=norm)
    if padded is None:
        padded = _ops.ones(n_fft, dtype=_ops.real(pieces).dtype)
    signal = _overlapped(pieces * padded, hop_length)
    weight = _overlapped((padded * padded).expand(1, count, n_fft).to(padded.dtype), hop_length)
    total = signal.shape[-1]
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - n_fft // 2 if center else total
    _check(op, end > start, f"no element is left of {total}, from {start} to {end}")
    signal, weight = signal[:, start:end], weight[:, start:end]
    least = weight.abs().min().item()
    _check(op, least > 1e-11, f"windows overlap to {least}; choose a window without zeros there")
    signal = signal / weight
    if end > total:
        warnings.warn(
            f"istft: the pieces give {total - start} elements; zeros follow up to length={length}",
            stacklevel=2,
        )
        signal = _ops.pad(signal, (0, end - total))
    return signal if len(shape) == 3 else signal[0]
