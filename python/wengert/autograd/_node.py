"""What Python adds to the nodes of a graph: hooks, and the values that they have saved."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Callable, Sequence

from .. import _core
from .._core import Node
from .._tensor import Tensor
from ..utils.hooks import RemovableHandle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple


class Handle(RemovableHandle):
    """Takes a hook away again: by remove(), or at the end of a with-block."""

    __slots__ = ("_remove",)

    def __init__(self, remove: Callable[[], Any]) -> None:
        super().__init__(OrderedDict())
        self._remove: Callable[[], Any] | None = remove

    def remove(self) -> None:
        """Takes the hook away; calling it again does nothing."""
        remove, self._remove = self._remove, None
        if remove is not None:
            remove()


class MultiHandle(Handle):
    """Takes several hooks away."""

    __slots__ = ("_handles",)

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        super().__init__(self._remove_all)
        self._handles = handles

    def _remove_all(self) -> None:
        for h in self._handles:
            h.remove()


if TYPE_CHECKING:

    class GradientEdge(NamedTuple):
        """Where a gradient flows: into output ``output_nr`` of a node. `wengert.autograd.grad` and
        `backward` take it in place of a tensor."""

        node: Node
        output_nr: int
        ownership_token: Node | None = None

else:
    GradientEdge = namedtuple(
        "GradientEdge", ("node", "output_nr", "ownership_token"), defaults=(None,)
    )
    GradientEdge.__doc__ = (
        "Where a gradient flows: into output ``output_nr`` of a node. `wengert.autograd.grad` and\n"
        "`backward` take it in place of a tensor."
    )


class SavedTensor:
    """One value that a node has saved."""

    def __init__(self, node: Node, index: int) -> None:
        self._node = node
        self._index = index

    def unpack(self) -> Tensor | None:
        """The value with its history. Raises RuntimeError after the graph was released."""
        return self._node._saved(self._index)

    def register_hooks(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        """Keeps the value as pack_hook returns it; backward uses what unpack_hook makes of that.

        Raises RuntimeError if there are hooks already.
        """
        for hook in (pack_hook, unpack_hook):
            if not callable(hook):
                raise TypeError(f"register_hooks: expected functions, got {type(hook).__name__}")
        self._node._pack(self._index, pack_hook, unpack_hook)


def attribute(self: Node, name: str) -> Any:
    """What a node has saved, as ``_saved_self``, ``_saved_other`` and ``_saved_result`` (or
    ``_raw_saved_...`` for hooks), and what a custom function's context has."""
    for prefix, raw in (("_saved_", False), ("_raw_saved_", True)):
        if name.startswith(prefix):
            names = self._saved_names()
            if name[len(prefix) :] in names:
                index = names.index(name[len(prefix) :])
                return SavedTensor(self, index) if raw else self._saved(index)
    context = None if name.startswith("__") else self._context()
    if context is not None:
        if name == "saved_tensors":
            return tuple(self._saved(i) for i in range(self._saved_count()))
        if name == "_raw_saved_tensors":
            return tuple(SavedTensor(self, i) for i in range(self._saved_count()))
        return getattr(context, name)
    raise AttributeError(f"{self.name()} has no attribute {name!r}", name=name)


def _listen(self: Any, hook: Any, before: bool) -> RemovableHandle:
    """A hook of a node, or of the sink of a leaf."""
    if not before and self._is_sink():
        seen: list[Tensor] = []
        leaf = self.variable
        first = leaf.register_hook(lambda g: seen.append(g))

        def after(t: Tensor) -> None:
            hook((), (seen.pop(),))
            seen.clear()

        return MultiHandle([first, leaf.register_post_accumulate_grad_hook(after)])
    if self._is_sink():

        def pre(g: Tensor) -> Any:
            result = hook((g,))
            return result[0] if isinstance(result, tuple) else result

        return self.variable.register_hook(pre)
    number = self._register_hook(hook, before)
    return Handle(lambda: self._remove_hook(number))


def register_hook(self: Any, fn: Callable[..., Any]) -> RemovableHandle:
    """Calls ``fn(grad_inputs, grad_outputs)`` after the node has run; what it returns, if not
    None, takes the place of grad_inputs."""
    return _listen(self, fn, False)


def register_prehook(self: Any, fn: Callable[..., Any]) -> RemovableHandle:
    """Calls ``fn(grad_outputs)`` before the node runs; what it returns, if not None, takes the
    place of grad_outputs."""
    return _listen(self, fn, True)


def _like(edge: GradientEdge) -> Tensor | None:
    """A tensor with shape and dtype of a custom function's output."""
    context = edge.node._context()
    if context is None:
        return None
    metas = [m for m in context._output_meta if m is not None]
    if not 0 <= edge.output_nr < len(metas):
        return None
    shape, dtype = metas[edge.output_nr]
    return _core.ops.zeros((), dtype=dtype).expand(shape)


def _stand_in(value: Any) -> Tensor:
    if isinstance(value, GradientEdge):
        stand_in: Tensor = value.node._stand_in(value.output_nr, _like(value))
        return stand_in
    if not isinstance(value, Tensor):
        raise RuntimeError(
            "autograd: expected tensors or GradientEdges to differentiate and to differentiate by, "
            f"but got {type(value).__name__} among them"
        )
    return value


def stand_ins(value: Any) -> Any:
    """Tensors, with those that stand for gradient edges in the places of these."""
    if value is None:
        return None
    if isinstance(value, (Tensor, GradientEdge)):
        return _stand_in(value)
    try:
        items = iter(value)
    except TypeError:
        raise TypeError(
            "autograd: expected a tensor, a GradientEdge or a sequence of them, but got "
            f"{type(value).__name__}"
        ) from None
    return [_stand_in(v) for v in items]


def install() -> None:
    """Gives the class of nodes these methods."""
    node: Any = Node
    node.__getattr__ = attribute
    node.register_hook = register_hook
    node.register_prehook = register_prehook
