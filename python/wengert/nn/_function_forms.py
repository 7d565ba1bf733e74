"""Functions of neural networks that PyTorch also has in its main namespace, with the argument
lists they have there; a reduction is a number: 0 none (the default), 1 mean, 2 sum."""

from __future__ import annotations

from collections.abc import Sequence

from wengert import Tensor
from wengert import _ops as _C
from wengert.nn import _activations, _dropout, _losses, _margin_losses
from wengert.nn._activations import celu_, prelu, rrelu, rrelu_, selu_, threshold_
from wengert.nn._distance import cosine_similarity, pairwise_distance, pdist
from wengert.nn._linear import bilinear
from wengert.nn.utils._weight_norm import norm_except_dim

__all__ = [
    "alpha_dropout",
    "alpha_dropout_",
    "bilinear",
    "binary_cross_entropy_with_logits",
    "celu",
    "celu_",
    "cosine_embedding_loss",
    "cosine_similarity",
    "ctc_loss",
    "dropout",
    "dropout_",
    "feature_alpha_dropout",
    "feature_alpha_dropout_",
    "feature_dropout",
    "feature_dropout_",
    "hardshrink",
    "hinge_embedding_loss",
    "kl_div",
    "margin_ranking_loss",
    "norm_except_dim",
    "pairwise_distance",
    "pdist",
    "poisson_nll_loss",
    "prelu",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "threshold",
    "threshold_",
    "triplet_margin_loss",
]


def _name_of(op: str, reduction: int) -> str:
    if reduction not in (0, 1, 2):
        raise ValueError(
            f"{op}: expected reduction to be 0 (none), 1 (mean) or 2 (sum), got {reduction!r}"
        )
    return ("none", "mean", "sum")[reduction]


# ---- activations ---------------------------------------------------------------------------


def selu(input: Tensor) -> Tensor:
    """Scaled ELU with self-normalising constants."""
    return _activations.selu(input)


def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """max(0, x) + min(0, alpha (e^(x / alpha) - 1))."""
    return _activations.celu(input, alpha)


def threshold(input: Tensor, threshold: float, value: float) -> Tensor:
    """x where x > threshold, else value."""
    return _activations.threshold(input, threshold, value)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > lambd, else 0."""
    return _activations.hardshrink(input, lambd)


# ---- dropout -------------------------------------------------------------------------------


def _check(op: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise RuntimeError(f"{op}: dropout probability has to be between 0 and 1, but got {p}")


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Zeroes elements with probability p and scales the others by 1 / (1 - p), in training."""
    _check("dropout", p)
    return _dropout.dropout(input, p, train)


def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """In-place :func:`dropout`."""
    _check("dropout_", p)
    return _dropout.dropout(input, p, train, True)


def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Dropout of whole channels of (N, C, *)."""
    _check("feature_dropout", p)
    return _dropout.feature_dropout("feature_dropout", input, p, train, False)


def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """In-place :func:`feature_dropout`."""
    _check("feature_dropout_", p)
    return _dropout.feature_dropout("feature_dropout_", input, p, train, True)


def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Dropout to the negative limit of SELU that keeps mean 0 and variance 1."""
    _check("alpha_dropout", p)
    return _dropout.alpha_dropout(input, p, train)


def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """In-place :func:`alpha_dropout`."""
    _check("alpha_dropout_", p)
    return _dropout.alpha_dropout(input, p, train, True)


def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """:func:`alpha_dropout` of whole channels of (N, C, *)."""
    _check("feature_alpha_dropout", p)
    return _dropout.feature_alpha_dropout(input, p, train)


def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """In-place :func:`feature_alpha_dropout`."""
    _check("feature_alpha_dropout_", p)
    return _dropout.feature_alpha_dropout(input, p, train, True)


# ---- losses --------------------------------------------------------------------------------


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0
) -> Tensor:
    """x where t = 1; max(0, margin - x) where t = -1."""
    name = _name_of("hinge_embedding_loss", reduction)
    return _margin_losses.hinge_embedding_loss(input, target, margin, reduction=name)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """max(0, -t (x1 - x2) + margin)."""
    name = _name_of("margin_ranking_loss", reduction)
    return _margin_losses.margin_ranking_loss(input1, input2, target, margin, reduction=name)


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """1 - cos(x1, x2) where t = 1; max(0, cos(x1, x2) - margin) where t = -1."""
    name = _name_of("cosine_embedding_loss", reduction)
    return _margin_losses.cosine_embedding_loss(input1, input2, target, margin, reduction=name)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: int = 0,
) -> Tensor:
    """max(0, d(a, p) - d(a, n) + margin)."""
    return _margin_losses.triplet_margin_loss(
        anchor,
        positive,
        negative,
        margin,
        p,
        eps,
        swap,
        reduction=_name_of("triplet_margin_loss", reduction),
    )


def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int
) -> Tensor:
    """e^x - t x (or x - t log(x + eps)), with Stirling's term for log(t!) if ``full``."""
    name = _name_of("poisson_nll_loss", reduction)
    return _losses.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=name)


def kl_div(
    input: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False
) -> Tensor:
    """t (log(t) - x) of log-probabilities x."""
    return _C.kl_div(input, target, _name_of("kl_div", reduction), log_target)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: int = 0,
) -> Tensor:
    """Binary cross entropy of sigmoid(x), computed without overflow."""
    name = _name_of("binary_cross_entropy_with_logits", reduction)
    return _C.binary_cross_entropy_with_logits(input, target, weight, pos_weight, name)


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: int = 0,
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability of label sequences over all their alignments with the input."""
    return _losses.ctc_loss(
        log_probs,
        targets,
        input_lengths,
        target_lengths,
        blank,
        _name_of("ctc_loss", reduction),
        zero_infinity,
    )
