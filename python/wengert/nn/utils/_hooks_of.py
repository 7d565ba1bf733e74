"""Finding the hooks that helpers of this package put on modules."""

from __future__ import annotations

from collections.abc import Iterator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def forward_pre_hooks(module: Any, kind: type) -> Iterator[tuple[int, Any]]:
    """Number and object of each forward pre-hook of this kind."""
    if module._hooks is not None:
        for number, hook in list(module._hooks.forward_pre.items()):
            if isinstance(hook, kind):
                yield number, hook


def find_hook(module: Any, kind: type, name: str) -> tuple[int, Any] | None:
    """The hook of this kind for the tensor ``name``."""
    for number, hook in forward_pre_hooks(module, kind):
        if hook.name == name:
            return number, hook
    return None


def take_hook(module: Any, kind: type, name: str, what: str) -> Any:
    """Removes that hook and returns it."""
    found = find_hook(module, kind, name)
    if found is None:
        raise ValueError(f"{what} of '{name}' not found in {module}")
    del module._hooks.forward_pre[found[0]]
    return found[1]


def refuse_second(module: Any, kind: type, name: str, what: str) -> None:
    """RuntimeError if the module has such a hook already."""
    if find_hook(module, kind, name) is not None:
        raise RuntimeError(f"Cannot register two {what} hooks on the same parameter {name}")
