"""A program as plain data: its steps, and the arrays that these read and make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wengert import dtype

_STEP_KINDS = ("operation", "change", "view", "rule", "check")
_VALUE_KINDS = ("argument", "state", "gradient", "temporary")


@dataclass(frozen=True)
class Step:
    """One operation of a program.

    Attributes:
        kind: ``"operation"``; ``"change"``: the first input is replaced, or any of them where
            there are no outputs; ``"view"``: the outputs share the memory of the first input;
            ``"rule"``: of a node of the backward graph, whose inputs are the gradients of the
            operation's outputs, then the values that were saved, and whose outputs are the
            gradients of the operation's inputs; ``"check"``: the input must be what it was.
        name: of the operation.
        attributes: of the operation, by name.
        inputs, outputs: numbers of values; None for one that was left out.
        where: the line of the source that was running.
    """

    kind: str
    name: str
    attributes: dict[str, Any]
    inputs: tuple[int | None, ...]
    outputs: tuple[int | None, ...]
    where: str


@dataclass(frozen=True)
class Value:
    """An array that a program reads or makes.

    Attributes:
        kind: ``"argument"``, ``"state"`` (a tensor that was there before), ``"gradient"`` (the
            grad of a leaf) or ``"temporary"``.
        index: of the argument or state; None for others.
        storage: values of one number share memory, at ``offset`` bytes.
        dtype, shape, strides: as of a tensor; strides in elements.
    """

    kind: str
    index: int | None
    storage: int
    offset: int
    dtype: dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def step_of(program: Any, i: int, number: Sequence[int] | None = None) -> Step:
    """Step i of the program; `number` gives values other numbers."""

    def numbers(values: list[int]) -> tuple[int | None, ...]:
        if number is None:
            return tuple([None if v < 0 else v for v in values])
        return tuple([None if v < 0 else number[v] for v in values])

    kind, name, attributes, inputs, outputs, where = program.step(i)
    return Step(_STEP_KINDS[kind], name, attributes, numbers(inputs), numbers(outputs), where)


def values_of(program: Any) -> list[Value]:
    """The values by their numbers."""
    return [
        Value(
            _VALUE_KINDS[kind], None if index < 0 else index, storage, offset, dt,
            tuple(shape), tuple(strides),
        )
        for kind, index, storage, offset, dt, shape, strides in program.values()
    ]  # fmt: skip
