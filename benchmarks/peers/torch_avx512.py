"""PyTorch whose BLAS is made to use AVX-512 where it would not by itself.

MKL takes its AVX2 kernels on processors of other makers than Intel, and no variable of the
environment changes that: MKL_ENABLE_INSTRUCTIONS only lowers what it may use. It asks two exported
functions for the maker, which a library loaded before it can answer. On Intel's processors MKL uses
AVX-512 by itself, as oneDNN and PyTorch's own kernels do everywhere: nothing is left to force.
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path

from benchmarks.machine import compiler, cpu_field
from benchmarks.peers import Unavailable
from benchmarks.peers.torch_names import TorchNames

ANSWERS = """
extern "C" int mkl_serv_intel_cpu() { return 1; }
extern "C" int mkl_serv_intel_cpu_true() { return 1; }
"""


def load(threads: int) -> TorchNames:
    if "avx512f" not in cpu_field("flags").split():
        raise Unavailable("this processor has no AVX-512")
    if cpu_field("vendor_id") == "GenuineIntel":
        raise Unavailable("on this processor PyTorch's BLAS uses AVX-512 by itself")
    program = compiler()
    if program is None:
        raise Unavailable("it needs a C++ compiler")
    with tempfile.TemporaryDirectory() as folder:
        library = str(Path(folder) / "answers.so")
        command = [program, "-x", "c++", "-shared", "-fPIC", "-", "-o", library]
        subprocess.run(command, input=ANSWERS, text=True, check=True)
        ctypes.CDLL(library, ctypes.RTLD_GLOBAL)

    from benchmarks.peers import torch

    return torch.load(threads)
