"""Run the benchmarks: `python -m benchmarks` from the root of the repository.

    python -m benchmarks --quick
    python -m benchmarks --cases 'gemm*' --peers wengert,torch --json gemm.json
    python -m benchmarks --convolutions         # each shape of ResNet-18 and ResNet-50
    python -m benchmarks --record               # writes RESULTS.md and LIMITS.md

Every peer that is installed runs the same cases in a process of its own, pinned to the same
processors; their repetitions alternate, so that a change of the machine's speed meets all alike.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    convolutions,
    cpp,
    limits,
    losses,
    machine,
    measure,
    memory,
    peers,
    scaling,
)
from benchmarks.cases import CASES, CPP_CASES, MEMORY, Case
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
        "--peers", metavar="NAMES", help="separated by commas; ratios refer to the first"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="small cases, short repetitions")
    parser.add_argument("--json", type=Path, metavar="PATH")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--cpp", action="store_true", help="the C++ programs instead")
    kind.add_argument(
        "--convolutions", action="store_true", help="convolutions instead, in both layouts"
    )
    kind.add_argument("--memory", action="store_true", help="peaks of memory instead")
    kind.add_argument(
        "--losses", action="store_true", help="compare the losses of training with PyTorch's"
    )
    kind.add_argument(
        "--scaling", action="store_true", help="one thread beside --threads of them (2)"
    )
    kind.add_argument("--limits", action="store_true", help="what the machine allows, by case")
    kind.add_argument(
        "--record", action="store_true", help="run all of it; write RESULTS.md and LIMITS.md"
    )
    args = parser.parse_args()
    if args.threads < 1:
        parser.error("--threads must be at least 1")
    if args.record and (args.cases != "*" or args.quick or args.json):
        parser.error("--record is for a complete run; leave the other choices out")
    if args.json and (args.memory or args.losses or args.limits or args.scaling):
        parser.error("--json is for times")
    args.peers = args.peers.split(",") if args.peers else None
    for name in args.peers or ():
        if name not in peers.NAMES:
            parser.error(f"no peer {name}; there are: {' '.join(peers.NAMES)}")
    return args


def chosen(cases: Sequence[Case], args: argparse.Namespace) -> list[Case]:
    wanted = args.cases.split(",")
    found = [c for c in cases if any(fnmatch.fnmatchcase(c.name, p) for p in wanted)]
    if not found:
        raise SystemExit(
            f"benchmarks: no case matches {args.cases}; there are: "
            + ", ".join(c.name for c in cases)
        )
    return [c for c in found if not (args.quick and c.slow)]


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def effort(args: argparse.Namespace) -> tuple[int, float]:
    """Repetitions of a case, and the seconds of each."""
    return (3, 0.03) if args.quick else (7, 0.2)


def run_cpp(args: argparse.Namespace) -> Run:
    repetitions, seconds = effort(args)
    with measure.pinned(1):
        results, versions = cpp.measure(args.peers or peers.USUAL, repetitions, seconds, say)
    return Run(CPP_CASES, results, versions, 1, repetitions)


def run_python(args: argparse.Namespace, cases: Sequence[Case], names: Sequence[str]) -> Run:
    """The cases that were chosen; the peers that were, else those of `names`."""
    cases = chosen(cases, args)
    with measure.pinned(1):
        peak = machine.fma_peak()
    results, versions = measure.run(args.peers or names, args.threads, cases, effort(args), say)
    return Run(cases, results, versions, args.threads, effort(args)[0], peak)


def run_times(args: argparse.Namespace) -> Run:
    return run_python(args, CASES, peers.USUAL)


def run_convolutions(args: argparse.Namespace) -> Run:
    return run_python(args, convolutions.CASES, peers.CONVOLUTIONS)


def report_scaling(args: argparse.Namespace) -> str:
    if args.cases == "*":
        args = argparse.Namespace(**vars(args) | {"cases": scaling.CASES})
    names = args.peers or peers.SCALING
    return scaling.report(chosen(CASES, args), names, max(args.threads, 2), effort(args), say)


def report_memory(args: argparse.Namespace) -> str:
    names = args.peers or peers.USUAL
    with measure.pinned(args.threads):
        return memory.report(chosen(MEMORY, args), names, args.threads, say)


def report_losses(args: argparse.Namespace) -> str:
    trained = [c for c in CASES if c.lr]
    with measure.pinned(args.threads):
        return losses.report(chosen(trained, args), args.threads, say)


def report_limits(results: measure.Results | None = None) -> str:
    with measure.pinned(1):
        peak = machine.fma_peak()
        if not peak:
            raise SystemExit("benchmarks: --limits needs a C++ compiler")
        return limits.report(peak, machine.bandwidths(), results)


def record(args: argparse.Namespace) -> None:
    times, shapes = run_times(args), run_convolutions(args)
    parts = {"": times.as_markdown(), " --convolutions": convolutions.report(shapes)}
    if os.cpu_count() != 1:
        parts[" --scaling"] = report_scaling(args)
    parts |= {" --memory": report_memory(args), " --losses": report_losses(args)}
    parts[" --cpp"] = run_cpp(args).as_markdown()
    text = "\n".join(f"# `python -m benchmarks{key}`\n\n{part}" for key, part in parts.items())
    write("RESULTS.md", text)
    if args.threads == 1 and machine.compiler():
        write("LIMITS.md", report_limits(times.results | shapes.results))


def write(name: str, text: str) -> None:
    Path(__file__).with_name(name).write_text(text, encoding="utf-8")
    print(text, end="")


def main() -> None:
    args = parse_args()
    if args.record:
        record(args)
    elif args.memory:
        print(report_memory(args), end="")
    elif args.losses:
        print(report_losses(args), end="")
    elif args.scaling:
        print(report_scaling(args), end="")
    elif args.limits:
        print(report_limits(), end="")
    else:
        measured = run_cpp if args.cpp else run_convolutions if args.convolutions else run_times
        run = measured(args)
        print(convolutions.report(run) if args.convolutions else run.as_markdown(), end="")
        if args.json:
            args.json.write_text(run.as_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
