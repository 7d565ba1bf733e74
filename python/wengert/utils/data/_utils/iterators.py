"""Passes over a loader."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import wengert
from wengert import Tensor
from wengert.utils.data._utils import collate
from wengert.utils.data._utils.crew import Crew, default_context
from wengert.utils.data._utils.fetch import fetcher
from wengert.utils.data._utils.worker import End, Failure, Job
from wengert.utils.data.dataset import Subset, TensorDataset
from wengert.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler

if TYPE_CHECKING:
    from wengert.utils.data.dataloader import DataLoader


class _Pass:
    """One pass over a loader; `_next` gives its batches."""

    def __init__(self, loader: DataLoader) -> None:
        self._loader = loader
        self._begin()
        # Drawn whether or not there are workers, so that samplers see the same random numbers;
        # persistent ones keep the seed of their first pass.
        if loader._iterator is None:
            drawn = wengert.empty((), dtype=wengert.int64).random_(generator=loader.generator)
            self._base_seed = int(drawn.item())
        else:
            self._base_seed = loader._iterator._base_seed

    def _begin(self) -> None:
        self._indices = iter(self._loader._index_sampler)
        self._given = 0
        self._promised = self._loader._iterable_length

    def __iter__(self) -> Iterator:
        return self

    def __len__(self) -> int:
        return len(self._loader._index_sampler)

    def _next(self) -> Any:
        raise NotImplementedError

    def __next__(self) -> Any:
        batch = self._next()
        self._given += 1
        if self._promised is not None and self._given > self._promised:
            warnings.warn(
                f"DataLoader: {self._given} batches or samples of an IterableDataset, whose length "
                f"was reported to be {self._promised}; workers must share it out among themselves",
                stacklevel=2,
            )
        return batch


class SinglePass(_Pass):
    """Fetches on the calling thread."""

    def _begin(self) -> None:
        super()._begin()
        loader = self._loader
        self._fetch = fetcher(
            loader.dataset, loader._auto_collation, loader.collate_fn, loader.drop_last
        )

    def _next(self) -> Any:
        return self._fetch(next(self._indices))


class WorkersPass(_Pass):
    """Has worker processes fetch ahead."""

    def __init__(self, loader: DataLoader) -> None:
        super().__init__(loader)
        if not loader.prefetch_factor:
            raise AssertionError("DataLoader: workers need a prefetch_factor greater than 0")
        self._number = 0
        self._start()
        job = Job(
            loader.dataset,
            loader._auto_collation,
            loader.collate_fn,
            loader.drop_last,
            loader.worker_init_fn,
        )
        context = loader.multiprocessing_context or default_context()
        self._crew = Crew(context, job, self._workers, self._base_seed)
        self._fill()

    def _start(self) -> None:
        self._workers = self._loader.num_workers
        self._ended = [False] * self._workers
        self._sent = 0
        self._turn = 0
        self._pending: dict[int, int] = {}  # tasks in order -> their workers
        self._results: dict[int, Any] = {}
        self._exhausted = False
        self._broken = ""

    def reset(self) -> None:
        """Begins a new pass with the same workers."""
        if self._broken:
            raise RuntimeError(self._broken)
        self._begin()
        self._start()
        self._number += 1
        for i in range(self._workers):
            self._crew.send(i, (self._number, None, None))
        self._fill()

    def _next_worker(self) -> int | None:
        """Who gets the next task: in order, each in turn; else who has least to do."""
        able = [i for i in range(self._workers) if not self._ended[i]]
        if not able:
            return None
        if not self._loader.in_order:
            load = list(self._pending.values())
            return min(able, key=load.count)
        while self._ended[self._turn]:
            self._turn = (self._turn + 1) % self._workers
        chosen = self._turn
        self._turn = (self._turn + 1) % self._workers
        return chosen

    def _fill(self) -> None:
        most = (self._loader.prefetch_factor or 0) * self._workers
        while not self._exhausted and len(self._pending) < most:
            worker = self._next_worker()
            if worker is None:
                return
            try:
                indices = next(self._indices)
            except StopIteration:
                self._exhausted = True
                return
            self._pending[self._sent] = worker
            self._crew.send(worker, (self._number, self._sent, indices))
            self._sent += 1

    def _next(self) -> Any:
        if self._broken:
            raise RuntimeError(self._broken)
        while True:
            if not self._pending:
                if not self._loader.persistent_workers:
                    self._crew.close()
                raise StopIteration
            first = next(iter(self._pending if self._loader.in_order else self._results), None)
            if first is None or first not in self._results:
                self._receive()
                continue
            worker = self._pending.pop(first)
            result = self._results.pop(first)
            if isinstance(result, End):
                self._ended[worker] = True
            self._fill()
            if isinstance(result, Failure):
                result.reraise()
            elif not isinstance(result, End):
                return result

    def _receive(self) -> None:
        timeout = self._loader.timeout
        try:
            for _, (of, number, result) in self._crew.receive(timeout):
                if of == self._number:
                    self._results[number] = result
        except BaseException as e:
            # After a timeout one may go on; else messages may be lost.
            if not str(e).startswith("DataLoader timed out"):
                self._broken = str(e) or "DataLoader: receiving from the workers was interrupted"
                self._crew.close()
            raise


class TensorsPass(_Pass):
    """Picks each batch of a TensorDataset out of each tensor by one operation."""

    def __init__(self, loader: DataLoader, tensors: tuple[Tensor, ...], rows: Tensor | None):
        super().__init__(loader)
        self._batches = _picked(tensors, rows, loader.batch_sampler)

    def _next(self) -> Any:
        return next(self._batches)

    def __next__(self) -> list[Tensor]:
        return next(self._batches)


def tensors_pass(loader: DataLoader) -> TensorsPass | None:
    """A pass of the fast kind, if that gives what any other would."""
    batches: Any = loader.batch_sampler
    if (
        loader.collate_fn is not collate.default_collate
        or type(batches) is not BatchSampler
        or type(batches.sampler) not in (RandomSampler, SequentialSampler)
        or (loader.num_workers and loader.worker_init_fn is not None)
        or not collate.is_original()
    ):
        return None
    source: Any = loader.dataset
    rows: Any = None
    if type(source) is Subset:
        rows, source = source.indices, source.dataset
    if type(source) is not TensorDataset or any(type(t) is not Tensor for t in source.tensors):
        return None
    count = len(source)
    if len(batches.sampler.data_source) != len(loader.dataset):
        return None
    if rows is not None:
        if type(rows) is not list or any(type(i) is not int or not 0 <= i < count for i in rows):
            return None
        rows = wengert.tensor(rows, dtype=wengert.int64)
    return TensorsPass(loader, source.tensors, rows)


def _picked(
    tensors: tuple[Tensor, ...], rows: Tensor | None, batches: Any
) -> Iterator[list[Tensor]]:
    size, sampler = batches.batch_size, batches.sampler
    count = len(sampler)
    if batches.drop_last:
        count -= count % size
    order = rows
    if type(sampler) is RandomSampler:
        order = sampler.draw() if rows is None else rows[sampler.draw()]
    for begin in range(0, count, size):
        end = min(begin + size, count)
        if order is None:
            yield [t[begin:end].clone() for t in tensors]
        else:
            index = order[begin:end]
            yield [t.index_select(0, index) for t in tensors]


def pass_over(loader: DataLoader) -> _Pass:
    """A new pass."""
    picked = tensors_pass(loader)
    if picked is not None:
        return picked
    return SinglePass(loader) if loader.num_workers == 0 else WorkersPass(loader)
