"""wengert: define-by-run automatic differentiation for the CPU, with PyTorch's names."""

from . import _core, _tensor
from ._complex import *  # noqa: F403
from ._core import (
    Generator,
    default_generator,
    get_default_dtype,
    get_num_threads,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
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
from ._creation import (
    arange,
    as_tensor,
    asarray,
    from_dlpack,
    from_numpy,
    is_tensor,
    range,
    tensor,
)
from ._device import device
from ._grad_modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from ._legacy_methods import (
    _assert,
    get_default_device,
    get_device,
    layout,
    set_default_device,
    sparse_coo,
    sparse_csr,
    strided,
)
from ._names import *  # noqa: F403
from ._names import __all__ as _function_names
from ._pointwise import (
    chain_matmul,
    frexp,
    randint,
    randint_like,
    round,
    scalar_tensor,
    tensordot,
)
from ._recurrent import gru, lstm, rnn_relu, rnn_tanh
from ._tensor import Size, Tensor, dtype
from .version import __version__

# isort: split
from . import autograd, linalg, special
from ._convolution import conv1d, conv2d, conv3d
from ._einsum import einsum
from ._linalg_derived import pinverse
from ._memory_format import (
    channels_last,
    channels_last_3d,
    clone,
    contiguous_format,
    memory_format,
    preserve_format,
)
from ._methods import install as _install
from ._settings import (
    finfo,
    get_rng_state,
    iinfo,
    initial_seed,
    manual_seed,
    seed,
    set_default_dtype,
    set_printoptions,
    set_rng_state,
    show_config,
)
from ._shape import *  # noqa: F403

_install()


def __getattr__(name: str) -> object:
    from ._lazy import find

    return find(name)


def __dir__() -> list[str]:
    from ._lazy import MODULES, NAMES

    return sorted({*globals(), *MODULES, *NAMES})
