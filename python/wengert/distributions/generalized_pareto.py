"""The generalized Pareto distribution."""

from __future__ import annotations

from typing import Any

import wengert
from wengert import Size, Tensor
from wengert.distributions import constraints
from wengert.distributions.distribution import Distribution
from wengert.distributions.utils import broadcast_all, is_number, standard_uniform

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """Excesses over a threshold ``loc``: P(X > x) = (1 + k z)^(-1 / k), z = (x - loc) / scale, k
    being the ``concentration``; e^-z where it is 0."""

    arg_constraints = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True
    _expanded = ("loc", "scale", "concentration")

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        numbers = is_number(loc) and is_number(scale) and is_number(concentration)
        shape = Size(()) if numbers else self.loc.shape
        super().__init__(shape, validate_args=validate_args)

    def _near_zero(self) -> Tensor:
        return wengert.isclose(self.concentration, wengert.zeros_like(self.concentration))

    def _safe_concentration(self) -> Tensor:
        """Not 0, so that neither branch of a choice divides by it."""
        return wengert.where(
            self._near_zero(), wengert.ones_like(self.concentration), self.concentration
        )

    def _z(self, x: Tensor) -> Tensor:
        return (x - self.loc) / self.scale

    def rsample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        return self.icdf(standard_uniform(self._extended_shape(sample_shape), self.loc))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        z, k = self._z(value), self._safe_concentration()
        general = -(1 + 1 / k) * wengert.log1p(k * z)
        return wengert.where(self._near_zero(), -z, general) - wengert.log(self.scale)

    def log_survival_function(self, value: Tensor) -> Tensor:
        """log P(X > value)."""
        if self._validate_args:
            self._validate_sample(value)
        z, k = self._z(value), self._safe_concentration()
        return wengert.where(self._near_zero(), -z, -wengert.log1p(k * z) / k)

    def log_cdf(self, value: Tensor) -> Tensor:
        """log P(X <= value)."""
        return wengert.log1p(-wengert.exp(self.log_survival_function(value)))

    def cdf(self, value: Tensor) -> Tensor:
        return wengert.exp(self.log_cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        k = self._safe_concentration()
        left = wengert.log1p(-value)
        general = self.scale * wengert.expm1(-k * left) / k
        return self.loc + wengert.where(self._near_zero(), -self.scale * left, general)

    @property
    def mean(self) -> Tensor:
        k = self.concentration
        finite = wengert.where(k < 1, k, wengert.zeros_like(k))
        return wengert.where(
            k < 1, self.loc + self.scale / (1 - finite), wengert.full_like(k, wengert.inf)
        )

    @property
    def variance(self) -> Tensor:
        k = self.concentration
        finite = wengert.where(k < 0.5, k, wengert.zeros_like(k))
        variance = self.scale**2 / ((1 - finite) ** 2 * (1 - 2 * finite))
        return wengert.where(k < 0.5, variance, wengert.full_like(k, wengert.nan))

    def entropy(self) -> Tensor:
        return wengert.log(self.scale) + self.concentration + 1

    @property
    def mode(self) -> Tensor:
        return self.loc

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        k = self._safe_concentration()
        upper = wengert.where(
            self.concentration < 0,
            self.loc - self.scale / k,
            wengert.full_like(self.loc, wengert.inf),
        )
        return constraints.interval(self.loc, upper)
