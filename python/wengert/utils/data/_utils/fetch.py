"""Taking the samples of a batch out of a dataset."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from wengert.utils.data.dataset import IterableDataset


def fetcher(
    dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool
) -> Callable[[Any], Any]:
    """A function from the indices of a batch, or one index, to the batch or the sample; it raises
    StopIteration at the end of an iterable dataset, whose batches are as long as the indices."""
    if isinstance(dataset, IterableDataset):
        return _iterable(dataset, batched, collate_fn, drop_last)
    if not batched:
        return lambda index: collate_fn(dataset[index])
    if getattr(dataset, "__getitems__", None):
        return lambda indices: collate_fn(dataset.__getitems__(indices))
    return lambda indices: collate_fn([dataset[i] for i in indices])


def _iterable(
    dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool
) -> Callable[[Any], Any]:
    samples = iter(dataset)
    if not batched:
        return lambda index: collate_fn(next(samples))
    ended = False

    def fetch(indices: Any) -> Any:
        nonlocal ended
        batch = [] if ended else list(islice(samples, len(indices)))
        ended = len(batch) < len(indices)
        if not batch or (drop_last and ended):
            raise StopIteration
        return collate_fn(batch)

    return fetch
