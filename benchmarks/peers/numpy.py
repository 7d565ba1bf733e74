"""NumPy: no gradients, so only what needs none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cases import MANY
from benchmarks.peers.inputs import normal


class Numpy:
    """Threads of its BLAS are set by the environment of the process."""

    version = np.__version__

    def add(self, record: bool = False) -> Callable[[], Any] | None:
        if record:
            return None
        a, b = normal(4, 4), normal(4, 4, seed=1)

        def call() -> None:
            for _ in range(MANY):
                a + b

        return call

    def gemm(self, n: int, dtype: str) -> Callable[[], Any]:
        a, b = normal(n, n, dtype=dtype), normal(n, n, dtype=dtype, seed=1)
        return lambda: a @ b


def load(threads: int) -> Numpy:
    return Numpy()
