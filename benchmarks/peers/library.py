"""What the themes of cases share: the library, and how it is used."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.peers.inputs import normal

Call = Callable[[], Any]


class Library:
    lib: ModuleType
    optim: dict[str, Any]

    def compile(self, function: Any) -> Any:
        """`function` as the peer compiles it: an eager one leaves it alone."""
        return function

    def whole(self, call: Call) -> Call:
        """A whole call as the peer runs it."""
        return call

    def tensor(self, values: np.ndarray) -> Any:
        return self.lib.from_numpy(values)

    def normal(self, *shape: int, dtype: str = "float32", seed: int = 0) -> Any:
        return self.tensor(normal(*shape, dtype=dtype, seed=seed))
