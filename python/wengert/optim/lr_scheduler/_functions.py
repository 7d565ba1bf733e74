"""Rates by functions of the epoch."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType

from wengert.optim.lr_scheduler._base import LRScheduler, Rates
from wengert.optim.optimizer import Optimizer


class _ByFunctions(LRScheduler):
    """Has ``lr_lambdas``, one function for each group."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        if not isinstance(lr_lambda, (list, tuple)):
            lr_lambda = [lr_lambda] * groups
        if len(lr_lambda) != groups:
            raise ValueError(f"Expected {groups} lr_lambdas, but got {len(lr_lambda)}")
        for fn in lr_lambda:
            if not callable(fn):
                raise TypeError(f"lr_lambda should be a function, but got {type(fn).__name__}")
        self.lr_lambdas = list(lr_lambda)
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict:
        """All attributes but the optimizer; of the functions, only objects that have a state."""
        state = super().state_dict()
        functions = state.pop("lr_lambdas")
        state["lr_lambdas"] = [
            None if isinstance(fn, FunctionType) else dict(getattr(fn, "__dict__", {}))
            for fn in functions
        ]
        return state

    def load_state_dict(self, state_dict: dict) -> None:
        """Takes back what :meth:`state_dict` gave."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "lr_lambdas"})
        for fn, saved in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if saved:
                fn.__dict__.update(saved)


class LambdaLR(_ByFunctions):
    """The initial rate times ``lr_lambda(epoch)`` (one function, or one for each group)."""

    def _rates(self) -> Rates:
        return [
            base * fn(self.last_epoch)
            for fn, base in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]


class MultiplicativeLR(_ByFunctions):
    """The present rate times ``lr_lambda(epoch)`` (one function, or one for each group)."""

    def _rates(self) -> Rates:
        if self._is_initial:
            return self._present()
        groups = self.optimizer.param_groups
        return [
            group["lr"] * fn(self.last_epoch)
            for fn, group in zip(self.lr_lambdas, groups, strict=True)
        ]
