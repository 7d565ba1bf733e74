"""Stepping other parameters than an optimizer's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from wengert import Tensor
from wengert.optim.optimizer import Optimizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = "swap_in_optimizer_params_and_state"


def _check(optimizer: Optimizer, parameters: dict, swapped: Any) -> None:
    def require(holds: bool, text: str) -> None:
        if not holds:
            raise RuntimeError(f"{_NAME}: {text}")

    require(bool(optimizer._state), "the optimizer has no state yet; make a step first")
    require(
        isinstance(swapped, dict)
        and isinstance(swapped.get("state"), dict)
        and isinstance(swapped.get("param_groups"), list),
        "expected a state as optimizer.state_dict() gives it",
    )
    state, groups = swapped["state"], swapped["param_groups"]
    require(
        all(not isinstance(k, Tensor) for k in state)
        and all(isinstance(v, dict) for k, v in state.items() if isinstance(k, int)),
        "expected a state by the numbers of the parameters, as optimizer.state_dict() gives it",
    )
    require(
        len(groups) == len(optimizer.param_groups),
        f"expected {len(optimizer.param_groups)} parameter groups, but got {len(groups)}",
    )
    known: set[int] = set()
    for i, (group, new) in enumerate(zip(optimizer.param_groups, groups, strict=True)):
        numbers: Any = new.get("params") if isinstance(new, dict) else None
        require(
            isinstance(numbers, list) and all(isinstance(n, int) for n in numbers),
            f"expected group {i} to be a dict with the numbers of its parameters",
        )
        require(
            len(numbers) == len(group["params"]),
            f"expected {len(group['params'])} parameters in group {i}, but got {len(numbers)}",
        )
        require(
            new.keys() == group.keys(),
            f"the options of group {i} differ: {sorted(new.keys() ^ group.keys())}",
        )
        known.update(numbers)
    total = sum(len(group["params"]) for group in groups)
    require(
        len(parameters) >= total, f"expected {total} parameters, but got {len(parameters)} of them"
    )
    extra = [k for k in state if k not in known]
    require(not extra, f"the state has keys that are no parameter's number: {extra!r}")


@contextmanager
def swap_in_optimizer_params_and_state(
    optimizer: Optimizer, swapin_parameters: dict[str, Tensor], swapin_optim_state: dict[str, Any]
) -> Iterator[None]:
    """Within the context, the optimizer has other parameters, options and state.

    What is changed in place stays changed; new tensors that a step adds to the state are dropped.

    Args:
        swapin_parameters: in the order of the optimizer's own.
        swapin_optim_state: as ``optimizer.state_dict()`` gives it.

    Raises:
        RuntimeError: they do not fit the optimizer, or it has made no step.
    """
    _check(optimizer, swapin_parameters, swapin_optim_state)
    own_state, own_groups = optimizer.state, [dict(g) for g in optimizer.param_groups]
    tensors = iter(swapin_parameters.values())
    state: defaultdict = defaultdict(dict)
    try:
        for group, new in zip(
            optimizer.param_groups, swapin_optim_state["param_groups"], strict=True
        ):
            params = [next(tensors) for _ in new["params"]]
            for p, number in zip(params, new["params"], strict=True):
                state[p] = dict(swapin_optim_state["state"].get(number, {}))
            group.update({**new, "params": params})
        optimizer.state = state
        yield
    finally:
        for group, own in zip(optimizer.param_groups, own_groups, strict=True):
            group.clear()
            group.update(own)
        optimizer.state = own_state
