"""Einstein summation by permutation, reshaping and batched matrix products."""

from __future__ import annotations

from math import prod

from . import _core
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    _Label = Any

_ops = _core.ops
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# A term is a list of labels: letters, and numbers for the dimensions under an ellipsis, counted
# from the right: -1 is the last.


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


def _parse_term(term: str, equation: str) -> list[str]:
    labels: list[str] = []
    i = 0
    while i < len(term):
        if term[i : i + 3] == "...":
            if "..." in labels:
                raise RuntimeError(f"einsum: more than one ellipsis in a term of {equation!r}")
            labels.append("...")
            i += 3
        elif term[i] in _LETTERS:
            labels.append(term[i])
            i += 1
        else:
            raise RuntimeError(f"einsum: unexpected character {term[i]!r} in {equation!r}")
    return labels


def _expand_ellipsis(labels: list[str], n: int) -> list[_Label]:
    out: list[_Label] = []
    for label in labels:
        out.extend(range(-n, 0) if label == "..." else [label])
    return out


def _parse(equation: str, operands: list[Tensor]) -> tuple[list[list[_Label]], list[_Label]]:
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    parts = left.split(",")
    if len(parts) != len(operands):
        raise RuntimeError(
            f"einsum: {equation!r} has {len(parts)} terms, but {len(operands)} operands were given"
        )
    terms = []
    most = 0
    for part, t in zip(parts, operands, strict=False):
        labels = _parse_term(part, equation)
        n = t.ndim - len([x for x in labels if x != "..."])
        if n < 0 or (n > 0 and "..." not in labels):
            raise RuntimeError(
                f"einsum: the term {part!r} does not fit an operand of shape {tuple(t.shape)}"
            )
        most = max(most, n if "..." in labels else 0)
        terms.append(_expand_ellipsis(labels, n))
    if arrow:
        output = _expand_ellipsis(_parse_term(right, equation), most)
        for label in output:
            if output.count(label) > 1:
                raise RuntimeError(f"einsum: {label!r} appears twice in the output of {equation!r}")
            if not isinstance(label, int) and not any(label in t for t in terms):
                raise RuntimeError(f"einsum: {label!r} of the output is in no term of {equation!r}")
    else:
        all_labels = [x for t in terms for x in t]
        once = {x for x in all_labels if not isinstance(x, int) and all_labels.count(x) == 1}
        output = [*range(-most, 0), *sorted(once)]
    return terms, output


def _merge_repeated(t: Tensor, labels: list[_Label]) -> tuple[Tensor, list[_Label]]:
    """Takes the diagonal of labels that appear twice in one term."""
    labels = list(labels)
    for label in list(dict.fromkeys(labels)):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            if t.shape[i] != t.shape[j]:
                raise RuntimeError(
                    f"einsum: the repeated label {label!r} has sizes {t.shape[i]} and {t.shape[j]}"
                )
            t = t.diagonal(0, i, j)
            del labels[j], labels[i]
            labels.append(label)
    return t, labels


def _sum_out(t: Tensor, labels: list[_Label], kept: set[_Label]) -> tuple[Tensor, list[_Label]]:
    dims = [i for i, x in enumerate(labels) if x not in kept]
    if not dims:
        return t, labels
    return t.sum(dims), [x for x in labels if x in kept]


def _contract(
    a: Tensor, la: list[_Label], b: Tensor, lb: list[_Label], kept: set[_Label]
) -> tuple[Tensor, list[_Label]]:
    """The product of two terms, summed over what neither the output nor another term needs."""
    # Dimensions of size 1 broadcast: where only one operand has extent, the other drops it.
    size_a, size_b = dict(zip(la, a.shape, strict=False)), dict(zip(lb, b.shape, strict=False))
    for label in [x for x in la if x in size_b]:
        if size_a[label] == 1 and size_b[label] != 1:
            a = a.squeeze(la.index(label))
            la = [x for x in la if x != label]
        elif size_b[label] == 1 and size_a[label] != 1:
            b = b.squeeze(lb.index(label))
            lb = [x for x in lb if x != label]
    a, la = _sum_out(a, la, kept | set(lb))
    b, lb = _sum_out(b, lb, kept | set(la))
    size = dict(zip(lb, b.shape, strict=False)) | dict(zip(la, a.shape, strict=False))
    batch = [x for x in la if x in lb and x in kept]
    inner = [x for x in la if x in lb and x not in kept]
    only_a = [x for x in la if x not in lb]
    only_b = [x for x in lb if x not in la]
    if not inner:  # nothing to sum over: an elementwise product
        labels = batch + only_a + only_b
        a = a.permute([la.index(x) for x in batch + only_a])
        a = a.reshape([*a.shape, *[1] * len(only_b)])
        b = b.permute([lb.index(x) for x in batch + only_b])
        n = len(batch)
        b = b.reshape([*b.shape[:n], *[1] * len(only_a), *b.shape[n:]])
        return a * b, labels

    def shape(labels: list[_Label]) -> list[int]:
        return [size[x] for x in labels]

    left = a.permute([la.index(x) for x in batch + only_a + inner])
    right = b.permute([lb.index(x) for x in batch + inner + only_b])
    n, m, k = prod(shape(only_a)), prod(shape(only_b)), prod(shape(inner))
    if batch:
        count = prod(shape(batch))
        out = _ops.bmm(left.reshape(count, n, k), right.reshape(count, k, m))
    else:
        out = _ops.mm(left.reshape(n, k), right.reshape(k, m))
    labels = batch + only_a + only_b
    return out.reshape(shape(labels)), labels


def _cost(la: list[_Label], lb: list[_Label], size: dict[_Label, int]) -> int:
    return prod(size[x] for x in {*la, *lb})


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
    if not tensors:
        raise ValueError("einsum: expected at least one operand")
    terms, output = _parse(equation, tensors)
    size: dict[_Label, int] = {}
    for i, (t, labels) in enumerate(zip(tensors, terms, strict=False)):
        tensors[i], terms[i] = _merge_repeated(t, labels)
        for label, n in zip(terms[i], tensors[i].shape, strict=False):
            if size.setdefault(label, n) != n:
                if n != 1 and size[label] != 1:
                    raise RuntimeError(
                        f"einsum: the label {label!r} has sizes {size[label]} and {n}"
                    )
                size[label] = max(n, size[label]) if n and size[label] else 0
    while len(tensors) > 1:
        pairs = [(i, j) for i in range(len(terms)) for j in range(i + 1, len(terms))]
        i, j = min(pairs, key=lambda p: _cost(terms[p[0]], terms[p[1]], size))
        others = {x for k, t in enumerate(terms) if k not in (i, j) for x in t}
        made, labels = _contract(tensors[i], terms[i], tensors[j], terms[j], others | set(output))
        tensors = [t for k, t in enumerate(tensors) if k not in (i, j)] + [made]
        terms = [t for k, t in enumerate(terms) if k not in (i, j)] + [labels]
    result, labels = _sum_out(tensors[0], terms[0], set(output))
    missing = [x for x in output if x not in labels]  # under an ellipsis that matched nothing
    for label in missing:
        result, labels = result.unsqueeze(0), [label, *labels]
    return result.permute([labels.index(x) for x in output])
