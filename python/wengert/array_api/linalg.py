"""The extension ``linalg``: the standard's names, as far as `wengert.linalg` has the operations."""

from __future__ import annotations

from typing import Any

import wengert as wg
from wengert import linalg as _linalg
from wengert._tensor import Tensor

from ._manipulation import matmul, matrix_transpose, tensordot, vecdot

# Names that mean the same in both, present or not.
_SAME = [
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "matrix_power",
    "matrix_rank",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "eig",
    "eigvals",
]

__all__ = [
    "cholesky",
    "cross",
    "diagonal",
    "matmul",
    "matrix_norm",
    "matrix_transpose",
    "outer",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
    *(name for name in _SAME if hasattr(_linalg, name)),
]
globals().update({name: getattr(_linalg, name) for name in _SAME if hasattr(_linalg, name)})


def cholesky(x: Tensor, /, *, upper: bool = False) -> Tensor:
    """The triangular factor of positive definite matrices."""
    return _linalg.cholesky(x, upper=upper)


def cross(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """Cross products along an axis of size 3."""
    return _linalg.cross(x1, x2, dim=axis)


def diagonal(x: Tensor, /, *, offset: int = 0) -> Tensor:
    """Diagonals of the last two axes."""
    return wg.diagonal(x, offset, -2, -1)


def trace(x: Tensor, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """Sums of the diagonals of the last two axes."""
    return wg.sum(diagonal(x, offset=offset), dim=-1, dtype=dtype)


def outer(x1: Tensor, x2: Tensor, /) -> Tensor:
    """Products of all pairs of elements of two vectors."""
    return wg.outer(x1, x2)


def vector_norm(
    x: Tensor, /, *, axis: Any = None, keepdims: bool = False, ord: float = 2
) -> Tensor:
    """Norms along axes, or of all elements."""
    return _linalg.vector_norm(x, ord, axis, keepdims)


def matrix_norm(x: Tensor, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """Norms of the matrices in the last two axes."""
    return _linalg.matrix_norm(x, ord, (-2, -1), keepdims)
