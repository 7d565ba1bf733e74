"""Run the benchmarks: `python -m benchmarks` from the root of the repository.

    python -m benchmarks --quick
    python -m benchmarks --cases 'gemm*' --peers wengert,torch --json gemm.json
    python -m benchmarks --record               # writes benchmarks/RESULTS.md

Every peer that is installed runs the same cases in a process of its own, pinned to the same
processors; their repetitions alternate, so that a change of the machine's speed meets all alike.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from pathlib import Path

from benchmarks import cpp, machine, measure, peers
from benchmarks.cases import CASES, Case
from benchmarks.report import Run


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--cases",
        default="*",
        metavar="PATTERNS",
        help="names or shell patterns, separated by commas",
    )
    parser.add_argument(
        "--peers",
        default=",".join(peers.NAMES),
        metavar="NAMES",
        help="separated by commas; ratios refer to the first",
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="small cases, short repetitions")
    parser.add_argument("--cpp", action="store_true", help="the C++ programs instead")
    parser.add_argument("--json", type=Path, metavar="PATH")
    parser.add_argument(
        "--record", action="store_true", help="run all, C++ programs too, and write RESULTS.md"
    )
    args = parser.parse_args()
    if args.threads < 1:
        parser.error("--threads must be at least 1")
    if args.record and (args.cases != "*" or args.quick or args.cpp or args.json):
        parser.error("--record is for a complete run; leave the other choices out")
    for name in args.peers.split(","):
        if name not in peers.NAMES:
            parser.error(f"no peer {name}; there are: {' '.join(peers.NAMES)}")
    return args


def chosen_cases(patterns: str, quick: bool) -> list[Case]:
    wanted = patterns.split(",")
    cases = [c for c in CASES if any(fnmatch.fnmatchcase(c.name, p) for p in wanted)]
    if not cases:
        raise SystemExit(
            f"benchmarks: no case matches {patterns}; there are: " + " ".join(c.name for c in CASES)
        )
    return [c for c in cases if not (quick and c.slow)]


def start_workers(names: str, threads: int) -> list[measure.Worker]:
    workers = []
    for name in names.split(","):
        worker = measure.Worker(name, threads)
        if worker.missing:
            say(f"{name} is left out: {worker.missing}")
            worker.close()
        else:
            workers.append(worker)
    if not workers:
        raise SystemExit("benchmarks: none of these peers is installed")
    return workers


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def run_cpp(args: argparse.Namespace, repetitions: int, seconds: float) -> Run:
    results, versions = cpp.measure(args.peers.split(","), repetitions, seconds, say)
    return Run(results, versions, 1, repetitions)


def run_python(args: argparse.Namespace, repetitions: int, seconds: float) -> Run:
    cases = chosen_cases(args.cases, args.quick)
    peak = machine.fma_peak()
    workers = start_workers(args.peers, args.threads)
    try:
        results = measure.measure(workers, cases, repetitions, seconds, say)
    finally:
        for worker in workers:
            worker.close()
    versions = {w.peer: w.version or "" for w in workers}
    return Run(results, versions, args.threads, repetitions, peak)


def main() -> None:
    args = parse_args()
    repetitions, seconds = (3, 0.03) if args.quick else (7, 0.2)
    measure.pin(1 if args.cpp else args.threads)
    if args.record:
        parts = {
            "python -m benchmarks": run_python(args, repetitions, seconds),
            "python -m benchmarks --cpp": run_cpp(args, repetitions, seconds),
        }
        text = "\n".join(f"# `{name}`\n\n{run.as_markdown()}" for name, run in parts.items())
        Path(__file__).with_name("RESULTS.md").write_text(text, encoding="utf-8")
        print(text, end="")
        return
    run = (run_cpp if args.cpp else run_python)(args, repetitions, seconds)
    print(run.as_markdown(), end="")
    if args.json:
        args.json.write_text(run.as_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
