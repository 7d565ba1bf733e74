"""One peer in a process of its own: `python -m benchmarks.worker PEER THREADS`.

Reads a line of JSON per order from standard input and answers each with one on standard output:
{"prepare": case} builds, warms up and sizes the inner loop; {"run": seconds} times it once.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.cases import CASES, Case


def timed(call: Callable[[], Any], loops: int) -> float:
    """Seconds that `loops` calls take, without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in range(loops):
            call()
        return time.perf_counter() - start
    finally:
        gc.enable()


def loops_for(call: Callable[[], Any], seconds: float) -> int:
    """How many calls fill `seconds`; finding out is the warm-up."""
    call()
    loops = 1
    while True:
        taken = timed(call, loops)
        if taken >= seconds / 4:
            return max(1, round(loops * seconds / taken))
        loops = max(2 * loops, int(loops * seconds / 4 / max(taken, 1e-9)))


def case_of(name: str) -> Case:
    return next(c for c in CASES if c.name == name)


def prepare(peer: Any, name: str) -> Callable[[], Any] | None:
    """The case as a callable; None where the peer does not have it."""
    case = case_of(name)
    build = getattr(peer, case.build, None)
    return build(**case.params) if build else None


def main() -> None:
    peer_name, threads = sys.argv[1], int(sys.argv[2])
    try:
        peer = importlib.import_module(f"benchmarks.peers.{peer_name}").load(threads)
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    print(json.dumps({"version": peer.version}), flush=True)
    call, loops, operations = None, 1, 1
    for line in sys.stdin:
        order = json.loads(line)
        if "prepare" in order:
            call = None  # frees the last case before the next is built
            call = prepare(peer, order["prepare"])
            operations = case_of(order["prepare"]).operations
            if call:
                loops = loops_for(call, order["seconds"])
            answer = {"supported": call is not None}
        else:
            answer = {"seconds": timed(call, loops) / loops / operations}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
