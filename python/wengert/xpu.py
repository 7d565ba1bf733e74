"""What programs ask of Intel's GPUs: there is none that wengert could use."""

from __future__ import annotations

from typing import Any

from wengert._unavailable import NoDevice, check_seed, cpu_only, nothing, zero


def is_available() -> bool:
    """False: wengert is a CPU engine."""
    return False


def is_initialized() -> bool:
    """False: there is nothing to initialise."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False: there is no such device."""
    return False


def device_count() -> int:
    """The number of devices: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Checks the seed, and does nothing else: there is no such generator."""
    check_seed(seed)


def manual_seed_all(seed: int) -> None:
    """Checks the seed, and does nothing else: there is no such generator."""
    check_seed(seed)


def get_rng_state_all() -> list[Any]:
    """The states of the generators of all devices: none."""
    return []


seed = nothing("seed")
seed_all = nothing("seed_all")
empty_cache = nothing("empty_cache")
synchronize = nothing("synchronize")
set_device = nothing("set_device")
reset_peak_memory_stats = nothing("reset_peak_memory_stats")
memory_allocated = zero("memory_allocated")
max_memory_allocated = zero("max_memory_allocated")
memory_reserved = zero("memory_reserved")
max_memory_reserved = zero("max_memory_reserved")
_ASK = "ask wengert.xpu.is_available() first"
init = cpu_only("xpu.init", _ASK)
current_device = cpu_only("xpu.current_device", _ASK)
current_stream = cpu_only("xpu.current_stream", _ASK)
get_device_name = cpu_only("xpu.get_device_name", _ASK)
get_device_capability = cpu_only("xpu.get_device_capability", _ASK)
get_device_properties = cpu_only("xpu.get_device_properties", _ASK)
get_rng_state = cpu_only("xpu.get_rng_state", _ASK)
set_rng_state = cpu_only("xpu.set_rng_state", _ASK)
device = NoDevice
