"""The memory that a step of training takes at its peak: `python -m benchmarks.memory PEER ...`.

Each peer and case has a process of its own. What it occupies once the library is loaded does not
count, nor does what loading it took for a while.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import measure
from benchmarks.cases import Case
from benchmarks.peers import Unavailable
from benchmarks.report import table
from benchmarks.worker import load, prepare

STEPS = 3


def peak_bytes() -> int:
    """The most memory that was resident; since the last `forget_peak`, where Linux allows it."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            # Not ru_maxrss, which begins with the peak of the process that started this one.
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def report(
    cases: Sequence[Case], peers: Sequence[str], threads: int, say: Callable[[str], None]
) -> str:
    """A table of the peaks in MiB, and of what share of each peer's the first one's is."""
    base = peers[0]
    peaks: dict[str, dict[str, float]] = {case.name: {} for case in cases}
    for case in cases:
        for peer in peers:
            answer = ask(peer, case, threads)
            if "peak" in answer:
                peaks[case.name][peer] = answer["peak"] / 2**20
            else:
                say(f"{peer} is left out of {case.name}: {answer['missing']}")
    known = [p for p in peers[1:] if any(p in found for found in peaks.values())]
    rows = [["case", base, *(cell for peer in known for cell in (peer, f"{base}'s share"))]]
    for name, found in peaks.items():
        own = found.get(base)
        row = [name, f"{own:.0f} MiB" if own else ""]
        for peer in known:
            other = found.get(peer)
            row.append(f"{other:.0f} MiB" if other else "")
            row.append(f"{own / other:.2f}" if own and other else "")
        rows.append(row)
    return (
        f"Memory resident at the peak of {STEPS} steps, {threads} thread(s), beyond that of the "
        f"loaded library.\n\n{table(rows)}\n"
    )


def ask(peer: str, case: Case, threads: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.memory", peer, str(threads)]
    done = subprocess.run(
        [*command, case.build, json.dumps(case.params)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=measure.ROOT,
        env=measure.environment(threads),
    )
    if done.returncode:
        return {"missing": "its process failed; see above"}
    return json.loads(done.stdout)


def main() -> None:
    name, threads, build, params = sys.argv[1:]
    try:
        peer = load(name, int(threads))
    except (ModuleNotFoundError, Unavailable) as error:
        print(json.dumps({"missing": str(error)}))
        return
    forget_peak()
    before = peak_bytes()
    call = prepare(peer, build, json.loads(params))
    if call is None:
        print(json.dumps({"missing": "it does not have it"}))
        return
    for _ in range(STEPS):
        call()
    print(json.dumps({"peak": peak_bytes() - before}))


if __name__ == "__main__":
    main()
