"""Loss functions, with the signatures of ``torch.nn.functional``.

``reduction`` is "mean", "sum" or "none"; ``size_average`` and ``reduce`` are its older spelling.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from wengert import Tensor, int64, no_grad, tensor
from wengert import _ops as _C
from wengert._shape import where
from wengert._tensor import same_shape
from wengert.nn._reduction import checked_reduction, reduced


def _warn_of_broadcast(op: str, input: Tensor, target: Tensor) -> None:
    import warnings

    warnings.warn(
        f"{op}: using a target size ({target.shape}) that is different to the input size "
        f"({input.shape}); this will likely lead to incorrect results due to broadcasting",
        stacklevel=3,
    )


def _weighted(op: str, loss: Tensor, weight: Tensor, reduction: str) -> Tensor:
    """The loss of each element times its weight; the mean divides by the sum of the weights."""
    if weight.shape != loss.shape:
        raise ValueError(
            f"{op}: expected a weight of shape {tuple(loss.shape)}, got {tuple(weight.shape)}"
        )
    if reduction == "mean":
        return (loss * weight).sum() / weight.sum()
    return reduced(loss * weight, reduction)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(x - t)^2."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("mse_loss", size_average, reduce, reduction)
    if not same_shape(input, target):
        _warn_of_broadcast("mse_loss", input, target)
    if weight is not None:
        return _weighted("mse_loss", _C.mse_loss(input, target, "none"), weight, reduction)
    return _C.mse_loss(input, target, reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|x - t|."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("l1_loss", size_average, reduce, reduction)
    if not same_shape(input, target):
        _warn_of_broadcast("l1_loss", input, target)
    if weight is not None:
        return _weighted("l1_loss", _C.l1_loss(input, target, "none"), weight, reduction)
    return _C.l1_loss(input, target, reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """d^2 / (2 beta) where d = |x - t| < beta, else d - beta / 2."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("smooth_l1_loss", size_average, reduce, reduction)
    if not same_shape(input, target):
        _warn_of_broadcast("smooth_l1_loss", input, target)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    if beta == 0:
        return _C.l1_loss(input, target, reduction)
    return _C.smooth_l1_loss(input, target, reduction, beta)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """d^2 / 2 where d = |x - t| <= delta, else delta (d - delta / 2)."""
    reduction = checked_reduction("huber_loss", None, None, reduction)
    if not same_shape(input, target):
        _warn_of_broadcast("huber_loss", input, target)
    if delta <= 0:
        raise RuntimeError(
            f"huber_loss does not support non-positive values for delta, got {delta}"
        )
    if weight is not None:
        # Its mean counts elements, unlike that of the other losses with weights.
        if weight.shape != input.shape:
            raise ValueError(
                f"huber_loss: expected a weight of shape {tuple(input.shape)}, got "
                f"{tuple(weight.shape)}"
            )
        return reduced(_C.huber_loss(input, target, "none", delta) * weight, reduction)
    return _C.huber_loss(input, target, reduction, delta)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log(softmax(x))[t]: logits (C), (N, C) or (N, C, d1, ...), with class indices or, in a
    target of the input's shape, class probabilities."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("cross_entropy", size_average, reduce, reduction)
    return _C.cross_entropy(input, target, weight, reduction, ignore_index, label_smoothing)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-x[t]: log-probabilities (C), (N, C) or (N, C, d1, ...) with class indices."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("nll_loss", size_average, reduce, reduction)
    return _C.nll_loss(input, target, weight, reduction, ignore_index)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(t log(x) + (1 - t) log(1 - x)) of probabilities x, each logarithm at least -100."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("binary_cross_entropy", size_average, reduce, reduction)
    if input.shape != target.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise RuntimeError(
            f"binary_cross_entropy: expected a target of dtype {input.dtype}, got {target.dtype}"
        )
    return _C.binary_cross_entropy(input, target, weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """binary_cross_entropy of sigmoid(x), computed without overflow."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction(
            "binary_cross_entropy_with_logits", size_average, reduce, reduction
        )
    if input.shape != target.shape:
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        )
    return _C.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """t (log(t) - x) of log-probabilities x; "batchmean" divides the sum by the batch size."""
    if reduction == "batchmean" and size_average is None and reduce is None:
        total = _C.kl_div(input, target, "sum", log_target)
        return total / input.shape[0] if input.ndim else total
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("kl_div", size_average, reduce, reduction)
    return _C.kl_div(input, target, reduction, log_target)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """e^x - t x (or x - t log(x + eps)), with Stirling's term for log(t!) if ``full``."""
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = checked_reduction("poisson_nll_loss", size_average, reduce, reduction)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        safe = target.clamp(min=1)
        stirling = safe * safe.log() - safe + 0.5 * (safe * (2 * math.pi)).log()
        loss = loss + where(target > 1, stirling, _C.zeros_like(stirling))
    return reduced(loss, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """(log(v) + (x - t)^2 / v) / 2 with v = max(var, eps); adds log(2 pi) / 2 if ``full``."""
    reduction = checked_reduction("gaussian_nll_loss", None, None, reduction)
    if not isinstance(var, Tensor):
        var = _C.full_like(input, var)
    elif var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif input.shape[:-1] != var.shape[:-1] or var.shape[-1] != 1:
            raise ValueError(
                f"var is of incorrect size: expected shape {tuple(input.shape)}, with 1 for the "
                f"last dimension or without it, got {tuple(var.shape)}"
            )
    if bool((var < 0).any()):
        raise ValueError("var has negative entry/entries")
    # The lower limit is not differentiated: its value counts, the gradient passes.
    limited = var.clone()
    with no_grad():
        limited.clamp_(min=eps)
    var = limited
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability of label sequences over all their alignments with the input (Graves
    et al., 2006).

    The gradient takes ``log_probs`` for the result of a ``log_softmax``; there is no second one.

    Args:
        log_probs: log-probabilities (T, N, C) or (T, C).
        targets: labels (N, S), padded; or those of all samples one after another.
        input_lengths: how many of the T steps count, for each sample.
        target_lengths: how many labels each sample has.
        blank: the class that stands for no label.
        reduction: "mean" divides each loss by its target's length first.
        zero_infinity: losses of targets too long for their input count as 0, as do their gradients.
    """
    if isinstance(input_lengths, Tensor) is not isinstance(target_lengths, Tensor):
        raise TypeError(
            "ctc_loss: expected input_lengths and target_lengths to be both tensors or both "
            "sequences of ints"
        )
    lengths = []
    for name, given in (("input_lengths", input_lengths), ("target_lengths", target_lengths)):
        if not isinstance(given, (Tensor, tuple, list)):
            raise TypeError(
                f"ctc_loss: expected {name} to be a tensor or a sequence of ints, got "
                f"{type(given).__name__}"
            )
        if not isinstance(given, Tensor):
            given = tensor(list(given), dtype=int64)
        lengths.append(given)
    return _C.ctc_loss(log_probs, targets, lengths[0], lengths[1], blank, reduction, zero_infinity)
