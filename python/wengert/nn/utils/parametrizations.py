"""Parametrizations that are ready to use."""

from __future__ import annotations

from wengert.nn.module import Module
from wengert.nn.utils._spectral_norm import SpectralNormParametrization, default_dim
from wengert.nn.utils._weight_norm import WeightNormParametrization
from wengert.nn.utils.parametrize import register_parametrization

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["spectral_norm", "weight_norm"]


def weight_norm(module: Module, name: str = "weight", dim: int = 0) -> Module:
    """Parametrizes a tensor by its length (``original0``) and its direction (``original1``).

    The names of the older :func:`wengert.nn.utils.weight_norm` can be loaded too.

    Args:
        dim: the dimension whose slices have lengths of their own; None: one length for all.
    """
    register_parametrization(module, name, WeightNormParametrization(dim), unsafe=True)

    def rename(module: Module, state_dict: Any, prefix: str, *others: object) -> None:
        old = [f"{prefix}{name}_{letter}" for letter in "gv"]
        if all(key in state_dict for key in old):
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
