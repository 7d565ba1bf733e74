"""What an exported model is called with: the tensors, their names, and their dynamic axes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from wengert import Tensor
from wengert.utils._pytree import tree_flatten, tree_unflatten


class Arguments:
    """Example arguments as a list of tensors with names.

    Args:
        function: what they are given to.
        args, kwargs: the examples; those that are not tensors are part of the model.
        names: names of the tensors, as many as wanted.
    """

    def __init__(
        self, function: Callable, args: Any, kwargs: Mapping[str, Any], names: Sequence[str] | None
    ) -> None:
        self._args = args if isinstance(args, tuple) else (args,)
        self._kwargs = dict(kwargs)
        leaves, self._spec = tree_flatten((self._args, self._kwargs))
        self._leaves = leaves
        self.tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        # For each tensor, the parameter of the function that it is in, and its number there.
        self._places = list(self._find_places(function))
        self.names = self._named(names)

    def _find_places(self, function: Callable) -> Iterable[tuple[str, int]]:
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            parameters = []
        positional = [p.name for p in parameters if p.kind <= p.POSITIONAL_OR_KEYWORD]
        rest = next((p.name for p in parameters if p.kind == p.VAR_POSITIONAL), "input")
        for i, value in enumerate(self._args):
            name = positional[i] if i < len(positional) else f"{rest}_{i - len(positional)}"
            yield from self._within(name, value)
        for name, value in self._kwargs.items():
            yield from self._within(name, value)

    @staticmethod
    def _within(name: str, value: Any) -> Iterable[tuple[str, int]]:
        tensors = [leaf for leaf in tree_flatten(value)[0] if isinstance(leaf, Tensor)]
        return ((name, k) for k in range(len(tensors)))

    def _named(self, names: Sequence[str] | None) -> list[str]:
        given = list(names or ())
        if len(given) > len(self.tensors):
            raise ValueError(
                f"onnx.export: {len(given)} input_names for {len(self.tensors)} tensors among the "
                "arguments"
            )
        several = {name for name, k in self._places if k}
        default = [f"{n}_{k}" if n in several else n for n, k in self._places]
        return given + default[len(given) :]

    def filled(self, tensors: Sequence[Tensor]) -> tuple[tuple, dict[str, Any]]:
        """The arguments with these tensors."""
        given = iter(tensors)
        leaves = [next(given) if isinstance(leaf, Tensor) else leaf for leaf in self._leaves]
        args, kwargs = tree_unflatten(leaves, self._spec)
        return args, kwargs

    def dynamic(self, axes: Any, shapes: Any) -> dict[str, list[tuple[int, int]]]:
        """For each name of a size, the tensors and axes that have it."""
        found: dict[str, list[tuple[int, int]]] = {}
        for i, described in self._described(axes, shapes):
            shape = self.tensors[i].shape
            for axis, name in _axes_of(described, len(shape)):
                if not -len(shape) <= axis < len(shape):
                    raise ValueError(
                        f"onnx.export: axis {axis} of input {self.names[i]}, whose shape is "
                        f"{tuple(shape)}, cannot be dynamic"
                    )
                found.setdefault(name, []).append((i, axis % len(shape)))
        for name, places in found.items():
            sizes = {self.tensors[i].shape[axis] for i, axis in places}
            if len(sizes) > 1:
                raise ValueError(
                    f"onnx.export: the dynamic size {name} is {sorted(sizes)} in different "
                    "examples; name them differently, or give examples that agree"
                )
        return found

    def _described(self, axes: Any, shapes: Any) -> Iterable[tuple[int, Any]]:
        for name, described in (axes or {}).items():
            if name in self.names:
                yield self.names.index(name), described
        if shapes is None:
            return
        if isinstance(shapes, Mapping):
            for i, (place, _) in enumerate(self._places):
                if place not in shapes:
                    continue
                own = [j for j, p in enumerate(self._places) if p[0] == place]
                parts = _per_tensor(shapes[place], len(own))
                yield i, parts[own.index(i)]
            unknown = set(shapes) - {p for p, _ in self._places}
            if any(shapes[k] for k in unknown):
                raise ValueError(
                    f"onnx.export: dynamic_shapes names {sorted(unknown)}, but the arguments with "
                    f"tensors are {sorted({p for p, _ in self._places})}"
                )
        else:
            yield from enumerate(_per_tensor(tuple(shapes), len(self.tensors)))


def _per_tensor(shapes: Any, count: int) -> list[Any]:
    """One description of axes for each tensor."""
    if shapes is None:
        return [None] * count
    if count == 1 and not (isinstance(shapes, (tuple, list)) and _is_nested(shapes)):
        return [shapes]
    parts = list(shapes)
    if len(parts) != count:
        raise ValueError(
            f"onnx.export: dynamic_shapes describes {len(parts)} tensors, but there are {count}"
        )
    return parts


def _is_nested(shapes: Sequence[Any]) -> bool:
    return len(shapes) == 1 and (shapes[0] is None or isinstance(shapes[0], (Mapping, tuple, list)))


def _axes_of(described: Any, ndim: int) -> Iterable[tuple[int, str]]:
    """The dynamic axes and their names: of a dictionary, a list of axes, or names by axis."""
    if described is None:
        return
    if isinstance(described, Mapping):
        entries = list(described.items())
    elif all(type(d) is int for d in described):
        entries = [(axis, f"dim_{axis}") for axis in described]
    else:
        entries = list(enumerate(described))
    for axis, name in entries:
        if name is None or type(name) is int:
            continue  # static
        if not isinstance(name, str):
            name = getattr(name, "__name__", None) or f"dim_{axis % max(ndim, 1)}"
        yield axis, name
