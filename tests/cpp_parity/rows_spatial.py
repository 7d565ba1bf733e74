"""Layers of images and of tables."""

from __future__ import annotations

from table import Row, integer, normal

LINES, IMAGES, VOLUMES = normal(2, 3, 8), normal(2, 4, 5, 6), normal(2, 3, 4, 3, 5)
INPUTS = {1: LINES, 2: IMAGES, 3: VOLUMES}
INDICES = integer(7, 4, 3)
FLAT = integer(7, 9)

OFFSETS = {
    "python_call": "model(x, wg.tensor([0, 2, 2, 5]))",
    "cpp_call": "model(x, tensor({int64_t{0}, int64_t{2}, int64_t{2}, int64_t{5}}))",
}

ROWS = [
    *(
        Row(f"{name}{n}d", f"nn.{name}{n}d({given})", (INPUTS[n],))
        for n, given in ((1, "(2, 1)"), (2, "(2, 1, 0, 3)"), (3, "(1, 2, 0, 1, 2, 1)"))
        for name in ("ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad")
    ),
    *(Row(f"ConstantPad{n}d", f"nn.ConstantPad{n}d(2, -1.5)", (INPUTS[n],)) for n in (1, 2, 3)),
    Row("ZeroPad2d_cut", "nn.ZeroPad2d(-1)", (IMAGES,)),
    # ---- resolutions and orders
    Row("Upsample", "nn.Upsample(scale_factor=2.0)", (IMAGES,)),
    Row("Upsample_size", 'nn.Upsample(size=(7, 9), mode="bilinear")', (IMAGES,)),
    Row(
        "Upsample_aligned",
        'nn.Upsample(scale_factor=1.7, mode="bicubic", align_corners=True)',
        (IMAGES,),
    ),
    Row(
        "Upsample_recompute",
        'nn.Upsample(scale_factor=(1.7, 2.3), mode="bilinear", align_corners=False, '
        "recompute_scale_factor=True)",
        (IMAGES,),
    ),
    Row("Upsample_linear", 'nn.Upsample(size=11, mode="linear")', (LINES,)),
    Row("Upsample_trilinear", 'nn.Upsample(scale_factor=1.5, mode="trilinear")', (VOLUMES,)),
    Row("Upsample_area", 'nn.Upsample(scale_factor=0.6, mode="area")', (IMAGES,)),
    Row("Upsample_exact", 'nn.Upsample(scale_factor=1.3, mode="nearest-exact")', (LINES,)),
    Row("UpsamplingNearest2d", "nn.UpsamplingNearest2d(scale_factor=1.5)", (IMAGES,)),
    Row("UpsamplingBilinear2d", "nn.UpsamplingBilinear2d(size=(8, 7))", (IMAGES,)),
    Row("PixelShuffle", "nn.PixelShuffle(2)", (IMAGES,)),
    Row("PixelUnshuffle", "nn.PixelUnshuffle(2)", (normal(2, 3, 4, 6),)),
    Row("ChannelShuffle", "nn.ChannelShuffle(2)", (IMAGES,)),
    Row("Unfold", "nn.Unfold((2, 3), dilation=(2, 1), padding=1, stride=2)", (IMAGES,)),
    Row("Fold", "nn.Fold((5, 6), 2, padding=1, stride=2)", (normal(2, 8, 12),)),
    # ---- tables
    Row("Embedding", "nn.Embedding(7, 3)", (INDICES,)),
    Row(
        "Embedding_padding", "nn.Embedding(7, 3, padding_idx=-2, scale_grad_by_freq=True)", (FLAT,)
    ),
    Row("Embedding_norm", "nn.Embedding(7, 3, max_norm=1.0, norm_type=1.5)", (INDICES,)),
    Row("EmbeddingBag", "nn.EmbeddingBag(7, 3)", (INDICES,)),
    Row("EmbeddingBag_offsets", 'nn.EmbeddingBag(7, 3, mode="sum")', (FLAT,), **OFFSETS),
    Row(
        "EmbeddingBag_max",
        'nn.EmbeddingBag(7, 3, mode="max", include_last_offset=True, padding_idx=1)',
        (FLAT,),
        **OFFSETS,
    ),
    Row(
        "EmbeddingBag_weighted",
        'nn.EmbeddingBag(7, 3, max_norm=1.0, mode="sum")',
        (INDICES, normal(4, 3)),
        python_call="model(x, None, y)",
        cpp_call="model(x, {}, y)",
    ),
]
