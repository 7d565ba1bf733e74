"""Elementwise operations with numbers: edges, gradients of every order, layouts, dtypes, tapes."""

from __future__ import annotations

import importlib.util
from functools import partial

import numpy as np
import pytest

import wengert as wg
import wengert.nn.functional as F
from wengert.autograd import gradcheck, gradgradcheck

if importlib.util.find_spec("torch"):
    import torch

INF, NAN = float("inf"), float("nan")
EDGES = [INF, -INF, 0.0, -0.0, -1.0, 1.0, 0.5, -0.5, 3.0, -3.0, 2.0, -2.0, 6.0, 19.9, 20.1, 300.0]

# Of one tensor, by module: wengert's functional or PyTorch's.
ONE = {
    "leaky_relu": lambda f, x: f.leaky_relu(x, 0.3),
    "leaky_relu of slope 0": lambda f, x: f.leaky_relu(x, 0.0),
    "elu": lambda f, x: f.elu(x, 0.7),
    "selu": lambda f, x: f.selu(x),
    "celu": lambda f, x: f.celu(x, 2.0),
    "softplus": lambda f, x: f.softplus(x),
    "softplus of beta": lambda f, x: f.softplus(x, 2.0, 3.0),
    "hardtanh": lambda f, x: f.hardtanh(x, -0.5, 2.0),
    "relu6": lambda f, x: f.relu6(x),
    "threshold": lambda f, x: f.threshold(x, 0.5, -7.0),
    "hardshrink": lambda f, x: f.hardshrink(x, 1.0),
    "softshrink": lambda f, x: f.softshrink(x, 1.0),
    "clamp": lambda f, x: x.clamp(-0.5, 2.0),
    "clamp of reversed bounds": lambda f, x: x.clamp(2.0, -0.5),
    "hardsigmoid": lambda f, x: f.hardsigmoid(x),
    "logsigmoid": lambda f, x: f.logsigmoid(x),
}
IN_PLACE = ("leaky_relu", "elu", "selu", "celu", "hardtanh", "relu6", "threshold", "hardsigmoid")
PAIR = {
    "prelu": lambda f, a, b: f.prelu(a, b.flatten()[:1]),
    "smooth_l1": lambda f, a, b: f.smooth_l1_loss(a, b, reduction="none", beta=0.7),
    "huber": lambda f, a, b: f.huber_loss(a, b, reduction="none", delta=0.7),
}
# PyTorch takes other branches in vectors than in what is left over.
NAN_BY_POSITION = ("elu", "selu", "celu", "hardtanh", "relu6", "hardshrink", "softshrink")


def bits(t: wg.Tensor) -> bytes:
    return t.detach().contiguous().numpy().tobytes()


def assert_like(ours: wg.Tensor, theirs: torch.Tensor, ulps: int = 4) -> None:
    a, b = ours.detach().numpy(), theirs.detach().numpy()
    assert a.dtype == b.dtype and a.shape == b.shape
    eps = ulps * np.finfo(b.dtype).eps
    np.testing.assert_allclose(a, b, rtol=eps, atol=eps * 1e-3)


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ONE)
def test_edges_are_those_of_pytorch(name, dtype):
    values = EDGES if name in NAN_BY_POSITION else [*EDGES, NAN]
    upstream = [1.0, -2.0, 0.0, INF]
    for g in upstream:
        x = wg.tensor(values * 3, dtype=getattr(wg, dtype), requires_grad=True)
        t = torch.tensor(values * 3, dtype=getattr(torch, dtype), requires_grad=True)
        y, u = ONE[name](F, x), ONE[name](torch.nn.functional, t)
        assert_like(y, u)
        y.backward(wg.full_like(y, g))
        u.backward(torch.full_like(u, g))
        if g == INF and name in ("softplus", "softplus of beta", "logsigmoid"):
            continue  # 0 times infinity, where PyTorch's exponential is 0 and ours is not, or back
        # PyTorch rounds the derivative of hardsigmoid, 1 / 6, to float32.
        assert_like(x.grad, t.grad, 1 << 28 if (name, dtype) == ("hardsigmoid", "float64") else 4)


@pytest.mark.torch
@pytest.mark.parametrize(
    "name", [n for n in ONE if n not in ("hardsigmoid", "clamp", "clamp of reversed bounds")]
)
def test_second_derivatives_are_those_of_pytorch(name):
    x = wg.tensor(EDGES, dtype=wg.float64, requires_grad=True)
    t = torch.tensor(EDGES, dtype=torch.float64, requires_grad=True)
    (g,) = wg.autograd.grad((ONE[name](F, x) ** 2).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad((ONE[name](torch.nn.functional, t) ** 2).sum(), t, create_graph=True)
    finite = torch.isfinite(t)
    kept = wg.tensor(finite.tolist())
    assert_like(
        wg.autograd.grad(g[kept].sum(), x)[0][kept],
        torch.autograd.grad(h[finite].sum(), t)[0][finite],
        64,
    )


def test_second_derivative_of_elu_at_0_is_0():
    x = wg.zeros(3, requires_grad=True)
    (g,) = wg.autograd.grad(F.elu(x).sum(), x, create_graph=True)
    assert g.tolist() == [1.0] * 3
    assert wg.autograd.grad(g.sum(), x)[0].tolist() == [0.0] * 3


@pytest.mark.parametrize("name", ["elu", "celu", "selu", "softplus"])
def test_gradient_at_nan_is_nan(name):
    for n in (1, 40):
        x = wg.full((n,), NAN, requires_grad=True)
        y = getattr(F, name)(x)
        (g,) = wg.autograd.grad(y.sum(), x, create_graph=True)
        y.sum().backward()
        assert y.isnan().all() and g.isnan().all() and x.grad.isnan().all()


def test_hardsigmoid_and_clamp_pass_no_gradient_at_nan():
    for f in (F.hardsigmoid, partial(wg.clamp, min=-1, max=1)):
        x = wg.full((17,), NAN, requires_grad=True)
        f(x).backward(wg.full((17,), INF))
        assert x.grad.tolist() == [0.0] * 17


@pytest.mark.parametrize("name", [*ONE, *PAIR])
def test_gradients_of_every_order(name):
    rng = np.random.default_rng(5)
    # Away from the kinks.
    x = np.round(rng.uniform(-4, 4, (3, 4)) * 4) / 4 + 0.1
    a = wg.tensor(x, requires_grad=True)
    if name in ONE:
        f, inputs = partial(ONE[name], F), (a,)
    else:
        b = wg.tensor(rng.permutation(x.flatten()).reshape(3, 4) - 0.03, requires_grad=True)
        f, inputs = partial(PAIR[name], F), (a, b)
    assert gradcheck(f, inputs, check_forward_ad=True)
    assert gradgradcheck(f, inputs)


def recorded(f, x: wg.Tensor) -> wg.Tensor:
    """The gradient through the rule in recorded operations."""
    return wg.autograd.grad(f(x).sum(), x, create_graph=True)[0].detach()


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64])
@pytest.mark.parametrize("name", ONE)
def test_fused_gradient_is_that_of_the_recorded_rule(name, dtype):
    x = wg.tensor(np.linspace(-5, 5, 71), dtype=dtype, requires_grad=True)
    f = partial(ONE[name], F)
    (fused,) = wg.autograd.grad(f(x).sum(), x)
    np.testing.assert_allclose(fused.numpy(), recorded(f, x).numpy(), rtol=8 * wg.finfo(dtype).eps)


LAYOUTS = {
    "transposed": lambda x: x.reshape(24, 35).T,
    "every second": lambda x: x[::2],
    "channels last": lambda x: x.reshape(2, 35, 12)[:, :, None].permute(0, 3, 1, 2),
    "short rows": lambda x: x.reshape(280, 3)[:, :2],
    "expanded": lambda x: x.reshape(840, 1).expand(840, 3),
    "one element": lambda x: x[0],
    "empty": lambda x: x[:0].reshape(0, 3),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ONE)
def test_layouts(name, layout):
    base = wg.randn(840) * 3
    x = LAYOUTS[layout](base).detach().requires_grad_()
    dense = x.detach().contiguous().requires_grad_()
    y, z = ONE[name](F, x), ONE[name](F, dense)
    assert bits(y) == bits(z)
    g = wg.randn(y.shape)
    y.backward(g)
    z.backward(g)
    assert bits(x.grad) == bits(dense.grad)
    # A gradient that is one number for all elements.
    assert bits(wg.autograd.grad(ONE[name](F, x).sum(), x)[0]) == bits(
        wg.autograd.grad(ONE[name](F, dense), dense, wg.ones(y.shape))[0]
    )


@pytest.mark.parametrize("dtype", [wg.bfloat16, wg.float16])
@pytest.mark.parametrize("name", [*ONE, *PAIR])
def test_narrow_dtypes_are_rounded_once(name, dtype):
    inputs = [(wg.randn(5, 40) * 2).to(dtype).requires_grad_() for _ in range(1 + (name in PAIR))]
    wide = [x.detach().float().requires_grad_() for x in inputs]
    f = partial(ONE[name] if name in ONE else PAIR[name], F)
    y, z = f(*inputs), f(*wide)
    assert y.dtype is dtype and y.equal(z.to(dtype))
    y.backward(wg.ones_like(y))
    z.backward(wg.ones_like(z))
    if name not in ("hardsigmoid", "logsigmoid", "prelu"):  # the last of which is a sum
        assert all(a.grad.equal(b.grad.to(dtype)) for a, b in zip(inputs, wide, strict=True))


@pytest.mark.torch
@pytest.mark.parametrize(
    "shape", [(6, 20), (2, 6), (3, 6, 5), (2, 6, 4, 33), (6,), (), (0, 6, 3), (40, 6)]
)
def test_prelu_has_a_weight_for_each_channel(shape):
    channels = shape[1] if len(shape) > 1 else 1
    for n in {1, channels}:
        x, w = wg.randn(shape).requires_grad_(), wg.rand(n).requires_grad_()
        t, v = (torch.from_numpy(a.detach().numpy().copy()).requires_grad_() for a in (x, w))
        g = wg.randn(shape)
        y, u = F.prelu(x, w), torch.nn.functional.prelu(t, v)
        y.backward(g)
        u.backward(torch.from_numpy(g.numpy()))
        assert_like(y, u)
        assert_like(x.grad, t.grad)
        np.testing.assert_allclose(w.grad.numpy(), v.grad.numpy(), rtol=1e-5, atol=1e-5)
    with pytest.raises(RuntimeError, match="prelu: expected 1 weight or one for each"):
        F.prelu(wg.ones(3, 4, 2), wg.ones(5))
    with pytest.raises(RuntimeError, match="prelu: expected a weight of 0 or 1 dimensions, got 3"):
        F.prelu(wg.ones(3, 4, 2), wg.ones(1, 4, 1))
    with pytest.raises(RuntimeError, match="dtype"):
        F.prelu(wg.ones(3, 4), wg.ones(4, dtype=wg.float64))


@pytest.mark.torch
@pytest.mark.parametrize("name", ["smooth_l1_loss", "huber_loss"])
def test_losses_broadcast_and_have_the_edges_of_pytorch(name):
    a = [*EDGES, NAN, 0.7, -0.7] * 2
    for reduction in ("none", "mean", "sum"):
        for target in ([0.0] * len(a), [0.5]):
            x = wg.tensor(a, requires_grad=True)
            s = wg.tensor(target, requires_grad=True)
            t = torch.tensor(a, requires_grad=True)
            u = torch.tensor(target, requires_grad=True)
            y = getattr(wg._ops, name)(x, s, reduction, 0.7)
            if len(target) == 1:  # where PyTorch warns
                u = u.detach().expand(len(a)).clone().requires_grad_()
            number = {"delta" if name == "huber_loss" else "beta": 0.7}
            z = getattr(torch.nn.functional, name)(t, u, reduction=reduction, **number)
            y.sum().backward()
            z.sum().backward()
            assert_like(y, z, 16)
            assert_like(x.grad, t.grad, 16)
            by_target = u.grad.sum(0, keepdim=True) if len(target) == 1 else u.grad
            np.testing.assert_allclose(s.grad.numpy(), by_target.numpy(), rtol=1e-5)


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_forms_have_the_same_gradient(name):
    x = (wg.randn(4, 9) * 3).requires_grad_()
    args = {"threshold": (0.5, -7.0), "leaky_relu": (0.3,)}.get(name, ())
    f = getattr(F, name)
    want = f(x, *args)
    (g,) = wg.autograd.grad((want * want).sum(), x)
    y = x.clone()
    assert f(y, *args, inplace=True) is y
    assert bits(y) == bits(want)
    assert bits(wg.autograd.grad((y * y).sum(), x)[0]) == bits(g)
    with pytest.raises(RuntimeError, match="in place"):
        f(x, *args, inplace=True)


def test_numbers_of_other_dtypes_are_refused():
    for f in (F.leaky_relu, F.elu, F.selu, F.celu, F.softplus, F.hardshrink, F.softshrink):
        for x in (wg.arange(3), wg.ones(3, dtype=wg.complex64)):
            with pytest.raises(NotImplementedError, match="floating point"):
                f(x)
    assert F.hardtanh(wg.tensor([-3, 0, 3])).tolist() == [-1, 0, 1]
    assert F.relu6(wg.tensor([-3, 5, 9])).tolist() == [0, 5, 6]
    assert F.threshold(wg.tensor([-3, 5, 9]), 5, 7).tolist() == [7, 7, 9]
    assert wg.tensor([-3, 5, 9]).clamp(-1, 6).tolist() == [-1, 5, 6]
    assert wg.tensor([-3, 5]).clamp(-1, 1.5).dtype is wg.float32


@pytest.mark.torch
def test_whole_numbers_are_limited_as_by_pytorch():
    values = [-128, -3, -2, -1, 0, 1, 2, 3, 127]
    for dtype in ("int8", "int32", "int64"):
        for limit in (-2.7, -1, -0.5, 0, 0.5, 1.5, 100, 1000):
            for other in (-7, -0.5, 0, 2.5):
                results = []
                for lib in (wg, torch):
                    x = lib.tensor(values, dtype=getattr(lib, dtype))
                    for name in ("threshold", "hardtanh"):
                        try:
                            results.append(
                                getattr(lib.nn.functional, name)(x, limit, other).tolist()
                            )
                        except (RuntimeError, ValueError) as e:
                            results.append(type(e))
                assert results[:2] == results[2:], (dtype, limit, other)
    for lib in (wg, torch):
        with pytest.raises(RuntimeError, match="hardtanh"):
            lib.nn.functional.hardtanh(lib.ones(2, dtype=lib.uint8), -2, -1)


def test_vmap_and_jacobians():
    x = wg.randn(5, 3)
    for name, f in ONE.items():
        one = partial(f, F)
        assert wg.func.vmap(one)(x).equal(one(x)), name
        assert wg.func.vmap(wg.func.grad(lambda r, one=one: one(r).sum()))(x).allclose(
            wg.func.grad(lambda r, one=one: one(r).sum())(x), rtol=1e-6
        )
    w = wg.rand(4)
    per_example = wg.func.vmap(F.prelu, in_dims=(0, None))(wg.randn(5, 4, 2), w[:1])
    assert per_example.shape == (5, 4, 2)


@pytest.mark.parametrize("name", [*ONE, *PAIR])
def test_programs_keep_the_bits(name, tmp_path):
    inputs = [(wg.randn(3, 700) * 3).requires_grad_() for _ in range(1 + (name in PAIR))]
    f = partial(ONE[name] if name in ONE else PAIR[name], F)

    def step(*given):
        y = f(*(x * 1.5 + 0.25 for x in given)) * 2
        return y.detach(), *wg.autograd.grad((y * y).sum(), given)

    want = step(*inputs)
    tape = wg.record(step, *inputs)
    others = [x.detach().flip(0).requires_grad_() for x in inputs]
    for given in (inputs, others):
        assert [bits(t) for t in tape(*given)] == [bits(t) for t in step(*given)]
    tape.save(tmp_path / "program.tape")
    loaded = wg.tape.load(tmp_path / "program.tape")
    assert [bits(t) for t in loaded(*inputs)] == [bits(t) for t in want]
