"""Several processes that train together: not available; one process is all there is."""

from __future__ import annotations

from enum import Enum
from typing import Any, NoReturn

__all__ = [
    "Backend",
    "ProcessGroup",
    "ReduceOp",
    "all_gather",
    "all_gather_into_tensor",
    "all_gather_object",
    "all_reduce",
    "all_to_all",
    "all_to_all_single",
    "barrier",
    "broadcast",
    "broadcast_object_list",
    "destroy_process_group",
    "gather",
    "gather_object",
    "get_backend",
    "get_rank",
    "get_world_size",
    "init_process_group",
    "irecv",
    "is_available",
    "is_gloo_available",
    "is_initialized",
    "is_mpi_available",
    "is_nccl_available",
    "is_torchelastic_launched",
    "isend",
    "monitored_barrier",
    "new_group",
    "recv",
    "reduce",
    "reduce_scatter",
    "reduce_scatter_tensor",
    "scatter",
    "scatter_object_list",
    "send",
]


class ReduceOp(Enum):
    """How values of several processes become one."""

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7
    PREMUL_SUM = 8


class Backend(str):
    """The name of a way to communicate."""

    UNDEFINED = "undefined"
    GLOO = "gloo"
    NCCL = "nccl"
    UCC = "ucc"
    MPI = "mpi"
    XCCL = "xccl"


class ProcessGroup:
    """Processes that communicate; there are none."""


def is_available() -> bool:
    """False: wengert trains in one process."""
    return False


def is_initialized() -> bool:
    """False: there is no process group."""
    return False


def is_torchelastic_launched() -> bool:
    """False: wengert trains in one process."""
    return False


def is_gloo_available() -> bool:
    """False: wengert trains in one process."""
    return False


def is_mpi_available() -> bool:
    """False: wengert trains in one process."""
    return False


def is_nccl_available() -> bool:
    """False: wengert trains in one process."""
    return False


def _not_available(name: str, error: type[Exception] = RuntimeError) -> Any:
    def function(*args: Any, **kwargs: Any) -> NoReturn:
        raise error(
            f"distributed.{name}: wengert trains in one process; guard the call with "
            "distributed.is_available() and distributed.is_initialized()"
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Raises {error.__name__}: wengert trains in one process."
    return function


# PyTorch's errors where there is no process group are of this type.
get_rank = _not_available("get_rank", ValueError)
get_world_size = _not_available("get_world_size", ValueError)
get_backend = _not_available("get_backend", ValueError)
init_process_group = _not_available("init_process_group")
destroy_process_group = _not_available("destroy_process_group")
new_group = _not_available("new_group")
barrier = _not_available("barrier")
monitored_barrier = _not_available("monitored_barrier")
broadcast = _not_available("broadcast")
broadcast_object_list = _not_available("broadcast_object_list")
all_reduce = _not_available("all_reduce")
reduce = _not_available("reduce")
all_gather = _not_available("all_gather")
all_gather_into_tensor = _not_available("all_gather_into_tensor")
all_gather_object = _not_available("all_gather_object")
gather = _not_available("gather")
gather_object = _not_available("gather_object")
scatter = _not_available("scatter")
scatter_object_list = _not_available("scatter_object_list")
reduce_scatter = _not_available("reduce_scatter")
reduce_scatter_tensor = _not_available("reduce_scatter_tensor")
all_to_all = _not_available("all_to_all")
all_to_all_single = _not_available("all_to_all_single")
send = _not_available("send")
recv = _not_available("recv")
isend = _not_available("isend")
irecv = _not_available("irecv")
