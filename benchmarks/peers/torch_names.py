"""The cases for libraries with PyTorch's names: PyTorch and wengert run the very same code."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from benchmarks.peers.kernels import Kernels
from benchmarks.peers.networks import Networks
from benchmarks.peers.overhead import Overhead


class TorchNames(Overhead, Kernels, Networks):
    """The cases over `lib`; `optim` holds further arguments for the optimizers."""

    def __init__(self, lib: ModuleType, threads: int, **optim: Any) -> None:
        self.lib = lib
        self.optim = optim
        self.version = str(lib.__version__)
        lib.set_num_threads(threads)
        lib.manual_seed(0)
