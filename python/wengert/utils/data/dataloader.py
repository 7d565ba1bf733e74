"""Batches of a dataset."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import wengert
from wengert import Generator, Tensor
from wengert.utils.data.collate import default_collate
from wengert.utils.data.dataset import Dataset, IterableDataset, Subset, TensorDataset
from wengert.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _first(samples: list) -> object:
    return samples[0]


class DataLoader:
    """Goes through a dataset in batches.

    Args:
        batch_size: None gives single samples as they are.
        shuffle: a new random order in each pass.
        sampler: gives the order instead; ``batch_sampler`` gives the batches, too.
        num_workers: this many threads read batches ahead, in order; of a TensorDataset, whose
            batches are picked out whole, they are not needed and not started.
        collate_fn: makes a batch of a list of samples.
        drop_last: leaves out a last batch that is not full.
        prefetch_factor: batches read ahead by each worker (2 if None).
        worker_init_fn: called with its number by each worker as it starts.
        pin_memory, timeout, multiprocessing_context, persistent_workers, pin_memory_device,
            in_order: accepted; they change nothing.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Callable[[list], object] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: object = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if num_workers < 0:
            raise ValueError(
                "num_workers option should be non-negative; use num_workers=0 to load on the "
                "calling thread"
            )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        iterable = isinstance(dataset, IterableDataset)
        if iterable and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError(
                "DataLoader with IterableDataset: expected no shuffle, sampler or batch_sampler, "
                "since the dataset itself gives the order"
            )
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
                    "and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with "
                "drop_last"
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.num_workers = num_workers
        self.generator = generator
        self.prefetch_factor = prefetch_factor
        self.worker_init_fn = worker_init_fn
        self.pin_memory = pin_memory
        self.timeout = timeout
        if sampler is None and not iterable:
            if shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        self.sampler = sampler
        if batch_sampler is None and batch_size is not None and not iterable:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_sampler = batch_sampler
        batched = batch_sampler is not None or batch_size is not None
        if collate_fn is None:
            collate_fn = default_collate if batched else _first
        self.collate_fn: Any = collate_fn
        self._batched = batched

    def __len__(self) -> int:
        if self.batch_sampler is not None:
            return len(self.batch_sampler)
        if self.sampler is not None:
            return len(self.sampler)
        if self.batch_size is None:
            return len(self.dataset)
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (1 if rest and not self.drop_last else 0)

    def __iter__(self) -> Iterator:
        if isinstance(self.dataset, IterableDataset):
            return self._iterable_batches()
        if self.batch_sampler is not None and self.collate_fn is default_collate:
            source, rows = self.dataset, None
            if type(source) is Subset and type(source.dataset) is TensorDataset:
                rows = wengert.as_tensor(source.indices, dtype=wengert.int64)
                source = source.dataset
            if type(source) is TensorDataset:
                return _tensor_batches(source.tensors, rows, self.batch_sampler)
        indices: Any = self.batch_sampler if self._batched else ([i] for i in self.sampler)
        if self.num_workers == 0:
            return map(self._load, indices)
        return self._load_ahead(indices)

    def _load(self, indices: list[int]) -> object:
        dataset = self.dataset
        if self._batched and hasattr(dataset, "__getitems__"):
            samples = dataset.__getitems__(indices)
        else:
            samples = [dataset[i] for i in indices]
        if not self._batched and self.collate_fn is not _first:
            return self.collate_fn(samples[0])
        return self.collate_fn(samples)

    def _load_ahead(self, indices: Iterable[list[int]]) -> Iterator:
        from concurrent.futures import ThreadPoolExecutor
        from itertools import count

        start, number = self.worker_init_fn, count()
        pool = ThreadPoolExecutor(
            self.num_workers, initializer=None if start is None else lambda: start(next(number))
        )
        ahead = self.num_workers * (2 if self.prefetch_factor is None else self.prefetch_factor)
        pending: deque = deque()
        try:
            for batch in indices:
                pending.append(pool.submit(self._load, batch))
                if len(pending) > ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _iterable_batches(self) -> Iterator:
        samples = iter(self.dataset)
        if self.batch_size is None:
            for sample in samples:
                yield sample if self.collate_fn is _first else self.collate_fn(sample)
            return
        while batch := list(islice(samples, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.collate_fn(batch)


def _tensor_batches(
    tensors: tuple[Tensor, ...], rows: Tensor | None, batches: Any
) -> Iterator[list[Tensor]]:
    """The batches of a TensorDataset (or of those ``rows`` of it), each picked out of each tensor
    by one operation."""
    sampler: Any = getattr(batches, "sampler", None)
    if type(batches) is not BatchSampler or type(sampler) not in (
        RandomSampler,
        SequentialSampler,
    ):
        for batch in batches:
            index = wengert.tensor(batch, dtype=wengert.int64)
            if rows is not None:
                index = rows[index]
            yield [t.index_select(0, index) for t in tensors]
        return
    size, count = batches.batch_size, len(sampler)
    if batches.drop_last:
        count -= count % size
    order = rows
    if type(sampler) is RandomSampler and count:
        order = sampler.draw() if rows is None else rows[sampler.draw()]
    for begin in range(0, count, size):
        end = min(begin + size, count)
        if order is None:
            yield [t[begin:end].clone() for t in tensors]
        else:
            index = order[begin:end]
            yield [t.index_select(0, index) for t in tensors]
