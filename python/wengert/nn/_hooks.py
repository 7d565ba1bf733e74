"""Calling a module that has hooks."""

from __future__ import annotations

from collections import OrderedDict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class CallHooks:
    """The hooks of one module that take part in its calls, in the order they run."""

    def __init__(self) -> None:
        self.forward_pre: OrderedDict = OrderedDict()  # id -> (hook, with_kwargs)
        self.forward: OrderedDict = OrderedDict()  # id -> (hook, with_kwargs, always_call)
        self.backward_pre: OrderedDict = OrderedDict()
        self.backward: OrderedDict = OrderedDict()
        self.node: OrderedDict = OrderedDict()  # at the operation that made the output


class StateHooks:
    """The hooks of one module that take part in saving and loading its state."""

    def __init__(self) -> None:
        self.save_pre: OrderedDict = OrderedDict()
        self.save_post: OrderedDict = OrderedDict()
        self.load_pre: OrderedDict = OrderedDict()
        self.load_post: OrderedDict = OrderedDict()


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
        for key, entry in list(hooks.forward.items()):
            done.add(key)
            result = _run_forward(module, entry, args, kwargs, result)
        if hooks.node:
            _hook_node(module, list(hooks.node.values()), result)
        return result if boundary is None else boundary.leave(result)
    except Exception:
        # Hooks that asked for it see the call end, and must not hide why it failed.
        for key, entry in list(hooks.forward.items()):
            if entry[2] and key not in done:
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
    for hook, with_kwargs in list(hooks.forward_pre.values()):
        if with_kwargs:
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


def _run_forward(module: object, entry: tuple, args: tuple, kwargs: dict, result: object) -> object:
    hook, with_kwargs, _ = entry
    changed = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
    return result if changed is None else changed
