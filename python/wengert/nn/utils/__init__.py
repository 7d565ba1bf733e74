"""Helpers for the parameters and gradients of a model."""

from __future__ import annotations

from collections.abc import Iterable

from wengert import Tensor
from wengert import _ops as _C
from wengert.nn.utils import rnn as rnn
from wengert.nn.utils.clip_grad import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "vector_to_parameters",
]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements of the parameters in one vector, part of the graph."""
    return _C.cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Gives the parameters the elements of ``vec``, in order, as their new data."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected Tensor, but got: {type(vec).__name__}")
    begin = 0
    for p in parameters:
        end = begin + p.numel()
        p.data = vec[begin:end].reshape(p.shape).data
        begin = end
