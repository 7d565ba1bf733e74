"""Many tensors as one flat one, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wengert import _core
from wengert._tensor import Tensor


def _flatten_dense_tensors(tensors: Sequence[Tensor]) -> Tensor:
    """The elements of all tensors, of one dtype, behind one another."""
    return _core.ops.cat([t.reshape(-1) for t in tensors])


def _unflatten_dense_tensors(flat: Tensor, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Views of the parts of ``flat``, with the shapes of the tensors.

    Raises RuntimeError unless ``flat`` has as many elements as all of them.
    """
    total = sum(t.numel() for t in tensors)
    if flat.ndim != 1 or total > flat.numel():
        raise RuntimeError(
            f"_unflatten_dense_tensors: expected at least {total} elements in one dimension, got "
            f"shape {tuple(flat.shape)}"
        )
    parts, start = [], 0
    for t in tensors:
        parts.append(flat[start : start + t.numel()].view(t.shape))
        start += t.numel()
    return tuple(parts)


def _take_tensors(tensors: Sequence[Tensor], size_limit: int) -> Iterator[list[Tensor]]:
    """The tensors in groups of one dtype and at most ``size_limit`` bytes, where they fit."""
    open_groups: dict[object, tuple[list[Tensor], int]] = {}
    for t in tensors:
        group, nbytes = open_groups.get(t.dtype, ([], 0))
        if group and nbytes + t.nbytes > size_limit:
            yield group
            group, nbytes = [], 0
        group.append(t)
        open_groups[t.dtype] = group, nbytes + t.nbytes
    for group, _ in open_groups.values():
        yield group
