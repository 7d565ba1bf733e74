"""The extension ``linalg``."""

from __future__ import annotations

from typing import Any

import wengert as wg
from wengert import linalg as _linalg
from wengert._tensor import Tensor

from ._manipulation import matmul, matrix_transpose, tensordot, vecdot

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


def det(x: Tensor, /) -> Tensor:
    """Determinants."""
    return _linalg.det(x)


def eigh(x: Tensor, /) -> Any:
    """Eigenvalues, in rising order, and eigenvectors of symmetric or Hermitian matrices."""
    return _linalg.eigh(x)


def eigvalsh(x: Tensor, /) -> Tensor:
    """Eigenvalues of symmetric or Hermitian matrices, in rising order."""
    return _linalg.eigvalsh(x)


def inv(x: Tensor, /) -> Tensor:
    """Inverses."""
    return _linalg.inv(x)


def matrix_power(x: Tensor, n: int, /) -> Tensor:
    """Whole powers, of the inverses for negative n."""
    return _linalg.matrix_power(x, n)


def matrix_rank(x: Tensor, /, *, rtol: Any = None) -> Tensor:
    """How many singular values are above rtol times the largest."""
    return _linalg.matrix_rank(x, rtol=rtol)


def pinv(x: Tensor, /, *, rtol: Any = None) -> Tensor:
    """Pseudo-inverses; singular values up to rtol times the largest count as 0."""
    return _linalg.pinv(x, rtol=rtol)


def qr(x: Tensor, /, *, mode: str = "reduced") -> Any:
    """Factors Q with orthonormal columns and R, upper triangular; mode: "reduced" or "complete"."""
    return _linalg.qr(x, mode)


def slogdet(x: Tensor, /) -> Any:
    """Signs of determinants and logarithms of their absolute values."""
    return _linalg.slogdet(x)


def solve(x1: Tensor, x2: Tensor, /) -> Tensor:
    """Solutions of x1 y = x2, where x2 is one vector or holds matrices."""
    if x2.ndim == 1:
        return _linalg.solve(x1, x2.unsqueeze(-1)).squeeze(-1)
    shape = wg.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    # Matrices, even if they look like a stack of vectors.
    return _linalg.solve(x1.expand(*shape, *x1.shape[-2:]), x2.expand(*shape, *x2.shape[-2:]))


def svd(x: Tensor, /, *, full_matrices: bool = True) -> Any:
    """Singular value decompositions U, S and Vh."""
    return _linalg.svd(x, full_matrices)


def svdvals(x: Tensor, /) -> Tensor:
    """Singular values, in falling order."""
    return _linalg.svdvals(x)


def cholesky(x: Tensor, /, *, upper: bool = False) -> Tensor:
    """The triangular factor of positive definite matrices."""
    return _linalg.cholesky(x, upper=upper)


def cross(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """Cross products along an axis of size 3."""
    n = max(x1.ndim, x2.ndim)
    first, second = (x[(None,) * (n - x.ndim)] for x in (x1, x2))
    return _linalg.cross(first, second, dim=axis)


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
    """Norms along axes, or of all elements; along no axis those of single elements."""
    if axis == ():
        return (x != 0).to(wg.abs(x).dtype) if ord == 0 else wg.abs(x)
    return _linalg.vector_norm(x, ord, axis, keepdims)


def matrix_norm(x: Tensor, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """Norms of the matrices in the last two axes; ord: "fro", "nuc", 1, -1, 2, -2, inf or -inf."""
    if ord == "nuc" or ord in (2, -2):
        values = _linalg.svdvals(x)
        made = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord == 2 else values.amin(-1)
        return made[..., None, None] if keepdims else made
    return _linalg.matrix_norm(x, ord, (-2, -1), keepdims)
