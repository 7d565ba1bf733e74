"""SparseAdam."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from wengert import Tensor, no_grad, zeros_like
from wengert._tensor import with_gradients
from wengert.optim._loading import Entry
from wengert.optim.optimizer import Optimizer, check_betas, check_one_element

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class SparseAdam(Optimizer):
    """Adam for sparse gradients: of the parameter and its means, only those elements are touched
    of which the gradient says something; the others neither move nor fade.

    Args:
        maximize: go up instead of down.
    """

    _options = ("lr", "betas", "eps")

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        check_one_element(lr)
        if not lr > 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps > 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        for i, group in enumerate(self.param_groups):
            for k, p in enumerate(group["params"]):
                if p.is_sparse:
                    raise ValueError(
                        f"Sparse params at indices [{[i, k]}]: SparseAdam requires dense parameter "
                        "tensors"
                    )
                if p.is_complex():
                    raise ValueError(
                        f"Complex params at indices [{[i, k]}]: SparseAdam does not support "
                        "complex parameters"
                    )

    def step(self, closure: Callable | None = None) -> object:
        """Changes the parameters once; returns what ``closure`` returns.

        Raises:
            RuntimeError: a gradient is dense.
        """
        loss = None if closure is None else self._evaluate(closure)
        with no_grad():
            for group in self.param_groups:
                params, grads = with_gradients(group["params"], True)
                if not all(g.is_sparse for g in grads):
                    raise RuntimeError(
                        "SparseAdam does not support dense gradients, please consider Adam instead"
                    )
                for p, g in zip(params, grads, strict=True):
                    # Each element once: the update is not linear.
                    each: Any = g.coalesce()
                    self._update(p, tuple(each.indices()), each.values(), group)
        return loss

    def _entries(self, p: Tensor, group: dict, saved: dict) -> list[Entry]:
        return [Entry("step", None), Entry("exp_avg", p.shape), Entry("exp_avg_sq", p.shape)]

    def _update(self, p: Tensor, where: tuple, g: Tensor, group: dict) -> None:
        """One step of the elements ``p[where]``, no two the same, whose gradients are ``g``."""
        state = self.state[p]
        if not state:
            state["step"] = 0
            state["exp_avg"], state["exp_avg_sq"] = zeros_like(p), zeros_like(p)
        state["step"] += 1
        if g.numel() == 0:
            return
        if group["maximize"]:
            g = -g
        beta1, beta2 = group["betas"]
        m = state["exp_avg"][where].lerp(g, 1 - beta1)
        v = state["exp_avg_sq"][where].lerp(g * g, 1 - beta2)
        state["exp_avg"][where], state["exp_avg_sq"][where] = m, v
        t = state["step"]
        rate = float(group["lr"]) * math.sqrt(1 - beta2**t) / (1 - beta1**t)
        p[where] = p[where] - rate * m / (v.sqrt() + group["eps"])
