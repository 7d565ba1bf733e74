"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wengert import Tensor, zeros_like
from wengert._core import adam_step
from wengert._tensor import with_gradients
from wengert.optim.optimizer import (
    Optimizer,
    check_lr,
    check_not_differentiable,
    check_not_negative,
    new_step,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Adam(Optimizer):
    """p -= lr m' / (sqrt(v') + eps), with m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2 and
    m' = m / (1 - b1^t), v' = v / (1 - b2^t) (Kingma and Ba, 2015).

    Args:
        weight_decay: is added to the gradient, times p; with ``decoupled_weight_decay``, p is
            multiplied by 1 - lr weight_decay instead.
        amsgrad: v' is the largest so far (Reddi et al., 2018).
        maximize: go up instead of down.
        foreach, capturable, fused: accepted; a step is always one call for all parameters of a
            group.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
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
        check_lr(lr)
        check_not_negative(epsilon_value=eps, weight_decay_value=weight_decay)
        check_not_differentiable(differentiable)
        for i, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
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

    def _gather(self, params: list[Tensor], amsgrad: Any) -> tuple:
        steps, means, squares, largest = [], [], [], []
        for p in params:
            state = self._state[p]
            if not state:
                state["step"] = new_step()
                state["exp_avg"] = zeros_like(p)
                state["exp_avg_sq"] = zeros_like(p)
            if amsgrad:
                if "max_exp_avg_sq" not in state:
                    state["max_exp_avg_sq"] = zeros_like(p)
                largest.append(state["max_exp_avg_sq"])
            steps.append(state["step"])
            means.append(state["exp_avg"])
            squares.append(state["exp_avg_sq"])
        return means, squares, largest, steps

    def step(self, closure: Callable | None = None) -> object:
        """Changes the parameters once; returns what ``closure`` returns."""
        loss = None if closure is None else self._evaluate(closure)
        for index, group in enumerate(self.param_groups):
            params, grads = with_gradients(group["params"])
            if not params:
                continue
            amsgrad = group["amsgrad"]
            means, squares, largest, steps = self._lists(index, params, amsgrad)
            lr = group["lr"]
            if lr.__class__ is not float:
                lr = float(lr)
            beta1, beta2 = group["betas"]
            adam_step(
                params,
                grads,
                means,
                squares,
                largest,
                steps,
                lr,
                beta1,
                beta2,
                group["eps"],
                group["weight_decay"],
                amsgrad,
                group["maximize"],
                group["decoupled_weight_decay"],
            )
        return loss


class AdamW(Adam):
    """Adam whose weight decay is apart from the gradient (Loshchilov and Hutter, 2019)."""

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
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
