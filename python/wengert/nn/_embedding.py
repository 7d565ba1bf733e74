"""Rows of tables, with the signatures of ``torch.nn.functional``."""

from __future__ import annotations

import wengert
from wengert import Tensor, no_grad
from wengert import _ops as _C

one_hot = _C.one_hot


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of ``weight`` (n, d) by the integers ``input`` (*): (*, d).

    Args:
        padding_idx: this row receives no gradient.
        max_norm: rows used here whose ``norm_type``-norm is larger are first scaled down, in place.
        scale_grad_by_freq: divide the gradient of a row by how often it is used here.
        sparse: the gradient of a weight that is a leaf is a sparse tensor of the rows used.
    """
    padding_idx = _padding_row(padding_idx, weight)
    if max_norm is not None:
        with no_grad():
            _C.embedding_renorm_(weight, input, max_norm, norm_type)
    return _C.embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)


def _padding_row(padding_idx: int | None, weight: Tensor) -> int:
    """The row as a number from 0, or -1 for None."""
    if padding_idx is None:
        return -1
    rows = weight.shape[0]
    if not -rows <= padding_idx < rows:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx % rows


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Sums, means or maxima of bags of rows of ``weight`` (n, d): (bags, d).

    Args:
        input: integers (bags, k), or those of all bags (L) with ``offsets``.
        offsets: where each bag begins in a one-dimensional input.
        max_norm: rows used here whose ``norm_type``-norm is larger are first scaled down, in place.
        scale_grad_by_freq: divide the gradient of a row by how often it is used here.
        mode: "sum", "mean" or "max"; empty bags give zeros.
        sparse: the gradient of a weight that is a leaf is a sparse tensor of the rows used.
        per_sample_weights: factors of the rows, of the input's shape, for "sum".
        include_last_offset: the last offset is the end of the last bag.
        padding_idx: this row is left out of every bag.
    """
    op = "embedding_bag"
    if per_sample_weights is not None and input.shape != per_sample_weights.shape:
        raise ValueError(
            f"{op}: expected per_sample_weights of the input's shape {tuple(input.shape)}, got "
            f"{tuple(per_sample_weights.shape)}"
        )
    if weight.ndim != 2:
        raise ValueError(f"{op}: expected a weight of 2 dimensions, got {weight.ndim}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"{op}: mode has to be one of sum, mean or max, got {mode!r}")
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(f"{op}: expected no offsets beside an input of 2 dimensions")
        offsets = wengert.arange(input.shape[0]) * input.shape[1]
        include_last_offset = False
        input = input.reshape(-1)
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1)
    elif input.ndim != 1:
        raise ValueError(f"{op}: expected an input of 1 or 2 dimensions, got {input.ndim}")
    elif offsets is None or offsets.ndim != 1:
        raise ValueError(f"{op}: offsets has to be a 1D Tensor beside an input of 1 dimension")
    if mode == "max" and (scale_grad_by_freq or sparse):
        raise ValueError(f"{op}: mode 'max' has no scale_grad_by_freq and no sparse gradients")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            f"{op}: per_sample_weights is only supported for mode 'sum', got {mode!r}"
        )
    if max_norm is not None:
        with no_grad():
            _C.embedding_renorm_(weight, input, max_norm, norm_type)
    return _C.embedding_bag(
        weight,
        input,
        offsets,
        scale_grad_by_freq,
        ("sum", "mean", "max").index(mode),
        sparse,
        per_sample_weights,
        include_last_offset,
        padding_idx,
    )[0]
