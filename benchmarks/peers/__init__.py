"""One module per library; `load(threads)` returns an object with a method per kind of case."""

NAMES = (
    "wengert",
    "wengert-replay",
    "torch",
    "torch-compile",
    "torch-avx512",
    "torch-channels-last",
    "jax",
    "numpy",
)
# Those of a run of all cases; convolutions are what the layout matters to.
USUAL = tuple(name for name in NAMES if name != "torch-channels-last")
CONVOLUTIONS = ("wengert", "torch", "torch-channels-last")
SCALING = ("wengert", "torch")


class Unavailable(Exception):
    """Why a peer cannot run here, or would run exactly as another one does."""


def module_of(name: str) -> str:
    return f"benchmarks.peers.{name.replace('-', '_')}"
