"""A recorded program as nodes of an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable

import wengert.onnx._elementwise
import wengert.onnx._indexing
import wengert.onnx._norms
import wengert.onnx._products
import wengert.onnx._recurrent
import wengert.onnx._reductions
import wengert.onnx._shapes
import wengert.onnx._windows  # noqa: F401
from wengert import Tensor
from wengert.onnx._call import Call, translation_of
from wengert.onnx._graph import Graph, UnsupportedError
from wengert.onnx._recordings import Program
from wengert.onnx._shapes import put_back
from wengert.tape import Step

_RANDOM = (
    "bernoulli", "binomial", "dropout", "multinomial", "poisson", "random_draw", "random_fill",
    "random_integers", "randperm", "_sample_dirichlet", "_standard_gamma",
)  # fmt: skip
_WITHOUT_VALUES = ("new_zeros", "empty_like")  # of whose inputs only the shape counts


class Translator:
    """Translates steps in order. Values are single assignments: one that is changed in place gets
    another name, as does the array that it is a view of; other views of it are made anew when they
    are read.

    Args:
        program: what is translated.
        graph: what is filled.
        inputs: the names of the arguments in the graph.
        name_of: the name of a tensor from outside.
    """

    def __init__(
        self, program: Program, graph: Graph, inputs: list[str], name_of: Callable[[Tensor], str]
    ) -> None:
        self._p = program
        self._g = graph
        self._name_of = name_of
        self._states = program.tape.states
        self._names: dict[int, str] = {}
        self._parents: dict[int, tuple[int, Step, int]] = {}  # of views
        self._changes: dict[int, int] = {}  # of each storage, how many
        self._seen: dict[int, int] = {}  # of each value: the changes when it was named
        # Those that depend on what the arguments hold.
        self._varying = set(program.arguments)
        for value, name in zip(program.arguments, inputs):
            self._set(value, name)
            graph.offer(name, program.arrays[value].shape)

    def run(self) -> list[str]:
        """Translates everything; the names of the results that are there."""
        for step in self._p.steps:
            self._g.where = step.where
            try:
                self._step(step)
            except UnsupportedError as e:
                what = "reading a value" if step.kind == "check" else step.name
                raise UnsupportedError(
                    f"onnx.export: {what} at {step.where or 'an unknown line'} cannot be written "
                    f"as ONNX: {e}"
                ) from None
        self._g.where = ""
        try:
            return [self._get(v) for v in self._p.results if v is not None]
        except UnsupportedError as e:
            raise UnsupportedError(
                f"onnx.export: a result cannot be written as ONNX: {e}"
            ) from None

    # ---- values ------------------------------------------------------------------------------

    def _storage(self, v: int) -> int:
        return self._p.values[v].storage

    def _set(self, v: int, name: str) -> None:
        self._names[v] = name
        self._seen[v] = self._changes.get(self._storage(v), 0)

    def _get(self, v: int) -> str:
        if v not in self._names:
            self._set(v, self._from_outside(v))
        elif self._seen[v] != self._changes.get(self._storage(v), 0):
            if v not in self._parents:
                raise UnsupportedError("an array changed in place is read as another view of it")
            base, step, k = self._parents[v]
            again = self._view_outputs(step, base)[k]
            assert again is not None
            self._set(v, again)
        return self._names[v]

    def _from_outside(self, v: int) -> str:
        value = self._p.values[v]
        if value.kind != "state" or value.index is None or self._changes.get(value.storage):
            raise UnsupportedError(
                "it takes a result that is not written as ONNX, or other ones for other sizes of "
                "the dynamic axes"
            )
        tensor = self._states[value.index]
        if (value.offset, value.shape, value.strides) != (0, tuple(tensor.shape), tensor.stride()):
            # Another part of the same memory.
            first = tensor.storage_offset() + value.offset // tensor.element_size()
            tensor = tensor.detach().as_strided(value.shape, value.strides, first)
        return self._name_of(tensor)

    # ---- steps -------------------------------------------------------------------------------

    def _step(self, step: Step) -> None:
        given = [v for v in step.inputs if v is not None]
        if step.kind == "check":
            if self._varying.intersection(given):
                raise UnsupportedError(
                    "what it is (a number, a condition, a choice of elements) depends on its "
                    "arguments; compute with tensors, such as where() makes"
                )
            return
        if step.kind == "rule":
            raise UnsupportedError("it takes gradients; export the model without them")
        if step.name in _RANDOM:
            raise UnsupportedError("it draws random numbers; eval() turns dropout off")
        if step.name not in _WITHOUT_VALUES and self._varying.intersection(given):
            self._varying.update(v for v in step.outputs if v is not None)
            if step.kind == "change":
                self._varying.update(
                    v for v, value in enumerate(self._p.values)
                    if value.storage == self._storage(given[0])
                )  # fmt: skip
        if step.kind == "change":
            return self._change(step)
        inputs = () if step.name in _WITHOUT_VALUES else step.inputs
        if step.kind == "view" and step.inputs[0] is not None:
            return self._view(step, step.inputs[0])
        for v, name in zip(step.outputs, self._run(self._call(step, inputs))):
            if v is not None and name is not None:
                self._set(v, name)
                self._g.offer(name, self._p.arrays[v].shape)

    def _call(self, step: Step, inputs: tuple[int | None, ...]) -> Call:
        arrays = self._p.arrays
        return Call(
            self._g,
            step.name,
            step.attributes,
            tuple(None if v is None else self._get(v) for v in inputs),
            tuple(None if v is None else arrays[v] for v in inputs),
            tuple(arrays[v] for v in step.outputs if v is not None),
        )

    def _run(self, call: Call) -> list[str | None]:
        translation = translation_of(call.name)
        if translation is None:
            raise UnsupportedError(
                "there is no translation of this operation; use others, or do it beside the "
                "exported model"
            )
        made = translation(call)
        return [made] if isinstance(made, str) else list(made)

    def _view_outputs(self, step: Step, base: int) -> list[str | None]:
        return self._run(self._call(step, (base,)))

    def _view(self, step: Step, base: int) -> None:
        for k, (v, name) in enumerate(zip(step.outputs, self._view_outputs(step, base))):
            # A view of the whole is the array itself.
            if v is None or v == base or v in self._names or name is None:
                continue
            self._parents[v] = base, step, k
            self._set(v, name)
            self._g.offer(name, self._p.arrays[v].shape)

    def _change(self, step: Step) -> None:
        target = step.inputs[0]
        if not step.outputs or target is None:
            raise UnsupportedError("it changes several arrays in place")
        if self._p.values[target].kind == "state":
            raise UnsupportedError(
                "it changes a tensor from outside (a buffer, a parameter, numbers given by "
                "tensor()), and ONNX models have no state"
            )
        name = self._run(self._call(step, step.inputs))[0]
        assert name is not None
        storage = self._storage(target)
        changed = [(target, name)]
        while target in self._parents:
            base, view, k = self._parents[target]
            name = put_back(self._call(view, (base,)), k, self._get(base), name)
            changed.append((base, name))
            target = base
        self._changes[storage] = self._changes.get(storage, 0) + 1
        for v, new in changed:
            self._set(v, new)
