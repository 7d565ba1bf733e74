"""Samples of the distributions: their law, their gradients, their shapes and seeds."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

import wengert as wg

D = wg.distributions
st = scipy.stats
N = 20000


def t(*values: float) -> wg.Tensor:
    return wg.tensor(values[0] if len(values) == 1 else values, dtype=wg.float64)


CONTINUOUS = [
    (lambda: D.Beta(t(0.4), t(2.5)), st.beta(0.4, 2.5)),
    (lambda: D.Beta(t(30.0), t(7.0)), st.beta(30, 7)),
    (lambda: D.Cauchy(t(1.0), t(2.0)), st.cauchy(1, 2)),
    (lambda: D.Chi2(t(3.0)), st.chi2(3)),
    (lambda: D.Exponential(t(2.0)), st.expon(scale=0.5)),
    (lambda: D.FisherSnedecor(t(4.0), t(7.0)), st.f(4, 7)),
    (lambda: D.Gamma(t(0.3), t(2.0)), st.gamma(0.3, scale=0.5)),
    (lambda: D.Gamma(t(1.0), t(1.0)), st.gamma(1)),
    (lambda: D.Gamma(t(50.0), t(1.0)), st.gamma(50)),
    (lambda: D.GeneralizedPareto(t(1.0), t(2.0), t(0.3)), st.genpareto(0.3, 1, 2)),
    (lambda: D.GeneralizedPareto(t(1.0), t(2.0), t(0.0)), st.genpareto(0.0, 1, 2)),
    (lambda: D.GeneralizedPareto(t(1.0), t(2.0), t(-0.4)), st.genpareto(-0.4, 1, 2)),
    (lambda: D.Gumbel(t(1.0), t(2.0)), st.gumbel_r(1, 2)),
    (lambda: D.HalfCauchy(t(2.0)), st.halfcauchy(scale=2)),
    (lambda: D.HalfNormal(t(2.0)), st.halfnorm(scale=2)),
    (lambda: D.InverseGamma(t(3.0), t(2.0)), st.invgamma(3, scale=2)),
    (lambda: D.Laplace(t(1.0), t(2.0)), st.laplace(1, 2)),
    (lambda: D.LogNormal(t(0.5), t(0.7)), st.lognorm(0.7, scale=math.exp(0.5))),
    (lambda: D.Normal(t(1.0), t(2.0)), st.norm(1, 2)),
    (lambda: D.Pareto(t(2.0), t(3.0)), st.pareto(3, scale=2)),
    (lambda: D.StudentT(t(3.0), t(1.0), t(2.0)), st.t(3, 1, 2)),
    (lambda: D.Uniform(t(-1.0), t(2.0)), st.uniform(-1, 3)),
    (lambda: D.VonMises(t(1.0), t(2.0)), st.vonmises(2, 1)),
    (lambda: D.VonMises(t(0.0), t(1e-6)), st.vonmises(1e-6)),
    (lambda: D.Weibull(t(2.0), t(1.5)), st.weibull_min(1.5, scale=2)),
]


@pytest.mark.parametrize(("make", "law"), CONTINUOUS)
def test_continuous_samples_have_the_law(make: Any, law: Any) -> None:
    wg.manual_seed(5)
    d = make()
    x = d.sample((N,))
    assert not x.requires_grad
    values = x.numpy()
    if isinstance(d, D.VonMises):  # angles about the mean direction, as SciPy has them
        center = float(d.loc)
        values = (values - center + math.pi) % (2 * math.pi) - math.pi + center
    assert st.kstest(values, law.cdf).pvalue > 1e-3


@pytest.mark.parametrize(("make", "law"), CONTINUOUS)
def test_densities_are_scipys(make: Any, law: Any) -> None:
    d = make()
    x = d.sample((50,))
    np.testing.assert_allclose(d.log_prob(x).numpy(), law.logpdf(x.numpy()), 1e-8, 1e-8)
    try:
        p = d.cdf(x)
    except NotImplementedError:
        return
    np.testing.assert_allclose(p.numpy(), law.cdf(x.numpy()), 1e-8, 1e-12)


CDF_ONLY = [
    lambda: D.Kumaraswamy(t(2.0), t(0.7)),
    lambda: D.ContinuousBernoulli(t(0.2)),
    lambda: D.ContinuousBernoulli(t(0.5)),
]


@pytest.mark.parametrize("make", CDF_ONLY)
def test_samples_have_their_own_cdf(make: Any) -> None:
    wg.manual_seed(5)
    d = make()
    x = d.sample((N,))
    assert st.kstest(d.cdf(x).numpy(), "uniform").pvalue > 1e-3


DISCRETE = [
    lambda: D.Bernoulli(t(0.3)),
    lambda: D.Binomial(7, t(0.3)),
    lambda: D.Binomial(100, t(0.45)),
    lambda: D.Binomial(60, t(0.8)),
    lambda: D.Categorical(t(0.1, 0.2, 0.7)),
    lambda: D.Geometric(t(0.3)),
    lambda: D.NegativeBinomial(5, t(0.4)),
    lambda: D.Poisson(t(0.4)),
    lambda: D.Poisson(t(9.5)),
    lambda: D.Poisson(t(40.0)),
]


@pytest.mark.parametrize("make", DISCRETE)
def test_discrete_samples_have_the_law(make: Any) -> None:
    wg.manual_seed(3)
    d = make()
    x = d.sample((N,))
    top = int(x.max())
    counts = np.bincount(x.numpy().astype(int), minlength=top + 1)
    expected = N * d.log_prob(wg.arange(top + 1, dtype=wg.float64)).exp().numpy()
    # Rare values together, and all beyond those seen.
    common = expected >= 8
    seen = np.append(counts[common], counts[~common].sum())
    wanted = np.append(expected[common], N - expected[common].sum())
    keep = wanted > 1e-6
    assert seen[~keep].sum() == 0
    assert st.chisquare(seen[keep], wanted[keep] * seen.sum() / wanted[keep].sum()).pvalue > 1e-3


GRAM = wg.tensor([[2.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.5]], dtype=wg.float64)
VECTORS = [
    lambda: D.Dirichlet(t(0.3, 1.5, 4.0)),
    lambda: D.MultivariateNormal(t(1.0, 2.0, 3.0), GRAM),
    lambda: D.MultivariateNormal(t(1.0, 2.0, 3.0), precision_matrix=GRAM),
    lambda: D.LowRankMultivariateNormal(t(1.0, 2.0), wg.ones(2, 1).double(), t(0.5, 2.0)),
    lambda: D.Multinomial(5, t(0.1, 0.2, 0.7)),
    lambda: D.OneHotCategorical(t(0.1, 0.2, 0.7)),
    lambda: D.Wishart(t(5.0), GRAM),
    lambda: D.Independent(D.Gamma(t(1.0, 3.0), t(2.0, 1.0)), 1),
    lambda: D.MixtureSameFamily(D.Categorical(t(0.3, 0.7)), D.Normal(t(0.0, 4.0), t(1.0, 2.0))),
    lambda: D.MixtureSameFamily(
        D.Categorical(t(0.3, 0.7)),
        D.MultivariateNormal(wg.arange(12).reshape(2, 2, 3).double(), GRAM),
    ),
]


@pytest.mark.parametrize("make", VECTORS)
def test_means_and_variances_are_those_of_samples(make: Any) -> None:
    wg.manual_seed(4)
    d = make()
    x = d.sample((N,)).numpy()
    error = np.sqrt(d.variance.numpy() / N)
    assert (np.abs(x.mean(0) - d.mean.numpy()) < 5 * error).all()
    fourth = ((x - x.mean(0)) ** 4).mean(0)
    assert (np.abs(x.var(0) - d.variance.numpy()) < 5 * np.sqrt(fourth / N)).all()


def test_covariance_of_multivariate_normal_samples() -> None:
    wg.manual_seed(4)
    x = D.MultivariateNormal(wg.zeros(3).double(), GRAM).sample((N,)).numpy()
    np.testing.assert_allclose(np.cov(x.T), GRAM.numpy(), atol=0.06)


@pytest.mark.parametrize("concentration", [0.5, 1.0, 4.0])
def test_lkj_correlations_have_beta_marginals(concentration: float) -> None:
    wg.manual_seed(2)
    d = D.LKJCholesky(3, t(concentration))
    lower = d.sample((N,))
    assert bool(d.support.check(lower).all())
    r = (lower @ lower.mT).numpy()
    a = concentration + 0.5  # (r + 1) / 2 is Beta(a, a) with a = concentration - 1 + dim / 2
    for i, j in [(1, 0), (2, 0), (2, 1)]:
        assert st.kstest((r[:, i, j] + 1) / 2, st.beta(a, a).cdf).pvalue > 1e-3


def test_relaxed_samples_near_discrete_ones() -> None:
    wg.manual_seed(1)
    x = D.RelaxedOneHotCategorical(t(0.01), t(0.2, 0.8)).sample((4000,))
    assert abs(float(x[:, 1].mean()) - 0.8) < 0.03
    y = D.RelaxedBernoulli(t(0.01), t(0.3)).sample((4000,))
    assert abs(float(y.mean()) - 0.3) < 0.03


# ---- pathwise gradients ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "mean", "at"),
    [
        (lambda p: D.Gamma(p, 2.0), lambda p: p / 2, 0.3),
        (lambda p: D.Gamma(p, 2.0), lambda p: p / 2, 7.0),
        (lambda p: D.Gamma(2.0, p), lambda p: 2 / p, 3.0),
        (lambda p: D.Beta(p, 2.0), lambda p: p / (p + 2), 0.5),
        (lambda p: D.Beta(3.0, p), lambda p: 3 / (p + 3), 4.0),
        (lambda p: D.Chi2(p), lambda p: p, 3.0),
        (lambda p: D.Exponential(p), lambda p: 1 / p, 3.0),
        (lambda p: D.Normal(1.0, p), lambda p: 1 + 0 * p, 3.0),
        (lambda p: D.Laplace(p, 1.0), lambda p: p, 3.0),
        (lambda p: D.LogNormal(0.0, p), lambda p: (p**2 / 2).exp(), 0.5),
        (lambda p: D.Weibull(1.0, p), lambda p: (1 + 1 / p).lgamma().exp(), 2.0),
        (lambda p: D.Uniform(0.0, p), lambda p: p / 2, 2.0),
        (lambda p: D.Gumbel(0.0, p), lambda p: p * 0.5772156649015329, 2.0),
        (lambda p: D.ContinuousBernoulli(p), lambda p: D.ContinuousBernoulli(p).mean, 0.2),
        (lambda p: D.InverseGamma(p, 1.0), lambda p: 1 / (p - 1), 4.0),
        (lambda p: D.Pareto(1.0, p), lambda p: p / (p - 1), 5.0),
        (lambda p: D.Kumaraswamy(p, 2.0), lambda p: D.Kumaraswamy(p, 2.0).mean, 1.5),
    ],
)
def test_the_mean_gradient_is_the_gradient_of_the_mean(make: Any, mean: Any, at: float) -> None:
    wg.manual_seed(8)
    p = wg.full((N,), at, dtype=wg.float64).requires_grad_()
    (g,) = wg.autograd.grad(make(p).rsample().sum(), p)
    q = t(at).requires_grad_()
    (want,) = wg.autograd.grad(mean(q), q)
    values = g.numpy()
    assert abs(values.mean() - float(want)) < 5 * values.std() / math.sqrt(N) + 1e-9


def test_dirichlet_gradient_of_a_square() -> None:
    wg.manual_seed(8)
    c = t(0.5, 2.0, 3.0)
    leaf = c.expand(N, 3).clone().requires_grad_()
    x = D.Dirichlet(leaf).rsample()
    (g,) = wg.autograd.grad((x[:, 0] ** 2 + x[:, 1] * x[:, 2]).sum(), leaf)
    q = c.clone().requires_grad_()
    total = q.sum()
    mean = (q[0] * (q[0] + 1) + q[1] * q[2]) / (total * (total + 1))
    (want,) = wg.autograd.grad(mean, q)
    error = g.numpy().std(0) / math.sqrt(N)
    assert (np.abs(g.numpy().mean(0) - want.numpy()) < 5 * error).all()


@pytest.mark.parametrize("a", [1e-3, 0.1, 1.0, 3.7, 50.0, 2000.0, 1e5])
def test_gamma_quantiles_move_as_they_should(a: float) -> None:
    p = np.array([1e-4, 0.01, 0.3, 0.5, 0.9, 0.9999])
    x = scipy.special.gammaincinv(a, p)
    h = 1e-4 * a
    f = [scipy.special.gammaincinv(a + k * h, p) for k in (-2, -1, 1, 2)]
    want = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)
    got = wg._core.ops._standard_gamma_grad(
        wg.full((6,), a, dtype=wg.float64), wg.from_numpy(x)
    ).numpy()
    some = x > 1e-290
    np.testing.assert_allclose(got[some], want[some], rtol=1e-6, atol=1e-290)


@pytest.mark.parametrize(
    ("a", "b"), [(0.05, 0.3), (1.0, 1.0), (2.5, 0.7), (30.0, 4.0), (800.0, 900.0)]
)
def test_beta_quantiles_move_as_they_should(a: float, b: float) -> None:
    p = np.array([0.001, 0.1, 0.5, 0.9, 0.99])
    x = scipy.special.betaincinv(a, b, p)
    h = 1e-4 * a
    f = [scipy.special.betaincinv(a + k * h, b, p) for k in (-2, -1, 1, 2)]
    want = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)
    full = wg.full((5,), a, dtype=wg.float64)
    got = wg._core.ops._dirichlet_grad(wg.from_numpy(x), full, full + b).numpy() * (1 - x)
    some = (x > 1e-290) & (x < 1 - 1e-9)
    np.testing.assert_allclose(got[some], want[some], rtol=1e-6)


def test_counts_carry_no_gradient_and_gamma_numbers_only_one() -> None:
    rate = t(2.0, 3.0).requires_grad_()
    (g,) = wg.autograd.grad(wg.poisson(rate).sum(), rate)
    assert g.tolist() == [0, 0]
    x = D.Gamma(rate, 1.0).rsample()
    (g,) = wg.autograd.grad(x.sum(), rate, create_graph=True)
    with pytest.raises(NotImplementedError, match="once"):
        g.sum().backward()


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: D.Beta(a, b).entropy(),
        lambda a, b: D.Gamma(a, b).entropy(),
        lambda a, b: D.Dirichlet(wg.stack([a, b], -1)).entropy(),
        lambda a, b: D.StudentT(a, 0.0, b).log_prob(t(0.3)),
        lambda a, b: D.FisherSnedecor(a, b).log_prob(t(0.3)),
        lambda a, b: D.GeneralizedPareto(0.0, a, b).log_prob(t(0.3)),
        lambda a, b: D.VonMises(a, b).log_prob(t(0.3)),
        lambda a, b: D.kl_divergence(D.Gamma(a, b), D.Gamma(b, a)),
        lambda a, b: D.kl_divergence(D.Beta(a, b), D.Beta(b, a)),
    ],
)
def test_second_derivatives(f: Any) -> None:
    a, b = t(0.7, 2.1).requires_grad_(), t(1.3, 0.4).requires_grad_()
    assert wg.autograd.gradcheck(f, (a, b))
    assert wg.autograd.gradgradcheck(f, (a, b))


# ---- seeds, threads, shapes ------------------------------------------------------------------

SAMPLERS = [
    lambda n: wg._standard_gamma(wg.full((n,), 0.7)),
    lambda n: wg._sample_dirichlet(wg.full((n // 4, 4), 0.7)),
    lambda n: wg.poisson(wg.linspace(0, 40, n)),
    lambda n: wg.binomial(wg.full((n,), 50.0), wg.linspace(0, 1, n)),
    lambda n: D.VonMises(t(0.0), t(1.0)).sample((n,)),
    lambda n: D.Wishart(t(5.0), GRAM).sample((n // 16,)),
]


@pytest.mark.parametrize("draw", SAMPLERS)
def test_samples_depend_on_the_seed_and_not_on_threads(draw: Any) -> None:
    threads = wg.get_num_threads()
    found = []
    try:
        for n in (1, 2, 2):
            wg.set_num_threads(n)
            wg.manual_seed(17)
            found.append(draw(40000).numpy().tobytes())
    finally:
        wg.set_num_threads(threads)
    assert found[0] == found[1] == found[2]
    assert draw(40000).numpy().tobytes() != found[0]


def test_a_generator_may_be_given() -> None:
    g = wg.Generator()
    rates = wg.full((50,), 3.0)
    a = wg.poisson(rates, generator=g.manual_seed(1) or g)
    b = wg.poisson(rates, generator=g.manual_seed(1) or g)
    assert a.tolist() == b.tolist()


@pytest.mark.parametrize("dtype", [wg.float16, wg.bfloat16, wg.float32, wg.float64])
def test_samplers_keep_the_dtype(dtype: wg.dtype) -> None:
    p = wg.full((3, 4), 0.5).to(dtype)
    for f in (wg._standard_gamma, wg._sample_dirichlet, wg.poisson):
        assert f(p).dtype is dtype
        assert bool((f(p) >= 0).all())


def test_tiny_concentrations_give_finite_samples() -> None:
    wg.manual_seed(0)
    c = wg.full((1000, 3), 1e-4).requires_grad_()
    x = D.Dirichlet(c).rsample()
    x.sum().backward()
    assert bool(x.isfinite().all()) and bool(c.grad.isfinite().all())
    np.testing.assert_allclose(x.detach().sum(-1).numpy(), 1, rtol=1e-5)
    assert float(D.Gamma(c.detach(), 1.0).sample().min()) > 0


def test_wrong_rates_are_refused() -> None:
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(RuntimeError, match="poisson"):
            wg.poisson(wg.tensor([1.0, bad]))


def test_vectors_that_are_no_triangle_are_refused() -> None:
    with pytest.raises((RuntimeError, ValueError)):
        D.utils.vec_to_tril_matrix(wg.ones(4))


def test_distributions_and_transforms_can_be_pickled() -> None:
    d = pickle.loads(pickle.dumps(D.Normal(wg.zeros(2), 1.0)))
    assert d.log_prob(wg.zeros(2)).shape == (2,)
    e = pickle.loads(pickle.dumps(D.LogNormal(wg.zeros(2), 1.0)))
    assert e.sample((3,)).shape == (3, 2)


def test_kl_of_registered_subclasses() -> None:
    class Mine(D.Normal):
        pass

    p, q = Mine(0.0, 1.0), D.Normal(1.0, 1.0)
    assert float(D.kl_divergence(p, q)) == 0.5

    @D.register_kl(Mine, D.Normal)
    def _kl(p: Any, q: Any) -> str:
        return "mine"

    assert D.kl_divergence(p, q) == "mine"
    assert float(D.kl_divergence(q, q)) == 0


def test_linear_algebra_names_the_matrix_that_fails() -> None:
    bad = wg.stack([wg.eye(2), -wg.eye(2)])
    with pytest.raises(wg.linalg.LinAlgError, match=r"Batch element 1.*order 1"):
        wg.linalg.cholesky(bad)
    with pytest.raises(wg.linalg.LinAlgError, match="order 2"):
        wg.linalg.cholesky(wg.tensor([[1.0, 2.0], [2.0, 1.0]]))
    assert issubclass(wg.linalg.LinAlgError, RuntimeError)


@pytest.mark.parametrize("n", [1, 5, 64, 150])
def test_large_factors(n: int) -> None:
    rng = np.random.default_rng(n)
    a = rng.standard_normal((n, n))
    a = a @ a.T + n * np.eye(n)
    lower = wg.linalg.cholesky(wg.from_numpy(a))
    np.testing.assert_allclose(lower.numpy(), np.linalg.cholesky(a), 1e-10, 1e-10)
    b = rng.standard_normal((n, 3))
    x = wg.cholesky_solve(wg.from_numpy(b), lower)
    np.testing.assert_allclose(x.numpy(), np.linalg.solve(a, b), 1e-8, 1e-10)


@pytest.mark.parametrize("name", ["i0", "i0e", "i1", "i1e", "ndtri", "log_ndtr"])
def test_special_functions_far_out(name: str) -> None:
    x = np.concatenate([-np.logspace(-8, 2.8, 40), [0], np.logspace(-8, 2.8, 40)])
    if name == "ndtri":
        x = np.concatenate([np.logspace(-300, -0.31, 60), 1 - np.logspace(-15, -0.31, 30)])
    got = getattr(wg.special, name)(wg.from_numpy(x)).numpy()
    np.testing.assert_allclose(got, getattr(scipy.special, name)(x), rtol=2e-13, atol=1e-15)


def test_incomplete_gamma_functions_far_out() -> None:
    a, x = (v.ravel() for v in np.meshgrid(np.logspace(-6, 5, 45), np.logspace(-6, 5, 45)))
    for name in ("gammainc", "gammaincc"):
        got = getattr(wg.special, name)(wg.from_numpy(a), wg.from_numpy(x)).numpy()
        want = getattr(scipy.special, name)(a, x)
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-13)
