"""Muon."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from wengert import Tensor, no_grad, zeros_like
from wengert._tensor import with_gradients
from wengert.optim._loading import Entry
from wengert.optim.optimizer import Optimizer, check_one_element


def _orthogonal(x: Tensor, coefficients: tuple, steps: int, eps: float) -> Tensor:
    """U V^T of the singular value decomposition of x, roughly: a Newton-Schulz iteration in
    bfloat16, which takes the singular values near 1."""
    if steps >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(coefficients) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    a, b, c = coefficients
    tall = x.size(0) > x.size(1)
    y = _rounded(x.T if tall else x)
    y = _rounded(y / _rounded(y.norm()).clamp(min=eps))
    for _ in range(steps):
        gram = _rounded(y @ y.T)
        y = _rounded(y.addmm(_rounded(gram.addmm(gram, gram, beta=b, alpha=c)), y, beta=a))
    return (y.T if tall else y).to(x.dtype)


def _rounded(x: Tensor) -> Tensor:
    # Numbers of bfloat16 in float32, in which the products are computed.
    return x.bfloat16().float()


def _adjusted(lr: float, name: str | None, shape: tuple) -> float:
    rows, columns = shape[:2]
    if name == "match_rms_adamw":
        return lr * 0.2 * math.sqrt(max(rows, columns))
    return lr * math.sqrt(max(1, rows / columns))


class Muon(Optimizer):
    """b = momentum b + (1 - momentum) g, then p -= lr' O(b), where O makes the singular values of a
    matrix about 1, after p was multiplied by 1 - lr weight_decay (Jordan et al., 2024).

    For matrices only: the weights of hidden layers.

    Args:
        nesterov: O((1 - momentum) g + momentum b) instead.
        ns_coefficients: a, b, c of the iteration y = a y + (b G + c G^2) y with G = y y^T.
        eps: the smallest norm a matrix is divided by.
        ns_steps: the number of iterations.
        adjust_lr_fn: "original" (or None): lr' = lr sqrt(max(1, rows / columns));
            "match_rms_adamw": lr' = 0.2 lr sqrt(max(rows, columns)).
    """

    _options = (
        "lr",
        "weight_decay",
        "momentum",
        "nesterov",
        "ns_coefficients",
        "eps",
        "ns_steps",
        "adjust_lr_fn",
    )

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_one_element(lr)
        if not lr >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not momentum >= 0.0:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"{p.size()}"
                    )

    def _entries(self, p: Tensor, group: dict, saved: dict) -> list[Entry]:
        return [Entry("momentum_buffer", p.shape, optional=True)]

    def step(self, closure: Callable | None = None) -> object:
        """Changes the parameters once; returns what ``closure`` returns."""
        loss = None if closure is None else self._evaluate(closure)
        with no_grad():
            for group in self.param_groups:
                for p, g in zip(*with_gradients(group["params"]), strict=True):
                    self._update(p, g, group)
        return loss

    def _update(self, p: Tensor, g: Tensor, group: dict) -> None:
        if p.is_complex():
            raise RuntimeError("Muon does not support complex parameters")
        state, momentum, lr = self.state[p], group["momentum"], float(group["lr"])
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = zeros_like(g)
        buffer = state["momentum_buffer"].lerp_(g, 1 - momentum)
        way = _orthogonal(
            g.lerp(buffer, momentum) if group["nesterov"] else buffer,
            group["ns_coefficients"],
            group["ns_steps"],
            group["eps"],
        )
        p.mul_(1 - lr * group["weight_decay"])
        p.add_(way, alpha=-_adjusted(lr, group["adjust_lr_fn"], p.shape))
