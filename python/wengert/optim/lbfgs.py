"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wengert import Tensor, cat, enable_grad, no_grad
from wengert.optim._line_search import Point, strong_wolfe
from wengert.optim._loading import Entry
from wengert.optim.optimizer import Optimizer, check_lr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class LBFGS(Optimizer):
    """Limited-memory BFGS (Liu and Nocedal, 1989): each iteration goes along an approximation of
    -H^-1 g, made of the latest changes of parameters and gradients.

    There is one group of parameters. ``step`` needs a closure, which it calls several times.

    Args:
        lr: the length of a step, or where the line search begins.
        max_iter: the most iterations of a step.
        max_eval: the most calls of the closure in a step; 1.25 ``max_iter`` by default.
        tolerance_grad: ends where no element of the gradient is larger.
        tolerance_change: ends where neither the loss nor a parameter changes more.
        history_size: how many changes are kept.
        line_search_fn: None or "strong_wolfe".
    """

    _options = (
        "lr",
        "max_iter",
        "max_eval",
        "tolerance_grad",
        "tolerance_change",
        "history_size",
        "line_search_fn",
    )

    def __init__(
        self,
        params: Iterable,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]

    def _flat_grad(self) -> Tensor:
        grads = ((p, p.grad) for p in self._params)
        return cat(
            [p.new_zeros(p.numel()) if g is None else g.to_dense().reshape(-1) for p, g in grads]
        )

    def _move(self, t: float | Tensor, d: Tensor) -> None:
        begin = 0
        for p in self._params:
            end = begin + p.numel()
            p.add_(d[begin:end].view_as(p), alpha=float(t))
            begin = end

    def _entries(self, p: Tensor, group: dict, saved: dict) -> list[Entry]:
        entries = [Entry("func_evals", None), Entry("n_iter", None)]
        steps = saved.get("n_iter") if isinstance(saved, dict) else 0
        if isinstance(steps, Tensor) or steps:
            flat = (sum(q.numel() for q in self._params),)
            entries += [Entry("d", flat), Entry("prev_flat_grad", flat)]
            entries += [Entry(name, None) for name in ("t", "H_diag", "prev_loss")]
            changes = saved.get("old_dirs")
            count = len(changes) if isinstance(changes, list) else 0
            entries += [Entry(name, flat, count=count) for name in ("old_dirs", "old_stps")]
            entries.append(Entry("ro", None, count=count))
        return entries

    def step(self, closure: Callable) -> object:  # type: ignore[override]
        """Up to ``max_iter`` iterations; returns the first loss.

        Args:
            closure: computes the loss and its gradients anew.
        """
        with no_grad():
            return self._iterate(enable_grad()(closure))

    def _iterate(self, closure: Callable) -> object:
        group = self.param_groups[0]
        lr = float(group["lr"])
        search = group["line_search_fn"]
        # All state is that of the first parameter, so that loading gives it the right dtype.
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = closure()
        loss = float(first_loss)
        evaluations = 1
        state["func_evals"] += 1
        grad = self._flat_grad()
        if grad.abs().max() <= group["tolerance_grad"]:
            return first_loss
        memory = _Memory(state, group["history_size"])
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            d = memory.direction(grad, state)
            last_loss, memory.last_loss = loss, loss
            first = state["n_iter"] == 1
            longest = 1.0 / grad.abs().sum() if first else 1.0
            memory.t = t = (longest if longest < 1.0 else 1.0) * lr
            slope = grad.dot(d)
            if slope > -group["tolerance_change"]:
                break
            count = 0
            if search is None:
                self._move(t, d)
                if iteration != group["max_iter"]:
                    # A further loss would be of no use: the next step computes it anew.
                    loss, grad, count = float(closure()), self._flat_grad(), 1
            elif search == "strong_wolfe":
                point, count = strong_wolfe(
                    self._evaluator(closure, d),
                    Point(0, loss, grad, slope),
                    t,
                    d,
                    group["tolerance_change"],
                    group["max_eval"] - evaluations,
                )
                loss, grad, memory.t = point.loss, point.grad, point.t
                self._move(point.t, d)
            else:
                raise RuntimeError("only 'strong_wolfe' is supported")
            evaluations += count
            state["func_evals"] += count
            if (
                iteration == group["max_iter"]
                or evaluations >= group["max_eval"]
                or grad.abs().max() <= group["tolerance_grad"]
                or (d * memory.t).abs().max() <= group["tolerance_change"]
                or abs(loss - last_loss) < group["tolerance_change"]
            ):
                break
        memory.save(state)
        return first_loss

    def _evaluator(self, closure: Callable, d: Tensor) -> Callable:
        before = [p.clone() for p in self._params]

        def evaluate(t: float | Tensor) -> tuple[float, Tensor]:
            self._move(t, d)
            loss, grad = float(closure()), self._flat_grad()
            for p, value in zip(self._params, before, strict=True):
                p.copy_(value)
            return loss, grad

        return evaluate


class _Memory:
    """What an iteration leaves to the next: the direction d, the length t of the step along it and
    the gradient there, and the latest changes of gradient (dirs) and parameters (stps)."""

    def __init__(self, state: dict, size: int) -> None:
        self.size = size
        self.d: Any = state.get("d")
        self.t: Any = state.get("t")
        self.dirs, self.stps = state.get("old_dirs", []), state.get("old_stps", [])
        self.ro: list[Tensor] = state.get("ro", [])
        self.scale: Any = state.get("H_diag", 1)
        self.last_grad: Any = state.get("prev_flat_grad")
        self.last_loss = state.get("prev_loss")

    def direction(self, grad: Tensor, state: dict) -> Tensor:
        """The direction for this gradient, which is remembered."""
        if state["n_iter"] == 1:
            self.d = -grad
            self.dirs, self.stps, self.ro, self.scale = [], [], [], 1
        else:
            y, s = grad - self.last_grad, self.d * self.t
            ys = y.dot(s)
            if ys > 1e-10:
                if len(self.dirs) == self.size:
                    for history in (self.dirs, self.stps, self.ro):
                        history.pop(0)
                self.dirs.append(y)
                self.stps.append(s)
                self.ro.append(1.0 / ys)
                self.scale = ys / y.dot(y)
            self.d = self._solve(grad, state.setdefault("al", [None] * self.size))
        self.last_grad = grad.clone()
        return self.d

    def _solve(self, grad: Tensor, al: list) -> Tensor:
        # The two loops of the inverse Hessian times -grad.
        q = -grad
        n = len(self.dirs)
        for i in reversed(range(n)):
            al[i] = self.stps[i].dot(q) * self.ro[i]
            q.add_(self.dirs[i] * -al[i])
        d = q * self.scale
        for i in range(n):
            d.add_(self.stps[i] * (al[i] - self.dirs[i].dot(d) * self.ro[i]))
        return d

    def save(self, state: dict) -> None:
        """Puts it into the optimizer's state."""
        state["d"], state["t"] = self.d, self.t
        state["old_dirs"], state["old_stps"] = self.dirs, self.stps
        state["ro"], state["H_diag"] = self.ro, self.scale
        state["prev_flat_grad"], state["prev_loss"] = self.last_grad, self.last_loss
