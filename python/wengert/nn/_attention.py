"""Attention with several heads and their projections, with the signatures of PyTorch.

Source: Vaswani et al., "Attention is all you need", NeurIPS 2017.
"""

from __future__ import annotations

import math
import warnings

import wengert
from wengert import Tensor
from wengert import _ops as _C

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OP = "multi_head_attention_forward"


def _require(condition: bool, message: str, error: type[Exception] = AssertionError) -> None:
    if not condition:
        raise error(f"{_OP}: {message}")


def added_mask(
    mask: Tensor | None, name: str, dtype: wengert.dtype, other: Tensor | None = None
) -> Tensor | None:
    """A mask as numbers to add: -inf where a boolean mask says that a key does not take part."""
    if mask is None:
        return None
    boolean = mask.dtype == wengert.bool
    _require(
        boolean or mask.dtype.is_floating_point,
        f"expected {name} to be boolean or floating point, but it has dtype {mask.dtype}",
    )
    if other is not None and other.dtype != mask.dtype:
        warnings.warn(
            f"{name} has dtype {mask.dtype} and the attention mask {other.dtype}: use one type "
            "for both, PyTorch deprecates mixtures",
            stacklevel=3,
        )
    return _C.zeros_like(mask, dtype=dtype).masked_fill_(mask, -math.inf) if boolean else mask


def _check_shapes(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_padding_mask: Tensor | None,
    attn_mask: Tensor | None,
    heads: int,
) -> bool:
    """Whether there is a dimension for the batch."""
    ndim = query.ndim
    _require(
        ndim in (2, 3), f"expected a query of 2 (unbatched) or 3 dimensions, but it has {ndim}"
    )
    _require(
        key.ndim == ndim and value.ndim == ndim,
        f"expected key and value to have {ndim} dimensions as the query has, but their shapes are "
        f"{tuple(key.shape)} and {tuple(value.shape)}",
    )
    if key_padding_mask is not None:
        _require(
            key_padding_mask.ndim == ndim - 1,
            f"expected a key_padding_mask of {ndim - 1} dimensions, but its shape is "
            f"{tuple(key_padding_mask.shape)}",
        )
    if attn_mask is not None:
        shape = tuple(attn_mask.shape)
        _require(
            len(shape) in (2, 3), f"expected an attn_mask of 2 or 3 dimensions, got shape {shape}"
        )
        expected = (heads, query.shape[0], key.shape[0])
        _require(
            ndim == 3 or len(shape) == 2 or shape == expected,
            f"expected an attn_mask of shape {expected}, got {shape}",
        )
    return ndim == 3


def _project(
    query: Tensor, key: Tensor, value: Tensor, weight: Tensor, bias: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """The three projections by one weight (3 E, E), in as few products as can be."""
    width = query.shape[-1]
    if key is value:
        if query is key:
            q, k, v = _C.linear(query, weight, bias).chunk(3, -1)
            return q, k, v
        w = weight.split([width, 2 * width])
        b = (None, None) if bias is None else bias.split([width, 2 * width])
        k, v = _C.linear(key, w[1], b[1]).chunk(2, -1)
        return _C.linear(query, w[0], b[0]), k, v
    w = weight.chunk(3)
    b = (None, None, None) if bias is None else bias.chunk(3)
    return (
        _C.linear(query, w[0], b[0]),
        _C.linear(key, w[1], b[1]),
        _C.linear(value, w[2], b[2]),
    )


def _split_heads(x: Tensor, heads: int, width: int, sequence: int) -> Tensor:
    """(N, heads, length, width) of a projection whose length is dimension `sequence`."""
    x = x.unflatten(-1, (heads, width))
    return x.transpose(1, 2) if sequence == 1 else x.permute(1, 2, 0, 3)


def _static(x: Tensor, name: str, batch: int, heads: int, width: int) -> Tensor:
    """Keys or values that were given as (N heads, S, width)."""
    _require(
        x.shape[0] == batch * heads and x.shape[2] == width,
        f"expected {name} of shape ({batch * heads}, S, {width}), got {tuple(x.shape)}",
    )
    return x.unflatten(0, (batch, heads))


def _extended(mask: Tensor | None) -> Tensor | None:
    """A mask with one key more, which takes part."""
    return None if mask is None else _C.pad(mask, (0, 1), "constant", 0.0)


def _full_mask(
    attn_mask: Tensor | None, padding: Tensor | None, batch: int, heads: int
) -> Tensor | None:
    """The sum of both masks, to be broadcast to (N, heads, L, S)."""
    if attn_mask is not None and attn_mask.ndim == 3:
        attn_mask = attn_mask.unflatten(0, (batch, heads))
    if padding is None:
        return attn_mask
    padding = padding[:, None, None, :]
    return padding if attn_mask is None else attn_mask + padding


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim: int,
    heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool,
    key_padding_mask: Tensor | None,
    need_weights: bool,
    attn_mask: Tensor | None,
    separate: Any | None,
    static_k: Tensor | None,
    static_v: Tensor | None,
    average_attn_weights: bool,
    is_causal: bool,
    batch_first: bool,
) -> tuple[Tensor, Tensor | None]:
    """`multi_head_attention_forward`, also for inputs (N, L, E) with `batch_first`."""
    batched = _check_shapes(query, key, value, key_padding_mask, attn_mask, heads)
    sequence = 1 if batch_first and batched else 0
    if not batched:
        same, shared = query is key, key is value
        query = query.unsqueeze(1)
        key = query if same else key.unsqueeze(1)
        value = key if shared else value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    batch, length = query.shape[1 - sequence], query.shape[sequence]
    dtype = query.dtype
    padding = added_mask(key_padding_mask, "key_padding_mask", dtype, attn_mask)
    _require(
        not is_causal or attn_mask is not None,
        "is_causal=True says what the attn_mask is, which must be given too "
        "(Transformer.generate_square_subsequent_mask makes one)",
        RuntimeError,
    )
    if is_causal and padding is None and not need_weights:
        attn_mask = None
    else:
        attn_mask = added_mask(attn_mask, "attn_mask", dtype)
        is_causal = False
    width = embed_dim // heads
    _require(
        query.shape[-1] == embed_dim,
        f"expected queries of {embed_dim} features, got {query.shape[-1]}",
    )
    _require(
        width * heads == embed_dim, f"embed_dim {embed_dim} is not divisible by num_heads {heads}"
    )
    agree = key.shape == value.shape if separate is None else key.shape[:2] == value.shape[:2]
    _require(
        agree,
        f"the shapes of key {tuple(key.shape)} and value {tuple(value.shape)} do not agree",
    )
    if attn_mask is not None:
        sizes = (length, key.shape[sequence])
        expected = sizes if attn_mask.ndim == 2 else (batch * heads, *sizes)
        _require(
            tuple(attn_mask.shape) == expected,
            f"expected an attn_mask of shape {expected}, got {tuple(attn_mask.shape)}",
            RuntimeError,
        )

    if separate is None:
        _require(in_proj_weight is not None, "in_proj_weight is needed, but is None")
        weight: Any = in_proj_weight
        q, k, v = _project(query, key, value, weight, in_proj_bias)
    else:
        _require(
            all(w is not None for w in separate),
            "use_separate_proj_weight=True needs q_proj_weight, k_proj_weight and v_proj_weight",
        )
        b: Any = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
        q, k, v = (
            _C.linear(x, w, c) for x, w, c in zip((query, key, value), separate, b, strict=True)
        )
    _require((bias_k is None) == (bias_v is None), "bias_k and bias_v must be given together")
    if bias_k is not None and bias_v is not None:
        _require(static_k is None and static_v is None, "static keys and values take no bias")
        shape = (batch, 1, embed_dim) if sequence == 1 else (1, batch, embed_dim)
        k = _C.cat([k, bias_k.expand(shape)], sequence)
        v = _C.cat([v, bias_v.expand(shape)], sequence)
        attn_mask, padding = _extended(attn_mask), _extended(padding)

    q = _split_heads(q, heads, width, sequence)
    if static_k is None:
        k = _split_heads(k, heads, width, sequence)
    else:
        k = _static(static_k, "static_k", batch, heads, width)
    if static_v is None:
        v = _split_heads(v, heads, width, sequence)
    else:
        v = _static(static_v, "static_v", batch, heads, width)
    if add_zero_attn:
        nothing = wengert.zeros(batch, heads, 1, width, dtype=k.dtype)
        k, v = _C.cat([k, nothing], 2), _C.cat([v, nothing], 2)
        attn_mask, padding = _extended(attn_mask), _extended(padding)
    if padding is not None:
        expected = (batch, k.shape[2])
        _require(
            tuple(padding.shape) == expected,
            f"expected a key_padding_mask of shape {expected}, got {tuple(padding.shape)}",
        )
    mask = _full_mask(attn_mask, padding, batch, heads)
    if not training:
        dropout_p = 0.0

    weights = None
    if need_weights:
        scores = (q * math.sqrt(1.0 / width)) @ k.transpose(-2, -1)
        weights = _C.softmax(scores if mask is None else scores + mask, -1)
        if dropout_p > 0.0:
            weights = _C.dropout(weights, dropout_p, True)
        y = weights @ v
        if average_attn_weights:
            weights = weights.mean(1)
    else:
        y = _C.scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal)
    y = y.transpose(1, 2) if sequence == 1 else y.permute(2, 0, 1, 3)
    y = _C.linear(y.flatten(2), out_proj_weight, out_proj_bias)
    if batched:
        return y, weights
    return y.squeeze(1), None if weights is None else weights.squeeze(0)


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """The concatenated heads' attention, projected: (L, N, E), and the weights if asked for.

    Args:
        query, key, value: (L, N, E), (S, N, Ek) and (S, N, Ev), or the same without N.
        in_proj_weight, in_proj_bias: (3 E, E) and (3 E) of the three projections at once; or with
            ``use_separate_proj_weight`` the weights ``q_proj_weight`` and so on.
        bias_k, bias_v: (1, 1, E), one key and value more.
        add_zero_attn: adds a key and a value of zeros.
        key_padding_mask: (N, S); attn_mask: (L, S) or (N num_heads, L, S). Boolean ones are true
            where a key does *not* take part; others are added.
        static_k, static_v: (N num_heads, S, E / num_heads) instead of what was projected.
        is_causal: says that ``attn_mask`` is the causal one.

    Returns:
        The output, and with ``need_weights`` the weights (N, L, S), averaged over the heads, or
        (N, num_heads, L, S) without ``average_attn_weights``.
    """
    return attend(
        query,
        key,
        value,
        embed_dim_to_check,
        num_heads,
        in_proj_weight,
        in_proj_bias,
        bias_k,
        bias_v,
        add_zero_attn,
        dropout_p,
        out_proj_weight,
        out_proj_bias,
        training,
        key_padding_mask,
        need_weights,
        attn_mask,
        (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else None,
        static_k,
        static_v,
        average_attn_weights,
        is_causal,
        False,
    )
