"""Module backward hooks: identities in the graph before and after a module's forward."""

from __future__ import annotations

from collections.abc import Callable

from wengert import Tensor
from wengert.autograd import Function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Gate(Function):
    """Hands its inputs on; in backward, hands on what ``callback`` makes of the gradients."""

    generate_vmap_rule = True

    @staticmethod
    def forward(ctx: Any, callback: Callable, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        ctx.callback = callback
        return tuple(t.view_as(t) for t in tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple:
        return (None, *ctx.callback(grads))

    @staticmethod
    def jvp(ctx: Any, _: None, *tangents: Tensor | None) -> tuple:
        return tangents


def _through_gate(values: tuple, callback: Callable) -> tuple[tuple, list[int]]:
    """``values`` with the tensors that require a gradient passed through one gate."""
    where = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad]
    if not where:
        return values, where
    out = list(values)
    for i, t in zip(where, _Gate.apply(callback, *(values[i] for i in where)), strict=True):
        out[i] = t
    return tuple(out), where


def _spread(length: int, where: list[int], values: tuple) -> tuple:
    out = [None] * length
    for i, v in zip(where, values, strict=True):
        out[i] = v
    return tuple(out)


def _replaced(name: str, grads: tuple, changed: object) -> tuple:
    if changed is None:
        return grads
    if not isinstance(changed, tuple):
        changed = (changed,)
    if len(changed) != len(grads):
        raise RuntimeError(
            f"{name}: expected {len(grads)} gradients in place of the given ones, got "
            f"{len(changed)}; return one for each, or None to keep them"
        )
    return changed


class BackwardBoundary:
    """One forward call whose backward pass runs the module's backward hooks."""

    def __init__(self, module: object, hooks: list, pre_hooks: list) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.input_count = 0
        self.input_at: list[int] = []
        self.output_count = 0
        self.output_at: list[int] = []
        self.grad_output: tuple = ()

    def enter(self, args: tuple) -> tuple:
        """The arguments for ``forward``."""
        self.input_count = len(args)
        if not self.hooks:
            return args
        args, self.input_at = _through_gate(args, self._at_inputs)
        return args

    def leave(self, result: object) -> object:
        """The result of the call."""
        outputs = result if isinstance(result, tuple) else (result,)
        self.output_count = len(outputs)
        outputs, self.output_at = _through_gate(outputs, self._at_outputs)
        return outputs if isinstance(result, tuple) else outputs[0]

    def _at_outputs(self, grads: tuple) -> tuple:
        grads = _spread(self.output_count, self.output_at, grads)
        for hook in self.pre_hooks:
            grads = _replaced("full_backward_pre_hook", grads, hook(self.module, grads))
        self.grad_output = grads
        if self.hooks and not self.input_at:
            self._run((None,) * self.input_count)
        return tuple(grads[i] for i in self.output_at)

    def _at_inputs(self, grads: tuple) -> tuple:
        grads = self._run(_spread(self.input_count, self.input_at, grads))
        self.grad_output = ()
        return tuple(grads[i] for i in self.input_at)

    def _run(self, grad_input: tuple) -> tuple:
        for hook in self.hooks:
            changed = hook(self.module, grad_input, self.grad_output)
            grad_input = _replaced("full_backward_hook", grad_input, changed)
        return grad_input
