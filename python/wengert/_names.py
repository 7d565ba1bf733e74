"""What ``wengert.name`` means for dtypes, constants and the operations of the core."""

from math import e, inf, nan, pi

from . import _core, _reductions
from ._tensor import all_dtypes

newaxis = None

# name of a row's flag -> bit, as in ops/function.h
_FUNCTION, _INTERNAL = 1 << 0, 1 << 8

__all__ = ["e", "inf", "nan", "newaxis", "pi"]

for _t in all_dtypes:
    globals()[_t.name] = _t
    __all__.append(_t.name)
_other_names = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "cfloat": "complex64",
    "cdouble": "complex128",
    "short": "int16",
    "int": "int32",
    "long": "int64",
}
for _name, _of in _other_names.items():
    globals()[_name] = globals()[_of]
    __all__.append(_name)

for _row in _core.ops.function_rows():
    if _row["flags"] & _FUNCTION and not _row["flags"] & _INTERNAL:
        globals()[_row["name"]] = getattr(_core.ops, _row["name"])
        __all__.append(_row["name"])

for _name in _reductions.__all__:
    globals()[_name] = getattr(_reductions, _name)
    __all__.append(_name)
