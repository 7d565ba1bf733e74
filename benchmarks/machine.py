"""What the cases ran on, and what its cores can do at most."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def compiler() -> str | None:
    return shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")


def cpu_field(name: str) -> str:
    """What Linux says about the first processor under `name`; empty elsewhere."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(name):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return ""


def cpu_name() -> str:
    return cpu_field("model name") or platform.processor() or platform.machine()


def fma_peak() -> dict[str, float]:
    """FLOP/s of one core by dtype, from a loop of fused multiply-adds; empty without a compiler."""
    program = compiler()
    if program is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        binary = str(Path(folder) / "peak")
        command = [program, "-std=c++17", "-O3", "-march=native", "-ffp-contract=fast"]
        if subprocess.run([*command, str(HERE / "cpp/peak.cpp"), "-o", binary]).returncode:
            return {}
        output = subprocess.run([binary], capture_output=True, text=True, check=True).stdout
    single, double = (float(v) * 1e9 for v in output.split())
    return {"float32": single, "float64": double}
