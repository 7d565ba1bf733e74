"""NAdam."""

from __future__ import annotations

from collections.abc import Iterable

from wengert import Tensor
from wengert._core import nadam_step
from wengert.optim._elementwise import STEP, ElementwiseOptimizer, State
from wengert.optim.adam import moments
from wengert.optim.optimizer import check_betas, check_lr, check_not_negative


class NAdam(ElementwiseOptimizer):
    """Adam with Nesterov momentum (Dozat, 2016).

    p -= lr ((1 - mu_t) / (1 - M_t) g + mu_(t+1) / (1 - M_t mu_(t+1)) m) / (sqrt(v') + eps), with
    m, v' as Adam has them, mu_t = b1 (1 - 0.96^(t momentum_decay) / 2) and M_t = mu_1 ... mu_t.

    Args:
        weight_decay: is added to the gradient, times p; with ``decoupled_weight_decay``, p is
            multiplied by 1 - lr weight_decay instead.
        maximize: go up instead of down.
        foreach, capturable: accepted; a step is always one call for all parameters of a group.
        differentiable: record the steps.
    """

    _step = nadam_step
    _states = (STEP, State("mu_product", 1.0, number=True), State("exp_avg"), State("exp_avg_sq"))
    _options = (
        "lr",
        "betas",
        "eps",
        "weight_decay",
        "momentum_decay",
        "maximize",
        "decoupled_weight_decay",
    )

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(epsilon_value=eps)
        check_betas(betas)
        check_not_negative(weight_decay_value=weight_decay, momentum_decay_value=momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _formula(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        m, v = moments(g, state, group["betas"])
        beta1, beta2 = group["betas"]
        lr, t = group["lr"], state["step"].item()
        mu, mu_next = (
            beta1 * (1 - 0.5 * 0.96 ** (k * group["momentum_decay"])) for k in (t, t + 1)
        )
        product = state["mu_product"] = state["mu_product"] * mu
        root = (v / (1 - beta2**t)).sqrt() + group["eps"]
        p.sub_(g * (lr * (1 - mu) / (1 - product)) / root)
        p.sub_(m * (lr * mu_next / (1 - product * mu_next)) / root)
