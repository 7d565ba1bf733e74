"""Checkpoints: memory for time. What a part of a program saves for backward is dropped, and
computed again by another forward when it is needed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from wengert import _core
from wengert._grad_modes import enable_grad
from wengert._tensor import Tensor
from wengert.autograd import Function, backward

from ._recompute import (
    CheckpointError,
    Surroundings,
    checkpointed,
    set_checkpoint_debug_enabled,
    set_checkpoint_early_stop,
)

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "DefaultDeviceType",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "detach_variable",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
    "set_device_states",
]

Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]


def noop_context_fn() -> Contexts:
    """Two contexts that do nothing."""
    return nullcontext(), nullcontext()


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inputs, tensors among them without history and with their requires_grad.

    Raises RuntimeError for something other than a tuple.
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(f"detach_variable: expected a tuple, got {type(inputs).__name__}")
    return tuple(
        t.detach().requires_grad_(t.requires_grad) if isinstance(t, Tensor) else t for t in inputs
    )


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warns unless a tensor among the inputs requires grad."""
    if not any(isinstance(t, Tensor) and t.requires_grad for t in inputs):
        warnings.warn(
            "checkpoint: no input requires grad, so there will be no gradients", stacklevel=2
        )


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """The states of the devices' generators: of none."""
    return [], []


def set_device_states(
    devices: list[int], states: list[Tensor], *, device_type: str | None = None
) -> None:
    """Restores what `get_device_states` gave: nothing."""


class DefaultDeviceType:
    """The type of the device whose generators are kept beside the CPU's. There is none, so it has
    no effect."""

    _default = "cpu"

    @staticmethod
    def set_device_type(device: str = "cuda") -> None:
        """Sets the type."""
        DefaultDeviceType._default = device

    @staticmethod
    def get_device_type() -> str:
        """The type: "cpu" by default."""
        return DefaultDeviceType._default


class CheckpointFunction(Function):
    """``function(*args)`` whose backward runs it again, and a backward pass within."""

    @staticmethod
    def forward(
        ctx: Any, run_function: Callable[..., Any], preserve_rng_state: bool, *args: Any
    ) -> Any:
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.surroundings = Surroundings(preserve_rng_state)
        ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.others = [None if isinstance(a, Tensor) else a for a in args]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        return run_function(*args)  # nothing is recorded in the forward of a Function

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        if _core._pass_has_inputs():
            raise RuntimeError(
                "checkpoint: with use_reentrant=True gradients come by backward() without inputs "
                "only, not by autograd.grad; give use_reentrant=False"
            )
        inputs = list(ctx.others)
        for i, t in zip(ctx.places, ctx.saved_tensors):
            inputs[i] = t
        detached = detach_variable(tuple(inputs))
        with ctx.surroundings.restored(), enable_grad():
            outputs = ctx.run_function(*detached)
        if isinstance(outputs, Tensor):
            outputs = (outputs,)
        pairs = [
            (o, g) for o, g in zip(outputs, gradients) if isinstance(o, Tensor) and o.requires_grad
        ]
        if not pairs:
            raise RuntimeError(
                "checkpoint: no output of the function requires grad, so there is nothing to "
                "differentiate; call it without checkpoint"
            )
        backward([o for o, _ in pairs], [g for _, g in pairs])
        return None, None, *(t.grad if isinstance(t, Tensor) else None for t in detached)


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)`` that keeps its inputs only, not what it computes on the way;
    backward calls the function again for the values that it needs.

    Args:
        use_reentrant: False (recommended): saved values are recomputed, whatever the way to the
            gradients, of any order. True: backward runs a backward pass of its own within; for
            `backward()` without ``inputs`` only, and tensors in nested structures have no gradient.
        preserve_rng_state: draw the same random numbers again (default: True).
        context_fn: returns the contexts around the first and around the second call.
        determinism_check: "default" compares shapes and dtypes of both calls, "none" does not.
        debug: errors about a difference between both calls list where values were saved.
        early_stop: end the second call as soon as all values are there.

    Raises ValueError for wrong arguments, and CheckpointError, a RuntimeError, in backward where
    the second call saves other values than the first.
    """
    if use_reentrant is None:
        warnings.warn(
            "checkpoint: give use_reentrant; False is recommended, True is the default of old",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError(f"checkpoint: unexpected keyword arguments {', '.join(kwargs)}")
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError("checkpoint: context_fn and debug need use_reentrant=False")
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"checkpoint: expected the determinism_check 'default' or 'none', got "
            f"{determinism_check!r}"
        )
    contexts = context_fn()
    with checkpointed(
        function,
        args,
        kwargs,
        surroundings=Surroundings(preserve),
        contexts=contexts,
        compare=determinism_check == "default",
        debug=debug,
        early_stop=early_stop,
    ):
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """The functions (or layers of a Sequential) one after another, in ``segments`` parts of which
    all but the last are checkpoints.

    Args:
        kwargs: ``preserve_rng_state``, as of `checkpoint`.
    """
    from wengert.nn import Sequential

    if use_reentrant is None:
        warnings.warn(
            "checkpoint_sequential: give use_reentrant; False is recommended, True is the default "
            "of old",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError(f"checkpoint_sequential: unexpected keyword arguments {', '.join(kwargs)}")
    layers = list(functions.children()) if isinstance(functions, Sequential) else list(functions)

    def part(start: int, end: int) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            for layer in layers[start:end]:
                x = layer(x)
            return x

        return run

    size = len(layers) // segments
    end = 0
    for start in range(0, size * (segments - 1), size):
        end = start + size
        input = checkpoint(
            part(start, end), input, use_reentrant=use_reentrant, preserve_rng_state=preserve
        )
    return part(end, len(layers))(input)
