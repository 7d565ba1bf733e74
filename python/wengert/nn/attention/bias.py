"""Causal masks that are not square."""

from __future__ import annotations

import warnings
from enum import IntEnum, auto

import wengert
from wengert import Tensor

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


class CausalVariant(IntEnum):
    """The corner of the mask from which the diagonal starts."""

    UPPER_LEFT = auto()
    LOWER_RIGHT = auto()


class CausalBias(Tensor):
    """A boolean mask for attention, true where a query sees a key.

    Args:
        variant: query i sees the keys up to i, or the last query sees the last key.
        seq_len_q: number of queries.
        seq_len_kv: number of keys.
    """

    variant: CausalVariant
    seq_len_q: int
    seq_len_kv: int

    def __new__(cls, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> CausalBias:
        if not isinstance(variant, CausalVariant):
            raise AssertionError(
                f"CausalBias: expected a CausalVariant, got {type(variant).__name__}"
            )
        lower = variant == CausalVariant.LOWER_RIGHT
        if lower and seq_len_q > seq_len_kv:
            warnings.warn(
                f"CausalBias: the first {seq_len_q - seq_len_kv} queries see no key", stacklevel=2
            )
        seen = wengert.ones(seq_len_q, seq_len_kv, dtype=wengert.bool)
        self = Tensor._make_subclass(cls, seen.tril(seq_len_kv - seq_len_q if lower else 0), False)
        self.variant = variant
        self.seq_len_q = seq_len_q
        self.seq_len_kv = seq_len_kv
        return self


def causal_upper_left(*size: int) -> CausalBias:
    """Query i sees the keys 0 to i."""
    return _made(CausalVariant.UPPER_LEFT, size)


def causal_lower_right(*size: int) -> CausalBias:
    """The last query sees every key, each before it one less."""
    return _made(CausalVariant.LOWER_RIGHT, size)


def _made(variant: CausalVariant, size: tuple[int, ...]) -> CausalBias:
    if len(size) != 2:
        raise AssertionError(f"expected the numbers of queries and keys, got {size}")
    return CausalBias(variant, *size)
