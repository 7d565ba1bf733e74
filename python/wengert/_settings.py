"""Random seeds, defaults, printing options and what the library says of itself."""

from __future__ import annotations

import copyreg

from . import _core
from ._core import Generator, default_generator
from ._tensor import Tensor, dtype


def _generator(state: Tensor) -> Generator:
    made = Generator()
    made.set_state(state)
    return made


copyreg.pickle(Generator, lambda g: (_generator, (g.get_state(),)))


def manual_seed(seed: int) -> Generator:
    """Restarts the default generator's stream named by the seed."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seeds the default generator from the operating system; returns the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator, as a tensor of bytes."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Sets the state of the default generator to one from get_rng_state."""
    default_generator.set_state(new_state)


def set_default_dtype(d: dtype) -> None:
    """Sets the dtype of floating results where none is asked for.

    Raises TypeError unless d is a floating point dtype.
    """
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"set_default_dtype: expected a floating point dtype, but got {d}")
    _core._set_default_dtype(d)


class _Info:
    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __repr__(self) -> str:
        values = ", ".join(f"{n}={getattr(self, n)}" for n in self.__slots__ if hasattr(self, n))
        return f"{type(self).__name__}({values})"


# dtype: (bits, digits of the significand, greatest exponent, decimal resolution)
_FLOAT_FORMATS = {
    "float16": (16, 11, 16, 1e-3),
    "bfloat16": (16, 8, 128, 1e-2),
    "float32": (32, 24, 128, 1e-6),
    "float64": (64, 53, 1024, 1e-15),
}


class finfo(_Info):
    """Limits of a floating point dtype."""

    def __init__(self, type: dtype | None = None) -> None:
        t = type or _core.get_default_dtype()
        name = {"complex64": "float32", "complex128": "float64"}.get(t.name, t.name)
        if name not in _FLOAT_FORMATS:
            raise TypeError(f"finfo: expected a floating point dtype, but got {t}; use iinfo")
        self.bits, digits, exponent, self.resolution = _FLOAT_FORMATS[name]
        self.dtype = name
        self.eps = 2.0 ** (1 - digits)
        self.max = (2.0 - 2.0 ** (1 - digits)) * 2.0 ** (exponent - 1)
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0 ** (2 - exponent)


class iinfo(_Info):
    """Limits of an integer dtype."""

    def __init__(self, type: dtype) -> None:
        if type.is_floating_point or type.is_complex or type.name == "bool":
            raise TypeError(f"iinfo: expected an integer dtype, but got {type}; use finfo")
        self.bits = type.itemsize * 8
        self.dtype = type.name
        signed = type.is_signed
        self.max = 2 ** (self.bits - signed) - 1
        self.min = -(2 ** (self.bits - 1)) if signed else 0


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors are printed: digits, size above which they are shortened, items shown at each
    end, characters per line, and whether in scientific notation (None: where it pays)."""
    from . import _printing

    _printing.set_options(precision, threshold, edgeitems, linewidth, profile, sci_mode)


def show_config(measure: bool = False) -> str:
    """What the library was built with and what it chose on this machine, as text.

    Args:
        measure: also measure the float32 matrix product against the machine's multiply-add peak.
    """
    c = _core.config()
    lines = [
        f"wengert {c['version']}",
        f"CPU: {c['cpu']}",
        f"kernels: {c['isa']}",
        f"BLAS: {c['blas'] or 'none (own kernels)'}",
    ]
    if c["blas_core"]:
        lines.append(f"BLAS core: {c['blas_core']}")
    lines.append(f"threads: {c['threads']}")
    if measure:
        rate, peak = _measure_gemm()
        lines.append(
            f"GEMM float32 n=1024, one thread: {rate:.0f} GFLOP/s, "
            f"{100 * rate / peak:.0f} % of the FMA peak {peak:.0f}"
        )
    return "\n".join(lines)


def _measure_gemm(n: int = 1024, repetitions: int = 10) -> tuple[float, float]:
    """GFLOP/s of a product on one thread, and the FMA peak of one core."""
    from time import perf_counter

    threads = _core.get_num_threads()
    _core.set_num_threads(1)
    try:
        a = _core.ops.rand(n, n)
        best = float("inf")
        peak = 0.0
        for _ in range(repetitions):
            peak = max(peak, _core.fma_peak_gflops())
            start = perf_counter()
            _core.ops.mm(a, a)
            best = min(best, perf_counter() - start)
    finally:
        _core.set_num_threads(threads)
    return 2 * n**3 / best / 1e9, peak
