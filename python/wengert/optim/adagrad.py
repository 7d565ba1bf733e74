"""Adagrad."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wengert import Tensor, full_like
from wengert._core import adagrad_step
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


class Adagrad(Optimizer):
    """p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps), with s += g^2 (Duchi et al., 2011).

    Args:
        initial_accumulator_value: what s begins with.
        maximize: go up instead of down.
        foreach, fused: accepted; a step is always one call for all parameters of a group.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative(
            lr_decay_value=lr_decay,
            weight_decay_value=weight_decay,
            initial_accumulator_value_value=initial_accumulator_value,
            epsilon_value=eps,
        )
        check_not_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict) -> None:
        """Adds a group, whose sums begin at once."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        self._gather(group["params"], group["initial_accumulator_value"])

    def _gather(self, params: list[Tensor], options: Any) -> tuple:
        state = self._state
        for p in params:
            if "step" not in state[p]:
                state[p]["step"] = new_step()
            if "sum" not in state[p]:
                state[p]["sum"] = full_like(p.detach(), options)
        return [state[p]["sum"] for p in params], [state[p]["step"] for p in params]

    def step(self, closure: Callable | None = None) -> object:
        """Changes the parameters once; returns what ``closure`` returns."""
        loss = None if closure is None else self._evaluate(closure)
        for index, group in enumerate(self.param_groups):
            params, grads = with_gradients(group["params"])
            if not params:
                continue
            sums, steps = self._lists(index, params, group["initial_accumulator_value"])
            adagrad_step(
                params,
                grads,
                sums,
                steps,
                float(group["lr"]),
                group["lr_decay"],
                group["weight_decay"],
                group["eps"],
                group["maximize"],
            )
        return loss
