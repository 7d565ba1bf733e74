"""Whether training goes as with PyTorch: the losses of both from the same weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.cases import Case
from benchmarks.peers.training import Training
from benchmarks.report import table
from benchmarks.worker import load, prepare

STEPS = 20


def report(cases: Sequence[Case], threads: int, say: Callable[[str], None]) -> str:
    """A table of the last losses and of the largest differences over all steps."""
    own, torch = (load(name, threads) for name in ("wengert", "torch"))
    rows = [["case", "wengert", "torch", "difference", "wengert off by", "torch off by"]]
    for case in cases:
        given = training(torch, case)
        weights = {name: v.numpy().copy() for name, v in given.model.state_dict().items()}
        exact = training(torch, case, weights)
        exact.double()
        mine, theirs, true = (
            t.losses(STEPS, case.lr) for t in (training(own, case, weights), given, exact)
        )
        pairs = ((mine, theirs), (mine, true), (theirs, true))
        rows.append(
            [case.name, f"{mine[-1]:.8g}", f"{theirs[-1]:.8g}"]
            + [f"{difference(a, b):.1e}" for a, b in pairs]
        )
        say(" ".join(rows[-1]))
    return (
        f"Losses after {STEPS} steps from the same weights, and the largest relative difference "
        "over these steps: between the two, and of each from PyTorch in float64.\n\n"
        f"{table(rows)}\n"
    )


def training(peer: Any, case: Case, weights: dict[str, np.ndarray] | None = None) -> Training:
    result: Training = prepare(peer, case.build, case.params)
    if weights:
        tensors = {name: peer.tensor(values) for name, values in weights.items()}
        result.model.load_state_dict(tensors)
    return result


def difference(losses: Sequence[float], others: Sequence[float]) -> float:
    return max(abs(a - b) / abs(b) for a, b in zip(losses, others, strict=True))
