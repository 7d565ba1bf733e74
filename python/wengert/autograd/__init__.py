"""Differentiation: gradients of functions, custom operations, checks and modes."""

from __future__ import annotations

from collections.abc import Sequence

from .. import _core
from .._grad_modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from .._tensor import Tensor
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
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Adds d(sum of tensors * grad_tensors) / d(leaf) to the grad of every leaf they depend on.

    Args:
        tensors: what is differentiated.
        grad_tensors: their gradients; may be left out for tensors with one element.
        retain_graph: keep what the graph has saved, for another pass. Default: create_graph.
        create_graph: make the gradients differentiable.
        inputs: accumulate into these only.
    """
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
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the sum of outputs * grad_outputs with respect to inputs.

    Args:
        create_graph: make the results differentiable.
        allow_unused: give None for inputs that the outputs do not depend on, in place of an error.
        materialize_grads: give zeros for them.
    """
    if is_grads_batched:
        raise NotImplementedError(
            "grad: is_grads_batched is not available; loop over the gradients"
        )
    keep = create_graph if retain_graph is None else retain_graph
    unused = materialize_grads if allow_unused is None else allow_unused
    result = _core.grad(outputs, inputs, grad_outputs, keep, create_graph, unused)
    if materialize_grads:
        wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        result = tuple(_core.ops.zeros_like(i) if g is None else g for g, i in zip(result, wanted))
    return result


class _Hooks:
    """What methods of Tensor written in Cython need from here."""

    @staticmethod
    def backward(
        t: Tensor, gradient: Any, retain_graph: Any, create_graph: Any, inputs: Any
    ) -> None:
        backward(t, gradient, retain_graph, create_graph, inputs)


def __getattr__(name: str) -> Any:
    if name == "profiler":
        from importlib import import_module

        return import_module("wengert.autograd.profiler")
    raise AttributeError(f"module 'wengert.autograd' has no attribute {name!r}", name=name)
