"""Parametrizations that are ready to use."""

from __future__ import annotations

from wengert._tensor import Tensor
from wengert.nn.module import Module
from wengert.nn.utils._orthogonal import _Orthogonal
from wengert.nn.utils._spectral_norm import SpectralNormParametrization, default_dim
from wengert.nn.utils._weight_norm import WeightNormParametrization
from wengert.nn.utils.parametrize import is_parametrized, register_parametrization

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Parametrizes matrices so that their columns, or their rows where these are fewer, are
    orthonormal (complex ones unitary).

    Args:
        orthogonal_map: "matrix_exp" or "cayley" of a skew-symmetric matrix, or "householder", a
            product of reflectors. None: "matrix_exp" for square and complex matrices, else
            "householder".
        use_trivialization: optimize around a base that is itself orthogonal (Lezcano-Casado,
            2019). Without it only "householder" can be given a value.

    Raises:
        ValueError: there is no such parameter, it is no matrix, or the map is not known or not for
            complex matrices.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(
            f"orthogonal: expected a matrix or a batch of them, but got shape {tuple(weight.shape)}"
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    made = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)


def weight_norm(module: Module, name: str = "weight", dim: int = 0) -> Module:
    """Parametrizes a tensor by its length (``original0``) and its direction (``original1``).

    The names of the older :func:`wengert.nn.utils.weight_norm` can be loaded too.

    Args:
        dim: the dimension whose slices have lengths of their own; None: one length for all.
    """
    register_parametrization(module, name, WeightNormParametrization(dim), unsafe=True)

    def rename(module: Module, state_dict: Any, prefix: str, *others: object) -> None:
        old = [f"{prefix}{name}_{letter}" for letter in "gv"]
        if is_parametrized(module, name) and all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(key)

    module.register_load_state_dict_pre_hook(rename)
    return module


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Parametrizes a tensor by itself divided by its largest singular value, which power iteration
    follows in training.

    Args:
        n_power_iterations: steps of power iteration each time the tensor is computed in training.
        eps: keeps norms from being zero.
        dim: the dimension of the outputs; None: 0, or 1 for transposed convolutions.
    """
    weight = getattr(module, name, None)
    if weight is None:
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    made = SpectralNormParametrization(
        weight, n_power_iterations, default_dim(module) if dim is None else dim, eps
    )
    return register_parametrization(module, name, made)
