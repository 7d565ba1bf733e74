"""Steps of a program that are replaced together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from wengert import (
    Tensor,
    _core,
    as_strided,
    cat,
    empty,
    empty_strided,
    get_rng_state,
    no_grad,
    set_rng_state,
    zeros,
)
from wengert.tape._program import Step, Value, step_of
from wengert.tape._record import Tape, _where
from wengert.tape._transform import _MANY, Known

# Takes the tensors that each of the steps reads, and gives those that it makes, or None where only
# the others would have read them.
Replace = Callable[[list], list]
Group = tuple[Sequence[int], Replace]


class Steps:
    """The steps of a program that are done, with one number for all values at one place."""

    def __init__(self, tape: Tape) -> None:
        self.values = tape.values
        known: dict[tuple, int] = {}
        self._number = [
            known.setdefault((v.storage, v.offset, v.dtype, v.shape, v.strides), i)
            for i, v in enumerate(self.values)
        ]
        self._tape = tape
        self.all = [
            replace(s, inputs=self._numbers(s.inputs), outputs=self._numbers(s.outputs))
            for s in tape.steps
        ]
        self.done = [not tape._program.is_unused(i) for i in range(len(self.all))]

    def __getitem__(self, i: int) -> Step:
        return self.all[i]

    def __iter__(self) -> Iterator[tuple[int, Step]]:
        """Numbers and steps."""
        return ((i, s) for i, s in enumerate(self.all) if self.done[i])

    def _numbers(self, values: Iterable[int | None]) -> tuple[int | None, ...]:
        return tuple(None if v is None else self._number[v] for v in values)

    def added_to(self, i: int) -> list[int]:
        return [self._number[v] for v in self._tape._program.added_to(i)]

    def lie_in(self, values: Iterable[int | None], made: Iterable[int]) -> bool:
        """Whether one of the values lies in memory that one of these steps makes."""
        storages = {
            self.values[v].storage
            for i in made
            if self.all[i].kind in ("operation", "rule")
            for v in self.all[i].outputs
            if v is not None
        }
        return any(v is not None and self.values[v].storage in storages for v in values)

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
        self._all: list[int] = []  # by step: the set of all that it stands behind, as bits
        self._after: list[list[int]] = [[] for _ in self._before]
        for i, before in enumerate(self._before):
            bits = 0
            for b in before:
                bits |= self._all[b] | 1 << b
                self._after[b].append(i)
            self._all.append(bits)

    def after(self, i: int) -> list[int]:
        """The steps that stand behind step i directly."""
        return self._after[i]

    def levels(self, steps: Sequence[int]) -> list[list[int]]:
        """The steps in sets of which none stands behind another of the same set."""
        level: dict[int, int] = {}
        sets: list[list[int]] = []
        for i in sorted(steps):
            level[i] = max((n + 1 for j, n in level.items() if self._all[i] >> j & 1), default=0)
            if level[i] == len(sets):
                sets.append([])
            sets[level[i]].append(i)
        return sets

    def allows(self, groups: Iterable[Sequence[int]]) -> bool:
        """Whether the steps of each group can be done together."""
        n = len(self._before)
        unit = list(range(n))
        for g in groups:
            for i in g:
                unit[i] = min(g)
        before = [{unit[b] for b in self._before[i]} for i in range(n)]
        waits: list[set[int]] = [set() for _ in range(n)]
        for i in range(n):
            waits[unit[i]] |= before[i] - {unit[i]}
        after: list[list[int]] = [[] for _ in range(n)]
        for i in range(n):
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


def _span(value: Value) -> tuple[int, int]:
    """The bytes that a value takes."""
    if 0 in value.shape:
        return value.offset, value.offset
    reach = [(n - 1) * s * value.dtype.itemsize for n, s in zip(value.shape, value.strides)]
    low = value.offset + sum(r for r in reach if r < 0)
    return low, value.offset + sum(r for r in reach if r > 0) + value.dtype.itemsize


class _GroupPart:
    """What takes the place of a group, recorded."""

    def __init__(self, tape: Tape, steps: Sequence[int], values: list[Value], known: Known) -> None:
        self._steps = [step_of(tape._program, i) for i in steps]
        self._values, self._known = values, known
        read = [(*s.inputs, *tape._program.added_to(i)) for i, s in zip(steps, self._steps)]
        tensors = self._stand_ins({v for r in read for v in r if v is not None})
        self._inputs = [[None if v is None else tensors[v] for v in r] for r in read]

    def _stand_ins(self, read: set[int]) -> dict[int, Tensor]:
        tensors = {v: self._known.get(v) for v in read}
        together: dict[tuple, list[int]] = {}
        for v, t in tensors.items():
            if not self._known.is_constant(t):
                value = self._values[v]
                together.setdefault((value.storage, value.dtype), []).append(v)
        for (_, dtype), all_of in together.items():
            if len(all_of) == 1:
                continue
            # What shares memory in the program does so here, at the same distances.
            spans = [_span(self._values[v]) for v in all_of]
            first = min(low for low, _ in spans)
            size = (max(end for _, end in spans) - first) // dtype.itemsize + 1
            memory = (zeros if size <= _MANY else empty)(size, dtype=dtype)
            for v in all_of:
                value = self._values[v]
                at = (value.offset - first) // dtype.itemsize
                tensors[v] = as_strided(memory, value.shape, value.strides, at)
        return tensors

    def record(self, rewrite: Replace) -> Any:
        given = [t for inputs in self._inputs for t in inputs if t is not None]
        recording = _core._TapeRecording(given, _where)
        recording.keep_host_numbers()
        try:
            results = self._results(rewrite, recording)
            return recording.finish(results)
        finally:
            recording.close()

    def _results(self, rewrite: Replace, recording: Any) -> list[Tensor | None]:
        results: list[Tensor | None] = []
        for step, made in zip(self._steps, rewrite(self._inputs)):
            if step.kind == "change":
                continue
            for v, t in zip(step.outputs, made):
                if v is not None and t is not None:
                    t = self._fitted(v, t, results, recording)
                results.append(None if v is None else t)
        return results

    def _fitted(self, v: int, t: Tensor, before: list, recording: Any) -> Tensor:
        value = self._values[v]
        place = t.untyped_storage().data_ptr()
        alone = all(u is None or u.untyped_storage().data_ptr() != place for u in before)
        quiet = not self._known.may_change(v)
        made = recording.origin(t) == "made"
        if made and t.stride() == value.strides and (quiet or (alone and t.is_contiguous())):
            whole = t.numel() * t.element_size() == t.untyped_storage().nbytes()
            if quiet or whole:
                return t
        return empty_strided(value.shape, value.strides, dtype=value.dtype).copy_(t)


def regrouped(tape: Tape, groups: Sequence[Group], known: Known) -> Tape:
    """The program with what `groups` give in place of their steps."""
    if not groups:
        return tape
    values = tape.values
    state = get_rng_state()
    with no_grad():
        parts = [
            (list(steps), _GroupPart(tape, steps, values, known).record(rewrite))
            for steps, rewrite in groups
        ]
    set_rng_state(state)
    return Tape(tape._program.with_parts(parts), tape._arguments, tape._results)


def allowed(order: Order, groups: Iterable[Group]) -> list[Group]:
    """Those of the groups that can be taken beside each other, earlier ones first."""
    taken: list[Group] = []
    groups = list(groups)
    if order.allows([g for g, _ in groups]):
        return groups
    for g in groups:
        if order.allows([*(steps for steps, _ in taken), g[0]]):
            taken.append(g)
    return taken
