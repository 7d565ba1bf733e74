"""Distances between vectors, with the signatures of ``torch.nn.functional``."""

from __future__ import annotations

import wengert
from wengert import Tensor, no_grad
from wengert import _ops as _C
from wengert._reductions import norm

pdist = _C.pdist


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """||x1 - x2 + eps||_p along the last dimension."""
    return norm(x1 - x2 + eps, p, -1, keepdim)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 . x2 / (max(||x1||, eps) max(||x2||, eps)) along ``dim``, after broadcasting."""
    common = wengert.promote_types(x1.dtype, x2.dtype)
    if not common.is_floating_point:
        raise RuntimeError(
            f"cosine_similarity: expected a floating point dtype, got {x1.dtype} and {x2.dtype}"
        )
    x1, x2 = wengert.broadcast_tensors(x1.to(common), x2.to(common))
    return (x1 / _limited_norm(x1, dim, eps) * (x2 / _limited_norm(x2, dim, eps))).sum(dim)


def _limited_norm(x: Tensor, dim: int, eps: float) -> Tensor:
    """max(||x||, eps), whose limit is not differentiated: its value counts, the gradient passes."""
    size = norm(x, 2, dim, True).clone()
    with no_grad():
        size.clamp_(min=eps)
    return size
