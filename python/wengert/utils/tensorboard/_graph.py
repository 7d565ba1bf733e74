"""The graph of a model as TensorBoard shows it: the operations that one call records."""

from __future__ import annotations

from typing import Any

from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.versions_pb2 import VersionDef

from wengert import Tensor, enable_grad


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for v in value for t in _tensors(v)] if isinstance(value, (list, tuple)) else []


def graph_of(model: Any, inputs: Any) -> Any:
    """Calls the model and draws what it recorded: operations, parameters and floating inputs.

    Operations on values that no gradient can flow to are not recorded, and so not shown.

    Raises RuntimeError if nothing was recorded.
    """
    arguments = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    names = {id(p): (name, "Parameter") for name, p in model.named_parameters()}
    given = []
    for i, value in enumerate(arguments):
        if isinstance(value, Tensor) and value.is_floating_point():
            value = value.detach().requires_grad_()
            names[id(value)] = f"input_{i}", "Input"
        given.append(value)
    with enable_grad():
        outputs = [t for t in _tensors(model(*given)) if t.grad_fn is not None]
    if not outputs:
        raise RuntimeError(
            "add_graph: the call recorded no operation; give floating inputs, or a model whose "
            "parameters require a gradient"
        )
    made: dict[Any, Any] = {}
    waiting = [t.grad_fn for t in outputs]
    while waiting:
        node = waiting.pop()
        if node is None or node in made:
            continue
        before = [n for n, _ in node.next_functions if n is not None]
        kind = node.name().removesuffix("Backward0").removesuffix("Backward")
        name = f"{kind}_{len(made)}"
        if not node.next_functions and hasattr(node, "variable"):
            name, kind = names.get(id(node.variable), (f"leaf_{len(made)}", "Leaf"))
        made[node] = name, kind, before
        waiting += before
    nodes = [
        NodeDef(name=name.replace(".", "/"), op=kind, input=[_path(made, n) for n in before])
        for name, kind, before in reversed(list(made.values()))
    ]
    nodes += [
        NodeDef(name=f"output_{i}", op="Output", input=[_path(made, t.grad_fn)])
        for i, t in enumerate(outputs)
    ]
    return GraphDef(node=nodes, versions=VersionDef(producer=22))


def _path(made: dict[Any, Any], node: Any) -> str:
    name: str = made[node][0]
    return name.replace(".", "/")
