"""Random numbers: their distributions, and that a seed gives the same ones for ever."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from scipy import stats

import wengert as wg

N = 200_000
# A correct generator passes with a fixed seed or not at all: the level only has to be small.
LEVEL = 1e-4


@pytest.fixture(autouse=True)
def _seed():
    wg.manual_seed(20)


CONTINUOUS = {
    "rand": (lambda t: wg.rand(N, dtype=t), stats.uniform()),
    "randn": (lambda t: wg.randn(N, dtype=t), stats.norm()),
    "uniform_": (lambda t: wg.empty(N, dtype=t).uniform_(-2, 5), stats.uniform(-2, 7)),
    "normal_": (lambda t: wg.empty(N, dtype=t).normal_(3, 0.5), stats.norm(3, 0.5)),
    "exponential_": (lambda t: wg.empty(N, dtype=t).exponential_(2.0), stats.expon(scale=0.5)),
    "cauchy_": (lambda t: wg.empty(N, dtype=t).cauchy_(1, 2), stats.cauchy(1, 2)),
    "log_normal_": (
        lambda t: wg.empty(N, dtype=t).log_normal_(0.5, 0.25),
        stats.lognorm(0.25, scale=math.exp(0.5)),
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CONTINUOUS)
def test_distribution(name, dtype):
    make, expected = CONTINUOUS[name]
    x = make(getattr(wg, dtype)).numpy().astype("float64")
    assert stats.kstest(x, expected.cdf).pvalue > LEVEL
    # Neighbours, and the elements of one block and of one group, are independent.
    u = expected.cdf(x) - 0.5
    for lag in (1, 16, 32, 48, 64):
        correlation = np.mean(u[lag:] * u[:-lag]) * 12
        assert abs(correlation) < 5 / math.sqrt(N), lag


def test_normal_moments():
    x = wg.randn(1_000_000).numpy().astype("float64")
    for k, moment in ((1, 0), (2, 1), (3, 0), (4, 3), (6, 15)):
        spread = np.std(x**k) / math.sqrt(x.size)
        assert abs(np.mean(x**k) - moment) < 5 * spread
    assert 4.2 < np.abs(x).max() < 7


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "float32"])
def test_randint(dtype):
    x = wg.randint(3, 13, (N,), dtype=getattr(wg, dtype)).numpy()
    values, counts = np.unique(x, return_counts=True)
    assert values.tolist() == list(range(3, 13))
    assert stats.chisquare(counts).pvalue > LEVEL


def test_randint_forms():
    assert wg.randint(5, (2, 3)).shape == (2, 3)
    assert wg.randint(5, (2, 3)).dtype is wg.int64
    assert wg.randint(2, 3, (4,)).tolist() == [2] * 4
    assert wg.randint(low=2, high=3, size=(1,)).tolist() == [2]
    assert wg.randint(high=1, size=[2]).tolist() == [0, 0]
    like = wg.zeros(3, dtype=wg.float64)
    assert wg.randint_like(like, 7, 8).tolist() == [7.0] * 3
    assert wg.randint_like(like, 1).tolist() == [0.0] * 3
    wide = wg.empty(1000, dtype=wg.int64).random_(-(2**63), 2**63 - 1).numpy()
    assert wide.min() < -(2**62)
    assert wide.max() > 2**62
    assert wg.empty(500, dtype=wg.uint8).random_().numpy().max() > 250
    assert wg.empty(100, dtype=wg.int8).random_(4).numpy().max() == 3


def test_geometric():
    x = wg.empty(N).geometric_(0.3).numpy()
    counts = [(x == k).sum() for k in range(1, 8)] + [(x > 7).sum()]
    expected = stats.geom(0.3).pmf(range(1, 8))
    expected = [*expected, 1 - sum(expected)]
    assert stats.chisquare(counts, np.array(expected) * N).pvalue > LEVEL


def test_bernoulli():
    p = wg.tensor([0.0, 0.2, 0.9, 1.0]).expand(N // 4, 4)
    x = wg.bernoulli(p).numpy()
    assert set(np.unique(x)) == {0.0, 1.0}
    share = x.mean(0)
    assert share[0] == 0
    assert share[3] == 1
    assert abs(share[1] - 0.2) < 0.01
    assert abs(share[2] - 0.9) < 0.01
    assert abs(wg.empty(N).bernoulli_(0.3).mean().item() - 0.3) < 0.01
    assert wg.empty(3, 2).bernoulli_(wg.tensor([1.0, 0.0])).tolist() == [[1.0, 0.0]] * 3
    assert wg.empty(5, dtype=wg.bool).bernoulli_(1.0).tolist() == [True] * 5


@pytest.mark.parametrize("replacement", [True, False])
def test_multinomial(replacement):
    weights = wg.tensor([1.0, 0.0, 3.0, 4.0])
    x = wg.multinomial(weights.expand(20_000, 4), 2, replacement=replacement).numpy()
    assert x.shape == (20_000, 2)
    w = weights.numpy() / 8
    pairs = np.array([[(x == (i, j)).all(1).sum() for j in range(4)] for i in range(4)])
    if replacement:
        expected = np.outer(w, w)
    else:
        expected = np.outer(w, w) / (1 - w)[:, None]
        np.fill_diagonal(expected, 0)
    seen = expected > 0
    assert pairs[~seen].sum() == 0
    assert stats.chisquare(pairs[seen], expected[seen] * 20_000).pvalue > LEVEL


def test_randperm():
    for n in (0, 1, 2, 100):
        assert sorted(wg.randperm(n).tolist()) == list(range(n))
    counts = np.zeros((4, 4))
    for _ in range(4000):
        counts[range(4), wg.randperm(4).tolist()] += 1
    assert stats.chisquare(counts.ravel()).pvalue > LEVEL
    assert wg.randperm(5, dtype=wg.int32).dtype is wg.int32


def test_normal_forms():
    mean, std = wg.tensor([0.0, 100.0]), wg.tensor([[1.0], [0.0]])
    x = wg.normal(mean, std)
    assert x.shape == (2, 2)
    assert x[1].tolist() == [0.0, 100.0]
    assert wg.normal(5.0, wg.zeros(2)).tolist() == [5.0, 5.0]
    assert wg.normal(mean, 0.0).tolist() == [0.0, 100.0]
    assert wg.normal(0.0, 1.0, (2, 3)).shape == (2, 3)
    assert wg.randn_like(std).shape == (2, 1)
    assert wg.rand_like(std, dtype=wg.float64).dtype is wg.float64


DRAWS = {
    "uniform": lambda n, g: wg.empty(n).uniform_(generator=g),
    "uniform64": lambda n, g: wg.empty(n, dtype=wg.float64).uniform_(generator=g),
    "normal": lambda n, g: wg.randn(n, generator=g),
    "normal64": lambda n, g: wg.randn(n, dtype=wg.float64, generator=g),
    "exponential": lambda n, g: wg.empty(n).exponential_(generator=g),
    "integers": lambda n, g: wg.randint(1000, (n,), generator=g),
    "permutation": lambda n, g: wg.randperm(n, generator=g),
    "bernoulli": lambda n, g: wg.bernoulli(wg.full((n,), 0.5), generator=g),
}


@pytest.mark.parametrize("name", DRAWS)
def test_seed_and_threads(name):
    draw = DRAWS[name]
    before = wg.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 3):
            wg.set_num_threads(threads)
            results.append(draw(100_003, wg.Generator().manual_seed(5)).numpy())
        np.testing.assert_array_equal(results[0], results[1])
        np.testing.assert_array_equal(results[0], results[2])
    finally:
        wg.set_num_threads(before)
    g = wg.Generator().manual_seed(5)
    first, second = draw(1000, g), draw(1000, g)
    assert not np.array_equal(first.numpy(), second.numpy())
    wg.manual_seed(5)
    np.testing.assert_array_equal(draw(1000, None).numpy(), first.numpy())


@pytest.mark.parametrize("name", sorted(set(DRAWS) - {"permutation"}))
def test_an_element_depends_on_its_place_only(name):
    longest = DRAWS[name](1000, wg.Generator().manual_seed(5)).numpy()
    for n in (1, 3, 17, 63, 64, 65, 129, 999):
        part = DRAWS[name](n, wg.Generator().manual_seed(5)).numpy()
        np.testing.assert_array_equal(part, longest[:n])


def test_strided_targets():
    x = wg.zeros(10, 10)
    x.t()[::2].normal_()
    assert (x[:, ::2].numpy() != 0).all()
    assert (x[:, 1::2].numpy() == 0).all()


def test_gradient_is_cut():
    x = wg.ones(4, requires_grad=True)
    y = x * 2
    y.exponential_()
    y.sum().backward()
    assert x.grad.tolist() == [0.0] * 4
    p = wg.full((3,), 0.5, requires_grad=True)
    wg.bernoulli(p).sum().backward()
    assert p.grad.tolist() == [0.0] * 3


@pytest.mark.parametrize(
    "act",
    [
        lambda f: f.uniform_(2, 1),
        lambda f: f.normal_(0, -1),
        lambda f: f.exponential_(0),
        lambda f: f.geometric_(0),
        lambda f: f.cauchy_(0, -1),
        lambda f: f.log_normal_(0, -1),
        lambda f: f.bernoulli_(1.5),
        lambda f: f.random_(3, 3),
        lambda f: wg.bernoulli(f * 2),
        lambda f: wg.bernoulli(wg.tensor([1])),
        lambda f: wg.randint(3, 3, (2,)),
        lambda f: wg.randint(0, 300, (2,), dtype=wg.uint8),
        lambda f: wg.randperm(-1),
        lambda f: wg.randperm(300, dtype=wg.uint8),
        lambda f: wg.multinomial(f, 5),
        lambda f: wg.multinomial(f, 0),
        lambda f: wg.multinomial(-f, 2),
        lambda f: wg.multinomial(f * 0, 2),
        lambda f: wg.multinomial(wg.tensor([1.0, 0.0]), 2),
        lambda f: wg.multinomial(wg.tensor([1, 2]), 2),
        lambda f: wg.normal(f, -f),
        lambda f: wg.rand_like(wg.tensor([1])),
        lambda f: wg.tensor([1]).uniform_(),
    ],
)
def test_refused(act):
    f = wg.ones(4)
    with pytest.raises(RuntimeError):
        act(f)
    assert f.tolist() == [1.0] * 4


def test_a_seed_may_be_any_that_seed_gives():
    state = wg.get_rng_state()
    for _ in range(20):
        seed = wg.seed()
        first = wg.rand(3).tolist()
        assert wg.manual_seed(seed).initial_seed() == seed
        assert wg.rand(3).tolist() == first
    assert wg.manual_seed(-1).initial_seed() == 2**64 - 1
    for seed, error in ((2**64, ValueError), (-(2**63) - 1, ValueError), ("a", ValueError)):
        with pytest.raises(error):
            wg.manual_seed(seed)
    wg.set_rng_state(state)
    with pytest.raises(TypeError):
        wg.set_rng_state(wg.zeros(16))
    with pytest.raises(RuntimeError):
        wg.set_rng_state(state[:3])


@pytest.mark.parametrize("dtype", [wg.complex64, wg.complex128])
def test_complex_numbers(dtype):
    wg.manual_seed(0)
    n = 100_000
    z = wg.randn(n, dtype=dtype).numpy()
    assert abs(z.mean()) < 0.02
    assert abs(z.real.var() - 0.5) < 0.01 and abs(z.imag.var() - 0.5) < 0.01
    assert abs((z.real * z.imag).mean()) < 0.01
    u = wg.rand(n, dtype=dtype).numpy()
    for part in (u.real, u.imag):
        assert part.min() >= 0 and part.max() <= 1 and abs(part.mean() - 0.5) < 0.01
    t = wg.zeros(n, 2, dtype=dtype)
    t[:, 1].normal_(3.0, 2.0)
    assert (t[:, 0] == 0).all()
    z = t[:, 1].numpy()
    assert abs(z.mean() - 3) < 0.05 and abs(z.var() - 4) < 0.1


def test_generators_are_copied_with_their_state():
    g = wg.Generator().manual_seed(5)
    wg.rand(3, generator=g)
    for copied in (copy.deepcopy(g), pickle.loads(pickle.dumps(g))):
        assert isinstance(copied, wg.Generator) and copied is not g
        assert copied.initial_seed() == 5
        kept = copied.get_state()
        assert wg.rand(3, generator=copied).tolist() == wg.rand(3, generator=g).tolist()
        g.set_state(kept)
