"""What programs ask of Apple's GPUs: there is none that wengert could use."""

from __future__ import annotations

from wengert._unavailable import check_seed, cpu_only, nothing, zero


def is_available() -> bool:
    """False: wengert is a CPU engine."""
    return False


def device_count() -> int:
    """The number of devices: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Checks the seed, and does nothing else: there is no such generator."""
    check_seed(seed)


seed = nothing("seed")
empty_cache = nothing("empty_cache")
set_per_process_memory_fraction = nothing("set_per_process_memory_fraction")
current_allocated_memory = zero("current_allocated_memory")
driver_allocated_memory = zero("driver_allocated_memory")
recommended_max_memory = zero("recommended_max_memory")
_ASK = "ask wengert.backends.mps.is_available() first"
get_rng_state = cpu_only("mps.get_rng_state", _ASK)
synchronize = cpu_only("mps.synchronize", _ASK)
set_rng_state = cpu_only("mps.set_rng_state", _ASK)
compile_shader = cpu_only("mps.compile_shader", _ASK)
