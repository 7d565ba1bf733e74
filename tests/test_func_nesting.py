"""Transforms of functions within each other, and beside other modes."""

from __future__ import annotations

import gc
import os

import numpy as np
import pytest

import wengert as wg
from wengert.autograd import forward_ad
from wengert.func import grad, hessian, jacfwd, jacrev, jvp, vjp, vmap


def numbers(*values: float) -> wg.Tensor:
    return wg.tensor(values, dtype=wg.float64)


X = numbers(1.0, 2.0, 3.0)


def same(got: wg.Tensor, want: object) -> None:
    np.testing.assert_allclose(got.detach().numpy(), want, rtol=1e-10, atol=1e-12)


def test_a_change_in_place_changes_one_tangent_only():
    ones = wg.ones_like(X)
    same(jvp(lambda x: ((x + 1).mul_(2), x * 1)[1], (X,), (ones,))[1], [1, 1, 1])
    same(ones, [1, 1, 1])

    def f(x):
        y = x + 1
        y.mul_(2)
        return x * y

    same(jacfwd(f)(X), np.diag([6.0, 10.0, 14.0]))  # 4 x + 2
    same(hessian(lambda x: f(x).sum())(X), 4 * np.eye(3))

    def rows(b):
        y = b + wg.zeros(2, 3, dtype=wg.float64)
        y[0].mul_(5)
        return y

    same(jvp(rows, (X,), (X,))[1], [[5, 10, 15], [1, 2, 3]])


def test_second_derivatives_of_functions_that_index():
    same(hessian(lambda x: x[0] ** 2)(X), np.diag([2.0, 0, 0]))
    same(hessian(lambda x: (x[:2] ** 3).sum())(X), np.diag([6.0, 12, 0]))

    def rosenbrock(x):
        return ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum()

    same(hessian(rosenbrock)(X), jacrev(jacrev(rosenbrock))(X).numpy())

    def fill(x):
        y = wg.zeros(3, dtype=wg.float64)
        y[0] = x[1]
        return y

    same(jacfwd(fill)(X), [[0, 1, 0], [0, 0, 0], [0, 0, 0]])
    same(vmap(jacrev(lambda x: x[0] ** 2))(X.expand(2, 3)), [[2, 0, 0]] * 2)
    same(
        vmap(hessian(lambda x: x[0] ** 2 * x[1]))(X.expand(2, 3))[1],
        [[4, 2, 0], [2, 0, 0], [0] * 3],
    )


class Cube(wg.autograd.Function):
    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, g):
        return g * 3 * ctx.saved_tensors[0] ** 2

    @staticmethod
    def jvp(ctx, t):
        return t * 3 * ctx.saved_tensors[0] ** 2


def test_forward_over_reverse_of_a_function_of_users():
    a = wg.tensor(2.0, dtype=wg.float64)
    assert jvp(grad(Cube.apply), (a,), (wg.ones_like(a),))[1].item() == 12


def test_an_operation_without_a_rule_inside_of_two_vmaps():
    eye = wg.eye(2, dtype=wg.float64)
    matrices, b = wg.stack([eye, eye * 2]), wg.ones(2, dtype=wg.float64)
    got = vmap(jacfwd(wg.linalg.solve, argnums=1), in_dims=(0, None))(matrices, b)
    same(got, wg.linalg.inv(matrices).numpy())


def test_functions_of_the_library_that_have_rules_of_their_own():
    a = wg.rand(3, 3, 2, dtype=wg.float64)
    same(vmap(wg.linalg.pinv)(a)[1], wg.linalg.pinv(a[1]).numpy())
    same(jacfwd(wg.linalg.pinv)(a[0]), jacrev(wg.linalg.pinv)(a[0]).numpy())
    layer = wg.nn.Linear(2, 2).double().requires_grad_(False)
    layer.register_full_backward_hook(lambda *_: None)
    weight = layer.weight.detach()
    same(jacfwd(layer)(a[0, 0]), weight.numpy())
    same(vmap(jacrev(layer))(a[0])[1], weight.numpy())


def test_beside_other_modes():
    with wg.inference_mode():
        same(grad(lambda x: (x**2).sum())(X), 2 * X.numpy())
        _, pull = vjp(lambda x: x**2, X)
        same(pull(X)[0], 2 * X.numpy() ** 2)
        assert wg.is_inference_mode_enabled()
    keep = wg.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t)
    want = hessian(lambda x: x.tanh().sum())(X)
    with keep:
        same(hessian(lambda x: x.tanh().sum())(X), want.numpy())

    def into(x):
        out = wg.zeros(3, dtype=wg.float64)
        wg.mul(x, x, out=out)
        return out

    for transform in (lambda: jvp(into, (X,), (X,)), lambda: vmap(into)(X.expand(2, 3))):
        with pytest.raises(NotImplementedError, match="out="):
            transform()


def test_new_tensors_of_an_example_are_its_own():
    for make in ("new_zeros", "new_ones", "new_empty"):
        got = vmap(lambda x, make=make: getattr(x, make)(2, 3).mul_(0).add_(x))(X.expand(2, 3))
        assert got.shape == (2, 2, 3)
    got = vmap(lambda x: x.new_full((3,), 2.0).mul_(x))(wg.stack([X, X * 2]))
    same(got[1], 4 * X.numpy())


def test_named_tuples_are_nests():
    values, indices = vmap(lambda x: x.max(0))(X.expand(2, 3))
    same(values, [3, 3])
    assert indices.tolist() == [2, 2]


def test_a_level_that_ends_lets_go_of_its_tangents():
    def run():
        x = wg.rand(1000, dtype=wg.float64).requires_grad_()
        with forward_ad.dual_level():
            forward_ad.make_dual(x, x.detach()).exp().mul(x).tanh()

    run()
    gc.collect()
    before = wg.memory_stats()
    for _ in range(50):
        run()
    after = wg.memory_stats()
    assert after["allocated"] <= before["allocated"] + 10_000


def test_views_keep_the_tangents_of_every_level():
    def f(x):
        y = x * 1
        v, w = y[1:], y[:2]
        y[0].mul_(x[1])
        w.mul_(x[1:])
        return (v * v).sum() + y.sum()

    same(jacfwd(jacfwd(f))(X), jacrev(jacrev(f))(X).numpy())
    same(jacfwd(jacfwd(jacfwd(f)))(X), jacrev(jacrev(jacrev(f)))(X).numpy())
    rows = wg.stack([X, X.sin()])
    same(vmap(jacfwd(jacfwd(f)))(rows)[1], jacrev(jacrev(f))(X.sin()).numpy())


def test_no_leak_of_tangents_that_hooks_have_packed():
    gc.collect()
    before = sum(isinstance(o, wg.Tensor) for o in gc.get_objects())
    for _ in range(3):
        x = X.clone().requires_grad_()
        with (
            wg.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t),
            forward_ad.dual_level(),
        ):
            y = forward_ad.make_dual(x, wg.ones_like(x)).exp().tanh()
            assert forward_ad.unpack_dual(y).tangent.requires_grad
        del x, y
    gc.collect()
    assert sum(isinstance(o, wg.Tensor) for o in gc.get_objects()) == before


def test_checkpoints_in_forward_mode():
    from wengert.utils.checkpoint import checkpoint

    def f(x):
        return (x.sin() * x).softmax(0) * x.exp()

    def g(x):
        return checkpoint(f, x, use_reentrant=False)

    x = X.clone().requires_grad_()
    y, t = jvp(g, (x,), (wg.ones_like(x),))
    want_y, want_t = jvp(f, (x,), (wg.ones_like(x),))
    same(t, want_t.detach().numpy())
    for a, b in ((y, want_y), (t, want_t)):
        (got,) = wg.autograd.grad(a.sum(), x, retain_graph=True)
        (want,) = wg.autograd.grad(b.sum(), x, retain_graph=True)
        same(got, want.numpy())
    same(hessian(lambda x: g(x).sum())(X), hessian(lambda x: f(x).sum())(X).numpy())
    same(vmap(grad(lambda x: g(x).sum()))(X[None])[0], grad(lambda x: f(x).sum())(X).numpy())
    gradient = grad(lambda x: vmap(g)(x).sum())(X[None])
    same(gradient[0], grad(lambda x: f(x).sum())(X).numpy())


def test_a_custom_function_keeps_tensors_as_attributes_in_vmap():
    class Scaled(wg.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x, w):
            return x * w, (x + w).detach()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.x, ctx.w = inputs
            ctx.mark_non_differentiable(output[1])

        @staticmethod
        def backward(ctx, g, _):
            return ctx.w * g, ctx.x * g

    x = wg.stack([X, X + 1]).requires_grad_()
    w = X.clone().requires_grad_()
    for _ in range(2):
        y, other = vmap(Scaled.apply, (0, None))(x, w)
        assert not other.requires_grad
        gx, gw = wg.autograd.grad(y.sum(), (x, w))
        same(gx, np.stack([X.numpy()] * 2))
        same(gw, x.detach().sum(0).numpy())
    nested = vmap(vmap(Scaled.apply, (0, None)), (0, 0))(x, wg.stack([w[0], w[1]]))[0]
    same(wg.autograd.grad(nested.sum(), w)[0], [6, 9, 0])


def test_data_of_an_example():
    rows = wg.stack([X, X * 2])
    same(vmap(lambda x: x.data * 2)(rows), rows.numpy() * 2)

    def replaced(x):
        y = x * 1
        y.data = (x * 3).data
        return y

    same(vmap(replaced)(rows), rows.numpy() * 3)

    def of_another(x):
        y = wg.zeros(3, dtype=wg.float64)
        y.data = x
        return y

    with pytest.raises(RuntimeError, match="vmap"):
        vmap(of_another)(rows)
    layer = vmap(grad(lambda x: wg.nn.Linear(3, 2).double()(x).sum()), randomness="same")(rows)
    assert layer.shape == (2, 3)
    same(layer[0], layer[1].numpy())


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
def test_no_leak_of_what_is_changed_in_place():
    """Neither a tangent nor what its history saves holds itself."""

    def used() -> int:
        with open("/proc/self/statm") as f:
            return int(f.read().split()[1])

    def run(change):
        x = wg.rand(200, 200, dtype=wg.float64).requires_grad_()
        with forward_ad.dual_level():
            y = forward_ad.make_dual(x, x * 2) * 1
            change(y)
            assert forward_ad.unpack_dual(y).tangent.requires_grad

    for change in (lambda y: y.exp_(), lambda y: y[1:].mul_(y[:-1].clone())):
        for _ in range(5):
            run(change)
        before = used()
        for _ in range(40):
            run(change)
        assert used() - before < 1000


def test_gradients_of_tangents_through_changes_in_place():
    def changed(x):
        y = x * 1
        y.mul_(y)
        return y.addcmul_(y, x).sin_()

    def plain(x):
        y = x * x
        return (y + y * x).sin()

    def tangent(f):
        return grad(lambda x: jvp(f, (x,), (x.sin(),))[1].sum())(X)

    same(tangent(changed), tangent(plain).numpy())


# Changes of y, beside x and z = x.sin(), for which PyTorch has no derivatives of every kind.
IN_PLACE = (
    "y.mul_(y)",
    "y.mul_(x).mul_(y.detach())",
    "y.add_(3).div_(y.detach())",
    "y.square_().add_(1).pow_(z)",
    "y.hypot_(z)",
    "y.asinh_()",
    "y.mul_(0.3).exp_()",
    "y.square_().tanh_()",
    "y.clamp_(-0.5, 0.5).mul_(y)",
    "y.cumprod_(0)",
    "y[0].mul_(y[1])",
    "y[1:].mul_(z[1:]); y[0].exp_()",
    "y[:2].mul_(y[1:])",
    "y[:, 0] += x[:, 0] * (y[:, 1] + 1); y[:, 1] *= y[:, 0]",
    "y.index_put_((wg.tensor([0, 2]),), (x * x)[:2]); y.mul_(z)",
    "v = y.t(); v.mul_(y); v[1].sigmoid_()",
)


@pytest.mark.parametrize("change", IN_PLACE)
def test_every_way_through_a_change_in_place_gives_the_same_derivatives(change: str) -> None:
    body = compile(change, "<change>", "exec")

    def f(x: wg.Tensor) -> wg.Tensor:
        y = x * 1
        exec(body, {"x": x, "y": y, "z": x.sin(), "wg": wg})
        return (y * x.cos()).sum()

    generator = wg.Generator().manual_seed(0)
    x = wg.rand(3, 3, dtype=wg.float64, generator=generator) * 1.6 - 0.8
    t = wg.rand(3, 3, dtype=wg.float64, generator=generator)
    expected = jacrev(jacrev(f))(x)
    for outer, inner in ((jacfwd, jacrev), (jacrev, jacfwd), (jacfwd, jacfwd)):
        same(outer(inner(f))(x), expected.numpy())
    same(jvp(grad(f), (x,), (t,))[1], (expected * t).sum((2, 3)).numpy())

    several = wg.stack([x, x * 0.5])
    gradients = wg.stack([grad(f)(one) for one in several])
    same(vmap(grad(f))(several), gradients.numpy())
    same(grad(lambda xs: vmap(f)(xs).sum())(several), gradients.numpy())
    leaf = several.clone().requires_grad_()
    same(wg.autograd.grad(vmap(f)(leaf).sum(), leaf)[0], gradients.numpy())

    products = wg.stack([jvp(grad(f), (one,), (t,))[1] for one in several])
    along = wg.stack([t, t])
    same(jvp(grad(lambda xs: vmap(f)(xs).sum()), (several,), (along,))[1], products.numpy())
    same(jvp(vmap(grad(f)), (several,), (along,))[1], products.numpy())
    same(vmap(lambda one: jvp(grad(f), (one,), (t,))[1])(several), products.numpy())
    same(
        grad(lambda xs: vmap(lambda one: jvp(f, (one,), (t,))[1])(xs).sum())(several),
        products.numpy(),
    )


def test_hooks_on_saved_values_keep_the_tangents_of_changed_ones() -> None:
    def f(x: wg.Tensor) -> wg.Tensor:
        y = x * 1
        y[0].mul_(y[1])
        y.mul_(x).tanh_()
        return y.sum()

    x = wg.tensor([0.3, -0.7, 0.4], dtype=wg.float64)
    expected = jacrev(jacrev(f))(x)
    with wg.autograd.graph.saved_tensors_hooks(lambda t: t * 1, lambda t: t):
        same(jacfwd(jacrev(f))(x), expected.numpy())
