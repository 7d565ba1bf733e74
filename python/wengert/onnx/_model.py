"""The parts of the file around the nodes: weights, inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from onnx import helper

import wengert
from wengert import Tensor
from wengert.nn import Module
from wengert.onnx._graph import Graph, onnx_type
from wengert.onnx._recordings import Program
from wengert.onnx._sizes import Size


def numbered(names: Sequence[str] | None, default: str, count: int) -> list[str]:
    given = list(names or ())
    if len(given) > count:
        raise ValueError(f"onnx.export: {len(given)} {default}_names for {count} tensors")
    rest = [default] if count == 1 else [f"{default}_{i}" for i in range(count)]
    return given + rest[len(given) :]


class Weights:
    """The tensors from outside, as initializers with the names of the model's state."""

    def __init__(self, graph: Graph, model: Module | None) -> None:
        self._graph = graph
        self._known: dict[tuple, str] = {}
        self._made: dict[tuple, str] = {}
        self.named: set[str] = set()
        if model is not None:
            pairs = [*model.named_parameters(), *model.named_buffers()]
            for name, t in pairs:
                self._known.setdefault(self._key(t), name)

    @staticmethod
    def _key(t: Tensor) -> tuple:
        return t.data_ptr(), tuple(t.shape), t.stride(), t.dtype

    def name_of(self, t: Tensor) -> str:
        key = self._key(t)
        if key not in self._made:
            known = self._known.get(key)
            name = self._made[key] = self._graph.initializer(known or "constant", t)
            if known:
                self.named.add(name)
        return self._made[key]


class Finished:
    """The model that a translated program gives."""

    def __init__(self, graph: Graph, program: Program, symbols: list[str]) -> None:
        self._graph = graph
        self._program = program
        self._symbols = symbols

    def model(
        self, inputs: list[str], outputs: list[str], results: list[str],
        dynamic_axes: Mapping[str, Any],
    ) -> Any:  # fmt: skip
        g, program = self._graph, self._program
        for name, result in zip(outputs, results):
            g.output(result, name)
        g.finish(outputs)
        values = [v for v in program.results if v is not None]
        graph = helper.make_graph(
            g.nodes, "main_graph",
            [self._info(name, v, {}) for name, v in zip(inputs, program.arguments)],
            [self._info(o, v, dynamic_axes.get(o, {})) for o, v in zip(outputs, values)],
            list(g.initializers.values()),
        )  # fmt: skip
        opsets = [helper.make_opsetid("", g.opset)]
        return helper.make_model(
            graph, opset_imports=opsets, producer_name="wengert",
            producer_version=wengert.__version__,
            ir_version=helper.find_min_ir_version_for(opsets),
        )  # fmt: skip

    def _info(self, name: str, value: int, axes: Any) -> Any:
        given = dict(axes) if isinstance(axes, Mapping) else {}
        array, symbols = self._program.arrays[value], self._program.symbols
        dims: list[int | str | None] = []
        for axis, d in enumerate(array.shape):
            if not isinstance(d, Size):
                dims.append(int(d))
                continue
            own = [n for i, n in enumerate(self._symbols) if symbols.samples(i) == d]
            dims.append(given.get(axis) or (own[0] if own else None))
        return helper.make_tensor_value_info(name, onnx_type(array.dtype), dims)


def weights_as_inputs(proto: Any, names: set[str], all_: bool, keep: bool) -> None:
    """Lists initializers among the inputs; without `keep`, only there."""
    graph = proto.graph
    for t in list(graph.initializer):
        if t.name not in names and not (all_ and keep):
            continue
        graph.input.append(helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)))
        if not keep:
            graph.initializer.remove(t)
