"""Products of one input, and sums of products, as one product."""

from __future__ import annotations

from collections.abc import Callable

from wengert import Tensor, as_strided, cat, float32, float64, mm
from wengert import sum as sum_of
from wengert.nn.functional import linear
from wengert.tape._groups import Group, Work
from wengert.tape._program import Step
from wengert.tape._record import Tape
from wengert.tape._transform import fold_constants, paused

_DTYPES = (float32, float64)


def merge_products(tape: Tape, *, max_rows: int = 1) -> Tape:
    """Does products that belong together as one: an opt-in pass for programs that infer.

    * Products of one input, ``x @ W1, x @ W2, ...`` (steps ``linear`` and ``mm``; queries, keys and
      values, or gates) become one, with the weights beside each other;
    * sums of products, ``linear(a, W1) + linear(h, W2)``, become one product of ``a`` and ``h``
      beside each other, with the weights under each other.

    The weights and biases must come from outside and never change: they are put together now, and
    later changes to them do not reach the new program. So programs that train keep their products.
    Weights that no other step uses are held no longer. Inputs of more than ``max_rows`` rows are
    left as they are: the results of several rows do not lie where others look for them, and copying
    them costs what the merged product gains.

    Products of one input keep their sums, and up to the choice of a kernel their bits. A sum of
    products is taken in another order: an element over k numbers, those of both products, was, and
    is, off by at most ``(k + 2) * eps`` times the same element of ``abs(A) @ abs(W) + abs(b)``, eps
    = 2**-23 for float32 and 2**-52 for float64.

    The new program no longer looks at the modules that the function has called. A program without
    such products is returned as it is.
    """
    folded = fold_constants(tape)
    merged = _same_input(_sums(Work(folded), max_rows), max_rows).tape
    if merged is folded:
        return tape
    merged._program.forget_guards()
    return merged


def _products(work: Work, max_rows: int) -> list[int]:
    """The steps that are products with constant weights."""

    def constant(v: int | None) -> bool:
        return v is not None and work.known.is_constant(work.known.get(v))

    def fits(s: Step) -> bool:
        if s.kind != "operation" or s.name not in ("linear", "mm"):
            return False
        x, *weights = s.inputs
        return (
            work.steps.values[x].dtype in _DTYPES  # type: ignore[index]
            and 0 < work.steps.rows(x) <= max_rows
            and not constant(x)
            and all(map(constant, weights))
        )

    return [i for i, s in work.steps if fits(s)]


def _weight(name: str, w: Tensor) -> Tensor:
    """As (out, in)."""
    return w.t() if name == "mm" else w


def _same_input(work: Work, max_rows: int) -> Work:
    by_input: dict[tuple, list[int]] = {}
    for i in _products(work, max_rows):
        s = work.steps[i]
        by_input.setdefault((s.name, s.inputs[0], len(s.inputs)), []).append(i)
    groups: list[Group] = []
    for (name, *_), levels in zip(by_input, work.order.levels(by_input.values())):
        groups += [(level, _beside(name)) for level in levels if len(level) > 1]
    return work.regrouped(groups)


def _beside(name: str) -> Callable[[list], list]:
    def replace(inputs: list) -> list:
        with paused():
            w = cat([_weight(name, given[1]) for given in inputs])
            w = w.t().contiguous() if name == "mm" else w
            biases = [cat([given[2] for given in inputs])] if len(inputs[0]) > 2 else []
        x = inputs[0][0]
        flat = x.reshape(-1, x.shape[-1])
        y = mm(flat, w) if name == "mm" else linear(flat, w, *biases)
        made, at = [], 0
        for given in inputs:
            width = given[1].shape[1 if name == "mm" else 0]
            shape = (*x.shape[:-1], width)
            if y.shape[0] == 1:
                strides = [1]
                for size in shape[:0:-1]:
                    strides.insert(0, strides[0] * size)
                part = as_strided(y, shape, strides, at)
            else:
                part = y[:, at : at + width].reshape(shape)
            at += width
            made.append([part])
        return made

    return replace


def _sums(work: Work, max_rows: int) -> Work:
    steps = work.steps
    maker = {steps[i].outputs[0]: i for i in _products(work, max_rows)}
    groups: list[Group] = []
    taken: set[int] = set()
    for i, s in steps:
        plain = s.name == "add" and s.kind == "operation" and len(s.inputs) == 2
        if not plain or s.attributes.get("alpha", 1) != 1:
            continue
        sources = sorted({maker[v] for v in s.inputs if v in maker})
        if len(sources) < 2 or taken.intersection(sources):
            continue
        shapes = {steps.values[steps[j].outputs[0]].shape for j in (*sources, i)}  # type: ignore[index]
        alone = all(work.order.after(j) == [i] for j in sources)
        if len(shapes) > 1 or not alone:
            continue
        taken.update(sources)
        groups.append(([*sources, i], _inner([steps[j].name for j in sources])))
    return work.regrouped(groups)


def _inner(names: list[str]) -> Callable[[list], list]:
    def replace(inputs: list) -> list:
        products = inputs[:2]
        with paused():
            w = cat([_weight(name, given[1]) for name, given in zip(names, products)], 1)
            biases = [given[2] for given in products if len(given) > 2]
            bias = sum_of(cat([b.unsqueeze(0) for b in biases]), 0) if biases else None
        shape = products[0][0].shape[:-1]
        x = cat([given[0].reshape(-1, given[0].shape[-1]) for given in products], 1)
        y = linear(x, w) if bias is None else linear(x, w, bias)
        return [[None], [None], [y.reshape(*shape, y.shape[1])]]

    return replace
