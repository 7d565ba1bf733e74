"""Differentiation: gradients of functions, custom operations, checks and modes."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

from .. import _core
from .._grad_modes import (
    enable_grad,
    inference_mode,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from .._tensor import Tensor
from ._node import GradientEdge, stand_ins
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
    "set_multithreading_enabled",
]


def _warn_of_cycle(stacklevel: int) -> None:
    warnings.warn(
        "backward: with create_graph=True the grad of a leaf holds the graph that holds the leaf; "
        "use autograd.grad, or set the grads to None afterwards, to free the memory",
        stacklevel=stacklevel + 1,
    )


def backward(
    tensors: Tensor | GradientEdge | Sequence[Tensor | GradientEdge],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Tensor | Sequence[Tensor | None] | None = None,
    inputs: Any = None,
) -> None:
    """Adds d(sum of tensors * grad_tensors) / d(leaf) to the grad of every leaf they depend on.

    Args:
        tensors: what is differentiated: tensors or `graph.GradientEdge`.
        grad_tensors: their gradients; may be left out for tensors with one element.
        retain_graph: keep what the graph has saved, for another pass. Default: create_graph.
        create_graph: make the gradients differentiable.
        grad_variables: the old name of grad_tensors.
        inputs: accumulate into these only.
    """
    if grad_variables is not None:
        warnings.warn(
            "backward: grad_variables is the old name of grad_tensors", FutureWarning, stacklevel=2
        )
        if grad_tensors is not None:
            raise RuntimeError("backward: give grad_tensors or grad_variables, not both")
        grad_tensors = grad_variables
    if isinstance(inputs, dict):
        inputs = list(inputs.values())
    inputs, tensors = stand_ins(inputs), stand_ins(tensors)
    if inputs is not None and not isinstance(inputs, Tensor) and not inputs:
        raise RuntimeError("backward: inputs must not be empty; leave it out for all leaves")
    if create_graph:
        _warn_of_cycle(2)
    if not isinstance(tensors, Tensor) and not tensors:
        return
    keep = create_graph if retain_graph is None else retain_graph
    sparse = sys.modules.get("wengert.sparse._autograd")
    if sparse is not None:
        tensors, grad_tensors, inputs = sparse.on_values(tensors, grad_tensors, inputs)
    _core.backward(tensors, grad_tensors, keep, create_graph, inputs)


def grad(
    outputs: Tensor | GradientEdge | Sequence[Tensor | GradientEdge],
    inputs: Any,
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradients of the sum of outputs * grad_outputs with respect to inputs: a tuple, or a dict
    where inputs is one.

    Args:
        outputs, inputs: tensors or `graph.GradientEdge`.
        create_graph: make the results differentiable.
        only_inputs: takes no other value; here for programs that write it.
        allow_unused: give None for inputs that the outputs do not depend on, in place of an error.
        is_grads_batched: grad_outputs have a further first dimension, and so have the results: one
            product for each of its elements.
        materialize_grads: give zeros for them.
    """
    if isinstance(inputs, dict):
        found = grad(
            outputs,
            list(inputs.values()),
            grad_outputs,
            retain_graph,
            create_graph,
            only_inputs,
            allow_unused,
            is_grads_batched,
            materialize_grads,
        )
        return dict(zip(inputs, found))
    if materialize_grads and allow_unused is False:
        raise ValueError("grad: materialize_grads=True needs allow_unused=True, or leave it out")
    if not only_inputs:
        warnings.warn(
            "grad: only_inputs=False has no effect; use backward to accumulate into leaves",
            FutureWarning,
            stacklevel=2,
        )
    outputs, inputs = stand_ins(outputs), stand_ins(inputs)
    keep = create_graph if retain_graph is None else retain_graph
    unused = materialize_grads if allow_unused is None else allow_unused
    if is_grads_batched:
        result = _batched_grad(outputs, inputs, grad_outputs, keep, create_graph, unused)
    else:
        result = _grad(outputs, inputs, grad_outputs, keep, create_graph, unused)
    if materialize_grads:
        wanted = [inputs] if isinstance(inputs, Tensor) else inputs
        result = tuple(_core.ops.zeros_like(i) if g is None else g for g, i in zip(result, wanted))
    return result


def _grad(
    outputs: Any, inputs: Any, grad_outputs: Any, keep: bool, create_graph: bool, unused: bool
) -> tuple[Any, ...]:
    sparse = sys.modules.get("wengert.sparse._autograd")
    if sparse is None:
        return _core.grad(outputs, inputs, grad_outputs, keep, create_graph, unused)
    dense = sparse.on_values(outputs, grad_outputs, inputs)
    result = _core.grad(dense[0], dense[2], dense[1], keep, create_graph, unused)
    return sparse.of_inputs(inputs, result)


def _batched_grad(
    outputs: Any, inputs: Any, grad_outputs: Any, keep: bool, create_graph: bool, unused: bool
) -> tuple[Any, ...]:
    several = isinstance(grad_outputs, (tuple, list))
    batches = list(grad_outputs) if several else [grad_outputs]
    counts = {len(b) for b in batches if b is not None}
    if not counts:
        raise RuntimeError("grad: is_grads_batched=True needs grad_outputs")
    if len(counts) > 1:
        raise ValueError(
            f"grad: the first dimensions of batched grad_outputs differ: {sorted(counts)}"
        )
    count = counts.pop()
    if count == 0:
        wanted = [inputs] if isinstance(inputs, Tensor) else inputs
        return tuple(_core.ops.zeros((0, *i.shape), dtype=i.dtype) for i in wanted)
    each = [
        _grad(
            outputs,
            inputs,
            [None if b is None else b[i] for b in batches],
            keep or i + 1 < count,
            create_graph,
            unused,
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
        if create_graph:
            _warn_of_cycle(2)
        keep = create_graph if retain_graph is None else retain_graph
        wanted = stand_ins(list(inputs.values()) if isinstance(inputs, dict) else inputs)
        if not isinstance(wanted, Tensor) and not wanted:
            raise RuntimeError("backward: inputs must not be empty; leave it out for all leaves")
        sparse = sys.modules.get("wengert.sparse._autograd")
        tensors: Any = t
        if sparse is not None:
            tensors, gradient, wanted = sparse.on_values(t, gradient, wanted)
        _core.backward(tensors, gradient, keep, create_graph, wanted)

    @staticmethod
    def warn_of_cycle() -> None:
        _warn_of_cycle(2)


_MODULES = ("forward_ad", "functional", "grad_mode", "graph", "profiler", "profiler_util")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        from importlib import import_module

        return import_module(f"wengert.autograd.{name}")
    raise AttributeError(f"module 'wengert.autograd' has no attribute {name!r}", name=name)
