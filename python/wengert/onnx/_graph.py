"""An ONNX graph that is being built."""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import Any

import numpy as np

import wengert
from wengert import Tensor, dtype
from wengert.onnx._sizes import Dim, Size, Symbols

try:
    import onnx
    from onnx import TensorProto, helper
except ImportError as e:
    raise ImportError(
        "onnx.export: writing ONNX files needs the package onnx; install it with "
        'pip install "wengert[onnx]"'
    ) from e

_TYPES = {
    "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "float16": TensorProto.FLOAT16,
    "bfloat16": TensorProto.BFLOAT16, "int8": TensorProto.INT8, "int16": TensorProto.INT16,
    "int32": TensorProto.INT32, "int64": TensorProto.INT64, "uint8": TensorProto.UINT8,
    "bool": TensorProto.BOOL,
}  # fmt: skip


class UnsupportedError(RuntimeError):
    """Something that is not written as ONNX."""


def onnx_type(t: dtype) -> int:
    """ONNX's number of a dtype."""
    if t.name not in _TYPES:
        raise UnsupportedError(f"ONNX models with values of dtype {t.name} are not written")
    return _TYPES[t.name]


def tensor_proto(name: str, t: Tensor) -> TensorProto:
    """The elements of a tensor under a name."""
    dense = t.detach().contiguous()
    if dense.dtype is wengert.bfloat16:
        dense = dense.view(wengert.int16)
    return TensorProto(
        name=name,
        data_type=onnx_type(t.dtype),
        dims=list(t.shape),
        raw_data=dense.numpy().tobytes(),
    )


class Graph:
    """Nodes, initializers, and the sizes that are read from values while the model runs.

    Args:
        symbols: the dynamic axes.
        opset: the version of ONNX's operations.
    """

    def __init__(self, symbols: Symbols, opset: int) -> None:
        self.symbols = symbols
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, TensorProto] = {}
        self.where = ""  # the line that is translated
        self._names: set[str] = set()
        self._constants: dict[tuple, str] = {}
        self._found: dict[Size, tuple[str, int]] = {}  # values with such an axis
        self._sizes: dict[Size, str] = {}
        self._results: dict[str, str] = {}  # their final names

    # ---- names and nodes -------------------------------------------------------------------

    def unique(self, name: str) -> str:
        """The name, with a number behind it if it is taken."""
        made, k = name, 0
        while made in self._names:
            k += 1
            made = f"{name}_{k}"
        self._names.add(made)
        return made

    def nodes_of(
        self, op: str, inputs: Sequence[str | None], count: int, **attrs: Any
    ) -> list[str]:
        """Adds a node with `count` outputs; None among the inputs is one that is left out."""
        given = ["" if i is None else i for i in inputs]
        while given and not given[-1]:
            given.pop()
        outputs = [self.unique(op.lower()) for _ in range(count)]
        node = helper.make_node(op, given, outputs, name=outputs[0], **attrs)
        node.doc_string = self.where
        self.nodes.append(node)
        return outputs

    def add(self, op: str, *inputs: str | None, **attrs: Any) -> str:
        """Adds a node with one output, whose name is returned."""
        return self.nodes_of(op, inputs, 1, **attrs)[0]

    # ---- constants -------------------------------------------------------------------------

    def initializer(self, name: str, t: Tensor) -> str:
        """A tensor of the model's under its name."""
        name = self.unique(name)
        self.initializers[name] = tensor_proto(name, t)
        return name

    def constant(self, values: Any, t: dtype = wengert.int64) -> str:
        """Numbers: one of each kind is kept."""
        tensor = wengert.tensor(values, dtype=t)
        proto = tensor_proto("", tensor)
        key = (proto.data_type, tuple(proto.dims), proto.raw_data)
        if key not in self._constants:
            self._constants[key] = self.initializer("constant", tensor)
        return self._constants[key]

    def array(self, values: np.ndarray) -> str:
        """Those of a NumPy array."""
        return self.constant(values, wengert.from_numpy(np.empty(0, values.dtype)).dtype)

    def cast(self, x: str, t: dtype) -> str:
        return self.add("Cast", x, to=onnx_type(t))

    # ---- sizes -----------------------------------------------------------------------------

    def offer(self, name: str, shape: Sequence[Dim]) -> None:
        """Says that sizes can be read from this value."""
        for axis, d in enumerate(shape):
            if isinstance(d, Size):
                self._found.setdefault(d, (name, axis))

    def size(self, d: Dim) -> str:
        """A size as a tensor (1,)."""
        if not isinstance(d, Size):
            return self.constant([d])
        if d not in self._sizes:
            if d in self._found:
                name, axis = self._found[d]
                self._sizes[d] = self.add("Shape", name, start=axis, end=axis + 1)
            else:
                self._sizes[d] = self._computed(d)
        return self._sizes[d]

    def _computed(self, d: Size) -> str:
        terms = self.symbols.polynomial(d)
        if terms is None:
            raise UnsupportedError(
                "a size does not follow from those of the dynamic axes as a sum of products "
                f"(it was {', '.join(map(str, d.samples))}); make an axis static, or write the "
                "size as -1 where it is used"
            )
        divisor = lcm(*(c.denominator for c in terms.values()))
        total = None
        for axes, coefficient in terms.items():
            factors = [self.size(self.symbols.samples(i)) for i in axes]
            factors.append(self.constant([int(coefficient * divisor)]))
            term = factors[0]
            for f in factors[1:]:
                term = self.add("Mul", term, f)
            total = term if total is None else self.add("Add", total, term)
        assert total is not None
        return total if divisor == 1 else self.add("Div", total, self.constant([divisor]))

    def shape(self, dims: Sequence[Dim]) -> str:
        """Sizes as a tensor of one dimension."""
        if not any(isinstance(d, Size) for d in dims):
            return self.constant(list(dims))
        parts = [self.size(d) for d in dims]
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=0)

    def number(self, d: Dim, t: dtype = wengert.int64) -> str:
        """A size as a tensor of no dimensions."""
        if not isinstance(d, Size):
            return self.constant(d, t)
        x = self.add("Squeeze", self.size(d), self.constant([0]))
        return x if t is wengert.int64 else self.cast(x, t)

    # ---- what many operations need ---------------------------------------------------------

    def reshape(self, x: str, old: Sequence[Dim], new: Sequence[Dim]) -> str:
        """The value `x` of shape `old` with another shape."""
        if list(old) == list(new):
            return x
        if not any(isinstance(d, Size) for d in new):
            return self.add("Reshape", x, self.constant(list(new)), allowzero=1)
        sizes: list[Dim | None] = list(new)
        if 0 not in new:
            kept = [i < len(old) and old[i] == d for i, d in enumerate(new)]
            sizes = [0 if k and isinstance(d, Size) else d for k, d in zip(kept, new)]
            open_ = [i for i, d in enumerate(sizes) if isinstance(d, Size)]
            if open_:
                sizes[self._hardest(sizes, open_)] = -1
            shape = [d for d in sizes if d is not None]
            return self.add("Reshape", x, self.shape(shape))
        return self.add("Reshape", x, self.shape(new), allowzero=1)

    def _hardest(self, sizes: Sequence[Any], among: list[int]) -> int:
        """Which of them is left for ONNX to find."""
        unknown = [i for i in among if self.symbols.polynomial(sizes[i]) is None]
        return next((i for i in unknown if sizes[i] not in self._found), among[0])

    def transpose(self, x: str, dims: Sequence[int]) -> str:
        if list(dims) == list(range(len(dims))):
            return x
        return self.add("Transpose", x, perm=list(dims))

    def slice(self, x: str, axis: int, start: Dim, end: Dim | None, step: int = 1) -> str:
        """Elements start, start + step, ... before end; None: all that follow."""
        last = (2**63 - 1 if step > 0 else -(2**63)) if end is None else end
        return self.add(
            "Slice", x, self.size(start), self.size(last), self.constant([axis]),
            self.constant([step]),
        )  # fmt: skip

    def output(self, x: str, name: str) -> None:
        """Gives a result its name, which nothing else has."""
        if x in self._results or not any(x in node.output for node in self.nodes):
            # It is returned twice, or as it was given.
            self.nodes.append(helper.make_node("Identity", [x], [name], name=name))
        else:
            self._results[x] = name

    def finish(self, outputs: Sequence[str]) -> None:
        """Names the results, and drops nodes and initializers that they do not need."""
        for node in self.nodes:
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    names[i] = self._results.get(name, name)
        wanted, kept = set(outputs), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                if node.op_type == "MaxPool" and node.output[1] not in wanted:
                    del node.output[1]
                kept.append(node)
                wanted.update(node.input)
        self.nodes = kept[::-1]
        self.initializers = {k: v for k, v in self.initializers.items() if k in wanted}
