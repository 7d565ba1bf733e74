"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

import wengert
from wengert import Size, Tensor, _core
from wengert.distributions import constraints
from wengert.distributions.exp_family import ExponentialFamily
from wengert.nn import functional as F

_ops = _core.ops

__all__ = ["Dirichlet"]


class Dirichlet(ExponentialFamily):
    """Vectors of probabilities with density proportional to the product of x_i^(c_i - 1), c being
    ``concentration``."""

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True
    _expanded = ("concentration",)

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        shape = concentration.shape
        super().__init__(Size(shape[:-1]), Size(shape[-1:]), validate_args=validate_args)

    def rsample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        shape = self._extended_shape(sample_shape)
        return _ops._sample_dirichlet(self.concentration.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        c = self.concentration
        return (
            wengert.xlogy(c - 1.0, value).sum(-1)
            + wengert.lgamma(c.sum(-1))
            - wengert.lgamma(c).sum(-1)
        )

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Tensor:
        c = self.concentration
        above = (c - 1).clamp(min=0.0)
        mode = above / above.sum(-1, True)
        # With every c below 1 the density is unbounded at the corners; one of them is taken.
        corner = F.one_hot(mode.argmax(-1), c.shape[-1]).to(c.dtype)
        return wengert.where((c < 1).all(dim=-1).unsqueeze(-1), corner, mode)

    @property
    def variance(self) -> Tensor:
        c = self.concentration
        total = c.sum(-1, True)
        return c * (total - c) / (total.pow(2) * (total + 1))

    def entropy(self) -> Tensor:
        c = self.concentration
        k = c.shape[-1]
        total = c.sum(-1)
        return (
            wengert.lgamma(c).sum(-1)
            - wengert.lgamma(total)
            - (k - total) * wengert.digamma(total)
            - ((c - 1.0) * wengert.digamma(c)).sum(-1)
        )

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.concentration,)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return x.lgamma().sum(-1) - wengert.lgamma(x.sum(-1))
