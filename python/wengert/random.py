"""The state of the default generator of random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wengert._core import default_generator
from wengert._settings import get_rng_state, initial_seed, manual_seed, seed, set_rng_state

__all__ = [
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


@contextmanager
def fork_rng(
    devices: Any = None,
    enabled: bool = True,
    _caller: str = "fork_rng",
    _devices_kw: str = "devices",
    device_type: str | None = None,
) -> Iterator[None]:
    """A with-block after which the default generator is where it was before.

    Args:
        devices: other devices whose generators are kept; there are none.
        enabled: False for no effect.
    """
    if not enabled:
        yield
        return
    if devices is not None and len(list(devices)):
        raise RuntimeError(f"{_caller}: wengert is a CPU engine and has no devices {devices!r}")
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
