"""Methods that dense tensors share with sparse ones; see `wengert.sparse`."""

from __future__ import annotations

from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _from_package(name: str, doc: str) -> Any:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        from .sparse._tensor import FUNCTIONS

        return FUNCTIONS[name](self, *args, **kwargs)

    method.__name__ = name
    method.__doc__ = doc
    return method


def _refuse(name: str, error: type[Exception]) -> Any:
    def method(self: Tensor) -> Any:
        raise error(f"{name}: expected a sparse tensor, but got a dense one; see to_sparse()")

    method.__name__ = name
    method.__doc__ = f"Of sparse tensors only; raises {error.__name__}."
    return method


def to_dense(self: Tensor, dtype: Any = None, *, masked_grad: bool | None = None) -> Tensor:
    """The tensor itself, converted if a dtype is given."""
    return self if dtype is None else self.to(dtype)


def sparse_dim(self: Tensor) -> int:
    """0: no dimension is indexed."""
    return 0


def dense_dim(self: Tensor) -> int:
    """The number of dimensions."""
    return self.ndim


methods = {
    "is_sparse": property(lambda self: False),
    "is_sparse_csr": property(lambda self: False),
    "to_dense": to_dense,
    "sparse_dim": sparse_dim,
    "dense_dim": dense_dim,
    "to_sparse": _from_package(
        "to_sparse",
        "The elements that are not zero as a sparse tensor whose first sparse_dim dimensions (all "
        "by default) are indexed.",
    ),
    "to_sparse_csr": _from_package(
        "to_sparse_csr", "The elements of a matrix that are not zero, by rows."
    ),
    "sparse_mask": _from_package(
        "sparse_mask", "The elements at the places of a sparse tensor of the same shape."
    ),
    **{
        name: _refuse(name, RuntimeError)
        for name in ("coalesce", "is_coalesced", "indices", "values", "crow_indices", "col_indices")
    },
    **{name: _refuse(name, NotImplementedError) for name in ("_nnz", "_indices", "_values")},
}
