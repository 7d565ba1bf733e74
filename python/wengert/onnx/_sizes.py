"""Sizes that follow from those of dynamic axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import prod


@dataclass(frozen=True)
class Size:
    """An integer of a program that differs between its recordings: one sample of each."""

    samples: tuple[int, ...]

    def __add__(self, other: Dim) -> Dim:
        return merged([a + b for a, b in zip(self.samples, samples_of(other, len(self.samples)))])

    def __sub__(self, other: Dim) -> Dim:
        return merged([a - b for a, b in zip(self.samples, samples_of(other, len(self.samples)))])

    def __mul__(self, other: Dim) -> Dim:
        return merged([a * b for a, b in zip(self.samples, samples_of(other, len(self.samples)))])

    __radd__ = __add__
    __rmul__ = __mul__


Dim = int | Size


def samples_of(value: Dim, count: int) -> tuple[int, ...]:
    """What the value is in each recording."""
    return value.samples if isinstance(value, Size) else (value,) * count


def merged(samples: Sequence[int]) -> Dim:
    """The value that has these samples."""
    same = all(s == samples[0] for s in samples)
    return samples[0] if same else Size(tuple(samples))


def product(dims: Sequence[Dim]) -> Dim:
    """The number of elements of a shape."""
    total: Dim = 1
    for d in dims:
        total = d * total if isinstance(d, Size) else total * d
    return total


class Symbols:
    """The dynamic axes, and the sizes to record with.

    Sizes are polynomials of the axes' sizes in which each appears at most once per term, with terms
    of at most two: recordings with one and with two of them changed determine it, and a last one
    with all of them changed checks it.

    Args:
        base: the size of each axis in the first recording.
        doubling: whether sizes change to multiples of what they were, not by one.
    """

    def __init__(self, base: Sequence[int], doubling: bool = False) -> None:
        self.base = tuple(base)
        self._step = self.base if doubling else (1,) * len(base)
        self._groups = [g for n in range(min(len(base), 2) + 1) for g in self._subsets(n)]
        self.recordings = [self._moved(dict.fromkeys(g, 1)) for g in self._groups]
        if base:
            # Different multiples, so that no two axes stay in proportion.
            self.recordings.append(self._moved({i: 2 + i for i in range(len(base))}))

    def _subsets(self, n: int) -> list[tuple[int, ...]]:
        return list(combinations(range(len(self.base)), n))

    def _moved(self, steps: dict[int, int]) -> tuple[int, ...]:
        return tuple(b + steps.get(i, 0) * self._step[i] for i, b in enumerate(self.base))

    def samples(self, symbol: int) -> Size:
        return Size(tuple(r[symbol] for r in self.recordings))

    def polynomial(self, size: Size) -> dict[tuple[int, ...], Fraction] | None:
        """Coefficients by the axes in the term; None if it is no such polynomial."""
        terms: dict[tuple[int, ...], Fraction] = {}
        value = dict(zip(self._groups, size.samples))
        for group in self._groups:
            # The mixed difference of the samples is that of the terms with the whole group.
            difference = sum(
                (-1) ** (len(group) - n) * value[part]
                for n in range(len(group) + 1)
                for part in combinations(group, n)
            )
            scale = Fraction(difference, prod(self._step[i] for i in group))
            # scale * product of (axis - base) over the group, multiplied out.
            for n in range(len(group) + 1):
                for kept in combinations(group, n):
                    rest = prod(-self.base[i] for i in group if i not in kept)
                    terms[kept] = terms.get(kept, Fraction(0)) + scale * rest
        last = self.recordings[-1]
        if sum(c * prod(last[i] for i in g) for g, c in terms.items()) != size.samples[-1]:
            return None
        return {g: c for g, c in terms.items() if c}
