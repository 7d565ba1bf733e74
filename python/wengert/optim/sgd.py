"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable

from wengert import Tensor
from wengert._core import sgd_step
from wengert.optim._elementwise import ElementwiseOptimizer, State
from wengert.optim.optimizer import check_lr, check_not_negative, check_ways

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class SGD(ElementwiseOptimizer):
    """b = momentum b + (1 - dampening) g, then p -= lr b, with g including weight_decay p.

    The first b of a parameter is g. With ``nesterov``, p -= lr (g + momentum b).

    Args:
        maximize: go up instead of down.
        foreach, fused: accepted; a step is always one call for all parameters of a group.
        differentiable: record the steps.
    """

    _states = (State("momentum_buffer", when="momentum", late=True),)
    _step = sgd_step
    _takes_sparse = True
    _options = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")
    # Ids of those of the parameters gathered last whose momentum begins, where this makes a
    # difference: it is the gradient, neither dampened nor recorded.
    _fresh: frozenset[int] = frozenset()

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
        check_ways(foreach, fused, differentiable)
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

    def _gather(self, params: list[Tensor], options: Any) -> tuple:
        special = options["momentum"] != 0 and (
            options["dampening"] != 0 or options["differentiable"]
        )
        self._fresh = frozenset(
            id(p)
            for p in (params if special else ())
            if self._state.get(p, {}).get("momentum_buffer") is None
        )
        self.__dict__.pop("_step", None)
        if self._fresh:
            self.__dict__["_step"] = self._first_step
        return super()._gather(params, options)

    def _first_step(self, params: list, grads: list, states: tuple, options: tuple) -> None:
        lr, momentum, dampening, *rest = options
        lists = params, grads, *states
        fresh, others = (
            [i for i, p in enumerate(params) if (id(p) in self._fresh) == new]
            for new in (True, False)
        )
        for some, damped in ((fresh, 0.0), (others, dampening)):
            p, g, buffers = ([x[i] for i in some] for x in lists)
            sgd_step(p, g, (buffers,), (lr, momentum, damped, *rest))
        self._fresh = frozenset()
        del self.__dict__["_step"]

    def _sparse_formula(self, p: Tensor, g: Any, group: dict) -> None:
        momentum = group["momentum"]
        if group["weight_decay"] != 0:
            raise RuntimeError("SGD: weight_decay is not compatible with sparse gradients")
        if momentum != 0:
            g = g.coalesce()  # the buffer grows by new places only
            state = self._state[p]
            b = state.get("momentum_buffer")
            if b is None:
                b = state["momentum_buffer"] = g.detach().clone()
            else:
                b.mul_(momentum).add_(g, alpha=1 - group["dampening"])
            g = g.add(b, alpha=momentum) if group["nesterov"] else b
        p.add_(g, alpha=-float(group["lr"]))

    def _formula(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        momentum = group["momentum"]
        if momentum != 0:
            if id(p) in self._fresh:
                b = g.detach().clone()
            else:
                b = state["momentum_buffer"] * momentum + g * (1 - group["dampening"])
            state["momentum_buffer"] = b
            g = g + b * momentum if group["nesterov"] else b
        p.sub_(g * group["lr"])
