"""The base class of all optimizers."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import is_

from wengert import Tensor, enable_grad
from wengert._tensor import drop_gradients
from wengert.optim._hooks import (
    Hooked,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from wengert.optim._loading import Entry, check_options, check_state, fitted

__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def check_not_negative(**values: float) -> None:
    """Raises ValueError for the first value that is negative or nan."""
    for name, value in values.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name.replace('_value', ' value')}: {value}")


def check_one_element(lr: float | Tensor) -> None:
    """Raises ValueError for a tensor of more or less than one element."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")


def check_lr(lr: float | Tensor) -> None:
    """Raises ValueError unless ``lr`` is one number, not negative."""
    check_one_element(lr)
    if not lr >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_betas(betas: Iterable) -> None:
    """Raises ValueError unless both lie in [0, 1)."""
    for i, beta in enumerate(betas):
        if isinstance(beta, Tensor) and beta.numel() != 1:
            raise ValueError(f"Tensor betas[{i}] must be 1-element")
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def check_ways(foreach: bool | None, fused: bool | None, differentiable: bool) -> None:
    """Raises RuntimeError for ways of stepping that exclude each other."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


class Optimizer(Hooked):
    """Groups of parameters with their options, and the state kept for each parameter.

    A subclass defines ``step``. The tensors a step needs are gathered into lists that are kept
    between steps, as long as the same parameters have gradients; once somebody has asked for
    :attr:`state`, which is theirs to change, the lists are gathered anew at each step.

    Args:
        params: parameters, pairs of name and parameter, or dicts, each with "params" and the
            options in which it differs from ``defaults``.
        defaults: the options of groups that do not give them.
    """

    # The options without which a step is not possible.
    _options: tuple[str, ...] = ()

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
        self._prepare_hooks()
        self._repeats = False  # whether a parameter occurs twice in a group
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
        self._repeats = any(
            len({id(p) for p in group["params"]}) != len(group["params"])
            for group in self.param_groups
        )

    # ---- gathering -------------------------------------------------------------------------

    def _lists(self, index: int, params: list[Tensor], options: Any, key: Any) -> tuple:
        """The lists of state tensors for ``params`` of group ``index``, as _gather gave them when
        the ``key`` was the same."""
        kept = self._gathered.get(index)
        if (
            kept is not None
            and kept[1] == key
            and len(kept[0]) == len(params)
            and all(map(is_, kept[0], params))
        ):
            return kept[2]
        lists = self._gather(params, options)
        if not self._state_seen:
            self._gathered[index] = (params, key, lists)
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
        named = sum(isinstance(p, tuple) for p in params)
        if named:
            if named != len(params):
                raise ValueError(
                    "all optimizer params should be with/without names. Some param names are "
                    "missing"
                )
            param_group["param_names"] = [name for name, _ in params]
            params = [p for _, p in params]
        param_group["params"] = params
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(param)}"
                )
            differentiable = self.defaults.get("differentiable")
            if not (differentiable or param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        repeats = len({id(p) for p in params}) != len(params)
        if repeats:
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters: each step changes "
                "them as often as they occur; give each once",
                stacklevel=3,
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
        self._repeats |= repeats

    def _groups_to_step(self) -> list[dict]:
        """The groups, without parameters that occur twice: they have groups of their own, since a
        step works on all parameters of a group at once."""
        if not self._repeats:
            return self.param_groups
        groups = []
        for group in self.param_groups:
            left = group["params"]
            while left:
                once = {id(p): p for p in left}
                groups.append({**group, "params": list(once.values())})
                later = []
                for p in left:
                    if once.pop(id(p), None) is None:
                        later.append(p)
                left = later
        return groups

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

    # ---- state -----------------------------------------------------------------------------

    def state_dict(self) -> dict:
        """``{"state": {number: state}, "param_groups": [options]}``, the parameters being numbered
        in the order of the groups. The tensors are those in use; state of parameters that are in no
        group is left out."""
        for before in self._optimizer_state_dict_pre_hooks.values():
            before(self)
        number: dict[int, int] = {}
        count = 0
        groups = []
        for group in self.param_groups:
            # Of those that occur twice, the last place counts.
            number |= {id(p): i for i, p in enumerate(group["params"], count)}
            count += len(group["params"])
            packed = {k: v for k, v in group.items() if k != "params"}
            packed["params"] = [number[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {
            (number[id(k)] if isinstance(k, Tensor) else k): dict(v) if isinstance(v, dict) else v
            for k, v in self._state.items()
            if not isinstance(k, Tensor) or id(k) in number
        }
        result = {"state": state, "param_groups": groups}
        for after in self._optimizer_state_dict_post_hooks.values():
            changed = after(self, result)
            if changed is not None:
                result = changed
        return result

    def load_state_dict(self, state_dict: dict) -> None:
        """Takes over options and state from ``state_dict``, whose tensors are shared.

        State becomes the dtype of its floating parameter, except single numbers such as counts of
        steps. Parameters without state begin afresh; options that are not there get their defaults,
        where PyTorch has not always had them.

        Raises:
            ValueError: the groups differ in number or size, or it is the state of another kind of
                optimizer, or of other parameters.
        """
        from copy import deepcopy

        state_dict = state_dict.copy()
        for before in self._optimizer_load_state_dict_pre_hooks.values():
            changed = before(self, state_dict)
            if changed is not None:
                state_dict = changed
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
        # A step of the user's own may keep what it likes.
        name, known = type(self).__name__, type(self).step.__module__.startswith("wengert.optim.")
        param_of: dict[int, Tensor] = {}
        options_of: dict[int, dict] = {}
        new_groups = []
        for index, (group, loaded) in enumerate(zip(groups, saved, strict=True)):
            if known:
                check_options(name, index, self._options, loaded)
            param_of.update(zip(loaded["params"], group["params"], strict=True))
            options = deepcopy({k: v for k, v in loaded.items() if k != "params"})
            for option, default in self.defaults.items():
                options.setdefault(option, default)
            if "param_names" in group:
                options.setdefault("param_names", group["param_names"])
            options["params"] = group["params"]
            options_of.update(dict.fromkeys(loaded["params"], options))
            new_groups.append(options)
        new_state: defaultdict = defaultdict(dict)
        for key, value in state_dict["state"].items():
            param = param_of.get(key)
            if param is None:
                new_state[key] = deepcopy(value)
            else:
                if known and value != {}:
                    check_state(name, key, self._entries(param, options_of[key], value), value)
                new_state[param] = fitted(param, value)
        self.param_groups = new_groups
        self._state = new_state
        self._gathered.clear()
        for after in self._optimizer_load_state_dict_post_hooks.values():
            after(self)

    def _entries(self, p: Tensor, group: dict, saved: dict) -> Iterable[Entry]:
        """What the state of ``p`` must hold once it has made a step."""
        return ()

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            for key in sorted(group):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"
