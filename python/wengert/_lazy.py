"""Names of the package that are loaded on first use, to keep ``import wengert`` fast."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODULES = frozenset(
    [
        "accelerator",
        "amp",
        "array_api",
        "backends",
        "compiler",
        "cuda",
        "distributed",
        "distributions",
        "func",
        "fft",
        "hub",
        "jit",
        "mps",
        "multiprocessing",
        "nn",
        "onnx",
        "optim",
        "profiler",
        "random",
        "run",
        "serialization",
        "sparse",
        "storage",
        "tape",
        "testing",
        "torch_version",
        "types",
        "utils",
        "version",
        "vision",
        "xpu",
        "_C",
        "_utils",
    ]
)

_TENSOR_TYPES = (
    "BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor "
    "LongTensor ShortTensor"
)
# Functions of neural networks that are in the main namespace too.
_NN_FUNCTIONS = (
    "alpha_dropout alpha_dropout_ bilinear binary_cross_entropy_with_logits celu celu_ "
    "cosine_embedding_loss cosine_similarity ctc_loss dropout dropout_ feature_alpha_dropout "
    "feature_alpha_dropout_ feature_dropout feature_dropout_ hardshrink hinge_embedding_loss "
    "kl_div margin_ranking_loss norm_except_dim pairwise_distance pdist poisson_nll_loss prelu "
    "rrelu rrelu_ selu selu_ threshold threshold_ triplet_margin_loss"
)
_VIEW_COPIES = (
    "alias_copy as_strided_copy detach_copy diagonal_copy expand_copy narrow_copy permute_copy "
    "select_copy slice_copy split_copy split_with_sizes_copy squeeze_copy t_copy transpose_copy "
    "unbind_copy unfold_copy unsafe_chunk unsafe_split unsafe_split_with_sizes unsqueeze_copy "
    "view_as_complex_copy view_as_real_copy view_copy"
)
_LAYOUTS = (
    "as_strided_scatter constant_pad_nd empty_permuted empty_strided fill frombuffer index_reduce "
    "logspace nonzero_static renorm"
)
# name -> the module that defines it
NAMES = {
    **dict.fromkeys(_TENSOR_TYPES.split(), "_legacy"),
    **dict.fromkeys(("is_storage", "set_default_tensor_type", "typename"), "_legacy"),
    **dict.fromkeys(("TypedStorage", "UntypedStorage"), "storage"),
    **dict.fromkeys(("GradScaler", "autocast"), "amp"),
    **dict.fromkeys(("record", "replay"), "tape"),
    "load_tape": "tape",
    **dict.fromkeys(
        (
            "get_autocast_dtype",
            "is_autocast_cpu_enabled",
            "is_autocast_enabled",
            "set_autocast_dtype",
            "set_autocast_enabled",
        ),
        "amp.autocast_mode",
    ),
    "OutOfMemoryError": "cuda",
    **dict.fromkeys(("frobenius_norm", "nuclear_norm"), "_linalg_norms"),
    **dict.fromkeys(("eig", "lstsq", "lu", "matrix_rank", "solve", "symeig"), "_linalg_legacy"),
    "lobpcg": "_lobpcg",
    **dict.fromkeys(("pca_lowrank", "svd_lowrank"), "_linalg_lowrank"),
    "as_strided_": "_shape",
    "sparse_coo_tensor": "sparse._make",
    "sparse_csr_tensor": "sparse._csr",
    **dict.fromkeys(("dsmm", "hspmm", "saddmm", "smm", "spmm", "sspaddmm"), "sparse._products"),
    **dict.fromkeys(_NN_FUNCTIONS.split(), "nn._function_forms"),
    **dict.fromkeys(_VIEW_COPIES.split(), "_view_copies"),
    **dict.fromkeys(_LAYOUTS.split(), "_layouts"),
    **dict.fromkeys(("histogram", "histogramdd"), "_statistics"),
    "gradient": "_integration",
    **dict.fromkeys(("load", "save"), "_serialization"),
    "vmap": "func",
    "istft": "_stft",
    "compile": "compiler",
    **dict.fromkeys(
        (
            "are_deterministic_algorithms_enabled",
            "get_deterministic_debug_mode",
            "get_float32_matmul_precision",
            "get_num_interop_threads",
            "is_deterministic_algorithms_warn_only_enabled",
            "set_deterministic_debug_mode",
            "set_float32_matmul_precision",
            "set_flush_denormal",
            "set_num_interop_threads",
            "use_deterministic_algorithms",
        ),
        "_switches",
    ),
}


def find(name: str) -> Any:
    """The value of ``wengert.name``; AttributeError if there is none."""
    if name in MODULES:
        return import_module(f"wengert.{name}")
    if name in NAMES:
        value = getattr(import_module(f"wengert.{NAMES[name]}"), name)
        setattr(import_module("wengert"), name, value)
        return value
    raise AttributeError(f"module 'wengert' has no attribute {name!r}", name=name)
