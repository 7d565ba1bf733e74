"""Processes and Python threads: fork, concurrent passes, modes, the GIL."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback

import numpy as np
import pytest

import wengert as wg


def large_result() -> wg.Tensor:
    """Something that several threads compute."""
    x = wg.ones(600, 700, dtype=wg.float64).requires_grad_()
    y = (x * 2 + 1).exp().sum()
    y.backward()
    return wg.cat([x.grad.reshape(-1), (x.detach() @ x.detach().t()).reshape(-1)])


@pytest.fixture
def two_threads():
    threads = wg.get_num_threads()
    wg.set_num_threads(2)
    yield
    wg.set_num_threads(threads)


def in_child(f) -> int:
    """Runs f in a forked child; returns its exit code (0: f returned)."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            f()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.usefixtures("two_threads")
def test_parent_and_child_continue_after_a_fork():
    want = large_result().numpy().copy()

    def child():
        for _ in range(3):
            np.testing.assert_array_equal(large_result().numpy(), want)
        assert in_child(lambda: np.testing.assert_array_equal(large_result().numpy(), want)) == 0

    for _ in range(3):
        assert in_child(child) == 0
        np.testing.assert_array_equal(large_result().numpy(), want)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.usefixtures("two_threads")
def test_fork_while_other_threads_compute():
    stop = threading.Event()

    def work():
        while not stop.is_set():
            large_result()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for w in workers:
        w.start()
    try:
        want = large_result().numpy().copy()
        for _ in range(5):
            assert (
                in_child(lambda: np.testing.assert_array_equal(large_result().numpy(), want)) == 0
            )
    finally:
        stop.set()
        for w in workers:
            w.join()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_frees_what_the_parent_made():
    x = wg.ones(100, 100).requires_grad_()
    y = (x * x).sum()

    def child():
        nonlocal y
        y.backward()
        assert x.grad.sum().item() == 2e4
        y = None

    assert in_child(child) == 0
    y.backward()
    assert x.grad.sum().item() == 2e4


def on_threads(f, n: int = 4) -> list:
    """f(i) on n threads at once; results in order, the first error raised."""
    results: list = [None] * n
    errors: list[BaseException] = []
    barrier = threading.Barrier(n)

    def run(i: int) -> None:
        try:
            barrier.wait()
            results[i] = f(i)
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]
    return results


@pytest.mark.usefixtures("two_threads")
def test_threads_compute_the_same_bits():
    want = large_result().numpy()
    for got in on_threads(lambda i: large_result().numpy()):
        np.testing.assert_array_equal(got, want)


def test_threads_add_to_one_leaf():
    x = wg.ones(64, 64, dtype=wg.float64).requires_grad_()

    def work(i: int) -> None:
        for _ in range(20):
            (x * (i + 1)).sum().backward()

    on_threads(work)
    np.testing.assert_array_equal(x.grad.numpy(), np.full((64, 64), 200.0))


def test_threads_share_a_trunk():
    x = wg.ones(32, dtype=wg.float64).requires_grad_()
    trunk = x
    for _ in range(100):
        trunk = trunk * 1.0 + 0.0

    def work(i: int) -> None:
        root = (trunk * (i + 1)).sum()
        root.register_hook(lambda g: g * 2)
        root.backward(retain_graph=True)

    on_threads(work)
    np.testing.assert_array_equal(x.grad.numpy(), np.full(32, 20.0))


def test_hooks_and_functions_in_python_on_several_threads():
    class Double(wg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2 + x * 0

    x = wg.ones(8, dtype=wg.float64).requires_grad_()
    seen = []
    x.register_hook(lambda g: seen.append(g.sum().item()))

    def work(i: int) -> float:
        total = 0.0
        for _ in range(30):
            (g,) = wg.autograd.grad(Double.apply(x).sum(), [x])
            total += g.sum().item()
        return total

    assert on_threads(work) == [480.0] * 4
    assert seen == [16.0] * 120


def test_modes_belong_to_threads():
    x = wg.ones(3).requires_grad_()
    with wg.no_grad():
        assert on_threads(lambda i: (x * 2).requires_grad) == [True] * 4
        assert not (x * 2).requires_grad
    with wg.inference_mode():
        assert on_threads(lambda i: (x * 2).requires_grad) == [True] * 4


def test_tensors_are_freed_on_other_threads():
    before = wg.memory_stats()["live_blocks"]
    made = on_threads(lambda i: [wg.ones(50, 50).requires_grad_() * 2 for _ in range(100)])
    on_threads(lambda i: made[(i + 1) % 4].clear())
    assert wg.memory_stats()["live_blocks"] == before


@pytest.mark.parametrize(
    ("given", "work"),
    [
        ("a = wg.rand(200, 200)", "a @ a"),
        ("a = wg.rand(200, 200, requires_grad=True)", "(a @ a).sum().backward()"),
        (
            "a = wg.rand(9, requires_grad=True) * 2; a.register_hook(lambda g: g * 1)",
            "a.sum().backward(retain_graph=True)",
        ),
        (
            "p = wg.rand(40000, requires_grad=True); p.grad = p * 1; o = wg.optim.SGD([p])",
            "o.step()",
        ),
    ],
)
def test_daemon_threads_at_work_when_the_program_ends(given, work):
    code = f"""
import threading, time, wengert as wg
def forever():
    {given}
    while True:
        {work}
for _ in range(3):
    threading.Thread(target=forever, daemon=True).start()
time.sleep(0.2)
"""
    home = os.path.dirname(os.path.dirname(wg.__file__))
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": home}, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_flushed_denormals_on_every_thread(two_threads):
    tiny = wg.full((1 << 18,), 1e-40)
    try:
        if not wg.set_flush_denormal(True):
            pytest.skip("the processor cannot")
        wg.set_num_threads(2)
        flushed = tiny * 1.0
        wg.set_num_threads(1)
        assert (tiny * 1.0).view(wg.int32).count_nonzero() == 0
        assert flushed.view(wg.int32).count_nonzero() == 0
        thread = threading.Thread(target=lambda: wg.set_flush_denormal(False))
        thread.start()
        thread.join()
        assert (tiny * 1.0).view(wg.int32).count_nonzero() == 0  # each thread has its own mode
    finally:
        assert wg.set_flush_denormal(False)
    wg.set_num_threads(2)
    kept = tiny * 1.0
    assert kept.view(wg.int32).count_nonzero() == tiny.numel()


def test_optimizers_leave_the_mode_as_it_is():
    p = wg.nn.Parameter(wg.ones(4))
    optimizer = wg.optim.Adam([p])
    p.grad = wg.ones(4)
    for mode in (True, False):
        if not wg.set_flush_denormal(mode):
            pytest.skip("the processor cannot")
        optimizer.step()
        assert ((wg.tensor([1e-40]) * 1.0).view(wg.int32).item() == 0) is mode


def test_flush_denormal_takes_a_bool():
    for bad in (1, None, "x"):
        with pytest.raises(RuntimeError, match="expected a bool"):
            wg.set_flush_denormal(bad)
