"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable

from wengert import Tensor
from wengert._core import adagrad_step
from wengert.optim._elementwise import STEP, ElementwiseOptimizer, State
from wengert.optim.optimizer import check_lr, check_not_negative, check_ways

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Adagrad(ElementwiseOptimizer):
    """p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps), with s += g^2 (Duchi et al., 2011).

    Args:
        initial_accumulator_value: what s begins with.
        maximize: go up instead of down.
        foreach, fused: accepted; a step is always one call for all parameters of a group.
        differentiable: record the steps.
    """

    _step = adagrad_step
    _takes_sparse = True
    _states = (STEP, State("sum", "initial_accumulator_value"))
    _options = ("lr", "lr_decay", "weight_decay", "eps", "maximize")

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
        check_ways(foreach, fused, differentiable)
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
        self._gather(self.param_groups[-1]["params"], self.defaults)

    def _gather(self, params: list[Tensor], options: Any) -> tuple:
        # As in PyTorch, all groups begin with the same value.
        return super()._gather(params, self.defaults)

    def _sparse_formula(self, p: Tensor, g: Any, group: dict) -> None:
        if group["weight_decay"] != 0:
            raise RuntimeError("Adagrad: weight_decay is not compatible with sparse gradients")
        self._gather([p], self.defaults)
        state = self._state[p]
        state["step"] += 1
        rate = float(group["lr"]) / (1 + (state["step"].item() - 1) * group["lr_decay"])
        # Each element once: the update is not linear.
        g = g.coalesce()
        where, values = tuple(g.indices()), g.values()
        s = state["sum"][where] + values * values
        state["sum"][where] = s
        p[where] = p[where] - rate * values / (s.sqrt() + group["eps"])

    def _formula(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        s = state["sum"] = state["sum"] + g * g
        t = state["step"].item()
        rate = group["lr"] / (1 + (t - 1) * group["lr_decay"])
        p.sub_(g * rate / (s.sqrt() + group["eps"]))
