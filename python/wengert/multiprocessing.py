"""The standard module `multiprocessing`, with tensors that processes can share.

A tensor after ``share_memory_()`` is the same memory in every process that it is given to; others
are copied.
"""

from __future__ import annotations

import multiprocessing as _standard
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from multiprocessing import connection, get_context, pool, queues  # noqa: F401
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any

from wengert._shared import reduce_tensor
from wengert._tensor import Tensor
from wengert.nn.parameter import Buffer, Parameter

__all__ = [
    *_standard.__all__,
    "ProcessContext",
    "ProcessExitedException",
    "ProcessException",
    "ProcessRaisedException",
    "SpawnContext",
    "get_all_sharing_strategies",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
]

for _type in (Tensor, Parameter, Buffer):
    ForkingPickler.register(_type, reduce_tensor)


class ProcessException(Exception):
    """A process of `spawn` has ended badly."""

    def __init__(self, msg: str, error_index: int, error_pid: int) -> None:
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.error_pid = error_pid

    def __reduce__(self) -> Any:
        return type(self), (self.msg, self.error_index, self.error_pid)


class ProcessRaisedException(ProcessException):
    """A process of `spawn` has raised an exception, whose text is in the message."""


class ProcessExitedException(ProcessException):
    """A process of `spawn` has ended with a signal or an exit code other than 0."""

    def __init__(
        self,
        msg: str,
        error_index: int,
        error_pid: int,
        exit_code: int,
        signal_name: str | None = None,
    ) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name

    def __reduce__(self) -> Any:
        return type(self), (
            self.msg,
            self.error_index,
            self.error_pid,
            self.exit_code,
            self.signal_name,
        )


def _run(function: Callable[..., None], index: int, args: tuple, errors: Any) -> None:
    import sys
    import traceback

    try:
        function(index, *args)
    except KeyboardInterrupt:
        pass
    except Exception:
        errors.put(traceback.format_exc())
        sys.exit(1)


class ProcessContext:
    """The processes of `spawn`."""

    def __init__(self, processes: list[BaseProcess], error_queues: list[Any]) -> None:
        self.processes = processes
        self.error_queues = error_queues

    def pids(self) -> list[int | None]:
        """The numbers of the processes."""
        return [p.pid for p in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Waits until a process ends; True when all have ended well.

        Raises ProcessRaisedException or ProcessExitedException if one has ended badly, after
        having ended the others.
        """
        running = {p.sentinel: i for i, p in enumerate(self.processes) if p.is_alive()}
        if running:
            connection.wait(list(running), timeout)
        # Looked at once: one that ends meanwhile is seen by the next call.
        codes = [p.exitcode for p in self.processes]
        failed = next((i for i, code in enumerate(codes) if code), None)
        if failed is None:
            return None not in codes
        for p in self.processes:
            if p.is_alive():
                p.terminate()
        for p in self.processes:
            p.join(grace_period)
            if p.is_alive():
                p.kill()
                p.join()
        self._raise(failed)
        raise AssertionError

    def _raise(self, index: int) -> None:
        import signal

        process = self.processes[index]
        pid, code = process.pid or 0, process.exitcode or 0
        if not self.error_queues[index].empty():
            text = self.error_queues[index].get()
            raise ProcessRaisedException(f"\n\n-- Process {index} raised:\n{text}", index, pid)
        if code < 0:
            name = signal.Signals(-code).name
            text = f"process {index} was ended by the signal {name}"
            raise ProcessExitedException(text, index, pid, code, name)
        raise ProcessExitedException(
            f"process {index} ended with the exit code {code}", index, pid, code
        )


SpawnContext = ProcessContext


def start_processes(
    fn: Callable[..., None],
    args: tuple = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Calls ``fn(i, *args)`` in ``nprocs`` processes.

    Args:
        join: wait for all; otherwise they are returned.

    Raises what `ProcessContext.join` raises.
    """
    context: BaseContext = get_context(start_method)
    processes: list[BaseProcess] = []
    errors = []
    for i in range(nprocs):
        queue = context.SimpleQueue()
        process = context.Process(  # type: ignore[attr-defined]
            target=_run, args=(fn, i, args, queue), daemon=daemon
        )
        process.start()
        processes.append(process)
        errors.append(queue)
    started = ProcessContext(processes, errors)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Callable[..., None],
    args: tuple = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Calls ``fn(i, *args)`` in ``nprocs`` new processes; see `start_processes`."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)


def get_all_sharing_strategies() -> set[str]:
    """How memory is shared: by file descriptors."""
    return {"file_descriptor"}


def get_sharing_strategy() -> str:
    """How memory is shared: by file descriptors."""
    return "file_descriptor"


def set_sharing_strategy(new_strategy: str) -> None:
    """Raises ValueError unless the strategy is "file_descriptor"."""
    if new_strategy != "file_descriptor":
        raise ValueError(f"set_sharing_strategy: expected 'file_descriptor', got {new_strategy!r}")
