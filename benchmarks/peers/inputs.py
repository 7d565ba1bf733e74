"""The numbers every peer is given."""

from __future__ import annotations

from typing import Any

import numpy as np


def normal(*shape: int, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def labels(n: int, classes: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, classes, n)


def letters(batch: int, steps: int, vocabulary: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, vocabulary, (batch, steps))


def lengths(batch: int, longest: int) -> np.ndarray:
    """Evenly over 1 to `longest`, which one of them has."""
    values = np.random.default_rng(3).integers(1, longest + 1, batch)
    values[batch // 2] = longest
    return values


def trees(count: int, words: int, fewest: int = 4, most: int = 20) -> list[Any]:
    """Binary trees of `fewest` to `most` words: a node is a word or a pair of nodes."""
    rng = np.random.default_rng(4)

    def grow(leaves: int) -> Any:
        if leaves == 1:
            return int(rng.integers(words))
        left = int(rng.integers(1, leaves))
        return grow(left), grow(leaves - left)

    return [grow(int(rng.integers(fewest, most + 1))) for _ in range(count)]
