"""Programs as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wengert.tape._record import Tape


def dot(tape: Tape) -> str:
    """The program in Graphviz's DOT language: operations, with arrows for what they hand on."""
    lines = ["digraph {", '  node [shape=box, fontname="sans-serif", fontsize=11];']
    values = tape.values
    maker: dict[int, str] = {}  # of a storage

    def source(v: int) -> str:
        value = values[v]
        if value.storage not in maker:
            name = {"argument": "x", "state": "s", "gradient": "g"}.get(value.kind, "%")
            maker[value.storage] = node = f"{value.kind}{value.storage}"
            dtype = str(value.dtype).rpartition(".")[2]
            lines.append(
                f'  {node} [label="{name}{value.index}\\n{dtype} {value.shape}", '
                "style=rounded, color=gray40];"
            )
        return maker[value.storage]

    for i, step in enumerate(tape.steps):
        if step.kind == "view":
            continue
        label = step.name + (" gradient" if step.kind == "rule" else "")
        label += "_" if step.kind == "change" and step.outputs else ""
        shapes = [values[v].shape for v in step.outputs if v is not None]
        if shapes:
            label += f"\\n{shapes[0]}"
        node = f"step{i}"
        arrows = dict.fromkeys(source(v) for v in step.inputs if v is not None)
        lines.append(f'  {node} [label="{label}"];')
        lines += [f"  {a} -> {node};" for a in arrows]
        for v in step.outputs:
            if v is not None:
                maker[values[v].storage] = node
    for k, v in enumerate(tape.results):
        if v is not None:
            lines.append(f'  result{k} [label="result {k}", style=rounded, color=gray40];')
            lines.append(f"  {source(v)} -> result{k};")
    return "\n".join([*lines, "}"]) + "\n"
