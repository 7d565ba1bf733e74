"""One module per library; `load(threads)` returns an object with a method per kind of case."""

NAMES = ("wengert", "torch", "jax", "numpy")
