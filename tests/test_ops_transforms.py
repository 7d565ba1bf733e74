"""Forward mode and vmap of every differentiable row: against reverse mode, and against a loop."""

from __future__ import annotations

import numpy as np
import pytest
from op_rows import Differentiated, dot, tensors_of
from test_ops_gradients import CHECKED

import wengert as wg
from wengert.autograd import forward_ad

# The permutation of an LU factorization is made of pivots that are read.
MAPPED = [c for c in CHECKED if c.row.name != "_linalg_lu"]


def by_id(cases):
    return pytest.mark.parametrize("case", cases, ids=[c.id for c in cases])


def tangents_of(call, inputs, directions):
    """Outputs, their tangents, and how many operations had no rule of their own."""
    with forward_ad.dual_level():
        duals = [
            forward_ad.make_dual(x.detach(), d) for x, d in zip(inputs, directions, strict=True)
        ]
        before = forward_ad.rule_counts()
        outputs = [forward_ad.unpack_dual(y) for y in call.outputs(duals)]
        after = forward_ad.rule_counts()
    return outputs, after[1] - before[1]


@by_id(CHECKED)
def test_jvp_agrees_with_vjp(case):
    call = Differentiated(case)
    inputs = call.inputs()
    outputs = call.outputs(inputs)
    directions = call.direction(inputs)
    cotangents = call.direction(outputs)
    gradients = call.gradients(outputs, inputs, cotangents)
    duals, _ = tangents_of(call, inputs, directions)
    found = []
    for (value, tangent), y in zip(duals, outputs, strict=True):
        np.testing.assert_allclose(value.numpy(), y.detach().numpy(), rtol=1e-12, atol=1e-12)
        assert tangent is None or (tangent.shape == y.shape and tangent.dtype == y.dtype)
        found.append(wg.zeros_like(y) if tangent is None else tangent)
    scale = 1 + sum(abs(g).sum().item() for g in gradients if g.numel())
    assert dot(found, cotangents) == pytest.approx(dot(gradients, directions), abs=1e-9 * scale)


@by_id(MAPPED)
def test_vmap_is_a_loop(case):
    call = Differentiated(case)
    inputs = [x.detach() for x in call.inputs()]
    if any(x.numel() == 0 for x in inputs):
        pytest.skip("there is nothing to tell examples of size 0 apart")
    # Small steps keep every example in the domain of the function.
    examples = [
        wg.stack([x + 1e-3 * k * d for k in range(3)])
        for x, d in zip(inputs, call.direction(inputs), strict=True)
    ]
    mapped = wg.func.vmap(lambda *x: tuple(call.outputs(list(x))))(*examples)
    for k in range(3):
        one = call.outputs(
            [e[k].clone() for e in examples]
        )  # as_strided counts from the memory's start
        for got, want in zip(mapped, one, strict=True):
            np.testing.assert_allclose(got[k].numpy(), want.numpy(), rtol=1e-12, atol=1e-12)


@by_id(MAPPED)
def test_vmap_over_one_input(case):
    call = Differentiated(case)
    inputs = [x.detach() for x in call.inputs()]
    if len(inputs) < 2 or any(x.numel() == 0 for x in inputs):
        pytest.skip("there is no other input")
    for i, x in enumerate(inputs):
        examples = wg.stack([x, x + 1e-3 * call.direction([x])[0]])

        def f(one, i=i):
            return tuple(call.outputs([*inputs[:i], one, *inputs[i + 1 :]]))

        mapped = wg.func.vmap(f)(examples)
        for k in range(2):
            for got, want in zip(mapped, f(examples[k]), strict=True):
                np.testing.assert_allclose(got[k].numpy(), want.numpy(), rtol=1e-12, atol=1e-12)


@by_id(MAPPED)
def test_gradient_of_each_example(case):
    call = Differentiated(case)
    inputs = [x.detach() for x in call.inputs()]
    if any(x.numel() == 0 for x in inputs):
        pytest.skip("there is nothing to tell examples of size 0 apart")

    def loss(*x):
        return sum((y * y).sum() for y in call.outputs(list(x)) if y.requires_grad)

    numbers = tuple(range(len(inputs)))
    examples = [
        wg.stack([x, x + 1e-3 * d]) for x, d in zip(inputs, call.direction(inputs), strict=True)
    ]
    mapped = wg.func.vmap(wg.func.grad(loss, numbers))(*examples)
    for k in range(2):
        one = wg.func.grad(loss, numbers)(*[e[k].clone() for e in examples])
        for got, want in zip(mapped, one, strict=True):
            np.testing.assert_allclose(got[k].numpy(), want.numpy(), rtol=1e-9, atol=1e-9)


@by_id(CHECKED)
def test_second_derivatives_of_both_orders_agree(case):
    """Forward over reverse against reverse over reverse."""
    call = Differentiated(case)
    inputs = [x.detach() for x in call.inputs()]
    directions = call.direction(inputs)
    numbers = tuple(range(len(inputs)))

    def loss(*x):
        outputs = [y for y in tensors_of(tuple(call.outputs(list(x)))) if y.requires_grad]
        return sum((y * y).sum() for y in outputs) + sum((t * 0).sum() for t in x)

    def along(*x):
        gradients = wg.func.grad(loss, numbers)(*x)
        return sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))

    _, forward = wg.func.jvp(wg.func.grad(loss, numbers), tuple(inputs), tuple(directions))
    reverse = wg.func.grad(along, numbers)(*inputs)
    scale = 1 + max((abs(r).max().item() for r in reverse if r.numel()), default=0)
    for a, b in zip(forward, reverse, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-8, atol=1e-8 * scale)
