"""Attention, its modules and the transformers made of them."""

from inspect import cleandoc
from textwrap import indent

from harness import Case

SDPA = "torch.nn.functional.scaled_dot_product_attention"
MHA = "torch.nn.MultiheadAttention"
FORWARD = "torch.nn.functional.multi_head_attention_forward"
ENCODER_LAYER = "torch.nn.TransformerEncoderLayer"
ENCODER = "torch.nn.TransformerEncoder"
DECODER_LAYER = "torch.nn.TransformerDecoderLayer"
DECODER = "torch.nn.TransformerDecoder"
TRANSFORMER = "torch.nn.Transformer"


def twice(names: str, code: str, only: str = "") -> Case:
    """A case in which PyTorch has second derivatives: its fast kernels have none."""
    lines = cleandoc(code).splitlines()
    kernel = "torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH)"
    body = indent("\n".join([*lines[:-1], f"result = {lines[-1]}"]), "    ")
    return Case(names, f"with {kernel}:\n{body}\nresult", only=only)


def sdpa(arguments: str, only: str = "") -> Case:
    return twice(SDPA, f"F.scaled_dot_product_attention({arguments})", only)


def wrong(names: str, code: str) -> Case:
    return Case(names, code, raises=True)


QKV = "T(2, 3, 4, 5), T(2, 3, 6, 5), T(2, 3, 6, 7)"
SQUARE = "T(2, 3, 4, 5), T(2, 3, 4, 5), T(2, 3, 4, 5)"
LONG = "T(1, 2, 150, 4), T(1, 2, 70, 4), T(1, 2, 70, 3)"
NEGATIVE = "float('-inf')"
CAUSAL = "torch.ones(4, 4).triu(1).bool()"

CASES = [
    # ---- scaled_dot_product_attention
    sdpa(QKV),
    sdpa(SQUARE),
    sdpa("T(4, 5), T(6, 5), T(6, 7)"),
    sdpa("T(3, 4, 5), T(3, 6, 5), T(3, 6, 7)"),
    sdpa("T(1, 2, 3, 4, 5), T(2, 1, 3, 6, 5), T(3, 6, 7)"),
    sdpa("T(2, 3, 4, 5), T(1, 3, 6, 5), T(2, 1, 6, 7)"),
    sdpa("T(2, 3, 4, 5), T(6, 5), T(3, 6, 7), M(6, 6)[:4]"),
    sdpa("query=T(2, 3, 4, 5), key=T(2, 3, 6, 5), value=T(2, 3, 6, 7), attn_mask=None"),
    sdpa(f"{QKV}, None, 0.0, False"),
    sdpa(f"{QKV}, is_causal=True"),
    sdpa(f"{SQUARE}, is_causal=True"),
    sdpa("T(2, 3, 7, 5), T(2, 3, 4, 5), T(2, 3, 4, 2), is_causal=True"),
    sdpa(f"{LONG}, is_causal=True", only="float64"),
    sdpa(f"{LONG}, C(150, 70)", only="float64"),
    sdpa(f"{QKV}, scale=0.3"),
    sdpa(f"{QKV}, scale=-0.5, is_causal=True"),
    sdpa(f"{QKV}, scale=2"),
    sdpa(f"{QKV}, scale=0.0"),
    sdpa(f"{QKV}, M(4, 6)"),
    sdpa(f"{QKV}, M(2, 3, 4, 6)"),
    sdpa(f"{QKV}, M(2, 1, 1, 6)"),
    sdpa(f"{QKV}, M(3, 4, 1)"),
    sdpa(f"{QKV}, torch.zeros(4, 6, dtype=torch.bool)"),
    sdpa(f"{QKV}, torch.ones(4, 6, dtype=torch.bool)"),
    sdpa(f"{QKV}, torch.ones(4, 6, dtype=torch.bool).tril()"),
    sdpa(f"{QKV}, torch.ones(4, 6, dtype=torch.bool).tril(-1)"),
    sdpa(f"{QKV}, C(4, 6)"),
    sdpa(f"{QKV}, C(2, 3, 4, 6)"),
    sdpa(f"{QKV}, C(1, 6)"),
    sdpa(f"{QKV}, C(4, 6).masked_fill(M(4, 1), {NEGATIVE})"),
    sdpa(f"{QKV}, T(4, 6)"),
    sdpa(f"{QKV}, T(2, 1, 4, 1)"),
    sdpa(f"{QKV}, T(4, 6), scale=0.7"),
    sdpa("T(4, 5), T(6, 5), T(6, 7), M(4, 6)"),
    sdpa("T(3, 4, 5), T(3, 6, 5), T(3, 6, 7), M(3, 4, 6)"),
    sdpa("T(2, 2, 3, 4, 5), T(2, 2, 3, 6, 5), T(2, 2, 3, 6, 7), M(2, 1, 3, 1, 6)"),
    sdpa("T(2, 6, 4, 5), T(2, 3, 6, 5), T(2, 3, 6, 7), enable_gqa=True"),
    sdpa("T(2, 6, 4, 5), T(2, 1, 6, 5), T(2, 1, 6, 7), enable_gqa=True, is_causal=True"),
    sdpa("T(2, 6, 4, 5), T(2, 3, 6, 5), T(2, 2, 6, 7), enable_gqa=True"),
    sdpa("T(2, 4, 4, 5), T(2, 2, 6, 5), T(2, 2, 6, 7), M(4, 6), enable_gqa=True, scale=0.4"),
    sdpa("T(2, 4, 4, 5), T(2, 2, 6, 5), T(2, 2, 6, 7), T(4, 6), enable_gqa=True"),
    sdpa("T(6, 4, 5), T(3, 6, 5), T(3, 6, 7), enable_gqa=True"),
    sdpa(f"{SQUARE}, enable_gqa=True"),
    sdpa("T(2, 3, 0, 5), T(2, 3, 6, 5), T(2, 3, 6, 7)"),
    sdpa("T(2, 3, 4, 5), T(2, 3, 0, 5), T(2, 3, 0, 7)"),
    sdpa("T(2, 3, 4, 0), T(2, 3, 6, 0), T(2, 3, 6, 7)"),
    sdpa("T(2, 3, 4, 5), T(2, 3, 6, 5), T(2, 3, 6, 0)"),
    sdpa("T(0, 3, 4, 5), T(0, 3, 6, 5), T(0, 3, 6, 7)"),
    sdpa("T(2, 3, 1, 1), T(2, 3, 1, 1), T(2, 3, 1, 1)"),
    twice(
        SDPA,
        """
        x = T(2, 4, 18)
        q, k, v = (y.unflatten(-1, (3, 2)).transpose(1, 2) for y in x.chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        y.transpose(1, 2).reshape(2, 4, 6)
        """,
    ),
    twice(
        SDPA,
        """
        x = T(2, 4, 5)
        F.scaled_dot_product_attention(x, x, x)
        """,
    ),
    # The kernels that PyTorch takes where it may; they have one derivative.
    Case(SDPA, f"F.scaled_dot_product_attention({SQUARE})", order=1),
    Case(SDPA, f"F.scaled_dot_product_attention({SQUARE}, is_causal=True)", order=1),
    Case(SDPA, f"F.scaled_dot_product_attention({SQUARE}, M(4, 4), scale=0.5)", order=1),
    Case(SDPA, f"F.scaled_dot_product_attention({SQUARE}, C(2, 1, 4, 4))", order=1),
    Case(SDPA, f"F.scaled_dot_product_attention({SQUARE}, ~{CAUSAL}.T)", order=1),
    Case(SDPA, f"F.scaled_dot_product_attention({SQUARE}, {CAUSAL})", order=1),
    Case(SDPA, f"F.scaled_dot_product_attention({SQUARE}, dropout_p=1.0)"),
    Case(SDPA, "F.scaled_dot_product_attention(*[C(2, 3, 4, 4).half()] * 3).dtype"),
    Case(SDPA, "F.scaled_dot_product_attention(*[C(2, 3, 4, 4)] * 3)"),
    wrong(SDPA, f"F.scaled_dot_product_attention({QKV}, M(4, 6), is_causal=True)"),
    wrong(SDPA, "F.scaled_dot_product_attention(T(5), T(5), T(5))"),
    wrong(SDPA, "F.scaled_dot_product_attention(T(2, 5), T(2, 4), T(2, 5))"),
    wrong(SDPA, "F.scaled_dot_product_attention(T(2, 5), T(3, 5), T(2, 5))"),
    wrong(SDPA, "F.scaled_dot_product_attention(T(2, 2, 5), T(3, 2, 5), T(3, 2, 5))"),
    wrong(SDPA, "F.scaled_dot_product_attention(T(2, 5), I(2, 5), I(2, 5))"),
    wrong(SDPA, "F.scaled_dot_product_attention(I(2, 5), I(2, 5), I(2, 5))"),
    wrong(SDPA, f"F.scaled_dot_product_attention({SQUARE}, I(4, 4))"),
    wrong(SDPA, f"F.scaled_dot_product_attention({SQUARE}, M(4, 3))"),
    wrong(SDPA, f"F.scaled_dot_product_attention({SQUARE}, M(4))"),
    wrong(SDPA, f"F.scaled_dot_product_attention({SQUARE}, M(5, 2, 3, 4, 4))"),
    wrong(SDPA, f"F.scaled_dot_product_attention({SQUARE}, dropout_p=1.5)"),
    wrong(SDPA, f"F.scaled_dot_product_attention({SQUARE}, None, 0.0, False, 0.5)"),
    wrong(SDPA, "F.scaled_dot_product_attention(*[T(2, 5)] * 3, enable_gqa=True)"),
    wrong(
        SDPA,
        "F.scaled_dot_product_attention(T(6, 2, 5), T(4, 2, 5), T(4, 2, 5), enable_gqa=True)",
    ),
    # ---- nn.attention
    Case(
        "torch.nn.attention.sdpa_kernel torch.nn.attention.SDPBackend",
        f"""
        from importlib import import_module
        A = import_module(torch.__name__ + ".nn.attention")
        with A.sdpa_kernel([A.SDPBackend.MATH, A.SDPBackend.FLASH_ATTENTION]) as made:
            y = F.scaled_dot_product_attention({SQUARE})
        [y, made, sorted(A.SDPBackend.__members__), int(A.SDPBackend.FLASH_ATTENTION)]
        """,
        order=1,
    ),
    Case(
        "torch.nn.attention.sdpa_kernel",
        """
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH, set_priority=True):
            y = torch.ones(1)
        y
        """,
    ),
    wrong(
        "torch.nn.attention.sdpa_kernel",
        """
        with torch.nn.attention.sdpa_kernel("math"):
            y = 1
        y
        """,
    ),
    *(
        Case(
            f"torch.nn.attention.bias.{name}",
            f"""
            from importlib import import_module
            B = import_module(torch.__name__ + ".nn.attention.bias")
            q, k, v = T(2, 3, {rows}, 5), T(2, 3, 6, 5), T(2, 3, 6, 7)
            bias = B.{name}({rows}, 6)
            y = F.scaled_dot_product_attention(q, k, v, bias)
            [y, int(bias.variant), bias.seq_len_q, bias.seq_len_kv]
            """,
            order=1,  # as PyTorch's fast kernels
        )
        for name in ("causal_upper_left", "causal_lower_right")
        for rows in (4, 6)
    ),
    wrong(
        "torch.nn.attention.bias.causal_upper_left",
        """
        from importlib import import_module
        import_module(torch.__name__ + ".nn.attention.bias").causal_upper_left(4)
        """,
    ),
    # ---- multi_head_attention_forward
    *(
        twice(
            FORWARD,
            f"""
            q = T(4, 2, 6)
            k, v = T(5, 2, 6), T(5, 2, 6)
            F.multi_head_attention_forward(
                q, k, v, 6, 3, 0.3 * T(18, 6), T(18), None, None, False, 0.0, T(6, 6), T(6), {keywords}
            )
            """.replace("(\n                ", "(").replace("\n            )", ")"),
        )
        for keywords in (
            "",
            "need_weights=False",
            "key_padding_mask=torch.zeros(2, 5, dtype=torch.bool)",
            "attn_mask=C(4, 5)",
            "attn_mask=C(6, 4, 5), key_padding_mask=C(2, 5)",
            "need_weights=False, attn_mask=C(6, 4, 5), key_padding_mask=C(2, 5)",
            "need_weights=False, attn_mask=T(4, 5)",
            "static_k=T(6, 5, 2)",
            "static_v=T(6, 5, 2), need_weights=False",
            "static_k=T(6, 3, 2), static_v=T(6, 3, 2)",
        )
    ),
    twice(
        FORWARD,
        "F.multi_head_attention_forward(T(4, 2, 6), T(5, 2, 6), T(5, 2, 6), 6, 3, T(18, 6), T(18), "
        "None, None, False, 0.9, T(6, 6), T(6), training=False, average_attn_weights=False)",
        only="float64",  # the bias of the keys has no influence, and PyTorch's rounding is seen
    ),
    twice(
        FORWARD,
        "F.multi_head_attention_forward(T(4, 2, 6), T(5, 2, 3), T(5, 2, 7), 6, 2, None, T(18), "
        "T(1, 1, 6), T(1, 1, 6), True, 0.0, T(6, 6), None, use_separate_proj_weight=True, "
        "q_proj_weight=T(6, 6), k_proj_weight=T(6, 3), v_proj_weight=T(6, 7))",
    ),
    twice(
        FORWARD,
        "F.multi_head_attention_forward(T(4, 2, 6), T(5, 2, 6), T(5, 2, 6), 6, 2, T(18, 6), None, "
        "None, None, False, 0.0, T(3, 6), T(3), need_weights=False)",
    ),
    *(
        wrong(
            FORWARD,
            f"x = T(4, 2, 6)\n"
            f"F.multi_head_attention_forward(x, x, x, {sizes}, T(18, 6), T(18), {biases}, False, "
            f"0.0, T(6, 6), T(6), {keywords})",
        )
        for sizes, biases, keywords in (
            ("8, 2", "None, None", ""),
            ("6, 4", "None, None", ""),
            ("6, 2", "T(1, 1, 6), None", ""),
            ("6, 2", "None, T(1, 1, 6)", ""),
            ("6, 2", "T(1, 1, 6), T(1, 1, 6)", "static_k=T(4, 4, 3)"),
            ("6, 2", "None, None", "is_causal=True"),
            ("6, 2", "None, None", "attn_mask=C(4, 3)"),
            ("6, 2", "None, None", "attn_mask=C(3, 4, 4)"),
            ("6, 2", "None, None", "attn_mask=C(4)"),
            ("6, 2", "None, None", "attn_mask=I(4, 4)"),
            ("6, 2", "None, None", "key_padding_mask=C(2, 3)"),
            ("6, 2", "None, None", "key_padding_mask=C(4)"),
            ("6, 2", "None, None", "key_padding_mask=I(2, 4)"),
            ("6, 2", "None, None", "static_k=T(3, 4, 3)"),
            ("6, 2", "None, None", "static_v=T(4, 4, 2)"),
            ("6, 2", "None, None", "use_separate_proj_weight=True"),
        )
    ),
    # ---- MultiheadAttention
    *(
        twice(MHA, f"fill(nn.MultiheadAttention({made}))({call})")
        for made, call in (
            ("6, 2", "T(4, 2, 6), T(5, 2, 6), T(5, 2, 6)"),
            ("6, 3", "T(4, 6), T(5, 6), T(5, 6)"),
            ("6, 3", "T(4, 6), T(5, 6), T(5, 6), M(6)[:5] & False, True, C(3, 4, 5)"),
            ("6, 3", "T(4, 6), T(5, 6), T(5, 6), need_weights=False"),
            ("6, 3", "T(4, 6), T(5, 6), T(5, 6), average_attn_weights=False"),
            ("6, 1, bias=False", "T(4, 2, 6), T(5, 2, 6), T(5, 2, 6), need_weights=False"),
            ("embed_dim=6, num_heads=2, batch_first=True", "T(2, 4, 6), T(2, 5, 6), T(2, 5, 6)"),
            ("6, 2, batch_first=True", "T(4, 6), T(5, 6), T(5, 6)"),
            (
                "6, 2, batch_first=True",
                "T(2, 4, 6), T(2, 5, 6), T(2, 5, 6), need_weights=False, average_attn_weights=False",
            ),
            ("6, 2, add_bias_kv=True", "T(4, 2, 6), T(5, 2, 6), T(5, 2, 6)"),
            (
                "6, 2, add_bias_kv=True, add_zero_attn=True, batch_first=True",
                "T(2, 4, 6), T(2, 5, 6), T(2, 5, 6), C(2, 5), False, C(4, 5)",
            ),
            ("6, 2, add_zero_attn=True", "T(4, 2, 6), T(5, 2, 6), T(5, 2, 6), C(2, 5)"),
            ("6, 2, kdim=3, vdim=5", "T(4, 2, 6), T(5, 2, 3), T(5, 2, 5)"),
            ("6, 2, kdim=3", "T(4, 2, 6), T(5, 2, 3), T(5, 2, 6), need_weights=False"),
            (
                "6, 2, vdim=3, bias=False, batch_first=True",
                "T(2, 4, 6), T(2, 5, 6), T(2, 5, 3), need_weights=False",
            ),
            ("6, 2, 0.0, True, True, True, 4, 3", "T(4, 6), T(5, 4), T(5, 3)"),
            ("6, 2", "T(4, 2, 6), T(5, 2, 6), T(5, 2, 6), attn_mask=M(4, 6)[:, 1:] & False"),
            (
                "6, 2",
                "T(4, 2, 6), T(5, 2, 6), T(5, 2, 6), None, False, M(4, 5)",
            ),
            (
                "6, 2",
                "T(4, 2, 6), T(5, 2, 6), T(5, 2, 6), M(2, 5), False, M(4, 4, 5)",
            ),
            ("6, 2", "T(4, 2, 6), T(5, 2, 6), T(5, 2, 6), need_weights=False, attn_mask=T(4, 5)"),
            ("6, 2", "T(0, 2, 6), T(5, 2, 6), T(5, 2, 6)"),
            ("6, 2", "T(4, 0, 6), T(5, 0, 6), T(5, 0, 6), need_weights=False"),
        )
    ),
    *(
        twice(MHA, f"x = T(4, 2, 6)\nfill(nn.MultiheadAttention(6, 2))({call})")
        for call in (
            "x, x, x",
            "x, x, x, need_weights=False",
            f"x, x, x, need_weights=False, is_causal=True, attn_mask={CAUSAL}",
            f"x, x, x, is_causal=True, attn_mask={CAUSAL}",
            "x, x, x, C(2, 4), False, torch.ones(4, 4).triu(1) * -1e9, is_causal=True",
            "T(3, 2, 6), x, x",
            "x, x, T(4, 2, 6)",
        )
    ),
    # What PyTorch computes by another way in evaluation.
    *(
        Case(
            MHA,
            f"""
            m = fill(nn.MultiheadAttention(6, 2, dropout=0.5, batch_first=True)).eval()
            x = C(2, 4, 6)
            with torch.no_grad():
                y = m(x, x, x, {keywords})
            y
            """,
        )
        for keywords in (
            "need_weights=False",
            "average_attn_weights=False",
            "attn_mask=torch.ones(4, 4).triu(1).bool()",
            "key_padding_mask=torch.arange(4).expand(2, 4) > 2",
        )
    ),
    # Weights of queries that see no key are not numbers; without weights the result is 0.
    *(
        Case(
            MHA,
            f"""
            m = fill(nn.MultiheadAttention(6, 2))
            mask = torch.tensor([[True, True, True], [False, True, False]])
            with torch.no_grad():
                result = m(T(4, 2, 6), T(3, 2, 6), T(3, 2, 6), mask, need_weights={wanted})
            result
            """,
        )
        for wanted in (False, True)
    ),
    wrong(MHA, "nn.MultiheadAttention(6, 4)"),
    wrong(MHA, "nn.MultiheadAttention(0, 4)"),
    wrong(MHA, "nn.MultiheadAttention(6, 0)"),
    wrong(MHA, "fill(nn.MultiheadAttention(6, 2))(T(2, 3, 4, 6), T(4, 6), T(4, 6))"),
    wrong(MHA, "fill(nn.MultiheadAttention(6, 2))(T(4, 6), T(4, 2, 6), T(4, 6))"),
    wrong(MHA, "fill(nn.MultiheadAttention(6, 2))(T(4, 6), T(4, 6), T(3, 6))"),
    wrong(MHA, "fill(nn.MultiheadAttention(6, 2))(T(4, 6), T(4, 6), T(4, 6), is_causal=True)"),
    wrong(MHA, "fill(nn.MultiheadAttention(6, 2))(T(4, 5), T(4, 6), T(4, 6))"),
    wrong(MHA, "fill(nn.MultiheadAttention(6, 2))(T(4, 6), T(4, 6), T(4, 6), C(2, 4))"),
    # ---- layers
    *(
        twice(ENCODER_LAYER, f"fill(nn.TransformerEncoderLayer({made}))({call})")
        for made, call in (
            ("6, 2, 5, dropout=0.0", "T(4, 2, 6)"),
            ("6, 2, 5, 0.0", "T(4, 6)"),
            ("d_model=6, nhead=3, dim_feedforward=5, dropout=0.0, batch_first=True", "T(2, 4, 6)"),
            ("6, 2, 5, 0.0, 'gelu', norm_first=True", "T(4, 2, 6)"),
            ("6, 2, 5, 0.0, activation=F.silu, layer_norm_eps=1e-2", "T(4, 2, 6)"),
            ("6, 2, 5, 0.0, activation=nn.GELU()", "T(4, 2, 6)"),
            ("6, 2, 5, 0.0, bias=False, norm_first=True", "T(4, 2, 6), M(4, 4) & False"),
            ("6, 2, 5, 0.0", "T(4, 2, 6), C(4, 4)"),
            ("6, 2, 5, 0.0", "T(4, 2, 6), C(4, 4, 4), C(2, 4)"),
            ("6, 2, 5, 0.0", "T(4, 2, 6), src_key_padding_mask=torch.arange(4).expand(2, 4) > 2"),
            (
                "6, 2, 5, 0.0, batch_first=True",
                "T(2, 4, 6), torch.ones(4, 4).triu(1).bool(), is_causal=True",
            ),
        )
    ),
    *(
        twice(DECODER_LAYER, f"fill(nn.TransformerDecoderLayer({made}))({call})")
        for made, call in (
            ("6, 2, 5, dropout=0.0", "T(4, 2, 6), T(3, 2, 6)"),
            ("6, 2, 5, 0.0", "T(4, 6), T(3, 6)"),
            (
                "d_model=6, nhead=3, dim_feedforward=5, dropout=0.0, batch_first=True",
                "T(2, 4, 6), T(2, 3, 6)",
            ),
            ("6, 2, 5, 0.0, 'gelu', norm_first=True", "T(4, 2, 6), T(3, 2, 6), C(4, 4)"),
            ("6, 2, 5, 0.0, F.tanh, 1e-2, bias=False", "T(4, 2, 6), T(3, 2, 6), None, C(4, 3)"),
            (
                "6, 2, 5, 0.0, nn.ReLU()",
                "T(4, 2, 6), T(3, 2, 6), C(4, 4), C(4, 3), C(2, 4), C(2, 3)",
            ),
            (
                "6, 2, 5, 0.0",
                "T(4, 2, 6), T(3, 2, 6), torch.ones(4, 4).triu(1).bool(), tgt_is_causal=True, "
                "memory_key_padding_mask=torch.arange(3).expand(2, 3) > 1",
            ),
            (
                "6, 2, 5, 0.0",
                "T(3, 2, 6), T(3, 2, 6), memory_mask=torch.ones(3, 3).triu(1).bool(), "
                "memory_is_causal=True",
            ),
        )
    ),
    wrong(ENCODER_LAYER, "nn.TransformerEncoderLayer(6, 2, activation='tanh')"),
    wrong(ENCODER_LAYER, "nn.TransformerEncoderLayer(6, 4)"),
    wrong(ENCODER_LAYER, "nn.TransformerEncoderLayer(6, 2, 5)(torch.ones(4, 2, 5))"),
    wrong(DECODER_LAYER, "nn.TransformerDecoderLayer(6, 2, activation='silu')"),
    # ---- stacks
    *(
        twice(
            ENCODER,
            f"""
        layer = nn.TransformerEncoderLayer(4, 2, 5, 0.0, batch_first={batch_first})
        fill(nn.TransformerEncoder(layer, {made}))({call})
        """,
        )
        for batch_first, made, call in (
            (False, "2", "T(3, 2, 4)"),
            (False, "1, nn.LayerNorm(4)", "T(3, 2, 4), C(3, 3)"),
            (
                False,
                "num_layers=2, norm=None, enable_nested_tensor=False, mask_check=False",
                "T(3, 4)",
            ),
            (True, "2", "T(2, 3, 4), src_key_padding_mask=torch.arange(3).expand(2, 3) > 1"),
            (True, "2", "T(2, 3, 4), torch.ones(3, 3).triu(1).bool()"),
            (
                True,
                "1",
                "T(2, 3, 4), nn.Transformer.generate_square_subsequent_mask(3)",
            ),
            (True, "1", "T(2, 3, 4), C(3, 3), is_causal=True"),
            (True, "1", "T(2, 3, 4), C(4, 3, 3), C(2, 3), None"),
        )
    ),
    # PyTorch leaves padding out in evaluation, where it gives zeros, if it is at the end.
    *(
        Case(
            ENCODER,
            f"""
        layer = nn.TransformerEncoderLayer(4, {heads}, 5, 0.1, batch_first=True{layer})
        m = fill(nn.TransformerEncoder(layer, 2, {norm})).eval()
        with torch.no_grad():
            y = m(C(2, 3, 4), src_key_padding_mask=torch.tensor({padding}))
        y
        """,
        )
        for heads, layer, norm, padding in (
            (2, "", "None", [[False, False, True], [False, False, False]]),
            (2, "", "nn.LayerNorm(4)", [[False, True, True], [False, False, False]]),
            (2, "", "None", [[False, True, False], [False, False, False]]),
            (2, "", "None, False", [[False, False, True], [False, False, False]]),
            (2, ", norm_first=True", "None", [[False, False, True], [False, False, False]]),
            (2, ", activation='gelu'", "None", [[False, False, True], [False, True, True]]),
            (2, ", activation=F.silu", "None", [[False, False, True], [False, True, True]]),
            (1, "", "None", [[False, False, True], [False, True, True]]),
        )
    ),
    *(
        twice(
            DECODER,
            f"""
        layer = nn.TransformerDecoderLayer(4, 2, 5, 0.0, batch_first={batch_first})
        fill(nn.TransformerDecoder(layer, {made}))({call})
        """,
        )
        for batch_first, made, call in (
            (False, "2", "T(3, 2, 4), T(5, 2, 4)"),
            (False, "1, norm=nn.LayerNorm(4)", "T(3, 4), T(5, 4), C(3, 3), C(3, 5)"),
            (True, "num_layers=2", "T(2, 3, 4), T(2, 5, 4), torch.ones(3, 3).triu(1).bool()"),
            (True, "1", "T(2, 3, 4), T(2, 5, 4), None, None, C(2, 3), C(2, 5)"),
            (True, "1", "T(2, 3, 4), T(2, 5, 4), C(3, 3), tgt_is_causal=True"),
            (True, "1", "T(2, 3, 4), T(2, 3, 4), memory_mask=C(3, 3), memory_is_causal=True"),
        )
    ),
    # ---- Transformer
    *(
        twice(TRANSFORMER, f"m = fill(nn.Transformer({made}))\nm({call})")
        for made, call in (
            ("4, 2, 1, 1, 5, 0.0", "T(3, 2, 4), T(2, 2, 4)"),
            ("4, 2, 1, 1, 5, 0.0", "T(3, 4), T(2, 4)"),
            (
                "4, 1, 2, 1, 5, 0.0, F.gelu, batch_first=True, norm_first=True, bias=False",
                "T(2, 3, 4), T(2, 2, 4), tgt_mask=m.generate_square_subsequent_mask(2)",
            ),
            (
                "d_model=4, nhead=2, num_encoder_layers=1, num_decoder_layers=2, "
                "dim_feedforward=3, dropout=0.0, activation='gelu', layer_norm_eps=1e-3",
                "T(3, 2, 4), T(2, 2, 4), C(3, 3), C(2, 2), C(2, 3), C(2, 3), C(2, 2), C(2, 3)",
            ),
            (
                "4, 2, 1, 1, 5, 0.0, custom_encoder=nn.TransformerEncoder("
                "nn.TransformerEncoderLayer(4, 1, 3, 0.0), 1)",
                "T(3, 2, 4), T(2, 2, 4), src_is_causal=None, tgt_is_causal=True, "
                "tgt_mask=m.generate_square_subsequent_mask(2)",
            ),
            (
                "4, 2, 1, 1, 5, 0.0, custom_decoder=nn.TransformerDecoder("
                "nn.TransformerDecoderLayer(4, 1, 3, 0.0), 1)",
                "T(3, 2, 4), T(3, 2, 4), src_mask=C(3, 3), src_is_causal=True, "
                "memory_mask=C(3, 3), memory_is_causal=True",
            ),
        )
    ),
    Case(
        TRANSFORMER + ".generate_square_subsequent_mask",
        "[nn.Transformer.generate_square_subsequent_mask(n) for n in (0, 1, 3)]",
    ),
    Case(
        TRANSFORMER + ".generate_square_subsequent_mask",
        "nn.Transformer.generate_square_subsequent_mask(sz=3, device='cpu', dtype=torch.float64)",
    ),
    wrong(TRANSFORMER, "nn.Transformer(4, 2, 1, 1, 5)(torch.ones(3, 2, 4), torch.ones(2, 3, 4))"),
    wrong(
        TRANSFORMER,
        "nn.Transformer(4, 2, 1, 1, 5, batch_first=True)(torch.ones(3, 2, 4), torch.ones(2, 2, 4))",
    ),
    wrong(TRANSFORMER, "nn.Transformer(4, 2, 1, 1, 5)(torch.ones(3, 2, 3), torch.ones(2, 2, 4))"),
    wrong(TRANSFORMER, "nn.Transformer(4, 2, 1, 1, 5)(torch.ones(3, 2, 4), torch.ones(2, 2, 3))"),
    # ---- softmin and samples
    Case("torch.nn.functional.softmin", "F.softmin(T(2, 3, 4), 1)"),
    Case("torch.nn.functional.softmin", "F.softmin(T(2, 3), dim=-1, dtype=torch.float64)"),
    Case("torch.nn.functional.softmin", "F.softmin(C(2, 3).int(), 0, dtype=torch.float32)"),
    Case("torch.nn.Softmin", "fill(nn.Softmin(dim=0))(T(2, 3))"),
    Case("torch.nn.functional.gumbel_softmax", "F.gumbel_softmax(T(2, 3), hard=True).sum(-1)"),
    Case(
        "torch.nn.functional.gumbel_softmax", "F.gumbel_softmax(C(2, 3), 0.5, False, dim=0).sum(0)"
    ),
    wrong("torch.nn.functional.gumbel_softmax", "F.gumbel_softmax(T(2, 3), dim=2)"),
]
