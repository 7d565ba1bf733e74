"""Differentiation: gradients of functions, custom operations, checks and modes."""

from __future__ import annotations

from collections.abc import Sequence

from .. import _core
from .._grad_modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from .._tensor import Tensor
from . import forward_ad as forward_ad
from .anomaly import detect_anomaly, set_detect_anomaly
from .function import Function
from .gradcheck import gradcheck, gradgradcheck
from .variable import Variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Tensor | Sequence[Tensor | None] | None = None,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Adds d(sum of tensors * grad_tensors) / d(leaf) to the grad of every leaf they depend on.

    Args:
        tensors: what is differentiated.
        grad_tensors: their gradients; may be left out for tensors with one element.
        retain_graph: keep what the graph has saved, for another pass. Default: create_graph.
        create_graph: make the gradients differentiable.
        grad_variables: the old name of grad_tensors.
        inputs: accumulate into these only.
    """
    if grad_variables is not None:
        if grad_tensors is not None:
            raise RuntimeError("backward: give grad_tensors or grad_variables, not both")
        grad_tensors = grad_variables
    if inputs is not None and not isinstance(inputs, Tensor) and not inputs:
        raise RuntimeError("backward: inputs must not be empty; leave it out for all leaves")
    keep = create_graph if retain_graph is None else retain_graph
    _core.backward(tensors, grad_tensors, keep, create_graph, inputs)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the sum of outputs * grad_outputs with respect to inputs.

    Args:
        create_graph: make the results differentiable.
        only_inputs: takes no other value; here for programs that write it.
        allow_unused: give None for inputs that the outputs do not depend on, in place of an error.
        is_grads_batched: grad_outputs have a further first dimension, and so have the results: one
            product for each of its elements.
        materialize_grads: give zeros for them.
    """
    keep = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched_grad(
            outputs, inputs, grad_outputs, keep, create_graph, allow_unused, materialize_grads
        )
    unused = materialize_grads if allow_unused is None else allow_unused
    result = _core.grad(outputs, inputs, grad_outputs, keep, create_graph, unused)
    if materialize_grads:
        wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        result = tuple(_core.ops.zeros_like(i) if g is None else g for g, i in zip(result, wanted))
    return result


def _batched_grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any,
    keep: bool,
    create_graph: bool,
    allow_unused: bool | None,
    materialize_grads: bool,
) -> tuple[Any, ...]:
    batches = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    count = len(next(b for b in batches if b is not None))
    each = [
        grad(
            outputs,
            inputs,
            [None if b is None else b[i] for b in batches],
            keep or i + 1 < count,
            create_graph,
            allow_unused=allow_unused,
            materialize_grads=materialize_grads,
        )
        for i in range(count)
    ]
    return tuple(None if g[0] is None else _core.ops.stack(g) for g in zip(*each))


class _Hooks:
    """What methods of Tensor written in Cython need from here."""

    @staticmethod
    def backward(
        t: Tensor, gradient: Any, retain_graph: Any, create_graph: Any, inputs: Any
    ) -> None:
        backward(t, gradient, retain_graph, create_graph, inputs=inputs)


def __getattr__(name: str) -> Any:
    if name == "profiler":
        from importlib import import_module

        return import_module("wengert.autograd.profiler")
    raise AttributeError(f"module 'wengert.autograd' has no attribute {name!r}", name=name)
