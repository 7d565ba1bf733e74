"""Linear algebra."""

from __future__ import annotations

from . import _core
from ._linalg_derived import (
    matrix_power,
    matrix_rank,
    pinv,
    tensorinv,
    tensorsolve,
    vander,
)
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
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "inv_ex",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
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
    """Sums of products along a dimension, the first factor conjugated; the others broadcast."""
    return (x.conj() * y).sum(dim)


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


def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Tensor | None = None) -> Tensor:
    """X with A X = B, or X A = B where not left, of square A; leading dimensions broadcast.

    B is a batch of vectors where its shape is that of A without the last dimension, or it has one.

    Raises:
        LinAlgError: a matrix is singular.
    """
    return _ops._linalg_solve(A, B, left=left, out=out)


def solve_ex(
    A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False, out: Any = None
) -> Any:
    """`solve` without an error: a named tuple of ``result`` and ``info``, which holds for each
    matrix 0 or the place of its first zero pivot."""
    return _ops._linalg_solve_ex(A, B, left=left, check_errors=check_errors, out=out)


def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of each matrix.

    Raises:
        LinAlgError: a matrix is singular.
    """
    return _ops._linalg_inv(A, out=out)


def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """`inv` without an error: a named tuple of ``inverse`` and ``info``, as in `solve_ex`."""
    return _ops._linalg_inv_ex(A, check_errors=check_errors, out=out)


def det(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The determinant of each square matrix; its gradient is right at singular ones too."""
    return _ops._linalg_det(A, out=out)


def slogdet(A: Tensor, *, out: Any = None) -> Any:
    """The sign of each determinant and the logarithm of its absolute value: a named tuple
    ``sign``, ``logabsdet``."""
    return _ops._linalg_slogdet(A, out=out)


def lu(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """P, L, U with A = P L U: row exchanges, unit lower and upper triangular factors."""
    return _ops._linalg_lu(A, pivot=pivot, out=out)


def lu_factor(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """Both LU factors in one matrix and the row exchanges, counted from 1, as LAPACK has them.

    Raises:
        LinAlgError: a matrix is singular.
    """
    return _ops._linalg_lu_factor(A, pivot=pivot, out=out)


def lu_factor_ex(
    A: Tensor, *, pivot: bool = True, check_errors: bool = False, out: Any = None
) -> Any:
    """`lu_factor` without an error: ``LU``, ``pivots`` and ``info``, as in `solve_ex`."""
    return _ops._linalg_lu_factor_ex(A, pivot=pivot, check_errors=check_errors, out=out)


def lu_solve(
    LU: Tensor,
    pivots: Tensor,
    B: Tensor,
    *,
    left: bool = True,
    adjoint: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """X with A X = B from the factors of A that `lu_factor` gives; X A = B where not left, and
    the transpose of A in its place with adjoint."""
    return _ops._linalg_lu_solve(LU, pivots, B, left=left, adjoint=adjoint, out=out)


def qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Any:
    """Q with orthonormal columns and the upper triangular R with A = Q R.

    mode "reduced" gives Q as many columns as A has rows or columns, whichever are fewer,
    "complete" makes it square, and "r" leaves it empty. Signs are LAPACK's.
    """
    return _ops._linalg_qr(A, mode, out=out)


def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Any:
    """Ascending eigenvalues and the eigenvectors, as columns, of symmetric matrices, of which one
    triangle, "L" or "U", is read.

    Gradients that depend on the signs of vectors, or on vectors of equal eigenvalues, have no
    meaning.

    Raises:
        LinAlgError: elements are not finite, or the iteration did not converge.
    """
    return _ops._linalg_eigh(A, UPLO, out=out)


def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor:
    """The ascending eigenvalues of symmetric matrices, of which one triangle is read."""
    return _ops._linalg_eigvalsh(A, UPLO, out=out)


def _check_driver(op: str, driver: str | None) -> None:
    if driver is not None:
        raise RuntimeError(f"{op}: driver= is for GPUs; on the CPU it must be None")


def svd(
    A: Tensor, full_matrices: bool = True, *, driver: str | None = None, out: Any = None
) -> Any:
    """U, S, Vh with A = U diag(S) Vh; the singular values S descend, and without full_matrices
    U and Vh have as many columns and rows as there are values.

    Raises:
        LinAlgError: elements are not finite, or the iteration did not converge.
    """
    _check_driver("linalg.svd", driver)
    return _ops._linalg_svd(A, full_matrices, out=out)


def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor:
    """The singular values of each matrix, descending."""
    _check_driver("linalg.svdvals", driver)
    return _ops._linalg_svdvals(A, out=out)
