"""The forms in which einsum takes its labels and operands."""

from __future__ import annotations

from . import _core
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _from_sublists(operands: tuple[Any, ...]) -> tuple[str, list[Tensor]]:
    """einsum(a, [0, 1], b, [1, 2], [0, 2]) as an equation."""

    def text(labels: Any) -> str:
        if any(i is not Ellipsis and not 0 <= i < len(_LETTERS) for i in labels):
            raise ValueError(f"einsum: expected labels from 0 to {len(_LETTERS) - 1}, got {labels}")
        return "".join("..." if i is Ellipsis else _LETTERS[i] for i in labels)

    tensors = list(operands[0:-1:2]) if len(operands) % 2 else list(operands[0::2])
    terms = operands[1::2]
    equation = ",".join(text(t) for t in terms[: len(tensors)])
    if len(operands) % 2:
        equation += "->" + text(operands[-1])
    return equation, tensors


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Products of tensors summed over named dimensions, such as einsum('ij,jk->ik', a, b).

    A label that appears twice in a term takes its diagonal; one that is not in the output is
    summed over. Without '->' the output has the labels that appear once, in order. '...' stands
    for dimensions that broadcast. Labels may also be given as lists of numbers after each
    operand. Of more than two operands, the cheapest pair is always joined next.
    """
    if not isinstance(equation, (str, Tensor)):
        raise TypeError(f"einsum: expected an equation, got {type(equation).__name__}")
    if isinstance(equation, Tensor):
        equation, tensors = _from_sublists((equation, *operands))
    elif len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        tensors = list(operands[0])
    else:
        tensors = list(operands)
    return _ops._einsum(equation, tensors)
