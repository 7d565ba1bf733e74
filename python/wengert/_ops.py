"""Every operation by its name, for the layers and functions written in Python."""

from . import _core, _reductions, _shape

_here = globals()
_here.update({n: getattr(_core.ops, n) for n in dir(_core.ops) if not n.startswith("__")})
for _module in (_reductions, _shape):
    _here.update({n: getattr(_module, n) for n in _module.__all__})
