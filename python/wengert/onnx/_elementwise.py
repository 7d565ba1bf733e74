"""Operations on each element."""

from __future__ import annotations

from math import log, pi, sqrt
from typing import Any

import wengert
from wengert import dtype
from wengert.onnx._call import Array, Call, common_dtype, translates
from wengert.onnx._sizes import Size

_UNARY = {
    "neg": "Neg", "abs": "Abs", "sign": "Sign", "floor": "Floor", "ceil": "Ceil", "round": "Round",
    "reciprocal": "Reciprocal", "sqrt": "Sqrt", "exp": "Exp", "log": "Log", "sin": "Sin",
    "cos": "Cos", "tan": "Tan", "asin": "Asin", "acos": "Acos", "atan": "Atan", "sinh": "Sinh",
    "cosh": "Cosh", "tanh": "Tanh", "asinh": "Asinh", "acosh": "Acosh", "atanh": "Atanh",
    "erf": "Erf", "sigmoid": "Sigmoid", "relu": "Relu", "softsign": "Softsign",
}  # fmt: skip
_WHOLE_ALREADY = ("floor", "ceil", "round", "trunc")


@translates(*_UNARY)
def _unary(c: Call) -> str:
    if c.name in _WHOLE_ALREADY and not c.out.dtype.is_floating_point:
        return c.x()
    return c.graph.add(_UNARY[c.name], c.as_dtype(0, c.out.dtype))


class _Terms:
    """The arithmetic of values of one dtype."""

    def __init__(self, c: Call) -> None:
        self._c = c
        self.x = c.as_dtype(0, c.out.dtype)

    def __call__(self, op: str, *operands: Any, **attributes: Any) -> str:
        names = [o if isinstance(o, str) else self._c.number(o) for o in operands]
        return self._c.graph.add(op, *names, **attributes)

    def softplus(self, x: str) -> str:
        """log(1 + e^x) without overflow; ONNX's Softplus is not there for every dtype."""
        small = self("Log", self("Add", self("Exp", self("Neg", self("Abs", x))), 1))
        return self("Add", self("Max", x, 0), small)

    def normal(self, x: str) -> str:
        """The distribution function of the standard normal distribution."""
        return self("Mul", self("Add", self("Erf", self("Mul", x, sqrt(0.5))), 1), 0.5)


@translates("positive", "square", "trunc", "frac", "rsqrt", "exp2", "expm1", "log1p", "log2")
def _simple(c: Call) -> str:
    t = _Terms(c)
    x = t.x
    match c.name:
        case "square":
            return t("Mul", x, x)
        case "trunc" | "frac":
            if not c.out.dtype.is_floating_point:
                return x if c.name == "trunc" else t("Sub", x, x)
            whole = t("Mul", t("Sign", x), t("Floor", t("Abs", x)))
            return whole if c.name == "trunc" else t("Sub", x, whole)
        case "rsqrt":
            return t("Reciprocal", t("Sqrt", x))
        case "exp2":
            return t("Pow", 2, x)
        case "expm1":
            return t("Sub", t("Exp", x), 1)
        case "log1p":
            return t("Log", t("Add", x, 1))
        case "log2":
            return t("Div", t("Log", x), log(2))
    return x


@translates("log10", "erfc", "sinc", "ndtr", "logsigmoid", "silu", "gelu", "gelu_tanh", "mish")
def _smooth(c: Call) -> str:
    t = _Terms(c)
    x = t.x
    match c.name:
        case "log10":
            return t("Div", t("Log", x), log(10))
        case "erfc":
            return t("Sub", 1, t("Erf", x))
        case "sinc":
            zero, a = t("Equal", x, 0), t("Mul", x, pi)
            return t("Where", zero, 1, t("Div", t("Sin", a), t("Where", zero, 1, a)))
        case "ndtr":
            return t.normal(x)
        case "logsigmoid":
            return t("Neg", t.softplus(t("Neg", x)))
        case "silu":
            return t("Mul", x, t("Sigmoid", x))
        case "gelu":
            return t("Mul", x, t.normal(x))
        case "gelu_tanh":
            cube = t("Mul", t("Mul", x, t("Mul", x, x)), 0.044715)
            return t("Mul", x, t("Sigmoid", t("Mul", t("Add", x, cube), 2 * sqrt(2 / pi))))
    return t("Mul", x, t("Tanh", t.softplus(x)))


@translates("relu6", "hardsigmoid", "hardswish", "logit")
def _limited(c: Call) -> str:
    t = _Terms(c)

    def limit(x: str, low: float, high: float) -> str:
        return t("Min", t("Max", x, low), high)

    if c.name == "relu6":
        return limit(t.x, 0, 6)
    if c.name == "logit":
        eps = c["eps"]
        x = limit(t.x, eps, 1 - eps) if eps >= 0 else t.x
        return t("Log", t("Div", x, t("Sub", 1, x)))
    gate = t("Div", limit(t("Add", t.x, 3), 0, 6), 6)
    return gate if c.name == "hardsigmoid" else t("Mul", t.x, gate)


@translates("leaky_relu", "elu", "softplus")
def _smooth_with_numbers(c: Call) -> str:
    t = _Terms(c)
    x = t.x
    match c.name:
        case "leaky_relu":
            return t("Where", t("Greater", x, 0), x, t("Mul", x, c["negative_slope"]))
        case "elu":
            below = t("Mul", t("Min", x, 0), c["input_scale"])
            low = t("Mul", t("Sub", t("Exp", below), 1), c["alpha"] * c["scale"])
            return t("Where", t("Greater", x, 0), t("Mul", x, c["scale"]), low)
    scaled = t("Mul", x, c["beta"])
    soft = t("Div", t.softplus(scaled), c["beta"])
    return t("Where", t("Greater", scaled, c["threshold"]), x, soft)


@translates("clamp_between", "hardtanh", "threshold", "hardshrink", "softshrink")
def _pieces(c: Call) -> str:
    t = _Terms(c)
    x = t.x
    match c.name:
        case "clamp_between":
            return t("Min", t("Max", x, c["min"]), c["max"])
        case "hardtanh":
            return t("Min", t("Max", x, c["min_val"]), c["max_val"])
        case "threshold":
            return t("Where", t("Greater", x, c["limit"]), x, c["other"])
    kept = x
    if c.name == "softshrink":
        kept = t("Sub", x, t("Mul", t("Sign", x), c["lambd"]))
    return t("Where", t("Greater", t("Abs", x), c["lambd"]), kept, 0)


# ---- two operands ---------------------------------------------------------------------------


def _meeting(c: Call, t: dtype | None = None) -> tuple[str, str, dtype]:
    """Both operands in one dtype, that in which they meet if none is given."""
    if "other" not in c.attributes:
        t = t or common_dtype([c.array(0), c.array(1)])
        return c.as_dtype(0, t), c.as_dtype(1, t), t
    other = c["other"]
    plain = 1 if isinstance(other, Size) else other
    t = t or common_dtype([c.array(0), plain])
    a, b = c.as_dtype(0, t), c.number(other, t)
    return (b, a, t) if _plain_name(c) != c.name else (a, b, t)


def _plain_name(c: Call) -> str:
    """The operation's name without the r of one whose first operand is a number."""
    return c.name[1:] if "other" in c.attributes and c.name in _REVERSED else c.name


_BINARY = {
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "Div",
    "pow": "Pow",
    "maximum": "Max",
    "minimum": "Min",
}
_LOGICAL = {"add": "Or", "mul": "And", "maximum": "Or", "minimum": "And"}
_DIVISIONS = ("remainder", "fmod", "floor_divide")
_SPECIAL = ("hypot", "xlogy", "logaddexp", "fmax", "fmin")
_BITS = {"and": ("And", "BitwiseAnd"), "or": ("Or", "BitwiseOr"), "xor": ("Xor", "BitwiseXor")}
_BITWISE = tuple(f"bitwise_{name}" for name in _BITS)
_REVERSED = frozenset(f"r{name}" for name in (*_BINARY, *_DIVISIONS, *_SPECIAL, *_BITWISE))


@translates(*_BINARY, *(f"r{name}" for name in _BINARY))
def _binary(c: Call) -> str:
    name = _plain_name(c)
    a, b, t = _meeting(c, c.out.dtype)
    if t is wengert.bool and name in _LOGICAL:
        return c.graph.add(_LOGICAL[name], a, b)
    return c.graph.add(_BINARY[name], a, b)


@translates(*_DIVISIONS, *(f"r{name}" for name in _DIVISIONS))
def _division(c: Call) -> str:
    g, name = c.graph, _plain_name(c)
    a, b, t = _meeting(c, c.out.dtype)
    if name == "fmod":
        return g.add("Mod", a, b, fmod=1)
    if t.is_floating_point:
        whole = g.add("Floor", g.add("Div", a, b))
        return whole if name == "floor_divide" else g.add("Sub", a, g.add("Mul", b, whole))
    # Of integers, Mod has the sign of the divisor, and what is left is a multiple of it.
    rest = g.add("Mod", a, b)
    return rest if name == "remainder" else g.add("Div", g.add("Sub", a, rest), b)


@translates(*_SPECIAL, *(f"r{name}" for name in _SPECIAL))
def _special(c: Call) -> str:
    g, name = c.graph, _plain_name(c)
    a, b, t = _meeting(c, c.out.dtype)
    match name:
        case "hypot":
            return g.add("Sqrt", g.add("Add", g.add("Mul", a, a), g.add("Mul", b, b)))
        case "xlogy":
            zero = c.number(0)
            return g.add("Where", g.add("Equal", a, zero), zero, g.add("Mul", a, g.add("Log", b)))
        case "logaddexp":
            high, low = g.add("Max", a, b), g.add("Min", a, b)
            rest = g.add("Exp", g.add("Sub", low, high))
            return g.add("Add", high, g.add("Log", g.add("Add", rest, c.number(1))))
    both = g.add("Max" if name == "fmax" else "Min", a, b)
    if not t.is_floating_point:
        return both
    return g.add("Where", g.add("IsNaN", a), b, g.add("Where", g.add("IsNaN", b), a, both))


@translates(*_BITWISE, *(f"r{name}" for name in _BITWISE))
def _bitwise(c: Call) -> str:
    a, b, t = _meeting(c, c.out.dtype)
    logical, bitwise = _BITS[_plain_name(c).removeprefix("bitwise_")]
    return c.graph.add(logical if t is wengert.bool else bitwise, a, b)


_COMPARE = {
    "eq": "Equal", "lt": "Less", "le": "LessOrEqual", "gt": "Greater", "ge": "GreaterOrEqual",
}  # fmt: skip


@translates(*_COMPARE, "ne")
def _compare(c: Call) -> str:
    a, b, t = _meeting(c)
    if t is wengert.bool and c.name not in ("eq", "ne"):
        a, b = (c.graph.cast(v, wengert.int32) for v in (a, b))
    if c.name == "ne":
        return c.graph.add("Not", c.graph.add("Equal", a, b))
    return c.graph.add(_COMPARE[c.name], a, b)


@translates("logical_and", "logical_or", "logical_xor", "logical_not")
def _logical(c: Call) -> str:
    if c.name == "logical_not":
        return c.graph.add("Not", c.as_dtype(0, wengert.bool))
    a, b, _ = _meeting(c, wengert.bool)
    return c.graph.add(_BITS[c.name.removeprefix("logical_")][0], a, b)


@translates("isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit")
def _test(c: Call) -> str:
    g, x = c.graph, c.x()
    if c.name == "signbit":
        return g.add("Less", x, c.number(0, c.array().dtype))
    if not c.array().dtype.is_floating_point:
        truth = g.constant(c.name == "isfinite", wengert.bool)
        return g.add("Expand", truth, g.shape(c.out.shape))
    match c.name:
        case "isnan":
            return g.add("IsNaN", x)
        case "isfinite":
            return g.add("Not", g.add("Or", g.add("IsNaN", x), g.add("IsInf", x)))
    return g.add(
        "IsInf", x, detect_negative=int(c.name != "isposinf"),
        detect_positive=int(c.name != "isneginf"),
    )  # fmt: skip


@translates("prelu", "smooth_l1", "huber")
def _pair(c: Call) -> str:
    t = c.out.dtype
    a, b = c.as_dtype(0, t), c.as_dtype(1, t)

    def term(op: str, *operands: Any) -> str:
        return c.graph.add(op, *(o if isinstance(o, str) else c.number(o) for o in operands))

    if c.name == "prelu":
        return term("Where", term("Greater", a, 0), a, term("Mul", a, b))
    size = term("Abs", term("Sub", a, b))
    half = term("Mul", term("Mul", size, size), 0.5)
    if c.name == "huber":
        delta = c["delta"]
        far = term("Mul", term("Sub", size, 0.5 * delta), delta)
        return term("Where", term("Greater", size, delta), far, half)
    beta = c["beta"]
    return term(
        "Where", term("Less", size, beta), term("Div", half, beta), term("Sub", size, 0.5 * beta)
    )


# ---- bounds and choice ----------------------------------------------------------------------


@translates("clamp_min", "clamp_max")
def _clamp_number(c: Call) -> str:
    op = "Max" if c.name == "clamp_min" else "Min"
    return c.graph.add(op, c.as_dtype(0, c.out.dtype), c.number(c["bound"]))


@translates("clamp")
def _clamp(c: Call) -> str:
    y = c.as_dtype(0, c.out.dtype)
    for i, op in ((1, "Max"), (2, "Min")):
        if c.has(i):
            y = c.graph.add(op, y, c.as_dtype(i, c.out.dtype))
    return y


@translates("where")
def _where(c: Call) -> str:
    t = c.out.dtype
    return c.graph.add("Where", c.x(0), c.as_dtype(1, t), c.as_dtype(2, t))


@translates("masked_fill")
def _masked_fill(c: Call) -> str:
    return c.graph.add("Where", c.x(1), c.number(c["value"]), c.x(0))


@translates("lerp", "addcmul", "addcdiv")
def _ternary(c: Call) -> str:
    g, t = c.graph, c.out.dtype
    a, b, w = (c.as_dtype(i, t) for i in range(3))
    if c.name == "lerp":
        return g.add("Add", a, g.add("Mul", w, g.add("Sub", b, a)))
    term = g.add("Mul" if c.name == "addcmul" else "Div", b, w)
    return g.add("Add", a, g.add("Mul", term, c.number(c["value"])))


@translates("to_copy")
def _to(c: Call) -> str:
    return c.as_dtype(0, c.out.dtype)


@translates("scale")
def _scale(c: Call) -> str:
    return c.graph.add("Mul", c.x(), c.number(c["factor"]))


def broadcast(c: Call, x: str, array: Array) -> str:
    """The value with the output's shape."""
    if array.shape == c.out.shape:
        return x
    return c.graph.add("Expand", x, c.graph.shape(c.out.shape))
