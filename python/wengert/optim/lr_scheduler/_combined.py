"""Several schedulers in turn or at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from wengert.optim.lr_scheduler._base import LRScheduler, set_lr
from wengert.optim.lr_scheduler._plateau import ReduceLROnPlateau
from wengert.optim.optimizer import Optimizer


def check_schedulers(name: str, schedulers: Sequence, optimizer: Optimizer | None) -> None:
    """Raises unless they can be stepped without arguments and share the optimizer."""
    if len(schedulers) < 1:
        raise ValueError(f"{name} expects at least one scheduler, but got no scheduler.")
    for i, scheduler in enumerate(schedulers):
        if not hasattr(scheduler, "optimizer"):
            raise TypeError(f"{name} at index {i} should have `optimizer` as its attribute.")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ValueError(
                f"{name} does not support `ReduceLROnPlateau`, whose `step` needs the metric, but "
                f"got one at index {i}"
            )
        if scheduler.optimizer is not (optimizer or schedulers[0].optimizer):
            raise ValueError(
                f"{name} expects all schedulers to belong to the same optimizer, but "
                f"{type(scheduler).__name__} at index {i} has another one"
            )


class _Several(LRScheduler):
    """Has other schedulers."""

    _schedulers: Sequence[LRScheduler]

    def state_dict(self) -> dict:
        """All attributes but the optimizer, with the states of the schedulers."""
        state = super().state_dict()
        schedulers = state.pop("_schedulers")
        state["_schedulers"] = [scheduler.state_dict() for scheduler in schedulers]
        return state

    def load_state_dict(self, state_dict: dict) -> None:
        """Takes back what :meth:`state_dict` gave."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_schedulers"})
        for scheduler, saved in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(saved)


class SequentialLR(_Several):
    """One scheduler after the other, the next one from each of the epochs ``milestones`` on."""

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        check_schedulers(type(self).__name__, schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than "
                f"the number of milestone points, but got {len(schedulers)} schedulers and "
                f"{len(milestones)} milestones"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            set_lr(group, group["initial_lr"])
        # Each has made its first step when it was built; only the one of epoch 0 may have.
        self._take_back(self)
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def _take_back(self, scheduler: LRScheduler) -> None:
        inner = getattr(scheduler, "_schedulers", None)
        if inner is None:
            scheduler.last_epoch -= 1
        else:
            for each in inner:
                self._take_back(each)

    def step(self) -> None:  # type: ignore[override]
        """Goes on by one epoch."""
        self.last_epoch += 1
        index = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[index]
        if index > 0 and self._milestones[index - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Several):
    """Several schedulers that all change the rate at each step, one after the other.

    Args:
        optimizer: theirs; may be left out.
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        check_schedulers(type(self).__name__, schedulers, optimizer)
        self._schedulers = schedulers
        self.optimizer = optimizer or schedulers[0].optimizer
        self._last_lr = self._present()

    def step(self) -> None:  # type: ignore[override]
        """Goes on by one epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._present()
