"""One peer in a process of its own: `python -m benchmarks.worker PEER THREADS`.

Reads a line of JSON per order from standard input and answers each with one on standard output:
{"prepare": build, "params": ...} builds, warms up and sizes the inner loop; {"run": seconds} times
it once.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from benchmarks.peers import Unavailable, module_of


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


def load(name: str, threads: int) -> Any:
    return importlib.import_module(module_of(name)).load(threads)


def prepare(peer: Any, build: str, params: dict[str, Any]) -> Callable[[], Any] | None:
    """The case as a callable; None where the peer does not have it."""
    method = getattr(peer, build, None)
    return method(**params) if method else None


def main() -> None:
    try:
        peer = load(sys.argv[1], int(sys.argv[2]))
    except (ModuleNotFoundError, Unavailable) as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    print(json.dumps({"version": peer.version}), flush=True)
    call, loops = None, 1
    for line in sys.stdin:
        order = json.loads(line)
        if "prepare" in order:
            call = None  # frees the last case before the next is built
            try:
                call = prepare(peer, order["prepare"], order["params"])
                if call:
                    loops = loops_for(call, order["seconds"])
            except Exception:  # the peer is left out of this case, and what it said is shown
                call = None
                traceback.print_exc()
            answer = {"supported": call is not None}
        else:
            answer = {"seconds": timed(call, loops) / loops}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
