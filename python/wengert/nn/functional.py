"""Functions behind the layers, with the signatures of ``torch.nn.functional``.

What has a kernel of its own comes from the core (``_C``); the rest is composed of tensor
operations, so that every order of derivative follows from theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import wengert
from wengert import Tensor, no_grad
from wengert import _ops as _C
from wengert.nn._attention import multi_head_attention_forward
from wengert.nn._losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine_embedding_loss,
    cross_entropy,
    gaussian_nll_loss,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    l1_loss,
    margin_ranking_loss,
    mse_loss,
    nll_loss,
    pairwise_distance,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
    triplet_margin_loss,
)
from wengert.nn._pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    avg_pool1d,
    avg_pool2d,
    max_pool1d,
    max_pool2d,
)

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "conv1d",
    "conv2d",
    "conv3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "embedding",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "group_norm",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool2d",
    "mish",
    "mse_loss",
    "multi_head_attention_forward",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "rrelu",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "triplet_margin_loss",
]

linear = _C.linear
one_hot = _C.one_hot
scaled_dot_product_attention = _C.scaled_dot_product_attention
sigmoid = _C.sigmoid
tanh = _C.tanh


# ---- activations ---------------------------------------------------------------------------


def _over(input: Tensor, f: Callable[[Tensor], Tensor], inplace: bool) -> Tensor:
    """``f(input)``; in place, of a copy, since what f saves for backward must not change."""
    return input.copy_(f(input.clone())) if inplace else f(input)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    return _C.relu_(input) if inplace else _C.relu(input)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x Phi(x) with the normal distribution function Phi, or its "tanh" approximation."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    return _C.gelu_tanh(input) if approximate == "tanh" else _C.gelu(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else negative_slope * x."""
    return _over(input, lambda x: wengert.where(x > 0, x, x * negative_slope), inplace)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, else weight * x, with one weight or one for each channel (dimension 1)."""
    if weight.numel() != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if weight.ndim != 1 or weight.numel() != channels:
            raise RuntimeError(
                f"prelu: expected 1 weight or one for each of {channels} channels, got a weight of "
                f"shape {tuple(weight.shape)} for an input of shape {tuple(input.shape)}"
            )
        weight = weight.reshape([-1] + [1] * (input.ndim - 2))
    return wengert.where(input > 0, input, input * weight)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """Leaky ReLU whose slope is drawn from U(lower, upper) in training, their mean otherwise."""
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    slope = wengert.rand_like(input) * (upper - lower) + lower
    return _over(input, lambda x: wengert.where(x > 0, x, x * slope), inplace)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha (e^x - 1)."""
    return _over(input, lambda x: _elu(x, alpha, 1.0, 1.0), inplace)


def _elu(x: Tensor, alpha: float, scale: float, divisor: float) -> Tensor:
    """scale * (x where x > 0, else alpha (e^(x / divisor) - 1)); nothing overflows for x > 0."""
    negative = x.clamp(max=0)
    if divisor != 1.0:
        negative = negative / divisor
    y = wengert.where(x > 0, x, _C.expm1(negative) * alpha)
    return y if scale == 1.0 else y * scale


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """Scaled ELU with the self-normalising constants of Klambauer et al. (2017)."""
    return _over(input, lambda x: _elu(x, _SELU_ALPHA, _SELU_SCALE, 1.0), inplace)


_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """max(0, x) + min(0, alpha (e^(x / alpha) - 1))."""
    if alpha == 0:
        raise RuntimeError("celu: expected an alpha that is not 0")
    return _over(input, lambda x: _elu(x, alpha, 1.0, alpha), inplace)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x)."""
    return _over(input, lambda x: x * _C.sigmoid(x), inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x))."""
    return _over(input, lambda x: x * _C.tanh(softplus(x)), inplace)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + e^(beta x)) / beta; x itself where beta x > threshold."""
    scaled = input if beta == 1 else input * beta
    # The clamp keeps the branch that is not taken finite, so that its zero gradient stays zero.
    soft = _C.log1p(_C.exp(scaled.clamp(max=threshold)))
    return wengert.where(scaled > threshold, input, soft if beta == 1 else soft / beta)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x))."""
    # Beyond 40, softplus is the identity in double precision too.
    return -softplus(-input, 1.0, 10.0 if input.dtype is wengert.float16 else 40.0)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """x limited to [min_val, max_val]."""
    if min_val > max_val:
        raise ValueError(
            f"hardtanh: min_val cannot be greater than max_val, got {min_val} > {max_val}"
        )
    return _over(input, lambda x: _limit(x, min_val, max_val), inplace)


def _limit(x: Tensor, low: float, high: float) -> Tensor:
    """x limited to [low, high], with derivative 0 on the borders."""
    y = wengert.where(x <= low, _C.full_like(x, low), x)
    return wengert.where(x >= high, _C.full_like(x, high), y)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    return _over(input, lambda x: _limit(x, 0, 6), inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x + 3, 0), 6) / 6."""
    return _over(input, lambda x: _limit(x + 3, 0, 6) / 6, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x min(max(x + 3, 0), 6) / 6."""
    return _over(input, lambda x: x * _limit(x + 3, 0, 6) / 6, inplace)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > lambd, else 0."""
    return wengert.where(input.abs() <= lambd, _C.zeros_like(input), input)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by lambd, 0 where |x| <= lambd."""
    if lambd < 0:
        raise RuntimeError(f"softshrink: lambd must be greater or equal to 0, but found {lambd}")
    moved = wengert.where(input > 0, input - lambd, input + lambd)
    return wengert.where(input.abs() <= lambd, input * 0, moved)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return input - _C.tanh(input)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else value."""
    return _over(input, lambda x: wengert.where(x <= threshold, _C.full_like(x, value), x), inplace)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a sigmoid(b), where a and b are the two halves of the input along ``dim``."""
    if input.ndim == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    size = input.shape[dim]
    if size % 2:
        raise RuntimeError(
            f"glu: halving dimension must be even, but dimension {dim} is size {size}"
        )
    a, b = input.chunk(2, dim)
    return a * _C.sigmoid(b)


def _softmax_dim(name: str, dim: int | None, ndim: int) -> int:
    if dim is not None:
        return dim
    import warnings

    warnings.warn(
        f"{name}: the implicit choice of dimension is deprecated; pass dim=...", stacklevel=3
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: wengert.dtype | None = None,
) -> Tensor:
    """e^x / sum(e^x) along ``dim``; computed in ``dtype`` if that is given."""
    if dim is None:
        dim = _softmax_dim("softmax", dim, input.ndim)
    return _C.softmax(input if dtype is None else input.to(dtype), dim)


def log_softmax(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: wengert.dtype | None = None,
) -> Tensor:
    """log(softmax(x)) along ``dim``; computed in ``dtype`` if that is given."""
    if dim is None:
        dim = _softmax_dim("log_softmax", dim, input.ndim)
    return _C.log_softmax(input if dtype is None else input.to(dtype), dim)


def softmin(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: wengert.dtype | None = None,
) -> Tensor:
    """softmax(-x) along ``dim``."""
    if dim is None:
        dim = _softmax_dim("softmin", dim, input.ndim)
    return _C.softmax(-input if dtype is None else (-input).to(dtype), dim)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """softmax((x + noise) / tau) with Gumbel noise: nearly one-hot samples of a distribution.

    Source: Jang et al., ICLR 2017.

    Args:
        logits: unnormalised logarithms of probabilities along ``dim``.
        hard: gives exact one-hot vectors, with the gradient of the soft ones.
        eps: no longer used, as in PyTorch.
    """
    if eps != 1e-10:
        import warnings

        warnings.warn("gumbel_softmax: eps has no effect", stacklevel=2)
    noise = -_C.empty_like(logits).exponential_().log()
    soft = _C.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    chosen = _C.zeros_like(soft).scatter(dim, soft.detach().argmax(dim, keepdim=True), 1.0)
    return chosen - soft.detach() + soft


# ---- linear maps and convolutions ----------------------------------------------------------


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y_k = x1^T W_k x2 + b_k, for x1 (*, n1), x2 (*, n2), weight (out, n1, n2)."""
    if (
        input1.shape[:-1] != input2.shape[:-1]
        or input1.shape[-1] != weight.shape[1]
        or input2.shape[-1] != weight.shape[2]
    ):
        raise RuntimeError(
            f"bilinear: expected inputs (*, {weight.shape[1]}) and (*, {weight.shape[2]}) that "
            f"agree in *, got {tuple(input1.shape)} and {tuple(input2.shape)}"
        )
    out, n1, n2 = weight.shape
    a = input1.reshape(-1, n1)
    b = input2.reshape(-1, n2)
    left = (a @ weight.permute(1, 0, 2).reshape(n1, out * n2)).reshape(-1, out, n2)
    y = (left * b.unsqueeze(1)).sum(-1).reshape([*input1.shape[:-1], out])
    return y if bias is None else y + bias


def _tuple_of(value: int | Sequence[int], n: int) -> tuple[int, ...]:
    return (value,) * n if isinstance(value, int) else tuple(value)


def _conv(
    n: int,
    kernel: Callable,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: int | Sequence[int],
    padding: str,
    dilation: int | Sequence[int],
    groups: int,
) -> Tensor:
    """A convolution whose padding is given as "same" or "valid"."""
    if padding == "valid":
        return kernel(input, weight, bias, stride, 0, dilation, groups)
    if padding != "same":
        raise RuntimeError(f"conv{n}d: expected padding 'same' or 'valid', got {padding!r}")
    if any(s != 1 for s in _tuple_of(stride, n)):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [d * (k - 1) for d, k in zip(_tuple_of(dilation, n), weight.shape[2:], strict=True)]
    if any(t % 2 for t in total):
        # What is left over when the padding is halved goes to the end.
        extra = [v for t in reversed(total) for v in (0, t % 2)]
        input = _C.pad(input, extra, "constant", 0.0)
    return kernel(input, weight, bias, stride, [t // 2 for t in total], dilation, groups)


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of (N, C, L) with a weight (out, C / groups, k)."""
    if isinstance(padding, str):
        return _conv(1, _C.conv1d, input, weight, bias, stride, padding, dilation, groups)
    return _C.conv1d(input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of (N, C, H, W) with a weight (out, C / groups, kh, kw)."""
    if isinstance(padding, str):
        return _conv(2, _C.conv2d, input, weight, bias, stride, padding, dilation, groups)
    return _C.conv2d(input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of (N, C, D, H, W) with a weight (out, C / groups, kd, kh, kw)."""
    if isinstance(padding, str):
        return _conv(3, _C.conv3d, input, weight, bias, stride, padding, dilation, groups)
    return _C.conv3d(input, weight, bias, stride, padding, dilation, groups)


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Pads the last dimensions: ``pad`` lists (before, after) from the last one backwards.

    Modes: "constant" (any dimensions, negative amounts cut off), "reflect", "replicate" and
    "circular" (the last one to three of them, the leading ones being batch and channels).
    """
    if len(pad) % 2:
        raise ValueError(f"pad: Padding length must be divisible by 2, got {len(pad)} amounts")
    if mode != "constant" and value is not None and value != 0:
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    return _C.pad(input, pad, mode, 0.0 if value is None else value)


# ---- normalisation -------------------------------------------------------------------------


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias over all dimensions but 1."""
    if training and input.ndim >= 2:
        shape = tuple(input.shape)
        if shape[0] * math.prod(shape[2:]) == 1:
            raise ValueError(
                f"Expected more than 1 value per channel when training, got input size {shape}"
            )
    return _C.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions."""
    return _C.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalises each of ``num_groups`` groups of channels (dimension 1) of each sample."""
    return _C.group_norm(input, num_groups, weight, bias, eps)


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """x / sqrt(mean(x^2) + eps) * weight over the last dimensions; eps None: the dtype's."""
    return _C.rms_norm(input, normalized_shape, weight, eps)


def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """x / max(||x||_p, eps) along ``dim``."""
    y = input / _p_norm(input, p, dim).clamp(min=eps)
    return y if out is None else out.copy_(y)


def _p_norm(x: Tensor, p: float, dim: int) -> Tensor:
    return wengert.norm(x, p, dim, True)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 . x2 / (max(||x1||, eps) max(||x2||, eps)) along ``dim``, after broadcasting."""
    x1, x2 = wengert.broadcast_tensors(x1, x2)
    return (normalize(x1, 2.0, dim, eps) * normalize(x2, 2.0, dim, eps)).sum(dim)


# ---- dropout -------------------------------------------------------------------------------


def _check_probability(op: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"{op}: dropout probability has to be between 0 and 1, but got {p}")


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes elements with probability p and scales the others by 1 / (1 - p), in training."""
    _check_probability("dropout", p)
    if not training or p == 0.0:
        return input
    return _over(input, lambda x: _C.dropout(x, p, True), inplace)


def _feature_dropout(
    op: str, input: Tensor, p: float, training: bool, inplace: bool, batched_ndim: int
) -> Tensor:
    _check_probability(op, p)
    if input.ndim not in (batched_ndim - 1, batched_ndim):
        raise RuntimeError(
            f"{op}: expected {batched_ndim - 1} or {batched_ndim} dimensions, got an input of "
            f"shape {tuple(input.shape)}"
        )
    if not training or p == 0.0:
        return input
    kept = input.ndim - batched_ndim + 2  # dimensions of batch and channels
    shape = [*input.shape[:kept]] + [1] * (input.ndim - kept)
    mask = _C.dropout(wengert.ones(shape, dtype=input.dtype), p, True)
    return _over(input, lambda x: x * mask, inplace)


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, L) or (C, L)."""
    return _feature_dropout("dropout1d", input, p, training, inplace, 3)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, H, W) or (C, H, W)."""
    return _feature_dropout("dropout2d", input, p, training, inplace, 4)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    return _feature_dropout("dropout3d", input, p, training, inplace, 5)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout to the negative limit of SELU that keeps mean 0 and variance 1."""
    _check_probability("alpha_dropout", p)
    if not training or p == 0.0:
        return input
    if p == 1.0:
        return _over(input, lambda x: x * 0, inplace)
    limit = -_SELU_ALPHA * _SELU_SCALE
    scale = 1 / math.sqrt((limit * limit * p + 1) * (1 - p))
    kept = _C.dropout(_C.ones_like(input), p, True) > 0
    shift = -scale * p * limit
    dropped = scale * limit + shift
    return _over(
        input, lambda x: wengert.where(kept, x * scale + shift, _C.full_like(x, dropped)), inplace
    )


# ---- embedding -----------------------------------------------------------------------------


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of ``weight`` (n, d) by the integers ``input`` (*): (*, d).

    Args:
        padding_idx: this row receives no gradient.
        max_norm: rows used here whose ``norm_type``-norm is larger are first scaled down, in place.
        sparse: accepted; gradients are dense all the same.
    """
    if scale_grad_by_freq:
        raise NotImplementedError("embedding: scale_grad_by_freq=True is not supported")
    if padding_idx is not None:
        rows = weight.shape[0]
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    if max_norm is not None:
        _limit_row_norms(weight, input, max_norm, norm_type)
    return _C.embedding(input, weight, padding_idx)


def _limit_row_norms(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> None:
    with no_grad():
        flat = indices.reshape(-1)
        rows = weight[flat]
        norms = _p_norm(rows, norm_type, 1)
        # The small number keeps the scaled norm from exceeding max_norm by rounding.
        factor = wengert.where(norms > max_norm, max_norm / (norms + 1e-7), _C.ones_like(norms))
        weight[flat] = rows * factor
