"""RAdam."""

from __future__ import annotations

from collections.abc import Iterable

from wengert import Tensor
from wengert._core import radam_step
from wengert.optim._elementwise import STEP, ElementwiseOptimizer, State
from wengert.optim.adam import moments
from wengert.optim.optimizer import check_betas, check_lr, check_not_negative


class RAdam(ElementwiseOptimizer):
    """Rectified Adam (Liu et al., 2020).

    With n = 2 / (1 - b2) - 1 and n_t = n - 2 t b2^t / (1 - b2^t), and m', v', as Adam has them:
    p -= lr r m' / sqrt(v') with r^2 = (n_t - 4) (n_t - 2) n / ((n - 4) (n - 2) n_t) once n_t is
    more than 5, and p -= lr m' before.

    Args:
        eps: is added to sqrt(v), before its correction.
        weight_decay: is added to the gradient, times p; with ``decoupled_weight_decay``, p is
            multiplied by 1 - lr weight_decay instead.
        maximize: go up instead of down.
        foreach, capturable: accepted; a step is always one call for all parameters of a group.
        differentiable: record the steps.
    """

    _step = radam_step
    _states = (STEP, State("exp_avg"), State("exp_avg_sq"))
    _options = ("lr", "betas", "eps", "weight_decay", "maximize", "decoupled_weight_decay")

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(epsilon_value=eps, weight_decay_value=weight_decay)
        check_betas(betas)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _formula(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        m, v = moments(g, state, group["betas"])
        beta1, beta2 = group["betas"]
        t = state["step"].item()
        rest = 1 - beta2**t
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * t * beta2**t / rest
        d = m * (group["lr"] / (1 - beta1**t))
        if length > 5.0:
            squared = (length - 4) * (length - 2) * longest
            squared /= (longest - 4) * (longest - 2) * length
            d = d * (rest * squared) ** 0.5 / (v.sqrt() + group["eps"])
        p.sub_(d)
