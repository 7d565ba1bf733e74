"""The gamma distribution."""

from __future__ import annotations

from typing import Any

import wengert
from wengert import Size, Tensor, _core
from wengert.distributions import constraints
from wengert.distributions.exp_family import ExponentialFamily
from wengert.distributions.utils import broadcast_all, is_number

_ops = _core.ops

__all__ = ["Gamma"]


class Gamma(ExponentialFamily):
    """Positive numbers with density proportional to x^(concentration - 1) e^(-rate x)."""

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0
    _expanded = ("concentration", "rate")

    def __init__(
        self,
        concentration: Tensor | float,
        rate: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        numbers = is_number(concentration) and is_number(rate)
        shape = Size(()) if numbers else self.concentration.shape
        super().__init__(shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate.pow(2)

    def rsample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        shape = self._extended_shape(sample_shape)
        value = _ops._standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        # 0 has no logarithm; the gradient passes where this changes nothing.
        tiny = wengert.finfo(value.dtype).tiny
        return value + (value.detach().clamp(min=tiny) - value.detach())

    def log_prob(self, value: Tensor) -> Tensor:
        value = wengert.as_tensor(value, dtype=self.rate.dtype)
        if self._validate_args:
            self._validate_sample(value)
        return (
            wengert.xlogy(self.concentration, self.rate)
            + wengert.xlogy(self.concentration - 1, value)
            - self.rate * value
            - wengert.lgamma(self.concentration)
        )

    def entropy(self) -> Tensor:
        c = self.concentration
        return c - wengert.log(self.rate) + wengert.lgamma(c) + (1.0 - c) * wengert.digamma(c)

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return wengert.igamma(self.concentration, self.rate * value)

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        return wengert.lgamma(x + 1) + (x + 1) * wengert.log(-y.reciprocal())
