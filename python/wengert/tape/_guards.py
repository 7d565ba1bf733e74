"""What a recording reaches of Python's objects, and what of them a program relies on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert import Tensor, _core
from wengert.nn._watched_calls import unwatch, watch
from wengert.nn.module import Module
from wengert.optim._hooks import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def is_plain(value: Any) -> bool:
    """Whether equal values mean the same to a program: numbers, texts, and tuples of them."""
    if isinstance(value, tuple):
        return all(map(is_plain, value))
    return isinstance(value, _PLAIN)


def _entries(values: dict) -> dict:
    """Those of an object's attributes that a program relies on."""
    kinds = (Tensor, Module)
    return {k: v for k, v in values.items() if isinstance(v, kinds) or is_plain(v)}


class Reached:
    """While entered, notes the modules that are called and the optimizers that step.

    Args:
        recording: the recording that is going on.
    """

    def __init__(self, recording: Any) -> None:
        self._recording = recording
        self._modules: dict[int, tuple[Module, dict]] = {}
        self._optimizers: dict[int, tuple[Any, dict, list[dict], dict]] = {}
        self._steps: list[tuple[Any, int, int]] = []
        self._begun = 0
        self._handles: list[Any] = []

    def __enter__(self) -> Reached:
        self._watcher: Callable = self._call
        watch(self._watcher)
        self._handles = [
            register_optimizer_step_pre_hook(self._before_step),
            register_optimizer_step_post_hook(self._after_step),
        ]
        return self

    def __exit__(self, *_: object) -> None:
        unwatch(self._watcher)
        for handle in self._handles:
            handle.remove()

    def _is_own(self) -> bool:
        return _core._tape_recording() is self._recording

    def _call(self, module: Module, call: Callable[[], Any]) -> Any:
        if id(module) not in self._modules and self._is_own():
            self._modules[id(module)] = module, _entries(module.__dict__)
            for value in module.__dict__.values():
                if isinstance(value, Tensor):
                    self._recording.add_state(value)
        return call()

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if not self._is_own():
            return
        if id(optimizer) not in self._optimizers:
            own = {k: vars(optimizer)[k] for k in ("param_groups", "_state")}
            groups = [_entries(g) for g in optimizer.param_groups]
            state = {p: dict(s) for p, s in optimizer._state.items()}
            self._optimizers[id(optimizer)] = optimizer, own, groups, state
        self._begun = self._recording.size()

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self._is_own():
            self._steps.append((optimizer, self._begun, self._recording.size()))

    def names(self, states: list[Tensor]) -> list[str]:
        """What the states of a program are called: names of parameters and the like, or s0, ..."""
        modules = [module for module, _ in self._modules.values()]
        inner = {id(m) for module in modules for m in module.modules() if m is not module}
        roots = [m for m in modules if id(m) not in inner]
        found: dict[int, str] = {}
        for k, root in enumerate(roots):
            prefix = f"{k}." if len(roots) > 1 else ""
            for name, t in (*root.named_parameters(), *root.named_buffers()):
                found.setdefault(id(t), prefix + name)
        for optimizer, *_ in self._optimizers.values():
            for p, entries in optimizer._state.items():
                for key, t in entries.items():
                    if isinstance(t, Tensor) and id(p) in found:
                        found.setdefault(id(t), f"{found[id(p)]}.{key}")
        names = [found.get(id(t), f"s{i}") for i, t in enumerate(states)]
        return names if len(set(names)) == len(names) else []

    def guard(self, program: Any) -> None:
        """Tells the program what to look at before it runs; RuntimeError for what has changed."""
        for module, entries in self._modules.values():
            name = type(module).__name__
            _guard(program, module.__dict__, entries, name)
            program.guard_size(module.__dict__, f"the number of attributes of {name}")
        steps = self._operations(program)
        for optimizer, own, groups, states in self._optimizers.values():
            name = type(optimizer).__name__
            _guard(program, vars(optimizer), own, name)
            program.guard_size(optimizer.param_groups, f"{name}.param_groups")
            for k, (group, entries) in enumerate(zip(optimizer.param_groups, groups)):
                if (step := steps.get((id(optimizer), k))) is not None:
                    for key in _scheduled(program, step, entries):
                        if entries.pop(key) != group[key]:
                            raise RuntimeError(
                                f"record: {name}'s {key} was changed inside; step the scheduler "
                                "outside"
                            )
                        _read_from(group, key, program, step)
                _guard(program, group, entries, name)
                program.guard(group, "params", group["params"], f"{name}'s parameters")
                program.guard_size(group["params"], f"{name}'s parameters")
            for p, entries in states.items():
                kept = optimizer._state[p]
                program.guard(optimizer._state, p, kept, f"{name}.state")
                _guard(program, kept, _entries(entries), name)

    def _operations(self, program: Any) -> dict[tuple[int, int], int]:
        """The operation that steps a group, where it takes the learning rate as it is."""
        found: dict[tuple[int, int], int] = {}
        for optimizer, begin, end in self._steps:
            steps = [i for i in range(begin, end) if program.has_number(i, "lr")]
            active = [
                k
                for k, group in enumerate(optimizer.param_groups)
                if any(p.grad is not None for p in group["params"])
            ]
            lrs = [optimizer.param_groups[k].get("lr") for k in active]
            if len(steps) != len(active) or not all(isinstance(lr, float) for lr in lrs):
                continue
            for step, k in zip(steps, active):
                if (id(optimizer), k) in found:  # it has stepped twice
                    return {}
                found[id(optimizer), k] = step
        return found


# What schedulers change, and the attributes of a step that this is, if equal.
_SCHEDULED = {"lr": ("lr",), "momentum": ("momentum",), "betas": ("beta1", "beta2")}


def _scheduled(program: Any, step: int, entries: dict) -> list[str]:
    """The entries of a group that the step takes as they are."""

    def is_taken(value: Any, names: tuple) -> bool:
        items = value if isinstance(value, tuple) else (value,)
        return len(items) == len(names) and all(
            type(v) in (int, float)
            and program.has_number(step, name)
            and program.number(step, name) == v
            for v, name in zip(items, names)
        )

    return [key for key, names in _SCHEDULED.items() if is_taken(entries.get(key), names)]


def _read_from(group: dict, key: str, program: Any, step: int) -> None:
    """Lets the step take an entry of the group as it is then."""
    names = _SCHEDULED[key]
    for i, name in enumerate(names):
        # Without momentum there is no buffer.
        program.input(step, name, group, key, i if len(names) > 1 else -1, key == "momentum")


def _guard(program: Any, values: dict, entries: dict, owner: str) -> None:
    for name, value in entries.items():
        now = values.get(name)
        if now is not value and not (is_plain(value) and type(now) is type(value) and now == value):
            raise RuntimeError(
                f"record: {owner}.{name} was changed inside, which a program does not repeat"
            )
        program.guard(values, name, value, f"{owner}.{name}")
