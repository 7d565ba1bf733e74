"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wengert import Tensor, zeros_like
from wengert._core import sgd_step
from wengert._tensor import with_gradients
from wengert.optim.optimizer import (
    Optimizer,
    check_lr,
    check_not_differentiable,
    check_not_negative,
)


class SGD(Optimizer):
    """b = momentum b + (1 - dampening) g, then p -= lr b, with g including weight_decay p.

    The first b of a parameter is g. With ``nesterov``, p -= lr (g + momentum b).

    Args:
        maximize: go up instead of down.
        foreach, fused: accepted; a step is always one call for all parameters of a group.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative(momentum_value=momentum, weight_decay_value=weight_decay)
        check_not_differentiable(differentiable)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _gather(self, params: list[Tensor], options: object) -> tuple:
        buffers, fresh = [], []
        for i, p in enumerate(params):
            state = self._state[p]
            if state.get("momentum_buffer") is None:
                state["momentum_buffer"] = zeros_like(p)
                fresh.append(i)
            buffers.append(state["momentum_buffer"])
        return buffers, fresh

    def step(self, closure: Callable | None = None) -> object:
        """Changes the parameters once; returns what ``closure`` returns."""
        loss = None if closure is None else self._evaluate(closure)
        for index, group in enumerate(self.param_groups):
            params, grads = with_gradients(group["params"])
            if not params:
                continue
            lr = group["lr"]
            if lr.__class__ is not float:
                lr = float(lr)
            momentum = group["momentum"]
            dampening = group["dampening"]
            decay, nesterov = group["weight_decay"], group["nesterov"]
            maximize = group["maximize"]
            buffers: list[Tensor] = []
            if momentum != 0:
                buffers, fresh = self._lists(index, params, None)
                if fresh:
                    self._gathered.pop(index, None)
                    if dampening != 0:
                        # The first momentum is the gradient, not dampened.
                        rest = [i for i in range(len(params)) if i not in fresh]
                        some = ([x[i] for i in fresh] for x in (params, grads, buffers))
                        sgd_step(*some, lr, momentum, 0.0, decay, nesterov, maximize)
                        params, grads, buffers = (
                            [x[i] for i in rest] for x in (params, grads, buffers)
                        )
            if params:
                sgd_step(params, grads, buffers, lr, momentum, dampening, decay, nesterov, maximize)
        return loss
