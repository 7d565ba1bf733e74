"""Weight normalisation: w = g v / ||v|| (Salimans and Kingma, 2016)."""

from __future__ import annotations

from wengert import Tensor
from wengert import _ops as _C
from wengert._reductions import norm
from wengert.nn.module import Module
from wengert.nn.parameter import Parameter
from wengert.nn.utils import _hooks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The ``pow``-norm over all dimensions but ``dim``, which stay as ones; over all with -1."""
    if dim == -1:
        return norm(v, pow)
    if not -max(v.ndim, 1) <= dim < max(v.ndim, 1):
        raise IndexError(
            f"weight_norm: dimension {dim} is out of range for a tensor of shape {tuple(v.shape)}"
        )
    others = tuple(i for i in range(v.ndim) if i != dim % v.ndim)
    return norm(v, pow, others, True) if others else v.abs()


def _weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """v scaled so that its norm over all dimensions but ``dim`` is g."""
    return v * (g / norm_except_dim(v, 2, dim))


class WeightNorm:
    """The hook that computes the weight before each call."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Any) -> Tensor:
        """The weight from its direction and its length."""
        v, g = getattr(module, self.name + "_v"), getattr(module, self.name + "_g")
        return _weight_norm(v, g, self.dim)

    def __call__(self, module: Any, inputs: object) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Replaces a parameter by its length ``name_g`` and its direction ``name_v``; deprecated, use
    :func:`parametrizations.weight_norm`.

    Args:
        dim: the dimension whose slices have lengths of their own; None: one length for all.
    """
    import warnings

    warnings.warn(
        "`nn.utils.weight_norm` is deprecated in favor of `nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    _hooks_of.refuse_second(module, WeightNorm, name, "weight_norm")
    hook = WeightNorm(name, dim)
    weight = getattr(module, name)
    length = norm_except_dim(weight.detach(), 2, hook.dim)
    delattr(module, name)
    module.register_parameter(name + "_g", Parameter(length))
    module.register_parameter(name + "_v", Parameter(weight.data))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Makes the weight a parameter again."""
    hook = _hooks_of.take_hook(module, WeightNorm, name, "weight_norm")
    weight = hook.compute_weight(module)
    for n in (name, name + "_g", name + "_v"):
        delattr(module, n)
    setattr(module, name, Parameter(weight.detach()))
    return module


class WeightNormParametrization(Module):
    """The parametrization by length (``original0``) and direction (``original1``)."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def _get_name(self) -> str:
        return "_WeightNorm"

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return _weight_norm(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Length and direction of a weight."""
        return norm_except_dim(weight, 2, self.dim), _C.clone(weight)
