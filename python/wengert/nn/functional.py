"""Functions behind the layers, with the signatures of ``torch.nn.functional``.

What has a kernel of its own comes from the core (``_C``); the rest is composed of tensor
operations, so that every order of derivative follows from theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import wengert
from wengert import Tensor
from wengert import _ops as _C
from wengert._convolution import conv1d, conv2d, conv3d
from wengert.nn._embedding import embedding, embedding_bag, one_hot
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
from wengert.nn._normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    normalize,
    rms_norm,
)
from wengert.nn._pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool1d_with_indices,
    adaptive_max_pool2d,
    adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d,
    adaptive_max_pool3d_with_indices,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    max_pool1d,
    max_pool1d_with_indices,
    max_pool2d,
    max_pool2d_with_indices,
    max_pool3d,
    max_pool3d_with_indices,
)
from wengert.nn._spatial import (
    affine_grid,
    fold,
    grid_sample,
    interpolate,
    local_response_norm,
    unfold,
    upsample,
    upsample_bilinear,
    upsample_nearest,
)
from wengert.nn._unpooling import (
    fractional_max_pool2d,
    fractional_max_pool2d_with_indices,
    fractional_max_pool3d,
    fractional_max_pool3d_with_indices,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "affine_grid",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_tbc",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "embedding",
    "embedding_bag",
    "fold",
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "grid_sample",
    "group_norm",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "log_softmax",
    "logsigmoid",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "mish",
    "mse_loss",
    "native_channel_shuffle",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "rrelu",
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
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]

channel_shuffle = _C.channel_shuffle
conv_tbc = _C.conv_tbc
conv_transpose1d = _C.conv_transpose1d
conv_transpose2d = _C.conv_transpose2d
conv_transpose3d = _C.conv_transpose3d
linear = _C.linear
native_channel_shuffle = _C.native_channel_shuffle
pixel_shuffle = _C.pixel_shuffle
pixel_unshuffle = _C.pixel_unshuffle
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
    else:
        weight = weight.reshape(())
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
