"""What a worker process does."""

from __future__ import annotations

import os
import random
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from queue import SimpleQueue
from typing import Any

import numpy as np

import wengert
from wengert.utils.data._utils import transfer
from wengert.utils.data._utils.fetch import fetcher
from wengert.utils.data.dataset import IterableDataset

# How often, in seconds, a process looks whether the others are still there.
INTERVAL = 5.0


@dataclass(frozen=True)
class WorkerInfo:
    """About the worker process in which this is asked.

    Attributes:
        id: its number, from 0.
        num_workers: how many there are.
        seed: of the random numbers of this worker.
        dataset: the worker's copy of the dataset.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: Any = None
    worker_method: str | None = "multiprocessing"


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """About the worker process that calls this; None in other processes."""
    return _info


class _Text(str):
    """A text that KeyError shows with its line ends."""

    def __repr__(self) -> str:
        return str(self)


class Failure:
    """An exception that goes to another process."""

    def __init__(self, error: BaseException, where: str) -> None:
        self.kind: type[BaseException] = type(error)
        trace = "".join(traceback.format_exception(error))
        self.text = f"Caught {self.kind.__name__} {where}.\nOriginal {trace}"

    def reraise(self) -> None:
        """Raises it anew, as RuntimeError if its type cannot be made of a text."""
        try:
            if self.kind is KeyError:
                error: BaseException = KeyError(_Text(self.text))
            elif getattr(self.kind, "message", None):
                error = self.kind(message=self.text)  # type: ignore[call-arg]
            else:
                error = self.kind(self.text)
        except Exception:
            error = RuntimeError(self.text)
        raise error


class End:
    """In place of a batch: the iterable dataset of this worker is at its end."""


@dataclass
class Job:
    """What all workers of a loader are given."""

    dataset: Any
    batched: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    init_fn: Callable[[int], Any] | None


class _Tasks:
    """The tasks sent to this worker. A thread takes them at once, so that the parent is never held
    up by a worker that is itself held up sending a batch."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.waiting: SimpleQueue[Any] = SimpleQueue()
        self.current = 0  # the pass that the last task belongs to
        self.parent = os.getppid()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            while True:
                if wait([self.source], INTERVAL):
                    task = transfer.receive(self.source)
                    self.current = task[0]
                    self.waiting.put(task)
                elif os.getppid() != self.parent:
                    os._exit(1)
        except (EOFError, OSError):
            pass
        finally:
            self.waiting.put(None)


def _seed(base: int, worker: int) -> int:
    seed = base + worker
    random.seed(seed)
    wengert.manual_seed(seed)
    words = np.random.SeedSequence([worker, base & 0xFFFFFFFF, base >> 32, 0])
    np.random.seed(words.generate_state(4))
    return seed


def work(
    ends: Any, inherited: list, parcel: transfer.Parcel, worker: int, workers: int, base_seed: int
) -> None:
    """Takes tasks (pass, number, indices) from the socket and sends (pass, number, batch) back; a
    task without a number begins a pass. Ends when the parent closes its end.

    Args:
        inherited: ends of the parent, to be closed here where the process was forked.
    """
    global _info
    for s in inherited:
        s.close()
    job: Job = parcel.content
    where = f"in DataLoader worker process {worker}"
    try:
        wengert.set_num_threads(1)
        tasks = _Tasks(ends)
        seed = _seed(base_seed, worker)
        _info = WorkerInfo(worker, workers, seed, job.dataset)
        broken: Failure | None = None
        try:
            if job.init_fn is not None:
                job.init_fn(worker)
        except Exception as e:
            broken = Failure(e, where)
        fetch: Any = None
        ended = False
        while (task := tasks.waiting.get()) is not None:
            number_of_pass, number, indices = task
            if number is None:
                fetch, ended = None, False
            elif number_of_pass == tasks.current:
                result: Any
                try:
                    if fetch is None and broken is None:
                        fetch = fetcher(job.dataset, job.batched, job.collate_fn, job.drop_last)
                    result = broken or (End() if ended else fetch(indices))
                except StopIteration as e:
                    ended = isinstance(job.dataset, IterableDataset)
                    result = End() if ended else Failure(e, where)
                except Exception as e:
                    result = Failure(e, where)
                _answer(ends, (number_of_pass, number, result), where)
                del result
    except (KeyboardInterrupt, ConnectionError):
        pass


def _answer(to: Any, message: tuple, where: str) -> None:
    try:
        transfer.send(to, message)
    except ConnectionError:
        raise
    except Exception as e:  # it cannot be pickled
        failure = message[2] if isinstance(message[2], Failure) else Failure(e, where)
        try:
            transfer.send(to, (*message[:2], failure))
        except ConnectionError:
            raise
        except Exception:
            failure.kind = RuntimeError  # a type that the parent cannot name
            transfer.send(to, (*message[:2], failure))
