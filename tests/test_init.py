"""Initial values: fans, bounds, moments and structure."""

import math

import pytest

import wengert as wg
from wengert.nn import init


def values(t):
    return t.detach().numpy()


def test_gains():
    assert init.calculate_gain("conv2d") == 1
    assert init.calculate_gain("tanh") == pytest.approx(5 / 3)
    assert init.calculate_gain("relu") == pytest.approx(math.sqrt(2))
    assert init.calculate_gain("leaky_relu", 0.2) == pytest.approx(math.sqrt(2 / 1.04))
    assert init.calculate_gain("selu") == 0.75
    with pytest.raises(ValueError, match="Unsupported nonlinearity"):
        init.calculate_gain("swish")
    with pytest.raises(ValueError, match="not a valid number"):
        init.calculate_gain("leaky_relu", True)


def test_constants_keep_the_tensor_and_its_flags():
    p = wg.nn.Parameter(wg.zeros(2, 3))
    assert init.constant_(p, 2.5) is p
    assert p.requires_grad and p.grad_fn is None
    assert values(p).tolist() == [[2.5] * 3] * 2
    assert values(init.ones_(p)).sum() == 6
    assert values(init.zeros_(p)).sum() == 0


def test_eye():
    assert values(init.eye_(wg.empty(2, 3))).tolist() == [[1, 0, 0], [0, 1, 0]]
    with pytest.raises(ValueError, match="2 dimensions"):
        init.eye_(wg.empty(3))


def test_dirac_makes_convolutions_identities():
    w = init.dirac_(wg.empty(4, 2, 3, 3), groups=2)
    x = wg.randn(1, 4, 5, 5)
    y = wg.nn.functional.conv2d(x, w, None, 1, 1, 1, 2)
    assert values(y) == pytest.approx(values(x))
    with pytest.raises(ValueError, match="divisible by groups"):
        init.dirac_(wg.empty(3, 2, 3), groups=2)


@pytest.mark.parametrize(
    ("shape", "fan_in", "fan_out"), [((300, 200), 200, 300), ((60, 50, 3, 3), 450, 540)]
)
def test_scaled_draws(shape, fan_in, fan_out):
    bound = math.sqrt(6 / (fan_in + fan_out))
    x = values(init.xavier_uniform_(wg.empty(shape), gain=2.0))
    assert abs(x).max() <= 2 * bound and abs(x).max() > 1.95 * bound
    std = math.sqrt(2 / (fan_in + fan_out))
    assert values(init.xavier_normal_(wg.empty(shape))).std() == pytest.approx(std, rel=0.05)
    std = math.sqrt(2 / (1 + 0.3**2)) / math.sqrt(fan_out)
    x = values(init.kaiming_normal_(wg.empty(shape), a=0.3, mode="fan_out"))
    assert x.std() == pytest.approx(std, rel=0.05)
    bound = math.sqrt(2) * math.sqrt(3 / fan_in)
    x = values(init.kaiming_uniform_(wg.empty(shape), nonlinearity="relu"))
    assert 0.95 * bound < abs(x).max() <= bound * (1 + 1e-6)


def test_fans_need_a_matrix():
    with pytest.raises(ValueError, match="fewer than 2 dimensions"):
        init.xavier_uniform_(wg.empty(3))
    with pytest.raises(ValueError, match="Mode"):
        init.kaiming_uniform_(wg.empty(3, 3), mode="fan")


def test_truncated_normal():
    x = values(init.trunc_normal_(wg.empty(20000), mean=1.0, std=2.0, a=-1.0, b=2.0))
    assert x.min() >= -1.0 and x.max() <= 2.0
    # The mean of N(1, 4) limited to [-1, 2] is, with phi and Phi at the limits in units of std,
    # mean + std (phi(low) - phi(high)) / (Phi(high) - Phi(low)).
    low, high = -1.0, 0.5

    def phi(z):
        return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    def cdf(z):
        return (1 + math.erf(z / math.sqrt(2))) / 2

    mean = 1 + 2 * (phi(low) - phi(high)) / (cdf(high) - cdf(low))
    assert x.mean() == pytest.approx(mean, abs=0.03)


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (3, 2, 5)])
def test_orthogonal(shape):
    q = values(init.orthogonal_(wg.empty(shape, dtype=wg.float64), gain=2.0)).reshape(shape[0], -1)
    gram = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
    for i, row in enumerate(gram):
        assert row == pytest.approx([4.0 * (i == j) for j in range(len(gram))], abs=1e-12)


def test_sparse():
    x = values(init.sparse_(wg.empty(10, 7), sparsity=0.25, std=1.0))
    assert ((x == 0).sum(axis=0) == 3).all()
    assert abs(x).max() > 0


def test_generator_repeats():
    draws = []
    for _ in range(2):
        g = wg.Generator()
        g.manual_seed(3)
        draws.append(values(init.normal_(wg.empty(5), generator=g)).tolist())
    assert draws[0] == draws[1]


def test_old_names_warn():
    for name in (
        *("uniform", "normal", "constant", "eye", "dirac", "orthogonal", "sparse"),
        *("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"),
    ):
        shape = (2, 2, 3) if name == "dirac" else (2, 2)
        more = {"constant": (1.0,), "sparse": (0.5,)}.get(name, ())
        t = wg.empty(*shape)
        with pytest.warns(FutureWarning, match=f"nn.init.{name}_"):
            assert getattr(wg.nn.init, name)(t, *more) is t


def test_orthogonal_matrices_have_no_preferred_direction():
    wg.manual_seed(0)
    first = [wg.nn.init.orthogonal_(wg.empty(3, 3))[0, 0].item() for _ in range(400)]
    # A coordinate of a uniform direction in three dimensions is uniform on [-1, 1].
    assert abs(sum(first) / 400) < 0.1
    assert abs(sum(v * v for v in first) / 400 - 1 / 3) < 0.06


def test_half_precision_orthogonal():
    q = wg.nn.init.orthogonal_(wg.empty(4, 4, dtype=wg.float16)).float()
    assert (q @ q.t() - wg.eye(4)).abs().max().item() < 5e-3
