"""Look at a recorded graph: as text, as Graphviz DOT, or drawn to a file.

Every function takes the output of a computation and, optionally, names for tensors in it:

    x = wg.tensor(2.0, requires_grad=True)
    y = wg.tensor(3.0, requires_grad=True)
    f = x * y + x
    print(viz.text(f, {"x": x, "y": y, "f": f}))

Values are shown for leaves, for the output and for named tensors: a graph keeps what its gradient
formulas need, not every result. Where everything is a scalar, each edge carries its local
derivative: how fast the operation's result changes with that one input. `backward()` releases what
is needed for that, so look before it or pass it `retain_graph=True`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import wengert as wg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Input", "Node", "dot", "draw", "graph", "text"]


@dataclass
class Input:
    """One input of an operation: where it comes from and its local derivative, if known."""

    node: Node | None  # None: a constant, through which no gradient flows
    derivative: float | None = None


@dataclass
class Node:
    """A leaf or the result of an operation."""

    name: str  # the user's, or %1, %2, ... in the order of computation
    op: str | None  # None: a leaf
    value: wg.Tensor | None = None
    inputs: list[Input] = field(default_factory=list)


def graph(output: wg.Tensor, names: Mapping[str, wg.Tensor] | None = None) -> list[Node]:
    """The nodes that `output` was computed from, inputs before results, `output` last.

    Args:
        output: a tensor with a recorded graph, or a leaf.
        names: tensors of the graph by the name they are to be shown under.

    Raises:
        ValueError: `output` does not require a gradient, so nothing was recorded.
    """
    if not output.requires_grad:
        raise ValueError(
            "viz: expected a tensor with a recorded graph, but the one given does not require a "
            "gradient; set requires_grad on an input before computing"
        )
    names = names or {}
    if output.grad_fn is None:
        return [Node(_leaf_name(output, names) or "%1", None, output)]
    known = {t.grad_fn: (name, t) for name, t in names.items() if t.grad_fn is not None}
    order = _topological(output.grad_fn)
    leaves = [fn.variable for fn in order if hasattr(fn, "variable")]
    scalar = output.ndim == 0 and all(leaf.ndim == 0 for leaf in leaves)
    nodes: dict[Any, Node] = {}
    for number, fn in enumerate(order, 1):
        if hasattr(fn, "variable"):
            name = _leaf_name(fn.variable, names)
            nodes[fn] = Node(name or f"%{number}", None, fn.variable)
            continue
        name, value = known.get(fn, (None, None))
        node = Node(name or f"%{number}", _op_name(fn), value)
        derivatives = _local_derivatives(fn, output, value) if scalar else []
        derivatives += [None] * (len(fn.next_functions) - len(derivatives))
        for (source, _), derivative in zip(fn.next_functions, derivatives, strict=False):
            node.inputs.append(Input(nodes.get(source), derivative))
        nodes[fn] = node
    result = list(nodes.values())
    result[-1].value = output
    return result


def text(output: wg.Tensor, names: Mapping[str, wg.Tensor] | None = None) -> str:
    """The graph of `output`, one line a node: value, operation, local derivatives, gradient.

    Args and errors as for `graph`.
    """
    rows = []
    for node in graph(output, names):
        left = node.name if node.value is None else f"{node.name} = {_show(node.value)}"
        arguments = ", ".join(i.node.name if i.node else "constant" for i in node.inputs)
        call = f"{node.op}({arguments})" if node.op else "leaf"
        rows.append((left, call, "  ".join(_notes(node))))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows)


def dot(output: wg.Tensor, names: Mapping[str, wg.Tensor] | None = None) -> str:
    """The graph of `output` in Graphviz's DOT language; edges carry the local derivatives.

    Args and errors as for `graph`.
    """
    nodes = graph(output, names)
    number = {id(node): f"n{i}" for i, node in enumerate(nodes)}
    lines = ["digraph {", "  rankdir=LR;", '  node [fontname="sans-serif"];']
    for node in nodes:
        rows = [node.op] if node.op else []
        rows.append(node.name if node.value is None else f"{node.name} = {_show(node.value)}")
        if node.op is None:
            rows += _notes(node)
        shape = "box" if node.op else "ellipse"
        label = "\\n".join(_escape(row) for row in rows)
        lines.append(f'  {number[id(node)]} [label="{label}", shape={shape}];')
    for node in nodes:
        for i in node.inputs:
            if i.node is None:
                continue
            label = "" if i.derivative is None else f' [label="{i.derivative:.6g}"]'
            lines.append(f"  {number[id(i.node)]} -> {number[id(node)]}{label};")
    return "\n".join([*lines, "}", ""])


def draw(output: wg.Tensor, path: str | Path, names: Mapping[str, wg.Tensor] | None = None) -> None:
    """Draw the graph of `output` to a file; the suffix of `path` tells the format.

    `.dot` and `.txt` need nothing else; `.svg`, `.png`, `.pdf` and the like need Graphviz.

    Raises:
        RuntimeError: the format needs Graphviz, and its program `dot` was not found or failed.
        ValueError: as for `graph`, or `path` has no suffix.
    """
    if Path(path).suffix.lower() == ".txt":
        Path(path).write_text(text(output, names), encoding="utf-8")
    else:
        render(dot(output, names), path)


def render(graph: str, path: str | Path) -> None:
    """Write a graph in the DOT language to a file; the suffix of `path` tells the format.

    `.dot` needs nothing else; `.svg`, `.png`, `.pdf` and the like need Graphviz.

    Raises:
        RuntimeError: the format needs Graphviz, and its program `dot` was not found or failed.
        ValueError: `path` has no suffix.
    """
    path = Path(path)
    kind = path.suffix[1:].lower()
    if not kind:
        raise ValueError(f"draw: expected a path with a suffix such as .svg, but got {path}")
    if kind == "dot":
        path.write_text(graph, encoding="utf-8")
        return
    program = shutil.which("dot")
    if program is None:
        raise RuntimeError(
            f"draw: expected Graphviz for a .{kind} file, but its program `dot` was not found; "
            "install Graphviz or give a path that ends in .dot"
        )
    done = subprocess.run(
        [program, f"-T{kind}", "-o", str(path)],
        input=graph,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"draw: Graphviz could not write {path}: {done.stderr.strip()}")


def _topological(root: Any) -> list[Any]:
    # A stack of iterators instead of recursion: graphs may be a million nodes deep.
    order, seen = [], {root}
    stack = [(root, iter(root.next_functions))]
    while stack:
        fn, rest = stack[-1]
        for source, _ in rest:
            if source is not None and source not in seen:
                seen.add(source)
                stack.append((source, iter(source.next_functions)))
                break
        else:
            order.append(fn)
            stack.pop()
    return order


def _leaf_name(leaf: wg.Tensor, names: Mapping[str, wg.Tensor]) -> str | None:
    return next((name for name, tensor in names.items() if tensor is leaf), None)


def _op_name(fn: Any) -> str:
    return re.sub(r"Backward\d*$", "", fn.name()).lower()


def _local_derivatives(fn: Any, like: wg.Tensor, value: wg.Tensor | None) -> list[float | None]:
    """d(result)/d(input) for each input: the node's gradient formula applied to 1."""
    if value is not None and value.ndim != 0:
        return []
    one = wg.ones((), dtype=like.dtype if value is None else value.dtype)
    try:
        with wg.no_grad():
            gradients = fn(one)
    except (RuntimeError, TypeError, ValueError, IndexError):
        return []  # its saved values were released, or its result is no scalar
    if not isinstance(gradients, (tuple, list)):
        gradients = (gradients,)
    return [None if g is None or g.ndim != 0 else g.item() for g in gradients]


def _notes(node: Node) -> list[str]:
    if node.op is None:
        grad = node.value.grad if node.value is not None else None
        return [] if grad is None else [f"gradient {_show(grad)}"]
    return [
        f"d/d{i.node.name} = {i.derivative:.6g}"
        for i in node.inputs
        if i.node is not None and i.derivative is not None
    ]


def _show(value: wg.Tensor) -> str:
    if value.ndim == 0:
        return f"{value.item():.6g}"
    return f"{str(value.dtype).rpartition('.')[2]} {tuple(value.shape)}"


def _escape(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"')
