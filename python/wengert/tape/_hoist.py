"""Products of a loop as one product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert import Tensor, float32, float64, mm
from wengert import sum as sum_of
from wengert.nn.functional import linear
from wengert.tape._groups import Group, Steps, Work, rows_of
from wengert.tape._program import Step
from wengert.tape._record import Tape
from wengert.tape._recurrent import join_cells, join_rules, state_gradients

_DTYPES = (float32, float64)


def hoist_products(tape: Tape, *, max_rows: int = 64) -> Tape:
    """Does products with one weight together, as those of a loop over time steps: an opt-in pass.

    Where none of them needs what another has made,

    * products ``x_0 @ W, x_1 @ W, ...`` (steps ``mm`` and ``linear``) become one, of the rows
      of all inputs under each other;
    * in programs that train, the gradients of a weight that is used several times, ``x_0.T @ g_0 +
      x_1.T @ g_1 + ...``, become one product of these rows, and those of biases one sum;
    * recurrent cells that follow each other (``nn.LSTMCell``, ``nn.GRUCell``, ``nn.RNNCell`` called
      in a loop) become one recurrent layer, forwards and backwards.

    The inputs are copied under each other unless they lie so already, as the parts ``xs[t]`` of a
    sequence do. What has ``max_rows`` rows and more is left as it is.

    Sums are taken in another order, so bits change. An element of a product over k numbers was, and
    is, off by at most ``k * eps`` times the same element of ``abs(A) @ abs(B)``, eps = 2**-23 for
    float32 and 2**-52 for float64; a bias counts as one number more, and for gradients of weights
    and biases, k is the number of rows of all steps.
    Guards, random numbers, checks, and learning rates stay. A program without such products is
    returned as it is.

    Args:
        tape: any program, also one that trains.
        max_rows: a product of as many rows does not gain from others.
    """
    work = join_cells(Work(tape))
    work = _split_rules(work, max_rows)
    work = _hoisted(work, max_rows)
    work = join_rules(work)
    return _summed(work).tape


def _flat(t: Tensor) -> Tensor:
    return t if t.ndim == 2 else t.reshape(-1, t.shape[-1])


# ---- products with one right operand ----------------------------------------------------------


def _hoisted(work: Work, max_rows: int) -> Work:
    steps = work.steps
    by_weight: dict[tuple, list[int]] = {}
    for i, s in steps:
        if s.kind != "operation" or s.name not in ("linear", "mm"):
            continue
        x = s.inputs[0]
        if steps.values[x].dtype in _DTYPES and 0 < steps.rows(x) < max_rows:  # type: ignore[index]
            by_weight.setdefault((s.name, s.inputs[1:]), []).append(i)
    several = {key: uses for key, uses in by_weight.items() if len(uses) > 1}
    groups: list[Group] = []
    for (name, _), levels in zip(several, work.order.levels(several.values()) if several else ()):
        for level in levels:
            if len({steps[i].inputs[0] for i in level}) > 1:
                groups.append((level, _product_of_rows(name)))
    return work.regrouped(groups)


def _product_of_rows(name: str) -> Callable[[list], list]:
    def replace(inputs: list) -> list:
        xs = [_flat(given[0]) for given in inputs]
        w, *rest = inputs[0][1:]
        x = rows_of(xs)
        y = linear(x, w, *rest) if name == "linear" else mm(x, w)
        made, at = [], 0
        for given, rows in zip(inputs, xs):
            part = y[at : at + rows.shape[0]]
            at += rows.shape[0]
            made.append([part.reshape(*given[0].shape[:-1], y.shape[1])])
        return made

    return replace


# ---- gradients of weights that are used several times -----------------------------------------


def _split_rules(work: Work, max_rows: int) -> Work:
    """The rules of products that add to one gradient, as products and sums of their own."""
    steps = work.steps
    values = steps.values
    made_by: dict[int, int] = {}
    chosen: set[int] = set()
    shared: set[int] = set()  # values that others add to
    states = state_gradients(steps)
    for i, s in steps:
        if s.kind != "rule" or s.name not in ("linear", "mm"):
            continue
        g, x, _ = s.inputs
        if values[g].dtype not in _DTYPES or steps.rows(g) >= max_rows:  # type: ignore[index]
            continue
        if x is None or len(values[x].shape) < 2:
            continue
        into = _added_to(s, steps.added_to(i))
        if into[1] is not None:
            chosen.add(i)
            shared.add(into[1])
        elif s.outputs[1] is not None:
            made_by[s.outputs[1]] = i
        if into[0] in states:
            chosen.add(i)
    chosen |= {i for v, i in made_by.items() if v in shared}

    def rewrite(step: Step, inputs: list, apply: Callable[..., list]) -> list:
        g, x, w, *more = inputs
        into = _added_to(step, more)
        shape, g, x = x.shape, _flat(g), _flat(x)
        is_linear = step.name == "linear"
        made: list[Any] = [None] * len(step.outputs)
        if w is not None:
            made[0] = (mm(g, w) if is_linear else mm(g, w.t())).reshape(shape)
        made[1] = mm(g.t(), x) if is_linear else mm(x.t(), g)
        for k, to in enumerate(into):
            if to is not None:
                to.add_(made[k])
        if len(made) > 2 and step.outputs[2] is not None:
            made[2] = sum_of(g, 0)
        return made

    return work.rewritten(rewrite, chosen)


def _added_to(rule: Step, added: list) -> list:
    """What the gradients of input and weight are added to, or None, from what there is."""
    _, x, w = rule.inputs
    left = iter(added)
    needed = (w is not None, x is not None)
    return [next(left) if n and rule.outputs[k] is None else None for k, n in enumerate(needed)]


# ---- sums of products, and of sums ------------------------------------------------------------


def _summed(work: Work) -> Work:
    steps, order = work.steps, work.order
    maker: dict[int, int] = {}
    adds: dict[int, list[int]] = {}  # by the value that is added to
    for i, s in steps:
        if s.kind == "operation" and s.name in ("mm", "sum") and s.outputs[0] is not None:
            maker[s.outputs[0]] = i
        elif s.kind == "change" and s.name == "add" and len(s.inputs) == 2:
            into, term = s.inputs[0], s.inputs[1]
            source = maker.get(term) if term is not None else None
            if source is None or into is None or order.after(source) != [i]:
                continue
            adds.setdefault(into, []).append(i)
    groups: list[Group] = []
    for into, changes in adds.items():
        sources = [maker[steps[i].inputs[1]] for i in changes]  # type: ignore[index]
        first = maker.get(into)
        if first is not None:
            sources.insert(0, first)
        kinds = {(steps[i].name, str(steps[i].attributes)) for i in sources}
        if len(sources) < 2 or len(kinds) > 1 or not _summable(steps, sources):
            continue
        members = sorted({*sources, *changes})
        is_source = [steps[i].kind == "operation" for i in members]
        begins = None if first is None else members.index(first)
        groups.append((members, _total(is_source, steps[sources[0]], begins)))
    return work.regrouped(groups)


def _summable(steps: Steps, sources: list[int]) -> bool:
    for i in sources:
        s = steps[i]
        x = steps.values[s.inputs[0]]  # type: ignore[index]
        if x.dtype not in _DTYPES or len(x.shape) != 2:
            return False
        if s.name == "sum" and (s.attributes["dims"] != [0] or s.attributes["keepdim"]):
            return False
    return True


def _total(is_source: list[bool], step: Step, begins: int | None) -> Callable[[list], list]:
    def replace(inputs: list) -> list:
        sources = [given for given, source in zip(inputs, is_source) if source]
        if step.name == "mm":
            a = rows_of([given[0].t() for given in sources])
            total = mm(a.t(), rows_of([given[1] for given in sources]))
        else:
            total = sum_of(rows_of([given[0] for given in sources]), 0)
        made: list[list] = [[None] for _ in inputs]
        if begins is None:
            change = next(given for given, source in zip(inputs, is_source) if not source)
            change[0].add_(total)
        else:
            made[begins] = [total]
        return made

    return replace
