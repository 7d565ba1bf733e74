"""Scaling a loss so that small gradients do not vanish in a short dtype."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import wengert
from wengert import Tensor, no_grad
from wengert.amp.autocast_mode import _check_device_type
from wengert.optim import Optimizer

__all__ = ["GradScaler"]

_READY, _UNSCALED, _STEPPED = range(3)


class _State:
    """What is known of an optimizer since the last update."""

    def __init__(self) -> None:
        self.stage = _READY
        self.found_inf: bool | None = None  # None: no gradient was looked at


class GradScaler:
    """Multiplies losses by a factor, takes it out of the gradients again, and leaves out steps
    whose gradients have overflowed.

    The factor grows by ``growth_factor`` after ``growth_interval`` steps without overflow, and is
    multiplied by ``backoff_factor`` after one with. ::

        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    Args:
        device: "cpu"; for another one a warning is given and the scaler is disabled.
        init_scale: the factor at the beginning.
        enabled: False makes a scaler that hands everything on unchanged.
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        self._enabled = enabled
        if enabled and device != "cpu":
            _check_device_type("GradScaler", device)
            warnings.warn(
                f"GradScaler: wengert is a CPU engine; the scaler for {device!r} is disabled, use "
                "GradScaler('cpu')",
                stacklevel=3 if type(self) is not GradScaler else 2,
            )
            self._enabled = False
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError("GradScaler: the growth factor must be > 1.0")
        if backoff_factor >= 1.0:
            raise AssertionError("GradScaler: the backoff factor must be < 1.0")
        self._init_scale = init_scale
        self._scale: Tensor | None = None  # made with the first loss
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0
        self._per_optimizer: dict[int, _State] = defaultdict(_State)

    def _current(self, op: str) -> Tensor:
        if self._scale is None:
            raise AssertionError(f"GradScaler.{op}: no loss was scaled yet; call scale(loss) first")
        return self._scale

    def scale(self, outputs: Any) -> Any:
        """The tensor, or each of nested iterables of tensors, times the factor.

        Raises ValueError for anything else.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._scale = wengert.tensor(float(self._init_scale), dtype=wengert.float32)
            return outputs * self._scale
        if not isinstance(outputs, Iterable):
            raise ValueError("GradScaler.scale: expected a Tensor or an iterable of Tensors")
        scaled = map(self.scale, outputs)
        return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divides the gradients of the optimizer's parameters by the factor, so that they can be
        looked at or clipped before `step`.

        Raises RuntimeError if that was done since the last `update` already; ValueError for
        gradients in float16.
        """
        if not self._enabled:
            return
        scale = self._current("unscale_")
        state = self._per_optimizer[id(optimizer)]
        if state.stage == _UNSCALED:
            raise RuntimeError(
                "unscale_: it has already been called on this optimizer since the last update()"
            )
        if state.stage == _STEPPED:
            raise RuntimeError("unscale_: it is being called after step(); call update() first")
        factor = 1.0 / scale.double().item()
        grads = [p.grad for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
        if any(g.dtype is wengert.float16 for g in grads):
            raise ValueError("unscale_: gradients in float16 cannot be unscaled; use float32 ones")
        with no_grad():
            for grad in grads:
                own: Any = grad
                values = own._values() if own.is_sparse else grad
                state.found_inf = bool(state.found_inf) or not bool(values.isfinite().all())
                values.mul_(factor)
        state.stage = _UNSCALED

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step(*args, **kwargs)``, after `unscale_` unless that was done; left out if
        a gradient is infinite or NaN.

        Raises RuntimeError for a second step before `update`, and for a closure.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("GradScaler.step: a closure cannot be used; disable the scaler")
        self._current("step")
        state = self._per_optimizer[id(optimizer)]
        if state.stage == _STEPPED:
            raise RuntimeError("step: it has already been called since the last update()")
        if state.stage == _READY:
            self.unscale_(optimizer)
        if state.found_inf is None:
            raise AssertionError("GradScaler.step: no parameter of the optimizer has a gradient")
        result = None if state.found_inf else optimizer.step(*args, **kwargs)
        state.stage = _STEPPED
        return result

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Ends an iteration: sets the factor by what was found, or to ``new_scale``."""
        if not self._enabled:
            return
        scale = self._current("update")
        if new_scale is not None:
            single = isinstance(new_scale, Tensor) and new_scale.numel() == 1
            if not isinstance(new_scale, float) and not (
                isinstance(new_scale, Tensor) and single and not new_scale.requires_grad
            ):
                raise AssertionError(
                    "GradScaler.update: expected new_scale to be a float, or a tensor of one "
                    "element that requires no grad"
                )
            scale.fill_(float(new_scale))
        else:
            found = [s.found_inf for s in self._per_optimizer.values() if s.found_inf is not None]
            if not found:
                raise AssertionError("GradScaler.update: no step was taken since the last update")
            if any(found):
                scale.mul_(self._backoff_factor)
                self._growth_tracker = 0
            else:
                self._growth_tracker += 1
                if self._growth_tracker == self._growth_interval:
                    grown = scale * self._growth_factor
                    if bool(grown.isfinite()):
                        scale.copy_(grown)
                    self._growth_tracker = 0
        self._per_optimizer = defaultdict(_State)

    def get_scale(self) -> float:
        """The factor; 1.0 for a disabled scaler."""
        if not self._enabled:
            return 1.0
        return float(self._init_scale) if self._scale is None else float(self._scale)

    def get_growth_factor(self) -> float:
        """What the factor grows by."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Sets what the factor grows by."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the factor is multiplied by after an overflow."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Sets what the factor is multiplied by after an overflow."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """How many steps without overflow make the factor grow."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Sets how many steps without overflow make the factor grow."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether the scaler does anything."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` takes; empty for a disabled scaler."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes back what `state_dict` returned. RuntimeError for the state of a disabled one."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "GradScaler.load_state_dict: the state is empty; was it saved by a disabled scaler?"
            )
        self._init_scale = state_dict["scale"]
        if self._scale is not None:
            self._scale.fill_(state_dict["scale"])
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        if self._enabled:
            if self._per_optimizer:
                raise AssertionError(
                    "GradScaler: it can be pickled only at the end of an iteration, after update()"
                )
            state["_init_scale"] = self.get_scale()
            state["_scale"] = None
            state["_per_optimizer"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._enabled:
            self._per_optimizer = defaultdict(_State)
