"""The signal of spectra of overlapping pieces, with a warning where it ends before it should."""

from __future__ import annotations

import warnings

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._tensor import Tensor

_ops = _core.ops


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
    signal = _ops._istft(
        input,
        n_fft,
        hop_length,
        win_length,
        window,
        center,
        normalized,
        onesided,
        length,
        return_complex,
    )
    if length is not None:
        hop_length = n_fft // 4 if hop_length is None else hop_length
        known = n_fft + hop_length * (input.shape[-1] - 1) - (n_fft // 2 if center else 0)
        if length > known:
            warnings.warn(
                f"istft: the pieces give {known} elements; zeros follow up to length={length}",
                stacklevel=2,
            )
    return signal
