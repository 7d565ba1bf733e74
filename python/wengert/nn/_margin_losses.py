"""Losses of margins and of pairs, with the signatures of ``torch.nn.functional``."""

from __future__ import annotations

from collections.abc import Callable

from wengert import Tensor, arange, int64
from wengert import _ops as _C
from wengert._shape import where
from wengert.nn._activations import logsigmoid
from wengert.nn._distance import pairwise_distance
from wengert.nn._reduction import checked_reduction, reduced


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """x where t = 1; max(0, margin - x) where t = -1."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("hinge_embedding_loss", size_average, reduce, reduction)
    zero = _C.zeros_like(input)
    loss = where(target != 1, _C.relu(margin - input), zero)
    return reduced(loss + where(target != -1, input, zero), reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + e^(-t x))."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("soft_margin_loss", size_average, reduce, reduction)
    return reduced(_C.log1p(_C.exp(-target * input)), reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -t (x1 - x2) + margin)."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("margin_ranking_loss", size_average, reduce, reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss: expected inputs and target of one number of dimensions, got "
            f"shapes {tuple(input1.shape)}, {tuple(input2.shape)} and {tuple(target.shape)}"
        )
    return reduced(_C.relu(margin - target * (input1 - input2)), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(x1, x2) where t = 1; max(0, cos(x1, x2) - margin) where t = -1."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("cosine_embedding_loss", size_average, reduce, reduction)
    if target.ndim > 1:
        raise RuntimeError("cosine_embedding_loss: expected a target of 0 or 1 dimensions")
    if not input1.ndim == input2.ndim == target.ndim + 1:
        raise RuntimeError(
            f"cosine_embedding_loss: expected inputs of {target.ndim + 1} dimensions for a target "
            f"of shape {tuple(target.shape)}, got shapes {tuple(input1.shape)} and "
            f"{tuple(input2.shape)}"
        )
    eps = 1e-12
    dot = (input1 * input2).sum(-1)
    cosine = dot / (((input1**2).sum(-1) + eps) * ((input2**2).sum(-1) + eps)).sqrt()
    zero = _C.zeros_like(cosine)
    loss = where(target == 1, 1 - cosine, zero)
    return reduced(loss + where(target == -1, _C.relu(cosine - margin), zero), reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(a, p) - d(a, n) + margin); ``swap`` takes d(p, n) if it is the smaller one."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("triplet_margin_loss", size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")

    def distance(x1: Tensor, x2: Tensor) -> Tensor:
        return pairwise_distance(x1, x2, p, eps)

    return _triplet(
        "triplet_margin_loss", anchor, positive, negative, distance, margin, swap, reduction
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """:func:`triplet_margin_loss` with a distance of one's own (None: the Euclidean one)."""
    op = "triplet_margin_with_distance_loss"
    reduction = checked_reduction(op, None, None, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplet(op, anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(
    op: str,
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    distance: Callable[[Tensor, Tensor], Tensor],
    margin: float,
    swap: bool,
    reduction: str,
) -> Tensor:
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            f"{op}: expected anchor, positive and negative to have the same number of dimensions, "
            f"got {anchor.ndim}, {positive.ndim} and {negative.ndim}"
        )
    near = distance(anchor, positive)
    far = distance(anchor, negative)
    if swap:
        far = _C.minimum(far, distance(positive, negative))
    return reduced(_C.relu(near - far + margin), reduction)


def _rows(op: str, input: Tensor) -> Tensor:
    """The input as (N, C), from (N, C), (C) or a single number."""
    if input.ndim > 2 or 0 in tuple(input.shape[1:]) or (input.ndim < 2 and not input.numel()):
        raise RuntimeError(
            f"{op}: expected a non-empty input (N, C) or (C), got shape {tuple(input.shape)}"
        )
    return input if input.ndim == 2 else input.reshape(1, -1)


def _check_classes(op: str, target: Tensor, low: int, classes: int) -> None:
    if target.dtype is not int64:
        raise RuntimeError(f"{op}: expected class indices of dtype int64, got {target.dtype}")
    if bool(((target < low) | (target >= classes)).any()):
        raise RuntimeError(f"{op}: a target is out of range for {classes} classes")


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """sum over i != t of max(0, margin - x[t] + x[i])^p / C, for scores (N, C) or (C) and class
    indices; times weight[t]."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("multi_margin_loss", size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: only p == 1 and p == 2 supported, got {p}")
    x = _rows("multi_margin_loss", input)
    rows, classes = x.shape
    if target.ndim > 1 or target.numel() != rows:
        raise RuntimeError(
            f"multi_margin_loss: expected {rows} class indices, got a target of shape "
            f"{tuple(target.shape)} for an input of shape {tuple(input.shape)}"
        )
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"multi_margin_loss: inconsistent weight size, expected {classes} but got "
            f"{tuple(weight.shape)}"
        )
    _check_classes("multi_margin_loss", target, 0, classes)
    t = target.reshape(-1, 1)
    z = _C.relu(margin - x.gather(1, t) + x)
    if p == 2:
        z = z * z
    if weight is not None:
        z = z * weight[t]
    own = arange(classes) == t
    loss = where(own, _C.zeros_like(z), z).sum(1) / classes
    return reduced(loss if target.ndim else loss.reshape(()), reduction)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """sum of max(0, 1 - x[t] + x[i]) / C over targets t and all other classes i, for scores (N, C)
    or (C); the targets of a row are its class indices up to the first -1."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("multilabel_margin_loss", size_average, reduce, reduction)
    x = _rows("multilabel_margin_loss", input)
    if target.shape != input.shape:
        raise RuntimeError(
            f"multilabel_margin_loss: inconsistent target size {tuple(target.shape)} for an input "
            f"of shape {tuple(input.shape)}"
        )
    rows, classes = x.shape
    _check_classes("multilabel_margin_loss", target, -1, classes)
    t = target.reshape(rows, classes)
    counts = (t >= 0).to(int64).cumprod(1)
    at = t * counts
    # Rows may name a class that the padding behind the -1 repeats, hence the maximum.
    is_target = _C.zeros_like(t).scatter_reduce(1, at, counts, "amax").unsqueeze(1)
    z = _C.relu(1 - x.gather(1, at).unsqueeze(2) + x.unsqueeze(1))
    loss = (z * (counts.unsqueeze(2) * (1 - is_target)).to(z.dtype)).sum((1, 2)) / classes
    return reduced(loss if input.ndim == 2 else loss.reshape(()), reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over classes (the last dimension) of -(t log s(x) + (1 - t) log s(-x)), with the
    logistic function s."""
    if size_average is not None or reduce is not None or reduction != "mean":
        op = "multilabel_soft_margin_loss"
        reduction = checked_reduction(op, size_average, reduce, reduction)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return reduced(loss.sum(-1) / input.shape[-1], reduction)
