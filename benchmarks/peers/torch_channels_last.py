"""PyTorch with images and weights that have their channels next to each other in memory."""

from __future__ import annotations

from benchmarks.peers.torch_names import TorchNames


def load(threads: int) -> TorchNames:
    import torch

    peer = TorchNames(torch, threads, fused=True)
    peer.memory_format = torch.channels_last
    return peer
