"""Older names of linear algebra, and those that PyTorch has removed."""

from __future__ import annotations

from . import _core
from ._linalg_norms import stored
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops


def lu(A: Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:
    """(LU, pivots), and with get_infos for each matrix 0 or the place of its first zero pivot;
    linalg.lu_factor and linalg.lu_factor_ex are the newer names."""
    result = _ops._linalg_lu_factor_ex(A, pivot=pivot, check_errors=False)
    wanted = tuple(result) if get_infos else tuple(result)[:2]
    if out is None:
        return wanted
    if len(out) != len(wanted):
        raise TypeError(f"lu: expected {len(wanted)} tensors as out, but got {len(out)}")
    return tuple(stored(value, to) for value, to in zip(wanted, out))


def _removed(name: str, instead: str) -> Any:
    def function(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"{name} was removed from PyTorch; use {instead}")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Raises RuntimeError: {instead} took its place."
    return function


eig = _removed("eig", "linalg.eig, whose results are complex")
symeig = _removed("symeig", "linalg.eigh")
solve = _removed("solve", "linalg.solve, whose arguments are the other way round")
lstsq = _removed("lstsq", "linalg.lstsq, whose arguments are the other way round")
matrix_rank = _removed("matrix_rank", "linalg.matrix_rank")

methods = {
    "eig": eig,
    "lstsq": lstsq,
    "lu": lu,
    "solve": solve,
    "symeig": symeig,
}
