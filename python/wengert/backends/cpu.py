"""What the processor can do, as the kernels use it."""

from wengert import _core


def get_cpu_capability() -> str:
    """The instruction set of the kernels: "AVX512", "AVX2" or "DEFAULT"."""
    isa = str(_core.config()["isa"])
    return {"v4": "AVX512", "v3": "AVX2"}.get(isa.rpartition("-")[2], "DEFAULT")
