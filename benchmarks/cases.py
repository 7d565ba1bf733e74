"""What is measured: names, parameters and how much work one call does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """One case; a peer that lacks a method called `build` is left out of it."""

    name: str
    build: str  # the peer's method that prepares it and returns a callable without arguments
    params: dict[str, Any] = field(default_factory=dict)
    unit: str = ""  # "": time per call; else what is counted per second
    work: float = 1.0  # units in one call
    dtype: str = "float32"
    slow: bool = False  # left out by --quick
    operations: int = 1  # done by one call; the time is that of one of them
    lr: float = 0.0  # of the check of losses; 0: the case trains nothing


# Of the smallest cases a call does this many, so that the call itself does not count.
MANY = 100

# The learning rate of whole steps. They repeat one batch: a model that came to fit it would have
# gradients of denormal numbers, with which every product takes several times as long.
STILL = 1e-6

# Characters that a text in English has, and so the classes of the language models.
LETTERS = 65

OVERHEAD = [
    Case("add_4x4", "add", operations=MANY),
    Case("add_4x4_record", "add", {"record": True}, operations=MANY),
    Case("matmul_8x8_record", "matmul_record", operations=MANY),
    Case("three_variables", "three_variables"),
    Case("chain_2000", "chain", {"pairs": 1000}),
    Case("mlp_16_sgd", "mlp_sgd", lr=1e-2),
    Case("mlp_64_128_adam", "mlp_adam", {"sizes": (64, 128, 128, 10), "batch": 32}, lr=1e-3),
    Case("lstm_cells_64_backward", "lstm_cells_alone", {"width": 64, "steps": 50}),
    Case("lstm_8_16_backward", "lstm", {"sizes": (8, 16), "steps": 32, "batch": 1}),
]

GEMM = [
    Case(
        f"gemm_{dtype[0]}{dtype[-2:]}_{n}",
        "gemm",
        {"n": n, "dtype": dtype},
        "FLOP",
        2.0 * n**3,
        dtype,
        n > 512,
    )
    for dtype in ("float32", "float64")
    for n in (64, 128, 256, 512, 1024, 2048)
]

KERNELS = [
    Case("gelu_chain_4m", "gelu_chain", {"n": 1 << 22}, "elements", 1 << 22),
    Case("gelu_tanh_4m", "gelu", {"n": 1 << 22}, "elements", 1 << 22),
    Case(
        "cross_entropy_512x32000",
        "cross_entropy",
        {"rows": 512, "classes": 32000},
        "rows",
        512,
        slow=True,
    ),
    Case("adamw_10m", "adamw", {"tensors": 10, "side": 1000}, "parameters", 1e7),
]

# Two products forward, five backward as the scores are computed anew; half of them if causal.
ATTENTION = [
    Case(
        f"attention_{length}" + ("_causal" if causal else ""),
        "attention",
        {"length": length, "causal": causal, "batch": 4, "heads": 8, "width": 64},
        "FLOP",
        7 * 2.0 * 4 * 8 * 64 * length**2 / (2 if causal else 1),
        slow=length > 1024,
    )
    for length in (512, 1024, 2048, 4096)
    for causal in (False, True)
]

NETWORKS = [
    Case(
        "mlp_784_512_adam",
        "mlp_adam",
        {"sizes": (784, 512, 512, 10), "batch": 128},
        "samples",
        128,
        lr=1e-4,
    ),
    Case("cnn_28_adam", "cnn_adam", {"batch": 64}, "images", 64, lr=1e-4),
    Case("resnet20_sgd", "resnet20", {"batch": 64}, "images", 64, lr=1e-4),
    Case("resnet18_sgd", "resnet18", {"batch": 16}, "images", 16, lr=1e-4),
    Case(
        "lstm_64_128_backward",
        "lstm",
        {"sizes": (64, 128), "steps": 32, "batch": 32},
        "sequences",
        32,
    ),
    Case(
        "lstm_lm_128_256_adam",
        "lstm_language_model",
        {"sizes": (LETTERS, 128, 256), "batch": 32, "steps": 64},
        "tokens",
        32 * 64,
        lr=1e-3,
    ),
    Case(
        "lstm_cells_32_64_adam",
        "lstm_cell_loop",
        {"sizes": (LETTERS, 32, 64), "batch": 8, "steps": 50},
        "tokens",
        8 * 50,
        lr=1e-3,
    ),
    Case(
        "gpt_4x192_adamw",
        "gpt",
        {"vocabulary": LETTERS, "layers": 4, "width": 192, "heads": 6, "batch": 8, "steps": 128},
        "tokens",
        8 * 128,
        lr=1e-3,
    ),
    Case(
        "tree_lstm_64_adam",
        "tree_lstm",
        {"width": 64, "words": 1000, "batch": 16},
        "trees",
        16,
        lr=1e-3,
    ),
]

# The same sequences twice: packed, a step does without what lies beyond their ends.
PACKED = [
    Case(
        f"lstm_{'packed' if packed else 'padded'}_{steps}_adam",
        "lstm_tagger",
        {"sizes": (LETTERS, 128, 256, 10), "batch": 32, "steps": steps, "packed": packed},
        lr=1e-3,
    )
    for steps in (50, 200)
    for packed in (False, True)
]

# In bfloat16: products, and steps whose products are (autocast).
SHORT = [
    *(
        Case(f"gemm_bf16_{n}", "gemm_bfloat16", {"n": n}, "FLOP", 2.0 * n**3, "bfloat16", n > 512)
        for n in (64, 128, 256, 512, 1024, 2048)
    ),
    *(
        Case(
            case.name.rsplit("_", 1)[0] + "_autocast",
            "autocast",
            {"build": case.build, **case.params},
            case.unit,
            case.work,
        )
        for case in NETWORKS
        if case.name
        in (
            "mlp_784_512_adam",
            "cnn_28_adam",
            "resnet20_sgd",
            "lstm_lm_128_256_adam",
            "gpt_4x192_adamw",
        )
    ),
]

CASES = [*OVERHEAD, *GEMM, *KERNELS, *ATTENTION, *NETWORKS, *PACKED, *SHORT]

# Pairs of which the first is to take a smaller share of the time of the second.
SHARES = [(f"lstm_packed_{steps}_adam", f"lstm_padded_{steps}_adam") for steps in (50, 200)]

# Those of which the peak of memory is measured.
MEMORY = [c for c in CASES if c.name in ("resnet18_sgd", "gpt_4x192_adamw")]

# Those of the C++ programs, in seconds per call.
CPP_CASES = [
    Case(name, "")
    for name in (
        "cpp_add_8",
        "cpp_add_8_record",
        "cpp_add_8_backward",
        "cpp_chain_record",
        "cpp_chain_backward",
        "cpp_matmul_8x8",
        "cpp_mlp_16_sgd",
    )
]
