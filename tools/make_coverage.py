"""Writes docs/coverage.md: for each name that PyTorch programs use, whether it behaves the same.

Usage: python tools/make_coverage.py, with PyTorch installed.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "parity"))

import coverage  # noqa: E402
import harness  # noqa: E402

HEAD = """# Coverage of PyTorch's names

What public programs written for PyTorch use, with the number of programs that use each, and what
the tests in `tests/parity` found: they run the same code in PyTorch
{version} and here, and compare values, first and second derivatives, names and errors, in float32,
in float64 and with inputs scattered in memory. "Passes" means that every case of that name agrees.
What is left out on purpose stands in [one list](porting.md#what-there-is-not).

| used by at least | names | pass | partly | fail | no case |
|---|---|---|---|---|---|
{summary}
"""


def verdict(name: coverage.Name, failures: dict[harness.Case, str]) -> tuple[str, str]:
    """ "passes", "partly", "fails" or "no case", and why."""
    if not name.cases:
        return "no case", f"left out: {name.left_out}" if name.left_out else ""
    failed = [failures[c] for c in name.cases if c in failures]
    if not failed:
        return "passes", ""
    return "partly" if len(failed) < len(name.cases) else "fails", failed[0]


def main() -> None:
    import torch

    failures: dict[harness.Case, str] = {}
    for case in harness.all_cases():
        for dtype, scattered in harness.VARIANTS:
            if case.only in ("", dtype) and case not in failures:
                try:
                    harness.check(case, dtype, scattered)
                except Exception as e:
                    failures[case] = " ".join(str(e).split())[:120].replace("|", "/")
    names = coverage.read_names()
    verdicts = {n.name: verdict(n, failures) for n in names}
    summary = []
    for least in (5, 2, 1):
        count: dict[str, int] = defaultdict(int)
        for n in names:
            if n.programs >= least and not n.left_out:
                count[verdicts[n.name][0]] += 1
        columns = [count[v] for v in ("passes", "partly", "fails", "no case")]
        summary.append(f"| {least} | {sum(columns)} | " + " | ".join(map(str, columns)) + " |")
    lines = [
        HEAD.format(
            version=torch.__version__.split("+")[0],
            summary="\n".join(summary),
        ),
        "| name | programs | cases | outcome | why |",
        "|---|---|---|---|---|",
    ]
    for n in sorted(names, key=lambda n: (-n.programs, n.name)):
        if n.programs:
            outcome, why = verdicts[n.name]
            text = n.name.replace("|", "\\|")
            lines.append(f"| `{text}` | {n.programs} | {len(n.cases)} | {outcome} | {why} |")
    (ROOT / "docs" / "coverage.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
