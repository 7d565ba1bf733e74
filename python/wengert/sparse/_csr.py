"""Sparse matrices by rows (CSR): where each row begins among the columns and values."""

from __future__ import annotations

from typing import Any

from wengert import Tensor, arange, no_grad
from wengert import _ops as _C
from wengert._creation import _check_device, as_tensor
from wengert._legacy import _dtypes
from wengert._legacy_methods import sparse_csr
from wengert.sparse._convert import coalesce
from wengert.sparse._make import own_values
from wengert.sparse._tensor import SparseTensor, function, is_sparse, like


class SparseCsrTensor(SparseTensor):
    """A sparse matrix by rows. What can be done with it is what can be done with its entries."""

    layout = sparse_csr
    is_sparse = False
    is_sparse_csr = True

    def crow_indices(self) -> Tensor:
        """Where the entries of each row begin, and where those of the last one end."""
        rows = self._parts[0][0]
        return _C.searchsorted(rows.contiguous(), arange(self.shape[0] + 1))

    def col_indices(self) -> Tensor:
        """The column of each entry."""
        return self._parts[0][1]

    def indices(self) -> Tensor:
        raise RuntimeError("indices: a matrix by rows has crow_indices() and col_indices()")

    _indices = indices

    def _values(self) -> Tensor:
        return self._parts[1].detach()

    def coalesce(self) -> Any:
        raise RuntimeError("coalesce: not available for a matrix by rows")

    def is_coalesced(self) -> bool:
        raise RuntimeError("is_coalesced: not available for a matrix by rows")

    def __repr__(self) -> str:
        from wengert.sparse._printing import text_of

        parts = (
            ("crow_indices", self.crow_indices()),
            ("col_indices", self.col_indices()),
            ("values", self._values()),
        )
        return text_of(self, parts)

    def __reduce_ex__(self, protocol: Any) -> Any:
        _, values, _ = self._parts
        parts = self.crow_indices(), self.col_indices(), values.detach(), tuple(self.shape)
        return _rebuild, (*parts, self.requires_grad)


@function()
def to_sparse_csr(self: Any, dense_dim: int | None = None) -> SparseCsrTensor:
    """A matrix by rows: its elements that are not zero, or those that are stored."""
    if self.ndim != 2 or dense_dim or (is_sparse(self) and self.dense_dim()):
        raise RuntimeError(
            f"to_sparse_csr: expected a matrix of numbers, but got shape {tuple(self.shape)}"
        )
    if isinstance(self, SparseCsrTensor):
        return self
    indices, values, _ = coalesce(self if is_sparse(self) else self.to_sparse())._parts
    return SparseCsrTensor(indices, values, tuple(self.shape), True)


def to_coo(t: SparseCsrTensor) -> SparseTensor:
    """The same entries with two indices each."""
    indices, values, _ = t._parts
    made = SparseTensor(indices, values, tuple(t.shape), True)
    made._plans = like(t, values)._plans
    return made


def sparse_csr_tensor(
    crow_indices: Any,
    col_indices: Any,
    values: Any,
    size: Any = None,
    *,
    dtype: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
    check_invariants: bool | None = None,
) -> Tensor:
    """The matrix whose row r has ``values[k]`` in column ``col_indices[k]`` for k from
    ``crow_indices[r]`` to ``crow_indices[r + 1] - 1``, and zeros elsewhere.

    Raises:
        RuntimeError: the parts do not fit together.
    """
    op = "sparse_csr_tensor"
    _check_device(device)
    with no_grad():
        first, column = (as_tensor(x).to(_dtypes["int64"]) for x in (crow_indices, col_indices))
        values = own_values(values, dtype, requires_grad)
        if (first.ndim, column.ndim, values.ndim) != (1, 1, 1) or first.numel() == 0:
            raise RuntimeError(
                f"{op}: expected crow_indices, col_indices and values of 1 dimension"
            )
        count = column.numel()
        if values.numel() != count:
            raise RuntimeError(f"{op}: got {count} columns, but {values.numel()} values")
        each = first[1:] - first[:-1]
        if int(first[0]) != 0 or int(first[-1]) != count or bool((each < 0).any()):
            raise RuntimeError(f"{op}: crow_indices must rise from 0 to {count}")
        widest = int(column.max()) + 1 if count else 0
        shape = (first.numel() - 1, widest) if size is None else tuple(int(s) for s in size)
        if len(shape) != 2 or shape[0] != first.numel() - 1:
            raise RuntimeError(
                f"{op}: expected a size of {first.numel() - 1} rows and the columns, got {shape}"
            )
        if widest > shape[1] or (count and int(column.min()) < 0):
            raise RuntimeError(f"{op}: a column is outside of the size {shape}")
        row = arange(shape[0]).repeat_interleave(each)
        if bool(((row[1:] == row[:-1]) & (column[1:] <= column[:-1])).any()):
            raise RuntimeError(f"{op}: the columns of a row must rise")
        indices = _C.stack([row, column])
    return SparseCsrTensor(indices, values, shape, True)  # type: ignore[return-value]


def sampled_addmm(input: Any, mat1: Tensor, mat2: Tensor, beta: float, alpha: float) -> Any:
    """beta input + alpha mat1 mat2 at the places of input."""
    if not isinstance(input, SparseCsrTensor):
        raise NotImplementedError("sampled_addmm: expected a sparse matrix by rows as its input")
    (row, column), values, _ = input._parts
    if mat1.ndim != 2 or mat2.ndim != 2 or mat1.shape[1] != mat2.shape[0]:
        raise RuntimeError(
            f"sampled_addmm: expected two matrices that fit, but got {tuple(mat1.shape)} and "
            f"{tuple(mat2.shape)}"
        )
    if (mat1.shape[0], mat2.shape[1]) != tuple(input.shape):
        raise RuntimeError(f"sampled_addmm: the product must have shape {tuple(input.shape)}")
    inner = (mat1.index_select(0, row) * mat2.t().index_select(0, column)).sum(-1)
    return like(input, beta * values + alpha * inner)


def _rebuild(
    first: Tensor, column: Tensor, values: Tensor, shape: tuple[int, ...], requires_grad: bool
) -> Tensor:
    return sparse_csr_tensor(first, column, values, shape, requires_grad=requires_grad)
