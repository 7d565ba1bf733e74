"""Tensors as text, laid out as PyTorch does."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from . import _core
from ._grad_modes import no_grad
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}

options = _Options()


def set_options(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Sets what wengert.set_printoptions describes; None leaves a value, except sci_mode.

    Raises ValueError for an unknown profile or a negative number.
    """
    if profile is not None and profile not in _PROFILES:
        raise ValueError(
            f"set_printoptions: expected profile to be one of {', '.join(_PROFILES)}, "
            f"but got {profile!r}"
        )
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    for name, value in changes.items():
        if value < 0:
            raise ValueError(f"set_printoptions: {name} must not be negative, but got {value}")
    for name, value in {**_PROFILES.get(profile or "", {}), **changes}.items():
        setattr(options, name, value)
    options.sci_mode = sci_mode


# Nested lists of the elements that are shown; what is left out stands there as Ellipsis.


def _shown(t: Tensor, shorten: bool) -> Any:
    if not shorten or t.dim() == 0:
        return t.tolist()
    edge, n = options.edgeitems, t.size(0)
    if edge == 0:
        return [...]
    if n <= 2 * edge:
        return t.tolist() if t.dim() == 1 else [_shown(t[i], True) for i in range(n)]
    if t.dim() == 1:
        return [*t[:edge].tolist(), ..., *t[n - edge :].tolist()]
    rows = [_shown(t[i], True) for i in (*range(edge), *range(n - edge, n))]
    return [*rows[:edge], ..., *rows[edge:]]


def _numbers(shown: Any) -> Iterator[Any]:
    if isinstance(shown, list):
        for item in shown:
            yield from _numbers(item)
    elif shown is not ...:
        yield shown


class _RealFormat:
    """One width and notation for all the numbers of a tensor."""

    def __init__(self, values: list[Any], floating: bool) -> None:
        self.floating = floating
        self.width = 1
        self.scientific = False
        self.whole = True
        if floating:
            values = [v for v in values if v != 0 and math.isfinite(v)]
            if not values:
                return
            self.whole = all(v == math.floor(v) for v in values)
            largest, smallest = max(map(abs, values)), min(map(abs, values))
            self.scientific = (
                largest > 1000.0 * smallest or largest > 1e8 or smallest < 1e-4
                if options.sci_mode is None
                else options.sci_mode
            )
        self.width = max((len(self._digits(v)) for v in values), default=1)

    def _digits(self, value: Any) -> str:
        if not self.floating:
            return str(value)
        if self.scientific:
            return f"{value:.{options.precision}e}"
        if self.whole:
            return f"{value:.0f}" + ("." if math.isfinite(value) else "")
        return f"{value:.{options.precision}f}"

    def __call__(self, value: Any) -> str:
        return self._digits(value).rjust(self.width)


class _ComplexFormat:
    def __init__(self, values: list[complex]) -> None:
        self.real = _RealFormat([v.real for v in values], True)
        self.imag = _RealFormat([v.imag for v in values], True)
        self.width = self.real.width + self.imag.width + 1  # for the j

    def __call__(self, value: complex) -> str:
        imag = self.imag(value.imag).lstrip() + "j"
        sign = "" if imag[0] in "+-" else "+"
        return self.real(value.real) + sign + imag


def _lay_out(shown: Any, depth: int, indent: int, text: Any) -> str:
    """The brackets, commas and line breaks of `depth` dimensions."""
    if depth == 0:
        return str(text(shown))
    between = ",\n" + "\n" * (depth - 2) + " " * (indent + 1)
    if depth > 1:
        parts = [
            "..." if item is ... else _lay_out(item, depth - 1, indent + 1, text) for item in shown
        ]
        return "[" + between.join(parts) + "]"
    dots = "..." if shown == [...] else " ..."
    parts = [dots if item is ... else text(item) for item in shown]
    per_line = max(1, (options.linewidth - indent) // (text.width + 2))
    lines = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
    return "[" + between.join(lines) + "]"


def _elements(t: Tensor, indent: int) -> str:
    if t.numel() == 0:
        return "[]"
    shown = _shown(t, t.numel() > options.threshold)
    values = list(_numbers(shown))
    text = _ComplexFormat(values) if t.is_complex() else _RealFormat(values, t.is_floating_point())
    return _lay_out(shown, t.dim(), indent, text)


def _is_usual(t: Tensor) -> bool:
    """Whether the elements alone tell the dtype."""
    default = _core.get_default_dtype()
    if t.numel() == 0:
        return bool(t.dtype is default)
    complex_name = "complex128" if default.name == "float64" else "complex64"
    return t.dtype is default or t.dtype.name in (complex_name, "int64", "bool")


def _history(t: Tensor) -> list[str]:
    if t.grad_fn is not None:
        return [f"grad_fn=<{t.grad_fn.name()}>"]
    return ["requires_grad=True"] if t.requires_grad else []


def _text_of_examples(tensor: Tensor, examples: Tensor, same: bool) -> str:
    """Of a tensor that stands for one example in a vmap: those of all, along dimension 0."""
    text = text_of(examples)
    if same:
        return text
    level = 1 + text.count("BatchedTensor(")
    notes = [f"lvl={level}", "bdim=0", *_history(tensor), "value="]
    return f"BatchedTensor({', '.join(notes)}\n{textwrap.indent(text, '    ')}\n)"


def text_of(tensor: Tensor) -> str:
    """The text that repr shows: elements, then what they do not tell (shape, dtype, gradient)."""
    examples, same = _core._examples_of(tensor)
    if examples is not None:
        return _text_of_examples(tensor, examples, same)
    cls = type(tensor)
    # Parameters and buffers of the library itself print like tensors.
    prefix = "tensor(" if cls.__module__.split(".")[0] == "wengert" else f"{cls.__name__}("
    indent = len(prefix)
    with no_grad():
        text = prefix + _elements(tensor.detach(), indent)
    notes = []
    if (tensor.numel() == 0 and tensor.dim() != 1) or (tensor.numel() and not options.edgeitems):
        notes.append(f"size={tuple(tensor.shape)}")
    if not _is_usual(tensor):
        notes.append(f"dtype={tensor.dtype}")
    notes += _history(tensor)
    column = len(text) - text.rfind("\n") + 1
    for note in notes:
        if column + len(note) + 2 > options.linewidth:
            text += ",\n" + " " * indent + note
            column = indent + len(note)
        else:
            text += ", " + note
            column += len(note) + 2
    return text + ")"
