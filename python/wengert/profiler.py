"""Where time goes: `record_function` is accepted, `profile` is not available yet."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from wengert.autograd.profiler import _refuse, record_function

__all__ = [
    "ProfilerAction",
    "ProfilerActivity",
    "kineto_available",
    "profile",
    "record_function",
    "schedule",
    "supported_activities",
    "tensorboard_trace_handler",
]


class ProfilerActivity(Enum):
    """What a profiler can look at."""

    CPU = 0
    XPU = 1
    CUDA = 3
    MTIA = 4
    HPU = 5
    PrivateUse1 = 6


class ProfilerAction(Enum):
    """What a profiler does in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


class profile:
    """Records where time goes: NotImplementedError."""

    def __init__(self, **kwargs: Any) -> None:
        _refuse("profiler.profile")


def kineto_available() -> bool:
    """False: there is no such library here."""
    return False


def supported_activities() -> set[ProfilerActivity]:
    """What `profile` can look at: nothing yet."""
    return set()


def schedule(
    *,
    wait: int,
    warmup: int,
    active: int,
    repeat: int = 0,
    skip_first: int = 0,
    skip_first_wait: int = 0,
) -> Callable[[int], ProfilerAction]:
    """A function from the number of a step to what a profiler does in it: ``wait`` steps nothing,
    ``warmup`` steps warm up, ``active`` steps record, and so on ``repeat`` times (0: always)."""

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"schedule: expected a step of at least 0, got {step}")
        step -= skip_first
        if step < 0:
            return ProfilerAction.NONE
        if skip_first_wait != 0:
            step += wait
        cycle = wait + warmup + active
        if repeat > 0 and step // cycle >= repeat:
            return ProfilerAction.NONE
        at = step % cycle
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        last = at == cycle - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[Any], None]:
    """A handler for `profile`, which cannot call it yet."""

    def handler(prof: Any) -> None:
        _refuse("profiler.tensorboard_trace_handler")

    return handler
