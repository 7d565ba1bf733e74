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


# Of the smallest cases a call does this many, so that the call itself does not count.
MANY = 100

# The learning rate of whole steps. They repeat one batch: a model that came to fit it would have
# gradients of denormal numbers, with which every product takes several times as long.
STILL = 1e-6

OVERHEAD = [
    Case("add_4x4", "add", operations=MANY),
    Case("add_4x4_record", "add", {"record": True}, operations=MANY),
    Case("matmul_8x8_record", "matmul_record", operations=MANY),
    Case("three_variables", "three_variables"),
    Case("chain_2000", "chain", {"pairs": 1000}),
    Case("mlp_16_sgd", "mlp_sgd"),
    Case("mlp_64_128_adam", "mlp_adam", {"sizes": (64, 128, 128, 10), "batch": 32}),
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

THROUGHPUT = [
    Case(
        "mlp_784_512_adam", "mlp_adam", {"sizes": (784, 512, 512, 10), "batch": 128}, "samples", 128
    ),
    Case("cnn_28_adam", "cnn_adam", {"batch": 64}, "images", 64),
    Case(
        "lstm_64_128_backward",
        "lstm",
        {"sizes": (64, 128), "steps": 32, "batch": 32},
        "sequences",
        32,
    ),
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

CASES = [*OVERHEAD, *GEMM, *THROUGHPUT]

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
