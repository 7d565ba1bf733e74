"""Making one batch of several samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import wengert
from wengert import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def default_collate(batch: Sequence) -> object:
    """Stacks tensors, arrays and numbers along a new first dimension; of tuples, lists and dicts
    of samples, makes such of batches; strings stay a list."""
    first = batch[0]
    if isinstance(first, Tensor):
        return wengert.stack(list(batch))
    if isinstance(first, float):
        return wengert.tensor(batch, dtype=wengert.float64)
    if isinstance(first, (bool, int)):
        return wengert.tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if hasattr(first, "__array__"):
        return wengert.stack([wengert.as_tensor(x) for x in batch])
    kind: Any = type(first)
    if isinstance(first, Mapping):
        collated = {key: default_collate([sample[key] for sample in batch]) for key in first}
        return collated if type(first) is dict else kind(collated)
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [default_collate(column) for column in zip(*batch, strict=True)]
        if isinstance(first, tuple) and hasattr(first, "_fields"):
            return kind(*columns)
        return columns
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{type(first)}"
    )
