"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

import wengert
from wengert import Size, Tensor
from wengert.distributions import constraints
from wengert.distributions.exp_family import ExponentialFamily
from wengert.distributions.utils import (
    broadcast_all,
    clamp_probs,
    is_number,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
    standard_uniform,
)
from wengert.nn import functional as F

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(ExponentialFamily):
    """Numbers x in [0, 1] with density proportional to p^x (1 - p)^(1 - x) (Loaiza-Ganem and
    Cunningham, "The continuous Bernoulli", 2019).

    Args:
        lims: between these probabilities, where the closed forms lose their precision, Taylor
            series about 1/2 are used.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0
    _expanded = ("probs", "logits")

    def __init__(
        self,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
            if validate_args is not None and not bool(
                self.arg_constraints["probs"].check(self.probs).all()
            ):
                raise ValueError("The parameter probs has invalid values")
            self.probs = clamp_probs(self.probs)
        else:
            (self.logits,) = broadcast_all(logits)
        number = is_number(probs if probs is not None else logits)
        self._lims = lims
        super().__init__(Size(()) if number else self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(
            batch_shape, self._get_checked_instance(ContinuousBernoulli, _instance)
        )
        new._lims = self._lims
        return new

    @property
    def _param(self) -> Tensor:
        return getattr(self, "probs" if "probs" in self.__dict__ else "logits")

    def _outside_unstable_region(self) -> Tensor:
        return wengert.le(self.probs, self._lims[0]) | wengert.gt(self.probs, self._lims[1])

    def _cut_probs(self) -> Tensor:
        """The probabilities, those between the limits replaced."""
        cut = self._lims[0] * wengert.ones_like(self.probs)
        return wengert.where(self._outside_unstable_region(), self.probs, cut)

    def _choose(self, exact: Tensor, series: Tensor) -> Tensor:
        return wengert.where(self._outside_unstable_region(), exact, series)

    def _cont_bern_log_norm(self) -> Tensor:
        """log C(p), C(p) = 2 atanh(1 - 2p) / (1 - 2p), 2 at 1/2."""
        p = self._cut_probs()
        below = wengert.where(wengert.le(p, 0.5), p, wengert.zeros_like(p))
        above = wengert.where(wengert.ge(p, 0.5), p, wengert.ones_like(p))
        exact = wengert.log(wengert.abs(wengert.log1p(-p) - wengert.log(p))) - wengert.where(
            wengert.le(p, 0.5), wengert.log1p(-2.0 * below), wengert.log(2.0 * above - 1.0)
        )
        x = wengert.pow(self.probs - 0.5, 2)
        return self._choose(exact, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self) -> Tensor:
        p = self._cut_probs()
        exact = p / (2.0 * p - 1.0) + 1.0 / (wengert.log1p(-p) - wengert.log(p))
        x = self.probs - 0.5
        return self._choose(exact, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * wengert.pow(x, 2)) * x)

    @property
    def stddev(self) -> Tensor:
        return wengert.sqrt(self.variance)

    @property
    def variance(self) -> Tensor:
        p = self._cut_probs()
        log_odds = wengert.log1p(-p) - wengert.log(p)
        exact = p * (p - 1.0) / wengert.pow(1.0 - 2.0 * p, 2) + 1.0 / wengert.pow(log_odds, 2)
        x = wengert.pow(self.probs - 0.5, 2)
        return self._choose(exact, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x)

    @lazy_property
    def logits(self) -> Tensor:
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Tensor:
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    @property
    def param_shape(self) -> Any:
        """The shape of probs or logits."""
        return self._param.shape

    def sample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        with wengert.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        return self.icdf(standard_uniform(self._extended_shape(sample_shape), self.probs))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        entropy = F.binary_cross_entropy_with_logits(logits, value, reduction="none")
        return -entropy + self._cont_bern_log_norm()

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        p = self._cut_probs()
        exact = (wengert.pow(p, value) * wengert.pow(1.0 - p, 1.0 - value) + p - 1.0) / (
            2.0 * p - 1.0
        )
        inside = self._choose(exact, value)
        return wengert.where(
            wengert.le(value, 0.0),
            wengert.zeros_like(value),
            wengert.where(wengert.ge(value, 1.0), wengert.ones_like(value), inside),
        )

    def icdf(self, value: Tensor) -> Tensor:
        p = self._cut_probs()
        exact = (wengert.log1p(-p + value * (2.0 * p - 1.0)) - wengert.log1p(-p)) / (
            wengert.log(p) - wengert.log1p(-p)
        )
        return self._choose(exact, value)

    def entropy(self) -> Tensor:
        log_p, log_q = wengert.log(self.probs), wengert.log1p(-self.probs)
        return self.mean * (log_q - log_p) - self._cont_bern_log_norm() - log_q

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.logits,)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """log((e^x - 1) / x)."""
        low, high = self._lims[0] - 0.5, self._lims[1] - 0.5
        outside = wengert.le(x, low) | wengert.gt(x, high)
        cut = wengert.where(outside, x, low * wengert.ones_like(x))
        exact = wengert.log(wengert.abs(wengert.exp(cut) - 1.0)) - wengert.log(wengert.abs(cut))
        series = 0.5 * x + wengert.pow(x, 2) / 24.0 - wengert.pow(x, 4) / 2880.0
        return wengert.where(outside, exact, series)
