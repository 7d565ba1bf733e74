"""Divergences between two distributions of one class."""

from __future__ import annotations

import wengert
from wengert import Tensor
from wengert.distributions.bernoulli import Bernoulli
from wengert.distributions.beta import Beta
from wengert.distributions.binomial import Binomial
from wengert.distributions.categorical import Categorical
from wengert.distributions.cauchy import Cauchy
from wengert.distributions.continuous_bernoulli import ContinuousBernoulli
from wengert.distributions.dirichlet import Dirichlet
from wengert.distributions.exp_family import ExponentialFamily
from wengert.distributions.exponential import Exponential
from wengert.distributions.gamma import Gamma
from wengert.distributions.geometric import Geometric
from wengert.distributions.gumbel import Gumbel
from wengert.distributions.half_normal import HalfNormal
from wengert.distributions.independent import Independent
from wengert.distributions.kl import kl_divergence, register_kl
from wengert.distributions.laplace import Laplace
from wengert.distributions.lowrank_multivariate_normal import (
    LowRankMultivariateNormal,
    lowrank_log_determinant,
    lowrank_mahalanobis,
)
from wengert.distributions.multivariate_normal import (
    MultivariateNormal,
    batch_mahalanobis,
    log_diagonal,
)
from wengert.distributions.normal import Normal
from wengert.distributions.one_hot_categorical import OneHotCategorical
from wengert.distributions.pareto import Pareto
from wengert.distributions.poisson import Poisson
from wengert.distributions.transformed_distribution import TransformedDistribution
from wengert.distributions.uniform import Uniform
from wengert.distributions.utils import euler_constant, sum_rightmost
from wengert.nn import functional as F

inf = wengert.inf


def squared_norm(matrix: Tensor) -> Tensor:
    """The trace of X X^T."""
    return matrix.pow(2).sum((-2, -1))


@register_kl(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    ones = p.probs * (F.softplus(-q.logits) - F.softplus(-p.logits))
    ones = ones.masked_fill(q.probs == 0, inf).masked_fill(p.probs == 0, 0)
    zeros = (1 - p.probs) * (F.softplus(q.logits) - F.softplus(p.logits))
    zeros = zeros.masked_fill(q.probs == 1, inf).masked_fill(p.probs == 1, 0)
    return ones + zeros


@register_kl(Beta, Beta)
def _kl_beta_beta(p: Beta, q: Beta) -> Tensor:
    p_sum = p.concentration1 + p.concentration0
    q_sum = q.concentration1 + q.concentration0
    return (
        q.concentration1.lgamma()
        + q.concentration0.lgamma()
        + p_sum.lgamma()
        - p.concentration1.lgamma()
        - p.concentration0.lgamma()
        - q_sum.lgamma()
        + (p.concentration1 - q.concentration1) * p.concentration1.digamma()
        + (p.concentration0 - q.concentration0) * p.concentration0.digamma()
        + (q_sum - p_sum) * p_sum.digamma()
    )


@register_kl(Binomial, Binomial)
def _kl_binomial_binomial(p: Binomial, q: Binomial) -> Tensor:
    if bool((p.total_count < q.total_count).any()):
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    one = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return (p.total_count * one).masked_fill(p.total_count > q.total_count, inf)


@register_kl(Categorical, Categorical)
def _kl_categorical_categorical(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    terms = terms.masked_fill(q.probs == 0, inf).masked_fill(p.probs == 0, 0)
    return terms.sum(-1)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _kl_continuous_bernoulli(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Tensor:
    return (
        p.mean * (p.logits - q.logits)
        + p._cont_bern_log_norm()
        + wengert.log1p(-p.probs)
        - q._cont_bern_log_norm()
        - wengert.log1p(-q.probs)
    )


@register_kl(Dirichlet, Dirichlet)
def _kl_dirichlet_dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b = p.concentration, q.concentration
    p_sum = a.sum(-1)
    slope = a.digamma() - p_sum.digamma().unsqueeze(-1)
    constant = p_sum.lgamma() - b.sum(-1).lgamma() - (a.lgamma() - b.lgamma()).sum(-1)
    return constant + ((a - b) * slope).sum(-1)


@register_kl(Exponential, Exponential)
def _kl_exponential_exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(ExponentialFamily, ExponentialFamily)
def _kl_expfamily_expfamily(p: ExponentialFamily, q: ExponentialFamily) -> Tensor:
    """The Bregman divergence of the log normaliser."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed "
            "using Bregman divergences"
        )
    p_natural = [x.detach().requires_grad_() for x in p._natural_params]
    q_natural = q._natural_params
    normalizer = p._log_normalizer(*p_natural)
    slopes = wengert.autograd.grad(normalizer.sum(), p_natural, create_graph=True)
    result = q._log_normalizer(*q_natural) - normalizer
    for a, b, slope in zip(p_natural, q_natural, slopes):
        result = result - sum_rightmost((b - a) * slope, len(q.event_shape))
    return result


@register_kl(Gamma, Gamma)
def _kl_gamma_gamma(p: Gamma, q: Gamma) -> Tensor:
    return (
        q.concentration * (p.rate / q.rate).log()
        + q.concentration.lgamma()
        - p.concentration.lgamma()
        + (p.concentration - q.concentration) * p.concentration.digamma()
        + (q.rate - p.rate) * (p.concentration / p.rate)
    )


@register_kl(Gumbel, Gumbel)
def _kl_gumbel_gumbel(p: Gumbel, q: Gumbel) -> Tensor:
    ratio = p.scale / q.scale
    distance = (q.loc - p.loc) / q.scale
    return (
        -ratio.log()
        - distance
        + ratio * euler_constant
        + (distance + (1 + ratio).lgamma()).exp()
        - (1 + euler_constant)
    )


@register_kl(Geometric, Geometric)
def _kl_geometric_geometric(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - wengert.log1p(-q.probs) / p.probs - q.logits


@register_kl(HalfNormal, HalfNormal)
def _kl_halfnormal_halfnormal(p: HalfNormal, q: HalfNormal) -> Tensor:
    return _kl_normal_normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _kl_laplace_laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio = p.scale / q.scale
    distance = (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * (-distance / p.scale).exp() - 1


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _kl_lowrank_lowrank(p: LowRankMultivariateNormal, q: LowRankMultivariateNormal) -> Tensor:
    _same_event(p, q, "Low Rank Multivariate Normals")
    q_factor, q_diagonal = q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag
    p_factor, p_diagonal = p._unbroadcasted_cov_factor, p._unbroadcasted_cov_diag
    # tr(Q^-1 P), with Q^-1 = D^-1 - A^T A by Woodbury's formula.
    scaled = q_factor.mT / q_diagonal.unsqueeze(-2)
    a = wengert.linalg.solve_triangular(q._capacitance_tril, scaled, upper=False)
    trace = (
        (p_diagonal / q_diagonal).sum(-1)
        + squared_norm(p_factor * q_diagonal.rsqrt().unsqueeze(-1))
        - squared_norm(a * p_diagonal.sqrt().unsqueeze(-2))
        - squared_norm(a.matmul(p_factor))
    )
    return 0.5 * (
        lowrank_log_determinant(q_diagonal, q._capacitance_tril)
        - lowrank_log_determinant(p_diagonal, p._capacitance_tril)
        + lowrank_mahalanobis(q_factor, q_diagonal, q.loc - p.loc, q._capacitance_tril)
        + trace
        - p.event_shape[0]
    )


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _kl_multivariate_lowrank(p: MultivariateNormal, q: LowRankMultivariateNormal) -> Tensor:
    _same_event(p, q, "(Low Rank) Multivariate Normals")
    q_factor, q_diagonal = q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag
    lower = p._unbroadcasted_scale_tril
    scaled = q_factor.mT / q_diagonal.unsqueeze(-2)
    a = wengert.linalg.solve_triangular(q._capacitance_tril, scaled, upper=False)
    trace = squared_norm(lower * q_diagonal.rsqrt().unsqueeze(-1)) - squared_norm(a.matmul(lower))
    return 0.5 * (
        lowrank_log_determinant(q_diagonal, q._capacitance_tril)
        - 2 * log_diagonal(lower)
        + lowrank_mahalanobis(q_factor, q_diagonal, q.loc - p.loc, q._capacitance_tril)
        + trace
        - p.event_shape[0]
    )


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _kl_lowrank_multivariate(p: LowRankMultivariateNormal, q: MultivariateNormal) -> Tensor:
    _same_event(p, q, "(Low Rank) Multivariate Normals")
    lower = q._unbroadcasted_scale_tril
    factor = wengert.linalg.solve_triangular(lower, p._unbroadcasted_cov_factor, upper=False)
    diagonal = wengert.linalg.solve_triangular(
        lower, p._unbroadcasted_cov_diag.sqrt().diag_embed(), upper=False
    )
    return 0.5 * (
        2 * log_diagonal(lower)
        - lowrank_log_determinant(p._unbroadcasted_cov_diag, p._capacitance_tril)
        + batch_mahalanobis(lower, q.loc - p.loc)
        + squared_norm(factor)
        + squared_norm(diagonal)
        - p.event_shape[0]
    )


@register_kl(MultivariateNormal, MultivariateNormal)
def _kl_multivariate_multivariate(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    _same_event(p, q, "Multivariate Normals")
    p_lower, q_lower = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    ratio = wengert.linalg.solve_triangular(q_lower, p_lower, upper=False)
    return (
        log_diagonal(q_lower)
        - log_diagonal(p_lower)
        + 0.5 * (squared_norm(ratio) + batch_mahalanobis(q_lower, q.loc - p.loc) - p.event_shape[0])
    )


def _same_event(p: wengert.distributions.Distribution, q: object, what: str) -> None:
    if p.event_shape != getattr(q, "event_shape", None):
        raise ValueError(
            f"KL-divergence between two {what} with different event shapes cannot be computed"
        )


@register_kl(Normal, Normal)
def _kl_normal_normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).pow(2)
    distance = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + distance - 1 - ratio.log())


@register_kl(OneHotCategorical, OneHotCategorical)
def _kl_onehot_onehot(p: OneHotCategorical, q: OneHotCategorical) -> Tensor:
    return _kl_categorical_categorical(p._categorical, q._categorical)


@register_kl(Pareto, Pareto)
def _kl_pareto_pareto(p: Pareto, q: Pareto) -> Tensor:
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return result.masked_fill(p.scale < q.scale, inf)


@register_kl(Poisson, Poisson)
def _kl_poisson_poisson(p: Poisson, q: Poisson) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(TransformedDistribution, TransformedDistribution)
def _kl_transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Uniform, Uniform)
def _kl_uniform_uniform(p: Uniform, q: Uniform) -> Tensor:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return result.masked_fill((q.low > p.low) | (q.high < p.high), inf)


@register_kl(Independent, Independent)
def _kl_independent_independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    result = kl_divergence(p.base_dist, q.base_dist)
    return sum_rightmost(result, p.reinterpreted_batch_ndims)


@register_kl(Cauchy, Cauchy)
def _kl_cauchy_cauchy(p: Cauchy, q: Cauchy) -> Tensor:
    """Chyzak and Nielsen, arXiv:1905.10965."""
    sums = (p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)
    return sums.log() - (4 * p.scale * q.scale).log()
