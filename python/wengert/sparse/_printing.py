"""Sparse tensors as text, laid out as PyTorch does."""

from __future__ import annotations

from typing import Any

from wengert import Tensor, no_grad
from wengert._printing import _elements, _is_usual, options


def _part(name: str, t: Tensor, indent: int) -> str:
    head = f"{name}=tensor("
    with no_grad():
        text = head + _elements(t.detach(), indent + len(head))
    return text + (f", size={tuple(t.shape)})" if t.numel() == 0 else ")")


def text_of(tensor: Any, parts: tuple[tuple[str, Tensor], ...] | None = None) -> str:
    """The text that repr shows: the parts, then shape, count, dtype, layout and gradient."""
    prefix = "tensor("
    indent = len(prefix)
    if parts is None:
        parts = ("indices", tensor._indices()), ("values", tensor._values())
    text = (",\n" + " " * indent).join(_part(name, t, indent) for name, t in parts)
    notes = [f"size={tuple(tensor.shape)}", f"nnz={tensor._nnz()}"]
    if not _is_usual(parts[-1][1]):
        notes.append(f"dtype={tensor.dtype}")
    notes.append(f"layout={tensor.layout}")
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn=<{tensor.grad_fn.name()}>")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    text = prefix + text
    column = len(text) - text.rfind("\n") + 1
    new_line = tensor.is_sparse  # the first note begins a line of its own
    for note in notes:
        if new_line or column + len(note) + 2 > options.linewidth:
            text += ",\n" + " " * indent + note
            column = indent + len(note)
            new_line = False
        else:
            text += ", " + note
            column += len(note) + 2
    return text + ")"
