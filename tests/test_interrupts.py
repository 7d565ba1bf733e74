"""What a signal handler raises may come between any two steps of Python: modes and modules are then
as they were before the call."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import wengert as wg
from wengert import nn
from wengert.utils.checkpoint import checkpoint

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Interrupt(Exception):
    pass


@contextmanager
def interrupts() -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise Interrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def after_each(work: Callable[[], object], check: Callable[[], object], times: int = 300) -> None:
    """Runs `work` until it is interrupted, so many times, and after each `check`."""
    with interrupts():
        for i in range(times):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0003 + 0.00001 * (i % 37))
                end = time.monotonic() + 0.05  # an interrupt in a destructor is not raised
                while time.monotonic() < end:
                    work()
            except Interrupt:
                pass
            check()


def recording() -> None:
    on = wg.is_grad_enabled()
    wg.set_grad_enabled(True)
    assert on


class Double(wg.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


class Split(wg.autograd.Function):
    @staticmethod
    def forward(x):
        return x * 2

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, g):
        return g * 2


X = wg.ones(3, requires_grad=True)


@pytest.mark.parametrize(
    "work",
    [
        lambda: Double.apply(X),
        lambda: Split.apply(X),
        lambda: Double.apply(X).sum().backward(),
        lambda: checkpoint(lambda x: x.sin(), X, use_reentrant=True),
    ],
    ids=["apply", "setup_context", "backward", "checkpoint"],
)
def test_an_interrupted_function_leaves_recording_on(work):
    after_each(work, recording)


def test_an_interrupted_functional_call_leaves_the_module_its_parameters():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    own = [id(p) for p in model.parameters()]
    others = {name: p.detach() * 2 for name, p in model.named_parameters()}
    x = wg.ones(1, 2)

    def unchanged() -> None:
        assert [id(p) for p in model.parameters()] == own

    after_each(lambda: wg.func.functional_call(model, others, (x,)), unchanged)
