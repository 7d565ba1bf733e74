"""Student's t distribution."""

from __future__ import annotations

import math
from typing import Any

import wengert
from wengert import Size, Tensor
from wengert.distributions import constraints
from wengert.distributions.chi2 import Chi2
from wengert.distributions.distribution import Distribution
from wengert.distributions.utils import broadcast_all, nan_where, standard_normal

__all__ = ["StudentT"]


class StudentT(Distribution):
    """Numbers loc + scale x / sqrt(z / df), x being standard normal and z chi-squared with ``df``
    degrees of freedom."""

    arg_constraints = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True
    _expanded = ("df", "loc", "scale")

    def __init__(
        self,
        df: Tensor | float,
        loc: Tensor | float = 0.0,
        scale: Tensor | float = 1.0,
        validate_args: bool | None = None,
    ) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df)
        super().__init__(self.df.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, self._get_checked_instance(StudentT, _instance))
        new._chi2 = self._chi2.expand(batch_shape)
        return new

    @property
    def mean(self) -> Tensor:
        return nan_where(self.df <= 1, self.loc)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        finite = self.df.masked_fill(self.df <= 2, 3)
        variance = (self.scale.pow(2) * finite / (finite - 2)).masked_fill(
            self.df <= 2, wengert.inf
        )
        return nan_where(self.df <= 1, variance)

    def rsample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        x = standard_normal(self._extended_shape(sample_shape), self.df)
        z = self._chi2.rsample(sample_shape)
        return self.loc + self.scale * x * wengert.rsqrt(z / self.df)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        y = (value - self.loc) / self.scale
        half = 0.5 * (self.df + 1.0)
        constant = (
            self.scale.log()
            + 0.5 * self.df.log()
            + 0.5 * math.log(math.pi)
            + wengert.lgamma(0.5 * self.df)
            - wengert.lgamma(half)
        )
        return -half * wengert.log1p(y**2.0 / self.df) - constant

    def entropy(self) -> Tensor:
        half = 0.5 * (self.df + 1)
        log_beta = wengert.lgamma(0.5 * self.df) + math.lgamma(0.5) - wengert.lgamma(half)
        return (
            self.scale.log()
            + half * (wengert.digamma(half) - wengert.digamma(0.5 * self.df))
            + 0.5 * self.df.log()
            + log_beta
        )
