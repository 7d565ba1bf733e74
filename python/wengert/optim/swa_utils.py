"""Averages of the parameters over the course of training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain

import wengert
from wengert import Tensor, no_grad
from wengert.nn import Module
from wengert.nn.batchnorm import _BatchNorm
from wengert.optim.lr_scheduler._base import LRScheduler, Rates, per_group
from wengert.optim.optimizer import Optimizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def get_ema_avg_fn(decay: float = 0.999) -> Callable:
    """``f(average, value, n)``, the exponential average decay a + (1 - decay) x."""
    _check_decay(decay)

    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with no_grad():
            return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Callable:
    """``f(average, value, n)``, the mean of n averaged values and one more."""

    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with no_grad():
            return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable:
    """As :func:`get_ema_avg_fn`, for lists, of which the first is changed in place."""
    one = get_ema_avg_fn(decay)

    def ema_update(ema_param_list: list, current_param_list: list, _: Any) -> None:
        with no_grad():
            for average, value in zip(ema_param_list, current_param_list, strict=True):
                if average.is_floating_point() or average.is_complex():
                    average.lerp_(value, 1 - decay)
                else:
                    average.copy_(one(average, value, None))

    return ema_update


def get_swa_multi_avg_fn() -> Callable:
    """As :func:`get_swa_avg_fn`, for lists, of which the first is changed in place."""
    one = get_swa_avg_fn()

    def swa_update(averaged_param_list: list, current_param_list: list, num_averaged: Any) -> None:
        with no_grad():
            weight = float(1 / (num_averaged + 1))
            for average, value in zip(averaged_param_list, current_param_list, strict=True):
                if average.is_floating_point() or average.is_complex():
                    average.lerp_(value, weight)
                else:
                    average.copy_(one(average, value, num_averaged))

    return swa_update


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of those that model has had.

    Args:
        avg_fn: ``f(average, value, n)`` gives the new average of a parameter after n values; the
            mean by default.
        multi_avg_fn: ``f(averages, values, n)`` changes the averages in place instead.
        use_buffers: average the buffers, too, instead of copying them.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable | None = None,
        multi_avg_fn: Callable | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", wengert.tensor(0, dtype=wengert.int64))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Takes the parameters that ``model`` has at present into the averages."""
        averages, values = (
            [
                p.detach()
                for p in (
                    chain(m.parameters(), m.buffers()) if self.use_buffers else m.parameters()
                )
            ]
            for m in (self.module, model)
        )
        if self.n_averaged.item() == 0:
            for average, value in zip(averages, values, strict=False):
                average.copy_(value)
        elif self.multi_avg_fn is None:
            average_one = self.avg_fn or get_swa_avg_fn()
            for average, value in zip(averages, values, strict=False):
                average.copy_(average_one(average, value, self.n_averaged))
        else:
            by_dtype: dict = {}
            for average, value in zip(averages, values, strict=False):
                pair = by_dtype.setdefault(average.dtype, ([], []))
                pair[0].append(average)
                pair[1].append(value)
            for some, new in by_dtype.values():
                self.multi_avg_fn(some, new, self.n_averaged)
        if not self.use_buffers:
            for mine, theirs in zip(self.module.buffers(), model.buffers(), strict=True):
                mine.detach().copy_(theirs.detach())
        self.n_averaged += 1


def update_bn(loader: Iterable, model: Module, device: Any = None) -> None:
    """Computes the statistics of the batch normalisations anew, over all batches of ``loader``.

    Args:
        loader: gives inputs of the model, or lists and tuples that begin with one.
    """
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    if not norms:
        return
    momenta = [m.momentum for m in norms]
    was_training = model.training
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    with no_grad():
        for batch in loader:
            if isinstance(batch, (list, tuple)):
                batch = batch[0]
            model(batch if device is None else batch.to(device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the present rate to swa_lr in anneal_epochs, then constant.

    Args:
        swa_lr: the last rate, for all groups or each.
        anneal_strategy: "cos" or "linear".
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float,
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = per_group("swa_lr", optimizer, swa_lr)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _part(self, step: int) -> float:
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def _rates(self) -> Rates:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._part(step - 1), self._part(step)
        rates: Rates = []
        for group in self.optimizer.param_groups:
            last, rate = group["swa_lr"], group["lr"]
            # The rate at which the annealing began.
            first = last if before == 1 else (rate - before * last) / (1 - before)
            rates.append(last * now + first * (1 - now))
        return rates
