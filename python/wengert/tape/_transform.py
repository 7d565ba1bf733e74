"""Passes: functions from a program to a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wengert import Tensor, _core, as_strided, empty_strided, no_grad
from wengert.tape._program import Step
from wengert.tape._record import Tape, recorded

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


class _Values:
    """The tensors that stand for the values of a program while it is gone through."""

    def __init__(self, tape: Tape) -> None:
        self._values = tape.values
        self._known: dict[int, Tensor] = {}
        self._whole: dict[int, tuple[int, Tensor]] = {}  # of a storage: the first that was known

    def set(self, v: int, t: Tensor) -> None:
        self._known[v] = t
        self._whole.setdefault(self._values[v].storage, (v, t))

    def get(self, v: int | None) -> Tensor | None:
        if v is None:
            return None
        if v not in self._known:  # another header of a known storage, made without an operation
            value = self._values[v]
            of, whole = self._whole[value.storage]
            offset = (value.offset - self._values[of].offset) // value.dtype.itemsize
            self._known[v] = as_strided(
                whole, value.shape, value.strides, whole.storage_offset() + offset
            )
        return self._known[v]


def transform(tape: Tape, rewrite: Rewrite) -> Tape:
    """A program that does what ``tape`` does, but for the steps that ``rewrite`` replaces.

    The steps are gone through once, in order, on arguments of zeros. For each,
    ``rewrite(step, inputs, apply)`` is called with the tensors that it reads (None for one that was
    left out); it returns the tensors that take the place of the step's outputs, or None to leave
    the step as it is. ``apply(*inputs)`` does what the step does. What ``rewrite`` computes becomes
    a part of the new program; what it computes inside ``paused()`` does not: such tensors are
    constants.

    Raises NotImplementedError for programs that leave gradients or change what is outside.
    """
    steps, values = tape.steps, tape.values
    outside = (
        values[v].kind != "temporary"
        for step in steps
        if step.kind == "change"
        for v in (step.inputs[:1] if step.outputs else step.inputs)
        if v is not None
    )
    if tape._program.leaves_gradients() or any(outside):
        raise NotImplementedError(
            "transform: expected a program that leaves no gradients and changes nothing outside"
        )
    arguments, results = tape.arguments, tape.results

    def run(*given: Tensor) -> list[Tensor | None]:
        known = _Values(tape)
        for v, t in zip(arguments, given):
            known.set(v, t)
        for v, t in zip(tape._program.state_values(), tape.states):
            known.set(v, t)
        for i, step in enumerate(steps):
            if step.kind == "check":
                continue
            inputs = [known.get(v) for v in step.inputs]

            def apply(*tensors: Tensor | None, i: int = i) -> list:
                return tape._program.apply(i, list(tensors))

            outputs = rewrite(step, inputs, apply)
            if outputs is None:
                outputs = apply(*inputs)
            for out, t in zip(step.outputs, outputs):
                if out is not None:
                    known.set(out, t)
        return [known.get(v) for v in results]

    with no_grad():
        examples = [
            empty_strided(values[v].shape, values[v].strides, dtype=values[v].dtype).zero_()
            for v in arguments
        ]
        new, _ = recorded(run, tuple(examples), {})
    return tape._with_program(new._program)


def fold_constants(tape: Tape) -> Tape:
    """Computes now what depends on tensors from outside alone: a pass for programs that infer.

    The new program takes parameters and buffers for constants: changes made to them later do not
    reach what was computed from them.
    """
    constant: set[int] = {id(t) for t in tape.states}
    kept: list[Tensor] = []

    def rewrite(step: Step, inputs: list, apply: Callable[..., list]) -> list | None:
        given = [t for t in inputs if t is not None]
        drawn = "seed" in step.attributes
        if drawn or not given or not all(id(t) in constant for t in given):
            return None
        with paused():
            outputs = apply(*inputs)
        kept.extend(outputs)
        constant.update(id(t) for t in outputs)
        return outputs

    return transform(tape, rewrite)
