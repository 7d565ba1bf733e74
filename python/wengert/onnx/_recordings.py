"""Programs recorded for several sizes of the dynamic axes, as one whose sizes may be dynamic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import wengert
from wengert import Tensor
from wengert.onnx._call import Array
from wengert.onnx._graph import UnsupportedError
from wengert.onnx._sizes import Size, Symbols, merged
from wengert.tape import Step, Tape, Value


@dataclass
class Program:
    """What the recordings have in common; values have numbers of their own."""

    steps: list[Step]  # attributes may have a Size for a number
    values: list[Value]  # storages have numbers of their own too
    arrays: list[Array]
    arguments: list[int]
    results: list[int | None]
    tape: Tape
    symbols: Symbols


# For each dynamic axis: the tensors among the arguments, and which of their axes, that it sizes.
Axes = list[list[tuple[int, int]]]


def resized(t: Tensor, axis: int, size: int) -> Tensor:
    """The tensor with its elements along the axis repeated or left out to give it this size."""
    if t.shape[axis] == size:
        return t
    return t.index_select(axis, wengert.arange(size) % t.shape[axis])


def record_all(
    record: Callable[[list[Tensor]], Tape], tensors: list[Tensor], axes: Axes
) -> Program:
    """Records with the sizes that tell which others depend on them."""
    # A size of 1 broadcasts, and is no example of others.
    base = [max(tensors[places[0][0]].shape[places[0][1]], 2) for places in axes]
    problem: Exception | None = None
    for doubling in (False, True):
        symbols = Symbols(base, doubling)
        try:
            return _recorded(record, tensors, axes, symbols)
        except (RuntimeError, ValueError, IndexError, TypeError) as e:
            problem = problem or e
            if not axes:
                break
    assert problem is not None
    raise problem


def _recorded(record: Any, tensors: list[Tensor], axes: Axes, symbols: Symbols) -> Program:
    tapes = []
    for sizes in symbols.recordings:
        given = list(tensors)
        for places, size in zip(axes, sizes):
            for i, axis in places:
                given[i] = resized(given[i], axis, size)
        # Copies: what the model changes in place is not the caller's.
        tapes.append(record([t.detach().clone() for t in given]))
    return combined(tapes, symbols)


def combined(tapes: list[Tape], symbols: Symbols) -> Program:
    """One program of several recordings. UnsupportedError where they differ in more than sizes."""
    all_steps, all_values = [t.steps for t in tapes], [t.values for t in tapes]
    if any(len(s) != len(all_steps[0]) for s in all_steps):
        raise UnsupportedError(
            "onnx.export: the model does other operations for other sizes of the dynamic axes; "
            f"make them static{_first_difference(all_steps)}"
        )
    values = _Values(all_values)
    steps = [_combined_step(versions, values) for versions in zip(*all_steps)]
    arguments = values.numbers([t.arguments for t in tapes])
    results = values.numbers([t.results for t in tapes])
    _check_states(tapes)
    return Program(
        steps, values.values, values.arrays, [v for v in arguments if v is not None],
        list(results), tapes[0], symbols,
    )  # fmt: skip


class _Values:
    """Values of several recordings: what has one number in all of them is one value. Two views that
    are the same for one size have different numbers for another.
    """

    def __init__(self, recorded: list[list[Value]]) -> None:
        self._recorded = recorded
        self._known: dict[tuple, int] = {}
        self._storages: dict[tuple, int] = {}
        self.values: list[Value] = []
        self.arrays: list[Array] = []

    def numbers(self, lists: Sequence[Sequence[int | None]]) -> tuple[int | None, ...]:
        """The numbers of those that stand in the same place; ValueError if they do not fit."""
        return tuple(self._number(versions) for versions in zip(*lists, strict=True))

    def _number(self, versions: tuple[int | None, ...]) -> int | None:
        numbers = [v for v in versions if v is not None]
        if not numbers:
            return None
        if len(numbers) < len(versions):
            raise ValueError
        if versions not in self._known:
            own = [values[v] for values, v in zip(self._recorded, numbers)]
            shapes = [v.shape for v in own]
            kinds = {(v.kind, v.index, v.dtype, len(v.shape)) for v in own}
            if len(kinds) > 1:
                raise ValueError
            storage = tuple(v.storage for v in own)
            number = self._storages.setdefault(storage, len(self._storages))
            self._known[versions] = len(self.values)
            self.values.append(replace(own[0], storage=number))
            self.arrays.append(Array(own[0].dtype, tuple(merged(d) for d in zip(*shapes))))
        return self._known[versions]


def _first_difference(all_steps: list[list[Step]]) -> str:
    for versions in zip(*all_steps):
        if any(v.name != versions[0].name for v in versions):
            return f" (the first difference is at {versions[0].where})"
    return ""


def _combined_step(versions: tuple[Step, ...], values: _Values) -> Step:
    first = versions[0]

    def differs(what: str) -> UnsupportedError:
        return UnsupportedError(
            f"onnx.export: {first.name} at {first.where}: its {what} with the size of a dynamic "
            "axis; make the axis static"
        )

    if any((v.kind, v.name) != (first.kind, first.name) for v in versions):
        raise differs("place changes")
    try:
        inputs = values.numbers([v.inputs for v in versions])
        outputs = values.numbers([v.outputs for v in versions])
    except ValueError:
        raise differs("operands change") from None
    attributes = {}
    for name, value in first.attributes.items():
        others = [v.attributes[name] for v in versions]
        made = _combined_value(others)
        if made is NotImplemented:
            raise differs(f"{name} ({', '.join(map(str, others))}) changes")
        attributes[name] = made if not isinstance(value, list) else tuple(made)
    return Step(first.kind, first.name, attributes, inputs, outputs, first.where)


def _combined_value(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, (tuple, list)):
        if any(len(v) != len(first) for v in values):
            return NotImplemented
        return tuple(merged(sizes) for sizes in zip(*values))
    if all(v == first or (v != v and first != first) for v in values):
        return first
    if all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        return Size(tuple(values))
    return NotImplemented


def _check_states(tapes: list[Tape]) -> None:
    """Numbers that the model makes for itself must be the same for all sizes."""
    for versions in zip(*(t.states for t in tapes)):
        first = versions[0]
        for v in versions[1:]:
            same = v is first or (
                v.shape == first.shape and v.dtype == first.dtype and wengert.equal(v, first)
            )
            if not same:
                raise UnsupportedError(
                    f"onnx.export: a tensor of shape {tuple(first.shape)} that the model makes of "
                    "numbers depends on the size of a dynamic axis; make the axis static"
                )
