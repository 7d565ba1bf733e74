"""Sequences of different lengths: padded to one length, or packed without padding."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import wengert
from wengert import Tensor
from wengert import _ops as _C

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences step by step, those of equal step side by side, without padding.

    Attributes:
        data: (sum of lengths, ...): the elements of step 0, then those of step 1, and so on.
        batch_sizes: int64, how many sequences have an element at each step.
        sorted_indices: the order of falling length, None where they came in it.
        unsorted_indices: the order that undoes it.

    Made by `pack_padded_sequence` and `pack_sequence`.
    """

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with ``data.to(*args, **kwargs)``; itself where that changes nothing."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        return type(self)(data, *self[1:])

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Itself."""
        return self.to(*args, **kwargs)

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """An error: there is no such device."""
        return type(self)(self.data.cuda(*args, **kwargs), *self[1:])

    def pin_memory(self) -> PackedSequence:
        """An error: there is no device to copy to."""
        raise RuntimeError("pin_memory: wengert is a CPU engine; there is nothing to pin it for")

    def double(self) -> PackedSequence:
        """The same with data of float64."""
        return self.to(dtype=wengert.float64)

    def float(self) -> PackedSequence:
        """The same with data of float32."""
        return self.to(dtype=wengert.float32)

    def half(self) -> PackedSequence:
        """The same with data of float16."""
        return self.to(dtype=wengert.float16)

    def long(self) -> PackedSequence:
        """The same with data of int64."""
        return self.to(dtype=wengert.int64)

    def int(self) -> PackedSequence:
        """The same with data of int32."""
        return self.to(dtype=wengert.int32)

    def short(self) -> PackedSequence:
        """The same with data of int16."""
        return self.to(dtype=wengert.int16)

    def char(self) -> PackedSequence:
        """The same with data of int8."""
        return self.to(dtype=wengert.int8)

    def byte(self) -> PackedSequence:
        """The same with data of uint8."""
        return self.to(dtype=wengert.uint8)

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a GPU: never."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """Whether the data is in pinned memory: never."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The order that undoes ``permutation``."""
    if permutation is None:
        return None
    return _C.empty_like(permutation).scatter_(
        0, permutation, wengert.arange(permutation.numel(), dtype=permutation.dtype)
    )


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | list[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Packs the first ``lengths[i]`` elements of each padded sequence.

    Args:
        input: (steps, N, ...), or (N, steps, ...) with ``batch_first``.
        lengths: N positive numbers, with ``enforce_sorted`` not growing.
        enforce_sorted: raise RuntimeError if lengths grow; otherwise the sequences are sorted.
    """
    counts = wengert.as_tensor(lengths).to(dtype=wengert.int64)
    if counts.ndim != 1:
        raise RuntimeError(
            f"pack_padded_sequence: expected lengths of 1 dimension, but got {counts.ndim}"
        )
    batch = input.size(0 if batch_first else 1)
    if input.numel() == 0:
        raise RuntimeError("pack_padded_sequence: cannot pack an empty tensor")
    if counts.numel() != batch:
        raise RuntimeError(
            f"pack_padded_sequence: expected a length for each of {batch} sequences, but got "
            f"{counts.numel()}"
        )
    sorted_indices = None
    if not enforce_sorted:
        counts, sorted_indices = counts.sort(descending=True)
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    if batch_first:
        input = input.transpose(0, 1)
    known = counts.tolist()
    if any(a < b for a, b in pairwise(known)):
        raise RuntimeError(
            "pack_padded_sequence: expected lengths that do not grow; sort the sequences, or use "
            "enforce_sorted=False"
        )
    if known[-1] <= 0 or known[0] > input.size(0):
        raise RuntimeError(
            f"pack_padded_sequence: expected lengths from 1 to {input.size(0)}, the steps of the "
            f"input, but got {known}"
        )
    within = wengert.arange(known[0]).unsqueeze(1) < counts
    data = input[: known[0]][within] if known[0] != known[-1] else input[: known[0]].flatten(0, 1)
    return PackedSequence(data, within.sum(1), sorted_indices, None)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The sequences padded with ``padding_value``, in their first order, and their lengths.

    Args:
        batch_first: give (N, steps, ...) instead of (steps, N, ...).
        total_length: pad to that many steps, at least those of the longest sequence.
    """
    data, batch_sizes, _, unsorted_indices = sequence
    steps = batch_sizes.size(0)
    if total_length is not None:
        if total_length < steps:
            raise ValueError(
                f"pad_packed_sequence: expected total_length to be at least {steps}, the length "
                f"of the longest sequence, but got {total_length}"
            )
        steps = total_length
    within = wengert.arange(int(batch_sizes[0])) < batch_sizes.unsqueeze(1)
    lengths = within.sum(0)
    if steps > len(within):
        within = _C.cat([within, within.new_zeros((steps - len(within), within.size(1)))])
    padded = wengert.full((*within.shape, *data.shape[1:]), padding_value, dtype=data.dtype)
    padded[within] = data
    if unsorted_indices is not None:
        padded = padded.index_select(1, unsorted_indices)
        lengths = lengths[unsorted_indices]
    return (padded.transpose(0, 1) if batch_first else padded), lengths


def pad_sequence(
    sequences: Tensor | list[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences (length, ...) side by side: (longest, N, ...), or (N, longest, ...).

    Args:
        batch_first: which of the two.
        padding_side: where padding_value goes, "right" (the end) or "left".
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: expected an iterable of sequences, but got {type(sequences).__name__}"
        )
    listed = list(sequences)
    if not listed:
        raise RuntimeError("pad_sequence: received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"pad_sequence: expected padding_side 'left' or 'right', but got {padding_side!r}"
        )
    for s in listed:
        if not isinstance(s, Tensor):
            raise TypeError(f"pad_sequence: expected tensors, but got {type(s).__name__}")
    lengths = [s.size(0) for s in listed]
    longest, rest = max(lengths), tuple(listed[0].shape[1:])
    columns = []
    for s, n in zip(listed, lengths):
        s = s.to(listed[0].dtype)
        if tuple(s.shape[1:]) != rest:
            try:
                s = s.expand(n, *rest)
            except ValueError as e:
                raise RuntimeError(f"pad_sequence: {e}") from None
        if n < longest:
            padding = s.new_full((longest - n, *rest), padding_value)
            s = _C.cat([padding, s] if padding_side == "left" else [s, padding])
        columns.append(s)
    return _C.stack(columns, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The first ``lengths[i]`` elements of each padded sequence."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    if len(rows) != len(lengths):
        raise ValueError(
            f"unpad_sequence: expected a length for each of {len(rows)} sequences, but got "
            f"{len(lengths)}"
        )
    return [row[: max(n, 0)] for row, n in zip(rows.unbind(0), lengths.tolist())]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Packs sequences (length, ...), with ``enforce_sorted`` in order of falling length."""
    lengths = wengert.as_tensor([s.size(0) for s in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed, in their first order."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
