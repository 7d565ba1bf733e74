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
        sparse: accepted; gradients are dense all the same.
    """
    if scale_grad_by_freq:
        raise NotImplementedError("embedding: scale_grad_by_freq=True is not supported")
    if padding_idx is not None:
        rows = weight.shape[0]
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    if max_norm is not None:
        _limit_row_norms(weight, input, max_norm, norm_type)
    return _C.embedding(input, weight, padding_idx)


def _limit_row_norms(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> None:
    with no_grad():
        flat = indices.reshape(-1)
        rows = weight[flat]
        norms = wengert.norm(rows, norm_type, 1, True)
        # The small number keeps the scaled norm from exceeding max_norm by rounding.
        factor = wengert.where(norms > max_norm, max_norm / (norms + 1e-7), _C.ones_like(norms))
        weight[flat] = rows * factor
