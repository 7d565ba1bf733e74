"""What the cases ran on, and what its cores can do at most."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
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


# Of float32 with operands from the first-level cache, as products have them.
TILE = "float32 from L1"


def fma_peak() -> dict[str, float]:
    """FLOP/s of one core by dtype, from loops of fused multiply-adds; empty without a compiler."""
    output = _output_of("peak.cpp")
    if output is None:
        return {}
    single, double, tile = (float(v) * 1e9 for v in output.split())
    return {"float32": single, "float64": double, TILE: tile}


@dataclass(frozen=True)
class Bandwidth:
    """Bytes per second of one core in arrays of `size` bytes together."""

    level: str
    size: int
    read: float
    copy: float
    triad: float


def bandwidths() -> list[Bandwidth]:
    """Of the caches, of what fits into large ones only, and of memory; empty without a compiler."""
    caches = _cache_sizes()
    # A last cache that many processors share is not one core's alone.
    sizes = {
        "L1": caches["L1"] // 2,
        "L2": caches["L2"] // 2,
        "L3": min(caches["L3"] // 2, 8 * caches["L2"]),
        "160 MB": 160_000_000,
        "memory": max(4 * caches["L3"], 1 << 30),
    }
    output = _output_of("bandwidth.cpp", *map(str, sizes.values()))
    if output is None:
        return []
    rates = [[float(v) * 1e9 for v in line.split()] for line in output.splitlines()]
    return [
        Bandwidth(level, size, *found)
        for (level, size), found in zip(sizes.items(), rates, strict=True)
    ]


def _cache_sizes() -> dict[str, int]:
    sizes = {"L1": 32 << 10, "L2": 1 << 20, "L3": 32 << 20}  # where the system does not say
    for folder in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        if (folder / "type").read_text().strip() != "Instruction":
            level = "L" + (folder / "level").read_text().strip()
            sizes[level] = int((folder / "size").read_text().strip().rstrip("K")) << 10
    return sizes


def _output_of(source: str, *arguments: str) -> str | None:
    """What a program of cpp/ prints; None where it cannot be compiled."""
    program = compiler()
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        binary = str(Path(folder) / "program")
        command = [program, "-std=c++17", "-O3", "-march=native", "-ffp-contract=fast"]
        if subprocess.run([*command, str(HERE / "cpp" / source), "-o", binary]).returncode:
            return None
        command = [binary, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
