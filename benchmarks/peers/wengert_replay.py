"""wengert with each call recorded as a program, which is replayed."""

from __future__ import annotations

from benchmarks.peers.library import Call
from benchmarks.peers.torch_names import TorchNames


class Replayed(TorchNames):
    """What consists of more than one operation."""

    gemm = gemm_bfloat16 = convolution = None

    def whole(self, call: Call) -> Call:
        return self.lib.replay(call)


def load(threads: int) -> Replayed:
    import wengert
    import wengert.nn.functional
    import wengert.optim
    import wengert.tape

    return Replayed(wengert, threads)
