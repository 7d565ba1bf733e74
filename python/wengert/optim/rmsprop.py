"""RMSprop."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wengert import Tensor, zeros_like
from wengert._core import rmsprop_step
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


class RMSprop(Optimizer):
    """p -= lr g / (sqrt(v) + eps), with v = alpha v + (1 - alpha) g^2 (Tieleman and Hinton, 2012).

    Args:
        centered: v is reduced by the square of the running mean of g.
        momentum: p -= lr b instead, with b = momentum b + g / (sqrt(v) + eps).
        maximize: go up instead of down.
        foreach, capturable: accepted; a step is always one call for all parameters of a group.
    """

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
        check_not_differentiable(differentiable)
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

    def _gather(self, params: list[Tensor], options: Any) -> tuple:
        has_momentum, centered = options
        names = ["square_avg"]
        if has_momentum:
            names.append("momentum_buffer")
        if centered:
            names.append("grad_avg")
        lists: dict[str, list] = {"grad_avg": [], "momentum_buffer": [], "square_avg": []}
        steps = []
        for p in params:
            state = self._state[p]
            if "step" not in state:
                state["step"] = new_step()
            steps.append(state["step"])
            for name in names:
                if name not in state:
                    state[name] = zeros_like(p)
                lists[name].append(state[name])
        return lists["square_avg"], lists["grad_avg"], lists["momentum_buffer"], steps

    def step(self, closure: Callable | None = None) -> object:
        """Changes the parameters once; returns what ``closure`` returns."""
        loss = None if closure is None else self._evaluate(closure)
        for index, group in enumerate(self.param_groups):
            params, grads = with_gradients(group["params"])
            if not params:
                continue
            momentum, centered = group["momentum"], group["centered"]
            squares, means, buffers, steps = self._lists(index, params, (momentum > 0, centered))
            rmsprop_step(
                params,
                grads,
                squares,
                means,
                buffers,
                steps,
                float(group["lr"]),
                group["alpha"],
                group["eps"],
                group["weight_decay"],
                momentum,
                centered,
                group["maximize"],
            )
        return loss
