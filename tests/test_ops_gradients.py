"""Gradients of every differentiable row, of first and second order."""

from __future__ import annotations

import op_rows as rows
import pytest
from op_rows import DIFFERENTIABLE, Case, Differentiated

import wengert as wg

# Inputs without a derivative, though a difference quotient exists.
NO_DERIVATIVE = {
    "polygamma": "the order is a whole number",
}
CHECKED = [c for c in DIFFERENTIABLE if c.row.name not in NO_DERIVATIVE and Differentiated(c).where]

by_id = pytest.mark.parametrize("case", CHECKED, ids=lambda c: c.id)


def assert_close(got: float, want: float, scale: float) -> None:
    assert abs(got - want) <= 2e-7 * (1 + abs(want) + scale), f"{got}, but numerically {want}"


@by_id
def test_first_derivative(case: Case):
    call = Differentiated(case)
    x = call.inputs()
    y = call.outputs(x)
    if not y:
        return
    c, d = call.direction(y), call.direction(x)
    analytic = rows.dot(call.gradients(y, x, c), d)
    numeric = rows.difference(lambda h: rows.dot(call.outputs(rows.moved(x, d, h)), c))
    assert_close(analytic, numeric, sum(abs(rows.dot([a], [a])) for a in y) ** 0.5)


@by_id
def test_second_derivative(case: Case):
    """Of the gradient's inner product with a direction, along inputs and incoming gradient."""
    call = Differentiated(case)
    x = call.inputs()
    y = call.outputs(x)
    if not any(t.requires_grad for t in y):
        return
    c = [t.requires_grad_() for t in call.direction(y)]
    d, e, ec = call.direction(x), call.direction(x), call.direction(y)
    first = call.gradients(y, x, c, create_graph=True)
    fused = call.gradients(call.outputs(x), x, c)
    for g, f in zip(first, fused, strict=True):
        rows.assert_same(g, f, 1e-11, 1e-12, f"{case.id}: the fused rule")
    again = call.gradients(first, x + c, d)
    analytic = rows.dot(again, e + ec)

    def along(h: float) -> float:
        at = rows.moved(x, e, h)
        return rows.dot(call.gradients(call.outputs(at), at, rows.moved(c, ec, h)), d)

    assert_close(analytic, rows.difference(along), sum(rows.dot([g], [g]) for g in first) ** 0.5)


@by_id
def test_only_the_gradients_asked_for(case: Case):
    call = Differentiated(case)
    x = call.inputs()
    y = call.outputs(x)
    c = call.direction(y)
    want = call.gradients(y, x, c)
    for mask in rows.proper_subsets(len(x)):
        some = call.inputs()
        for t, on in zip(some, mask, strict=True):
            t.requires_grad_(on)
        got = call.gradients(call.outputs(some), some, c)
        for g, w, on in zip(got, want, mask, strict=True):
            if on:
                rows.assert_same(g, w, 1e-12, 1e-13, f"{case.id} {mask}")


def nodes_behind(t: wg.Tensor, most: int = 6) -> list:
    """The nodes of a result's graph, newest first."""
    found, waiting = [], [t.grad_fn]
    while waiting and len(found) < most:
        node = waiting.pop()
        if node is None or node.name() == "AccumulateGrad":
            continue
        found.append(node)
        waiting += [to for to, _ in node.next_functions]
    return found


@by_id
def test_nodes_refuse_gradients_that_do_not_fit(case: Case):
    call = Differentiated(case)
    for y in call.outputs(call.inputs()):
        for node in nodes_behind(y) if y.requires_grad else ():
            # No sample has outputs of these shapes.
            for shape in ((11,), (1,) * 6, (11, 2, 1)):
                with pytest.raises(RuntimeError, match=r"expected (a gradient of shape|\d+ grad)"):
                    node(wg.ones(shape, dtype=y.dtype))


def same_shapes(case: Case) -> bool:
    call = Differentiated(case)
    return len({tuple(call.all[i].shape) for i in call.where}) < len(call.where)


@pytest.mark.parametrize("case", [c for c in CHECKED if same_shapes(c)], ids=lambda c: c.id)
def test_the_same_input_twice(case: Case):
    call = Differentiated(case)
    apart = call.inputs()
    groups: dict[tuple[int, ...], int] = {}
    first = [groups.setdefault(tuple(t.shape), i) for i, t in enumerate(apart)]
    apart = [apart[k].detach().clone().requires_grad_() for k in first]
    together = [apart[k] for k in first]
    y = call.outputs(apart)
    c = call.direction(y)
    want = call.gradients(y, apart, c)
    got = call.gradients(call.outputs(together), together, c)
    for k, g in zip(first, got, strict=True):
        total = sum(w.numpy() for w, j in zip(want, first, strict=True) if j == k)
        rows.assert_same(g, total, 1e-11, 1e-12)


@pytest.mark.parametrize("dtype", [wg.float16, wg.bfloat16])
@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh", "sin", "exp"])
def test_gradients_of_half_precision_are_rounded_once(name, dtype):
    wg.manual_seed(0)
    x, g = wg.randn(7, 130).to(dtype).requires_grad_(), wg.randn(7, 130).to(dtype)
    y = getattr(wg, name)(x)
    (got,) = wg.autograd.grad(y, x, g)
    # Sigmoid, tanh and exp keep their rounded values.
    kept = {"sigmoid": lambda y: y * (1 - y), "tanh": lambda y: 1 - y * y, "exp": lambda y: y}
    if name in kept:
        want = g.double() * kept[name](y.detach().double())
    else:
        wide = x.detach().double().requires_grad_()
        (want,) = wg.autograd.grad(getattr(wg, name)(wide), wide, g.double())
    half = wg.finfo(dtype).eps / 2
    excess = (got.double() - want).abs() - (half * want.abs() * (1 + 1e-4) + 1e-7)
    assert got.dtype == dtype
    assert excess.max().item() <= 0
