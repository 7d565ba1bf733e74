"""Products with sparse matrices."""

from __future__ import annotations

from typing import Any

from wengert import Tensor, arange, no_grad
from wengert import _ops as _C
from wengert.sparse._arithmetic import add, mul
from wengert.sparse._convert import coalesce
from wengert.sparse._places import ranges, sum_by
from wengert.sparse._shape import t
from wengert.sparse._tensor import SparseTensor, function, is_sparse, make, plans


def _check(op: str, a: Any, b: Any, dims: tuple[int, int] = (2, 2)) -> None:
    for name, x, n in (("first", a, dims[0]), ("second", b, dims[1])):
        if x.ndim != n:
            error = IndexError if n == 2 and x.ndim < 2 and name == "second" else RuntimeError
            raise error(
                f"{op}: expected the {name} argument to have {n} dimensions, but got shape "
                f"{tuple(x.shape)}"
            )
        if is_sparse(x) and x.dense_dim():
            raise RuntimeError(f"{op}: expected a matrix of numbers, but got dense blocks")
    if a.shape[-1] != b.shape[0 if b.ndim == 1 else -2]:
        raise RuntimeError(
            f"{op}: the last dimension of {tuple(a.shape)} must equal the first of {tuple(b.shape)}"
        )
    if a.dtype is not b.dtype:
        raise RuntimeError(f"{op}: expected two tensors of one dtype, got {a.dtype} and {b.dtype}")


def _plan(a: SparseTensor, of: str) -> Tensor:
    kept = plans(a)
    if of not in kept:
        (row, column), (n, m) = a._parts[0], a.shape
        kept[of] = (
            _C._sparse_plan(row, column, n, m)
            if of == "rows"
            else _C._sparse_plan(column, row, m, n)
        )
    return kept[of]


def _product(a: SparseTensor, x: Tensor) -> Tensor:
    """The product with a dense matrix."""
    values = a._parts[1]
    if values.dtype.name in ("float16", "bfloat16"):
        single = like_values(a, values.float())
        return _product(single, x.float()).to(x.dtype)
    if values.dtype.name not in ("float32", "float64"):
        row, column = a._parts[0]
        return sum_by(values.unsqueeze(-1) * x.index_select(0, column), row, a.shape[0])
    return _C._sparse_product(_plan(a, "rows"), _plan(a, "columns"), values, x, a.shape[0])


def like_values(a: SparseTensor, values: Tensor) -> SparseTensor:
    """The same matrix with other values."""
    made = make(a._parts[0], values, a.shape, a.is_coalesced())
    made._plans = plans(a)
    return made


def _sparse_product(a: SparseTensor, b: SparseTensor) -> SparseTensor:
    """The product of two sparse matrices: each entry of the first meets the entries of one row of
    the second."""
    (rows, inner), x, _ = a._parts
    (begins, columns), y, _ = b._parts
    with no_grad():
        order = begins.argsort(stable=True)
        begins = begins[order].contiguous()
        inner = inner.contiguous()
        begin = _C.searchsorted(begins, inner)
        count = _C.searchsorted(begins, inner, right=True) - begin
        left = arange(x.shape[0]).repeat_interleave(count)
        right = order[ranges(begin, count)]
        indices = _C.stack([rows[left], columns[right]])
    values = x.index_select(0, left) * y.index_select(0, right)
    return coalesce(make(indices, values, (a.shape[0], b.shape[1])))


@function("mm", "spmm", "dsmm")
def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices of which one at least is sparse; sparse if both are."""
    if not is_sparse(input) and not is_sparse(mat2):
        return _C.mm(input, mat2)
    _check("mm", input, mat2)
    if is_sparse(input):
        return _sparse_product(input, mat2) if is_sparse(mat2) else _product(input, mat2)
    return _product(t(mat2), input.t()).t()


spmm = dsmm = mm


@function()
def mv(input: Any, vec: Any) -> Tensor:
    """The product of a sparse matrix and a dense vector."""
    if is_sparse(vec):
        raise NotImplementedError("mv: expected a dense vector; convert with to_dense()")
    _check("mv", input, vec, (2, 1))
    return _product(input, vec.unsqueeze(-1)).squeeze(-1)


@function()
def bmm(input: Any, mat2: Any) -> Tensor:
    """Products of the matrices of a sparse batch and those of a dense one."""
    if not is_sparse(input) or is_sparse(mat2):
        raise NotImplementedError("bmm: expected a sparse batch and a dense one")
    if input.ndim != 3 or mat2.ndim != 3 or input.dense_dim():
        raise RuntimeError(
            f"bmm: expected batches of matrices, but got shapes {tuple(input.shape)} and "
            f"{tuple(mat2.shape)}"
        )
    (batches, n, m), p = input.shape, mat2.shape[2]
    if mat2.shape[:2] != (batches, m):
        raise RuntimeError(
            f"bmm: expected a second batch ({batches}, {m}, *), but got {tuple(mat2.shape)}"
        )
    # One matrix with those of the batch along its diagonal.
    (batch, row, column), values, _ = input._parts
    places = _C.stack([batch * n + row, batch * m + column])
    diagonal = make(places, values, (batches * n, batches * m))
    return mm(diagonal, mat2.reshape(batches * m, p)).reshape(batches, n, p)


@function()
def matmul(input: Any, other: Any) -> Any:
    """The product of a sparse matrix with a matrix or a vector, from either side."""
    if not isinstance(input, Tensor) or not isinstance(other, Tensor):
        raise TypeError("matmul: expected two tensors")
    if (input.ndim, other.ndim) == (2, 2):
        return mm(input, other)
    if (input.ndim, other.ndim) == (2, 1) and is_sparse(input):
        return mv(input, other)
    if (input.ndim, other.ndim) == (1, 2) and is_sparse(other):
        return mv(t(other), input)
    if (input.ndim, other.ndim) == (3, 3):
        return bmm(input, other)
    raise NotImplementedError(
        f"matmul: not available for shapes {tuple(input.shape)} and {tuple(other.shape)} with "
        "sparse tensors"
    )


@function()
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """beta input + alpha mat1 mat2, with a sparse mat1."""
    if is_sparse(input):
        raise RuntimeError("addmm: expected a dense input; sparse tensors do not expand")
    product = mm(mat1, mat2)
    if input.dtype is not product.dtype:
        raise RuntimeError(
            f"addmm: expected an input of the products' dtype, {product.dtype}, but got "
            f"{input.dtype}"
        )
    if not (product.dtype.is_floating_point or product.dtype.is_complex):
        if beta != int(beta) or alpha != int(alpha):
            raise RuntimeError(
                "addmm: beta and alpha must be whole numbers beside integers, but are "
                f"{beta} and {alpha}"
            )
        beta, alpha = int(beta), int(alpha)
    # What is not added must not be looked at: it may be infinite.
    whole = input.expand(product.shape)
    if beta != 1:
        whole = _C.zeros_like(whole) if beta == 0 else whole * beta
    if is_sparse(product):
        return add(whole, product, alpha=alpha)
    if alpha != 1:
        product = product * alpha
    return product if beta == 0 else whole + product


@function()
def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """input weight^T + bias, where input or weight is a sparse matrix."""
    y = matmul(input, weight.t())
    return y if bias is None else y + bias


def hspmm(mat1: Any, mat2: Tensor) -> SparseTensor:
    """The product of a sparse matrix and a dense one, with only those rows stored that have an
    entry in mat1."""
    mat1 = coalesce(mat1)
    product = mm(mat1, mat2)
    with no_grad():
        rows = mat1._parts[0][0].unique()
    return make(rows.unsqueeze(0), product.index_select(0, rows), product.shape)


@function()
def smm(input: Any, mat: Tensor) -> SparseTensor:
    """As :func:`hspmm`, with both dimensions of the result indexed."""
    rows = hspmm(input, mat)
    (at,), values, _ = rows._parts
    n, p = values.shape
    places = _C.stack([at.repeat_interleave(p), arange(p).repeat(n)])
    return make(places, values.reshape(-1), rows.shape, True)


@function()
@function()
def sspaddmm(
    input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1
) -> SparseTensor:
    """beta input + alpha mat1 mat2 of a dense mat2, all else being sparse."""
    product = smm(mat1, mat2)
    if input.shape != product.shape:
        raise RuntimeError(
            f"sspaddmm: expected an input of shape {tuple(product.shape)}, but got "
            f"{tuple(input.shape)}"
        )
    return add(mul(input, beta), product, alpha=alpha)


saddmm = sspaddmm
