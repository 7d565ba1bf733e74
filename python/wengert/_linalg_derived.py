"""Linear algebra composed of factorizations: pseudo-inverses, ranks, powers, tensor equations."""

from __future__ import annotations

from math import prod

from . import _core
from ._linalg_norms import stored
from ._settings import finfo
from ._tensor import Tensor
from .autograd import Function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops


def _check_square(op: str, A: Tensor) -> None:
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise RuntimeError(f"{op}: expected square matrices, but got shape {tuple(A.shape)}")


def _kept(A: Tensor, sizes: Tensor, atol: Any, rtol: Any) -> Tensor:
    """Which values count as other than zero: those above max(atol, rtol * the largest)."""
    if rtol is None:
        default = finfo(sizes.dtype).eps * max(A.shape[-2:])
        if isinstance(atol, Tensor):
            rtol = _ops.zeros_like(atol).masked_fill(atol <= 0, default)
        else:
            rtol = 0.0 if atol is not None and atol > 0 else default
    atol = 0.0 if atol is None else atol
    if sizes.shape[-1] == 0:
        return sizes > 0
    largest = sizes.amax(-1)
    least = largest * rtol
    least = _ops.maximum(least, atol) if isinstance(atol, Tensor) else least.clamp(min=atol)
    return sizes > least.unsqueeze(-1)


def _pinv_value(A: Tensor, atol: Any, rtol: Any, hermitian: bool) -> Tensor:
    if hermitian:
        values, vectors = _ops._linalg_eigh(A)
        keep = _kept(A, values.abs(), atol, rtol)
        inverse = _ops._where(keep, 1 / values, _ops.zeros_like(values))
        return (vectors * inverse.unsqueeze(-2)) @ vectors.mH
    u, s, vh = _ops._linalg_svd(A, False)
    inverse = _ops._where(_kept(A, s, atol, rtol), 1 / s, _ops.zeros_like(s))
    return (vh.mH * inverse.unsqueeze(-2)) @ u.mH


class _Pinv(Function):
    """Golub & Pereyra, "The differentiation of pseudo-inverses" (1973): unlike the derivative of
    the factors it is finite for equal singular values."""

    @staticmethod
    def forward(ctx: Any, A: Tensor, atol: Any, rtol: Any, hermitian: bool) -> Tensor:
        P = _pinv_value(A, atol, rtol, hermitian)
        ctx.save_for_backward(A, P)
        return P

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        A, P = ctx.saved_tensors
        G, Ph = grads[0].mH, P.mH
        left, right = G @ P, P @ G
        result = (left - A @ (P @ left)) @ Ph + Ph @ (right - right @ P @ A) - Ph @ grads[0] @ Ph
        return result, None, None, None


def pinv(
    A: Tensor,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """The Moore-Penrose inverse of each matrix.

    Singular values (eigenvalues where hermitian) up to max(atol, rtol * the largest) count as zero;
    rtol is eps * max(rows, columns) where neither is given. rcond is an older name of rtol.
    """
    rtol = rcond if rtol is None else rtol
    if A.ndim < 2:
        raise RuntimeError(f"linalg.pinv: expected matrices, but got shape {tuple(A.shape)}")
    if hermitian:
        _check_square("linalg.pinv", A)
    pinv = _pinv_value if _core._is_transforming() else _Pinv.apply
    result = pinv(A, atol, rtol, hermitian)
    return stored(result, out)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The Moore-Penrose inverse; singular values up to rcond times the largest count as zero."""
    return pinv(input, rcond)


def matrix_rank(
    A: Tensor,
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """How many singular values (absolute eigenvalues where hermitian) of each matrix lie above
    max(atol, rtol * the largest), as for `pinv`; tol is atol with rtol = 0."""
    if tol is not None:
        atol, rtol = tol, 0.0
    A = A.detach()
    if hermitian:
        _check_square("linalg.matrix_rank", A)
    sizes = _ops._linalg_eigvalsh(A).abs() if hermitian else _ops._linalg_svdvals(A)
    result = _kept(A, sizes, atol, rtol).sum(-1)
    return stored(result, out)


def matrix_power(A: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """The n-th power of square matrices; of their inverses where n is negative."""
    return _ops.matrix_power(A, n, out=out)


def lstsq(A: Tensor, B: Tensor, rcond: Any = None, *, driver: str | None = None) -> Any:
    """The X of least norm among those for which |A X - B| is least: a named tuple ``solution``,
    ``residuals`` (squared, where A has more rows than columns and full rank), ``rank`` and
    ``singular_values``, each empty where the driver does not give it.

    Args:
        B: matrices, or vectors with one dimension less than A.
        rcond: singular values up to rcond times the largest count as zero; eps times the greater
            size by default.
        driver: "gelsy" (QR with pivoting, the default), "gels" (QR; A must have full rank), "gelsd"
            or "gelss" (singular values).

    Raises:
        LinAlgError: A has not full rank (gels), or elements are not finite.
    """
    if isinstance(rcond, Tensor):
        rcond = rcond.item()
    return _ops._linalg_lstsq(A, B, rcond, "gelsy" if driver is None else driver)


def tensorinv(A: Tensor, ind: int = 2, *, out: Tensor | None = None) -> Tensor:
    """The inverse of the linear map from the last dimensions of A to its first ind ones."""
    if ind <= 0:
        raise RuntimeError(f"linalg.tensorinv: expected ind to be positive, but it is {ind}")
    first, last = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    if prod(first) != prod(last):
        raise RuntimeError(
            f"linalg.tensorinv: the first {ind} dimensions of {tuple(A.shape)} must have as many "
            "elements as the others"
        )
    result = _ops._linalg_inv(A.reshape(prod(first), prod(last))).reshape(last + first)
    return stored(result, out)


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None, *, out: Tensor | None = None) -> Tensor:
    """X with tensordot(A, X, X.ndim) = B; the dimensions `dims` of A are first moved to its end."""
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(A.ndim - len(dims), A.ndim)))
    rest = tuple(A.shape[B.ndim :])
    if prod(rest) != B.numel() or A.numel() != B.numel() ** 2:
        raise RuntimeError(
            f"linalg.tensorsolve: A of shape {tuple(A.shape)} does not belong to B of shape "
            f"{tuple(B.shape)}: it must have as many elements as the square of B"
        )
    flat = _ops._linalg_solve(A.reshape(B.numel(), B.numel()), B.reshape(B.numel()))
    result = flat.reshape(rest)
    return stored(result, out)


def vander(x: Tensor, N: int | None = None) -> Tensor:
    """Powers 0 to N - 1 of each element of x along a new last dimension; N is x's last size."""
    return _ops._linalg_vander(x, N)
