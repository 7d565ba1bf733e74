"""Backward passes, hooks, modes, in-place changes and custom functions, as a user sees them."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace

import pytest

import wengert as wg
from wengert.autograd import Function
from wengert.autograd.function import once_differentiable


def leaf(*values):
    return wg.tensor(values, dtype=wg.float64, requires_grad=True)


# ---- backward and grad --------------------------------------------------------------------


def test_backward_accumulates():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    (x * x).sum().backward()
    assert x.grad.tolist() == [4.0, 8.0]


def test_backward_of_more_than_one_element_needs_a_gradient():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="gradient"):
        (x * 2).backward()
    (x * 2).backward(wg.tensor([1.0, 10.0], dtype=wg.float64))
    assert x.grad.tolist() == [2.0, 20.0]
    with pytest.raises((RuntimeError, ValueError), match="shape"):
        (x * 2).backward(wg.ones(3, dtype=wg.float64))


def test_backward_without_history_is_an_error():
    with pytest.raises(RuntimeError, match="require"):
        wg.ones(1).backward()
    with pytest.raises(RuntimeError, match="require"):
        wg.autograd.grad(wg.ones(1), wg.ones(1))


def test_backward_of_a_leaf():
    x = leaf(3.0)
    x.backward()
    assert x.grad.tolist() == [1.0]


def test_backward_twice_needs_retain_graph():
    x = leaf(2.0)
    y = x.exp() * x
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph"):
        y.backward()


def test_backward_of_several_roots():
    x = leaf(1.0)
    y = x * 2
    wg.autograd.backward([y * 3, y * 4], [wg.tensor([1.0]).double(), wg.tensor([10.0]).double()])
    assert x.grad.tolist() == [86.0]


def test_backward_into_some_inputs_only():
    x, w = leaf(2.0), leaf(3.0)
    y = x * w
    z = y * y
    z.backward(inputs=[x, y])
    assert x.grad.tolist() == [36.0]
    assert w.grad is None
    assert y.grad.tolist() == [12.0]


def test_grad_leaves_grad_alone():
    x, w = leaf(2.0), leaf(3.0)
    gx, gw = wg.autograd.grad(x * w, [x, w])
    assert (gx.tolist(), gw.tolist()) == ([3.0], [2.0])
    assert x.grad is None
    assert w.grad is None


def test_grad_of_an_interior_tensor():
    x = leaf(2.0)
    y = x * x
    z = y.exp()
    (gy,) = wg.autograd.grad(z, y)
    assert gy.tolist() == z.tolist()


def test_grad_of_unused_inputs():
    x, w = leaf(2.0), leaf(3.0)
    with pytest.raises(RuntimeError, match="allow_unused"):
        wg.autograd.grad(x * 2, [x, w])
    assert wg.autograd.grad(x * 2, [w], allow_unused=True) == (None,)
    (g,) = wg.autograd.grad(x * 2, [w], materialize_grads=True)
    assert g.tolist() == [0.0]
    with pytest.raises(RuntimeError, match="require"):
        wg.autograd.grad(x * 2, [wg.ones(1)])


def test_create_graph():
    x = leaf(2.0)
    (g,) = wg.autograd.grad(x**4, x, create_graph=True)
    (h,) = wg.autograd.grad(g, x, create_graph=True)
    (k,) = wg.autograd.grad(h, x)
    assert (g.item(), h.item(), k.item()) == (32.0, 48.0, 48.0)
    assert not k.requires_grad
    (x**3).backward(create_graph=True)
    assert x.grad.requires_grad


def test_a_tensor_used_several_times():
    x = leaf(3.0)
    y = x * x + x / x - x
    y.backward()
    assert x.grad.tolist() == [5.0]


# ---- requires_grad, detach, leaves --------------------------------------------------------


def test_requires_grad_errors():
    with pytest.raises(RuntimeError, match="floating"):
        wg.ones(2, dtype=wg.int64).requires_grad_()
    y = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match="detach"):
        y.requires_grad_(False)
    assert y.requires_grad_() is y
    x = leaf(1.0)
    assert not x.requires_grad_(False).requires_grad


def test_detach():
    x = leaf(1.0, 2.0)
    d = (x * 2).detach()
    assert not d.requires_grad
    assert d.is_leaf
    base = x * 2
    d = base.detach()
    d.add_(1)
    assert base.tolist() == [3.0, 5.0]
    y = x * 3
    assert y.detach_() is y
    assert y.is_leaf


def test_views_of_a_base_that_was_cut_off():
    x = leaf(1.0, 2.0, 3.0)

    def base_and_view():
        base = x * 2
        return base, base[:2]

    base, v = base_and_view()
    base.detach_()
    assert wg.autograd.grad(v.sum(), x)[0].tolist() == [2.0, 2.0, 0.0]

    base, v = base_and_view()
    base.detach_()
    for change in (lambda: v.mul_(3), lambda: v.copy_(x[:2]), lambda: v[:1].add_(1)):
        with pytest.raises(RuntimeError, match="detach_"):
            change()
    assert base.tolist() == [2.0, 4.0, 6.0] and not base.requires_grad

    # New values through the base, or unrecorded: they do not depend on x.
    for change in (lambda base, v: base.mul_(3), lambda base, v: v.detach().mul_(3)):
        base, v = base_and_view()
        base.detach_()
        change(base, v)
        assert v.requires_grad and not v.is_leaf
        (v * x[:2]).sum().backward()
        assert x.grad.tolist() == [6.0, 12.0, 0.0]
        x.grad = None

    # The view that was changed keeps its history, others have that of the base.
    base = wg.zeros(3, dtype=wg.float64)
    v, u = base[:2], base[1:]
    v.copy_(x[1:] * 7)
    base.detach_()
    assert v.requires_grad and not u.requires_grad and not base.requires_grad
    assert wg.autograd.grad(v.sum(), x)[0].tolist() == [0.0, 7.0, 7.0]
    with pytest.raises(RuntimeError, match="detach_"):
        v.mul_(2)

    base, v = base_and_view()
    base.detach_()
    base.copy_(x * 5)
    assert wg.autograd.grad(v.sum(), x)[0].tolist() == [5.0, 5.0, 0.0]


def test_data_has_its_own_change_counter():
    x = leaf(2.0)
    y = x * x
    x.data.mul_(2)
    y.backward()
    assert x.grad.tolist() == [8.0]  # with the new value, as asked for


def test_assigned_gradients_are_checked():
    x = leaf(1.0, 2.0)
    for bad in (wg.ones(3, dtype=wg.float64), wg.ones(2)):
        with pytest.raises(RuntimeError, match="grad:"):
            x.grad = bad
    with pytest.raises(TypeError, match="Tensor or None"):
        x.grad = 3
    x.grad = wg.ones(2, dtype=wg.float64)
    del x.grad
    assert x.grad is None


def test_retain_grad():
    x = leaf(2.0)
    y = x * x
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad
    (y * 3).backward()
    assert y.grad.tolist() == [3.0]
    assert x.grad.tolist() == [12.0]
    with pytest.raises(RuntimeError, match="require"):
        wg.ones(1).retain_grad()
    z = (leaf(1.0) * 2).exp()
    assert z.grad is None


def test_retained_gradient_follows_an_in_place_change():
    x = leaf(2.0)
    y = x * 1
    y.retain_grad()
    y.mul_(3)
    (y * 5).backward()
    assert y.grad.tolist() == [5.0]
    assert x.grad.tolist() == [15.0]


# ---- modes --------------------------------------------------------------------------------


def test_no_grad_and_enable_grad():
    x = leaf(1.0)
    with wg.no_grad():
        assert not wg.is_grad_enabled()
        assert not (x * 2).requires_grad
        with wg.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


def test_modes_end_with_exceptions():
    for mode in (wg.no_grad, wg.inference_mode, lambda: wg.set_grad_enabled(False)):
        with pytest.raises(KeyError), mode():
            raise KeyError
        assert wg.is_grad_enabled()
        assert not wg.is_inference_mode_enabled()


def test_one_mode_object_used_within_itself():
    mode = wg.no_grad()
    with mode:
        with mode:
            pass
        assert not wg.is_grad_enabled()
    assert wg.is_grad_enabled()
    with wg.no_grad(), mode:
        pass
    assert wg.is_grad_enabled()


def test_modes_as_decorators():
    x = leaf(1.0)

    @wg.no_grad()
    def plain(y):
        """Documented."""
        return y * 2

    @wg.no_grad
    def bare(y):
        return y * 2

    @wg.enable_grad()
    def on(y):
        return y * 2

    @wg.set_grad_enabled(False)
    def off(y):
        return y * 2

    @wg.inference_mode()
    def inference(y):
        return y * 2

    @wg.inference_mode
    def bare_inference(y):
        return y * 2

    assert wg.is_grad_enabled()
    assert plain.__doc__ == "Documented."
    for f in (plain, bare, off, inference, bare_inference):
        assert not f(x).requires_grad
    assert inference(x).is_inference()
    with wg.no_grad():
        assert on(x).requires_grad
    assert wg.is_grad_enabled()


def test_modes_around_generators():
    events = []

    @wg.no_grad()
    def steps():
        try:
            got = yield wg.is_grad_enabled()
            events.append(got)
            try:
                yield wg.is_grad_enabled()
            except KeyError:
                events.append("thrown")
            yield wg.is_grad_enabled()
        finally:
            events.append(("closed", wg.is_grad_enabled()))

    g = steps()
    assert next(g) is False
    assert wg.is_grad_enabled()
    assert g.send("sent") is False
    assert g.throw(KeyError()) is False
    assert wg.is_grad_enabled()
    g.close()
    assert events == ["sent", "thrown", ("closed", False)]
    assert wg.is_grad_enabled()

    @wg.no_grad()
    def result():
        yield 1
        return wg.is_grad_enabled()

    def outer():
        return (yield from result())

    o = outer()
    next(o)
    with pytest.raises(StopIteration) as stop:
        next(o)
    assert stop.value.value is False


def test_set_grad_enabled():
    wg.set_grad_enabled(False)
    assert not wg.is_grad_enabled()
    wg.set_grad_enabled(True)
    assert wg.is_grad_enabled()
    with wg.set_grad_enabled(False):
        assert not wg.is_grad_enabled()
    assert wg.is_grad_enabled()


def test_inference_mode():
    x = leaf(1.0)
    with wg.inference_mode():
        y = x * 2
        y.add_(1)
        assert wg.is_inference_mode_enabled()
        assert not wg.is_grad_enabled()
        with wg.inference_mode(False):
            assert not wg.is_inference_mode_enabled()
            assert (x * 2).requires_grad
            assert not (x * 2).is_inference()
        assert wg.is_inference_mode_enabled()
    assert y.is_inference()
    assert not wg.is_inference_mode_enabled()
    with pytest.raises(RuntimeError, match="inference"):
        y.add_(1)
    with pytest.raises(RuntimeError, match="inference"):
        x * y
    with pytest.raises(RuntimeError, match="inference"):
        y.requires_grad_()
    assert (y.clone() * x).requires_grad
    assert wg.ones(2).is_inference() is False


def test_modes_belong_to_their_thread():
    seen = []
    with wg.no_grad():
        t = threading.Thread(target=lambda: seen.append(wg.is_grad_enabled()))
        t.start()
        t.join()
    assert seen == [True]


# ---- hooks --------------------------------------------------------------------------------


def test_tensor_hooks_in_order_with_modification():
    x = leaf(1.0)
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.item()))
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: seen.append(g.item()))
    (y * 3).backward()
    assert seen == [3.0, 30.0]
    assert x.grad.tolist() == [60.0]


def test_leaf_hooks_see_the_sum():
    x = leaf(1.0)
    seen = []
    x.register_hook(lambda g: seen.append(g.item()))
    x.register_hook(lambda g: g * 2)
    (x * 2 + x * 3).backward()
    assert seen == [5.0]
    assert x.grad.tolist() == [10.0]
    (g,) = wg.autograd.grad(x * 2, x)
    assert g.tolist() == [4.0]


def test_removing_hooks():
    x = leaf(1.0)
    seen = []
    handle = x.register_hook(lambda g: seen.append(1))
    handle.remove()
    handle.remove()
    with x.register_hook(lambda g: seen.append(2)):
        (x * 2).backward()
    (x * 2).backward()
    assert seen == [2]
    y = x * 2
    y.register_hook(lambda g: seen.append(3)).remove()
    y.backward()
    assert seen == [2]


def test_a_hook_removes_itself():
    x = leaf(1.0)
    seen = []

    def once(g):
        seen.append(g.item())
        handle.remove()

    handle = x.register_hook(once)
    for _ in range(2):
        (x * 2).backward()
    assert seen == [2.0]


def test_hooks_need_a_gradient():
    with pytest.raises(RuntimeError, match="require"):
        wg.ones(1).register_hook(print)
    with pytest.raises(RuntimeError, match="leaf"):
        (leaf(1.0) * 2).register_post_accumulate_grad_hook(print)


def test_what_hooks_may_return():
    x = leaf(1.0)
    x.register_hook(lambda g: 3)
    with pytest.raises(TypeError, match="Tensor or None"):
        (x * 2).backward()
    assert x.grad is None


def test_a_hook_before_an_in_place_change_sees_the_old_tensor():
    x = leaf(1.0)
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.item()))
    y.mul_(5)
    y.register_hook(lambda g: seen.append(g.item()))
    y.backward()
    assert seen == [1.0, 5.0]


def test_removing_a_hook_after_an_in_place_change():
    y = leaf(1.0) * 2
    seen = []
    handle = y.register_hook(lambda g: seen.append(g.item()))
    y.mul_(5)
    handle.remove()
    y.backward()
    assert seen == []


def test_post_accumulate_hooks():
    x = leaf(1.0)
    seen = []
    x.register_post_accumulate_grad_hook(lambda t: seen.append((t is x, t.grad.item())))
    x.register_post_accumulate_grad_hook(lambda t: setattr(t, "grad", None))
    (x * 2 + x * 3).backward()
    assert seen == [(True, 5.0)]
    assert x.grad is None
    wg.autograd.grad(x * 2, x)
    assert len(seen) == 1


def test_node_hooks():
    x = leaf(1.0)
    y = x * 2
    z = y * 3
    seen = []

    def after(inputs, outputs):
        seen.append(("after", inputs[0].item(), outputs[0].item()))
        return (inputs[0] * 100, *inputs[1:])

    def before(outputs):
        seen.append(("before", outputs[0].item()))
        return (outputs[0] * 10,)

    h1 = y.grad_fn.register_hook(after)
    h2 = y.grad_fn.register_prehook(before)
    z.backward(retain_graph=True)
    assert seen == [("before", 3.0), ("after", 60.0, 30.0)]
    assert x.grad.tolist() == [6000.0]
    h1.remove()
    h2.remove()
    x.grad = None
    z.backward()
    assert x.grad.tolist() == [6.0]


def test_exceptions_of_hooks_keep_their_type():
    class Mine(Exception):
        pass

    def fail(*_):
        raise Mine("here")

    x = leaf(1.0)
    y = x * 2
    y.register_hook(fail)
    with pytest.raises(Mine, match="here"):
        y.backward()
    x2 = leaf(1.0)
    x2.register_post_accumulate_grad_hook(fail)
    with pytest.raises(Mine):
        (x2 * 2).backward()
    (x * 2).backward()
    assert x.grad.tolist() == [2.0]


def test_backward_inside_a_hook():
    x, w = leaf(2.0), leaf(3.0)
    y = x * x
    inner = []

    def hook(g):
        with wg.enable_grad():
            (w * w).backward()
            z = x * x * x
        (gx,) = wg.autograd.grad(z, x)
        inner.append(gx.item())
        return g

    y.register_hook(hook)
    (y * 5).backward(retain_graph=True)
    assert inner == [12.0]
    assert w.grad.tolist() == [6.0]
    assert x.grad.tolist() == [20.0]


def test_hooks_under_create_graph():
    x = leaf(2.0)
    y = x**2
    y.register_hook(lambda g: g * 3)
    (g,) = wg.autograd.grad(y**2, x, create_graph=True)
    assert g.item() == 3 * 4 * 8
    (h,) = wg.autograd.grad(g, x)
    assert h.item() == 336  # 2 * 6 x^2, and 12 x through y and its hook again, times 2 x


# ---- in-place changes ---------------------------------------------------------------------


def test_changes_after_use_are_errors():
    x = leaf(2.0)
    y = x * 1
    z = y * y
    y.add_(1)
    with pytest.raises(RuntimeError, match="changed in place"):
        z.backward()
    y = x.exp()
    z = y * 2
    y.add_(1)
    with pytest.raises(RuntimeError, match=r"^exp: "):
        z.backward()


def test_version_counter():
    x = wg.ones(4)
    assert x._version == 0
    x.add_(1)
    x[0] = 3
    v = x[1:]
    v.mul_(2)
    assert x._version == v._version == 3
    assert x.detach()._version == 3
    assert x.data._version == 0


def test_leaves_cannot_be_changed_while_recorded():
    x = leaf(1.0, 2.0)
    for change in (lambda: x.add_(1), lambda: x[0].mul_(2), lambda: x.__setitem__(0, 1.0)):
        with pytest.raises(RuntimeError, match="leaf"):
            change()
    with wg.no_grad():
        x.add_(1)
    assert x.tolist() == [2.0, 3.0]


def test_expanded_tensors_cannot_be_changed():
    with pytest.raises(RuntimeError, match="expanded"):
        wg.ones(1).expand(3).add_(1)


IN_PLACE = {
    "mul_": lambda x, m: x.clone().mul_(3).exp(),
    "exp_": lambda x, m: x.clone().exp_() * 2,
    "add_ tensor": lambda x, m: x.clone().add_(x * 2),
    "row of base": lambda x, m: _with(x * 1, lambda y: y[0].mul_(5)),
    "column": lambda x, m: _with(x * 1, lambda y: y[:, 1].exp_()),
    "view of view": lambda x, m: _with(x * 1, lambda y: y[1:][:, ::2].mul_(7)),
    "transposed": lambda x, m: _with(x * 1, lambda y: y.t()[0].mul_(x[0, 1])),
    "set row": lambda x, m: _with(x * 1, lambda y: y.__setitem__(0, x[1] * 2)),
    "set number": lambda x, m: _with(x * 1, lambda y: y.__setitem__((slice(None), 0), 2.0)),
    "set mask": lambda x, m: _with(x * 1, lambda y: y.__setitem__(y > 0, 0.5)),
    "flat": lambda x, m: _with(x * 1, lambda y: y.view(-1)[2:5].mul_(3)),
    "copy_": lambda x, m: _with(x * 1, lambda y: y[0].copy_(x[1].exp())),
    "zero_": lambda x, m: _with(x * 1, lambda y: y[0].zero_()),
    "fill then mul": lambda x, m: _with(x * 1, lambda y: (y[0].fill_(2.0), y.mul_(x))),
    "constant base": lambda x, m: _with(m.zeros(2, 3, dtype=m.float64), lambda y: y[0].add_(x[0])),
    "view used later": lambda x, m: _view_later(x * 1),
    "base used later": lambda x, m: _base_later(x * 1),
    "two views": lambda x, m: _two_views(x * 1),
    "unbind": lambda x, m: x * 1 + _with(x * 1, lambda y: y.select(0, 0).mul_(2)),
    "twice": lambda x, m: _with(x * 1, lambda y: [y[i].mul_(i + 2) for i in (0, 1, 0)]),
}  # fmt: skip


def _with(y, change):
    change(y)
    return y * y


def _view_later(y):
    v = y[0]
    y.mul_(3)
    return v * v


def _base_later(y):
    v = y[:, 0]
    v.mul_(3)
    w = v * 2
    y.add_(1)
    return y.exp() + w.sum()


def _two_views(y):
    a, b = y[0], y[:, 1]
    a.mul_(2)
    b.mul_(a.sum())
    a.add_(b[1])
    return (y * y).sum() + a.sum() + b.sum()


@pytest.mark.torch
@pytest.mark.parametrize("case", IN_PLACE)
def test_in_place_like_torch(case):
    torch = pytest.importorskip("torch")
    values = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]
    results = []
    for m in (wg, torch):
        x = m.tensor(values, dtype=m.float64, requires_grad=True)
        out = IN_PLACE[case](x, m)
        (g,) = m.autograd.grad(out.sum(), x, create_graph=True)
        second = m.autograd.grad((g * g).sum(), x)[0] if g.requires_grad else g
        results.append((out.tolist(), g.tolist(), second.tolist()))
    for ours, theirs in zip(*results):
        assert _flat(ours) == pytest.approx(_flat(theirs), rel=1e-12, abs=1e-12)


def _flat(v):
    return [x for item in v for x in _flat(item)] if isinstance(v, list) else [v]


def test_a_tensor_changed_by_itself():
    # PyTorch refuses these.
    def squared(x):
        y = x * 1
        return y.mul_(y) * y

    def columns(x):
        y = (x * 1).reshape(2, 2)
        y.t()[0].mul_(y.t()[1])
        return y * y

    for f in (squared, columns):
        assert wg.autograd.gradcheck(f, (leaf(0.5, -1.0, 2.0, 1.5),))
        assert wg.autograd.gradgradcheck(f, (leaf(0.5, -1.0, 2.0, 1.5),))


@pytest.mark.torch
def test_views_made_without_recording_like_torch():
    torch = pytest.importorskip("torch")
    for m in (wg, torch):
        x = m.ones(3, requires_grad=True)
        y = x * 2
        with m.no_grad():
            v = y[:2]
        with pytest.raises(RuntimeError):
            v.mul_(2)
        with m.no_grad():
            v.mul_(2)
        assert y.tolist() == [4, 4, 2]
        base = m.zeros(3)
        with m.no_grad():
            w = base[:2]
        assert w.requires_grad is False
        base.add_(x)
        base.sum().backward()
        assert x.grad.tolist() == [1, 1, 1]


# ---- custom functions ---------------------------------------------------------------------


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * g


def test_function():
    x = leaf(2.0)
    y = Cube.apply(x)
    assert y.grad_fn.name() == "CubeBackward"
    y.backward()
    assert x.grad.tolist() == [12.0]
    assert not Cube.apply(wg.ones(1)).requires_grad
    with wg.no_grad():
        assert not Cube.apply(x).requires_grad


def test_double_backward_through_a_function():
    x = leaf(2.0)
    (g,) = wg.autograd.grad(Cube.apply(x), x, create_graph=True)
    (h,) = wg.autograd.grad(g, x)
    assert h.tolist() == [12.0]
    assert wg.autograd.gradcheck(Cube.apply, (leaf(1.0, 2.0),))
    assert wg.autograd.gradgradcheck(Cube.apply, (leaf(1.0, 2.0),))


def test_saved_outputs():
    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g * y

    x = leaf(1.0)
    (g,) = wg.autograd.grad(Exp.apply(x), x, create_graph=True)
    (h,) = wg.autograd.grad(g, x)
    assert h.item() == g.item() == x.exp().item()


def test_saved_values_are_checked_and_released():
    x = leaf(2.0)
    y = x * 1
    z = Cube.apply(y)
    y.add_(1)
    with pytest.raises(RuntimeError, match="changed in place"):
        z.backward()
    z = Cube.apply(x)
    z.backward()
    with pytest.raises(RuntimeError, match="retain_graph"):
        z.backward()
    with pytest.raises(RuntimeError, match="saved"):
        Cube.apply(x).grad_fn._context().saved_tensors  # noqa: B018


def test_several_inputs_and_outputs():
    class Both(Function):
        @staticmethod
        def forward(ctx, x, n, y, flag=None):
            ctx.n = n
            assert ctx.needs_input_grad == (True, False, False, False)
            return x * n, y, x + y, "text"

        @staticmethod
        def backward(ctx, a, b, c, text):
            assert text is None
            seen.append([None if g is None else g.tolist() for g in (a, b, c)])
            return a * ctx.n + c, None, None, None

    seen = []
    x, y = leaf(2.0), wg.ones(1, dtype=wg.float64)
    p, q, _r, text = Both.apply(x, 5, y, None)
    assert text == "text"
    assert q is not y
    assert q.tolist() == [1.0]
    p.backward()
    assert seen == [[[1.0], [0.0], [0.0]]]
    assert x.grad.tolist() == [5.0]


def test_set_materialize_grads():
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            seen.append((a is None, b is None))
            return b * 3 if a is None else a * 2

    seen = []
    x = leaf(1.0)
    Two.apply(x)[1].backward()
    assert seen == [(True, False)]
    assert x.grad.tolist() == [3.0]


def test_mark_non_differentiable():
    class Sorted(Function):
        @staticmethod
        def forward(ctx, x):
            doubled, sign = x * 2, x.sign()
            ctx.mark_non_differentiable(sign)
            return doubled, sign

        @staticmethod
        def backward(ctx, g, unused):
            assert unused.tolist() == [0.0]
            return g * 2

    x = leaf(3.0)
    doubled, sign = Sorted.apply(x)
    assert doubled.requires_grad
    assert not sign.requires_grad
    doubled.backward()
    assert x.grad.tolist() == [2.0]


def test_integer_outputs_are_not_differentiable():
    class Index(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x.long()

        @staticmethod
        def backward(ctx, g, unused):
            return g * 2

    x = leaf(3.0)
    y, i = Index.apply(x)
    assert not i.requires_grad
    y.backward()
    assert x.grad.tolist() == [2.0]


class Triple(Function):
    """In place."""

    @staticmethod
    def forward(ctx, x):
        x.mul_(3)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 3


def test_mark_dirty():
    x = leaf(2.0)
    y = x * 5
    version = y._version
    z = Triple.apply(y)
    assert z is y
    assert y._version > version
    assert y.grad_fn.name() == "TripleBackward"
    (y * y).backward()
    assert x.grad.tolist() == [2 * 30.0 * 15]


def test_mark_dirty_of_a_used_value():
    x = leaf(2.0)
    y = x * 1
    z = y * y
    Triple.apply(y)
    with pytest.raises(RuntimeError, match="changed in place"):
        z.backward()


def test_mark_dirty_of_a_leaf():
    x = leaf(2.0)
    with pytest.raises(RuntimeError, match="leaf"):
        Triple.apply(x)


def test_mark_dirty_of_a_view():
    x = leaf(2.0, 3.0)
    y = x * 1
    Triple.apply(y[:1])
    assert y.tolist() == [6.0, 3.0]
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 1.0]
    with pytest.raises(RuntimeError, match="leaf"):
        Triple.apply(x[:1])


def test_returned_inputs_become_new_tensors():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 7

    x = leaf(2.0)
    y = Same.apply(x)
    assert y is not x
    y.backward()
    assert x.grad.tolist() == [7.0]


def test_returned_views_are_tracked():
    class First(Function):
        @staticmethod
        def forward(ctx, x):
            return x[:1]

        @staticmethod
        def backward(ctx, g):
            return wg.cat([g * 7, g * 0])

    x = leaf(2.0, 3.0)
    First.apply(x * 1).backward()
    assert x.grad.tolist() == [7.0, 0.0]


def test_setup_context():
    class Scale(Function):
        @staticmethod
        def forward(x, factor):
            return x * factor

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.factor = inputs[1]
            ctx.save_for_backward(output)

        @staticmethod
        def backward(ctx, g):
            assert len(ctx.saved_tensors) == 1
            return g * ctx.factor, None

    x = leaf(2.0)
    Scale.apply(x, 4.0).backward()
    assert x.grad.tolist() == [4.0]


def test_once_differentiable():
    class Once(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            assert not wg.is_grad_enabled()
            (x,) = ctx.saved_tensors
            return 2 * x * g

    x = leaf(3.0)
    Once.apply(x).backward()
    assert x.grad.tolist() == [6.0]
    (g,) = wg.autograd.grad(Once.apply(x) ** 2, x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.backward()


def test_none_gradients():
    class Half(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            return g, None

    x, y = leaf(1.0), leaf(2.0)
    Half.apply(x, y).backward()
    assert x.grad.tolist() == [1.0]
    assert y.grad is None


@pytest.mark.parametrize(
    ("returned", "error", "match"),
    [
        (lambda g: (g, g), RuntimeError, "returned 2 gradients"),
        (lambda g: (), RuntimeError, "returned 0 gradients"),
        (lambda g: wg.ones(3, dtype=wg.float64), RuntimeError, "shape"),
        (lambda g: 3.0, RuntimeError, "Tensor or None"),
    ],
)
def test_wrong_gradients(returned, error, match):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return returned(g)

    x = leaf(1.0, 2.0)
    with pytest.raises(error, match=match):
        Wrong.apply(x).sum().backward()
    assert x.grad is None


def test_exceptions_in_backward():
    class Fails(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise KeyError("mine")

    x = leaf(1.0)
    y = Fails.apply(x * 2)
    with pytest.raises(KeyError, match="mine") as e:
        y.backward()
    assert any(entry.name == "backward" for entry in e.traceback)
    (x * 2).backward()
    assert x.grad.tolist() == [2.0]


def test_functions_that_are_incomplete():
    class Empty(Function):
        pass

    with pytest.raises(NotImplementedError, match="forward"):
        Empty.apply(leaf(1.0))
    with pytest.raises(TypeError, match="save_for_backward"):
        SimpleNamespace(
            f=type(
                "Bad",
                (Function,),
                {"forward": staticmethod(lambda ctx, x: ctx.save_for_backward(3))},
            )
        ).f.apply(leaf(1.0))


def test_a_function_that_calls_backward():
    class Inner(Function):
        @staticmethod
        def forward(ctx, x):
            with wg.enable_grad():
                ctx.x = x.detach().requires_grad_()
                ctx.y = ctx.x.exp()
            return ctx.y.detach()

        @staticmethod
        def backward(ctx, g):
            ctx.y.backward(g)
            return ctx.x.grad

    x = leaf(1.0)
    (Inner.apply(x) * 2).backward()
    assert x.grad.item() == pytest.approx(2 * x.exp().item())


# ---- anomaly mode and the graph -----------------------------------------------------------


def test_anomaly_mode_names_the_line():
    x = leaf(-1.0)
    with pytest.raises(RuntimeError) as e, wg.autograd.detect_anomaly():
        y = (x * 0).sqrt() * 0  # the culprit
        y.backward()
    assert "NaN" in str(e.value)
    assert "the culprit" in str(e.value)
    assert __file__ in str(e.value)
    assert not wg.is_anomaly_enabled()


def test_anomaly_mode_without_checking_values():
    x = leaf(-1.0)
    with wg.autograd.detect_anomaly(check_nan=False):
        ((x * 0).sqrt() * 0).backward()
    y = x.exp()
    with wg.autograd.set_detect_anomaly(True):
        assert wg.is_anomaly_enabled()
        y = x * 1
        z = y * y  # saved here
        y.add_(1)
        with pytest.raises(RuntimeError, match="saved here"):
            z.backward()
    assert not wg.is_anomaly_enabled()


def test_graph_inspection():
    x, w = leaf(2.0), leaf(3.0)
    y = x * w
    z = y.exp()
    assert z.grad_fn.name() == "ExpBackward0"
    ((mul, slot),) = z.grad_fn.next_functions
    assert mul.name() == "MulBackward0"
    assert slot == 0
    assert mul == y.grad_fn
    assert hash(mul) == hash(y.grad_fn)
    assert [n.variable is t for (n, _), t in zip(mul.next_functions, (x, w))] == [True, True]
    assert mul.next_functions[0][0].name() == "AccumulateGrad"
    assert x.grad_fn is None
    assert (x * wg.ones(1, dtype=wg.float64)).grad_fn.next_functions[1] == (None, 0)
    gx, gw = mul(wg.ones(1, dtype=wg.float64))
    assert (gx.tolist(), gw.tolist()) == ([3.0], [2.0])
    assert repr(mul) == "<MulBackward0>"
    with pytest.raises(AttributeError):
        mul.variable  # noqa: B018


# ---- depth and threads --------------------------------------------------------------------


@pytest.mark.slow
def test_deep_graphs():
    x = leaf(1.0)
    y = x
    for _ in range(1_000_000):
        y = y + 1
    y.backward()
    assert x.grad.tolist() == [1.0]


def in_threads(work, n):
    errors = []

    def guarded(i):
        try:
            work(i)
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []


def test_threads_share_leaves():
    w = leaf(*[1.0] * 50)
    seen = []
    w.register_post_accumulate_grad_hook(lambda t: seen.append(1))

    def work(i):
        for _ in range(100):
            ((w * 2).exp() * 0 + w).sum().backward()

    in_threads(work, 4)
    assert w.grad.tolist() == [400.0] * 50
    assert len(seen) == 400


def test_threads_share_a_trunk():
    x = leaf(*[0.5] * 20)
    trunk = x
    for _ in range(30):
        trunk = trunk * 1.0 + 0.0
    x.grad = None

    def work(i):
        for _ in range(30):
            (trunk * (i + 1)).sum().backward(retain_graph=True)

    in_threads(work, 4)
    assert x.grad.tolist() == pytest.approx([30.0 * 10] * 20)


def test_threads_use_one_custom_node():
    x = leaf(2.0)
    y = Cube.apply(x)

    def work(i):
        for _ in range(50):
            (g,) = wg.autograd.grad(y * 1, x, retain_graph=True)
            assert g.tolist() == [12.0]

    in_threads(work, 4)


# ---- hooks that return what does not fit --------------------------------------------------


def _behind(op):
    """A node whose rule trusts its gradient, with the node of its input above it."""
    x = wg.randn(1, 2, 8, 8, requires_grad=True)
    return x, op(x).exp()


@pytest.mark.parametrize(
    "op",
    [
        lambda x: wg.nn.functional.conv2d(x, wg.ones(3, 2, 3, 3)),
        lambda x: wg.nn.functional.max_pool2d(x, 2),
        lambda x: wg.nn.functional.layer_norm(x, (8,)),
    ],
)
def test_gradients_from_node_hooks_must_fit(op):
    for wrong in (wg.ones(4096), wg.ones(2, 1, 1, 1)):
        x, z = _behind(op)
        z.grad_fn.register_hook(lambda grads, outputs, wrong=wrong: (wrong,))
        with pytest.raises(RuntimeError, match="exp: its backward returned a gradient of shape"):
            z.sum().backward()
    x, z = _behind(op)
    z.grad_fn.register_hook(lambda grads, outputs: (grads[0].double() * 2,))
    z.sum().backward()
    assert x.grad.dtype is wg.float32
    y = x.detach().clone().requires_grad_()
    op(y).exp().sum().backward()
    assert wg.allclose(x.grad, 2 * y.grad)


def test_node_hooks_cannot_fill_what_nobody_needs():
    x = wg.ones(3, requires_grad=True)
    y = x * wg.ones(3)
    y.grad_fn.register_hook(lambda grads, outputs: (grads[0], wg.ones(7)))
    y.sum().backward()
    assert x.grad.tolist() == [1, 1, 1]


@pytest.mark.parametrize("wrong", [lambda g: g.sum(), lambda g: g.double()])
def test_gradients_from_tensor_hooks_must_fit(wrong):
    for leaf in (True, False):
        x = wg.ones(3, requires_grad=True)
        hooked = x if leaf else x * 1
        y = (hooked * 2).sum()
        hooked.register_hook(wrong)
        with pytest.raises(RuntimeError, match="a hook returned a gradient of"):
            y.backward()
        assert x.grad is None


def test_a_hook_may_remove_itself_when_it_dies():
    class Hook:
        def __call__(self, *gradients):
            return None

        def __del__(self):
            self.handle.remove()

    y = wg.ones(3, requires_grad=True).exp()
    hook = Hook()
    hook.handle = handle = y.grad_fn.register_hook(hook)
    del hook
    handle.remove()
    y.sum().backward()


# ---- custom functions that change their input ---------------------------------------------


class _Doubled(wg.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.mark_dirty(x)
        ctx.mark_non_differentiable(x)
        ctx.save_for_backward(x)
        x.mul_(2)
        return y * 3, x

    @staticmethod
    def backward(ctx, g, _):
        return None, g * 3


def test_a_changed_input_without_gradient_loses_its_history():
    a = wg.ones(3, requires_grad=True)
    x, y = a * 1, wg.ones(3, requires_grad=True)
    out, same = _Doubled.apply(x, y)
    assert same is x
    assert not x.requires_grad
    out.sum().backward()
    assert y.grad.tolist() == [3, 3, 3]
    assert a.grad is None


def test_a_custom_function_that_fails_leaves_its_outputs_alone():
    class SavesTooMuch(wg.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            with wg.inference_mode():
                made = wg.ones(2) * 1
            ctx.mark_dirty(x)
            ctx.save_for_backward(x, made)
            return y * 1, x

        @staticmethod
        def backward(ctx, g, h):
            return h, g

    a = wg.ones(3, requires_grad=True)
    x = a * 1
    with pytest.raises(RuntimeError, match="inference"):
        SavesTooMuch.apply(x, wg.ones(3, requires_grad=True))
    x.sum().backward()
    assert a.grad.tolist() == [1, 1, 1]


# ---- modes within modes -------------------------------------------------------------------


def test_leaving_inference_mode_holds_within_other_modes():
    x = wg.ones(2, requires_grad=True)
    with wg.inference_mode():
        with wg.inference_mode(False):
            with wg.autograd.detect_anomaly():
                assert (x * 2).requires_grad
                assert not (x * 2).is_inference()
                with wg.inference_mode():
                    assert (x * 2).is_inference()
                assert (x * 2).requires_grad
            assert not wg.is_inference_mode_enabled()
            assert (x * 2).requires_grad
        assert wg.is_inference_mode_enabled()
        assert (x * 2).is_inference()
    with wg.autograd.detect_anomaly(), wg.inference_mode(), wg.inference_mode(False):
        assert (x * 2).requires_grad


def test_anomaly_mode_names_the_line_of_a_users_rule_that_raises():
    class Raises(wg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise KeyError("lost")

    with wg.autograd.detect_anomaly():
        y = Raises.apply(wg.ones(2, requires_grad=True)) * 1
    with wg.autograd.detect_anomaly(), pytest.raises(KeyError) as caught:
        y = Raises.apply(wg.ones(2, requires_grad=True))
        y.sum().backward()
    if sys.version_info >= (3, 11):
        assert "test_autograd_api" in caught.value.__notes__[0]


def test_gradients_of_many_inputs():
    xs = [wg.ones(1, requires_grad=True) for _ in range(300)]
    ys = [x * i for i, x in enumerate(xs)]
    loss = sum(ys[1:], ys[0]).sum()
    grads = wg.autograd.grad(loss, [*xs, ys[7], xs[3]])
    assert [g.item() for g in grads] == [*range(300), 1, 3]
