"""Hooks of optimizers: before and after steps, and around saving and loading their state."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from itertools import chain
from weakref import WeakSet

from wengert import _core
from wengert.utils.hooks import RemovableHandle, add_hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_common_pre_hooks: OrderedDict = OrderedDict()
_common_post_hooks: OrderedDict = OrderedDict()
_live: WeakSet = WeakSet()  # every optimizer


def register_optimizer_step_pre_hook(hook: Callable) -> RemovableHandle:
    """``hook(optimizer, args, kwargs)`` runs before each step of every optimizer."""
    return _for_all(_common_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Callable) -> RemovableHandle:
    """``hook(optimizer, args, kwargs)`` runs after each step of every optimizer."""
    return _for_all(_common_post_hooks, hook)


def _for_all(hooks: OrderedDict, hook: Callable) -> RemovableHandle:
    watch_all_steps()
    return add_hook(hooks, hook)


def watch_all_steps() -> None:
    """Sends the next step of every optimizer through its hooks, and into profiles."""
    for optimizer in list(_live):
        optimizer._watch_steps()


class Hooked:
    """What an optimizer has of hooks.

    Only an optimizer that needs it pays for them: its own ``step`` then hides that of the class.
    """

    def _prepare_hooks(self) -> None:
        self._optimizer_step_pre_hooks: OrderedDict = OrderedDict()
        self._optimizer_step_post_hooks: OrderedDict = OrderedDict()
        self._optimizer_state_dict_pre_hooks: OrderedDict = OrderedDict()
        self._optimizer_state_dict_post_hooks: OrderedDict = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks: OrderedDict = OrderedDict()
        self._optimizer_load_state_dict_post_hooks: OrderedDict = OrderedDict()
        _live.add(self)
        if _common_pre_hooks or _common_post_hooks or _core._is_profiling():
            self._watch_steps()

    def _watch_steps(self) -> None:
        self.__dict__.setdefault("step", partial(_watched_step, self))

    def _steps_are_watched(self) -> bool:
        own = self.__dict__.get("step")
        return own is None or getattr(own, "func", None) is _watched_step

    def register_step_pre_hook(self, hook: Callable) -> RemovableHandle:
        """``hook(optimizer, args, kwargs)`` runs before each step and may return new ones."""
        self._watch_steps()
        return add_hook(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable) -> RemovableHandle:
        """``hook(optimizer, args, kwargs)`` runs after each step."""
        self._watch_steps()
        return add_hook(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable, prepend: bool = False
    ) -> RemovableHandle:
        """``hook(optimizer)`` runs before :meth:`state_dict`; ``prepend``: before the others."""
        return add_hook(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable, prepend: bool = False
    ) -> RemovableHandle:
        """``hook(optimizer, state_dict)`` may change what :meth:`state_dict` gives, or return
        another."""
        return add_hook(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable, prepend: bool = False
    ) -> RemovableHandle:
        """``hook(optimizer, state_dict)`` may change the (shallow copy of the) dict that is to be
        loaded, or return another."""
        return add_hook(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable, prepend: bool = False
    ) -> RemovableHandle:
        """``hook(optimizer)`` runs after :meth:`load_state_dict`."""
        return add_hook(self._optimizer_load_state_dict_post_hooks, hook, prepend)


def _watched_step(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
    args = (optimizer, *args)
    before, after = optimizer._optimizer_step_pre_hooks, optimizer._optimizer_step_post_hooks
    optimizer._opt_called = True
    for hook in list(chain(_common_pre_hooks.values(), before.values())):
        changed = hook(optimizer, args, kwargs)
        if changed is not None:
            if not (isinstance(changed, tuple) and len(changed) == 2):
                raise RuntimeError(
                    "step pre-hook: expected None or a tuple of (new args, new kwargs), got "
                    f"{changed!r}"
                )
            args, kwargs = changed
    range = _core._profile_range(f"Optimizer.step#{type(optimizer).__name__}.step")
    try:
        result = type(optimizer).step(*args, **kwargs)
    finally:
        if range is not None:
            range.end()
    for hook in list(chain(after.values(), _common_post_hooks.values())):
        hook(optimizer, args, kwargs)
    watched = before or after or _common_pre_hooks or _common_post_hooks or _core._is_profiling()
    if not watched:
        optimizer.__dict__.pop("step", None)
    return result
