"""Calling a module with other parameters and buffers than its own."""

from __future__ import annotations

from collections import deque

from wengert import Tensor
from wengert.nn.module import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["functional_call"]


def _with_ties(module: Module, given: dict[str, Tensor]) -> dict[str, Tensor]:
    """``given``, also under the other names of tensors that have several."""
    names: dict[int, list[str]] = {}
    for kind in (module.named_parameters, module.named_buffers):
        for name, tensor in kind(remove_duplicate=False):
            names.setdefault(id(tensor), []).append(name)
    tied = dict(given)
    for group in names.values():
        values = {id(given[n]): given[n] for n in group if n in given}
        if len(values) > 1:
            raise ValueError(
                f"functional_call: expected one value for the tied names {group}, got {len(values)}"
            )
        for value in values.values():
            tied.update(dict.fromkeys(group, value))
    return tied


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with the given tensors in place of those of these names.

    Args:
        parameters_and_buffers: tensors by dotted name; one that ``forward`` replaces by another is
            replaced here too.
        args: the positional arguments, or the only one.
        tie_weights: a tensor with several names is replaced under all of them.
        strict: missing and unknown names are errors.
    """
    own = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    given = dict(parameters_and_buffers)
    used = _with_ties(module, given) if tie_weights else given
    unexpected = [n for n in used if n not in own]
    missing = [n for n in own if n not in used]
    if strict and (unexpected or missing):
        raise RuntimeError(
            f"Error(s) in reparametrizing for {type(module).__name__}:\n\t"
            f"Unexpected key(s): {', '.join(map(repr, unexpected))}.\n\t"
            f"Missing key(s): {', '.join(map(repr, missing))}."
        )
    places = []
    for name, tensor in used.items():
        if name in own:
            if not isinstance(tensor, Tensor):
                raise TypeError(f"{name}: {tensor!r} is not an instance of wengert.Tensor")
            path, _, last = name.rpartition(".")
            places.append((name, module.get_submodule(path).__dict__, last))
    before = [values[last] for _, values, last in places]
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    # Run by one call below, which no signal handler can interrupt.
    owners, lasts = [p[1] for p in places], [p[2] for p in places]
    restore = map(dict.__setitem__, owners, lasts, before)
    try:
        for name, values, last in places:
            values[last] = used[name]
        try:
            return module(*args, **(kwargs or {}))
        finally:
            for name, values, last in places:
                if name in given:
                    parameters_and_buffers[name] = values[last]
    finally:
        deque(restore, maxlen=0)
