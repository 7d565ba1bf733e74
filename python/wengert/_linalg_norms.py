"""Norms of vectors and matrices, and condition numbers."""

from __future__ import annotations

from . import _core
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops
_INFINITE = float("inf")


def stored(result: Tensor, out: Tensor | None) -> Tensor:
    """The result, in `out` where there is one, which takes its shape."""
    if out is None:
        return result
    if out.shape != result.shape:
        out.resize_(result.shape)
    return out.copy_(result)


def vector_norm(
    x: Tensor,
    ord: float = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Norm of order ord over the given dimensions, or all, as one vector; real for complex x."""
    along = () if dim is None else dim
    return _ops._vector_norm(x, ord, along, keepdim, dtype=dtype, out=out)


def _dimensions(op: str, A: Tensor, dim: Any) -> tuple[int, int]:
    """The two dimensions, counted from the front."""
    if isinstance(dim, int):
        raise TypeError(f"{op}: expected two dimensions, but dim is {dim}")
    if A.ndim < 2:
        raise RuntimeError(f"{op}: expected matrices, but got shape {tuple(A.shape)}")
    if len(dim) != 2:
        raise RuntimeError(f"{op}: dim must name two dimensions, but is {tuple(dim)}")
    for d in dim:
        if not -A.ndim <= d < A.ndim:
            raise IndexError(f"{op}: dimension {d} is out of range for shape {tuple(A.shape)}")
    rows, columns = (d % A.ndim for d in dim)
    if rows == columns:
        raise RuntimeError(f"{op}: the two dimensions must differ, but dim is {tuple(dim)}")
    return rows, columns


def matrix_norm(
    A: Tensor,
    ord: float | str = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Norm of matrices.

    Args:
        ord: "fro" (the elements as a vector), "nuc" (the sum of the singular values), 2 and -2
            (the greatest and the least of them), 1 and -1 (greatest and least sum of absolute
            values of a column), inf and -inf (of a row).
        dim: the dimensions of rows and columns.
    """
    op = "linalg.matrix_norm"
    rows, columns = _dimensions(op, A, dim)
    if not (A.is_floating_point() or A.is_complex()):
        raise RuntimeError(f"{op}: expected a floating point or complex dtype, but got {A.dtype}")
    if ord == "fro":
        return vector_norm(A, 2, (rows, columns), keepdim, dtype=dtype, out=out)
    if ord == "nuc" or (not isinstance(ord, str) and abs(ord) == 2):
        if dtype is not None:
            if dtype.is_complex != A.is_complex() or _core.promote_types(A.dtype, dtype) != dtype:
                raise RuntimeError(f"{op}: {A.dtype} cannot be converted to {dtype} without loss")
            A = A.to(dtype)
        matrices = A.movedim((rows, columns), (-2, -1))
        values = _ops._linalg_svdvals(matrices)
        if ord == "nuc" or (ord == 2 and values.shape[-1] == 0):
            result = values.sum(-1)
        else:
            result = (_ops.amax if ord == 2 else _ops.amin)(values, -1)
        if keepdim:
            first, second = sorted((rows, columns))
            result = result.unsqueeze(first).unsqueeze(second)
        return stored(result, out)
    if isinstance(ord, str) or abs(ord) not in (1, _INFINITE):
        raise RuntimeError(
            f"{op}: order {ord!r} is not available; use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        )
    summed, kept = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = vector_norm(A, 1, summed, True, dtype=dtype)
    if ord > 0 and sums.shape[kept] == 0:
        result = sums.sum(kept, True)
    else:
        result = (_ops.amax if ord > 0 else _ops.amin)(sums, kept, True)
    return stored(result if keepdim else _ops.squeeze(result, (rows, columns)), out)


def norm(
    A: Tensor,
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
) -> Tensor:
    """Norm of a vector, or of a matrix where ord is given for two dimensions."""
    dims = (dim,) if isinstance(dim, int) else dim
    if dims is not None and len(dims) not in (1, 2):
        raise RuntimeError(f"linalg.norm: dim must name one or two dimensions, but is {dim}")
    if ord is None:
        return vector_norm(A, 2, dims, keepdim, dtype=dtype, out=out)
    if dims is None and A.ndim not in (1, 2):
        raise RuntimeError(
            "linalg.norm: with ord and without dim the input must have 1 or 2 dimensions, but has "
            f"shape {tuple(A.shape)}"
        )
    count = A.ndim if dims is None else len(dims)
    if isinstance(ord, str) or count == 2:
        return matrix_norm(
            A, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype, out=out
        )
    return vector_norm(A, ord, dims, keepdim, dtype=dtype, out=out)


def nuclear_norm(
    input: Tensor, dim: Any = (-2, -1), keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The sum of the singular values; linalg.matrix_norm is the newer name."""
    if isinstance(dim, bool):
        dim, keepdim = (-2, -1), dim
    return matrix_norm(input, "nuc", dim, keepdim, out=out)


def frobenius_norm(
    input: Tensor, dim: Any = (), keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The root of the sum of squares; linalg.vector_norm is the newer name."""
    return vector_norm(input, 2, dim, keepdim, out=out)


def cond(A: Tensor, p: Any = None, *, out: Tensor | None = None) -> Tensor:
    """The condition number of matrices: the norm of each times that of its inverse, infinite where
    it is singular.

    Args:
        p: the order, as in `matrix_norm`; with None (the same as 2), 2 or -2 the matrices need not
            be square.

    Raises:
        RuntimeError: matrices are not square, or p is not an order.
    """
    op = "linalg.cond"
    if A.ndim < 2:
        raise RuntimeError(f"{op}: expected matrices, but got shape {tuple(A.shape)}")
    order = 2 if p is None else p
    known = order in ("fro", "nuc") if isinstance(order, str) else abs(order) in (1, 2, _INFINITE)
    if not known:
        raise RuntimeError(
            f"{op}: order {p!r} is not available; use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        )
    if A.numel() == 0:
        dtype = A.abs().dtype
        return stored(_ops.zeros(A.shape[:-2], dtype=dtype), out)
    if not isinstance(order, str) and abs(order) == 2:
        values = _ops._linalg_svdvals(A)
        ends = values[..., 0], values[..., -1]
        return stored(ends[0] / ends[1] if order == 2 else ends[1] / ends[0], out)
    if A.shape[-1] != A.shape[-2]:
        raise RuntimeError(f"{op}: expected square matrices, but got shape {tuple(A.shape)}")
    inverse, info = _ops._linalg_inv_ex(A)
    product = matrix_norm(A, order) * matrix_norm(inverse, order)
    singular = info != 0
    if bool(singular.any()):
        product = product.masked_fill(singular, _INFINITE)
    return stored(product, out)
