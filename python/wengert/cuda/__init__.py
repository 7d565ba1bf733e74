"""What programs ask of CUDA, answered for a machine without it.

Questions get their true answers (there is no device), what only tidies up or seeds does nothing,
and what needs a device raises RuntimeError.
"""

from __future__ import annotations

from collections import OrderedDict
from time import perf_counter
from typing import Any, NoReturn

from wengert._unavailable import NoDevice, check_seed, cpu_only, nothing, zero


class OutOfMemoryError(RuntimeError, MemoryError):
    """Raised where memory is asked for that is not there; as in PyTorch, a RuntimeError too."""


AcceleratorError = RuntimeError


class DeferredCudaCallError(Exception):
    """What PyTorch raises for calls that failed later; it does not occur."""


def is_available() -> bool:
    """False: wengert is a CPU engine."""
    return False


def device_count() -> int:
    """The number of CUDA devices: 0."""
    return 0


def is_initialized() -> bool:
    """False: there is nothing to initialise."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False: there is no CUDA device."""
    return False


def is_tf32_supported() -> bool:
    """False: there is no CUDA device."""
    return False


def is_current_stream_capturing() -> bool:
    """False: there are no streams."""
    return False


def manual_seed(seed: int) -> None:
    """Checks the seed, and does nothing else: there is no such generator."""
    check_seed(seed)


def manual_seed_all(seed: int) -> None:
    """Checks the seed, and does nothing else: there is no such generator."""
    check_seed(seed)


def get_rng_state_all() -> list[Any]:
    """The states of the generators of all devices: none."""
    return []


def set_rng_state_all(new_states: Any) -> None:
    """Sets the states of the generators of all devices, of which there are none.

    Raises RuntimeError if states are given.
    """
    if len(list(new_states)):
        cpu_only("cuda.set_rng_state_all")()


def memory_stats(device: Any = None) -> OrderedDict[str, Any]:
    """Statistics of the device's allocator: none. For the CPU see `wengert.memory_stats`."""
    return OrderedDict()


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """A text for people."""
    return "No CUDA device: wengert is a CPU engine; see wengert.memory_stats()."


def memory_snapshot(mempool_id: Any = None, include_traces: bool = True) -> list[Any]:
    """The blocks of the device's allocator: none."""
    return []


def get_arch_list() -> list[str]:
    """The CUDA architectures that the library was compiled for: none."""
    return []


def can_device_access_peer(device: Any, peer_device: Any) -> NoReturn:
    """Raises RuntimeError: wengert is a CPU engine."""
    cpu_only("cuda.can_device_access_peer")()


seed = nothing("seed")
seed_all = nothing("seed_all")
empty_cache = nothing("empty_cache")
synchronize = nothing("synchronize")
set_device = nothing("set_device")
ipc_collect = nothing("ipc_collect")
reset_peak_memory_stats = nothing("reset_peak_memory_stats")
reset_max_memory_allocated = nothing("reset_max_memory_allocated")
reset_max_memory_cached = nothing("reset_max_memory_cached")
reset_accumulated_memory_stats = nothing("reset_accumulated_memory_stats")
set_per_process_memory_fraction = nothing("set_per_process_memory_fraction")
set_sync_debug_mode = nothing("set_sync_debug_mode")
get_sync_debug_mode = zero("get_sync_debug_mode")
memory_allocated = zero("memory_allocated")
max_memory_allocated = zero("max_memory_allocated")
memory_reserved = zero("memory_reserved")
max_memory_reserved = zero("max_memory_reserved")
memory_cached = zero("memory_cached")
max_memory_cached = zero("max_memory_cached")

_ASK = "ask wengert.cuda.is_available() first"
init = cpu_only("cuda.init", _ASK)
current_device = cpu_only("cuda.current_device", _ASK)
current_stream = cpu_only("cuda.current_stream", _ASK)
default_stream = cpu_only("cuda.default_stream", _ASK)
set_stream = cpu_only("cuda.set_stream", _ASK)
get_device_name = cpu_only("cuda.get_device_name", _ASK)
get_device_capability = cpu_only("cuda.get_device_capability", _ASK)
get_device_properties = cpu_only("cuda.get_device_properties", _ASK)
get_rng_state = cpu_only("cuda.get_rng_state", _ASK)
set_rng_state = cpu_only("cuda.set_rng_state", _ASK)
initial_seed = cpu_only("cuda.initial_seed", _ASK)
mem_get_info = cpu_only("cuda.mem_get_info", _ASK)
utilization = cpu_only("cuda.utilization", _ASK)
temperature = cpu_only("cuda.temperature", _ASK)
power_draw = cpu_only("cuda.power_draw", _ASK)
clock_rate = cpu_only("cuda.clock_rate", _ASK)
memory_usage = cpu_only("cuda.memory_usage", _ASK)
list_gpu_processes = cpu_only("cuda.list_gpu_processes", _ASK)
cudart = cpu_only("cuda.cudart", _ASK)
graph = cpu_only("cuda.graph", _ASK)
make_graphed_callables = cpu_only("cuda.make_graphed_callables", _ASK)

device = NoDevice
device_of = NoDevice


class StreamContext:
    """A with-block on a stream; None does nothing."""

    def __init__(self, stream: Any = None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is not None:
            cpu_only("cuda.stream")()

    def __exit__(self, *exc: object) -> None:
        pass


def stream(stream: Any) -> StreamContext:
    """A with-block on a stream; None does nothing."""
    return StreamContext(stream)


class Stream:
    """A queue of a device's work; RuntimeError, for there is no device."""

    def __init__(self, device: Any = None, priority: int = 0, **kwargs: Any) -> None:
        cpu_only("cuda.Stream", _ASK)()


ExternalStream = Stream


class Event:
    """A point in time, on the clock of the CPU: work is done when its call returns."""

    def __init__(
        self,
        enable_timing: bool = False,
        blocking: bool = False,
        interprocess: bool = False,
        external: bool = False,
    ) -> None:
        self._timed = enable_timing
        self._time: float | None = None

    def record(self, stream: Any = None) -> None:
        """Notes the time."""
        self._time = perf_counter()

    def wait(self, stream: Any = None) -> None:
        """Does nothing: all work is done."""

    def synchronize(self) -> None:
        """Does nothing: all work is done."""

    def query(self) -> bool:
        """True: all work is done."""
        return True

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to another.

        Raises RuntimeError unless both were made with enable_timing=True and recorded.
        """
        if not (self._timed and end_event._timed):
            raise RuntimeError("elapsed_time: both events must be made with enable_timing=True")
        if self._time is None or end_event._time is None:
            raise RuntimeError("elapsed_time: both events must be recorded first")
        return (end_event._time - self._time) * 1000.0


class _CudaTensor:
    """A tensor type of a device that does not exist: no tensor is an instance of it."""

    is_cuda = True

    def __new__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(
            f"cuda.{cls.__name__}: wengert is a CPU engine; use wengert.{cls.__name__}"
        )


class FloatTensor(_CudaTensor): ...


class DoubleTensor(_CudaTensor): ...


class HalfTensor(_CudaTensor): ...


class BFloat16Tensor(_CudaTensor): ...


class LongTensor(_CudaTensor): ...


class IntTensor(_CudaTensor): ...


class ShortTensor(_CudaTensor): ...


class CharTensor(_CudaTensor): ...


class ByteTensor(_CudaTensor): ...


class BoolTensor(_CudaTensor): ...


from . import amp as amp  # noqa: E402
from . import nvtx as nvtx  # noqa: E402
from . import random as random  # noqa: E402
