"""The largest singular values by random projection."""

from __future__ import annotations

from . import _core
from ._tensor import Tensor

_ops = _core.ops


def _random(shape: tuple[int, ...], like: Tensor) -> Tensor:
    values = _ops.empty(shape, dtype=like.dtype)
    (_ops.view_as_real(values) if values.is_complex() else values).normal_()
    return values


def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """U, S, V with U diag(S) V^H close to A, the q largest singular values descending.

    Args:
        q: how many values; a little more than the rank of A.
        niter: steps of subspace iteration; each makes the result more exact.
        M: subtracted from A; a row or a column broadcasts.

    Source: Halko, Martinsson & Tropp, "Finding structure with randomness" (2009), algorithms 4.4
    and 5.1.
    """
    q = 6 if q is None else q
    niter = 2 if niter is None else niter
    if A.ndim < 2:
        raise ValueError(f"svd_lowrank: expected matrices, but got shape {tuple(A.shape)}")
    if M is not None:
        A = A - M
    if A.shape[-2] < A.shape[-1]:
        V, S, U = _tall(A.mH, q, niter)
        return U, S, V
    return _tall(A, q, niter)


def _tall(A: Tensor, q: int, niter: int) -> tuple[Tensor, Tensor, Tensor]:
    test = _random((*A.shape[:-2], A.shape[-1], q), A)
    Q, _ = _ops._linalg_qr(A @ test)
    for _ in range(niter):
        Q, _ = _ops._linalg_qr(A.mH @ Q)
        Q, _ = _ops._linalg_qr(A @ Q)
    U, S, Vh = _ops._linalg_svd(Q.mH @ A, False)
    return Q @ U, S, Vh.mH


def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """U, S, V as `svd_lowrank` has them, of A less the mean of its rows: the columns of V are the
    principal directions.

    Args:
        q: how many; the least of 6 and the sizes by default.
        center: False if the means are zero already.

    Raises:
        ValueError: q is out of range, or niter is negative.
        RuntimeError: the elements are not floating point.
    """
    if not (A.is_floating_point() or A.is_complex()):
        raise RuntimeError(f"pca_lowrank: expected a floating point dtype, but got {A.dtype}")
    m, n = A.shape[-2:]
    q = min(6, m, n) if q is None else q
    if not 0 <= q <= min(m, n):
        raise ValueError(f"pca_lowrank: expected 0 <= q <= {min(m, n)}, but q is {q}")
    if niter < 0:
        raise ValueError(f"pca_lowrank: expected niter to be at least 0, but it is {niter}")
    return svd_lowrank(A - A.mean(-2, True) if center else A, q, niter)
