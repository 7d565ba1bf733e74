"""Attention and transformers."""

from __future__ import annotations

from table import Row, mask, normal

Q, KEYS = normal(4, 2, 6), normal(5, 2, 6)
ALL = (Q, KEYS, normal(5, 2, 6))
LAYER = "dim_feedforward=8, dropout=0.2"
CAUSAL_PYTHON = "nn.Transformer.generate_square_subsequent_mask(4)"
CAUSAL_CPP = "nn::Transformer::generate_square_subsequent_mask(4)"
# A key that takes part stands in every row.
PADDING = "y & (wg.arange(4) > 0)", "bitwise_and(y, arange(0, 4) > 0)"


def attention(
    name: str, options: str, inputs: tuple, call: str = "", python: str = "", cpp: str = ""
) -> Row:
    given = f", {options}" if options else ""
    tensors = call or "x, y, z"
    return Row(
        f"MultiheadAttention{name}",
        f"nn.MultiheadAttention(6, 2{given})",
        inputs,
        python_call=f"model({tensors}{python})",
        cpp_call=f"model({tensors}{cpp})",
    )


ROWS = [
    attention("", "", ALL),
    attention("_self", "", (Q,), "x, x, x"),
    attention("_shared", "bias=False", (Q, KEYS), "x, y, y"),
    attention("_dropout", "dropout=0.3", ALL),
    attention(
        "_fast",
        "dropout=0.3, batch_first=True",
        (normal(2, 4, 6),),
        "x, x, x",
        ", need_weights=False",
        ", {.need_weights = false}",
    ),
    attention("_kv", "add_bias_kv=True, add_zero_attn=True", ALL),
    attention("_widths", "kdim=3, vdim=5", (Q, normal(5, 2, 3), normal(5, 2, 5))),
    attention("_unbatched", "", (normal(4, 6),), "x, x, x"),
    attention(
        "_masks",
        "add_zero_attn=True",
        (Q, normal(2, 4), normal(4, 4, 4)),
        "x, x, x",
        ", y, attn_mask=z, average_attn_weights=False",
        ", {.key_padding_mask = y, .attn_mask = z, .average_attn_weights = false}",
    ),
    attention(
        "_boolean_masks",
        "",
        (Q, mask(2, 4), mask(4, 4)),
        "x, x, x",
        f", {PADDING[0]}, attn_mask=z & (wg.arange(4) > 0)",
        f", {{.key_padding_mask = {PADDING[1]}, .attn_mask = bitwise_and(z, arange(0, 4) > 0)}}",
    ),
    attention(
        "_causal",
        "",
        (Q,),
        "x, x, x",
        f", need_weights=False, attn_mask={CAUSAL_PYTHON}, is_causal=True",
        f", {{.need_weights = false, .attn_mask = {CAUSAL_CPP}, .is_causal = true}}",
    ),
    Row("TransformerEncoderLayer", f"nn.TransformerEncoderLayer(6, 2, {LAYER})", (Q,)),
    Row(
        "TransformerEncoderLayer_options",
        f'nn.TransformerEncoderLayer(6, 2, {LAYER}, activation="gelu", layer_norm_eps=1e-3, '
        "batch_first=True, norm_first=True, bias=False)",
        (normal(2, 4, 6), mask(2, 4)),
        python_call=f"model(x, src_key_padding_mask={PADDING[0]})",
        cpp_call=f"model(x, {{.src_key_padding_mask = {PADDING[1]}}})",
    ),
    Row(
        "TransformerEncoderLayer_activation",
        f"nn.TransformerEncoderLayer(6, 2, {LAYER}, activation=F.silu)",
        (Q,),
        cpp="nn::TransformerEncoderLayer(6, 2, {.dim_feedforward = 8, .dropout = 0.2, "
        ".activation = [](const Tensor& t) { return silu(t); }})",
    ),
    Row(
        "TransformerDecoderLayer",
        f"nn.TransformerDecoderLayer(6, 2, {LAYER})",
        (Q, KEYS),
    ),
    Row(
        "TransformerDecoderLayer_masks",
        f"nn.TransformerDecoderLayer(6, 2, {LAYER}, norm_first=True)",
        (Q, KEYS),
        python_call=f"model(x, y, tgt_mask={CAUSAL_PYTHON}, tgt_is_causal=True)",
        cpp_call=f"model(x, y, {{.tgt_mask = {CAUSAL_CPP}, .tgt_is_causal = true}})",
    ),
    Row(
        "TransformerEncoder",
        f"nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, {LAYER}, batch_first=True), 2, "
        "nn.LayerNorm(6))",
        (normal(2, 4, 6), mask(2, 4)),
        cpp="nn::TransformerEncoder(nn::TransformerEncoderLayer(6, 2, {.dim_feedforward = 8, "
        ".dropout = 0.2, .batch_first = true}), 2, {.norm = nn::make<nn::LayerNorm>(6)})",
        python_call=f"model(x, src_key_padding_mask={PADDING[0]})",
        cpp_call=f"model(x, {{.src_key_padding_mask = {PADDING[1]}}})",
    ),
    Row(
        "TransformerEncoder_causal",
        f"nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, {LAYER}), 2, "
        "enable_nested_tensor=False)",
        (Q,),
        cpp="nn::TransformerEncoder(nn::TransformerEncoderLayer(6, 2, {.dim_feedforward = 8, "
        ".dropout = 0.2}), 2, {.enable_nested_tensor = false})",
        python_call=f"model(x, {CAUSAL_PYTHON})",
        cpp_call=f"model(x, {{.mask = {CAUSAL_CPP}}})",
    ),
    Row(
        "TransformerDecoder",
        f"nn.TransformerDecoder(nn.TransformerDecoderLayer(6, 2, {LAYER}), 2)",
        (Q, KEYS),
        cpp="nn::TransformerDecoder(nn::TransformerDecoderLayer(6, 2, {.dim_feedforward = 8, "
        ".dropout = 0.2}), 2)",
        python_call=f"model(x, y, {CAUSAL_PYTHON})",
        cpp_call=f"model(x, y, {{.tgt_mask = {CAUSAL_CPP}}})",
    ),
    Row(
        "Transformer",
        "nn.Transformer(d_model=6, nhead=2, num_encoder_layers=2, num_decoder_layers=1, "
        "dim_feedforward=8)",
        (KEYS, Q),
        python_call=f"model(x, y, tgt_mask={CAUSAL_PYTHON})",
        cpp_call=f"model(x, y, {{.tgt_mask = {CAUSAL_CPP}}})",
        python_optimizer="optim.AdamW(parameters, lr=1e-2)",
        cpp_optimizer="optim::AdamW(parameters, {.lr = 1e-2})",
    ),
]
