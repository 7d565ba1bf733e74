"""The worker processes of a loader, seen from the parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any
from weakref import WeakSet, finalize

from wengert.utils.data._utils import transfer, worker

# Ends of this process, which forked workers must not keep open.
_ends: WeakSet[socket.socket] = WeakSet()
_starting = threading.Lock()


def _after_fork() -> None:
    global _starting
    _starting = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def default_context() -> Any:
    """How processes are started unless somebody says otherwise: by fork on Linux."""
    method = multiprocessing.get_start_method(allow_none=True)
    if method is None and sys.platform == "linux":
        method = "fork"
    return multiprocessing.get_context(method)


class Crew:
    """Processes that do `worker.work`. They end when this is closed or no longer referred to, or
    when the interpreter ends."""

    def __init__(self, context: Any, job: worker.Job, count: int, base_seed: int) -> None:
        self.processes: list[Any] = []
        self.sockets: list[socket.socket] = []
        self.close = finalize(self, _close, self.processes, self.sockets, os.getpid())
        forks = context.get_start_method() == "fork"
        parcel = transfer.Parcel(job)
        try:
            for i in range(count):
                # One at a time, so that no process inherits the other end of a worker.
                with _starting:
                    ours, theirs = socket.socketpair()
                    self.sockets.append(ours)
                    _ends.add(ours)
                    with theirs:
                        inherited = list(_ends) if forks else []
                        process = context.Process(
                            target=worker.work,
                            args=(theirs, inherited, parcel, i, count, base_seed),
                            daemon=True,
                        )
                        process.start()
                self.processes.append(process)
        except BaseException:
            self.close()
            raise
        finally:
            parcel.close()

    def send(self, i: int, task: tuple) -> None:
        """Gives worker i a task; RuntimeError if it is dead."""
        try:
            transfer.send(self.sockets[i], task)
        except ConnectionError:
            raise self._death([i]) from None

    def receive(self, timeout: float) -> list[tuple[int, Any]]:
        """What workers have sent, with their numbers, at least one thing.

        Raises RuntimeError if a worker is dead, or if nothing came in ``timeout`` seconds, of
        which 0 is any number.
        """
        deadline = time.monotonic() + timeout
        numbers = {s: i for i, s in enumerate(self.sockets)}
        watched = [*self.sockets, *(p.sentinel for p in self.processes)]
        while True:
            step = worker.INTERVAL
            if timeout > 0:
                step = min(step, max(deadline - time.monotonic(), 0))
            ready = wait(watched, step)
            if ready:
                # A worker may have sent something before its end.
                ready = wait(self.sockets, 0) or ready
            sent = [numbers[s] for s in ready if isinstance(s, socket.socket)]
            if sent:
                return [(i, self._receive_from(i)) for i in sent]
            dead = [i for i, p in enumerate(self.processes) if not p.is_alive()]
            if dead:
                raise self._death(dead)
            if timeout > 0 and time.monotonic() >= deadline:
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds")

    def _receive_from(self, i: int) -> Any:
        try:
            return transfer.receive(self.sockets[i])
        except (EOFError, ConnectionError):
            raise self._death([i]) from None

    def _death(self, dead: list[int]) -> RuntimeError:
        said = []
        for i in dead:
            process = self.processes[i]
            process.join(1)
            code = process.exitcode
            how = f"exit code {code}"
            if code is not None and code < 0:
                how += f", by signal {signal.Signals(-code).name}"
            said.append(f"{process.pid}: {how}")
        return RuntimeError(
            f"DataLoader worker (pid(s) {'; '.join(said)}) exited unexpectedly; with num_workers=0 "
            "an exception would show where"
        )


def _close(processes: list, sockets: list, owner: int) -> None:
    if os.getpid() != owner:
        return
    for s in sockets:
        with suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)  # whoever else has inherited it
        s.close()
    deadline = time.monotonic() + worker.INTERVAL
    for p in processes:
        p.join(max(deadline - time.monotonic(), 0))
        if p.is_alive():
            p.terminate()
            p.join(1)
            if p.is_alive():
                p.kill()
                p.join()
