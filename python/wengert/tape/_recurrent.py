"""Recurrent cells that follow each other as one layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert import float32, float64, zeros
from wengert.tape._groups import Group, Steps, Work, rows_of
from wengert.tape._program import Step
from wengert.tape._record import Tape

# Numbers of inputs and outputs of the operation.
_X, _H0, _C0, _INPUTS = 0, 6, 7, 8
_WEIGHTS = range(1, 6)
_STATES, _HN, _CN = range(3)
# What its rule takes: gradients of the outputs, the inputs, and states, gates, cells and the like.
_GRADIENTS = 6
_SAVED = range(_INPUTS, _INPUTS + 4)
_SAVED_STATES, _SAVED_CELLS = _SAVED[0], _SAVED[2]
_ALL = _GRADIENTS + _INPUTS + 4


def join_cells(work: Work) -> Work:
    """Layers of one step, each of which begins where another ends, as one layer of all steps."""
    steps = work.steps
    return work.regrouped([(c, _forwards(work.tape, steps[c[0]], c)) for c in _chains(steps)])


def join_rules(work: Work) -> Work:
    """The rules of such layers as one."""
    return work.regrouped(_backwards(work))


def state_gradients(steps: Steps) -> set[int]:
    """The gradients that rules of cells give of the states."""
    rules = (s for _, s in steps if s.kind == "rule" and _is_cell(steps, s))
    return {s.outputs[_H0] for s in rules} - {None}  # type: ignore[return-value]


def _is_cell(steps: Steps, s: Step) -> bool:
    if s.name != "recurrent_layer":
        return False
    a = s.attributes
    weight = s.inputs[_WEIGHTS[0] + (0 if s.kind == "operation" else _GRADIENTS)]
    assert weight is not None
    return (
        a["count"] == 1
        and not a["reverse"]
        and not a["sizes"]
        and a["batch"] > 0
        # With 16 bits a layer rounds less than its cells do between each other.
        and steps.values[weight].dtype in (float32, float64)
    )


def _is_lstm(s: Step) -> bool:
    return s.attributes["cell"] == 0


def _chains(steps: Steps) -> list[list[int]]:
    ends: dict[tuple, int] = {}  # what the next cell takes: the cell that makes it
    chain_of: dict[int, list[int]] = {}
    made_by: dict[int, set[int]] = {}  # by the first cell of a chain: the storages that it makes
    for i, s in steps:
        if s.kind != "operation" or not _is_cell(steps, s):
            continue
        key: tuple = (s.attributes["cell"], s.attributes["batch"], s.inputs[1:_H0])
        before = None if s.inputs[_H0] is None else ends.pop(key + s.inputs[_H0:], None)
        chain = [] if before is None else chain_of[before]
        if chain and (chain[-1] != before or steps.storages(s.inputs[:1]) & made_by[chain[0]]):
            chain = []
        chain_of[i] = chain
        chain.append(i)
        made_by.setdefault(chain[0], set()).update(steps.made_by([i]))
        c = s.outputs[_CN] if _is_lstm(s) else None
        for h in (s.outputs[_HN], s.outputs[_STATES]):
            if h is not None:
                end = (*key, h, c)
                ends[end] = i
    unique = {id(chain): chain for chain in chain_of.values()}
    return [chain for chain in unique.values() if len(chain) > 1]


def _forwards(tape: Tape, step: Step, chain: list[int]) -> Callable[[list], list]:
    last, count = len(chain) - 1, len(chain)
    batch, lstm = step.attributes["batch"], _is_lstm(step)

    def replace(inputs: list) -> list:
        x = rows_of([given[_X] for given in inputs])
        first = inputs[0]
        made = tape._program.apply(chain[0], [x, *first[1:]], {"count": count})
        states, h_n, c_n, gates, cells, inner = made
        rows = []
        for t in range(count):
            part = slice(t * batch, (t + 1) * batch)
            h = h_n if t == last else states[part]
            c = c_n if t == last or not lstm else cells[part]
            rest = [m[part] if m.shape[0] else m for m in (gates, cells, inner)]
            rows.append([states[part], h, c, *rest])
        return rows

    return replace


# ---- gradients ----------------------------------------------------------------------------------


class _Chain:
    """Rules of cells from the last to the first, and the additions between and beside them."""

    def __init__(self, i: int) -> None:
        self.rules = [i]
        self.beside: list[int] = []  # additions to gradients of weights
        # By rule: what adds to the gradient of its state, and which of the inputs that is.
        self.between: dict[int, list[tuple[int, int]]] = {}

    def members(self) -> list[int]:
        between = (i for added in self.between.values() for i, _ in added)
        return sorted({*self.rules, *self.beside, *between})


def _backwards(work: Work) -> list[Group]:
    steps = work.steps
    states = _States(steps)
    chains: list[_Chain] = []
    # By the gradient of a state: the chain that has come so far, and additions since.
    ends: dict[int | None, tuple[_Chain, list[tuple[int, int]]]] = {}
    for i, s in steps:
        if s.name == "add" and s.kind in ("operation", "change") and len(s.inputs) == 2:
            shapes = {steps.values[v].shape for v in (*s.inputs, *s.outputs) if v is not None}
            for k, v in enumerate(s.inputs if len(shapes) == 1 else ()):
                if v in ends:
                    chain, added = ends.pop(v)
                    ends[s.outputs[0]] = chain, [*added, (i, 1 - k)]
                    break
        if s.kind != "rule" or not _is_cell(steps, s):
            continue
        chain, added = ends.get(s.inputs[_HN], (None, []))  # type: ignore[assignment]
        if chain is not None and _follows(states, steps[chain.rules[-1]], s):
            chain.rules.append(i)
            chain.between[i] = added
        else:
            chain = _Chain(i)
            chains.append(chain)
        if s.outputs[_H0] is not None:
            ends[s.outputs[_H0]] = chain, []
    groups: list[Group] = []
    for chain in chains:
        replace = _rules_together(work, chain) if len(chain.rules) > 1 else None
        if replace is not None:
            groups.append((chain.members(), replace))
    return groups


class _States:
    """Which values hold the state that a cell has made."""

    def __init__(self, steps: Steps) -> None:
        self._values = values = steps.values
        changes: dict[int, list[Step]] = {}  # by storage
        self._made_as: dict[int | None, int | None] = {}
        for _, s in steps:
            if s.kind == "change" and s.inputs[0] is not None:
                changes.setdefault(values[s.inputs[0]].storage, []).append(s)
            elif s.kind == "operation" and _is_cell(steps, s):
                states, h_n, c_n, _, cells, _ = s.outputs
                self._made_as |= {h_n: states, c_n: cells}  # what the cell's rule reads
        self._changed = set(changes)
        for storage, (s, *more) in changes.items():
            if s.name == "copy" and not more and self._alike(*s.inputs):
                self._changed.discard(storage)
                self._made_as[s.inputs[0]] = s.inputs[1]

    def same(self, taken: int | None, saved: int | None) -> bool:
        """Whether the state that one cell takes is what the rule of another takes for its own."""
        for _ in range(3):  # a copy, of what a cell has made
            if taken is None or self._values[taken].storage in self._changed:
                return False
            if taken == saved:
                return True
            taken = self._made_as.get(taken)
        return False

    def _alike(self, a: int | None, b: int | None) -> bool:
        if a is None or b is None:
            return False
        x, y = self._values[a], self._values[b]
        return (x.dtype, x.shape) == (y.dtype, y.shape)


def _follows(states: _States, after: Step, s: Step) -> bool:
    """Whether a rule is that of the cell before, in the same layer."""
    weights = slice(_GRADIENTS + 1, _GRADIENTS + _H0)
    if after.attributes != s.attributes or after.inputs[weights] != s.inputs[weights]:
        return False
    taken, saved = after.inputs[_GRADIENTS:], s.inputs[_GRADIENTS:]
    if not states.same(taken[_H0], saved[_SAVED_STATES]):
        return False
    # A gradient that nobody asked for is no sign of the cell either.
    g_c = after.outputs[_C0]
    return not _is_lstm(s) or (
        g_c is not None and g_c == s.inputs[_CN] and states.same(taken[_C0], saved[_SAVED_CELLS])
    )


def _rules_together(work: Work, chain: _Chain) -> Callable[[list], list] | None:
    """None where it cannot be."""
    tape, steps = work.tape, work.steps
    rules = chain.rules  # in the order in which they run: the last cell first
    first_cell = rules[-1]
    begin = steps[rules[0]]
    made = {k: begin.outputs[k] for k in _WEIGHTS}
    for i in rules[1:]:
        s = steps[i]
        if (s.outputs[_X] is None) != (begin.outputs[_X] is None):
            return None
        into = set(steps.added_to(i))
        for k in _WEIGHTS:
            if (made[k] is None) != (s.outputs[k] is None and made[k] not in into):
                return None
            into.discard(made[k])
            if s.outputs[k] is None:
                continue
            # Added to the others by a step of its own.
            after = work.order.after(i)
            adding = [
                j for j in after
                if steps[j].kind == "change" and steps[j].name == "add"
                and steps[j].inputs == (made[k], s.outputs[k])
            ]  # fmt: skip
            if len(adding) != 1:
                return None
            chain.beside.extend(adding)
        if into:
            return None
    if tape._program.added_to(rules[0]):
        return None
    members = chain.members()
    inside = set(members)
    # What the rules give of states goes to the next alone, and so does what is made of it.
    between = [i for added in chain.between.values() for i, _ in added]
    if not all(_stays_inside(work, i, inside) for i in (*rules[:-1], *between)):
        return None
    taken = [steps[i].inputs[_STATES] for i in rules]
    taken += [steps[j].inputs[k] for added in chain.between.values() for j, k in added]
    if steps.storages(taken) & steps.made_by(members):
        return None
    place = {i: n for n, i in enumerate(members)}
    cells = rules[::-1]  # in the order of time
    batch, lstm = begin.attributes["batch"], _is_lstm(begin)

    def replace(inputs: list) -> list:
        of = [inputs[place[i]] for i in cells]
        gradients: list[Any] = []
        for t, i in enumerate(cells):
            g = of[t][_STATES]
            for j, k in chain.between.get(i, ()):
                term = inputs[place[j]][k]
                g = term if g is None else g + term
            gradients.append(g)
        g = None
        if any(each is not None for each in gradients):
            width = of[0][_GRADIENTS + _SAVED[0]].shape[1]
            blank = zeros(batch, width, dtype=of[0][_GRADIENTS + _X].dtype)
            g = rows_of([blank if each is None else each for each in gradients])
        first, last = of[0], of[-1]
        saved = first[_GRADIENTS:_ALL]
        saved[_X] = rows_of([given[_GRADIENTS + _X] for given in of])
        for k in _SAVED:
            t = saved[k]
            if t is not None and t.shape[0]:
                saved[k] = rows_of([given[_GRADIENTS + k] for given in of])
        given = [g, last[_HN], last[_CN] if lstm else None, None, None, None, *saved]
        found = tape._program.apply(first_cell, given, {"count": len(cells)})
        made: list[list] = [[None] * len(steps[i].outputs) for i in members]
        for t, i in enumerate(cells):
            if found[_X] is not None:
                made[place[i]][_X] = found[_X][t * batch : (t + 1) * batch]
        made[place[first_cell]][_H0:] = found[_H0:]
        for k in _WEIGHTS:
            made[place[rules[0]]][k] = found[k]
        return made

    return replace


def _stays_inside(work: Work, i: int, inside: set[int]) -> bool:
    """Whether what step i gives of the gradient of a state goes to no other than these steps."""
    steps = work.steps
    s = steps[i]
    own = steps.storages((s.outputs[_H0], s.outputs[_C0]) if s.kind == "rule" else s.outputs)
    readers = (j for storage in own for j in steps.readers.get(storage, ()))
    return all(j <= i or j in inside for j in readers) and not own & work.results
