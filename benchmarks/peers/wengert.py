"""wengert itself."""

from __future__ import annotations

from benchmarks.peers.torch_names import TorchNames


def load(threads: int) -> TorchNames:
    import wengert
    import wengert.nn.functional
    import wengert.optim

    return TorchNames(wengert, threads)
