"""A decorator that records on the first call and replays later ones."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from wengert import Tensor, equal, get_rng_state, no_grad, set_rng_state, uint8
from wengert.tape._record import Mismatch, Refused, Tape, recorded
from wengert.utils._pytree import tree_leaves


class Replayed:
    """A function that is recorded when it is first called, and replayed where a program fits.

    Attributes:
        tapes: the programs so far.
        calls, replays, recordings: how often it was called, replayed and recorded.
        fallbacks: how often it ran as usual because no program fitted, by the reason.
    """

    def __init__(self, fn: Callable, verify: int, max_recordings: int) -> None:
        update_wrapper(self, fn)
        self._fn = fn
        self._verify = verify
        self._max = max_recordings
        self._refused = 0
        self.tapes: list[Tape] = []
        self.calls = self.replays = self.recordings = 0
        self.fallbacks: Counter[str] = Counter()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        why = ""
        for k, tape in enumerate(self.tapes):
            try:
                if self._verify > 0:
                    result = self._run_verified(tape, args, kwargs)
                else:
                    result = tape._run(args, kwargs)
            except Mismatch as e:
                why = str(e)
                continue
            self.replays += 1
            if k:  # the one that fits is tried first the next time
                self.tapes.insert(0, self.tapes.pop(k))
            return result
        if why:
            self.fallbacks[why] += 1
        return self._record(args, kwargs)

    def _record(self, args: tuple, kwargs: dict) -> Any:
        if len(self.tapes) >= self._max or self._refused > 1:
            return self._fn(*args, **kwargs)
        try:
            tape, result = recorded(self._fn, args, kwargs)
        except Refused as e:
            # The first call may make the state of optimizers and the like.
            self._refused += 1
            self.fallbacks[str(e)] += 1
            if self._refused > 1:
                warnings.warn(
                    f"replay: {self._fn.__qualname__} runs as usual from here on, since it cannot "
                    f"be recorded: {e}",
                    stacklevel=3,
                )
            return e.result
        self._refused = 0
        self.recordings += 1
        self.tapes.insert(0, tape)
        return result

    def _run_verified(self, tape: Tape, args: tuple, kwargs: dict) -> Any:
        """Runs the program, then puts everything back and runs the function."""
        states = tape._program.states()
        before = _Snapshot(states)
        result = tape._run(args, kwargs)
        self._verify -= 1
        replayed = _Snapshot(states, result)
        before.restore()
        result = self._fn(*args, **kwargs)
        replayed.compare(_Snapshot(states, result), self._fn.__qualname__)
        return result


def _bytes(t: Tensor) -> Tensor:
    with no_grad():
        return t.detach().reshape(-1).contiguous().clone().view(uint8)


class _Snapshot:
    """Copies of tensors, of the grads of leaves, and of the default generator's state."""

    def __init__(self, states: list[Tensor], result: Any = None) -> None:
        self._states = states
        with no_grad():
            self._values = [t.detach().clone() for t in states]
        self._grads = [t.grad if t.is_leaf else None for t in states]
        self._grad_values = [None if g is None else g.clone() for g in self._grads]
        self._generator = get_rng_state()
        self._results = [_bytes(t) if isinstance(t, Tensor) else t for t in tree_leaves(result)]

    def restore(self) -> None:
        with no_grad():
            for t, value in zip(self._states, self._values):
                t.copy_(value)
            for t, grad, kept in zip(self._states, self._grads, self._grad_values):
                if t.is_leaf:
                    t.grad = grad
                if grad is not None and kept is not None:
                    grad.copy_(kept)
        set_rng_state(self._generator)

    def compare(self, other: _Snapshot, name: str) -> None:
        def same(a: Any, b: Any) -> bool:
            if isinstance(a, Tensor) and isinstance(b, Tensor):
                return a.shape == b.shape and equal(_bytes(a), _bytes(b))
            return type(a) is type(b) and bool(a == b)

        for what, mine, others in (
            ("a result", self._results, other._results),
            ("a tensor that it changes", self._values, other._values),
            ("a gradient", self._grad_values, other._grad_values),
            ("the default generator", [self._generator], [other._generator]),
        ):
            if len(mine) != len(others) or not all(map(same, mine, others)):
                raise RuntimeError(
                    f"replay: {name} and its recorded program give different results: {what} "
                    "differs. The function depends on something that a program cannot see, such "
                    "as a counter, a variable of an outer function or Python's random numbers"
                )


def replay(fn: Callable | None = None, /, *, verify: int = 0, max_recordings: int = 8) -> Any:
    """Records ``fn`` on its first call and replays what it did on later ones, to the bit.

    A program is replayed where the arguments have the same structure, dtypes, shapes, strides and
    numbers, and where the modules, optimizers and modes that the function depends on are as they
    were; learning rates may change. Otherwise the function runs as usual and is recorded anew. If
    the first call cannot be recorded (an optimizer makes its state then), the next one is.

    Args:
        fn: as for :func:`record`. Without it, a decorator is returned.
        verify: for so many replays the function runs as usual beside the program, and RuntimeError
            says what differs: something that a program cannot see, such as a counter.
        max_recordings: the most programs that are kept; other arguments then run as usual.
    """
    if fn is None:
        return lambda f: Replayed(f, verify, max_recordings)
    return Replayed(fn, verify, max_recordings)
