"""The results as a Markdown table of times and ratios, and as JSON."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.cases import SHARES, Case
from benchmarks.machine import cpu_name
from benchmarks.measure import Results


@dataclass
class Run:
    """All that a report is made of."""

    cases: Sequence[Case]
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

    def heading(self) -> str:
        peers = ", ".join(f"{p} {v}" for p, v in self.versions.items())
        return (
            f"CPU: {cpu_name()}, {self.threads} thread(s). {peers}. "
            f"Python {platform.python_version()}, {platform.system()}. {self.date}."
        )

    def as_markdown(self) -> str:
        base = next(iter(self.versions))
        blocks = [
            self.heading(),
            f"Smallest of {self.repetitions} interleaved repetitions (median in brackets). "
            f"x: how many times as long as {base} it takes; above 1, {base} is faster.",
        ]
        if self.peak:
            peak = ", ".join(f"{v / 1e9:.0f} GFLOP/s {d}" for d, v in self.peak.items())
            blocks.append(
                f"Fused multiply-add peak of one core: {peak}; shares of it in %, medians both."
            )
        blocks += self._table("Time", [c for c in self.cases if not c.unit])
        blocks += self._table("Throughput", [c for c in self.cases if c.unit])
        blocks += self._shares()
        return "\n\n".join(blocks) + "\n"

    def _table(self, title: str, cases: Sequence[Case]) -> list[str]:
        cases = [c for c in cases if self.results.get(c.name)]
        if not cases:
            return []
        base, *others = self.versions
        others = [p for p in others if any(p in self.results[c.name] for c in cases)]
        head = ["case", base]
        for peer in others:
            head += [peer, "x"]
        return [f"## {title}\n\n" + table([head, *(self._row(c, [base, *others]) for c in cases)])]

    def _shares(self) -> list[str]:
        """How much of the time of one case another takes, by peer."""
        rows = []
        for part, whole in SHARES:
            times, wholes = self.results.get(part, {}), self.results.get(whole, {})
            if times and wholes:
                both = [p in times and p in wholes for p in self.versions]
                rows.append(
                    [f"{part} / {whole}"]
                    + [
                        f"{min(times[p]) / min(wholes[p]):.2f}" if known else ""
                        for p, known in zip(self.versions, both, strict=True)
                    ]
                )
        return ["## Shares of time\n\n" + table([["cases", *self.versions], *rows])] if rows else []

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


def table(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A Markdown table with its first row as the head; `left` columns are aligned to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| "
        + " | ".join(
            cell.ljust(w) if i < left else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    rule = (
        "|"
        + "|".join("-" * (w + 2) if i < left else "-" * (w + 1) + ":" for i, w in enumerate(widths))
        + "|"
    )
    return "\n".join([lines[0], rule, *lines[1:]])
