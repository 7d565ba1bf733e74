"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable

from wengert import Tensor
from wengert._core import rmsprop_step
from wengert.optim._elementwise import STEP, ElementwiseOptimizer, State
from wengert.optim.optimizer import check_lr, check_not_negative


class RMSprop(ElementwiseOptimizer):
    """p -= lr g / (sqrt(v) + eps), with v = alpha v + (1 - alpha) g^2 (Tieleman and Hinton, 2012).

    Args:
        centered: v is reduced by the square of the running mean of g.
        momentum: p -= lr b instead, with b = momentum b + g / (sqrt(v) + eps).
        maximize: go up instead of down.
        foreach, capturable: accepted; a step is always one call for all parameters of a group.
        differentiable: record the steps.
    """

    _step = rmsprop_step
    _states = (
        STEP,
        State("square_avg"),
        State("momentum_buffer", when="momentum"),
        State("grad_avg", when="centered"),
    )
    _options = ("lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize")

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(
            epsilon_value=eps,
            momentum_value=momentum,
            weight_decay_value=weight_decay,
            alpha_value=alpha,
        )
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _formula(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        alpha, momentum = group["alpha"], group["momentum"]
        v = state["square_avg"] = state["square_avg"] * alpha + g * g * (1 - alpha)
        if group["centered"]:
            m = state["grad_avg"] = state["grad_avg"].lerp(g, 1 - alpha)
            v = v - m * m
        d = g / (v.sqrt() + group["eps"])
        if momentum > 0:
            d = state["momentum_buffer"] = state["momentum_buffer"] * momentum + d
        p.sub_(d * group["lr"])
