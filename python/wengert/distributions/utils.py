"""What distributions share: broadcasting of parameters, probabilities and logits, cached values."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from numbers import Number
from typing import TYPE_CHECKING, Any

import wengert
from wengert import Tensor
from wengert.nn import functional as F

euler_constant = 0.57721566490153286060

__all__ = [
    "broadcast_all",
    "clamp_probs",
    "lazy_property",
    "logits_to_probs",
    "probs_to_logits",
    "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]


def is_number(value: Any) -> bool:
    # Asking the abstract class takes long.
    return isinstance(value, (float, int)) or (
        not isinstance(value, Tensor) and isinstance(value, Number)
    )


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """The values as tensors of one shape.

    Numbers get the dtype of the first tensor, or the default one where there is none.

    Raises:
        ValueError: a value is neither a number nor a tensor.
    """
    tensors = [v for v in values if isinstance(v, Tensor)]
    if len(tensors) == len(values):
        return wengert.broadcast_tensors(*values)
    if not all(isinstance(v, Tensor) or is_number(v) for v in values):
        raise ValueError(
            "broadcast_all: expected numbers and tensors, but got "
            + ", ".join(type(v).__name__ for v in values)
        )
    dtype = tensors[0].dtype if tensors else wengert.get_default_dtype()
    # Filled, not made of the number: so it may stand in a recorded program.
    return wengert.broadcast_tensors(
        *[v if isinstance(v, Tensor) else wengert.full((), v, dtype=dtype) for v in values]
    )


def standard_normal(shape: Any, like: Tensor) -> Tensor:
    return wengert.randn(shape, dtype=like.dtype)


def standard_uniform(shape: Any, like: Tensor) -> Tensor:
    return wengert.rand(shape, dtype=like.dtype)


def sum_rightmost(value: Tensor, dims: int) -> Tensor:
    """The sum over the last ``dims`` dimensions."""
    if dims == 0:
        return value
    return value.reshape((*tuple(value.shape)[:-dims], -1)).sum(-1)


def nan_where(condition: Tensor, value: Tensor) -> Tensor:
    """The value, not a number where the condition holds."""
    return value.masked_fill(condition, wengert.nan)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities: the sigmoid of each logit, or the softmax over the last dimension."""
    return wengert.sigmoid(logits) if is_binary else F.softmax(logits, dim=-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities kept an epsilon of their dtype away from 0 and 1."""
    eps = wengert.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Logits: log(p / (1 - p)) of each probability, or log(p) where they sum to 1."""
    p = clamp_probs(probs)
    return wengert.log(p) - wengert.log1p(-p) if is_binary else wengert.log(p)


if TYPE_CHECKING:

    def lazy_property(wrapped: Callable[[Any], Any]) -> Any: ...

else:

    class lazy_property:
        """An attribute computed when it is first asked for, with gradients, and then kept."""

        def __init__(self, wrapped):
            self.wrapped = wrapped
            update_wrapper(self, wrapped)

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            if wengert.is_grad_enabled():
                value = self.wrapped(instance)
            else:
                with wengert.enable_grad():
                    value = self.wrapped(instance)
            setattr(instance, self.wrapped.__name__, value)
            return value


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The lower triangle of matrices up to diagonal ``diag``, row after row."""
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = wengert.tril_indices(n, n, diag)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """The square matrices, zero above diagonal ``diag``, whose lower triangles `vec` holds row
    after row."""
    length = vec.shape[-1]
    # length = (n + diag)(n + diag + 1) / 2, less what a positive diag cuts off.
    n = (
        -(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * length + 4 * abs(diag) * (diag + 1)) ** 0.5
    ) / 2
    if round(n) - n > wengert.finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {length} which cannot be expressed as "
            "the lower triangular part of a square D x D matrix."
        )
    n = round(n)
    rows, columns = wengert.tril_indices(n, n, diag)
    position = wengert.zeros(n, n, dtype=wengert.int64)
    position[rows, columns] = wengert.arange(length)
    inside = wengert.ones(n, n, dtype=wengert.bool).tril(diag)
    return wengert.where(inside, vec[..., position], wengert.zeros((), dtype=vec.dtype))
