"""The part of a dataset that falls to one of several processes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import wengert
from wengert.utils.data.dataset import Dataset
from wengert.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every ``num_replicas``-th index, from ``rank`` on, of an order that all processes share.

    All get equally many: indices from the front are repeated at the end, or with ``drop_last`` the
    last ones left out. With ``shuffle`` the order follows from ``seed`` and from the epoch.

    Raises ValueError unless ``0 <= rank < num_replicas``; both are taken from the group of
    processes if not given.
    """

    def __init__(
        self,
        dataset: Dataset,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            from wengert import distributed

            num_replicas = distributed.get_world_size() if num_replicas is None else num_replicas
            rank = distributed.get_rank() if rank is None else rank
        if not 0 <= rank < num_replicas:
            raise ValueError(
                f"DistributedSampler: expected a rank in [0, {num_replicas - 1}], got {rank}"
            )
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        self.shuffle = shuffle
        self.seed = seed
        length = len(dataset)
        self.num_samples = length // num_replicas if drop_last else math.ceil(length / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        length = len(self.dataset)
        if self.shuffle:
            generator = wengert.Generator()
            generator.manual_seed(self.seed + self.epoch)
            order = wengert.randperm(length, generator=generator).tolist()
        else:
            order = list(range(length))
        if length:
            order *= math.ceil(self.total_size / length)
        return iter(order[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Makes the next pass shuffle in the order of this epoch."""
        self.epoch = epoch
