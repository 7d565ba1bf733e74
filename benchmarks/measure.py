"""Runs the cases: one process a peer, all on the same processors, their repetitions interleaved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.cases import Case

ROOT = Path(__file__).resolve().parent.parent
# seconds per call of each repetition, by case and peer
Results = dict[str, dict[str, list[float]]]

# Seconds of rest before each timing: a peer may go on for a while after its call has returned (JAX
# frees memory for up to 40 ms), on the processor of the one that is timed next.
REST = 0.1

# Read by the libraries when they load.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Keep this process and its children on as many processors as there are threads."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    if len(allowed) < threads:
        raise SystemExit(f"benchmarks: {threads} threads asked for, {len(allowed)} processors")
    os.sched_setaffinity(0, sorted(allowed)[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def environment(threads: int) -> dict[str, str]:
    return os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))


class Worker:
    """A peer's process, which sleeps while the others are timed."""

    def __init__(self, peer: str, threads: int) -> None:
        self.peer = peer
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", peer, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(threads),
        )
        hello = self._read()
        self.version: str | None = hello.get("version")
        self.missing: str | None = hello.get("missing")

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"benchmarks: the process of peer {self.peer} ended; see above")
        return json.loads(line)

    def ask(self, **order: Any) -> dict[str, Any]:
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def start_workers(names: Sequence[str], threads: int, say: Callable[[str], None]) -> list[Worker]:
    """Those of the peers that are installed, pinned to as many processors as threads."""
    workers = []
    with pinned(threads):
        for name in names:
            worker = Worker(name, threads)
            if worker.missing:
                say(f"{name} is left out: {worker.missing}")
                worker.close()
            else:
                workers.append(worker)
    if not workers:
        raise SystemExit("benchmarks: none of these peers is installed")
    return workers


def run(
    names: Sequence[str],
    threads: int,
    cases: Sequence[Case],
    effort: tuple[int, float],
    say: Callable[[str], None],
) -> tuple[Results, dict[str, str]]:
    """The cases on `threads` threads for the peers that are installed, and their versions."""
    workers = start_workers(names, threads, say)
    try:
        results = measure(workers, cases, *effort, say)
    finally:
        for worker in workers:
            worker.close()
    return results, {w.peer: w.version or "" for w in workers}


def measure(
    workers: Sequence[Worker],
    cases: Sequence[Case],
    repetitions: int,
    seconds: float,
    say: Callable[[str], None],
) -> Results:
    """Every case for every worker: `repetitions` loops of about `seconds` each, in turn."""
    results: Results = {}
    for case in cases:
        order = {"prepare": case.build, "params": case.params, "seconds": seconds}
        able = [w for w in workers if w.ask(**order)["supported"]]
        times: dict[str, list[float]] = {w.peer: [] for w in able}
        for _ in range(repetitions):
            for worker in able:
                time.sleep(REST)
                taken = worker.ask(run=seconds)["seconds"]
                times[worker.peer].append(taken / case.operations)
        results[case.name] = times
        say(f"{case.name}: " + ", ".join(f"{p} {min(t):.3g} s" for p, t in times.items()))
    return results
