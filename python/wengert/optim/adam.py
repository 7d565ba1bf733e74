"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Iterable

from wengert import Tensor
from wengert._core import adam_step
from wengert._ops import maximum
from wengert.optim._elementwise import STEP, ElementwiseOptimizer, State
from wengert.optim.optimizer import check_betas, check_lr, check_not_negative, check_ways


def moments(g: Tensor, state: dict, betas: tuple) -> tuple[Tensor, Tensor]:
    """The running means of g and of its square, recorded."""
    beta1, beta2 = betas
    m = state["exp_avg"] = state["exp_avg"].lerp(g, 1 - beta1)
    v = state["exp_avg_sq"] = state["exp_avg_sq"] * beta2 + g * g * (1 - beta2)
    return m, v


class Adam(ElementwiseOptimizer):
    """p -= lr m' / (sqrt(v') + eps), with m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2 and
    m' = m / (1 - b1^t), v' = v / (1 - b2^t) (Kingma and Ba, 2015).

    Args:
        weight_decay: is added to the gradient, times p; with ``decoupled_weight_decay``, p is
            multiplied by 1 - lr weight_decay instead.
        amsgrad: v' is the largest so far (Reddi et al., 2018).
        maximize: go up instead of down.
        foreach, capturable, fused: accepted; a step is always one call for all parameters of a
            group.
        differentiable: record the steps.
    """

    _step = adam_step
    _states = (
        STEP,
        State("exp_avg"),
        State("exp_avg_sq"),
        State("max_exp_avg_sq", when="amsgrad"),
    )
    _options = (
        "lr",
        "betas",
        "eps",
        "weight_decay",
        "amsgrad",
        "maximize",
        "decoupled_weight_decay",
    )

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError(
                "lr as a Tensor is not supported for capturable=False and foreach=True"
            )
        check_lr(lr)
        check_not_negative(epsilon_value=eps, weight_decay_value=weight_decay)
        check_ways(foreach, fused, differentiable)
        check_betas(betas)
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        if isinstance(betas[0], Tensor) and foreach and not capturable:
            raise ValueError(
                "betas as Tensors are not supported for capturable=False and foreach=True"
            )
        first, second = betas
        if isinstance(first, Tensor) and isinstance(second, Tensor):
            betas = first.squeeze(), second.squeeze()
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _formula(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        m, v = moments(g, state, group["betas"])
        beta1, beta2 = group["betas"]
        t = state["step"].item()
        if group["amsgrad"]:
            v = state["max_exp_avg_sq"] = maximum(state["max_exp_avg_sq"], v)
        root = v.sqrt() / (1 - beta2**t) ** 0.5
        p.sub_(m * (group["lr"] / (1 - beta1**t)) / (root + group["eps"]))


class AdamW(Adam):
    """Adam whose weight decay is apart from the gradient (Loshchilov and Hutter, 2019)."""

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
