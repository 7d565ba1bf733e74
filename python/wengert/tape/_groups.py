"""Steps of a program that are replaced together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from wengert import Tensor, as_strided, cat
from wengert.tape._program import Step, step_of
from wengert.tape._record import Tape
from wengert.tape._transform import (
    Known,
    Rewrite,
    laid_out,
    recording_of,
    rewritten,
    with_parts,
    zeros_of,
)

# Takes the tensors that each of the steps reads, and gives those that it makes, or None where only
# the others would have read them.
Replace = Callable[[list], list]
Group = tuple[Sequence[int], Replace]


class Steps:
    """The steps of a program that are done, with one number for all values at one place."""

    def __init__(self, tape: Tape) -> None:
        self.values = tape.values
        known: dict[tuple, int] = {}
        number = [
            known.setdefault((v.storage, v.offset, v.dtype, v.shape, v.strides), i)
            for i, v in enumerate(self.values)
        ]
        self._program, self._number = tape._program, number
        self._done = {
            i: step_of(tape._program, i, number)
            for i in range(len(tape))
            if not tape._program.is_unused(i)
        }

    def __getitem__(self, i: int) -> Step:
        return self._done[i]

    def __iter__(self) -> Iterator[tuple[int, Step]]:
        """Numbers and steps."""
        return iter(self._done.items())

    def added_to(self, i: int) -> list[int]:
        return [self._number[v] for v in self._program.added_to(i)]

    def storages(self, values: Iterable[int | None]) -> set[int]:
        return {self.values[v].storage for v in values if v is not None}

    def made_by(self, steps: Iterable[int]) -> set[int]:
        """The storages that these steps make."""
        made: set[int] = set()
        for s in map(self._done.__getitem__, steps):
            if s.kind in ("operation", "rule"):
                made |= self.storages(s.outputs)
        return made

    @cached_property
    def readers(self) -> dict[int, list[int]]:
        """By storage: the steps that read it."""
        readers: dict[int, list[int]] = {}
        for i, s in self:
            for storage in self.storages(s.inputs) if s.kind != "view" else ():
                readers.setdefault(storage, []).append(i)
        return readers

    def rows(self, v: int | None) -> int:
        """Of a value, all dimensions but the last taken together."""
        n = 1
        for size in self.values[v].shape[:-1] if v is not None else ():
            n *= size
        return n


class Order:
    """Which steps stand behind which."""

    def __init__(self, tape: Tape) -> None:
        self._before = tape._program.dependencies()
        self._after: list[list[int]] = [[] for _ in self._before]
        for i, before in enumerate(self._before):
            for b in before:
                self._after[b].append(i)

    def after(self, i: int) -> list[int]:
        """The steps that stand behind step i directly."""
        return self._after[i]

    def levels(self, groups: Iterable[Sequence[int]]) -> list[list[list[int]]]:
        """Each of the groups in sets of which none stands behind another of the same set."""
        groups = list(groups)
        bit = {i: 1 << k for k, i in enumerate(sorted({i for g in groups for i in g}))}
        behind: list[int] = []  # by step: which of these it stands behind, as bits
        for before in self._before:
            bits = 0
            for b in before:
                bits |= behind[b] | bit.get(b, 0)
            behind.append(bits)
        return [self._levels(g, bit, behind) for g in groups]

    @staticmethod
    def _levels(steps: Sequence[int], bit: dict[int, int], behind: list[int]) -> list[list[int]]:
        sets: list[list[int]] = []
        bits: list[int] = []  # of each set
        for i in sorted(steps):
            n = len(sets)
            while n and not behind[i] & bits[n - 1]:
                n -= 1
            if n == len(sets):
                sets.append([])
                bits.append(0)
            sets[n].append(i)
            bits[n] |= bit[i]
        return sets

    def allowed(self, groups: Sequence[Group]) -> list[Group]:
        """Those of the groups that can be done beside each other, earlier ones first."""
        taken: list[Group] = []

        def take(some: Sequence[Group]) -> None:
            if self._allows([steps for steps, _ in (*taken, *some)]):
                taken.extend(some)
            elif len(some) > 1:
                take(some[: len(some) // 2])
                take(some[len(some) // 2 :])

        take(groups)
        return taken

    def _allows(self, groups: Iterable[Sequence[int]]) -> bool:
        """Whether the steps of each group can be done together."""
        n = len(self._before)
        unit = list(range(n))
        for g in groups:
            first = min(g)
            for i in g:
                unit[i] = first
        waits: list[set[int]] = [set() for _ in range(n)]
        for i, before in enumerate(self._before):
            waits[unit[i]].update(unit[b] for b in before)
        after: list[list[int]] = [[] for _ in range(n)]
        for i in range(n):
            waits[i].discard(i)
            for b in waits[i]:
                after[b].append(i)
        count = [len(w) for w in waits]
        ready = [i for i in range(n) if unit[i] == i and not count[i]]
        done = 0
        while ready:
            done += 1
            for i in after[ready.pop()]:
                count[i] -= 1
                if not count[i]:
                    ready.append(i)
        return done == len(set(unit))


class Work:
    """A program that passes rewrite one after another, and what they look at."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    @cached_property
    def steps(self) -> Steps:
        return Steps(self.tape)

    @cached_property
    def order(self) -> Order:
        return Order(self.tape)

    @cached_property
    def known(self) -> Known:
        return Known(self.tape)

    @cached_property
    def results(self) -> set[int]:
        """The storages of what it returns."""
        return self.steps.storages(self.tape.results)

    def rewritten(self, rewrite: Rewrite, only: Collection[int]) -> Work:
        """That of the program with these steps rewritten."""
        return Work(rewritten(self.tape, rewrite, self.known, only)) if only else self

    def regrouped(self, groups: Sequence[Group]) -> Work:
        """That of the program with what `groups` give in place of their steps, where it can be."""
        groups = self.order.allowed(groups) if groups else []
        if not groups:
            return self
        parts = ((steps, _GroupPart(self, steps).record(replace)) for steps, replace in groups)
        return Work(with_parts(self.tape, parts))


def rows_of(tensors: Sequence[Tensor]) -> Tensor:
    """Matrices of one width under each other: a view where they lie so in memory."""
    first = tensors[0]
    width, step = first.shape[1], first.stride(0)
    places = {t.untyped_storage().data_ptr() for t in tensors}
    if len(places) == 1 and (width == 1 or all(t.stride(1) == 1 for t in tensors)):
        at = start = first.storage_offset()
        if first.shape[0] == 1 and len(tensors) > 1:  # which may have any stride
            step = tensors[1].storage_offset() - start
        for t in tensors:
            fits = t.shape[0] == 1 or t.stride(0) == step
            if t.storage_offset() != at or not fits or step < width:
                break
            at += t.shape[0] * step
        else:
            rows = sum(t.shape[0] for t in tensors)
            return as_strided(first, (rows, width), (step, 1), start)
    return cat(list(tensors))


class _GroupPart:
    """What takes the place of a group, recorded."""

    def __init__(self, work: Work, steps: Sequence[int]) -> None:
        program = work.tape._program
        self._steps = [step_of(program, i) for i in steps]
        self._values, self._known = work.steps.values, work.known
        read = [(*s.inputs, *program.added_to(i)) for i, s in zip(steps, self._steps)]
        tensors = self._stand_ins({v for r in read for v in r if v is not None})
        self._inputs = [[None if v is None else tensors[v] for v in r] for r in read]

    def _stand_ins(self, read: set[int]) -> dict[int, Tensor]:
        tensors = {v: self._known.get(v) for v in read}
        together: dict[tuple, list[int]] = {}
        for v, t in tensors.items():
            if not self._known.is_constant(t):
                value = self._values[v]
                together.setdefault((value.storage, value.dtype), []).append(v)
        for all_of in together.values():
            if len(all_of) > 1:
                tensors.update(zip(all_of, zeros_of([self._values[v] for v in all_of])))
        return tensors

    def record(self, replace: Replace) -> Any:
        given = [t for inputs in self._inputs for t in inputs if t is not None]
        with recording_of(given) as recording:
            return recording.finish(self._results(replace, recording))

    def _results(self, replace: Replace, recording: Any) -> list[Tensor | None]:
        results: list[Tensor | None] = []
        places: set[int] = set()  # where results lie
        for step, made in zip(self._steps, replace(self._inputs)):
            if step.kind == "change":
                continue
            for v, t in zip(step.outputs, made):
                if v is not None and t is not None:
                    t = self._fitted(v, t, places, recording)
                    places.add(t.untyped_storage().data_ptr())
                results.append(None if v is None else t)
        return results

    def _fitted(self, v: int, t: Tensor, places: set[int], recording: Any) -> Tensor:
        value = self._values[v]
        if recording.origin(t) == "made" and t.stride() == value.strides:
            if not self._known.may_change(v):
                return t
            storage = t.untyped_storage()
            whole = t.is_contiguous() and t.numel() * t.element_size() == storage.nbytes()
            if whole and storage.data_ptr() not in places:
                return t
        return laid_out(t, value)
