"""Differentiation of and by sparse tensors, which is that of and by their values."""

from __future__ import annotations

from typing import Any

from wengert import Tensor
from wengert.sparse._convert import sparse_mask
from wengert.sparse._tensor import is_sparse


def _list(value: Any) -> list[Any] | None:
    return None if value is None else [value] if isinstance(value, Tensor) else list(value)


def on_values(tensors: Any, gradients: Any, inputs: Any) -> tuple[Any, Any, Any]:
    """The arguments of a backward pass with values in place of sparse tensors."""
    tensors, inputs = _list(tensors), _list(inputs)
    gradients = [gradients] if isinstance(gradients, Tensor) else gradients
    if gradients is not None:
        gradients = [
            sparse_mask(g, t)._parts[1] if is_sparse(t) and g is not None else g
            for g, t in zip(gradients, tensors or (), strict=False)
        ] + list(gradients)[len(tensors or ()) :]
    return _values(tensors), gradients, _values(inputs)


def _values(tensors: list[Any] | None) -> list[Any] | None:
    return tensors and [t._parts[1] if is_sparse(t) else t for t in tensors]


def of_inputs(inputs: Any, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
    """The gradients of the inputs from those of their values."""
    return tuple(
        t._gradient(g) if is_sparse(t) and g is not None else g
        for t, g in zip(_list(inputs) or (), gradients, strict=True)
    )


def values_of(arguments: Any) -> list[Tensor]:
    """The values in place of sparse tensors among the arguments of a custom function."""
    return [a._parts[1] if is_sparse(a) else a for a in arguments]


def masked(argument: Any, gradient: Any) -> Any:
    """The gradient of the values of a custom function's argument from that of the argument."""
    if gradient is None or not is_sparse(argument):
        return gradient
    return sparse_mask(gradient, argument)._parts[1]
