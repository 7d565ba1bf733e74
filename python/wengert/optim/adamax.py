"""Adamax."""

from __future__ import annotations

from collections.abc import Iterable

from wengert import Tensor
from wengert._core import adamax_step
from wengert._ops import maximum
from wengert.optim._elementwise import STEP, ElementwiseOptimizer, State
from wengert.optim.optimizer import check_betas, check_lr, check_not_negative


class Adamax(ElementwiseOptimizer):
    """p -= lr / (1 - b1^t) m / u, with m = b1 m + (1 - b1) g and u = max(b2 u, |g| + eps): Adam
    with the largest instead of the mean square (Kingma and Ba, 2015).

    Args:
        maximize: go up instead of down.
        foreach, capturable: accepted; a step is always one call for all parameters of a group.
        differentiable: record the steps.
    """

    _step = adamax_step
    _states = (STEP, State("exp_avg"), State("exp_inf"))
    _options = ("lr", "betas", "eps", "weight_decay", "maximize")

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(epsilon_value=eps, weight_decay_value=weight_decay)
        check_betas(betas)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _formula(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        beta1, beta2 = group["betas"]
        m = state["exp_avg"] = state["exp_avg"].lerp(g, 1 - beta1)
        u = state["exp_inf"] = maximum(state["exp_inf"] * beta2, g.abs() + group["eps"])
        p.sub_(m * (group["lr"] / (1 - beta1 ** state["step"].item())) / u)
