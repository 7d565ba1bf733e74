"""Every operation of the core by its name, for the layers and functions written in Python."""

from ._core import ops as _ops

globals().update({name: getattr(_ops, name) for name in dir(_ops) if not name.startswith("__")})
