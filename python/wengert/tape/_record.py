"""Recording a function, and the program it gives."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cached_property
from os.path import basename, dirname
from pathlib import Path
from typing import Any

import wengert
from wengert import Tensor, _core
from wengert.tape._graph import dot
from wengert.tape._guards import Reached, is_plain
from wengert.tape._program import Step, Value, step_of, values_of
from wengert.utils._pytree import tree_flatten, tree_unflatten
from wengert.viz import render

_PACKAGE = dirname(wengert.__file__)


class Mismatch(Exception):
    """A program does not fit what it is given; nothing has changed."""


def _where() -> str:
    """The innermost line outside of this package."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back  # type: ignore[assignment]
    return f"{basename(frame.f_code.co_filename)}:{frame.f_lineno}" if frame else ""


class _Structure:
    """Arguments or results as a tree: its tensors, and all else."""

    def __init__(self, tree: Any) -> None:
        leaves, self._spec = tree_flatten(tree)
        self.tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        self._is_tensor = [isinstance(leaf, Tensor) for leaf in leaves]
        self.others = [leaf for leaf in leaves if not isinstance(leaf, Tensor)]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Structure)
            and self._is_tensor == other._is_tensor
            and self._spec == other._spec
            and all(map(_same, self.others, other.others))
        )

    __hash__ = None  # type: ignore[assignment]

    def is_tensor(self) -> bool:
        """Whether it is one tensor."""
        return self._spec.is_leaf() and len(self.tensors) == 1

    def is_plain_call(self) -> bool:
        """Whether it is (args, kwargs) with tensors as positional arguments and nothing else."""
        args, kwargs = self._spec.children_specs
        return (
            all(self._is_tensor)
            and not kwargs.children_specs
            and all(child.is_leaf() for child in args.children_specs)
        )

    def filled(self, tensors: list[Tensor]) -> Any:
        """The tree with these tensors in place of its own."""
        given, others = iter(tensors), iter(self.others)
        return tree_unflatten(
            [next(given) if t else next(others) for t in self._is_tensor], self._spec
        )


def _same(a: Any, b: Any) -> bool:
    return a is b or (is_plain(a) and type(a) is type(b) and a == b)


class Tape:
    """A recorded program; made by :func:`record`.

    Calling it with arguments like those it was recorded with does what the function did, with the
    same bits, without running it: results are made, tensors that the function changes are changed,
    gradients are left in leaves, generators advance. RuntimeError, with nothing changed, where the
    arguments or anything it relies on differs.

    ``print(tape)`` shows one line for each operation: its results, name, arguments and attributes,
    dtype and shape, and the line of the source that called it.
    """

    def __init__(self, program: Any, arguments: _Structure, results: _Structure) -> None:
        self._program = program
        self._arguments = arguments
        self._results = results
        self._single = results.is_tensor()
        self._plain = arguments.is_plain_call()
        self._count = len(arguments.tensors)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._run(args, kwargs)
        except Mismatch as e:
            raise RuntimeError(
                f"tape: the program does not fit what it is given: {e}; record it again"
            ) from None

    def _run(self, args: tuple, kwargs: dict) -> Any:
        if self._plain and not kwargs and len(args) == self._count:
            outputs = self._program.call(args)
        else:
            given = _Structure((args, kwargs))
            if given != self._arguments:
                raise Mismatch("other arguments: their structure, or numbers among them")
            outputs = self._program.run(given.tensors)
        if type(outputs) is str:
            raise Mismatch(outputs)
        return outputs[0] if self._single else self._results.filled(outputs)

    def __str__(self) -> str:
        return self._program.text()

    def __repr__(self) -> str:
        return f"<Tape of {len(self)} operations>"

    def __len__(self) -> int:
        """The number of steps, those included that only make views or check values."""
        return self._program.size()

    @property
    def steps(self) -> list[Step]:
        """What it does, in order."""
        return [step_of(self._program, i) for i in range(len(self))]

    @property
    def values(self) -> list[Value]:
        """The arrays that the steps read and make, by their numbers."""
        return list(self._values)

    @cached_property
    def _values(self) -> list[Value]:
        return values_of(self._program)

    @property
    def arguments(self) -> list[int]:
        """The values of the tensors among the arguments, from left to right."""
        return self._program.arguments()

    @property
    def results(self) -> list[int | None]:
        """The values of the tensors among the results."""
        return [None if v < 0 else v for v in self._program.results()]

    @property
    def states(self) -> list[Tensor]:
        """The tensors that were there before and are read or changed, by their index."""
        return self._program.states()

    def graph(self, path: str | Path | None = None) -> str:
        """The program in Graphviz's DOT language.

        Args:
            path: a file that it is drawn to; the suffix tells the format. All but ``.dot`` need
                Graphviz.
        """
        text = dot(self)
        if path is not None:
            render(text, path)
        return text

    def number(self, step: int, name: str) -> float:
        """A floating point attribute of the operation of a step, such as ``"lr"``."""
        return self._program.number(step, name)

    def set_number(self, step: int, name: str, value: float) -> None:
        """Changes it for the runs to come.

        A learning rate that a recorded tape takes from its optimizer is taken from there again.
        """
        self._program.set_number(step, name, value)

    def save(self, path: str | Path) -> None:
        """Writes the program and its states to a file that :func:`load` and C++ can run.

        It is a safetensors file: the states stand in it under the names of parameters, buffers and
        the state of optimizers, as far as these are known; see ``docs/tape_format.md``. ValueError
        for an operation that files cannot hold.
        """
        from wengert.tape._file import save

        save(self, path)

    def stats(self) -> dict[str, int]:
        """What the program costs.

        ``operations`` and, of them, ``rules`` of the backward graph; ``checks`` of values that the
        function had read; ``bytes`` that operations read and write; ``flops`` of products;
        ``peak_bytes`` of the memory that it keeps; ``allocations``: the blocks of memory that the
        last run has asked for.
        """
        return self._program.stats()


def record(fn: Callable, /, *args: Any, **kwargs: Any) -> Tape:
    """Runs ``fn(*args, **kwargs)`` once, as usual, and keeps what it did as a :class:`Tape`.

    Args:
        fn: computes with tensors; it may take gradients and step optimizers.
        args, kwargs: examples: tensors, numbers, and tuples, lists and dictionaries of them.

    Raises RuntimeError where a program could not do the same again: where a tensor is made of
    Python's numbers inside (declare it with :func:`constant`), where one that is made inside is
    kept without being returned (the state of an optimizer in its first step: step it once before),
    where sparse tensors are used, or where something is returned that could still be
    differentiated. The function has run all the same.
    """
    return recorded(fn, args, kwargs)[0]


def recorded(
    fn: Callable, args: tuple, kwargs: dict, *, host_constants: bool = False
) -> tuple[Tape, Any]:
    """The program and what the function has returned.

    With host_constants, tensors made of Python's numbers hold the same each time.
    """
    arguments = _Structure((args, kwargs))
    recording = _core._TapeRecording(arguments.tensors, _where)
    if host_constants:
        recording.keep_host_numbers()
    try:
        with Reached(recording) as reached:
            result = fn(*args, **kwargs)
        results = _Structure(result)
        try:
            program = recording.finish(results.tensors)
            reached.guard(program)
            program.set_state_names(reached.names(program.states()))
        except RuntimeError as e:
            raise Refused(str(e), result) from None
    finally:
        recording.close()
    return Tape(program, arguments, results), result


class Refused(RuntimeError):
    """What was recorded cannot be repeated; `result` is what the function has returned."""

    def __init__(self, why: str, result: Any) -> None:
        super().__init__(why)
        self.result = result


def constant(tensor: Tensor) -> Tensor:
    """Says that ``tensor``, made of Python's numbers, holds the same each time; returns it.

    Outside of recordings it does nothing.
    """
    if (recording := _core._tape_recording()) is not None:
        recording.add_constant(tensor)
    return tensor
