"""Spectral normalisation: w / sigma(w), sigma being its largest singular value, which power
iteration follows from call to call (Miyato et al., 2018)."""

from __future__ import annotations

import wengert
from wengert import Tensor, no_grad
from wengert.nn._normalization import normalize
from wengert.nn.module import Module
from wengert.nn.parameter import Parameter
from wengert.nn.utils import _hooks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """The weight with ``dim`` first and all others in one dimension."""
    if dim != 0:
        weight = weight.permute([dim, *(d for d in range(weight.ndim) if d != dim)])
    return weight.reshape(weight.shape[0], -1)


def default_dim(module: object) -> int:
    """The dimension of the outputs, which is the second one for transposed convolutions."""
    names = [c.__name__ for c in type(module).__mro__]
    return 1 if any(n.startswith("ConvTranspose") for n in names) else 0


def check_iterations(n: int) -> None:
    """ValueError unless the number of power iterations is positive."""
    if n <= 0:
        raise ValueError(f"Expected n_power_iterations to be positive, but got {n}")


def _random_unit(like: Tensor, n: int, eps: float) -> Tensor:
    return normalize(wengert.randn(n, dtype=like.dtype), dim=0, eps=eps)


class SpectralNorm:
    """The hook that computes the weight before each call."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        check_iterations(n_power_iterations)
        self.name = name
        self.dim = dim
        self.n_power_iterations = n_power_iterations
        self.eps = eps

    def compute_weight(self, module: Any, do_power_iteration: bool) -> Tensor:
        """The weight divided by the estimate of its largest singular value."""
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(normalize(matrix.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(normalize(matrix.mv(v), dim=0, eps=self.eps))
                # The graph keeps these, whatever the next calls do to the buffers.
                u, v = u.clone(), v.clone()
        return weight / u.dot(matrix.mv(v))

    def __call__(self, module: Any, inputs: object) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    """Divides a parameter by its spectral norm before each call; the parameter itself is called
    ``name_orig``, the singular vectors ``name_u`` and ``name_v`` are buffers.

    Args:
        n_power_iterations: steps of power iteration at each call in training.
        eps: keeps norms from being zero.
        dim: the dimension of the outputs; None: 0, or 1 for transposed convolutions.
    """
    _hooks_of.refuse_second(module, SpectralNorm, name, "spectral_norm")
    hook = SpectralNorm(name, n_power_iterations, default_dim(module) if dim is None else dim, eps)
    weight = getattr(module, name)
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    with no_grad():
        rows, columns = as_matrix(weight, hook.dim).shape
        u, v = _random_unit(weight, rows, eps), _random_unit(weight, columns, eps)
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.data)
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Makes the normalised weight the parameter again."""
    hook = _hooks_of.take_hook(module, SpectralNorm, name, "spectral_norm")
    with no_grad():
        weight = hook.compute_weight(module, do_power_iteration=False)
    for n in (name, name + "_u", name + "_v", name + "_orig"):
        delattr(module, n)
    module.register_parameter(name, Parameter(weight.detach()))
    return module


class SpectralNormParametrization(Module):
    """The parametrization that divides a tensor by its spectral norm."""

    _u: Tensor
    _v: Tensor

    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{weight.ndim}, "
                f"{weight.ndim - 1}] but got {dim})"
            )
        check_iterations(n_power_iterations)
        self.dim = dim % weight.ndim
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if weight.ndim > 1:
            with no_grad():
                matrix = as_matrix(weight, self.dim)
                rows, columns = matrix.shape
                self.register_buffer("_u", _random_unit(weight, rows, eps))
                self.register_buffer("_v", _random_unit(weight, columns, eps))
                self._power_method(matrix, 15)

    def _get_name(self) -> str:
        return "_SpectralNorm"

    def _power_method(self, matrix: Tensor, steps: int) -> None:
        with no_grad():
            for _ in range(steps):
                self._u.copy_(normalize(matrix.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(normalize(matrix.t().mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._power_method(matrix.detach(), self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()
        return weight / u.dot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself: what is given is normalised anyway."""
        return value
