"""Sparse tensors: those of which only the elements that are not zero are stored.

``wengert.sparse_coo_tensor(indices, values, size)`` makes one, ``to_sparse()`` and ``to_dense()``
convert. Products with dense matrices, sums, softmax and arithmetic are differentiable; the
gradients of ``Embedding(sparse=True)`` are sparse.
"""

from __future__ import annotations

from wengert import Tensor
from wengert.sparse import (
    _autograd,
    _convert,
    _csr,
    _in_place,
    _make,
    _products,
    _reductions,
    _shape,
    _tensor,
)
from wengert.sparse._make import check_sparse_tensor_invariants, spdiags
from wengert.sparse._softmax import log_softmax, softmax

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Those that nothing here is taken from are loaded for what they declare.
_LOADED = _autograd, _convert, _in_place, _shape

__all__ = [
    "addmm",
    "check_sparse_tensor_invariants",
    "log_softmax",
    "mm",
    "sampled_addmm",
    "softmax",
    "spdiags",
    "sum",
    *_make.TYPES,
]

globals().update(_make.TYPES)


def mm(mat1: Tensor, mat2: Tensor, reduce: str | None = None) -> Tensor:
    """The product of a sparse matrix and a dense or a sparse one, sparse if both are.

    The gradient of a sparse leaf is sparse, with the places that the leaf has.

    Raises:
        NotImplementedError: ``reduce`` is given, which only matrices by rows take.
    """
    if reduce is not None:
        raise NotImplementedError(f"sparse.mm: reduce={reduce!r} is not available")
    return _products.mm(mat1, mat2)


def addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1.0, alpha: float = 1.0
) -> Tensor:
    """beta input + alpha mat1 mat2, with a sparse mat1 and the others dense."""
    return _products.addmm(input, mat1, mat2, beta=beta, alpha=alpha)


def sum(input: Tensor, dim: Any = None, dtype: Any = None) -> Tensor:
    """The sum of all elements, or over some dimensions: sparse, unless no indexed one is left."""
    if not _tensor.is_sparse(input):
        error = RuntimeError if dim is None else NotImplementedError
        raise error("sparse.sum: expected a sparse tensor, but got a dense one")
    return _reductions.sum(input, dim, dtype=dtype)


def sampled_addmm(
    input: Tensor,
    mat1: Tensor,
    mat2: Tensor,
    *,
    beta: float = 1.0,
    alpha: float = 1.0,
    out: None = None,
) -> Tensor:
    """beta input + alpha mat1 mat2 at the places of ``input``, a sparse matrix by rows."""
    return _csr.sampled_addmm(input, mat1, mat2, beta, alpha)
