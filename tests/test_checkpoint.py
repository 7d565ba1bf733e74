"""What comparisons with PyTorch do not show of checkpoints and hooks on saved values: memory,
objects that go away, and errors that leave things as they were."""

from __future__ import annotations

import gc
import pickle
import threading
import weakref

import pytest

import wengert as wg
from wengert.autograd import graph
from wengert.nn import functional as F
from wengert.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


def peak_of(run) -> int:
    """How far the memory in use rises above what it was before."""
    gc.collect()
    wg.reset_peak_memory()
    before = wg.memory_stats()["allocated"]
    run()
    return wg.memory_stats()["peak_allocated"] - before


def chain(x: wg.Tensor, depth: int, segment: int, **options) -> wg.Tensor:
    def part(x):
        for _ in range(segment):
            x = (x * 1.01).tanh()
        return x

    for _ in range(depth // segment):
        x = checkpoint(part, x, **options) if options else part(x)
    return x


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoints_bring_the_peak_of_a_deep_chain_down(reentrant):
    x = wg.randn(64, 1024, dtype=wg.float32).requires_grad_()

    def plain():
        chain(x, 64, 8).sum().backward()

    def checkpointed():
        chain(x, 64, 8, use_reentrant=reentrant).sum().backward()

    plain()
    expected, x.grad = x.grad, None
    checkpointed()
    assert bool((x.grad == expected).all())
    x.grad = None
    full = peak_of(plain)
    x.grad = None
    less = peak_of(checkpointed)
    # 64 saved values against 8 inputs and the 8 values of one part.
    assert full > 64 * x.nbytes
    assert less < 0.45 * full


def test_a_part_is_dropped_when_the_next_is_recomputed():
    """A chain twice as long costs its inputs, not its values."""
    x = wg.randn(64, 1024).requires_grad_()

    def run(depth):
        return peak_of(lambda: chain(x, depth, 8, use_reentrant=False).sum().backward())

    run(32)
    short, long = run(32), run(64)
    assert long - short < 6 * x.nbytes


def test_hooks_can_drop_what_they_are_given():
    """A hook that keeps nothing but a seed: the peak is that of the outputs."""
    x = wg.randn(256, 1024).requires_grad_()

    def forward(y):
        for _ in range(8):
            y = y.exp().mul(0.0)
        return y

    def hooked():
        with graph.saved_tensors_hooks(lambda t: tuple(t.shape), lambda s: wg.ones(s)):
            return forward(x)

    kept = []
    full = peak_of(lambda: kept.append(forward(x)))
    kept.clear()
    less = peak_of(lambda: kept.append(hooked()))
    assert less < full / 2
    kept[0].sum().backward()


def test_no_cycle_keeps_a_graph():
    """Hooks that return what they are given, and checkpoints, let go of everything."""
    gc.collect()
    gc.disable()
    try:
        x = wg.randn(4, 4).requires_grad_()
        for make in (
            lambda: checkpoint(lambda t: t.exp().sin(), x, use_reentrant=False),
            lambda: checkpoint(lambda t: t.exp().sin(), x, use_reentrant=True),
        ):
            y = make()
            y.sum().backward()
            seen = weakref.ref(y)
            del y
            assert seen() is None
        held = []

        class Kept:
            pass

        def pack(t):
            k = Kept()
            k.tensor = t
            held.append(weakref.ref(k))
            return k

        with graph.saved_tensors_hooks(pack, lambda k: k.tensor):
            y = x.exp().sin()
        assert all(h() is not None for h in held) and len(held) == 2
        del y
        assert all(h() is None for h in held)
    finally:
        gc.enable()


def test_packed_values_are_released_by_backward():
    held = []

    class Kept:
        pass

    def pack(t):
        k = Kept()
        k.tensor = t.detach()
        held.append(weakref.ref(k))
        return k

    x = wg.randn(3).requires_grad_()
    with graph.saved_tensors_hooks(pack, lambda k: k.tensor):
        y = x.exp().sin().sum()
    y.backward(retain_graph=True)
    assert all(h() is not None for h in held)
    y.backward()
    assert all(h() is None for h in held)


def test_the_collector_sees_packed_values():
    class Kept:
        pass

    def make():
        x = wg.randn(3).requires_grad_()
        kept = Kept()
        with graph.saved_tensors_hooks(lambda t: (kept, t.detach()), lambda p: p[1]):
            kept.result = x.exp()
        return weakref.ref(kept)

    seen = make()
    gc.collect()
    assert seen() is None


def test_hooks_cost_no_transform_and_are_per_thread():
    x = wg.ones(2).requires_grad_()
    seen = []
    with graph.saved_tensors_hooks(lambda t: (seen.append(1), t)[1], lambda t: t):
        thread = threading.Thread(target=lambda: x.exp())
        thread.start()
        thread.join()
        assert not seen
        x.exp()
        assert len(seen) == 1
        with wg.no_grad():
            x.exp()
        with wg.inference_mode():
            x.exp()
        assert len(seen) == 1
        x.sin()
    assert len(seen) == 2


@pytest.mark.parametrize("change", ["mul_", "exp_"])
def test_a_pack_hook_that_fails_leaves_no_history(change):
    x = wg.ones(2).requires_grad_()
    y = x * 3

    def fail(t):
        raise KeyError("no")

    with graph.saved_tensors_hooks(fail, fail), pytest.raises(KeyError):
        getattr(y, change)(*([x] if change == "mul_" else []))
    (z,) = wg.autograd.grad(y.sum(), x)
    assert z.tolist() == [3, 3]


def test_unpacked_values_are_brought_into_the_saved_layout():
    x = wg.randn(4, 3, dtype=wg.float64).requires_grad_()
    a = x.t()
    with graph.saved_tensors_hooks(
        lambda t: t.detach().t().contiguous(), lambda t: t.t().to(wg.float32).to(wg.float64)
    ):
        y = (a.exp().t() * x).softmax(1)
    (g,) = wg.autograd.grad(y.square().sum(), x)
    z = (a.exp().t() * x).softmax(1)
    (h,) = wg.autograd.grad(z.square().sum(), x)
    assert wg.allclose(g, h, atol=1e-6)


def test_hooks_see_lists_of_inputs_and_many_outputs():
    x = wg.randn(5, 1, 3, dtype=wg.float64).requires_grad_()
    weights = [wg.randn(4 * 2, 3), wg.randn(4 * 2, 2), wg.randn(4 * 2), wg.randn(4 * 2)]
    weights = [w.double().requires_grad_() for w in weights]
    h = (wg.zeros(1, 1, 2).double(), wg.zeros(1, 1, 2).double())

    def run():
        out, _, _ = wg.lstm(x, h, weights, True, 1, 0.0, True, False, False)
        return wg.autograd.grad(out.square().sum(), [x, *weights], create_graph=True)

    plain = run()
    with graph.saved_tensors_hooks(lambda t: t.numpy(force=True).copy(), wg.as_tensor):
        hooked = run()
    for a, b in zip(plain, hooked):
        assert wg.allclose(a, b)


def test_dropout_is_the_same_in_the_second_call():
    wg.manual_seed(3)
    x = wg.ones(1000).requires_grad_()
    for reentrant in (False, True):
        x.grad = None
        y = checkpoint(lambda t: F.dropout(t, 0.5) * t, x, use_reentrant=reentrant)
        wg.rand(5)
        state = wg.get_rng_state()
        y.sum().backward()
        assert bool((x.grad == 2 * y).all())
        assert bool((wg.get_rng_state() == state).all())
    x.grad = None
    y = checkpoint(
        lambda t: F.dropout(t, 0.5) * t, x, use_reentrant=False, preserve_rng_state=False
    )
    wg.rand(5)
    y.sum().backward()
    assert not bool((x.grad == 2 * y).all())


def test_debug_lists_where_values_were_saved():
    calls = []

    def f(x):
        calls.append(1)
        return x.sin() if len(calls) > 1 else x.sin().exp()

    x = wg.ones(2).requires_grad_()
    y = checkpoint(f, x, use_reentrant=False, debug=True)
    with pytest.raises(CheckpointError) as caught:
        y.sum().backward()
    text = str(caught.value)
    assert "first call has saved 2 values, the second 1" in text
    assert text.count("test_checkpoint.py") >= 3 and "x.sin().exp()" in text


def test_sequential_parts_of_a_module():
    model = wg.nn.Sequential(*(wg.nn.Linear(8, 8) for _ in range(6)))
    x = wg.randn(2, 8)
    with pytest.warns(UserWarning, match="use_reentrant"):
        checkpoint_sequential(model, 3, x.requires_grad_())
    y = checkpoint_sequential(model, 3, x, use_reentrant=False)
    y.sum().backward()
    grads = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    model(x).sum().backward()
    assert all(wg.allclose(p.grad, g) for p, g in zip(model.parameters(), grads))


def test_warnings_name_the_callers_line():
    x = wg.ones(2)
    with pytest.warns(UserWarning, match="use_reentrant") as caught:
        checkpoint(lambda t: t, x.requires_grad_())
    assert caught[0].filename == __file__


def test_checkpoints_in_two_threads():
    x = [wg.randn(50, 50).requires_grad_() for _ in range(2)]
    results = [None, None]

    def work(i):
        for _ in range(20):
            y = checkpoint(lambda t: (t @ t).tanh() @ t, x[i], use_reentrant=False)
            (results[i],) = wg.autograd.grad(y.sum(), x[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i in range(2):
        (expected,) = wg.autograd.grad(((x[i] @ x[i]).tanh() @ x[i]).sum(), x[i])
        assert wg.allclose(results[i], expected)


def test_errors_of_processes_can_be_pickled():
    from wengert.multiprocessing import ProcessExitedException, ProcessRaisedException

    a = pickle.loads(pickle.dumps(ProcessRaisedException("text", 1, 7)))
    assert (a.msg, a.error_index, a.error_pid) == ("text", 1, 7)
    b = pickle.loads(pickle.dumps(ProcessExitedException("text", 1, 7, 3, "SIGKILL")))
    assert (b.exit_code, b.signal_name, b.error_pid) == (3, "SIGKILL", 7)
