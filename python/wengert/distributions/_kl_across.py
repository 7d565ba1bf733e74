"""Divergences between distributions of different classes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import wengert
from wengert import Tensor
from wengert.distributions.bernoulli import Bernoulli
from wengert.distributions.beta import Beta
from wengert.distributions.binomial import Binomial
from wengert.distributions.continuous_bernoulli import ContinuousBernoulli
from wengert.distributions.exponential import Exponential
from wengert.distributions.gamma import Gamma
from wengert.distributions.gumbel import Gumbel
from wengert.distributions.kl import register_kl
from wengert.distributions.laplace import Laplace
from wengert.distributions.normal import Normal
from wengert.distributions.pareto import Pareto
from wengert.distributions.poisson import Poisson
from wengert.distributions.uniform import Uniform
from wengert.distributions.utils import euler_constant

inf = wengert.inf
_log_2pi = math.log(2 * math.pi)


def _x_log_x(x: Tensor) -> Tensor:
    return wengert.xlogy(x, x)


def _entropy_and_normal(entropy: Tensor, mean: Tensor, square: Tensor, q: Normal) -> Tensor:
    """The divergence from Normal q of a distribution with that entropy, mean and mean square."""
    variance = q.scale.pow(2)
    spread = 0.5 * square - q.loc * mean + 0.5 * q.loc.pow(2)
    return -entropy + 0.5 * (2 * math.pi * variance).log() + spread / variance


def _gamma_constant(q: Gamma) -> Tensor:
    return q.concentration.lgamma() - q.concentration * q.rate.log()


# Values of p that q cannot have: the classes of q by those of p, and the parameter of p whose shape
# the result has.
_INFINITE: list[tuple[type, str, tuple[type, ...]]] = [
    (Beta, "concentration1", (Pareto,)),
    (ContinuousBernoulli, "probs", (Pareto,)),
    (Exponential, "rate", (Beta, ContinuousBernoulli, Pareto, Uniform)),
    (Gamma, "concentration", (Beta, ContinuousBernoulli, Pareto, Uniform)),
    (Gumbel, "loc", (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    (Laplace, "loc", (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    (Normal, "loc", (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    (Pareto, "scale", (Beta, ContinuousBernoulli, Uniform)),
    (Poisson, "rate", (Bernoulli, Binomial)),
]


def _infinite(parameter: str) -> Callable[[Any, Any], Tensor]:
    def kl(p: Any, q: Any) -> Tensor:
        return wengert.full_like(getattr(p, parameter), inf)

    return kl


for _type_p, _parameter, _types_q in _INFINITE:
    for _type_q in _types_q:
        register_kl(_type_p, _type_q)(_infinite(_parameter))


@register_kl(Bernoulli, Poisson)
def _kl_bernoulli_poisson(p: Bernoulli, q: Poisson) -> Tensor:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, ContinuousBernoulli)
def _kl_beta_continuous_bernoulli(p: Beta, q: ContinuousBernoulli) -> Tensor:
    constant = (-q.probs).log1p() + q._cont_bern_log_norm()
    return -p.entropy() - p.mean * q.logits - constant


@register_kl(Beta, Exponential)
def _kl_beta_exponential(p: Beta, q: Exponential) -> Tensor:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(Beta, Gamma)
def _kl_beta_gamma(p: Beta, q: Gamma) -> Tensor:
    mean_log = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    return -p.entropy() + _gamma_constant(q) - (q.concentration - 1) * mean_log + q.rate * p.mean


@register_kl(Beta, Normal)
def _kl_beta_normal(p: Beta, q: Normal) -> Tensor:
    return _entropy_and_normal(p.entropy(), p.mean, p.variance + p.mean.pow(2), q)


@register_kl(Beta, Uniform)
def _kl_beta_uniform(p: Beta, q: Uniform) -> Tensor:
    result = -p.entropy() + (q.high - q.low).log()
    return result.masked_fill((q.low > p.support.lower_bound) | (q.high < 1), inf)


@register_kl(ContinuousBernoulli, Exponential)
def _kl_continuous_bernoulli_exponential(p: ContinuousBernoulli, q: Exponential) -> Tensor:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(ContinuousBernoulli, Normal)
def _kl_continuous_bernoulli_normal(p: ContinuousBernoulli, q: Normal) -> Tensor:
    return _entropy_and_normal(p.entropy(), p.mean, p.variance + p.mean.pow(2), q)


@register_kl(ContinuousBernoulli, Uniform)
def _kl_continuous_bernoulli_uniform(p: ContinuousBernoulli, q: Uniform) -> Tensor:
    result = -p.entropy() + (q.high - q.low).log()
    return result.masked_fill((q.low > 0) | (q.high < 1), inf)


@register_kl(Exponential, Gamma)
def _kl_exponential_gamma(p: Exponential, q: Gamma) -> Tensor:
    ratio = q.rate / p.rate
    return (
        -q.concentration * ratio.log()
        + ratio
        + q.concentration.lgamma()
        + q.concentration * euler_constant
        - (1 + euler_constant)
    )


@register_kl(Exponential, Gumbel)
def _kl_exponential_gumbel(p: Exponential, q: Gumbel) -> Tensor:
    ratio = p.rate * q.scale
    start = q.loc / q.scale
    return ratio.log() - 1 - start + start.exp() * ratio / (ratio + 1) + ratio.reciprocal()


@register_kl(Exponential, Normal)
def _kl_exponential_normal(p: Exponential, q: Normal) -> Tensor:
    return _entropy_and_normal(p.entropy(), p.mean, 2 * p.variance, q)


@register_kl(Gamma, Exponential)
def _kl_gamma_exponential(p: Gamma, q: Exponential) -> Tensor:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(Gamma, Gumbel)
def _kl_gamma_gumbel(p: Gamma, q: Gumbel) -> Tensor:
    c = p.concentration
    ratio = p.rate * q.scale
    start = q.loc / q.scale
    return (
        (c - 1) * c.digamma()
        - c.lgamma()
        - c
        + ratio.log()
        + c / ratio
        + start.exp() * (1 + ratio.reciprocal()).pow(-c)
        - start
    )


@register_kl(Gamma, Normal)
def _kl_gamma_normal(p: Gamma, q: Normal) -> Tensor:
    square = (p.concentration.pow(2) + p.concentration) / p.rate.pow(2)
    return _entropy_and_normal(p.entropy(), p.mean, square, q)


@register_kl(Gumbel, Normal)
def _kl_gumbel_normal(p: Gumbel, q: Normal) -> Tensor:
    return _entropy_and_normal(p.entropy(), p.mean, p.variance + p.mean.pow(2), q)


@register_kl(Laplace, Normal)
def _kl_laplace_normal(p: Laplace, q: Normal) -> Tensor:
    return _entropy_and_normal(p.entropy(), p.mean, p.variance + p.mean.pow(2), q)


@register_kl(Normal, Gumbel)
def _kl_normal_gumbel(p: Normal, q: Gumbel) -> Tensor:
    ratio = (p.scale / q.scale).pow(2)
    distance = (p.loc - q.loc) / q.scale
    return -0.5 * ratio.log() + distance + (-distance + 0.5 * ratio).exp() - 0.5 * (1 + _log_2pi)


@register_kl(Normal, Laplace)
def _kl_normal_laplace(p: Normal, q: Laplace) -> Tensor:
    distance = p.loc - q.loc
    z = distance / p.scale
    # The mean absolute distance of p's numbers from q's middle.
    mean = (
        math.sqrt(2 / math.pi) * p.scale * (-0.5 * z.pow(2)).exp()
        + distance * (math.sqrt(0.5) * z).erf()
    )
    return -(p.scale / q.scale).log() + mean / q.scale - 0.5 * (1 + math.log(0.5 * math.pi))


@register_kl(Pareto, Exponential)
def _kl_pareto_exponential(p: Pareto, q: Exponential) -> Tensor:
    product = p.scale * q.rate
    result = (
        (p.alpha / product).log() - p.alpha.reciprocal() + p.alpha * product / (p.alpha - 1) - 1
    )
    return result.masked_fill(p.alpha <= 1, inf)


@register_kl(Pareto, Gamma)
def _kl_pareto_gamma(p: Pareto, q: Gamma) -> Tensor:
    mean_log = p.scale.log() + p.alpha.reciprocal()
    result = (
        p.alpha.log()
        - mean_log
        + _gamma_constant(q)
        + (1 - q.concentration) * mean_log
        + q.rate * p.alpha * p.scale / (p.alpha - 1)
        - 1
    )
    return result.masked_fill(p.alpha <= 1, inf)


@register_kl(Pareto, Normal)
def _kl_pareto_normal(p: Pareto, q: Normal) -> Tensor:
    mean = p.alpha * p.scale / (p.alpha - 1)
    square = p.alpha * p.scale.pow(2) / (p.alpha - 2)
    return _entropy_and_normal(p.entropy(), mean, square, q).masked_fill(p.alpha <= 2, inf)


def _mean_log(low: Tensor, high: Tensor) -> Tensor:
    """The mean of log(x) over an interval."""
    return (_x_log_x(high) - _x_log_x(low)) / (high - low) - 1


@register_kl(Uniform, Beta)
def _kl_uniform_beta(p: Uniform, q: Beta) -> Tensor:
    total = q.concentration1 + q.concentration0
    result = (
        q.concentration1.lgamma()
        + q.concentration0.lgamma()
        - total.lgamma()
        - (p.high - p.low).log()
        - (q.concentration1 - 1) * _mean_log(p.low, p.high)
        - (q.concentration0 - 1) * _mean_log(1 - p.high, 1 - p.low)
    )
    return result.masked_fill((p.high > 1) | (p.low < 0), inf)


@register_kl(Uniform, ContinuousBernoulli)
def _kl_uniform_continuous_bernoulli(p: Uniform, q: ContinuousBernoulli) -> Tensor:
    constant = (-q.probs).log1p() + q._cont_bern_log_norm()
    result = -p.entropy() - p.mean * q.logits - constant
    return result.masked_fill((p.high > 1) | (p.low < 0), inf)


@register_kl(Uniform, Exponential)
def _kl_uniform_exponential(p: Uniform, q: Exponential) -> Tensor:
    result = q.rate * p.mean - ((p.high - p.low) * q.rate).log()
    return result.masked_fill(p.low < 0, inf)


@register_kl(Uniform, Gamma)
def _kl_uniform_gamma(p: Uniform, q: Gamma) -> Tensor:
    result = (
        -p.entropy()
        + _gamma_constant(q)
        + (1 - q.concentration) * _mean_log(p.low, p.high)
        + q.rate * p.mean
    )
    return result.masked_fill(p.low < 0, inf)


@register_kl(Uniform, Gumbel)
def _kl_uniform_gumbel(p: Uniform, q: Gumbel) -> Tensor:
    ratio = q.scale / (p.high - p.low)
    high, low = (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return ratio.log() + 0.5 * (high + low) - ratio * ((-high).exp() - (-low).exp())


@register_kl(Uniform, Normal)
def _kl_uniform_normal(p: Uniform, q: Normal) -> Tensor:
    return _entropy_and_normal(p.entropy(), p.mean, p.variance + p.mean.pow(2), q)


@register_kl(Uniform, Pareto)
def _kl_uniform_pareto(p: Uniform, q: Pareto) -> Tensor:
    constant = q.alpha.log() + q.alpha * q.scale.log() + p.entropy()
    result = (q.alpha + 1) * _mean_log(p.low, p.high) - constant
    return result.masked_fill(p.low < q.scale, inf)
