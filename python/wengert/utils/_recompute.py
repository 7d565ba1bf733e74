"""Saved values that are computed again: the checkpoint without a backward pass of its own.

A value that the checkpointed function saves is replaced by an empty holder. When backward asks for
the first of them, the function runs again, and what it then saves, in the same order, is put where
the holders of this pass find it.
"""

from __future__ import annotations

import os
import traceback
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from wengert import _core
from wengert._grad_modes import enable_grad
from wengert._tensor import Tensor
from wengert.amp.autocast_mode import autocast, get_autocast_dtype, is_autocast_enabled
from wengert.autograd import Function
from wengert.autograd.graph import saved_tensors_hooks
from wengert.random import fork_rng, get_rng_state, set_rng_state

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep
_early_stop: bool | None = None
_debug: bool | None = None


class CheckpointError(RuntimeError):
    """The second call of a checkpointed function has saved other values than the first."""


class _Complete(Exception):
    """The values that were asked for are there: the second call ends."""


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """A with-block for forward that says whether checkpoints made inside end their second call as
    soon as all values are there; it goes before their own ``early_stop``."""
    global _early_stop
    before, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = before


@contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """A with-block that switches ``debug`` of all checkpoints on or off; None leaves it to them."""
    global _debug
    before, _debug = _debug, enabled
    try:
        yield
    finally:
        _debug = before


class Surroundings:
    """What the result of a call depends on beside its arguments: the states of the random
    generator, if wanted, and of autocast."""

    def __init__(self, with_random: bool) -> None:
        self._random = get_rng_state() if with_random else None
        self._autocast = is_autocast_enabled("cpu"), get_autocast_dtype("cpu")

    @contextmanager
    def restored(self) -> Iterator[None]:
        """A with-block with the states of then, after which they are as before it."""
        enabled, kind = self._autocast
        with fork_rng(enabled=self._random is not None), autocast("cpu", kind, enabled):
            if self._random is not None:
                set_rng_state(self._random)
            yield


class _Inputs(Function):
    """A node that saves tensors, so that changes in place are noticed and outer checkpoints can
    drop them."""

    @staticmethod
    def forward(ctx: Any, anchor: Tensor, *tensors: Tensor) -> Tensor:
        ctx.save_for_backward(*tensors)
        return _core.ops.empty((0,))

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise AssertionError("checkpoint: no gradient flows here")

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        return None


class _Holder:
    """Stands for a saved value. `keys`: in which place it is for each pass; None: was taken."""

    __slots__ = ("__weakref__", "keys")

    def __init__(self) -> None:
        self.keys: dict[Any, _Key | None] = {}


class _Key:
    __slots__ = ("__weakref__",)


def _facts(t: Tensor) -> tuple[Any, ...]:
    return tuple(t.shape), t.dtype


class _Pass:
    """The recomputed values of one backward pass, which live as long as their holders' keys."""

    def __init__(self) -> None:
        self.values: weakref.WeakKeyDictionary[_Key, Tensor] = weakref.WeakKeyDictionary()
        self.count = 0
        self.facts: list[Any] = []
        self.places: list[str] = []
        self.done = False


class _Frame:
    """One call of a checkpointed function."""

    def __init__(
        self,
        run: Callable[[list[Any]], Any],
        inputs: Any,
        compare: bool,
        debug: bool,
        early_stop: bool,
    ) -> None:
        self.run = run
        self.inputs = inputs  # a node of _Inputs
        self.compare = compare
        self.debug = debug
        self.early_stop = early_stop
        self.holders: list[weakref.ref[_Holder]] = []
        self.facts: list[Any] = []
        self.places: list[str] = []
        self.passes: dict[Any, _Pass] = {}
        self.complete = False  # forward has ended

    # ---- the first call

    def pack(self, t: Tensor) -> _Holder:
        holder = _Holder()
        self.holders.append(weakref.ref(holder))
        self.facts.append(_facts(t))
        if self.debug:
            self.places.append(_place())
        return holder

    def unpack(self, holder: _Holder) -> Tensor:
        number = _core._current_pass()
        # Outside of passes, every question is one of its own.
        key: Any = number or object()
        run = self.passes.get(key)
        if run is None or not run.done:
            run = self.passes[key] = _Pass()
            self._recompute(key, run)
        if key not in holder.keys:
            raise CheckpointError(
                "checkpoint: the second call of the function has not saved a value that the first "
                "has saved"
            )
        place = holder.keys[key]
        if place is None:
            raise CheckpointError(
                "checkpoint: a recomputed value was asked for twice in one backward pass; its "
                "node was run twice"
            )
        value = run.values[place]
        holder.keys[key] = None
        if not number:
            del self.passes[key], holder.keys[key]
        return value

    # ---- the second call

    def _recompute(self, key: Any, run: _Pass) -> None:
        node = self.inputs
        saved = [node._saved(i) for i in range(node._saved_count())]

        def pack(t: Tensor) -> Tensor:
            index = run.count
            run.count += 1
            run.facts.append(_facts(t))
            if self.debug:
                run.places.append(_place())
            if index >= len(self.holders):
                if not self.early_stop:
                    self._fail(run, "more values were saved by the second call than by the first")
                return t.detach()
            holder = self.holders[index]()
            if holder is not None:
                holder.keys[key] = place = _Key()
                run.values[place] = t.detach()
            if self.early_stop and self.complete and run.count == len(self.holders):
                raise _Complete
            return t.detach()

        try:
            with saved_tensors_hooks(pack, _itself), enable_grad():
                self.run(saved)
        except _Complete:
            pass
        self._check(run)
        run.done = True

    def _check(self, run: _Pass) -> None:
        if run.count != len(self.holders):
            self._fail(
                run,
                f"the first call has saved {len(self.holders)} values, the second {run.count}",
            )
        if not self.compare:
            return
        different = [
            f"value {i}: shape {a[0]} and {a[1]}, then shape {b[0]} and {b[1]}"
            for i, (a, b) in enumerate(zip(self.facts, run.facts))
            if a != b
        ]
        if different:
            self._fail(run, "the values of both calls differ:\n" + "\n".join(different))

    def _fail(self, run: _Pass, what: str) -> None:
        text = (
            f"checkpoint: {what}; the function must do the same whenever it is called with the "
            "same inputs"
        )
        if self.debug:
            lists = (("first", self.facts, self.places), ("second", run.facts, run.places))
            for name, facts, places in lists:
                text += f"\n\nValues saved by the {name} call:"
                for i, (fact, place) in enumerate(zip(facts, places)):
                    text += f"\n{i}: shape {fact[0]}, {fact[1]}, at\n{place.rstrip()}"
        else:
            text += "; debug=True shows where they were saved"
        raise CheckpointError(text)


def _itself(t: Tensor) -> Tensor:
    return t


def _place() -> str:
    """The lines of the program that are running, innermost last, without those of this package."""
    frames = [f for f in traceback.extract_stack() if not f.filename.startswith(_PACKAGE)]
    return "".join(traceback.format_list(frames[-4:]))


@contextmanager
def checkpointed(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    surroundings: Surroundings,
    contexts: tuple[AbstractContextManager[Any], AbstractContextManager[Any]],
    compare: bool,
    debug: bool,
    early_stop: bool,
) -> Iterator[None]:
    """A with-block for the first call of ``function(*args, **kwargs)``."""
    forward_context, recompute_context = contexts
    # What is saved in vmap is that of all examples, which a call for one cannot compute again.
    if not _core.is_grad_enabled() or _core._is_in_vmap():
        yield
        return
    places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
    others = [None if isinstance(a, Tensor) else a for a in args]

    def run(saved: list[Any]) -> None:
        inputs = list(others)
        for i, t in zip(places, saved):
            inputs[i] = t
        with surroundings.restored(), recompute_context:
            function(*inputs, **kwargs)

    anchor = _core.ops.empty((0,)).requires_grad_()
    node = _Inputs.apply(anchor, *(args[i] for i in places)).grad_fn
    stop = early_stop if _early_stop is None else _early_stop
    frame = _Frame(run, node, compare, debug if _debug is None else _debug, stop)
    with ExitStack() as stack:
        stack.enter_context(saved_tensors_hooks(frame.pack, frame.unpack))
        stack.enter_context(forward_context)
        yield
    frame.complete = True
