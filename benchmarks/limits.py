"""How fast each case can be on this machine, and what share of that is reached: LIMITS.md."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import convolutions, needs
from benchmarks.cases import CASES, Case
from benchmarks.convolutions import RESNET18_CIFAR, RESNET20
from benchmarks.machine import TILE, Bandwidth, cpu_name
from benchmarks.measure import Results
from benchmarks.needs import Need
from benchmarks.report import duration, quantity, table

BASE, PEER = "wengert", "torch"

FORMULAS = (
    ("gemm", needs.gemm),
    ("mlp", needs.mlp_adam),
    ("gelu_chain", needs.gelu_chain),
    ("gelu_tanh", needs.gelu),
    ("cross_entropy", needs.cross_entropy),
    ("adamw", needs.adamw),
    ("attention", needs.attention),
    ("cnn_28", needs.cnn_adam),
    ("resnet", needs.resnet),
    ("lstm_*_backward", needs.lstm),
    ("other lstm", needs.lstm_tokens),
    ("gpt", needs.gpt),
    ("tree_lstm", needs.tree_lstm),
    ("convolutions", needs.convolution),
)

TEXT = """# Limits

What a call of each case has to do over what one core can do, by `python -m benchmarks --limits`;
`--record` fills in the shares.

CPU: {cpu}, {date}. Fused multiply-adds: {peak}.

- The limit is the longer of the times of arithmetic and of bytes, as a core does both at once.
  "In turn" is their sum: what a step can reach whose phases do not overlap.
- Arithmetic is counted at the rate between registers. No product reaches it: "from L1" is what the
  inner loop of one does when all it reads is in the first-level cache.
- The bandwidth is the largest of the three figures of the level that is nearest in size to the
  arrays of the case.
- Not counted: exponentials, the cost of calls, what is small. Cases of many small operations stay
  far from their limit by nature.
- The bytes of whole networks are those of a pass for each operation, with normalisations, losses
  and updates fused. A step that fuses more moves fewer, one that misses the caches pays more.
- Convolutions are counted as direct products. Winograd's F(4x4,3x3) multiplies 4 times less, with a
  stride of 2 144/81 times: the rows that name it count that, without its transforms, forward and in
  both gradients.
- Share: the limit over the measured median, of {base} and of PyTorch; empty until measured. It can
  pass 100 % where less is done than what is counted.
- The last column is the largest ratio to PyTorch that can be expected here: how many times as long
  it takes as a step "in turn" whose arithmetic runs at the rate from L1."""

CONVOLUTIONS = """Each of forward, gradient of the input and gradient of the weights; RESULTS.md has
the shares reached. The last column is that of Winograd's fewer multiplications."""

WINOGRAD = {
    "resnet20_sgd": needs.resnet(RESNET20, 64, winograd=True),
    "resnet18_sgd": needs.resnet(RESNET18_CIFAR, 16, winograd=True),
}


def report(
    peak: dict[str, float], bandwidths: Sequence[Bandwidth], results: Results | None = None
) -> str:
    """The tables; `results` are those of runs with one thread."""
    peaks = ", ".join(f"{v / 1e9:.0f} GFLOP/s {d}" for d, v in peak.items())
    date = datetime.date.today().isoformat()
    rows = [["level", "arrays", "read", "copy", "triad"]]
    for b in bandwidths:
        speeds = (f"{v / 1e9:.1f} GB/s" for v in (b.read, b.copy, b.triad))
        rows.append([b.level, f"{b.size / 2**20:.3g} MiB", *speeds])
    limits = Limits(peak, bandwidths, results or {})
    blocks = [
        TEXT.format(cpu=cpu_name(), date=date, peak=peaks, base=BASE),
        "## Bandwidth",
        table(rows),
        "## Cases",
        limits.of_cases(),
        "## Convolutions",
        CONVOLUTIONS,
        limits.of_convolutions(),
        "## Formulas",
        "\n".join(f"- {name}: {_formula(function)}" for name, function in FORMULAS),
    ]
    return "\n\n".join(blocks) + "\n"


@dataclass(frozen=True)
class Limits:
    peak: dict[str, float]  # FLOP/s by dtype
    bandwidths: Sequence[Bandwidth]
    results: Results

    def of_cases(self) -> str:
        rows = [
            ["case", "GFLOP", "ms", "MB", "from", "ms", "limit", "in turn", "rate at the limit"]
            + [f"share of {peer}" for peer in (BASE, PEER)]
            + [f"{PEER} over the limit"]
        ]
        for case in CASES:
            need = needs.need(case)
            if need:
                rows.append(self._row(case.name, case, need))
                if case.name in WINOGRAD:
                    rows.append(self._row(f"{case.name}, Winograd", case, WINOGRAD[case.name]))
        return table(rows)

    def of_convolutions(self) -> str:
        rows = [["convolution", "GFLOP", "ms", "MB", "from", "ms", "limit", "Winograd"]]
        for name, batch, shapes in convolutions.ROWS:
            for shape in shapes:
                need = needs.convolution(shape, batch)
                arithmetic, traffic = self._times(need)
                rows.append(
                    [
                        f"{name} x{batch} {shape}",
                        *self._cells(need),
                        duration(max(arithmetic, traffic)),
                        duration(max(arithmetic / shape.fewer, traffic)) if shape.fewer > 1 else "",
                    ]
                )
        return table(rows)

    def _row(self, name: str, case: Case, need: Need) -> list[str]:
        arithmetic, traffic = self._times(need, case.dtype)
        limit = max(arithmetic, traffic)
        measured = self.results.get(case.name, {})
        products = arithmetic * self.peak["float32"] / self.peak[TILE]
        peer = median(measured[PEER]) / (products + traffic) if measured.get(PEER) else None
        return [
            name,
            *self._cells(need, case.dtype),
            duration(limit),
            duration(arithmetic + traffic),
            f"{quantity(case.work / limit)}{case.unit}/s" if case.unit else "",
            *(
                f"{limit / median(measured[peer]):.0%}" if measured.get(peer) else ""
                for peer in (BASE, PEER)
            ),
            f"{peer:.3g}" if peer else "",
        ]

    def _cells(self, need: Need, dtype: str = "float32") -> list[str]:
        arithmetic, traffic = self._times(need, dtype)
        return [
            f"{need.operations / 1e9:.3g}" if need.operations else "",
            f"{arithmetic * 1e3:.3g}" if need.operations else "",
            f"{need.bytes / 1e6:.3g}",
            self._level(need).level,
            f"{traffic * 1e3:.3g}",
        ]

    def _times(self, need: Need, dtype: str = "float32") -> tuple[float, float]:
        """Seconds of the arithmetic and of the bytes."""
        level = self._level(need)
        rate = max(level.read, level.copy, level.triad)
        return need.operations / self.peak[dtype], need.bytes / rate

    def _level(self, need: Need) -> Bandwidth:
        return min(self.bandwidths, key=lambda b: abs(math.log(b.size / need.resident)))


def _formula(function: Callable[..., Need]) -> str:
    return " ".join((function.__doc__ or "").split())
