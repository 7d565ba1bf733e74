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
    with pytest.raises(RuntimeError, match="dropout"):
        vmap(lambda x: drop(x, 0.5))(x)


F = wg.nn.functional
SAMPLERS = {
    "bernoulli": lambda x: wg.bernoulli(x),
    "bernoulli p": lambda x: wg.bernoulli(x, 0.3),
    "bernoulli_": lambda x: x.clone().bernoulli_(0.5),
    "bernoulli_ tensor": lambda x: x.clone().bernoulli_(x),
    "cauchy_": lambda x: x.clone().cauchy_(),
    "exponential_": lambda x: x.clone().exponential_(),
    "geometric_": lambda x: x.clone().geometric_(0.01),
    "log_normal_": lambda x: x.clone().log_normal_(),
    "random_": lambda x: x.clone().random_(3, 1000),
    "uniform_": lambda x: x.clone().uniform_(),
    "normal_": lambda x: x.clone().normal_(),
    "rand_like": lambda x: wg.rand_like(x),
    "randn_like": lambda x: wg.randn_like(x),
    "randint_like": lambda x: wg.randint_like(x, 1000),
    "rand": lambda x: wg.rand(50),
    "randint": lambda x: wg.randint(0, 1000, (50,)),
    "randperm": lambda x: wg.randperm(50),
    "normal size": lambda x: wg.normal(0.0, 1.0, (50,)),
    "normal": lambda x: wg.normal(x, x),
    "poisson": lambda x: wg.poisson(x * 20),
    "binomial": lambda x: wg.binomial(x * 100, wg.full((50,), 0.5)),
    "multinomial": lambda x: wg.multinomial(x, 20),
    "multinomial replaced": lambda x: wg.multinomial(x, 50, True),
    "gamma": lambda x: wg._standard_gamma(x),
    "dirichlet": lambda x: wg._sample_dirichlet(x),
    "dropout": lambda x: F.dropout(x),
    "dropout in place": lambda x: F.dropout(x.clone(), inplace=True),
    "alpha_dropout": lambda x: F.alpha_dropout(x, training=True),
    "dropout1d": lambda x: F.dropout1d(x[:, None].expand(50, 3), training=True),
    "gumbel_softmax": lambda x: F.gumbel_softmax(x),
    "gumbel_softmax hard": lambda x: F.gumbel_softmax(x.expand(20, 50), hard=True),
    "rrelu": lambda x: F.rrelu(-x, training=True),
    "common bernoulli": lambda x: wg.bernoulli(wg.full((50,), 0.5)),
    "common multinomial": lambda x: wg.multinomial(wg.ones(50), 20),
    "common poisson": lambda x: wg.poisson(wg.full((50,), 20.0)),
    "common rand_like": lambda x: wg.rand_like(wg.zeros(50)),
    "common dropout": lambda x: F.dropout(wg.ones(50)),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_in_vmap(name):
    draw, x = SAMPLERS[name], wg.full((4, 50), 0.5)
    with pytest.raises(RuntimeError):
        vmap(draw)(x)
    same = vmap(draw, randomness="same")(x)
    assert all((same[0] == row).all() for row in same)
    wg.manual_seed(0)
    different = vmap(draw, randomness="different")(x)
    assert not any((different[i] == different[j]).all() for i in range(4) for j in range(i))
    wg.manual_seed(0)
    assert (vmap(draw, randomness="different")(x) == different).all()
    nested = vmap(vmap(draw, randomness="different"), randomness="different")(x.view(2, 2, 50))
    flat = nested.flatten(0, 1)
    assert not any((flat[i] == flat[j]).all() for i in range(4) for j in range(i))
    nested = vmap(vmap(draw, randomness="same"), randomness="different")(x.view(2, 2, 50))
    assert (nested[0, 0] == nested[0, 1]).all()
    assert not (nested[0] == nested[1]).all()
    nested = vmap(vmap(draw, randomness="different"), randomness="same")(x.view(2, 2, 50))
    assert (nested[0] == nested[1]).all()
    assert not (nested[:, 0] == nested[:, 1]).all()


def test_random_numbers_of_examples_have_their_distribution():
    x = wg.full((3, 4000), 0.25)
    drawn = vmap(lambda x: wg.bernoulli(x), randomness="different")(x)
    np.testing.assert_allclose(drawn.mean(1).numpy(), 0.25, atol=0.03)
    drawn = vmap(lambda x: wg.poisson(x * 12), randomness="different")(x)
    np.testing.assert_allclose(drawn.mean(1).numpy(), 3, atol=0.15)
    drawn = vmap(lambda x: wg.randperm(100), randomness="different")(x)
    assert (drawn.sort(1).values == wg.arange(100)).all()


def test_what_is_common_is_not_filled_with_different_numbers():
    for fill in (lambda t: t.uniform_(), lambda t: t.exponential_(), lambda t: t.random_(9)):
        with pytest.raises(RuntimeError, match="different"):
            vmap(lambda x, fill=fill: fill(wg.zeros(4)), randomness="different")(rand(3, 2))


def test_gradients_of_random_operations_in_vmap():
    x = rand(4, 50) + 1
    for randomness in ("same", "different"):

        def masks(x):
            return F.dropout(x, 0.5)

        gradient = vmap(grad(lambda x: masks(x).sum()), randomness=randomness)(x)
        assert set(gradient.flatten().tolist()) == {0.0, 2.0}
        assert (gradient[0] == gradient[1]).all() == (randomness == "same")
        y = x.clone().requires_grad_()
        out = vmap(masks, randomness=randomness)(y)
        out.sum().backward()
        np.testing.assert_allclose((y.grad * x).numpy(), out.detach().numpy())


def test_sparse_embeddings_in_vmap():
    weight, index = rand(5, 3), wg.tensor([[1, 2], [0, 0]])

    def loss(weight, index):
        return (F.embedding(index, weight, sparse=True) ** 2).sum()

    got = vmap(grad(loss), in_dims=(None, 0))(weight, index)
    want = wg.stack([grad(loss)(weight, row).to_dense() for row in index])
    np.testing.assert_allclose(got.numpy(), want.numpy())


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
    # What other tests left behind may be gone by now.
    assert sum(isinstance(o, wg.Tensor) for o in gc.get_objects()) <= tensors


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
    x.requires_grad_()
    (got,) = wg.autograd.grad(vmap(Cube.apply)(x).sum(), x)
    np.testing.assert_allclose(got.numpy(), 30 * x.detach().numpy() ** 2)


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


def square(*shape):
    a = rand(*shape)
    return a + wg.eye(shape[-1], dtype=wg.float64)


def positive(a):
    return a @ a.mT + wg.eye(a.shape[-1], dtype=wg.float64)


RULES = {
    "cholesky": lambda a: wg.linalg.cholesky(positive(a)),
    "eigvalsh": lambda a: wg.linalg.eigvalsh(positive(a)),
    "eigh": lambda a: wg.linalg.eigh(positive(a))[1] ** 2,
    "svdvals": lambda a: wg.linalg.svdvals(a),
    "svd": lambda a: wg.cat([t.flatten() ** 2 for t in wg.linalg.svd(a[:2], False)]),
    "svd of a tall matrix": lambda a: wg.linalg.svd(a[:, :2], False)[0] ** 2,
    "qr": lambda a: wg.cat([t.flatten() for t in wg.linalg.qr(a)]),
    "qr of a wide matrix": lambda a: wg.cat([t.flatten() for t in wg.linalg.qr(a[:2])]),
    "qr of a tall matrix": lambda a: wg.cat([t.flatten() for t in wg.linalg.qr(a[:, :2])]),
    "det": wg.linalg.det,
    "det of a singular matrix": lambda a: wg.linalg.det(a * wg.tensor([1.0, 1.0, 0.0])),
    "slogdet": lambda a: wg.linalg.slogdet(a)[1],
    "inv": wg.linalg.inv,
    "solve": lambda a: wg.linalg.solve(a, a * a),
    "lu": lambda a: wg.cat([t.flatten() for t in wg.linalg.lu(a)[1:]]),
    "lu of a wide matrix": lambda a: wg.cat([t.flatten() for t in wg.linalg.lu(a[:2])[1:]]),
    "lu of a tall matrix": lambda a: wg.cat([t.flatten() for t in wg.linalg.lu(a[:, :2])[1:]]),
    "lu_solve": lambda a: wg.linalg.lu_solve(*wg.linalg.lu_factor(a), a * a),
    "solve_triangular": lambda a: wg.linalg.solve_triangular(a, a * a, upper=True),
    "unit triangular": lambda a: wg.linalg.solve_triangular(a, a, upper=False, unitriangular=True),
    "lstsq": lambda a: wg.linalg.lstsq(a[:, :2], a)[0],
    "lstsq of a wide matrix": lambda a: wg.linalg.lstsq(a[:2], a[:2, :1])[0],
    "matrix_exp": wg.linalg.matrix_exp,
    "eigvals": lambda a: wg.linalg.eigvals(positive(a)).real,
    "eig": lambda a: wg.linalg.eig(positive(a))[1].abs(),
    "nll_loss": lambda a: F.nll_loss(a, wg.tensor([0, 2, 1])),
    "soft cross_entropy": lambda a: F.cross_entropy(a, a.flip(0).softmax(1)),
    "fft": lambda a: wg.fft.fft2(a).abs() ** 2,
    "rfft": lambda a: wg.fft.irfft(wg.fft.rfft(a) ** 2),
    "cdist": lambda a: wg.cdist(a, a.sin()),
    "cdist by 3": lambda a: wg.cdist(a, a.sin(), 3),
    "pdist": lambda a: F.pdist(a, 1),
    "grid_sample": lambda a: F.grid_sample(
        a[None, None], a[:, :2].reshape(1, 3, 1, 2) / 4, align_corners=True
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_tangents_by_rules(name):
    """They follow from rules, and are differentiable in either mode."""
    f, x, t = RULES[name], square(3, 3), rand(3, 3)
    weights = rand(*f(x).shape) + 0.5

    def loss(a):
        return (f(a) * weights).sum()

    before = forward_ad.rule_counts()[1]
    along = jvp(loss, (x,), (t,))[1]
    assert forward_ad.rule_counts()[1] == before
    np.testing.assert_allclose(along.item(), (grad(loss)(x) * t).sum().item(), rtol=1e-8)
    want = grad(lambda a: (grad(loss)(a) * t).sum())(x).numpy()
    close = {"rtol": 1e-6, "atol": 1e-8}
    np.testing.assert_allclose(jvp(grad(loss), (x,), (t,))[1].numpy(), want, **close)
    np.testing.assert_allclose(grad(lambda a: jvp(loss, (a,), (t,))[1])(x).numpy(), want, **close)
    twice = jvp(lambda a: jvp(loss, (a,), (t,))[1], (x,), (t,))[1]
    np.testing.assert_allclose(twice.item(), (wg.from_numpy(want) * t).sum().item(), **close)


@pytest.mark.parametrize("name", RULES)
def test_rules_run_once_for_all_examples(name):
    f, x = RULES[name], square(4, 3, 3)
    before = _core._batch_counts()[1]
    got = vmap(f)(x)
    assert _core._batch_counts()[1] == before
    np.testing.assert_allclose(got.numpy(), wg.stack([f(a) for a in x]).numpy(), atol=1e-12)


def test_users_functions_at_nested_levels():
    class Times(wg.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x, w):
            return x * x * w

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx, g):
            x, w = ctx.saved_tensors
            return 2 * x * w * g, x * x * g

        @staticmethod
        def jvp(ctx, tx, tw):
            x, w = ctx.saved_tensors
            return (0 if tx is None else 2 * x * w * tx) + (0 if tw is None else x * x * tw)

    def f(x):
        return Times.apply(x, x.sin())

    def plain(x):
        return x * x * x.sin()

    x = rand(3)
    rows = rand(2, 3)
    for transform in (
        lambda f: jacfwd(jacfwd(f))(x),
        lambda f: jacfwd(jacfwd(jacfwd(f)))(x),
        lambda f: jacfwd(jacrev(f))(x),
        lambda f: jacrev(jacfwd(f))(x),
        lambda f: vmap(jacfwd(jacfwd(f)))(rows),
        lambda f: jacfwd(jacfwd(vmap(f)))(rows),
        lambda f: jacrev(jacrev(vmap(f)))(rows),
        lambda f: jacfwd(jacrev(vmap(f)))(rows),
        lambda f: grad(lambda r: vmap(grad(lambda x: f(x).sum()))(r).sum())(rows),
        lambda f: jacfwd(lambda r: vmap(jacfwd(f))(r))(rows),
        lambda f: jacfwd(vmap(vmap(f)))(rows[None]),
    ):
        np.testing.assert_allclose(transform(f).numpy(), transform(plain).numpy(), atol=1e-12)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_second_derivatives_of_bags(mode):
    index = wg.tensor([[0, 2, 2], [1, 1, 0]])

    def bags(table):
        return F.embedding_bag(index, table, mode=mode, padding_idx=1) ** 3

    def plain(table):
        rows, kept = table[index], (index != 1)[..., None]
        if mode == "max":
            found = rows.masked_fill(~kept, -wg.inf).amax(1)
        else:
            found = (rows * kept).sum(1) / (kept.sum(1) if mode == "mean" else 1)
        return found**3

    x, t = rand(2, 3, 4), rand(2, 3, 4)
    for transform in (
        lambda f: jvp(f, (x[0],), (t[0],))[1],
        lambda f: jacfwd(jacfwd(f))(x[0]),
        lambda f: vmap(jacfwd(jacrev(f)))(x),
        lambda f: vmap(grad(lambda a: grad(lambda a: f(a).sum())(a).sum()))(x),
    ):
        np.testing.assert_allclose(transform(bags).numpy(), transform(plain).numpy(), atol=1e-12)
