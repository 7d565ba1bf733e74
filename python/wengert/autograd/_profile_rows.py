"""What events of a profile and rows of them have in common, and the rows of modules."""

from __future__ import annotations

from enum import IntEnum

from wengert import _core
from wengert.autograd._profile_table import modules_table, time_text


class DeviceType(IntEnum):
    """Where an event happened: always CPU."""

    CPU = 0
    CUDA = 1
    XPU = 12
    MPS = 13
    Meta = 14
    PrivateUse1 = 20


class Times:
    """What events and rows of them have in common; all times are in microseconds."""

    count: int
    cpu_time_total: float
    self_cpu_time_total: float
    bytes: int
    flops: int
    flops64: int
    # There are no other devices.
    use_device: str | None = None
    device_type = DeviceType.CPU
    device_time_total = self_device_time_total = device_time = 0.0
    cuda_time_total = self_cuda_time_total = cuda_time = 0.0
    device_memory_usage = self_device_memory_usage = 0
    cuda_memory_usage = self_cuda_memory_usage = 0
    node_id = -1
    is_async = is_remote = is_legacy = False
    overload_name = ""

    @property
    def cpu_time(self) -> float:
        """The mean time of a call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def cpu_time_str(self) -> str:
        return time_text(self.cpu_time)

    @property
    def cpu_time_total_str(self) -> str:
        return time_text(self.cpu_time_total)

    @property
    def self_cpu_time_total_str(self) -> str:
        return time_text(self.self_cpu_time_total)

    @property
    def share_of_peak(self) -> float:
        """What it reached of the floating point operations a second that this machine can do with
        the threads in use or, where their number is not known, of the bytes a second that it can
        copy in memory. Data in caches may exceed those."""
        ns = round(self.cpu_time_total * 1e3)
        return _core._share_of_peak(ns, self.bytes, self.flops, self.flops64)


class ModuleAvg(Times):
    """What belongs to the calls of a module, and of those inside of it.

    Attributes:
        forward_time: in its calls. backward_time: in the nodes that its calls recorded.
    """

    def __init__(self, values: tuple) -> None:
        self.name, self.count, forward, backward, self.bytes, self.flops, self.flops64 = values
        self.forward_time = forward / 1e3
        self.backward_time = backward / 1e3
        self.cpu_time_total = self.self_cpu_time_total = self.forward_time + self.backward_time

    @property
    def key(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return (
            f"<ModuleAvg name={self.name} count={self.count} "
            f"forward_time={time_text(self.forward_time)} "
            f"backward_time={time_text(self.backward_time)}>"
        )


class ModuleList(list):
    """`ModuleAvg` in the order of the modules' first calls."""

    def table(self) -> str:
        """A row for each module: times, bytes, and share of peak."""
        return modules_table(self)

    def __str__(self) -> str:
        return self.table()
