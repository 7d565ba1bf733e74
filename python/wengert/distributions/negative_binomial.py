"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any

import wengert
from wengert import Size, Tensor
from wengert.distributions import constraints
from wengert.distributions.distribution import Distribution
from wengert.distributions.gamma import Gamma
from wengert.distributions.utils import (
    broadcast_all,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
)
from wengert.nn import functional as F

__all__ = ["NegativeBinomial"]


class NegativeBinomial(Distribution):
    """How many trials succeed, each with probability ``probs``, before ``total_count`` fail."""

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer
    _expanded = ("total_count", "probs", "logits")

    def __init__(
        self,
        total_count: Tensor | float,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            self.total_count, self.probs = broadcast_all(total_count, probs)
        else:
            self.total_count, self.logits = broadcast_all(total_count, logits)
        self.total_count = self.total_count.type_as(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    @property
    def _param(self) -> Tensor:
        return getattr(self, "probs" if "probs" in self.__dict__ else "logits")

    @property
    def mean(self) -> Tensor:
        return self.total_count * wengert.exp(self.logits)

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Tensor:
        return self.mean / wengert.sigmoid(-self.logits)

    @lazy_property
    def logits(self) -> Tensor:
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Tensor:
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Any:
        """The shape of probs or logits."""
        return self._param.shape

    @lazy_property
    def _gamma(self) -> Gamma:
        # A Poisson number whose rate is a gamma number is negative binomial.
        return Gamma(
            concentration=self.total_count, rate=wengert.exp(-self.logits), validate_args=False
        )

    def sample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        with wengert.no_grad():
            return wengert.poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n = self.total_count
        log_prob = n * F.logsigmoid(-self.logits) + value * F.logsigmoid(self.logits)
        constant = wengert.lgamma(1.0 + value) + wengert.lgamma(n) - wengert.lgamma(n + value)
        return log_prob - constant.masked_fill(n + value == 0.0, 0.0)
