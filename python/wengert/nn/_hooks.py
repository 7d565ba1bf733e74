"""Calling a module that has hooks."""

from __future__ import annotations

from collections import OrderedDict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class CallHooks:
    """The hooks of one module that take part in its calls, in the order they run."""

    def __init__(self) -> None:
        self.forward_pre: OrderedDict = OrderedDict()  # id -> hook
        self.forward: OrderedDict = OrderedDict()
        self.backward_pre: OrderedDict = OrderedDict()
        self.backward: OrderedDict = OrderedDict()
        self.node: OrderedDict = OrderedDict()  # at the operation that made the output
        # The ids of forward hooks that are called in another way, each with True.
        self.forward_pre_with_kwargs: OrderedDict = OrderedDict()
        self.forward_with_kwargs: OrderedDict = OrderedDict()
        self.forward_always_called: OrderedDict = OrderedDict()

    def __bool__(self) -> bool:
        return bool(
            self.forward or self.forward_pre or self.backward or self.backward_pre or self.node
        )


class StateHooks:
    """The hooks of one module that take part in saving and loading its state."""

    def __init__(self) -> None:
        self.save_pre: OrderedDict = OrderedDict()
        self.save_post: OrderedDict = OrderedDict()
        self.load_pre: OrderedDict = OrderedDict()
        self.load_post: OrderedDict = OrderedDict()


def hook_dict(holder: str, kind: str) -> Any:
    """A property: the module's hooks of one kind, which programs for PyTorch read by its name.

    The dict is made when it is first asked for, so that modules without hooks stay small.
    """

    def get(module: Any) -> OrderedDict:
        return getattr(getattr(module, holder)(), kind)

    def replace(module: Any, hooks: OrderedDict) -> None:
        setattr(getattr(module, holder)(), kind, hooks)

    return property(get, replace, doc=f"The hooks of kind {kind}, by number.")


def call_with_hooks(module: Any, args: tuple, kwargs: dict) -> object:
    """``module.forward(*args, **kwargs)`` with every hook of the module around it."""
    hooks = module._hooks
    result = None
    done = set()
    try:
        args, kwargs = _run_forward_pre(module, hooks, args, kwargs)
        boundary = None
        if hooks.backward or hooks.backward_pre:
            from wengert.nn._backward_hooks import BackwardBoundary

            boundary = BackwardBoundary(
                module, list(hooks.backward.values()), list(hooks.backward_pre.values())
            )
            args = boundary.enter(args)
        result = module.forward(*args, **kwargs)
        for entry in list(hooks.forward.items()):
            done.add(entry[0])
            result = _run_forward(module, entry, args, kwargs, result)
        if hooks.node:
            _hook_node(module, list(hooks.node.values()), result)
        return result if boundary is None else boundary.leave(result)
    except Exception:
        # Hooks that asked for it see the call end, and must not hide why it failed.
        for entry in list(hooks.forward.items()):
            if entry[0] in hooks.forward_always_called and entry[0] not in done:
                try:
                    result = _run_forward(module, entry, args, kwargs, result)
                except Exception as error:
                    import warnings

                    warnings.warn(
                        "module forward hook with always_call=True raised an exception that was "
                        f"silenced because another one is being handled: {error}",
                        stacklevel=3,
                    )
        raise


def _hook_node(module: object, hooks: list[Any], result: Any) -> None:
    """Puts backward hooks at the operation that made the first tensor of the result."""
    from functools import partial

    while isinstance(result, (dict, tuple, list)) and result:
        result = next(iter(result.values())) if isinstance(result, dict) else result[0]
    node: Any = getattr(result, "grad_fn", None)
    for hook in hooks if node is not None else ():
        node.register_hook(partial(hook, module))


def _run_forward_pre(
    module: object, hooks: CallHooks, args: tuple, kwargs: dict
) -> tuple[tuple, dict]:
    for key, hook in list(hooks.forward_pre.items()):
        if key in hooks.forward_pre_with_kwargs:
            changed = hook(module, args, kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        "forward pre-hook with kwargs: expected None or a tuple of (new args, "
                        f"new kwargs), got {changed!r}; return both or None"
                    )
                args, kwargs = changed
        else:
            changed = hook(module, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
    return args, kwargs


def _run_forward(module: Any, entry: tuple, args: tuple, kwargs: dict, result: object) -> object:
    key, hook = entry
    with_kwargs = key in module._hooks.forward_with_kwargs
    changed = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
    return result if changed is None else changed
