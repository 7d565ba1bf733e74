"""Batches of a dataset."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.context import BaseContext
from typing import Any, Generic

from wengert import Generator
from wengert.utils.data._utils.collate import default_collate, default_convert
from wengert.utils.data._utils.iterators import WorkersPass, pass_over
from wengert.utils.data._utils.worker import get_worker_info
from wengert.utils.data.dataset import Dataset, IterableDataset, T_co
from wengert.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class _Endless(Sampler[None]):
    """In place of indices, for datasets that have an order of their own."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


class DataLoader(Generic[T_co]):
    """Goes through a dataset in batches.

    The batches of a TensorDataset are picked out of its tensors whole, on the calling thread,
    unless a sampler, ``collate_fn`` or ``worker_init_fn`` is given.

    Args:
        batch_size: None gives single samples, through ``collate_fn``.
        shuffle: a new random order in each pass.
        sampler: gives the order instead; ``batch_sampler`` gives the batches, too.
        num_workers: this many processes fetch batches ahead; 0 fetches on the calling thread.
        collate_fn: makes a batch of a list of samples: by default `default_collate`, and
            `default_convert` of single samples.
        pin_memory, pin_memory_device: nothing to do on a CPU.
        drop_last: leaves out a last batch that is not full.
        timeout: how many seconds to wait for a batch of a worker; 0 is any number.
        worker_init_fn: called with its number in each worker, after its random numbers are seeded.
        multiprocessing_context: how processes are started, or the name of that; by fork on Linux.
        generator: of the random order and of the seeds of the workers.
        prefetch_factor: batches fetched ahead by each worker (2 if None).
        persistent_workers: the same processes in all passes.
        in_order: False gives batches of workers as they come.

    Exceptions in a worker are raised here, with the worker's traceback in the text, as RuntimeError
    if their type cannot be made of a text. Raises ValueError for options that contradict one
    another, RuntimeError if a worker dies or is too slow.
    """

    _ready = False

    def __init__(
        self,
        dataset: Dataset[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler | Iterable | None = None,
        batch_sampler: Sampler[list] | Iterable[list] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
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
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError("prefetch_factor option needs num_workers > 0")
        if prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError("prefetch_factor option should be non-negative")
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        iterable = isinstance(dataset, IterableDataset)
        if iterable:
            self._refuse_order(shuffle, sampler, batch_sampler)
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
                    "and drop_last"
                )
            batch_size, drop_last = None, False
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with "
                "drop_last"
            )
        order: Any = sampler
        if sampler is None:
            if iterable:
                order = _Endless()
            elif shuffle:
                order = RandomSampler(dataset, generator=generator)
            else:
                order = SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(order, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = order
        self.batch_sampler = batch_sampler
        self.generator = generator
        if collate_fn is None:
            collate_fn = default_collate if self._auto_collation else default_convert
        self.collate_fn: Any = collate_fn
        self.persistent_workers = persistent_workers
        self._iterable_length: int | None = None  # that was said, if anybody has asked
        self._iterator: Any = None
        self._ready = True
        self.check_worker_number_rationality()

    @staticmethod
    def _refuse_order(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
        given = {
            "shuffle": None if shuffle is False else shuffle,
            "sampler": sampler,
            "batch_sampler": batch_sampler,
        }
        for name, value in given.items():
            if value is not None:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected no {name} option, since the "
                    f"dataset itself gives the order, but got {name}={value}"
                )

    @property
    def multiprocessing_context(self) -> Any:
        """How worker processes are started; None is the default."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: Any) -> None:
        if context is not None:
            import multiprocessing

            if self.num_workers == 0:
                raise ValueError("multiprocessing_context option needs num_workers > 0")
            if isinstance(context, str):
                methods = multiprocessing.get_all_start_methods()
                if context not in methods:
                    raise ValueError(
                        f"multiprocessing_context option: expected one of {methods}, got "
                        f"{context!r}"
                    )
                context = multiprocessing.get_context(context)
            if not isinstance(context, BaseContext):
                raise TypeError(
                    "multiprocessing_context option: expected a context or the name of a start "
                    f"method, got {context!r}"
                )
        self._context = context

    def __setattr__(self, name: str, value: Any) -> None:
        if self._ready and name in _FIXED:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized; "
                "make a new one"
            )
        super().__setattr__(name, value)

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        length = self._iterable_length = len(self.dataset)
        if self.batch_size is None:
            return length
        full, rest = divmod(length, self.batch_size)
        return full + (1 if rest and not self.drop_last else 0)

    def _get_iterator(self) -> Any:
        return pass_over(self)

    def __iter__(self) -> Iterator[Any]:
        if not self.persistent_workers:
            return self._get_iterator()
        if isinstance(self._iterator, WorkersPass):
            self._iterator.reset()
        else:
            self._iterator = self._get_iterator()
        return self._iterator

    def check_worker_number_rationality(self) -> None:
        """Warns of more workers than there are processors to run on."""
        if hasattr(os, "sched_getaffinity"):
            processors = len(os.sched_getaffinity(0))
        else:
            processors = os.cpu_count() or 1
        if self.num_workers > processors:
            warnings.warn(
                f"DataLoader: {self.num_workers} workers on {processors} processors may be slower "
                "than fewer",
                stacklevel=3,
            )
