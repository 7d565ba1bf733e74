"""Adadelta."""

from __future__ import annotations

from collections.abc import Iterable

from wengert import Tensor
from wengert._core import adadelta_step
from wengert.optim._elementwise import STEP, ElementwiseOptimizer, State
from wengert.optim.optimizer import check_lr, check_not_negative


class Adadelta(ElementwiseOptimizer):
    """p -= lr d, with v = rho v + (1 - rho) g^2, d = sqrt(u + eps) / sqrt(v + eps) g and then
    u = rho u + (1 - rho) d^2 (Zeiler, 2012).

    Args:
        maximize: go up instead of down.
        foreach, capturable: accepted; a step is always one call for all parameters of a group.
        differentiable: record the steps.
    """

    _step = adadelta_step
    _states = (STEP, State("square_avg"), State("acc_delta"))
    _options = ("lr", "rho", "eps", "weight_decay", "maximize")

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative(epsilon_value=eps, weight_decay_value=weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _formula(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        rho, eps = group["rho"], group["eps"]
        v = state["square_avg"] = state["square_avg"] * rho + g * g * (1 - rho)
        u = state["acc_delta"]
        d = (u + eps).sqrt() / (v + eps).sqrt() * g
        state["acc_delta"] = u * rho + d * d * (1 - rho)
        p.sub_(d * group["lr"])
