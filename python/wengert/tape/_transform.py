"""Passes: functions from a program to a program."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from wengert import (
    Tensor,
    _core,
    as_strided,
    empty,
    empty_strided,
    get_rng_state,
    no_grad,
    set_rng_state,
    zeros,
)
from wengert.tape._program import Step, Value, step_of
from wengert.tape._record import Tape, _where

# Takes a step, the tensors it reads, and a function that does what the step does.
Rewrite = Callable[[Step, list, Callable[..., list]], "list | None"]


@contextmanager
def paused() -> Iterator[None]:
    """What is computed inside is no part of the recording that is going on."""
    recording = _core._tape_recording()
    if recording is not None:
        recording.pause(True)
    try:
        yield
    finally:
        if recording is not None:
            recording.pause(False)


@contextmanager
def recording_of(given: list) -> Iterator[Any]:
    """A recording of what is done with these tensors."""
    recording = _core._TapeRecording(given, _where)
    recording.keep_host_numbers()
    try:
        yield recording
    finally:
        recording.close()


def with_parts(tape: Tape, parts: Iterable[tuple[Sequence[int], Any]]) -> Tape:
    """The program with others in place of steps; `parts` may record them on the way."""
    state = get_rng_state()
    try:
        with no_grad():
            made = [(list(steps), part) for steps, part in parts]
    finally:
        set_rng_state(state)
    return Tape(tape._program.with_parts(made), tape._arguments, tape._results)


def extent(value: Value) -> tuple[int, int]:
    """The bytes of its memory that a value takes: the first, and that behind the last."""
    if 0 in value.shape:
        return value.offset, value.offset
    reach = [(n - 1) * s * value.dtype.itemsize for n, s in zip(value.shape, value.strides)]
    low = value.offset + sum(r for r in reach if r < 0)
    return low, value.offset + sum(r for r in reach if r > 0) + value.dtype.itemsize


_MANY = 1 << 26  # numbers: larger memory is not written to


def zeros_of(values: Sequence[Value]) -> list[Tensor]:
    """Zeros for values of one memory and dtype: what they share is shared."""
    dtype = values[0].dtype
    extents = [extent(value) for value in values]
    first = min(low for low, _ in extents)
    size = (max(end for _, end in extents) - first) // dtype.itemsize + 1
    memory = (zeros if size <= _MANY else empty)(size, dtype=dtype)
    return [
        as_strided(memory, v.shape, v.strides, (v.offset - first) // dtype.itemsize) for v in values
    ]


def laid_out(t: Tensor, value: Value) -> Tensor:
    """A copy in the layout of the value."""
    return empty_strided(value.shape, value.strides, dtype=value.dtype).copy_(t)


class Known:
    """The tensors that stand for the values of a program: zeros, but for what never changes."""

    def __init__(self, tape: Tape) -> None:
        self._values = tape.values
        self._changed = {self._values[v].storage for v in tape._program.changed()}
        self._known: dict[int, Tensor] = {}
        self._constant: dict[int, Tensor] = {}  # by id; kept, so that none gets it anew
        self._whole: dict[int, tuple[int, Tensor]] = {}  # of a storage: the first that was known
        for v, t in zip(tape._program.state_values(), tape.states):
            self.set(v, t)

    def may_change(self, v: int | None) -> bool:
        """Whether the program, or who gets its results, changes the memory of a value."""
        return v is not None and self._values[v].storage in self._changed

    def is_constant(self, t: Tensor) -> bool:
        """Whether one that `get` has given holds what the value does whenever the program runs."""
        return id(t) in self._constant

    def set(self, v: int, t: Tensor) -> None:
        if not self.may_change(v):
            self._known[v] = t
            self._constant[id(t)] = t
            self._whole.setdefault(self._values[v].storage, (v, t))

    def get(self, v: int) -> Tensor:
        if v not in self._known:
            value = self._values[v]
            of, whole = self._whole.get(value.storage, (v, None))
            if whole is None or whole.dtype != value.dtype:
                return zeros_of([value])[0]
            # Another header of what is known, made without an operation.
            offset = (value.offset - self._values[of].offset) // value.dtype.itemsize
            first = whole.storage_offset() + offset
            self.set(v, as_strided(whole, value.shape, value.strides, first))
        return self._known[v]


class _Part:
    """What takes the place of a step, recorded."""

    def __init__(self, tape: Tape, i: int, step: Step, known: Known) -> None:
        self._tape, self._i, self._step, self._known = tape, i, step, known
        read = (*step.inputs, *tape._program.added_to(i))
        tensors = {v: known.get(v) for v in dict.fromkeys(read) if v is not None}
        self._inputs = [None if v is None else tensors[v] for v in read]

    def _apply(self, *tensors: Tensor | None) -> list:
        return self._tape._program.apply(self._i, list(tensors))

    def record(self, rewrite: Rewrite, values: list[Value]) -> Any | None:
        """The program; None to leave the step as it is."""
        given = [t for t in self._inputs if t is not None]
        with recording_of(given) as recording:
            outputs = rewrite(self._step, self._inputs, self._apply)
            if outputs is None:
                return None
            outputs = list(outputs)
            if len(outputs) != len(self._step.outputs):
                raise ValueError(
                    f"transform: expected {len(self._step.outputs)} tensors in place of the "
                    f"outputs of {self._step.name}, but got {len(outputs)}"
                )
            if self._step.kind == "change":
                if outputs and outputs[0] is not given[0]:
                    given[0].copy_(outputs[0])
                outputs = given[:1]
            else:
                for k, v in enumerate(self._step.outputs):
                    if v is not None:
                        outputs[k] = self._fitted(v, values, outputs, k, recording)
            return recording.finish(outputs)

    def _fitted(self, v: int, values: list[Value], outputs: list, k: int, recording: Any) -> Tensor:
        """Output k in the layout of the value that it takes the place of."""
        t, value = outputs[k], values[v]
        given = [s for s in self._inputs if s is not None]
        if not isinstance(t, Tensor) or (t.dtype, t.shape) != (value.dtype, value.shape):
            got = (t.dtype, tuple(t.shape)) if isinstance(t, Tensor) else t
            raise ValueError(
                f"transform: expected a tensor of {value.dtype} and shape {tuple(value.shape)} in "
                f"place of output {k} of {self._step.name}, but got {got}"
            )
        origin = recording.origin(t)
        fits = t.stride() == value.strides
        if origin == "made":
            place = t.untyped_storage().data_ptr()
            before = (u for u in outputs[:k] if isinstance(u, Tensor))
            fits = fits and all(u.untyped_storage().data_ptr() != place for u in before)
        else:
            fits = fits and not self._known.may_change(v)
            if origin == "argument" and not all(map(self._known.is_constant, given)):
                # What shows an input's memory does so in the new program too.
                read = (values[u] for u in self._step.inputs if u is not None)
                if t.stride() == value.strides and value.storage in (u.storage for u in read):
                    return t
                fits = False
            elif fits:
                self._known.set(v, t)
        return t if fits else laid_out(t, value)


def transform(tape: Tape, rewrite: Rewrite) -> Tape:
    """A program that does what ``tape`` does, but for the steps that ``rewrite`` replaces.

    ``rewrite(step, inputs, apply)`` is called for each step, in order, with the tensors that it
    reads (None for one that was left out; then those that a rule adds to). It returns the tensors
    that take the place of the step's outputs, of their dtypes and shapes, or None to leave the
    step as it is. ``apply(*inputs)`` does what the step does. What ``rewrite`` computes becomes a
    part of the new program; what it computes inside ``paused()`` does not: such tensors are
    constants.

    Nothing of the program runs meanwhile: tensors from outside that it never changes are given as
    they are, all others hold numbers that mean nothing and must not be read. Steps that nobody
    needs afterwards are left out. Programs of training steps remain such: their gradients, changes
    in place, random numbers, checks and learning rates stay.

    Raises ValueError for tensors that do not fit, NotImplementedError where what ``rewrite`` gives
    lies in memory that somebody changes, or where it reads values or changes gradients of leaves.
    """
    return rewritten(tape, rewrite, Known(tape))


def rewritten(
    tape: Tape, rewrite: Rewrite, known: Known, only: Collection[int] | None = None
) -> Tape:
    """As ``transform``; ``rewrite`` is called for the steps of these numbers only."""
    values = tape.values
    numbers = range(len(tape)) if only is None else sorted(only)

    def parts() -> Iterator[tuple[Sequence[int], Any]]:
        for i in numbers:
            step = step_of(tape._program, i)
            if step.kind == "check" or tape._program.is_unused(i):
                continue
            part = _Part(tape, i, step, known).record(rewrite, values)
            if part is not None:
                yield [i], part

    return with_parts(tape, parts())


def fold_constants(tape: Tape) -> Tape:
    """Computes now what depends on tensors from outside alone that the program never changes.

    The new program takes them for constants: changes made to parameters and buffers later do not
    reach what was computed from them.
    """
    known = Known(tape)

    def rewrite(step: Step, inputs: list, apply: Callable[..., list]) -> list | None:
        given = [t for t in inputs if t is not None]
        drawn = "seed" in step.attributes
        touched = step.kind == "change" or any(map(known.may_change, step.outputs))
        if drawn or touched or not given or not all(map(known.is_constant, given)):
            return None
        with paused():
            return apply(*inputs)

    return rewritten(tape, rewrite, known)
