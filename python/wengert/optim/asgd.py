"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable

from wengert import Tensor
from wengert._core import asgd_step
from wengert.optim._elementwise import STEP, ElementwiseOptimizer, State
from wengert.optim.optimizer import check_lr, check_not_negative


class ASGD(ElementwiseOptimizer):
    """p = (1 - lambd eta) p - eta g, with eta = lr / (1 + lambd lr t)^alpha, and the mean of the
    latest p in the state "ax" (Polyak and Juditsky, 1992).

    Args:
        t0: ax is p until so many steps are made, their mean from there on.
        maximize: go up instead of down.
        foreach, capturable: accepted; a step is always one call for all parameters of a group.
        differentiable: record the steps.
    """

    _step = asgd_step
    _states = (STEP, State("eta", "lr", number=True), State("mu", 1.0, number=True), State("ax"))
    _options = ("lr", "lambd", "alpha", "t0", "weight_decay", "maximize")

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(weight_decay_value=weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _formula(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        eta, mu, t = (state[name].item() for name in ("eta", "mu", "step"))
        lr, lambd = float(group["lr"]), group["lambd"]
        p.mul_(1 - lambd * eta)
        p.sub_(g * eta)
        state["ax"] = p.clone() if mu == 1 else state["ax"].lerp(p, mu)
        state["eta"] = state["eta"].new_tensor(lr / (1 + lambd * lr * t) ** group["alpha"])
        state["mu"] = state["mu"].new_tensor(1 / max(1, t - group["t0"]))
