"""Adafactor."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wengert import Tensor, finfo, no_grad, norm, zeros_like
from wengert._tensor import with_gradients
from wengert.optim._elementwise import STEP
from wengert.optim._loading import Entry
from wengert.optim.optimizer import Optimizer, check_one_element


class Adafactor(Optimizer):
    """Mean squares of gradients of two or more dimensions, as a product of those of the rows and of
    the columns, so that state is small (Shazeer and Stern, 2018).

    With v the mean square, whose newest part weighs t^beta2_decay, and u = g / sqrt(v):
    p -= max(eps[1], RMS(p)) min(lr, 1 / sqrt(t)) u / max(1, RMS(u) / d).

    Args:
        eps: the root of the smallest v (the smallest difference from 1 of the dtype by default) and
            the smallest scale of a parameter.
        d: the largest root mean square of u.
        weight_decay: p is multiplied by 1 - lr weight_decay first.
        foreach: accepted; changes nothing.
        maximize: go up instead of down.
    """

    _options = ("lr", "beta2_decay", "eps", "d", "weight_decay")

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_one_element(lr)
        if not lr >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not eps[0] >= 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not eps[1] >= 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _entries(self, p: Tensor, group: dict, saved: dict) -> list[Entry]:
        step, shape = Entry("step", None), tuple(p.shape)
        if len(shape) < 2:
            return [step, Entry("variance", shape)]
        rows, columns = (*shape[:-1], 1), (*shape[:-2], 1, shape[-1])
        return [step, Entry("row_var", rows), Entry("col_var", columns)]

    def step(self, closure: Callable | None = None) -> object:
        """Changes the parameters once; returns what ``closure`` returns."""
        loss = None if closure is None else self._evaluate(closure)
        with no_grad():
            for group in self.param_groups:
                eps1 = group["eps"][0]
                for p, g in zip(*with_gradients(group["params"]), strict=True):
                    if p.is_complex():
                        raise RuntimeError("Adafactor does not support complex parameters")
                    # As in PyTorch, the first parameter of a group decides for the others.
                    eps1 = finfo(p.dtype).eps if eps1 is None else eps1
                    self._update(p, -g if group["maximize"] else g, group, eps1)
        return loss

    def _update(self, p: Tensor, g: Tensor, group: dict, eps1: float) -> None:
        state = self._state_of(p, g)
        state["step"] += 1
        t, lr = state["step"].item(), float(group["lr"])
        scale = max(group["eps"][1], _root_mean_square(p)) * min(lr, 1 / t**0.5)
        if group["weight_decay"] != 0:
            p.mul_(1 - lr * group["weight_decay"])
        weight = t ** group["beta2_decay"]
        if g.dim() > 1:
            for name, dim in (("row_var", -1), ("col_var", -2)):
                mean = norm(g, dim=dim, keepdim=True).square() / g.size(dim)
                state[name].lerp_(mean, weight)
            rows = state["row_var"]
            v = rows @ state["col_var"] / rows.mean(dim=-2, keepdim=True).clamp(min=eps1)
        else:
            v = state["variance"].lerp_(g * g, weight)
        u = v.clamp(min=eps1 * eps1).rsqrt() * g
        p.add_(u, alpha=-scale / max(1.0, _root_mean_square(u) / group["d"]))

    def _state_of(self, p: Tensor, g: Tensor) -> dict:
        state = self.state[p]
        if not state:
            state["step"] = STEP.new(p, {})
            if g.dim() > 1:
                shape = list(g.shape)
                state["row_var"] = g.new_zeros((*shape[:-1], 1))
                state["col_var"] = g.new_zeros((*shape[:-2], 1, shape[-1]))
            else:
                state["variance"] = zeros_like(g)
        return state


def _root_mean_square(x: Tensor) -> float:
    return x.norm(2).item() / max(1, x.numel()) ** 0.5
