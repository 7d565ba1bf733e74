"""What comparisons with PyTorch do not show of wengert.func, forward mode and vmap."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import wengert as wg
from wengert import _core
from wengert.autograd import forward_ad
from wengert.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, value_and_grad, vmap


def rand(*shape: int) -> wg.Tensor:
    return wg.rand(*shape, dtype=wg.float64)


def test_value_and_grad_in_the_order_of_jax():
    x = rand(3)
    value, gradient = value_and_grad(lambda x: (x**2).sum())(x)
    assert value.item() == pytest.approx((x**2).sum().item())
    np.testing.assert_allclose(gradient.numpy(), 2 * x.numpy())
    (value, aux), _ = value_and_grad(lambda x: ((x**2).sum(), x + 1), has_aux=True)(x)
    np.testing.assert_array_equal(aux.numpy(), (x + 1).numpy())


def test_levels_of_forward_mode_are_kept_apart():
    # d/dx (x d/dy (x + y)) is 1; mixing up the two levels gives 2 (Siskind and Pearlmutter, 2005).
    one = wg.tensor(1.0)

    def f(x):
        return x * jvp(lambda y: x + y, (one,), (one,))[1]

    assert jvp(f, (one,), (one,))[1].item() == 1.0
    assert grad(lambda x: x * grad(lambda y: x + y)(one))(one).item() == 1.0
    with forward_ad.dual_level() as outer:
        x = forward_ad.make_dual(one, one)
        with forward_ad.dual_level() as inner:
            y = forward_ad.make_dual(one, one)
            z = x * y
            assert forward_ad.unpack_dual(z, level=inner).tangent is not None
            nothing = forward_ad.unpack_dual(x, level=inner).tangent
            assert nothing is None
            assert forward_ad.unpack_dual(z, level=outer).tangent.item() == 1.0


def test_common_operations_have_rules_for_tangents():
    """No double vjp for what networks are made of."""
    model = wg.nn.Sequential(
        wg.nn.Conv2d(1, 2, 3),
        wg.nn.BatchNorm2d(2),
        wg.nn.ReLU(),
        wg.nn.MaxPool2d(2),
        wg.nn.Flatten(),
        wg.nn.Linear(18, 5),
        wg.nn.LayerNorm(5),
        wg.nn.GELU(),
    ).double()
    x, direction = rand(4, 1, 8, 8), rand(4, 1, 8, 8)
    before = forward_ad.rule_counts()
    _, t = jvp(lambda x: wg.nn.functional.cross_entropy(model(x), wg.arange(4)), (x,), (direction,))
    after = forward_ad.rule_counts()
    assert after[0] > before[0]
    assert after[1] == before[1]
    step = 1e-6
    ahead, behind = (
        wg.nn.functional.cross_entropy(model(x + s * direction), wg.arange(4)).item()
        for s in (step, -step)
    )
    assert t.item() == pytest.approx((ahead - behind) / (2 * step), rel=1e-6)


def test_common_operations_run_once_for_all_examples():
    model = wg.nn.Sequential(
        wg.nn.Conv2d(1, 2, 3),
        wg.nn.ReLU(),
        wg.nn.MaxPool2d(2),
        wg.nn.Flatten(),
        wg.nn.Linear(18, 3),
    ).double()
    parameters = {k: v.detach() for k, v in model.named_parameters()}
    x, target = rand(6, 1, 8, 8), wg.arange(6) % 3

    def loss(p, x, t):
        return wg.nn.functional.cross_entropy(functional_call(model, p, (x[None],)), t[None])

    before = _core._batch_counts()
    got = vmap(grad(loss), (None, 0, 0))(parameters, x, target)
    after = _core._batch_counts()
    assert after[0] > before[0]
    assert after[1] == before[1]
    for k in range(6):
        one = grad(loss)(parameters, x[k], target[k])
        for name, g in one.items():
            np.testing.assert_allclose(got[name][k].numpy(), g.numpy(), rtol=1e-10, atol=1e-12)


def test_gradients_outside_and_inside_of_vmap():
    w = rand(3).requires_grad_()
    x = rand(5, 3)
    inner = vmap(grad(lambda x: (w * x**2).sum()))(x)  # 2 w x
    inner.sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), 2 * x.numpy().sum(0))


def test_no_grad_inside_and_outside():
    w = rand(3).requires_grad_()
    with wg.no_grad():
        inside = grad(lambda x: (w * x).sum())(rand(3))
    assert not inside.requires_grad
    assert grad(lambda x: (w * x).sum())(rand(3)).requires_grad
    assert not grad(lambda x: (w.detach() * x).sum())(rand(3)).requires_grad


def test_random_numbers_in_vmap():
    x = wg.zeros(4, 1000)
    different = vmap(lambda x: x + wg.randn(1000), randomness="different")(x)
    assert len({row.sum().item() for row in different}) == 4
    assert abs(different.mean().item()) < 0.1
    same = vmap(lambda x: x + wg.randn(1000), randomness="same")(x)
    np.testing.assert_array_equal(same[0].numpy(), same[3].numpy())
    drop = wg.nn.functional.dropout
    dropped = vmap(lambda x: drop(x, 0.5), randomness="different")(x + 1)
    assert 0.45 < (dropped == 0).float().mean().item() < 0.55
    assert not (dropped[0] == dropped[1]).all()
    for randomness in ("error", "same"):
        with pytest.raises(RuntimeError, match="dropout"):
            vmap(lambda x: drop(x, 0.5), randomness=randomness)(x)


def test_an_example_cannot_leave_its_vmap():
    kept = []
    vmap(lambda x: kept.append(x) or x)(rand(3, 2))
    for use in (kept[0].tolist, kept[0].numpy, lambda: kept[0] + 1, lambda: float(kept[0].sum())):
        with pytest.raises(RuntimeError, match="vmap"):
            use()


def test_an_error_in_the_function_ends_the_levels():
    def fails(x):
        raise KeyError("mine")

    for transform in (grad, vmap, jacfwd, jacrev, hessian):
        with pytest.raises(KeyError, match="mine"):
            transform(fails)(rand(3))
    with pytest.raises(KeyError, match="mine"):
        jvp(fails, (rand(3),), (rand(3),))
    assert not _core._is_transforming()
    assert wg.is_grad_enabled()


def test_nothing_is_left_in_memory():
    def run():
        hessian(lambda x: (x.sin() * x).sum())(rand(4))
        vmap(grad(lambda x: (x.exp() * x).sum()))(rand(4, 3))

    run()
    gc.collect()
    tensors = sum(isinstance(o, wg.Tensor) for o in gc.get_objects())
    for _ in range(20):
        run()
    gc.collect()
    assert sum(isinstance(o, wg.Tensor) for o in gc.get_objects()) == tensors


class Cube(wg.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
        return x.detach() ** 3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 30 * x**2 * g  # ten times too large, to be told apart

    @staticmethod
    def jvp(ctx, t):
        (x,) = ctx.saved_tensors
        return 300 * x**2 * t


class Plain(wg.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


def test_functions_of_users_in_forward_mode():
    x, t = rand(3), rand(3)
    value, tangent = jvp(Cube.apply, (x,), (t,))
    np.testing.assert_allclose(value.numpy(), x.numpy() ** 3)
    np.testing.assert_allclose(tangent.numpy(), 300 * x.numpy() ** 2 * t.numpy())
    w = x.clone().requires_grad_()
    jvp(Cube.apply, (w,), (t,))[1].sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), 600 * x.numpy() * t.numpy())
    with pytest.raises(NotImplementedError, match="jvp"):
        jvp(Plain.apply, (x,), (t,))


def test_functions_of_users_in_vmap():
    x = rand(4, 3)
    np.testing.assert_allclose(vmap(Cube.apply)(x).numpy(), x.numpy() ** 3)
    got = vmap(grad(lambda x: Cube.apply(x).sum()))(x)
    np.testing.assert_allclose(got.numpy(), 30 * x.numpy() ** 2)
    with pytest.raises(RuntimeError, match="generate_vmap_rule"):
        vmap(Plain.apply)(x)
    with pytest.raises(NotImplementedError, match="vmap"):
        vmap(Cube.apply)(x.requires_grad_())


def test_in_place_changes_of_views_carry_tangents():
    x, t = rand(4), rand(4)
    with forward_ad.dual_level():
        d = forward_ad.make_dual(x.clone(), t.clone())
        base = d * 1
        base[1:3].mul_(d[0])
        tangent = forward_ad.unpack_dual(base).tangent.numpy()
    want = t.numpy().copy()
    want[1:3] = t.numpy()[1:3] * x.numpy()[0] + x.numpy()[1:3] * t.numpy()[0]
    np.testing.assert_allclose(tangent, want)


def test_in_place_changes_of_what_is_made_inside():
    w, x = rand(3), rand(4, 3)

    def f(w, x):
        y = wg.zeros(3, dtype=wg.float64)
        y.add_(w)
        y.mul_(w)
        return (y * x).sum()

    got = vmap(grad(f), (None, 0))(w, x)
    np.testing.assert_allclose(got.numpy(), 2 * w.numpy() * x.numpy())
    outside = wg.zeros(3, dtype=wg.float64)
    with pytest.raises(RuntimeError, match="in place"):
        vmap(grad(lambda w, x: (outside.add_(w) * x).sum()), (None, 0))(w, x)
    with pytest.raises(RuntimeError, match="in place"):
        vmap(lambda x: outside.add_(x))(x)
    assert not outside.any()


def test_nested_vmap_and_chunks():
    x, y = rand(4, 3), rand(5, 3)
    table = vmap(lambda a: vmap(lambda b: (a * b).sum())(y))(x)
    np.testing.assert_allclose(table.numpy(), x.numpy() @ y.numpy().T)
    chunked = vmap(lambda a: a.exp().sum(), chunk_size=3)(x)
    np.testing.assert_allclose(chunked.numpy(), np.exp(x.numpy()).sum(1))
