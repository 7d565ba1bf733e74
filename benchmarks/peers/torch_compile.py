"""PyTorch with the model, its loss and their gradients compiled by `torch.compile`."""

from __future__ import annotations

from typing import Any

from benchmarks.machine import compiler
from benchmarks.peers import Unavailable
from benchmarks.peers.kernels import Kernels
from benchmarks.peers.networks import Networks


class TorchCompiled(Kernels, Networks):
    """Only what there is to compile."""

    gemm = gemm_bfloat16 = convolution = None
    # It is a loop or a recursion in Python: each length, each tree would be compiled anew.
    lstm = lstm_tagger = tree_lstm = None

    def __init__(self, threads: int) -> None:
        import torch

        self.lib = torch
        self.optim = {"fused": True}
        self.version = str(torch.__version__)
        torch.set_num_threads(threads)
        torch.manual_seed(0)

    def compile(self, function: Any) -> Any:
        return self.lib.compile(function)


def load(threads: int) -> TorchCompiled:
    if compiler() is None:
        raise Unavailable("it needs a C++ compiler")
    return TorchCompiled(threads)
