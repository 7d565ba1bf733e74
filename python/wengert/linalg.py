"""Linear algebra."""

from __future__ import annotations

from . import _core
from ._pointwise import multi_dot
from ._tensor import Tensor

_ops = _core.ops

__all__ = ["cross", "matmul", "multi_dot", "vecdot"]

matmul = _ops.matmul


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """Cross products along a dimension of size 3."""
    return _ops._linalg_cross(input, other, dim=dim)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Sums of products along a dimension; the others broadcast."""
    return (x * y).sum(dim)


# What other parts of the core bring, where it is there.
for _name in ("norm", "vector_norm", "matrix_norm", "diagonal"):
    if hasattr(_ops, f"_linalg_{_name}"):
        globals()[_name] = getattr(_ops, f"_linalg_{_name}")
        __all__.append(_name)
