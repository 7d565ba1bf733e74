"""Rules that add to a gradient gathered before, whoever holds it and its memory."""

import numpy as np
import pytest

import wengert as wg
from wengert import nn

# (module, inputs): each weight's rule can add to what is there already.
CASES = {
    "linear": lambda: (nn.Linear(7, 5), wg.randn(300, 7)),
    "linear-long": lambda: (nn.Linear(600, 5), wg.randn(3, 600, requires_grad=True)),
    "embedding": lambda: (nn.Embedding(5, 64), wg.tensor([1, 1, 2, 1, 1])),
    "embedding-bag": lambda: (
        nn.EmbeddingBag(5, 64, mode="sum"),
        wg.tensor([[1, 1, 2], [1, 1, 1]]),
    ),
    "convolution": lambda: (nn.Conv2d(3, 4, 3), wg.randn(5, 3, 9, 9)),
    "lstm": lambda: (nn.LSTM(6, 5), wg.randn(70, 6, 6)),
    "gru": lambda: (nn.GRU(6, 5), wg.randn(70, 6, 6)),
}


class Product(nn.Module):
    def __init__(self, rule):
        super().__init__()
        self.weight = nn.Parameter(wg.randn(40, 30))
        self.rule = rule

    def forward(self, x):
        return self.rule(self.weight, x)


CASES |= {
    "mm": lambda: (Product(lambda w, x: w @ x), wg.randn(30, 400)),
    "index": lambda: (Product(lambda w, x: w[x] * 0.3), wg.tensor([1, 1, 2, 1, 1, 39])),
    "slice": lambda: (Product(lambda w, x: w[3:9] * x), wg.randn(6, 30)),
}


def gradients_of(case, between):
    """The bits of all gradients after four steps whose gradients accumulate."""
    wg.manual_seed(3)
    module, x = CASES[case]()
    leaves = [*module.parameters(), *([x] if x.requires_grad else [])]
    for _ in range(4):
        y = module(x)
        y = y[0] if isinstance(y, tuple) else y
        (y * y).sum().backward()
        between(leaves)
    return [p.grad.numpy().tobytes() for p in leaves]


@pytest.mark.parametrize("case", CASES)
def test_the_bits_of_gradients_do_not_depend_on_who_holds_them(case):
    held = []
    expected = gradients_of(case, lambda leaves: None)
    assert gradients_of(case, lambda leaves: held.append([p.grad for p in leaves])) == expected
    assert (
        gradients_of(case, lambda leaves: held.append([p.grad.numpy() for p in leaves])) == expected
    )
    assert gradients_of(case, lambda leaves: held.append([p.grad[0] for p in leaves])) == expected


def test_a_gradient_that_is_held_is_added_to_in_place():
    layer, x = nn.Linear(3, 2), wg.randn(4, 3)
    layer(x).sum().backward()
    held = layer.weight.grad
    before = held.numpy().copy()
    layer(x).sum().backward()
    assert layer.weight.grad is held
    np.testing.assert_array_equal(held.numpy(), 2 * before)


def test_a_gradient_that_its_own_rule_reads():
    rng = np.random.default_rng(0)
    w, x, g = (rng.standard_normal((6, 6)) for _ in range(3))
    # As the gradient that arrives, and as a value that the rule saved: d/dw of (x @ w) is x.T @ g.
    for alias in ("arrives", "saved"):
        weight = wg.tensor(w, requires_grad=True)
        weight.grad = wg.tensor(g)
        if alias == "arrives":
            (wg.tensor(x) @ weight).backward(weight.grad)
            expected = g + x.T @ g
        else:
            y = weight.grad @ weight
            y.backward(wg.tensor(x))
            expected = g + g.T @ x
        np.testing.assert_allclose(weight.grad.numpy(), expected, rtol=1e-13)


def test_a_gradient_and_an_operand_over_the_same_array():
    rng = np.random.default_rng(0)
    g, w, up = (rng.standard_normal((6, 6)) for _ in range(3))
    memory = g.copy()
    weight = wg.tensor(w, requires_grad=True)
    weight.grad = wg.from_numpy(memory)
    (wg.from_numpy(memory) @ weight).backward(wg.tensor(up))
    np.testing.assert_allclose(memory, g + g.T @ up, rtol=1e-13)


def test_a_read_only_gradient_is_refused():
    memory = np.ones((2, 3))
    memory.flags.writeable = False
    weight = wg.ones(2, 3, dtype=wg.float64, requires_grad=True)
    weight.grad = wg.from_numpy(memory)
    y = wg.ones(4, 2, dtype=wg.float64) @ weight
    with pytest.raises(RuntimeError, match="read-only"):
        y.sum().backward()
    assert (memory == 1).all()


def test_unpack_hooks_may_look_at_gradients():
    weight, x = wg.randn(8, 8, requires_grad=True), wg.randn(4, 8, requires_grad=True)
    nn.functional.linear(x, weight).sum().backward()
    once = weight.grad.clone()
    seen = []

    def unpack(t):
        seen.append((weight.grad, x.grad))
        return t

    with wg.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), unpack):
        y = nn.functional.linear(x, weight).sum()
    y.backward()
    assert len(seen) == 2
    np.testing.assert_array_equal(weight.grad.numpy(), 2 * once.numpy())


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda w: w + w, lambda g: 2 * g),
        (lambda w: w * 3 + w, lambda g: 4 * g),
        (lambda w: w + nn.functional.linear(wg.eye(2) * 3, w.t()), lambda g: 4 * g),
        (lambda w: w.t() + w, lambda g: g + g.T),
        (lambda w: w[[1, 0]] + w, lambda g: g + g[::-1]),
    ],
)
@pytest.mark.parametrize("show", [lambda g: g, lambda g: g.detach(), lambda g: g.numpy()])
def test_a_pass_that_begins_with_the_gradient_of_a_leaf(f, slope, show):
    # What waits for other nodes must not change while the leaf's gradient is added to.
    g = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)
    weight = wg.ones(2, 2, requires_grad=True)
    weight.grad = held = wg.tensor(g)
    f(weight).backward(wg.as_tensor(show(held)))
    assert weight.grad is held
    np.testing.assert_array_equal(held.numpy(), g + slope(g))


def test_passes_that_begin_with_gradients_of_leaves_on_several_outputs():
    a, b = (wg.ones(2, requires_grad=True) for _ in range(2))
    a.grad, b.grad = wg.tensor([1.0, 2.0]), wg.tensor([3.0, 4.0])
    wg.autograd.backward([a * 2, b * a, a + b], [a.grad, b.grad, b.grad])
    assert a.grad.tolist() == [1 + 2 + 3 + 3, 2 + 4 + 4 + 4]
    assert b.grad.tolist() == [3 + 3 + 3, 4 + 4 + 4]


@pytest.mark.parametrize("with_inputs", [False, True])
def test_a_leaf_that_gets_the_gradient_of_another(with_inputs):
    a, b, c = (wg.ones(2, requires_grad=True) for _ in range(3))
    a.grad, b.grad = wg.tensor([1.0, 2.0]), wg.tensor([3.0, 4.0])
    inputs = [a, b, c] if with_inputs else None
    wg.autograd.backward([a + b, c * 2], [a.grad, b.grad], inputs=inputs)
    assert a.grad.tolist() == [2, 4] and b.grad.tolist() == [4, 6] and c.grad.tolist() == [6, 8]
