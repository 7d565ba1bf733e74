"""One step of a program on its way into a graph, and the table of the operations' translations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import wengert
from wengert import dtype
from wengert.onnx._graph import Graph, UnsupportedError
from wengert.onnx._sizes import Dim, Size


@dataclass(frozen=True)
class Array:
    """What is known of a value: its dtype, and a shape in which sizes may be dynamic."""

    dtype: dtype
    shape: tuple[Dim, ...]

    @property
    def ndim(self) -> int:
        return len(self.shape)


@dataclass(frozen=True)
class Call:
    """An operation with its inputs' names in the graph; None for one that was left out."""

    graph: Graph
    name: str
    attributes: dict[str, Any]
    inputs: tuple[str | None, ...]
    input_arrays: tuple[Array | None, ...]
    output_arrays: tuple[Array, ...]

    def __getitem__(self, name: str) -> Any:
        return self.attributes[name]

    def fixed(self, name: str) -> Any:
        """An attribute that no dynamic axis may change."""
        value = self.attributes[name]
        parts = value if isinstance(value, tuple) else (value,)
        if any(isinstance(p, Size) for p in parts):
            raise UnsupportedError(f"its {name} depends on the size of a dynamic axis")
        return value

    def x(self, i: int = 0) -> str:
        """An input that is there."""
        name = self.inputs[i]
        assert name is not None
        return name

    def array(self, i: int = 0) -> Array:
        """What is known of input i."""
        array = self.input_arrays[i]
        assert array is not None
        return array

    @property
    def out(self) -> Array:
        return self.output_arrays[0]

    def has(self, i: int) -> bool:
        return i < len(self.inputs) and self.inputs[i] is not None

    def as_dtype(self, i: int, t: dtype) -> str:
        """Input i converted."""
        return self.x(i) if self.array(i).dtype == t else self.graph.cast(self.x(i), t)

    def number(self, value: Any, t: dtype | None = None) -> str:
        """A number as a value of the output's dtype, or another one."""
        if isinstance(value, Size):
            return self.graph.number(value, t or self.out.dtype)
        return self.graph.constant(value, t or self.out.dtype)


def common_dtype(operands: Sequence[Any]) -> dtype:
    """That in which arrays and numbers meet."""
    given = [
        wengert.empty((1,) * o.ndim, dtype=o.dtype) if isinstance(o, Array) else o for o in operands
    ]
    return wengert.result_type(*given)


Outputs = str | Sequence[str | None]
Translation = Callable[[Call], Outputs]
_table: dict[str, Translation] = {}


def translates(*names: str) -> Callable[[Translation], Translation]:
    """Registers the translation of the operations of these names."""

    def register(f: Translation) -> Translation:
        for name in names:
            _table[name] = f
        return f

    return register


def translation_of(name: str) -> Translation | None:
    return _table.get(name)
