"""Linear algebra."""

from __future__ import annotations

from . import _core
from ._pointwise import multi_dot
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cross",
    "matmul",
    "matrix_norm",
    "multi_dot",
    "norm",
    "solve_triangular",
    "vecdot",
    "vector_norm",
]


class LinAlgError(RuntimeError):
    """A matrix for which a factorization does not exist."""


matmul = _ops.matmul


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """Cross products along a dimension of size 3."""
    return _ops._linalg_cross(input, other, dim=dim)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Sums of products along a dimension; the others broadcast."""
    return (x * y).sum(dim)


def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Norm of order ord over the given dimensions, or all, as one vector."""
    return _ops._vector_norm(x, ord, () if dim is None else dim, keepdim, dtype=dtype)


def matrix_norm(
    A: Tensor,
    ord: float | str = "fro",
    dim: tuple[int, int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """Norm of matrices: "fro" (the elements as a vector), 1 and -1 (greatest and least sum of
    absolute values of a column), inf and -inf (of a row).

    Raises:
        NotImplementedError: orders 2, -2 and "nuc", which need singular values.
    """
    if len(dim) != 2:
        raise ValueError(f"matrix_norm: dim must name two dimensions, but is {dim}")
    if ord == "fro":
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if isinstance(ord, str) or abs(ord) not in (1, float("inf")):
        raise NotImplementedError(
            f"matrix_norm: order {ord!r} is not available; use 'fro', 1, -1, inf or -inf"
        )
    rows, columns = (d % A.ndim for d in dim)
    summed, kept = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = vector_norm(A, 1, summed, True, dtype=dtype)
    result = (_ops.amax if ord > 0 else _ops.amin)(sums, kept, True)
    return result if keepdim else _ops.squeeze(result, (rows, columns))


def norm(
    A: Tensor,
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """Norm of a vector, or of a matrix where ord is given for two dimensions."""
    if ord is None or (isinstance(dim, int) or (dim is not None and len(dim) == 1)):
        return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)
    if dim is None:
        if A.ndim == 1 and not isinstance(ord, str):
            return vector_norm(A, ord, None, keepdim, dtype=dtype)
        if A.ndim != 2:
            raise RuntimeError(
                f"norm: with ord and without dim the input must have 1 or 2 dimensions, but has "
                f"shape {tuple(A.shape)}"
            )
    return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)


def cholesky(A: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:
    """The lower triangular L with L L^T = A, or the upper U with U^T U = A, for each matrix.

    That triangle of A alone is read; its gradient is symmetric.

    Raises:
        LinAlgError: a matrix is not positive definite.
    """
    return _ops.cholesky(A, upper) if out is None else _ops.cholesky(A, upper, out=out)


def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """`cholesky` without an error: a named tuple of the factor ``L`` and ``info``, which holds for
    each matrix 0 or the order of its first leading minor that is not positive.

    Raises:
        LinAlgError: a matrix is not positive definite, with check_errors.
    """
    return _ops._cholesky_ex(A, upper=upper, check_errors=check_errors)


def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """X with A X = B, or X A = B where not left, of triangular A; leading dimensions broadcast.

    The other triangle of A is not read, nor the diagonal where unitriangular: it counts as ones.
    """
    return _ops._solve_triangular(A, B, upper=upper, left=left, unitriangular=unitriangular)
