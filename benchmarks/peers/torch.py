"""PyTorch, with its fused optimizers, which are the fastest of its choices on a CPU."""

from __future__ import annotations

from benchmarks.peers.torch_names import TorchNames


def load(threads: int) -> TorchNames:
    import torch

    return TorchNames(torch, threads, fused=True)
