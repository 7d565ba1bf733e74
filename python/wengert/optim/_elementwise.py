"""Optimizers that treat each element by itself: a step is one C++ call for each group."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter

import wengert
from wengert import Tensor, enable_grad, full_like, no_grad, zeros_like
from wengert._tensor import with_gradients
from wengert.optim._loading import Entry
from wengert.optim.optimizer import Optimizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SPARSE = "wengert.sparse._tensor"


@dataclass(frozen=True)
class State:
    """A tensor kept for each parameter.

    Args:
        name: its key in the state of the parameter.
        initial: what it is filled with, or the option that says so.
        number: a 0-d tensor instead of one like the parameter.
        when: the option that asks for it; always there if None.
        late: it begins when it is first asked for, even after steps without it.
    """

    name: str
    initial: float | str = 0.0
    number: bool = False
    when: str | None = None
    late: bool = False

    def new(self, p: Tensor, group: dict, value: float | None = None) -> Tensor:
        """The state of a parameter that has made no step, or whose state is kept as a number."""
        if value is None:
            value = group[self.initial] if isinstance(self.initial, str) else self.initial
        value = float(value)
        if self.number:
            return wengert.tensor(value, dtype=_number_dtype())
        if value == 0.0:
            return zeros_like(p)
        # Complex numbers are pairs of independent ones.
        return full_like(p.detach(), complex(value, value) if p.is_complex() else value)


STEP: State = State("step", number=True)


def _number_dtype() -> Any:
    double = wengert.get_default_dtype() == wengert.float64
    return wengert.float64 if double else wengert.float32


class ElementwiseOptimizer(Optimizer):
    """An optimizer that is described by what its step is called with.

    A subclass gives

    - ``_step``: ``f(params, grads, states, options)``, which changes parameters and state;
    - ``_states``: in the order in which they stand in ``state_dict``; ``_step`` takes those that
      are like parameters first, then those that are numbers, an empty list for one that its option
      does not ask for;
    - ``_options``: the options that ``_step`` takes, a tuple of numbers being several of them;
    - ``_formula(p, g, state, group)``: the same step of one parameter in recorded operations, for
      ``differentiable``; g has its sign and its weight decay already, "step" is counted.
    """

    _step: Callable
    _states: tuple[State, ...]
    _values_of: Callable[[dict], tuple]
    _switches: Callable[[dict], Any] | None
    _takes_sparse: bool = False  # _sparse_formula is there
    _nothing: tuple | None  # the lists of states when no state is asked for, if that can be

    def __init_subclass__(cls) -> None:
        if "_options" in cls.__dict__:
            cls._values_of = itemgetter(*cls._options)
        if "_states" in cls.__dict__:
            switches = [s.when for s in cls._states if s.when is not None]
            cls._switches = itemgetter(*switches) if switches else None
            cls._nothing = ([],) if len(switches) == len(cls._states) == 1 else None

    def _gather(self, params: list[Tensor], options: Any) -> tuple:
        used = [s for s in self._states if s.when is None or options[s.when]]
        lists: dict[str, list[Tensor]] = {
            s.name: [] for s in sorted(self._states, key=lambda s: s.number)
        }
        for p in params if used else ():
            state = self._state[p]
            for s in used:
                value = state.get(s.name)
                if not isinstance(value, Tensor):
                    value = state[s.name] = s.new(p, options, value)
                lists[s.name].append(value)
        return tuple(lists.values())

    def _entries(self, p: Tensor, group: dict, saved: dict) -> list[Entry]:
        return [
            Entry(
                s.name,
                None if s.number else p.shape,
                optional=s.late or not (s.when is None or group[s.when]),
            )
            for s in self._states
        ]

    def step(self, closure: Callable | None = None) -> object:
        """Changes the parameters once; returns what ``closure`` returns."""
        loss = None if closure is None else self._evaluate(closure)
        if self.defaults["differentiable"]:
            self._step_recorded()
            return loss
        switches, nothing, takes_sparse = self._switches, self._nothing, self._takes_sparse
        for index, group in enumerate(self._groups_to_step()):
            params, grads = with_gradients(group["params"], takes_sparse)
            # Without their module there are no sparse gradients to look for.
            if takes_sparse and _SPARSE in sys.modules and any(g.is_sparse for g in grads):
                params, grads = self._step_sparse(params, grads, group)
            if params:
                key = None if switches is None else switches(group)
                if key or nothing is None:
                    states = self._lists(index, params, group, key)
                else:
                    states = nothing
                self._step(params, grads, states, self._values_of(group))
        return loss

    def _step_recorded(self) -> None:
        for group in self._groups_to_step():
            params, grads = with_gradients(group["params"])
            self._gather(params, group)
            decay, decoupled = group.get("weight_decay", 0), group.get("decoupled_weight_decay")
            with enable_grad():
                for p, g in zip(params, grads, strict=True):
                    state = self._state.get(p, {})
                    if "step" in state:
                        state["step"] = state["step"] + 1
                    if group["maximize"]:
                        g = -g
                    if decay != 0 and decoupled:
                        p.mul_(1 - group["lr"] * decay)
                    elif decay != 0:
                        g = g + p * decay
                    self._formula(p, g, state, group)

    def _step_sparse(self, params: list, grads: list, group: dict) -> tuple[list, list]:
        """Steps the parameters whose gradients are sparse; returns the others."""
        if group["fused"]:
            raise RuntimeError(f"{type(self).__name__}: fused steps take no sparse gradients")
        with no_grad():
            for p, g in zip(params, grads, strict=True):
                if g.is_sparse:
                    self._sparse_formula(p, -g if group["maximize"] else g, group)
        rest = [(p, g) for p, g in zip(params, grads, strict=True) if not g.is_sparse]
        return [p for p, _ in rest], [g for _, g in rest]

    def _sparse_formula(self, p: Tensor, g: Any, group: dict) -> None:
        """The step of one parameter whose gradient is sparse and has its sign already."""
        raise NotImplementedError

    def _formula(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        """The step of one parameter, recorded: p is changed in place, state is replaced."""
        raise NotImplementedError
