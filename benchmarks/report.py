"""The results as a Markdown table of times and ratios, and as JSON."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.cases import CASES, CPP_CASES, Case
from benchmarks.machine import cpu_name
from benchmarks.measure import Results


@dataclass
class Run:
    """All that a report is made of."""

    results: Results
    versions: dict[str, str]
    threads: int
    repetitions: int
    peak: dict[str, float] = field(default_factory=dict)  # FLOP/s of one core by dtype
    date: str = field(default_factory=lambda: datetime.date.today().isoformat())

    def as_json(self) -> str:
        summary = {
            name: {
                peer: {"min": min(times), "median": median(times), "all": times}
                for peer, times in peers.items()
            }
            for name, peers in self.results.items()
        }
        return json.dumps(
            {
                "date": self.date,
                "cpu": cpu_name(),
                "system": platform.platform(),
                "python": platform.python_version(),
                "versions": self.versions,
                "threads": self.threads,
                "repetitions": self.repetitions,
                "fma_peak_flops_per_core": self.peak,
                "seconds": summary,
            },
            indent=1,
        )

    def as_markdown(self) -> str:
        peers = list(self.versions)
        base = peers[0]
        blocks = [
            f"CPU: {cpu_name()}, {self.threads} thread(s). "
            + ", ".join(f"{p} {v}" for p, v in self.versions.items())
            + f". Python {platform.python_version()}, {platform.system()}. {self.date}.",
            f"Smallest of {self.repetitions} interleaved repetitions (median in brackets). "
            f"x: how many times as long as {base} it takes; above 1, {base} is faster.",
        ]
        if self.peak:
            peak = ", ".join(f"{v / 1e9:.0f} GFLOP/s {d}" for d, v in self.peak.items())
            blocks.append(
                f"Fused multiply-add peak of one core: {peak}; shares of it in %, medians both."
            )
        for title, cases in (
            ("Time", [c for c in CASES + CPP_CASES if not c.unit]),
            ("Throughput", [c for c in CASES if c.unit]),
        ):
            rows = [self._row(c, peers) for c in cases if self.results.get(c.name)]
            if rows:
                head = ["case", base]
                for peer in peers[1:]:
                    head += [peer, "x"]
                blocks.append(f"## {title}\n\n" + _table([head, *rows]))
        return "\n\n".join(blocks) + "\n"

    def _row(self, case: Case, peers: Sequence[str]) -> list[str]:
        results = self.results[case.name]
        base = results.get(peers[0])
        cells = [case.name]
        for i, peer in enumerate(peers):
            times = results.get(peer)
            cells.append(self._cell(case, times) if times else "")
            if i:
                cells.append(f"{min(times) / min(base):.3g}" if times and base else "")
        return cells

    def _cell(self, case: Case, times: Sequence[float]) -> str:
        best, middle = min(times), median(times)
        if not case.unit:
            return f"{duration(best)} ({duration(middle)})"
        rate = f"{quantity(case.work / best)}{case.unit}/s ({quantity(case.work / middle).strip()})"
        if case.unit == "FLOP" and case.dtype in self.peak:
            rate += f" {case.work / middle / (self.threads * self.peak[case.dtype]):.0%}"
        return rate


def duration(seconds: float) -> str:
    for factor, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def quantity(value: float) -> str:
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g} {prefix}"
    return f"{value:.3g} "


def _table(rows: Sequence[Sequence[Any]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| "
        + " | ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    rule = (
        "|"
        + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths))
        + "|"
    )
    return "\n".join([lines[0], rule, *lines[1:]])
