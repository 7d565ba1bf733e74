"""Loading the state of an optimizer: whether it fits, and the form in which it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Number

from wengert import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# What PyTorch added to its optimizers later: states saved before do not have them.
_NEWER = frozenset(
    [
        "amsgrad",
        "capturable",
        "centered",
        "decoupled_weight_decay",
        "differentiable",
        "foreach",
        "fused",
        "initial_accumulator_value",
        "maximize",
        "momentum",
        "nesterov",
    ]
)

# What is one number for each parameter, in a dtype of its own: rounded, or taken on in more digits,
# training would go on with other bits.
_NUMBERS = frozenset(["step", "mu_product", "eta", "mu"])


@dataclass(frozen=True)
class Entry:
    """What the state of a parameter that has made a step holds under ``name``.

    Args:
        shape: of the tensor; a single number if None.
        optional: may be missing or None.
        count: of a list of such tensors.
    """

    name: str
    shape: tuple[int, ...] | None
    optional: bool = False
    count: int | None = None

    def fits(self, value: Any) -> bool:
        """Whether ``value`` is such a thing."""
        if self.count is None:
            return self._one(value)
        return isinstance(value, list) and len(value) == self.count and all(map(self._one, value))

    def _one(self, value: Any) -> bool:
        if self.shape is None:
            return value.numel() == 1 if isinstance(value, Tensor) else isinstance(value, Number)
        return isinstance(value, Tensor) and tuple(value.shape) == tuple(self.shape)

    def __str__(self) -> str:
        one = "one number" if self.shape is None else f"a tensor of shape {tuple(self.shape)}"
        return one if self.count is None else f"a list of {self.count}, each {one}"


def _listed(names: Iterable) -> str:
    return ", ".join(repr(n) for n in names) or "nothing"


def check_options(optimizer: str, index: int, needed: Iterable[str], saved: dict) -> None:
    """Raises ValueError unless the options of a saved group are those of the optimizer."""
    missing = [n for n in needed if n not in saved and n not in _NEWER]
    if missing:
        given = _listed(k for k in saved if k != "params")
        raise ValueError(
            f"{optimizer}.load_state_dict: expected the options {_listed(missing)} in parameter "
            f"group {index}, got {given}; load what {optimizer} itself has saved"
        )


def check_state(optimizer: str, index: object, entries: Iterable[Entry], saved: Any) -> None:
    """Raises ValueError unless ``saved`` is a state of parameter ``index`` with these entries."""
    where = f"{optimizer}.load_state_dict: parameter {index}"
    if not isinstance(saved, dict):
        raise ValueError(
            f"{where}: expected a dict as its state, got {type(saved).__name__}; load what "
            f"{optimizer}.state_dict() gave"
        )
    entries = tuple(entries)
    missing = [e.name for e in entries if not e.optional and saved.get(e.name) is None]
    if missing:
        raise ValueError(
            f"{where}: expected {_listed(e.name for e in entries)} in its state, got "
            f"{_listed(saved)}, which lacks {_listed(missing)}; load what {optimizer} itself has "
            "saved, or leave the parameter's state out for a fresh start"
        )
    for e in entries:
        value = saved.get(e.name)
        if value is None or e.fits(value):
            continue
        given = (
            f"a tensor of shape {tuple(value.shape)}"
            if isinstance(value, Tensor)
            else type(value).__name__
        )
        raise ValueError(
            f"{where}: expected {e.name!r} to be {e}, got {given}; load the state into an "
            "optimizer of the same parameters in the same order"
        )


def fitted(param: Tensor, value: Any, key: object = None) -> Any:
    """Loaded state in the form in which it is kept for ``param``."""
    if isinstance(value, dict):
        return {k: fitted(param, v, k) for k, v in value.items()}
    if isinstance(value, Tensor):
        cast = key not in _NUMBERS and param.is_floating_point()
        return value.to(param.dtype) if cast else value
    if isinstance(value, (list, tuple)):
        return type(value)(fitted(param, v, key) for v in value)
    return value
