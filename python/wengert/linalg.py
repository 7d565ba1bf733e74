"""Linear algebra."""

from __future__ import annotations

from . import _core
from ._linalg_derived import (
    lstsq,
    matrix_power,
    matrix_rank,
    pinv,
    tensorinv,
    tensorsolve,
    vander,
)
from ._linalg_norms import cond, matrix_norm, norm, stored, vector_norm
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
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "ldl_factor",
    "ldl_factor_ex",
    "ldl_solve",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
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


def cross(input: Tensor, other: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """Cross products along a dimension of size 3; both have equally many dimensions."""
    if input.ndim != other.ndim:
        raise RuntimeError(
            "linalg.cross: expected equally many dimensions, but got shapes "
            f"{tuple(input.shape)} and {tuple(other.shape)}"
        )
    return stored(_ops._linalg_cross(input, other, dim=dim), out)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """Sums of products along a dimension, x being conjugated; the others broadcast."""
    if not (x.is_floating_point() or x.is_complex()):
        raise RuntimeError(f"linalg.vecdot: expected a floating point dtype, but got {x.dtype}")
    return stored((_ops.conj(x) * y).sum(dim), out)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonal of each matrix as a new last dimension; shares memory."""
    return _ops.diagonal(A, offset, dim1, dim2)


def cholesky(A: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:
    """The lower triangular L with L L^H = A, or the upper U with U^H U = A, for each matrix.

    That triangle of A alone is read; its gradient is symmetric (Hermitian for complex A).

    Raises:
        LinAlgError: a matrix is not positive definite.
    """
    return _ops.cholesky(A, upper) if out is None else _ops.cholesky(A, upper, out=out)


def cholesky_ex(
    A: Tensor, *, upper: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """`cholesky` without an error: a named tuple of the factor ``L`` and ``info``, which holds for
    each matrix 0 or the order of its first leading minor that is not positive.

    Raises:
        LinAlgError: a matrix is not positive definite, with check_errors.
    """
    return _ops._cholesky_ex(A, upper=upper, check_errors=check_errors, out=out)


def solve_triangular(
    A: Tensor,
    B: Tensor,
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """X with A X = B, or X A = B where not left, of triangular A; leading dimensions broadcast.

    The other triangle of A is not read, nor the diagonal where unitriangular: it counts as ones.
    """
    return _ops._solve_triangular(
        A, B, upper=upper, left=left, unitriangular=unitriangular, out=out
    )


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
    the conjugate transpose of A in its place with adjoint."""
    return _ops._linalg_lu_solve(LU, pivots, B, left=left, adjoint=adjoint, out=out)


def qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Any:
    """Q with orthonormal columns and the upper triangular R with A = Q R.

    mode "reduced" gives Q as many columns as A has rows or columns, whichever are fewer,
    "complete" makes it square, and "r" leaves it empty. Signs are LAPACK's.
    """
    return _ops._linalg_qr(A, mode, out=out)


def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Any:
    """Ascending eigenvalues and the eigenvectors, as columns, of symmetric or Hermitian matrices,
    of which one triangle, "L" or "U", is read.

    Gradients that depend on the signs of vectors, or on vectors of equal eigenvalues, have no
    meaning; backward raises RuntimeError where they depend on the phases of complex vectors.

    Raises:
        LinAlgError: elements are not finite, or the iteration did not converge.
    """
    return _ops._linalg_eigh(A, UPLO, out=out)


def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor:
    """The ascending eigenvalues of symmetric matrices, of which one triangle is read."""
    return _ops._linalg_eigvalsh(A, UPLO, out=out)


def eig(A: Tensor, *, out: Any = None) -> Any:
    """The eigenvalues and the eigenvectors, as columns of length 1, of square matrices; both are
    complex.

    Gradients that depend on the phases of vectors, or on vectors of equal eigenvalues, have no
    meaning.

    Raises:
        RuntimeError: elements are not finite.
        LinAlgError: the iteration did not converge.
    """
    return _ops._linalg_eig(A, out=out)


def eigvals(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of square matrices, complex, in no order."""
    return _ops._linalg_eigvals(A, out=out)


def matrix_exp(A: Tensor) -> Tensor:
    """The exponential of each square matrix: the sum of A^k / k!."""
    return _ops.matrix_exp(A)


def householder_product(A: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The first columns of H_1 ... H_k, H_i = 1 - tau_i v_i v_i^H, where v_i stands below the
    diagonal of column i of A, on which it is 1; k is the last size of tau."""
    return _ops._linalg_householder_product(A, tau, out=out)


def ldl_factor(A: Tensor, *, hermitian: bool = False, out: Any = None) -> Any:
    """The factors of symmetric matrices, A = L D L^T with exchanges of rows, in one matrix, and the
    exchanges, as LAPACK has them. The lower triangle is read; A = L D L^H where hermitian.

    Raises:
        LinAlgError: D has a zero on its diagonal.
    """
    return _ops._linalg_ldl_factor(A, hermitian=hermitian, out=out)


def ldl_factor_ex(
    A: Tensor, *, hermitian: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """`ldl_factor` without an error: ``LD``, ``pivots`` and ``info``, which holds for each matrix 0
    or the place of the first zero of D."""
    return _ops._linalg_ldl_factor_ex(A, hermitian=hermitian, check_errors=check_errors, out=out)


def ldl_solve(
    LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False, out: Tensor | None = None
) -> Tensor:
    """X with A X = B from the factors that `ldl_factor` gives; leading dimensions broadcast."""
    return _ops._linalg_ldl_solve(LD, pivots, B, hermitian=hermitian, out=out)


def _check_driver(op: str, driver: str | None) -> None:
    if driver is not None:
        raise RuntimeError(f"{op}: driver= is for GPUs; on the CPU it must be None")


def svd(
    A: Tensor, full_matrices: bool = True, *, driver: str | None = None, out: Any = None
) -> Any:
    """U, S, Vh with A = U diag(S) Vh, Vh being V^H; the singular values S descend, and without
    full_matrices U and Vh have as many columns and rows as there are values.

    Raises:
        LinAlgError: elements are not finite, or the iteration did not converge.
    """
    _check_driver("linalg.svd", driver)
    return _ops._linalg_svd(A, full_matrices, out=out)


def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor:
    """The singular values of each matrix, descending."""
    _check_driver("linalg.svdvals", driver)
    return _ops._linalg_svdvals(A, out=out)
