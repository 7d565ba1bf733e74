"""The recorded graph: its nodes, what they save, and hooks on both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock, local
from typing import Any, Literal

from .. import _core
from .._core import Node
from .._tensor import Tensor
from ..utils.hooks import RemovableHandle
from ._mutation import allow_mutation_on_saved_tensors
from ._node import GradientEdge, MultiHandle

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge that the gradient of a tensor flows into, which holds no values of the tensor.

    Raises RuntimeError if the tensor does not require grad.
    """
    if not tensor.requires_grad:
        raise RuntimeError(
            "get_gradient_edge: the tensor does not require grad, so no gradient flows into it"
        )
    node: Any = _core.node_of(tensor)
    return GradientEdge(node, _core._output_nr(tensor))


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Counts a change in place that was made to a tensor, or to each of several, without an
    operation: a backward pass that needs the values then stops."""
    if isinstance(tensor, Tensor):
        tensor = (tensor,)
    if not isinstance(tensor, Iterable):
        raise RuntimeError(
            f"increment_version: expected a Tensor or several, got {type(tensor).__name__}"
        )
    tensors = list(tensor)
    for t in tensors:
        if not isinstance(t, Tensor):
            raise RuntimeError(f"increment_version: expected Tensors, got {type(t).__name__}")
        _core._mark_dirty(t)


class _State(local):
    """Why hooks on saved tensors are not allowed on this thread, and how many are open."""

    refusal: str | None = None
    depth = 0


_state = _State()


class saved_tensors_hooks:
    """A with-block in which the values that operations save for backward are kept by hooks.

    ``pack_hook(tensor)`` is called when a value is saved, and what it returns is kept. When the
    backward pass needs the value, ``unpack_hook(packed)`` must return a tensor with the same
    contents. The innermost block counts. Changes in place of saved values are not noticed then.
    """

    def __init__(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook
        self._scopes: list[Any] = []

    def __enter__(self) -> None:
        if _state.refusal is not None:
            raise RuntimeError(_state.refusal)
        for hook in (self.pack_hook, self.unpack_hook):
            if not callable(hook):
                raise TypeError(
                    f"saved_tensors_hooks: expected functions, got {type(hook).__name__}"
                )
        self._scopes.append(_core._saved_tensor_hooks(self.pack_hook, self.unpack_hook))
        _state.depth += 1

    def __exit__(self, *args: object) -> None:
        self._scopes.pop()
        _state.depth -= 1


class save_on_cpu(saved_tensors_hooks):
    """A with-block in which operations save copies of values. PyTorch moves them from a device to
    the CPU's memory; here they are there already.

    Args:
        pin_memory: without effect.
        device_type: without effect.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        def pack(tensor: Tensor) -> Any:
            return tensor.detach().clone() if pin_memory else tensor.detach()

        super().__init__(pack, lambda packed: packed)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """A with-block, or decorator, in which `saved_tensors_hooks` raises RuntimeError with the
    message; so does the block itself within hooks."""
    before = _state.refusal
    if _state.depth:
        raise RuntimeError(error_message)
    try:
        if before is None:
            _state.refusal = error_message
        yield
    finally:
        _state.refusal = before


def register_multi_grad_hook(
    tensors: Sequence[Tensor],
    fn: Callable[[Sequence[Tensor | None]], None] | Callable[[Tensor], None],
    *,
    mode: Literal["all", "any"] = "all",
) -> RemovableHandle:
    """Calls ``fn`` once in a backward pass for several tensors.

    Args:
        tensors: each must require grad.
        fn: called with the list of gradients, None for tensors that the pass does not reach, when
            the last is there; with ``mode="any"``, with the first gradient that is there.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"register_multi_grad_hook: expected the mode 'all' or 'any', got {mode}")
    for t in tensors:
        if not t.requires_grad:
            raise AssertionError(
                "register_multi_grad_hook: expected tensors that require grad; one does not"
            )
    lock = Lock()
    call: Any = fn
    if mode == "any":
        done: dict[str, int] = {}

        def first(gradient: Tensor) -> None:
            number = _core._current_pass()
            with lock:
                if done.get("pass") == number:
                    return
                done["pass"] = number
            call(gradient)

        return MultiHandle([t.register_hook(first) for t in tensors])

    nodes: list[Any] = [_core.node_of(t) for t in tensors]
    waiting: dict[int, tuple[list[Tensor | None], list[int]]] = {}

    def at(index: int) -> Callable[[Tensor], None]:
        def arrived(gradient: Tensor) -> None:
            number = _core._current_pass()
            with lock:
                if number not in waiting:
                    count = sum(n._is_reached() for n in nodes)
                    waiting[number] = [None] * len(nodes), [count]
                gradients, left = waiting[number]
                gradients[index] = gradient
                left[0] -= 1
                complete = left[0] == 0
                if complete:
                    del waiting[number]
            if complete:
                call(gradients)

        return arrived

    return MultiHandle([t.register_hook(at(i)) for i, t in enumerate(tensors)])
