"""A few eigenpairs of symmetric matrices under PyTorch's name `lobpcg`."""

from __future__ import annotations

from . import _core
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops


def lobpcg(
    A: Tensor,
    k: int | None = None,
    B: Tensor | None = None,
    X: Tensor | None = None,
    n: int | None = None,
    iK: Tensor | None = None,
    niter: int | None = None,
    tol: float | None = None,
    largest: bool | None = None,
    method: str | None = None,
    tracker: Any = None,
    ortho_iparams: dict[str, int] | None = None,
    ortho_fparams: dict[str, float] | None = None,
    ortho_bparams: dict[str, bool] | None = None,
) -> tuple[Tensor, Tensor]:
    """The k largest eigenvalues, descending, of symmetric matrices, and their eigenvectors as
    columns; with largest=False the least ones, ascending.

    Our matrices are dense, so all pairs are found at once by `linalg.eigh` and those asked for are
    taken. What steers an iteration (iK, niter, tol, method, tracker and the ortho_ parameters) has
    no influence, nor have the values of X.

    Args:
        k: how many pairs; by default as many as X has columns, or 1.
        B: positive definite matrices of the generalized problem A x = w B x; the vectors are then
            orthonormal with respect to B.
        n: how many columns an iteration would use; k by default.

    Raises:
        ValueError: the matrices have fewer than 3 n rows.
    """
    if A.ndim < 2:
        raise IndexError(f"lobpcg: expected matrices, but got shape {tuple(A.shape)}")
    m = A.shape[-1]
    if A.shape[-2] != m:
        raise AssertionError(f"lobpcg: expected square matrices, but got shape {tuple(A.shape)}")
    if not A.is_floating_point():
        raise RuntimeError(f"lobpcg: expected a floating point dtype, but got {A.dtype}")
    columns = None if X is None else X.shape[-1]
    k = (1 if columns is None else columns) if k is None else k
    n = (k if columns is None else columns) if n is None else n
    if not 0 < k <= n or m < 3 * n:
        raise ValueError(
            f"lobpcg: expected 0 < k <= n and at least 3 n rows, but k is {k}, n is {n} and A has "
            f"shape {tuple(A.shape)}"
        )
    if B is None:
        values, vectors = _ops._linalg_eigh(A)
    else:
        low = _ops.cholesky(B)
        half = _ops._solve_triangular(low, A, upper=False)
        whole = _ops._solve_triangular(low, half.mT, upper=False)
        values, turned = _ops._linalg_eigh((whole + whole.mT) / 2)
        vectors = _ops._solve_triangular(low.mT, turned, upper=True)
    if largest is None or largest:
        return values[..., m - k :].flip(-1), vectors[..., m - k :].flip(-1)
    return values[..., :k], vectors[..., :k]
