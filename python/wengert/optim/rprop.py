"""Rprop."""

from __future__ import annotations

from collections.abc import Iterable

from wengert import Tensor, ones_like
from wengert._core import rprop_step
from wengert._ops import where
from wengert.optim._elementwise import STEP, ElementwiseOptimizer, State
from wengert.optim.optimizer import check_lr


class Rprop(ElementwiseOptimizer):
    """p -= s sign(g), where s grows while g keeps its sign (Riedmiller and Braun, 1993).

    Args:
        lr: the first s.
        etas: s is multiplied by the second where g has the sign it had, by the first where it has
            the other; there, no step is made.
        step_sizes: the smallest and the largest s.
        maximize: go up instead of down.
        foreach, capturable: accepted; a step is always one call for all parameters of a group.
        differentiable: record the steps.
    """

    _step = rprop_step
    _states = (STEP, State("prev"), State("step_size", "lr"))
    _options = ("lr", "etas", "step_sizes", "maximize")

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _formula(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        down, up = group["etas"]
        product = g * state["prev"]
        size = state["step_size"]
        size = size * where(product > 0, up, where(product < 0, down, ones_like(size)))
        size = size.clamp(*group["step_sizes"])
        used = where(product < 0, 0.0, g)
        state["step_size"], state["prev"] = size, used
        p.sub_(used.sign() * size)
