"""Distributions, divergences, constraints, transforms, and the linear algebra under them."""

from dataclasses import dataclass

from harness import Case

HEAD = "D = torch.distributions\n"


@dataclass(frozen=True)
class Kind:
    """How cases make one class: ``make`` in terms of its inputs, and a value of its support."""

    name: str
    make: str
    value: str
    has: str = "log_prob entropy moments mode expand"
    order: int = 2
    only: str = ""
    batch: str = "(4, 2, 3)"  # for expand


GRAM = "(lambda t: t @ t.mT + 2 * torch.eye({n}, dtype=float_dtype))(T({s}))"
FULL = "log_prob entropy moments mode expand cdf"
KINDS = [
    Kind(
        "Bernoulli",
        "D.Bernoulli(U(2, 3))",
        "M(2, 3).to(float_dtype)",
        "log_prob entropy moments mode expand enumerate",
    ),
    Kind(
        "Bernoulli",
        "D.Bernoulli(logits=T(2, 3))",
        "M(4, 2, 3).to(float_dtype)",
        "log_prob entropy moments mode expand enumerate",
    ),
    Kind("Beta", "D.Beta(U(2, 3, low=1.1, high=4), U(3, low=1.1, high=4))", "U(2, 3)"),
    Kind("Beta", "D.Beta(U(2, 3, low=0.2, high=2), U(3, low=0.2, high=2))", "U(2, 3)"),
    Kind(
        "Binomial",
        "D.Binomial(5, U(2, 3))",
        "I(2, 3, high=6).to(float_dtype)",
        "log_prob entropy moments mode expand enumerate",
    ),
    Kind(
        "Binomial",
        "D.Binomial(torch.tensor([3, 4, 0]), logits=T(2, 3))",
        "I(2, 3, high=1).to(float_dtype)",
        "log_prob moments mode expand",
    ),
    Kind(
        "Categorical",
        "D.Categorical(U(2, 3))",
        "I(2, high=3)",
        "log_prob entropy moments mode expand enumerate",
        batch="(4, 2)",
    ),
    Kind(
        "Categorical",
        "D.Categorical(logits=T(5))",
        "I(4, 2, high=5)",
        "log_prob entropy moments mode expand enumerate",
        batch="(4, 2)",
    ),
    Kind("Cauchy", "D.Cauchy(T(2, 3), U(3))", "T(2, 3)", FULL),
    Kind("Chi2", "D.Chi2(U(2, 3, low=0.5, high=6))", "U(2, 3)"),
    Kind("ContinuousBernoulli", "D.ContinuousBernoulli(U(2, 3))", "U(2, 3)", "log_prob cdf expand"),
    # Near 1/2 the closed forms lose digits in both libraries.
    Kind(
        "ContinuousBernoulli",
        "D.ContinuousBernoulli(U(3, low=0.1, high=0.3))",
        "U(3)",
        "moments entropy",
        only="float64",
    ),
    Kind(
        "ContinuousBernoulli",
        "D.ContinuousBernoulli(torch.tensor([0.4995, 0.5, 0.5005]), lims=(0.4, 0.6))",
        "C(3)",
        "moments",
        only="float32",
    ),
    Kind(
        "ContinuousBernoulli",
        "D.ContinuousBernoulli(logits=T(2, 3) * torch.tensor([1, 1e-4, 2]), lims=(0.48, 0.52))",
        "U(2, 3)",
        "log_prob entropy cdf expand",
    ),
    Kind(
        "Dirichlet",
        "D.Dirichlet(U(2, 3, low=0.2, high=4))",
        "F.softmax(T(2, 3), -1)",
        batch="(4, 2)",
    ),
    Kind("Dirichlet", "D.Dirichlet(U(2, 3))", "F.softmax(T(5, 2, 3), -1)", batch="(5, 2)"),
    Kind("Exponential", "D.Exponential(U(2, 3))", "U(4, 2, 3)", FULL),
    Kind(
        "FisherSnedecor",
        "D.FisherSnedecor(U(2, 3, low=1, high=9), U(3, low=1, high=9))",
        "U(2, 3)",
        "log_prob moments mode expand",
    ),
    Kind("Gamma", "D.Gamma(U(2, 3, low=0.3, high=5), U(3))", "U(2, 3)"),
    Kind("Gamma", "D.Gamma(C(2, 3, low=0.3, high=5), U(3))", "U(2, 3)", "cdf1"),
    # PyTorch's cannot take float64.
    Kind(
        "GeneralizedPareto",
        "D.GeneralizedPareto(C(2, 3), U(3) + 2, T(2, 3) * torch.tensor([-0.1, 0.1, 0]))",
        "U(2, 3, low=1, high=2)",
        FULL,
        only="float32",
    ),
    Kind("Geometric", "D.Geometric(U(2, 3))", "I(2, 3).to(float_dtype)"),
    Kind("Geometric", "D.Geometric(logits=T(2, 3))", "I(2, 3).to(float_dtype)"),
    Kind("Gumbel", "D.Gumbel(T(2, 3), U(3))", "T(2, 3)", FULL),
    Kind("HalfCauchy", "D.HalfCauchy(U(2, 3))", "U(2, 3)", FULL),
    Kind("HalfNormal", "D.HalfNormal(U(2, 3))", "U(2, 3)", FULL),
    Kind(
        "Independent",
        "D.Independent(D.Normal(T(2, 3), U(3)), 1)",
        "T(4, 2, 3)",
        batch="(4, 2)",
    ),
    Kind("InverseGamma", "D.InverseGamma(U(2, 3, low=0.5, high=4), U(3))", "U(2, 3)"),
    Kind(
        "Kumaraswamy",
        "D.Kumaraswamy(U(2, 3, low=0.5, high=2), U(3, low=0.5, high=3))",
        "U(2, 3)",
        FULL,
    ),
    Kind("Laplace", "D.Laplace(T(2, 3), U(3))", "T(2, 3)", FULL),
    Kind(
        "LKJCholesky",
        "D.LKJCholesky(3, U(2, low=0.5, high=3))",
        "D.CorrCholeskyTransform()(T(2, 3))",
        "log_prob expand",
        batch="(4, 2)",
    ),
    Kind(
        "LKJCholesky",
        "D.LKJCholesky(2)",
        "D.CorrCholeskyTransform()(T(5, 1))",
        "log_prob",
        only="float32",
    ),
    Kind(
        "LogisticNormal",
        "D.LogisticNormal(T(2, 3), U(3))",
        "F.softmax(T(2, 4), -1)",
        "log_prob expand",
        batch="(4, 2)",
    ),
    Kind("LogNormal", "D.LogNormal(T(2, 3), U(3))", "U(2, 3)", FULL),
    Kind(
        "LowRankMultivariateNormal",
        "D.LowRankMultivariateNormal(T(2, 4), T(4, 2), U(4))",
        "T(3, 2, 4)",
        batch="(3, 2)",
    ),
    Kind(
        "LowRankMultivariateNormal",
        "D.LowRankMultivariateNormal(T(4), T(2, 4, 2), U(2, 4))",
        "T(3, 2, 4)",
        batch="(3, 2)",
    ),
    Kind(
        "MixtureSameFamily",
        "D.MixtureSameFamily(D.Categorical(logits=T(2, 3)), D.Normal(T(2, 3), U(3)))",
        "T(2)",
        "log_prob moments cdf1 expand",
        batch="(4, 2)",
    ),
    Kind(
        "MixtureSameFamily",
        "D.MixtureSameFamily(D.Categorical(U(3)), D.Independent(D.Normal(T(2, 3, 4), U(4)), 1))",
        "T(5, 2, 4)",
        "log_prob moments",
        batch="(4, 2)",
    ),
    Kind(
        "Multinomial",
        "D.Multinomial(3, U(2, 3))",
        "torch.tensor([[1, 2, 0], [0, 0, 3]]).to(float_dtype)",
        "log_prob entropy moments expand",
        batch="(4, 2)",
    ),
    Kind(
        "Multinomial",
        "D.Multinomial(2, logits=T(2, 3))",
        "torch.tensor([1, 1, 0]).to(float_dtype)",
        "log_prob entropy moments expand",
        batch="(4, 2)",
    ),
    Kind(
        "MultivariateNormal",
        f"D.MultivariateNormal(T(2, 3), {GRAM.format(n=3, s='3, 3')})",
        "T(4, 2, 3)",
        batch="(4, 2)",
    ),
    Kind(
        "MultivariateNormal",
        f"D.MultivariateNormal(T(3), precision_matrix={GRAM.format(n=3, s='2, 3, 3')})",
        "T(4, 1, 3)",
        batch="(4, 2)",
    ),
    Kind(
        "MultivariateNormal",
        "D.MultivariateNormal(T(3), scale_tril=U(2, 3, 3).tril())",
        "T(2, 3)",
        batch="(4, 2)",
    ),
    Kind(
        "NegativeBinomial",
        "D.NegativeBinomial(U(2, 3, low=0.5, high=5), U(3))",
        "I(2, 3).to(float_dtype)",
        "log_prob moments mode expand",
    ),
    Kind(
        "NegativeBinomial",
        "D.NegativeBinomial(torch.tensor([0, 2, 3]), logits=T(2, 3))",
        "I(2, 3).to(float_dtype)",
        "log_prob moments mode expand",
    ),
    Kind("Normal", "D.Normal(T(2, 3), U(3))", "T(4, 2, 3)", FULL),
    Kind("Normal", "D.Normal(0.5, 2)", "C(4)", FULL, only="float32", batch="(4,)"),
    Kind("Normal", "D.Normal(T(), 2)", "T(4)", FULL, batch="(4,)"),
    Kind(
        "OneHotCategorical",
        "D.OneHotCategorical(U(2, 3))",
        "F.one_hot(I(2, high=3), 3).to(float_dtype)",
        "log_prob entropy moments mode expand enumerate",
        batch="(4, 2)",
    ),
    Kind(
        "OneHotCategoricalStraightThrough",
        "D.OneHotCategoricalStraightThrough(logits=T(2, 3))",
        "F.one_hot(I(4, 1, high=3), 3).to(float_dtype)",
        "log_prob entropy moments mode expand enumerate",
        batch="(4, 2)",
    ),
    Kind("Pareto", "D.Pareto(U(2, 3), U(3, low=0.5, high=4))", "U(2, 3, low=1, high=2)", FULL),
    Kind(
        "Poisson",
        "D.Poisson(U(2, 3, low=0.5, high=7))",
        "I(2, 3).to(float_dtype)",
        "log_prob moments mode expand",
    ),
    Kind(
        "RelaxedBernoulli",
        "D.RelaxedBernoulli(U(), U(2, 3))",
        "U(2, 3)",
        "log_prob expand",
    ),
    Kind(
        "RelaxedBernoulli",
        "D.relaxed_bernoulli.LogitRelaxedBernoulli(U(3), logits=T(2, 3))",
        "T(2, 3)",
        "log_prob expand",
    ),
    Kind(
        "RelaxedOneHotCategorical",
        "D.RelaxedOneHotCategorical(U(), U(2, 3))",
        "F.softmax(T(2, 3), -1)",
        "log_prob expand",
        batch="(4, 2)",
    ),
    Kind("StudentT", "D.StudentT(U(2, 3, low=0.5, high=5), T(3), U(3))", "T(2, 3)"),
    Kind(
        "TransformedDistribution",
        "D.TransformedDistribution(D.Normal(T(3), 1), [D.AffineTransform(T(2, 1), U(3)), "
        "D.ExpTransform()])",
        "U(2, 3)",
        "log_prob cdf expand",
    ),
    Kind(
        "TransformedDistribution",
        "D.TransformedDistribution(D.Normal(T(2, 6), 1), D.ReshapeTransform((6,), (3, 2)))",
        "T(4, 2, 3, 2)",
        "log_prob expand",
        batch="(4, 2)",
    ),
    Kind("Uniform", "D.Uniform(T(2, 3) - 3, U(3) + 3)", "U(2, 3)", FULL),
    # PyTorch's own approximation of the Bessel functions has 7 digits.
    Kind(
        "VonMises",
        "D.VonMises(T(2, 3), U(3))",
        "T(2, 3)",
        "log_prob moments mode expand",
        only="float32",
    ),
    Kind(
        "VonMises",
        "D.VonMises(T(2, 3), U(3, low=4, high=9))",
        "T(2, 3)",
        "log_prob moments mode expand",
        only="float32",
    ),
    Kind("Weibull", "D.Weibull(U(2, 3), U(3, low=1.1, high=3))", "U(2, 3)", FULL),
    Kind(
        "Wishart",
        f"D.Wishart(U(2, low=3.5, high=7), {GRAM.format(n=3, s='3, 3')})",
        GRAM.format(n=3, s="2, 3, 3"),
        batch="(4, 2)",
    ),
    Kind(
        "Wishart",
        f"D.Wishart(U(low=3.5, high=7), precision_matrix={GRAM.format(n=3, s='2, 3, 3')})",
        GRAM.format(n=3, s="2, 3, 3"),
        batch="(4, 2)",
    ),
    Kind(
        "Wishart",
        "D.Wishart(5, scale_tril=U(2, 2).tril())",
        GRAM.format(n=2, s="2, 2"),
        "log_prob entropy",
    ),
]

# Their derivatives need the trigamma function, of which PyTorch's has 8 digits.
TRIGAMMA = [
    "Beta",
    "Chi2",
    "Dirichlet",
    "FisherSnedecor",
    "Gamma",
    "InverseGamma",
    "Kumaraswamy",
    "StudentT",
]

METHODS = {
    "log_prob": "d.log_prob(v)",
    "entropy": "d.entropy(), d.perplexity()",
    "moments": "d.mean, d.variance, d.stddev",
    "mode": "d.mode",
    "cdf": "d.cdf(v), d.icdf(U(2, 3))",
    "cdf1": "d.cdf(v)",
    "enumerate": "d.enumerate_support(), d.enumerate_support(expand=False)",
    "expand": "e = d.expand({batch})\n(e.log_prob(v), tuple(e.batch_shape), tuple(e.event_shape), "
    "repr(e).replace(torch.__name__, ''), e._validate_args)",
}
ABOUT = """
s = d.sample((5, 2))
n = repr(d.support)
n = n.replace(torch.__name__, "") if "tensor" not in n else 0
(repr(d).replace(torch.__name__, ""), tuple(d.batch_shape), tuple(d.event_shape), tuple(s.shape),
 str(s.dtype).split(".")[1], s.requires_grad, d.has_rsample, d.has_enumerate_support, n,
 {k: repr(c) for k, c in d.arg_constraints.items() if "tensor" not in repr(c)},
 bool(d.support.check(s).all()), d.support.event_dim, d.support.is_discrete,
 type(d).__mro__[1].__name__, type(d).__module__.split(".")[-1])
"""


def kind_cases():
    for k in KINDS:
        name = f"torch.distributions.{k.name}"
        make = f"{HEAD}d = {k.make}\n"
        for method in k.has.split():
            code = f"{make}v = {k.value}\n" + METHODS[method].replace("{batch}", k.batch)
            names = f"{name} {name}.{method}"
            if k.name not in TRIGAMMA or method not in ("log_prob", "entropy", "expand"):
                yield Case(names, code, order=k.order, only=k.only)
            elif method == "entropy":
                yield Case(names, code, order=1, only="float32")
                yield Case(names, code, order=0)
            else:
                yield Case(names, code, order=1)
        if "D.Categorical(U(3))" in make:
            continue  # PyTorch cannot sample where the weights have a smaller batch
        yield Case(name, make + ABOUT.strip(), only=k.only)
        yield Case(
            name,
            f"{make}v = {k.value}\ne = d.expand({k.batch} if d.batch_shape else (2,))\n"
            "(d.support.check(v), d.support.check(v * 0 + 0.3), d.support.check(v - 1), "
            "tuple(e.sample().shape))",
            order=0,
            only=k.only,
        )


# One of each class for divergences, of shape (3,), with what all pairs support.
PARTS = {
    "Bernoulli": "D.Bernoulli(U(3))",
    "Beta": "D.Beta(U(3, low=0.5, high=3), U(3, low=0.5, high=3))",
    "Binomial": "D.Binomial(4, U(3))",
    "Categorical": "D.Categorical(logits=T(3, 4))",
    "Cauchy": "D.Cauchy(T(3), U(3))",
    "ContinuousBernoulli": "D.ContinuousBernoulli(U(3, low=0.1, high=0.3))",
    "Dirichlet": "D.Dirichlet(U(3, 4, low=0.5, high=3))",
    "Exponential": "D.Exponential(U(3))",
    "Gamma": "D.Gamma(U(3, low=0.5, high=3), U(3))",
    "Geometric": "D.Geometric(U(3))",
    "Gumbel": "D.Gumbel(T(3), U(3, low=0.5, high=2))",
    "HalfNormal": "D.HalfNormal(U(3))",
    "Independent": "D.Independent(D.Normal(T(2, 3), U(2, 3)), 1)",
    "Laplace": "D.Laplace(T(3), U(3))",
    "LogNormal": "D.LogNormal(T(3), U(3))",
    "LowRankMultivariateNormal": "D.LowRankMultivariateNormal(T(2, 4), T(4, 2), U(2, 4))",
    "MultivariateNormal": f"D.MultivariateNormal(T(4), {GRAM.format(n=4, s='2, 4, 4')})",
    "Normal": "D.Normal(T(3), U(3))",
    "OneHotCategorical": "D.OneHotCategorical(U(3, 4))",
    "Pareto": "D.Pareto(U(3), U(3, low=0.5, high=4))",
    "Poisson": "D.Poisson(U(3))",
    "Uniform": "D.Uniform(U(3, low=0.05, high=0.3), U(3, low=0.5, high=1.2))",
    "Wishart": "D.Wishart(U(2, low=3.5, high=7), scale_tril=U(3, 3).tril())",
}
ALIKE = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "ContinuousBernoulli",
    "Dirichlet",
    "Exponential",
    "Gamma",
    "Geometric",
    "Gumbel",
    "HalfNormal",
    "Independent",
    "Laplace",
    "LogNormal",
    "LowRankMultivariateNormal",
    "MultivariateNormal",
    "Normal",
    "OneHotCategorical",
    "Pareto",
    "Poisson",
    "Uniform",
    "Wishart",
]
ACROSS = """
LowRankMultivariateNormal: MultivariateNormal
MultivariateNormal: LowRankMultivariateNormal
Bernoulli: Poisson
Beta: ContinuousBernoulli Pareto Exponential Gamma Normal Uniform
ContinuousBernoulli: Pareto Exponential Normal Uniform
Exponential: Uniform Pareto ContinuousBernoulli Beta Gamma Gumbel Normal
Gamma: Uniform Pareto ContinuousBernoulli Beta Exponential Gumbel Normal
Gumbel: Uniform Pareto Gamma Exponential ContinuousBernoulli Beta Normal
Laplace: Uniform Pareto Gamma Exponential ContinuousBernoulli Beta Normal
Normal: Uniform Pareto Gamma Exponential ContinuousBernoulli Beta Gumbel Laplace
Pareto: Uniform ContinuousBernoulli Beta Exponential Gamma Normal
Poisson: Binomial Bernoulli
Uniform: Beta ContinuousBernoulli Exponential Gamma Gumbel Normal Pareto
"""


def kl_cases():
    pairs = [(n, n) for n in ALIKE]
    for line in ACROSS.strip().splitlines():
        p, qs = line.split(": ")
        pairs += [(p, q) for q in qs.split()]
    for p, q in pairs:
        code = f"{HEAD}p = {PARTS[p]}\nq = {PARTS[q]}\nD.kl_divergence(p, q)"
        names = "torch.distributions.kl_divergence torch.distributions.register_kl"
        if {p, q} & {"Beta", "Dirichlet", "Gamma"}:  # trigamma again
            yield Case(names, code, order=1, only="float32")
            yield Case(names, code, order=0)
        else:
            yield Case(names, code)
    special = [
        ("D.Bernoulli(torch.tensor([0., 1., 0.5]))", "D.Bernoulli(torch.tensor([0., 0., 1.]))"),
        ("D.Categorical(torch.tensor([0., 1.]))", "D.Categorical(torch.tensor([1., 0.]))"),
        ("D.Binomial(5, U(3))", "D.Binomial(4, U(3))"),
        ("D.Chi2(C(3))", "D.Gamma(C(3), C(3))"),
        ("D.Normal(T(3), 1)", "D.Normal(T(2, 1), U(3))"),
        ("D.Uniform(0., 1.)", "D.Uniform(-1., 2.)"),
        ("D.Independent(D.Independent(D.Normal(T(2, 3), 1), 1), 1)",) * 2,
    ]
    for p, q in special:
        yield Case(
            "torch.distributions.kl_divergence", f"{HEAD}p = {p}\nq = {q}\nD.kl_divergence(p, q)"
        )
    for p, q in [
        ("D.Normal(0., 1.)", "D.Poisson(1.)"),
        ("D.Cauchy(0., 1.)", "D.Normal(0., 1.)"),
        ("D.Binomial(3, torch.tensor(0.5))", "D.Binomial(4, torch.tensor(0.5))"),
        ("D.LogNormal(0., 1.)", "D.Gumbel(0., 1.)"),
        (PARTS["MultivariateNormal"], "D.MultivariateNormal(T(2), scale_tril=torch.eye(2))"),
        ("D.Independent(D.Normal(T(2, 3), 1), 1)", "D.Independent(D.Normal(T(2, 3), 1), 2)"),
    ]:
        code = f"{HEAD}D.kl_divergence({p}, {q})"
        yield Case("torch.distributions.kl_divergence", code, raises=True)


TRANSFORMS = [
    ("D.AbsTransform()", "T(2, 3)", False),
    ("D.AffineTransform(T(3), U(2, 1))", "T(2, 3)", True),
    ("D.AffineTransform(1, -2.5)", "T(2, 3)", True),
    ("D.AffineTransform(T(3), T(3), event_dim=1)", "T(2, 3)", True),
    ("D.AffineTransform(0., 2., event_dim=2)", "T(2, 3).contiguous()", True),
    (
        "D.CatTransform([D.ExpTransform(), D.AffineTransform(1, 2)], dim=1, lengths=[1, 2])",
        "T(2, 3)",
        True,
    ),
    ("D.CatTransform([D.ExpTransform(), D.identity_transform])", "T(2, 3)", True),
    (
        "D.StackTransform([D.ExpTransform(), D.SigmoidTransform(), D.TanhTransform()], -1)",
        "T(2, 3)",
        True,
    ),
    ("D.ComposeTransform([D.AffineTransform(T(3), U(3)), D.ExpTransform()])", "T(2, 3)", True),
    ("D.ComposeTransform([D.ExpTransform(), D.StickBreakingTransform()])", "T(2, 3)", True),
    ("D.ComposeTransform([])", "T(2, 3)", True),
    ("D.CorrCholeskyTransform()", "T(2, 6)", True),
    ("D.CumulativeDistributionTransform(D.Normal(T(3), U(3)))", "T(2, 3)", True),
    ("D.ExpTransform()", "T(2, 3)", True),
    ("D.ExpTransform().inv", "U(2, 3)", True),
    ("D.IndependentTransform(D.ExpTransform(), 1)", "T(2, 3)", True),
    ("D.LowerCholeskyTransform()", "T(2, 3, 3)", False),
    ("D.PositiveDefiniteTransform()", "T(2, 3, 3)", False),
    ("D.PowerTransform(T(3))", "U(2, 3)", True),
    ("D.PowerTransform(2)", "U(2, 3)", True),
    ("D.ReshapeTransform((2, 3), (6,))", "T(4, 2, 3)", True),
    ("D.SigmoidTransform()", "T(2, 3)", True),
    ("D.SoftplusTransform()", "T(2, 3)", True),
    ("D.SoftmaxTransform()", "T(2, 3)", False),
    ("D.StickBreakingTransform()", "T(2, 3)", True),
    ("D.TanhTransform()", "T(2, 3)", True),
]


def transform_cases():
    for make, x, has_jacobian in TRANSFORMS:
        name = f"torch.distributions.{make[2:].split('(')[0]}"
        names = f"{name} torch.distributions.transforms.{name.split('.')[-1]}"
        head = f"{HEAD}t = {make}\nx = {x}\n"
        jacobian = ", t.log_abs_det_jacobian(x, y), t.inv.log_abs_det_jacobian(y, x)"
        # PyTorch's second derivative of abs is not a tensor that can be read.
        order = 1 if "Abs" in make else 2
        code = f"{head}y = t(x)\n(y, t.inv(y){jacobian if has_jacobian else ''})"
        yield Case(names, code, order=order)
        yield Case(
            names,
            f"""{head}
c = t.with_cache() if "Cumulative" not in repr(t) and "Inverse" not in repr(t) else t
y = c(x)
def sign(t):
    try:
        return t.sign
    except NotImplementedError:
        return "none"
(repr(t), repr(t.inv), t.bijective, sign(t), c.inv(y) is x, c(x) is y, t == t,
 t == D.TanhTransform(), t.inv.inv is t, t.domain.event_dim, t.codomain.event_dim,
 tuple(t.forward_shape(tuple(x.shape))), tuple(t.inverse_shape(tuple(y.shape))))""",
        )
        yield Case(
            names,
            f"{head}y = t(x)\n(t.domain.check(x), t.codomain.check(y.detach()), "
            "[repr(c) for c in (t.domain, t.codomain) if 'tensor' not in repr(c)])",
            order=0,
        )


CONSTRAINTS = {
    "boolean": "torch.tensor([0., 1, 0.5])",
    "one_hot": "torch.tensor([[0., 1], [1, 1], [0.5, 0.5]])",
    "nonnegative_integer": "torch.tensor([-1., 0, 1.5])",
    "positive_integer": "torch.tensor([0., 1, 1.5])",
    "integer_interval(1, torch.tensor([1, 2, 3]))": "torch.tensor([2., 2, 2.5])",
    "real": "torch.tensor([0, float('nan'), float('inf')])",
    "real_vector": "torch.tensor([[0, float('nan')], [0, 1]])",
    "positive": "torch.tensor([0, 1, -1.])",
    "nonnegative": "torch.tensor([0, 1, -1.])",
    "greater_than(torch.tensor([0., 2, 0]))": "torch.tensor([0, 1, 1.])",
    "greater_than_eq(1)": "torch.tensor([0, 1, 1.])",
    "less_than(1)": "torch.tensor([0, 1, 1.])",
    "unit_interval": "torch.tensor([-0.1, 0, 1, 1.1])",
    "interval(0, 2.)": "torch.tensor([-0.1, 0, 2, 2.1])",
    "half_open_interval(0, 2.)": "torch.tensor([-0.1, 0, 2, 2.1])",
    "simplex": "torch.tensor([[0.5, 0.5], [0.5, 0.6], [-0.5, 1.5]])",
    "multinomial(3)": "torch.tensor([[1., 2], [3, 3], [-1, 1]])",
    "lower_triangular": "torch.tensor([[[1., 0], [2, -1]], [[1, 2], [0, 1]]])",
    "lower_cholesky": "torch.tensor([[[1., 0], [2, -1]], [[1, 0], [0, 1]]])",
    "corr_cholesky": "torch.tensor([[[1., 0], [0.6, 0.8]], [[1, 0], [1, 1]]])",
    "square": "torch.ones(2, 3, 3)",
    "symmetric": "torch.tensor([[[1., 2], [2, 1]], [[1, 2], [0, 1]]])",
    "positive_semidefinite": "torch.tensor([[[1., 1], [1, 1]], [[1, 2], [2, 1]]])",
    "positive_definite": "torch.tensor([[[2., 1], [1, 1]], [[1, 2], [2, 1]]])",
    "cat([constraints.positive, constraints.real], 0, [2, 1])": "torch.tensor([1., -1, -1])",
    "stack([constraints.positive, constraints.real], -1)": "torch.tensor([[1., -1], [-1, -1]])",
    "independent(constraints.positive, 1)": "torch.tensor([[1., -1], [1, 1]])",
    "MixtureSameFamilyConstraint(constraints.positive)": "torch.tensor([1., -1, 2])",
}


def constraint_cases():
    head = f"{HEAD}constraints = D.constraints\n"
    for text, value in CONSTRAINTS.items():
        names = f"torch.distributions.constraints.{text.split('(')[0]}"
        yield Case(
            names,
            f"{head}c = constraints.{text}\n(c.check({value}), c.event_dim, c.is_discrete, "
            "constraints.is_dependent(c), repr(c) if 'tensor' not in repr(c) else 0, "
            "isinstance(c, constraints.Constraint))",
        )
        yield Case(
            f"{names} torch.distributions.biject_to torch.distributions.transform_to",
            f"""{head}
def through(registry):
    try:
        t = registry(constraints.{text})
    except NotImplementedError:
        return "none"
    return repr(t), t.bijective, t.domain.event_dim, t.codomain.event_dim
(through(D.biject_to), through(D.transform_to))""",
        )
    for text, x in [
        ("positive", "T(3)"),
        ("nonnegative", "T(3)"),
        ("greater_than(1.5)", "T(3)"),
        ("less_than(T(3))", "T(3)"),
        ("unit_interval", "T(3)"),
        ("interval(-1, T(3))", "T(3)"),
        ("half_open_interval(1., 2.)", "T(3)"),
        ("simplex", "T(2, 3)"),
        ("real", "T(3)"),
        ("real_vector", "T(2, 3)"),
        ("independent(constraints.positive, 1)", "T(2, 3)"),
        ("lower_cholesky", "T(3, 3)"),
        ("positive_definite", "T(3, 3)"),
        ("corr_cholesky", "T(2, 3)"),
        ("cat([constraints.positive, constraints.real], 0, [2, 1])", "T(3)"),
        ("stack([constraints.positive, constraints.real], -1)", "T(3, 2)"),
    ]:
        names = "torch.distributions.transform_to torch.distributions.biject_to"
        code = f"{head}t = D.{{f}}(constraints.{text})\nx = {x}\ny = t(x)\n(y, t.inv(y))"
        yield Case(names, code.replace("{f}", "transform_to"))
        if text not in ("lower_cholesky", "positive_definite"):
            yield Case(names, code.replace("{f}", "biject_to"))
    yield Case(
        "torch.distributions.constraints.dependent_property",
        f"{head}[(n, getattr(D, n).support.is_discrete, getattr(D, n).support.event_dim, "
        "constraints.is_dependent(getattr(D, n).support)) for n in ('Uniform', 'Categorical', "
        "'Binomial', 'Multinomial', 'Pareto', 'GeneralizedPareto')]",
    )


ERRORS = """
Normal(0, -1)
Normal(0, 1, 2, 3)
Normal([0], 1)
Normal(float("nan"), 1)
Normal(torch.zeros(2), torch.ones(3))
Normal(0., 1.).log_prob(1.0)
Normal(0., 1.).log_prob("a")
Normal(torch.zeros(2), 1.).log_prob(torch.zeros(3))
Normal(0., 1.).log_prob(torch.tensor(float("nan")))
Normal(0., 1.).enumerate_support()
Normal(0., 1.).expand(3)
Normal(torch.zeros(2), 1.).expand((3,))
Normal(0., 1.).sample(3)
Uniform(1, 0)
Uniform(0., 1.).log_prob(torch.tensor(2.))
Bernoulli()
Bernoulli(0.5, 0.2)
Bernoulli(1.5)
Bernoulli(0.5).rsample()
Bernoulli(0.5).cdf(torch.tensor(1.))
Bernoulli(0.5).log_prob(torch.tensor(0.5))
Beta(0., 1.)
Binomial(torch.tensor([1., 2.]), torch.tensor(0.3)).entropy()
Binomial(torch.tensor([1., 2.]), torch.tensor(0.3)).enumerate_support()
Binomial(-1, torch.tensor(0.3))
Categorical()
Categorical(torch.tensor(0.5))
Categorical(logits=torch.tensor(0.5))
Categorical(torch.tensor([-1., 2.]))
Categorical(torch.ones(3)).log_prob(torch.tensor(3))
Categorical(torch.ones(3)).rsample()
Categorical(torch.ones(3)).cdf(torch.tensor(1))
Dirichlet(torch.tensor(1.))
Dirichlet(torch.tensor([1., 0.]))
Dirichlet(torch.ones(3)).log_prob(torch.ones(3))
Distribution().sample()
Distribution(validate_args=False).expand((2,))
Distribution(validate_args=False).rsample()
Distribution(validate_args=False).mean
Distribution(validate_args=False).variance
Distribution(validate_args=False).mode
Distribution(validate_args=False).support
Distribution(validate_args=False).arg_constraints
Distribution(validate_args=False).log_prob(1)
Distribution(validate_args=False).cdf(1)
Distribution(validate_args=False).icdf(1)
Distribution(validate_args=False).entropy()
Distribution.set_default_validate_args(3)
ExponentialFamily(validate_args=False).entropy()
Exponential(-1.)
Gamma(1., 1.).icdf(torch.tensor(0.5))
Geometric(0.)
HalfNormal(-1.)
Independent(D.Normal(0., 1.), 1)
Independent(D.Categorical(torch.ones(2, 3)), 1).enumerate_support()
LKJCholesky(1)
LowRankMultivariateNormal(torch.zeros(2), torch.zeros(3, 1), torch.ones(2))
LowRankMultivariateNormal(torch.zeros(2), torch.zeros(2, 1), torch.ones(3))
LowRankMultivariateNormal(torch.tensor(0.), torch.zeros(2, 1), torch.ones(2))
MixtureSameFamily(D.Normal(0., 1.), D.Normal(0., 1.))
MixtureSameFamily(D.Categorical(torch.ones(2)), 3)
MixtureSameFamily(D.Categorical(torch.ones(2)), D.Normal(torch.zeros(3), 1.))
MixtureSameFamily(D.Categorical(torch.ones(2, 3)), D.Normal(torch.zeros(4, 3), 1.))
Multinomial(-1, torch.ones(3))
Multinomial(1.5, torch.ones(3))
MultivariateNormal(torch.tensor(1.), torch.eye(2))
MultivariateNormal(torch.zeros(2))
MultivariateNormal(torch.zeros(2), torch.ones(2))
MultivariateNormal(torch.zeros(2), torch.eye(2), torch.eye(2))
MultivariateNormal(torch.zeros(2), -torch.eye(2))
MultivariateNormal(torch.zeros(2), -torch.eye(2), validate_args=False)
MultivariateNormal(torch.zeros(2), scale_tril=torch.ones(2, 2))
MultivariateNormal(torch.zeros(2), precision_matrix=torch.ones(2))
NegativeBinomial(3)
OneHotCategorical(torch.ones(3)).log_prob(torch.ones(3))
Poisson(-1.)
Poisson(1.).entropy()
Poisson(1.).log_prob(torch.tensor(0.5))
RelaxedBernoulli(torch.tensor(1.))
StudentT(0.)
TransformedDistribution(D.Normal(0., 1.), 3)
TransformedDistribution(D.Normal(0., 1.), [3])
TransformedDistribution(D.Normal(0., 1.), D.StickBreakingTransform())
VonMises(torch.tensor(0.), torch.tensor(1.)).cdf(torch.tensor(1.))
Wishart(torch.tensor(1.), torch.eye(3))
Wishart(torch.tensor(4.), torch.ones(3))
Wishart(torch.tensor(4.))
biject_to(D.constraints.integer_interval(0, 1))
biject_to(3)
biject_to.register(3, 3)
transform_to(D.constraints.boolean)
register_kl(D.Normal, 3)
AbsTransform().sign
AbsTransform().log_abs_det_jacobian(torch.ones(1), torch.ones(1))
AffineTransform(0, 1, event_dim=1)(torch.ones(2)).foo
ExpTransform(cache_size=2)
ExpTransform().with_cache(3)
Transform()(1)
Transform().inv(1)
CorrCholeskyTransform().event_dim
ReshapeTransform((2,), (3,))
ReshapeTransform((2,), (2, 1)).forward_shape((3,))
ReshapeTransform((2,), (2, 1)).inverse_shape((2,))
CorrCholeskyTransform().forward_shape((4,))
CorrCholeskyTransform().inverse_shape((2, 3))
StickBreakingTransform().forward_shape(())
CatTransform([3])
CatTransform([D.ExpTransform()])(torch.ones(2))
StackTransform([D.ExpTransform()])(torch.ones(2))
IndependentTransform(D.ExpTransform(), 1)(torch.tensor(1.))
constraints.dependent.check(1)
constraints.dependent.event_dim
constraints.dependent.is_discrete
constraints.Constraint().check(1)
constraints.independent(3, 1)
constraints.cat([3])
constraints.stack([3])
constraints.positive_definite.foo
utils.tril_matrix_to_vec(torch.ones(2, 2), 3)
utils.broadcast_all("a")
"""

MORE = [
    Case(
        "torch.distributions.utils.broadcast_all torch.distributions.utils.clamp_probs",
        "u = torch.distributions.utils\n(u.broadcast_all(T(2, 1), 3, C(3)), "
        "u.broadcast_all(1, 2.), u.clamp_probs(torch.tensor([0., 1.])), "
        "u.probs_to_logits(U(2, 3)), u.logits_to_probs(T(3)), "
        "u.probs_to_logits(U(3), is_binary=True), u.logits_to_probs(T(3), True))",
    ),
    Case(
        "torch.distributions.utils.tril_matrix_to_vec torch.distributions.utils.vec_to_tril_matrix",
        "u = torch.distributions.utils\n[u.tril_matrix_to_vec(T(2, 3, 3), d) "
        "for d in (-2, -1, 0, 1)] + [u.vec_to_tril_matrix(T(2, 6), 0), u.vec_to_tril_matrix(T(3), -1)]",
    ),
    Case(
        "torch.distributions.utils.lazy_property",
        """
class A:
    count = 0
    @torch.distributions.utils.lazy_property
    def x(self):
        "the x"
        self.count += 1
        return torch.is_grad_enabled(), self.count
a = A()
with torch.no_grad():
    first = a.x
(first, a.x, a.count, A.x.__doc__)""",
    ),
    Case(
        "torch.distributions.Distribution",
        """
D = torch.distributions
class Mine(D.Distribution):
    arg_constraints = {"p": D.constraints.positive}
    support = D.constraints.real
    has_rsample = True
    def __init__(self, p, validate_args=None):
        self.p = p
        super().__init__(p.shape, validate_args=validate_args)
    def rsample(self, sample_shape=torch.Size()):
        return self.p * torch.ones(self._extended_shape(sample_shape), dtype=float_dtype)
    variance = property(lambda self: self.p ** 2)
m = Mine(U(2))
(m.sample((3,)), m.sample_n(2), m.rsample(), m.stddev, repr(m).replace(torch.__name__, ""),
 tuple(m.batch_shape), D.Independent(m, 1).sample((2,)))""",
    ),
    Case(
        "torch.distributions.Distribution",
        """
D = torch.distributions
class Mine(D.Normal):
    def __init__(self, loc):
        super().__init__(loc, 1.)
Mine(torch.zeros(2)).expand((3, 2))""",
        raises=True,
    ),
    Case(
        "torch.distributions.Distribution",
        """
D = torch.distributions
D.Distribution.set_default_validate_args(False)
try:
    d = D.Normal(0., -1.)
finally:
    D.Distribution.set_default_validate_args(True)
(d.stddev, d.log_prob(torch.tensor(1.)), D.Normal(0., -1., validate_args=False)._validate_args)""",
        only="float32",
    ),
    Case(
        "torch.distributions.ExponentialFamily",
        """
D = torch.distributions
E = D.ExponentialFamily
made = [D.Normal(C(2), C(2)), D.Gamma(C(2), C(2)), D.Exponential(C(2)), D.Bernoulli(C(2)),
        D.ContinuousBernoulli(C(2))]
[E.entropy(d) for d in made]""",
    ),
    Case(
        "torch.distributions.OneHotCategoricalStraightThrough",
        "s = torch.distributions.OneHotCategoricalStraightThrough(logits=T(4, 3)).rsample((2,))\n"
        "(s - s.detach(), s.sum(-1))",
    ),
    Case(
        "torch.distributions.GeneralizedPareto",
        "d = torch.distributions.GeneralizedPareto(T(3) - 9, U(3), T(3).abs())\nx = U(3)\n"
        "(d.log_cdf(x), d.log_survival_function(x), d.support.check(x))",
        only="float32",
    ),
    Case(
        "torch.distributions.Normal",
        "d = torch.distributions.Normal(torch.zeros(0, 3, dtype=float_dtype), 1.)\n"
        "(d.sample((2,)), d.log_prob(torch.zeros(0, 3, dtype=float_dtype)), d.entropy())",
    ),
    Case("torch.poisson", "torch.poisson(C(3, 2) * 0)"),
    Case("torch.poisson", "torch.poisson(-C(3))", raises=True),
    Case("torch.poisson", "torch.poisson(I(3))", raises=True),
    Case(
        "torch.binomial", "torch.binomial(C(3) * 0 + 4, torch.tensor([0., 1., 1.]).to(float_dtype))"
    ),
    Case(
        "torch.binomial",
        "torch.binomial(torch.tensor([-1.5, 3, 2.5]), torch.tensor([0.3, -0.2, 1]))",
    ),
    Case("torch.binomial", "torch.binomial(I(3), C(3))", raises=True),
    Case("torch.binomial", "torch.binomial(torch.ones(2).double(), torch.ones(2))", raises=True),
    Case("torch.i0 Tensor.i0", "x = T(5) * 20\n(torch.i0(x / 9), (x / 9).i0())", order=2),
    Case(
        "torch.special.i0 torch.special.i0e torch.special.i1 torch.special.i1e",
        "s = torch.special\nx = torch.cat([T(9) * 3, T(5) * 30])\n"
        "(s.i0e(x), s.i1e(x), s.i0(x[:9]), s.i1(x[:9]))",
    ),
    Case(
        "torch.special.ndtri torch.special.log_ndtr",
        "s = torch.special\n(s.ndtri(U(9)), "
        "s.ndtri(torch.tensor([0, 1, -1, 1e-30]).to(float_dtype)), "
        "s.log_ndtr(T(9)), s.log_ndtr(torch.tensor([-30., -20.5, -19, 5, 30]).to(float_dtype)))",
    ),
    Case(
        "torch.igamma torch.igammac torch.special.gammainc torch.special.gammaincc Tensor.igamma",
        "a = C(20, low=0.1, high=30)\nx = U(20, low=0.1, high=30)\ns = torch.special\n"
        "(torch.igamma(a, x), torch.igammac(a, x), s.gammainc(a, x), s.gammaincc(a, x), "
        "a.igamma(x), a.igammac(x))",
    ),
    Case(
        "torch.igamma torch.igammac",
        "inf = float('inf')\na = torch.tensor([0, 0, 1, inf, inf, 1, -1, 1, 2])\n"
        "x = torch.tensor([0, 1, 0, 1, inf, inf, 1, -1, 1e-30])\n"
        "(torch.igamma(a, x), torch.igammac(a, x))",
    ),
    Case("torch.igamma", "torch.igamma(U(3), U(3)).sum().backward()", raises=True),
    Case(
        "torch.linalg.cholesky torch.cholesky",
        f"torch.linalg.cholesky({GRAM.format(n=3, s='2, 3, 3')})",
    ),
    Case(
        "torch.linalg.cholesky", f"torch.linalg.cholesky({GRAM.format(n=4, s='4, 4')}, upper=True)"
    ),
    Case(
        "torch.linalg.cholesky",
        "torch.linalg.cholesky(T(3, 3).tril() * 0.1 + 2 * torch.eye(3, dtype=float_dtype))",
    ),
    Case(
        "torch.cholesky Tensor.cholesky",
        f"a = {GRAM.format(n=3, s='3, 3')}\n(torch.cholesky(a, upper=True), a.cholesky())",
    ),
    Case(
        "torch.linalg.cholesky",
        "z = torch.zeros(2, 0, 0, dtype=float_dtype)\n"
        "(torch.linalg.cholesky(z), torch.linalg.cholesky(z.reshape(0, 2, 2)))",
    ),
    Case(
        "torch.linalg.cholesky_ex",
        f"a = {GRAM.format(n=3, s='2, 3, 3')}\nr = torch.linalg.cholesky_ex(a)\n(r.L, r.info, "
        "torch.linalg.cholesky_ex(-torch.eye(3)).info, "
        "torch.linalg.cholesky_ex(torch.tensor([[1., 2], [2, 1]]), upper=True, "
        "check_errors=False).info)",
    ),
    Case("torch.linalg.cholesky", "torch.linalg.cholesky(-torch.eye(3))", raises=True),
    Case(
        "torch.linalg.cholesky_ex",
        "torch.linalg.cholesky_ex(-torch.eye(3), check_errors=True)",
        raises=True,
    ),
    Case("torch.linalg.cholesky", "torch.linalg.cholesky(torch.ones(3))", raises=True),
    Case("torch.linalg.cholesky", "torch.linalg.cholesky(torch.ones(2, 3))", raises=True),
    Case(
        "torch.linalg.cholesky",
        "torch.linalg.cholesky(torch.ones(2, 2, dtype=torch.int64))",
        raises=True,
    ),
    Case(
        "torch.cholesky_solve",
        "l = U(2, 3, 3)\n(torch.cholesky_solve(T(3, 2), l.tril()), "
        "torch.cholesky_solve(T(3, 2), l.triu(), upper=True))",
    ),
    Case(
        "torch.cholesky_inverse Tensor.cholesky_inverse",
        "l = U(2, 3, 3)\n(torch.cholesky_inverse(l.tril()), l.triu().cholesky_inverse(upper=True))",
    ),
    *[
        Case(
            "torch.linalg.solve_triangular",
            f"torch.linalg.solve_triangular({a}, {b}, upper={u}, left={left}, "
            f"unitriangular={unit})",
        )
        for a, b, left in [
            ("U(3, 3, low=1, high=2)", "T(3, 2)", True),
            ("U(2, 3, 3, low=1, high=2)", "T(3, 4)", True),
            ("U(3, 3, low=1, high=2)", "T(5, 1, 2, 3)", False),
            ("U(0, 0)", "T(0, 2)", True),
        ]
        for u in (True, False)
        for unit in (True, False)
    ],
    Case(
        "torch.linalg.solve_triangular",
        "torch.linalg.solve_triangular(T(3, 3), T(3, 3))",
        raises=True,
    ),
    Case(
        "torch.linalg.solve_triangular",
        "torch.linalg.solve_triangular(T(3, 3), T(3), upper=True)",
        raises=True,
    ),
    Case(
        "torch.linalg.solve_triangular",
        "torch.linalg.solve_triangular(T(3, 3), T(2, 2), upper=True)",
        raises=True,
    ),
    Case(
        "torch.linalg.solve_triangular",
        "torch.linalg.solve_triangular(T(2, 3), T(2, 2), upper=True)",
        raises=True,
    ),
    Case(
        "torch.triangular_solve Tensor.triangular_solve",
        "a = U(2, 3, 3, low=1, high=2)\nb = T(3, 2)\n"
        "r = torch.triangular_solve(b, a, upper=False)\n(r.solution, r[1], b.triangular_solve(a[0], True, True, False)[0], "
        "torch.triangular_solve(b, a, unitriangular=True, transpose=True)[0])",
    ),
]

CASES = [
    *kind_cases(),
    *kl_cases(),
    *transform_cases(),
    *constraint_cases(),
    *[
        Case(
            f"torch.distributions.{line.split('(')[0]}",
            f"{HEAD}D.{line}",
            raises=True,
            only="float32",
        )
        for line in ERRORS.strip().splitlines()
    ],
    *MORE,
]
