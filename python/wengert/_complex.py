"""Properties and methods of Tensor that are about complex numbers."""

from __future__ import annotations

from . import _ops
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["adjoint", "is_conj", "is_neg", "isreal", "resolve_neg"]


def isreal(input: Tensor) -> Tensor:
    """Whether each element is real: bool, of input's shape."""
    if input.is_complex():
        return _ops.imag(input).eq(0)
    return input.eq(input).logical_or(True)


def is_conj(input: Tensor) -> bool:
    """False: conjugates are computed at once."""
    return False


def is_neg(input: Tensor) -> bool:
    """False: negatives are computed at once."""
    return False


def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself: negatives are computed at once."""
    return input


def adjoint(input: Tensor) -> Tensor:
    """The conjugate of matrices with their last two dimensions exchanged."""
    if input.ndim < 2:
        raise RuntimeError(
            f"adjoint: expected at least 2 dimensions, but got shape {tuple(input.shape)}"
        )
    return input.transpose(-2, -1).conj()


def _part(take: Any, name: str) -> property:
    def put(self: Tensor, value: Any) -> None:
        take(self).copy_(value if isinstance(value, Tensor) else take(self).new_tensor(value))

    return property(lambda self: take(self), put, doc=f"The {name} part, sharing memory.")


def _hermitian(self: Tensor) -> Tensor:
    if self.ndim not in (0, 2):
        raise RuntimeError(
            f"H: expected a matrix, but got shape {tuple(self.shape)}; use mH for batches"
        )
    return self.conj() if self.ndim == 0 else adjoint(self)


methods = {
    "real": _part(_ops.real, "real"),
    "imag": _part(_ops.imag, "imaginary"),
    "H": property(_hermitian, doc="The conjugate transpose of a matrix."),
    "mH": property(adjoint, doc="The conjugate transpose of each matrix of a batch."),
    "adjoint": adjoint,
    "isreal": isreal,
    "is_conj": is_conj,
    "is_neg": is_neg,
    "resolve_neg": resolve_neg,
}
