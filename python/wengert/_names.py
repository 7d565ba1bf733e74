"""What ``wengert.name`` means for dtypes, constants and the operations of the core."""

from math import e, inf, nan, pi

from . import _core, _lazy, _properties, _reductions
from ._tensor import all_dtypes

newaxis = None

# name of a row's flag -> bit, as in ops/function.h
_FUNCTION, _INTERNAL = 1 << 0, 1 << 8

# Operations whose form that changes its argument is a function in PyTorch too.
_in_place_functions = (
    "abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ "
    "atan_ atanh_ ceil_ clamp_ clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ erf_ erfc_ "
    "exp2_ exp_ expm1_ fill_ fix_ floor_ frac_ gcd_ index_put_ lcm_ ldexp_ log10_ log1p_ "
    "log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ round_ rsqrt_ "
    "sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_ "
)

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
    # Some names are those of functions in Python, which are loaded when they are asked for.
    if (
        _row["flags"] & _FUNCTION
        and not _row["flags"] & _INTERNAL
        and _row["name"] not in _lazy.NAMES
    ):
        globals()[_row["name"]] = getattr(_core.ops, _row["name"])
        __all__.append(_row["name"])

for _name in _in_place_functions.split():
    globals()[_name] = getattr(_core.ops, _name)
    __all__.append(_name)

for _module in (_reductions, _properties):
    for _name in _module.__all__:
        globals()[_name] = getattr(_module, _name)
    __all__ += _module.__all__
