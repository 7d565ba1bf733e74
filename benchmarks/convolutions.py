"""The convolutions of residual networks, each shape once: forward and its two gradients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.cases import Case
from benchmarks.report import Run, table

KINDS = ("forward", "input", "weight")


@dataclass(frozen=True)
class Shape:
    """A convolution of square images with square kernels, padded by half of the kernel."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    side: int

    @property
    def side_after(self) -> int:
        return (self.side - 1) // self.stride + 1

    @property
    def fewer(self) -> float:
        """How many times fewer multiplications Winograd's algorithms need, for tiles of 4 x 4."""
        if self.kernel != 3 or self.inputs <= 3:
            return 1
        return {1: 144 / 36, 2: 144 / 81}.get(self.stride, 1)

    def operations(self, batch: int) -> float:
        """Multiplications and additions of the direct product, the same of each of its kinds."""
        places = batch * self.side_after**2
        return 2.0 * places * self.outputs * self.inputs * self.kernel**2

    def __str__(self) -> str:
        text = f"{self.inputs}-{self.outputs} {self.kernel}x{self.kernel} {self.side}^2"
        return text + (f" /{self.stride}" if self.stride > 1 else "")

    def cases(self, network: str, batch: int) -> list[Case]:
        params = {
            "x": (batch, self.inputs, self.side, self.side),
            "weight": (self.outputs, self.inputs, self.kernel, self.kernel),
            "stride": self.stride,
            "padding": self.kernel // 2,
        }
        return [
            Case(
                f"{network} x{batch} {self} {kind}",
                "convolution",
                params | {"kind": kind},
                "FLOP",
                self.operations(batch),
            )
            for kind in KINDS
            if self.inputs > 3 or kind != "input"  # nothing asks for the gradient of an image
        ]


def basic(widths: Sequence[int], blocks: int, side: int, first: Shape) -> Counter[Shape]:
    """How often each convolution is in a network of blocks of two 3x3 ones."""
    shapes = Counter([first])
    before = widths[0]
    for stage, width in enumerate(widths):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            shapes[Shape(before, width, 3, stride, side)] += 1
            if stride != 1 or before != width:
                shapes[Shape(before, width, 1, stride, side)] += 1
            side = (side - 1) // stride + 1
            shapes[Shape(width, width, 3, 1, side)] += 1
            before = width
    return shapes


def bottleneck(widths: Sequence[int], blocks: Sequence[int], side: int) -> Counter[Shape]:
    """The same of a network of blocks of 1x1, 3x3 and 1x1, its first convolution left out."""
    shapes: Counter[Shape] = Counter()
    before = widths[0]
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
        for block in range(count):
            stride = 2 if stage and not block else 1
            shapes[Shape(before, width, 1, 1, side)] += 1
            shapes[Shape(width, width, 3, stride, side)] += 1
            if not block:
                shapes[Shape(before, 4 * width, 1, stride, side)] += 1
            side = (side - 1) // stride + 1
            shapes[Shape(width, 4 * width, 1, 1, side)] += 1
            before = 4 * width
    return shapes


WIDTHS = (64, 128, 256, 512)
RESNET20 = basic((16, 32, 64), 3, 32, Shape(3, 16, 3, 1, 32))
RESNET18_CIFAR = basic(WIDTHS, 2, 32, Shape(3, 64, 3, 1, 32))
RESNET18 = basic(WIDTHS, 2, 56, Shape(3, 64, 7, 2, 224))
RESNET50 = bottleneck(WIDTHS, (3, 4, 6, 3), 56)

# Networks and batches of the table; what an earlier row has is not measured again.
ROWS = [
    ("ResNet-18 CIFAR", 16, RESNET18_CIFAR),
    ("ResNet-18", 1, RESNET18),
    ("ResNet-18", 4, RESNET18),
    ("ResNet-50", 4, RESNET50 - RESNET18),
]
CASES = [
    case for name, batch, shapes in ROWS for shape in shapes for case in shape.cases(name, batch)
]


def report(run: Run) -> str:
    """GFLOP/s of each shape and kind, by peer."""
    base, *others = run.versions
    blocks = [
        run.heading(),
        f"GFLOP/s of the direct product, medians of {run.repetitions} interleaved repetitions. "
        f"%: of the fused multiply-add peak, by {base}. x: how many times as long as {base} the "
        "fastest of the others takes.",
        _table(run, base, others),
    ]
    return "\n\n".join(blocks) + "\n"


def _table(run: Run, base: str, others: Sequence[str]) -> str:
    peak = run.peak.get("float32", 0) * run.threads
    rows = [["convolution", "gradient", base, "%", *others, "x"]]
    for case in run.cases:
        times = {peer: median(taken) for peer, taken in run.results[case.name].items()}
        rates = {peer: f"{case.work / taken / 1e9:.1f}" for peer, taken in times.items()}
        own, best = times.get(base), min((times[p] for p in others if p in times), default=0)
        convolution, kind = case.name.rsplit(" ", 1)
        rows.append(
            [
                convolution,
                "" if kind == "forward" else kind,
                rates.get(base, ""),
                f"{100 * case.work / own / peak:.0f}" if own and peak else "",
                *(rates.get(peer, "") for peer in others),
                f"{best / own:.2f}" if own and best else "",
            ]
        )
    return table(rows, left=2)
