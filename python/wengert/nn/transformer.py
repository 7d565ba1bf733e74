"""Transformers: stacks of layers, and the two of them together.

Source: Vaswani et al., NeurIPS 2017.
"""

from __future__ import annotations

import copy
import math
import warnings

import wengert
from wengert import Tensor
from wengert.nn import functional as F
from wengert.nn import init
from wengert.nn._attention import added_mask
from wengert.nn.activation import GELU, ReLU
from wengert.nn.container import ModuleList
from wengert.nn.module import Module
from wengert.nn.normalization import LayerNorm
from wengert.nn.transformer_layers import (
    Activation,
    TransformerDecoderLayer,
    TransformerEncoderLayer,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]


def _causal_mask(size: int, device: object = None, dtype: wengert.dtype | None = None) -> Tensor:
    return wengert.full((size, size), -math.inf, dtype=dtype, device=device).triu(1)


def _is_causal(mask: Tensor | None, said: bool | None, x: Tensor, batch_first: bool) -> bool:
    """What was said of the mask, or else whether it is the causal one for the length of x."""
    if said is not None or mask is None:
        return said is True
    length = x.shape[1 if batch_first and x.ndim == 3 else 0]
    causal = _causal_mask(length, dtype=mask.dtype)
    return mask.shape == causal.shape and bool((mask == causal).all())


def _copies(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


class TransformerEncoder(Module):
    """A stack of copies of a layer.

    Args:
        encoder_layer: copied ``num_layers`` times, with its present parameters.
        norm: applied to the last layer's output.
        enable_nested_tensor: with it, PyTorch leaves padding out of the computation in evaluation
            and gives zeros there, before ``norm``. So does this, where PyTorch would.
        mask_check: do so only if all padding is at the ends of the sequences.
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.use_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check
        reason = _why_padding_stays(encoder_layer)
        if enable_nested_tensor and reason:
            warnings.warn(
                "enable_nested_tensor is True, but self.use_nested_tensor is False because "
                f"encoder_layer{reason}",
                stacklevel=2,
            )
            self.use_nested_tensor = False

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """(L, N, E) to the same; ``is_causal`` None: found out from the mask."""
        padding = added_mask(src_key_padding_mask, "src_key_padding_mask", src.dtype, mask)
        mask = added_mask(mask, "mask", src.dtype)
        first: Any = self.layers[0]
        causal = _is_causal(mask, is_causal, src, first.self_attn.batch_first)
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=padding)
        if padding is not None and mask is None and self._leaves_padding_out(src, padding):
            output = output.masked_fill(padding.bool().unsqueeze(-1), 0.0)
        return output if self.norm is None else self.norm(output)

    def _leaves_padding_out(self, src: Tensor, padding: Tensor) -> bool:
        first: Any = self.layers[0]
        if not self.use_nested_tensor or first.training or src.ndim != 3:
            return False
        if wengert.is_grad_enabled() and (
            src.requires_grad or any(p.requires_grad for p in first.parameters())
        ):
            return False
        there = padding == 0
        return not self.mask_check or not bool((there[:, 1:] & ~there[:, :-1]).any())


def _why_padding_stays(layer: Any) -> str:
    """What keeps PyTorch from leaving padding out of the computation; "" if nothing does."""
    if not isinstance(layer, TransformerEncoderLayer):
        return " was not TransformerEncoderLayer"
    activation = layer.activation
    reasons = {
        ".norm_first was True": layer.norm_first,
        ".self_attn.batch_first was not True": not layer.self_attn.batch_first,
        ".self_attn was passed bias=False": layer.self_attn.in_proj_bias is None,
        ".activation_relu_or_gelu was not True": activation not in (F.relu, F.gelu)
        and not isinstance(activation, (ReLU, GELU)),
        ".norm1.eps was not equal to encoder_layer.norm2.eps": layer.norm1.eps != layer.norm2.eps,
        ".self_attn.num_heads is odd": layer.self_attn.num_heads % 2 == 1,
    }
    return next((text for text, holds in reasons.items() if holds), "")


class TransformerDecoder(Module):
    """A stack of copies of a layer, each attending to the encoder's output.

    Args:
        decoder_layer: copied ``num_layers`` times, with its present parameters.
        norm: applied to the last layer's output.
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """(L, N, E) to the same; ``tgt_is_causal`` None: found out from the mask."""
        first: Any = self.layers[0]
        causal = _is_causal(tgt_mask, tgt_is_causal, tgt, first.self_attn.batch_first)
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder and a decoder.

    Matrices begin as Xavier uniform. The arguments are those of `TransformerEncoderLayer`, and:

    Args:
        num_encoder_layers, num_decoder_layers: sizes of the stacks.
        custom_encoder, custom_decoder: used instead of the stacks of this module.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any | None = None,
        custom_decoder: Any | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: object = None,
        dtype: wengert.dtype | None = None,
    ) -> None:
        super().__init__()
        layer = (
            *(d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps),
            *(batch_first, norm_first, bias, device, dtype),
        )

        def norm() -> LayerNorm:
            return LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype)

        if custom_encoder is None:
            encoder_layer = TransformerEncoderLayer(*layer)
            custom_encoder = TransformerEncoder(encoder_layer, num_encoder_layers, norm())
        if custom_decoder is None:
            decoder_layer = TransformerDecoderLayer(*layer)
            custom_decoder = TransformerDecoder(decoder_layer, num_decoder_layers, norm())
        self.encoder = custom_encoder
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Sources (S, N, E) and targets (L, N, E) to (L, N, E)."""
        batch = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError(
                f"Transformer: the batches of src {tuple(src.shape)} and tgt {tuple(tgt.shape)} "
                "must be equal"
            )
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(
                f"Transformer: src and tgt must have d_model={self.d_model} features, but their "
                f"shapes are {tuple(src.shape)} and {tuple(tgt.shape)}"
            )
        memory = self.encoder(
            src,
            mask=src_mask,
            src_key_padding_mask=src_key_padding_mask,
            is_causal=src_is_causal,
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(
        sz: int, device: object = None, dtype: wengert.dtype | None = None
    ) -> Tensor:
        """(sz, sz) of 0, and -inf above the diagonal: query i sees the keys 0 to i."""
        return _causal_mask(sz, device, dtype)

    def _reset_parameters(self) -> None:
        for p in self.parameters():
            if p.ndim > 1:
                init.xavier_uniform_(p)
