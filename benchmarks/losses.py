"""Whether training goes as with PyTorch: the losses of both from the same weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.cases import Case
from benchmarks.peers.training import Training
from benchmarks.report import table
from benchmarks.worker import load, prepare

STEPS = 20


def report(cases: Sequence[Case], threads: int, say: Callable[[str], None]) -> str:
    """A table of the last losses and of the largest differences over all steps."""
    peers = [load(name, threads) for name in ("wengert", "torch")]
    head = ["case", "wengert", "torch", "difference", "wengert off by", "torch off by"]
    rows = [head]
    for case in cases:
        own, theirs = losses(peers[0], peers[1], case)
        exact = losses(peers[1], peers[1], case, double=True)[0]
        row = [case.name, f"{own[-1]:.8g}", f"{theirs[-1]:.8g}"]
        pairs = ((own, theirs), (own, exact), (theirs, exact))
        row += [f"{difference(a, b):.1e}" for a, b in pairs]
        say(" ".join(row))
        rows.append(row)
    return (
        f"Losses after {STEPS} steps from the same weights, and the largest relative difference "
        "over these steps:\nbetween the two, and of each from PyTorch in float64.\n\n"
        f"{table(rows)}\n"
    )


def losses(
    peer: Any, source: Any, case: Case, double: bool = False
) -> tuple[list[float], list[float]]:
    """Those of `peer` with the weights that `source` begins with, and those of `source`."""
    other: Training = prepare(source, case.build, case.params)
    training: Training = prepare(peer, case.build, case.params)
    weights = {name: value.numpy().copy() for name, value in other.model.state_dict().items()}
    training.model.load_state_dict({name: peer.tensor(value) for name, value in weights.items()})
    if double:
        training.double()
    return training.losses(STEPS, case.lr), [] if double else other.losses(STEPS, case.lr)


def difference(losses: Sequence[float], others: Sequence[float]) -> float:
    return max(abs(a - b) / abs(b) for a, b in zip(losses, others, strict=True))
