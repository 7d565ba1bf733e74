"""The accelerator of this machine, as far as wengert can use one: there is none."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from wengert._device import device
from wengert._unavailable import NoDevice, cpu_only, nothing, zero

__all__ = [
    "current_accelerator",
    "current_device_idx",
    "current_device_index",
    "current_stream",
    "device_count",
    "device_index",
    "empty_cache",
    "get_device_capability",
    "get_memory_info",
    "is_available",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "reset_accumulated_memory_stats",
    "reset_peak_memory_stats",
    "set_device_idx",
    "set_device_index",
    "set_stream",
    "synchronize",
]


def is_available() -> bool:
    """False: wengert is a CPU engine."""
    return False


def device_count() -> int:
    """The number of accelerators: 0."""
    return 0


def current_accelerator(check_available: bool = False) -> device | None:
    """The accelerator's device: None."""
    return None


def memory_stats(device_index: Any = None, /) -> OrderedDict[str, Any]:
    """Statistics of the device's allocator: none. For the CPU see `wengert.memory_stats`."""
    return OrderedDict()


_ASK = "ask wengert.accelerator.is_available() first"
current_device_index = cpu_only("accelerator.current_device_index", _ASK)
current_device_idx = current_device_index
set_device_index = cpu_only("accelerator.set_device_index", _ASK)
set_device_idx = set_device_index
current_stream = cpu_only("accelerator.current_stream", _ASK)
set_stream = cpu_only("accelerator.set_stream", _ASK)
get_device_capability = cpu_only("accelerator.get_device_capability", _ASK)
get_memory_info = cpu_only("accelerator.get_memory_info", _ASK)
device_index = NoDevice
synchronize = nothing("synchronize")
empty_cache = nothing("empty_cache")
reset_accumulated_memory_stats = nothing("reset_accumulated_memory_stats")
reset_peak_memory_stats = nothing("reset_peak_memory_stats")
memory_allocated = zero("memory_allocated")
max_memory_allocated = zero("max_memory_allocated")
memory_reserved = zero("memory_reserved")
max_memory_reserved = zero("max_memory_reserved")
