"""Asserts that tensors, numbers and collections of such agree within tolerances."""

from __future__ import annotations

import cmath
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import wengert as wg
from wengert._tensor import Tensor, dtype

# dtype -> relative and absolute tolerance; integers and booleans must be equal
_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
_DEEPEST = 500


class _Unlike(Exception):
    """A difference: its message and the way to it; `fixed` if the caller's does not replace it."""

    def __init__(self, message: str, fixed: bool = False) -> None:
        self.message = message
        self.fixed = fixed
        self.path: list[Any] = []


class _Options(NamedTuple):
    allow_subclasses: bool = True
    rtol: float | None = None
    atol: float | None = None
    equal_nan: bool = False
    check_device: bool = True
    check_dtype: bool = True
    check_layout: bool = True
    check_stride: bool = False

    def tolerances(self, *kinds: dtype) -> tuple[float, float]:
        """Those given, or the largest of the dtypes'."""
        if (self.rtol is None) is not (self.atol is None):
            given = "rtol" if self.atol is None else "atol"
            raise ValueError(f"assert_close: give rtol and atol both, or none, not {given} alone")
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        found = [_TOLERANCES.get(k.name, (0.0, 0.0)) for k in kinds]
        return max(r for r, _ in found), max(a for _, a in found)


def _allowed(tolerance: float) -> str:
    return f" (up to {tolerance} allowed)"


def _head(what: str, rtol: float, atol: float) -> str:
    return f"{what} are not {'equal' if rtol == atol == 0 else 'close'}!\n\n"


# ---- tensors ------------------------------------------------------------------------------


def _as_tensor(value: Any) -> Tensor | None:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (set, frozenset, str, bytes)):
        return None
    try:
        return wg.as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        return None


def _compare_tensors(actual: Tensor, expected: Tensor, o: _Options) -> None:
    def attribute(name: str, a: Any, b: Any) -> None:
        if a != b:
            raise _Unlike(f"The values for attribute '{name}' do not match: {a} != {b}.")

    actual, expected = actual.detach(), expected.detach()
    rtol, atol = o.tolerances(actual.dtype, expected.dtype)
    attribute("shape", actual.shape, expected.shape)
    if o.check_device:
        attribute("device", actual.device, expected.device)
    if o.check_dtype:
        attribute("dtype", actual.dtype, expected.dtype)
    if o.check_stride:
        attribute("stride()", actual.stride(), expected.stride())
    if actual.dtype is not expected.dtype:
        common = wg.promote_types(actual.dtype, expected.dtype)
        actual, expected = actual.to(common), expected.to(common)
    alike = wg.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=o.equal_nan)
    if bool(alike.all()):
        return
    raise _Unlike(_tensor_message(actual, expected, alike, rtol, atol))


def _tensor_message(a: Tensor, b: Tensor, alike: Tensor, rtol: float, atol: float) -> str:
    exact = not (a.is_floating_point() or a.is_complex())
    if exact:
        a, b = a.long(), b.long()
    absolute = (a - b).abs()
    relative = absolute / b.abs()
    # Elements that agree do not count, a nan among them neither.
    absolute = absolute.masked_fill(alike, 0)
    relative = relative.masked_fill(alike, 0)
    if a.dim() == 0:
        return (
            _head("Scalars", rtol, atol)
            + f"Expected {b.item()} but got {a.item()}.\n"
            + _differences("", absolute.item(), relative.item(), "", "", rtol, atol)
        )
    wrong, total = int((~alike).sum().item()), alike.numel()

    def greatest(t: Tensor) -> tuple[Any, str]:
        at = int(t.reshape(-1).argmax().item())
        index = []
        for n in reversed(t.shape):
            at, i = divmod(at, n)
            index.append(i)
        place = tuple(reversed(index))
        return t[place].item(), f" at index {place}"

    (most, where), (ratio, there) = greatest(absolute), greatest(relative)
    return (
        _head("Tensor-likes", rtol, atol)
        + f"Mismatched elements: {wrong} / {total} ({wrong / total:.1%})\n"
        + _differences("Greatest ", most, ratio, where, there, rtol, atol)
    )


def _differences(
    start: str, absolute: Any, relative: Any, where: str, there: str, rtol: float, atol: float
) -> str:
    def line(name: str, value: Any, place: str, tolerance: float) -> str:
        name = start + name if start else name.capitalize()
        allowed = "" if rtol == atol == 0 else _allowed(tolerance)
        return f"{name} difference: {value}{place}{allowed}"

    return line("absolute", absolute, where, atol) + "\n" + line("relative", relative, there, rtol)


# ---- numbers and collections --------------------------------------------------------------


def _is_number(value: Any) -> bool:
    import numbers

    return isinstance(value, (int, float, complex, numbers.Number)) or (
        type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0
    )


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")


def _plain(value: Any) -> Any:
    return value.item() if type(value).__module__ == "numpy" else value


def _kind(value: Any) -> dtype:
    return wg.int64 if isinstance(value, int) else (
        wg.complex128 if isinstance(value, complex) else wg.float64
    )  # fmt: skip


def _compare_numbers(actual: Any, expected: Any, o: _Options) -> None:
    a, b = _plain(actual), _plain(expected)
    rtol, atol = o.tolerances(_kind(a), _kind(b))
    if o.check_dtype and type(a) is not type(b):
        raise _Unlike(f"The (d)types do not match: {type(a)} != {type(b)}.")
    if a == b or (o.equal_nan and cmath.isnan(a) and cmath.isnan(b)):
        return
    absolute = abs(a - b)
    if cmath.isfinite(absolute) and absolute <= atol + rtol * abs(b):
        return
    relative = absolute / abs(b) if b != 0 else float("inf")
    raise _Unlike(
        _head("Scalars", rtol, atol)
        + f"Expected {b} but got {a}.\n"
        + _differences("", absolute, relative, "", "", rtol, atol)
    )


def _no_pair(actual: Any, expected: Any) -> TypeError:
    return TypeError(
        f"assert_close: cannot compare {type(actual)} and {type(expected)}; give two tensors, two "
        "arrays, two numbers, or sequences or mappings of such"
    )


def _compare(actual: Any, expected: Any, o: _Options, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise ValueError("assert_close: the collections are nested too deeply")
    for kind in (Sequence, Mapping):
        texts = isinstance(actual, (str, bytes)) or isinstance(expected, (str, bytes))
        if isinstance(actual, kind) and isinstance(expected, kind) and not texts:
            _compare_items(actual, expected, o, depth)
            return
    if actual is None or expected is None:
        if actual is not expected:
            raise _Unlike(f"None mismatch: {actual} is not {expected}")
        return
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    truths = [v for v in (actual, expected) if _is_truth(v)]
    if len(truths) == 2:
        if bool(actual) is not bool(expected):
            raise _Unlike(f"Booleans mismatch: {bool(actual)} is not {bool(expected)}")
    elif truths and _is_number(actual) and _is_number(expected):
        raise RuntimeError(f"assert_close: cannot compare {actual!r} and {expected!r}")
    elif _is_number(actual) and _is_number(expected):
        _compare_numbers(actual, expected, o)
    else:
        if not related or (not o.allow_subclasses and type(actual) is not type(expected)):
            raise _no_pair(actual, expected)
        a, b = _as_tensor(actual), _as_tensor(expected)
        if a is None or b is None:
            raise _no_pair(actual, expected)
        _compare_tensors(a, b, o)


def _compare_items(actual: Any, expected: Any, o: _Options, depth: int) -> None:
    if isinstance(actual, Sequence):
        if len(actual) != len(expected):
            raise _Unlike(
                f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", True
            )
        keys: Any = range(len(actual))
    else:
        missing, more = set(expected) - set(actual), set(actual) - set(expected)
        if missing or more:
            raise _Unlike(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {sorted(missing, key=str)}\n"
                f"Additional keys in the actual mapping: {sorted(more, key=str)}",
                True,
            )
        keys = list(actual)
    for key in keys:
        try:
            _compare(actual[key], expected[key], o, depth + 1)
        except _Unlike as unlike:
            unlike.path.insert(0, key)
            raise


def _fail(unlike: _Unlike, msg: str | Callable[[str], str] | None) -> NoReturn:
    message = unlike.message
    if unlike.path:
        place = "".join(f"[{key!r}]" for key in unlike.path)
        message += f"\n\nThe failure occurred for item {place}"
    if msg is not None and not unlike.fixed:
        message = msg(message) if callable(msg) else msg
    raise AssertionError(message) from None


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Asserts that ``|actual - expected| <= atol + rtol * |expected|`` everywhere.

    Tensors, arrays and numbers are compared, and sequences and mappings of such, item by item.
    Without tolerances those of the dtype are taken (float32: 1.3e-6 and 1e-5, float64: 1e-7 both);
    integers and booleans must be equal.

    Args:
        allow_subclasses: whether a Parameter may stand for a Tensor, and the like.
        rtol: relative tolerance, given together with `atol`.
        equal_nan: whether nan equals nan.
        check_device, check_layout: have no effect: both are always the same.
        check_dtype: whether dtypes must be equal; otherwise both are promoted.
        check_stride: whether strides must be equal.
        msg: the message of the error, or a function that makes it from ours.

    Raises:
        AssertionError: they differ; the message names the greatest differences and where they are.
        TypeError: something cannot be compared.
        ValueError: only one of `rtol` and `atol` is given.
    """
    options = _Options(
        allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_layout,
        check_stride,
    )  # fmt: skip
    try:
        _compare(actual, expected, options)
    except _Unlike as unlike:
        _fail(unlike, msg)


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """The older form of `assert_close`: values become tensors, dtypes may differ, nan equals nan.

    Tolerances are those of the older days, wider for float32: 1e-4 and 1e-5.
    """
    warnings.warn("assert_allclose is deprecated; use assert_close", FutureWarning, stacklevel=2)
    if not isinstance(actual, Tensor):
        actual = wg.tensor(actual)
    if not isinstance(expected, Tensor):
        expected = wg.tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        old = {"float16": (1e-3, 1e-3), "float32": (1e-4, 1e-5), "float64": (1e-5, 1e-8)}
        found = [old.get(t.dtype.name, (0.0, 0.0)) for t in (actual, expected)]
        rtol, atol = max(r for r, _ in found), max(a for _, a in found)
    assert_close(
        actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False,
        msg=msg or None,
    )  # fmt: skip
