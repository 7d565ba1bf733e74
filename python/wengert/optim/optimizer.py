"""The base class of all optimizers."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from operator import is_

import wengert
from wengert import Tensor, enable_grad
from wengert._tensor import drop_gradients
from wengert.utils.hooks import RemovableHandle, add_hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def check_not_negative(**values: float) -> None:
    """Raises ValueError for the first value that is negative or nan."""
    for name, value in values.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name.replace('_value', ' value')}: {value}")


def check_lr(lr: float | Tensor) -> None:
    """Raises ValueError unless ``lr`` is one number, not negative."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not lr >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_not_differentiable(differentiable: bool) -> None:
    """Raises NotImplementedError for steps that are to be recorded."""
    if differentiable:
        raise NotImplementedError("optimizer: differentiable=True is not supported")


def new_step() -> Tensor:
    """The count of steps of a parameter that has not made any."""
    return wengert.tensor(0.0, dtype=wengert.float32)


class Optimizer:
    """Groups of parameters with their options, and the state kept for each parameter.

    A subclass defines ``step``. The tensors a step needs are gathered into lists that are kept
    between steps, as long as the same parameters have gradients; once somebody has asked for
    :attr:`state`, which is theirs to change, the lists are gathered anew at each step.

    Args:
        params: parameters, pairs of name and parameter, or dicts, each with "params" and the
            options in which it differs from ``defaults``.
        defaults: the options of groups that do not give them.
    """

    def __init__(self, params: Iterable, defaults: dict) -> None:
        self.defaults = defaults
        self._prepare()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {type(params).__name__}"
            )
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group) if isinstance(group, dict) else group)

    def _prepare(self) -> None:
        self._state: defaultdict = defaultdict(dict)
        self._state_seen = False
        self._gathered: dict[int, tuple] = {}
        self._step_pre_hooks: OrderedDict = OrderedDict()
        self._step_post_hooks: OrderedDict = OrderedDict()
        self.param_groups: list[dict] = []

    @property
    def state(self) -> defaultdict:
        """What is kept for each parameter, by parameter."""
        self._state_seen = True
        self._gathered.clear()
        return self._state

    @state.setter
    def state(self, value: defaultdict) -> None:
        self._state_seen = True
        self._gathered.clear()
        self._state = value

    def __getstate__(self) -> dict:
        return {
            "defaults": self.defaults,
            "state": self._state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, saved: dict) -> None:
        self._prepare()
        self.defaults = saved["defaults"]
        self._state = saved["state"]
        self.param_groups = saved["param_groups"]

    # ---- gathering -------------------------------------------------------------------------

    def _lists(self, index: int, params: list[Tensor], options: object) -> tuple:
        """The lists of state tensors for ``params`` of group ``index``, as _gather gave them."""
        kept = self._gathered.get(index)
        if (
            kept is not None
            and kept[1] == options
            and len(kept[0]) == len(params)
            and all(map(is_, kept[0], params))
        ):
            return kept[2]
        lists = self._gather(params, options)
        if not self._state_seen:
            self._gathered[index] = (params, options, lists)
        return lists

    def _gather(self, params: list[Tensor], options: Any) -> tuple:
        """The lists of state tensors for ``params``; state that is missing is created."""
        raise NotImplementedError

    # ---- groups ----------------------------------------------------------------------------

    def add_param_group(self, param_group: dict) -> None:
        """Adds a group: a dict with "params" and options, the others being the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        params = list(params)
        if params and all(isinstance(p, tuple) for p in params):
            param_group["param_names"] = [name for name, _ in params]
            params = [p for _, p in params]
        param_group["params"] = params
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(param)}"
                )
            if not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        if len({id(p) for p in params}) != len(params):
            raise ValueError(
                "optimizer contains a parameter group with duplicate parameters; give each once"
            )
        for group in self.param_groups:
            if ("param_names" in group) != ("param_names" in param_group):
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param "
                    "group with names to the optimizer without names, or the reverse"
                )
        known = {id(p) for group in self.param_groups for p in group["params"]}
        if any(id(p) in known for p in params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drops the gradients of all parameters, or fills them with zero."""
        for group in self.param_groups:
            if set_to_none:
                drop_gradients(group["params"])
                continue
            for p in group["params"]:
                if p.grad is not None:
                    p.grad = p.grad.detach()
                    p.grad.zero_()

    def step(self, closure: Callable | None = None) -> object:
        """Changes the parameters once; ``closure`` computes the loss and its gradients anew.

        Groups are stepped in turn, each wholly or, where it raises, not at all.
        """
        raise NotImplementedError

    @staticmethod
    def _evaluate(closure: Callable) -> object:
        with enable_grad():
            return closure()

    # ---- hooks -----------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Callable) -> RemovableHandle:
        """``hook(optimizer, args, kwargs)`` runs before each step and may return new ones."""
        self._watch_steps()
        return add_hook(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable) -> RemovableHandle:
        """``hook(optimizer, args, kwargs)`` runs after each step."""
        self._watch_steps()
        return add_hook(self._step_post_hooks, hook)

    def _watch_steps(self) -> None:
        # Only an optimizer with hooks pays for them: its own `step` hides that of the class.
        self.__dict__["step"] = partial(_step_with_hooks, self)

    # ---- state -----------------------------------------------------------------------------

    def state_dict(self) -> dict:
        """``{"state": {number: state}, "param_groups": [options]}``, the parameters being numbered
        in the order of the groups. The tensors are those in use; state of parameters that are in no
        group is left out."""
        number: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                number.setdefault(id(p), len(number))
            packed = {k: v for k, v in group.items() if k != "params"}
            packed["params"] = [number[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {
            (number[id(k)] if isinstance(k, Tensor) else k): dict(v) if isinstance(v, dict) else v
            for k, v in self._state.items()
            if not isinstance(k, Tensor) or id(k) in number
        }
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict) -> None:
        """Takes over options and state from ``state_dict``, of which tensors are copied.

        State becomes the dtype of its floating parameter, except counts of steps.

        Raises:
            ValueError: the groups differ in number or size.
        """
        from copy import deepcopy

        groups, saved = self.param_groups, state_dict["param_groups"]
        if len(groups) != len(saved):
            raise ValueError(
                "loaded state dict has a different number of parameter groups: expected "
                f"{len(groups)}, got {len(saved)}"
            )
        for group, loaded in zip(groups, saved, strict=True):
            if len(group["params"]) != len(loaded["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of "
                    f"optimizer's group: expected {len(group['params'])} parameters, got "
                    f"{len(loaded['params'])}"
                )
        param_of: dict[int, Tensor] = {}
        new_groups = []
        for group, loaded in zip(groups, saved, strict=True):
            param_of.update(zip(loaded["params"], group["params"], strict=True))
            options = deepcopy({k: v for k, v in loaded.items() if k != "params"})
            for name, default in self.defaults.items():
                options.setdefault(name, default)
            options.pop("param_names", None)
            if "param_names" in group:
                options["param_names"] = group["param_names"]
            options["params"] = group["params"]
            new_groups.append(options)
        new_state: defaultdict = defaultdict(dict)
        for key, value in state_dict["state"].items():
            param = param_of.get(key)
            if param is None:
                new_state[key] = deepcopy(value)
            else:
                new_state[param] = _fitted(param, value, None)
        self.param_groups = new_groups
        self._state = new_state
        self._gathered.clear()

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            for key in sorted(group):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"


def _fitted(param: Tensor, value: Any, key: object) -> Any:
    """A copy of loaded state in the form in which it is kept for ``param``."""
    if isinstance(value, dict):
        return {k: _fitted(param, v, k) for k, v in value.items()}
    if key == "step":
        return value.clone() if isinstance(value, Tensor) else new_step() + float(value)
    if isinstance(value, Tensor):
        return value.to(param.dtype).clone() if param.is_floating_point() else value.clone()
    if isinstance(value, (list, tuple)):
        return type(value)(_fitted(param, v, key) for v in value)
    return value


def _step_with_hooks(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
    args = (optimizer, *args)
    for hook in list(optimizer._step_pre_hooks.values()):
        changed = hook(optimizer, args, kwargs)
        if changed is not None:
            if not (isinstance(changed, tuple) and len(changed) == 2):
                raise RuntimeError(
                    "step pre-hook: expected None or a tuple of (new args, new kwargs), got "
                    f"{changed!r}"
                )
            args, kwargs = changed
    result = type(optimizer).step(*args, **kwargs)
    for hook in list(optimizer._step_post_hooks.values()):
        hook(optimizer, args, kwargs)
    return result
