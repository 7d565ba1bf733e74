"""Making modules whose initial values do not matter."""

from __future__ import annotations

import inspect

from wengert.nn.module import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """``module_cls(*args, **kwargs)`` whose parameters and buffers have values nobody may rely on,
    to be loaded or set by the caller.

    Raises:
        RuntimeError: the class is no Module, or its constructor has no argument ``device``.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    return module_cls(*args, **kwargs)
