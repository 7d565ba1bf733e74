"""The base class of schedulers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from wengert import Tensor
from wengert.optim.optimizer import Optimizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Rates = list[float | Tensor]

EPOCH_WARNING = (
    "scheduler.step(epoch) is deprecated: call step() without an epoch. Given one, a scheduler "
    "computes its rate from the epoch where it can, instead of changing the present rate."
)


def _copied(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def set_lr(group: dict, value: float | Tensor) -> None:
    """Sets the rate; a rate that is a tensor stays the same tensor."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(float(value))
    else:
        group["lr"] = value


def check_optimizer(optimizer: Optimizer) -> None:
    """Raises TypeError unless it is an optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def per_group(name: str, optimizer: Optimizer, value: Any) -> list:
    """A value for each group, of one for all or a list."""
    groups = optimizer.param_groups
    if not isinstance(value, (list, tuple)):
        return [_copied(value) for _ in groups]
    if len(value) != len(groups):
        raise ValueError(
            f"{name}: expected {len(groups)} values, one for each group, but got {len(value)}"
        )
    return [_copied(v) for v in value]


@contextmanager
def get_lr_allowed(scheduler: LRScheduler) -> Iterator[None]:
    """Where get_lr computes the next rate and does not warn."""
    scheduler._get_lr_called_within_step = True
    try:
        yield
    finally:
        scheduler._get_lr_called_within_step = False


class LRScheduler:
    """Base class: a subclass defines ``get_lr``, the next rate of each group.

    Args:
        last_epoch: -1 to begin; otherwise the epoch at which training is taken up again.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming a "
                    "scheduler with last_epoch >= 0; load the optimizer's state first"
                )
        self.base_lrs: Rates = [_copied(g["initial_lr"]) for g in optimizer.param_groups]
        self.last_epoch = last_epoch
        # Notes that the optimizer makes a step.
        optimizer._watch_steps()
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict:
        """All attributes but the optimizer."""
        return {k: v for k, v in self.__dict__.items() if k != "optimizer"}

    def load_state_dict(self, state_dict: dict) -> None:
        """Takes back what :meth:`state_dict` gave."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> Rates:
        """The rates set last, by group."""
        return self._last_lr

    def get_lr(self) -> Rates:
        """The next rate of each group, from the present one; of use within ``step`` only."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`.",
                UserWarning,
                stacklevel=2,
            )
        return self._rates()

    def _rates(self) -> Rates:
        raise NotImplementedError(f"{type(self).__name__}: a scheduler defines get_lr")

    def step(self, epoch: int | None = None) -> None:
        """Goes on by one epoch, or to the given one (deprecated)."""
        if self._step_count == 1:
            self._check_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _check_order(self) -> None:
        if not self.optimizer._steps_are_watched():
            warnings.warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
                "initialization; make sure to call `optimizer.step()` before `lr_scheduler.step()`",
                UserWarning,
                stacklevel=3,
            )
        elif not getattr(self.optimizer, "_opt_called", False):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`: the first rate "
                "of the schedule is skipped; call them in the opposite order",
                UserWarning,
                stacklevel=3,
            )

    def _update_lr(self, epoch: int | None = None) -> None:
        with get_lr_allowed(self):
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                closed = getattr(self, "_get_closed_form_lr", None)
                rates = self.get_lr() if closed is None else closed()
        self._apply(rates)

    def _apply(self, rates: Rates) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            set_lr(group, rate)
        self._last_lr = self._present()

    def _present(self) -> Rates:
        return [_copied(group["lr"]) for group in self.optimizer.param_groups]

    def _scaled(self, factor: float) -> Rates:
        return [group["lr"] * factor for group in self.optimizer.param_groups]


class _LRScheduler(LRScheduler):
    """The older name of LRScheduler."""


class MomentumCycle:
    """What the cyclic schedulers do with the momentum, or the first of the betas."""

    cycle_momentum: bool
    use_beta1: bool

    def _find_momentum(self, optimizer: Optimizer) -> None:
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError(
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
            )
        self.use_beta1 = "betas" in optimizer.defaults

    def _begin_momentum(self, optimizer: Optimizer, highs: list, lows: list) -> None:
        for group, high, low in zip(optimizer.param_groups, highs, lows, strict=True):
            self._set_momentum(group, high)
            group["max_momentum"] = high
            group["base_momentum"] = low

    def _set_momentum(self, group: dict, value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value
