"""wengert: define-by-run automatic differentiation for the CPU, with PyTorch's names."""

from . import _core, _tensor
from ._tensor import Size, Tensor, all_dtypes, dtype

# isort: split
from . import _ops
from ._creation import (
    arange,
    as_tensor,
    asarray,
    from_numpy,
    is_tensor,
    tensor,
)
from ._core import (
    Generator,
    default_generator,
    get_default_dtype,
    get_num_threads,
    is_grad_enabled,
    is_inference_mode_enabled,
    memory_stats,
    promote_types,
    reset_peak_memory,
    set_cache_limit,
    set_memory_limit,
    set_num_threads,
    trim_memory,
)
from ._device import cpu_device as _cpu
from ._device import device
from ._config import show_config
from .version import __version__

for _d in all_dtypes:
    globals()["bool" if _d.name == "bool" else _d.name] = _d
float = globals()["float32"]
double = globals()["float64"]
half = globals()["float16"]
cfloat = globals()["complex64"]
cdouble = globals()["complex128"]
short = globals()["int16"]
int = globals()["int32"]
long = globals()["int64"]

inf = globals()["__builtins__"]["float"]("inf") if isinstance(__builtins__, dict) else __builtins__.float("inf")
