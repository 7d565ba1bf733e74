"""Dropout, with the signatures of ``torch.nn.functional``."""

from __future__ import annotations

import math

import wengert
from wengert import Tensor
from wengert import _ops as _C
from wengert.nn._activations import SELU_ALPHA, SELU_SCALE, over


def _check_probability(op: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        error = RuntimeError if math.isnan(p) else ValueError
        raise error(f"{op}: dropout probability has to be between 0 and 1, but got {p}")


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes elements with probability p and scales the others by 1 / (1 - p), in training."""
    _check_probability("dropout", p)
    if not training or p == 0.0:
        return input
    return over(input, lambda x: _C.dropout(x, p, True), inplace)


def _channel_shape(op: str, input: Tensor) -> list[int]:
    """One element for each sample and channel, the first two dimensions."""
    if input.ndim < 2:
        raise RuntimeError(
            f"{op}: expected at least 2 dimensions, got an input of shape {tuple(input.shape)}"
        )
    return [*input.shape[:2]] + [1] * (input.ndim - 2)


def feature_dropout(op: str, input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    """Dropout of whole channels of (N, C, *)."""
    if not training or p == 0.0:
        return input
    shape = _channel_shape(op, input)
    mask = _C.dropout(wengert.ones(shape, dtype=input.dtype), p, True)
    return over(input, lambda x: x * mask, inplace)


def _unbatched_dropout(
    op: str, input: Tensor, p: float, training: bool, inplace: bool, batched_ndim: int
) -> Tensor:
    """Dropout of whole channels of a batch, or of one sample."""
    if input.ndim == batched_ndim:
        return feature_dropout(op, input, p, training, inplace)
    result = feature_dropout(op, input.unsqueeze(0), p, training, inplace)
    return input if inplace else result.squeeze(0)


def _warn_of_dimensions(op: str, input: Tensor, expected: str) -> None:
    import warnings

    warnings.warn(
        f"{op}: expected {expected} dimensions, got an input of shape {tuple(input.shape)}; this "
        "is deprecated, use a dropout for inputs of these dimensions",
        stacklevel=3,
    )


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, L) or (C, L)."""
    _check_probability("dropout1d", p)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: expected 2 or 3 dimensions, got an input of shape {tuple(input.shape)}"
        )
    return _unbatched_dropout("dropout1d", input, p, training, inplace, 3)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, H, W); three dimensions are taken for (N, C, L)."""
    _check_probability("dropout2d", p)
    if input.ndim not in (3, 4):
        _warn_of_dimensions("dropout2d", input, "3 or 4")
    return feature_dropout("dropout2d", input, p, training, inplace)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    _check_probability("dropout3d", p)
    if input.ndim not in (4, 5):
        _warn_of_dimensions("dropout3d", input, "4 or 5")
    return _unbatched_dropout("dropout3d", input, p, training, inplace, 5)


def _to_limit(
    op: str, input: Tensor, p: float, training: bool, inplace: bool, features: bool
) -> Tensor:
    """Dropout to the negative limit of SELU, scaled and shifted to keep mean 0 and variance 1."""
    if not training or p == 0.0:
        return input
    shape = _channel_shape(op, input) if features else list(input.shape)
    if p == 1.0:
        return over(input, lambda x: x * 0, inplace)
    limit = -SELU_ALPHA * SELU_SCALE
    scale = 1 / math.sqrt((limit * limit * p + 1) * (1 - p))
    kept = _C.dropout(wengert.ones(shape, dtype=input.dtype), p, True) > 0
    shift = -scale * p * limit
    dropped = scale * limit + shift
    return over(
        input, lambda x: wengert.where(kept, x * scale + shift, _C.full_like(x, dropped)), inplace
    )


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout to the negative limit of SELU that keeps mean 0 and variance 1 (Klambauer et al.,
    2017)."""
    _check_probability("alpha_dropout", p)
    return _to_limit("alpha_dropout", input, p, training, inplace, False)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """:func:`alpha_dropout` of whole channels of (N, C, *)."""
    _check_probability("feature_alpha_dropout", p)
    return _to_limit("feature_alpha_dropout", input, p, training, inplace, True)
