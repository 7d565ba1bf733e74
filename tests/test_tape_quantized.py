"""Weights of 8 bits: exact sums of integers, and programs that hold them."""

from __future__ import annotations

import gc
import json
import weakref

import numpy as np
import pytest
import test_tape
from test_tape import bits
from test_tape_files import split, write

import wengert as wg
from wengert import nn, optim
from wengert.nn import functional as F


def rounded(x, dtype):
    """What the engine makes of rows: integers and a scale for each."""
    a = np.abs(x).max(-1, keepdims=True)
    return np.rint(x * (dtype(127) / a)).astype(np.int32), a / dtype(127)


def expected(x, w, scale, bias, dtype):
    q, sx = rounded(x, dtype)
    sums = q @ w.astype(np.int32).T
    y = sums.astype(dtype) * sx * scale
    return y if bias is None else y + bias


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 3, 16, 63, 64, 65, 130, 512])
def test_products_of_integers_are_exact(k, dtype):
    rng = np.random.default_rng(k)
    for m, n in ((1, 1), (1, 70), (3, 5), (4, 64), (7, 130), (130, 9)):
        x = rng.standard_normal((m, k)).astype(dtype)
        w = rng.integers(-128, 128, (n, k)).astype(np.int8)
        scale, bias = rng.random((2, n)).astype(dtype)
        for b in (None, bias):
            given = [wg.from_numpy(t) if t is not None else None for t in (x, w, scale, b)]
            got = F.quantized_linear(*given).numpy()
            assert got.tobytes() == expected(x, w, scale, b, dtype).astype(dtype).tobytes(), (m, n)


def test_threads_do_not_change_a_bit():
    x, w, s = wg.randn(65, 300), wg.randint(-127, 128, (257, 300)).to(wg.int8), wg.rand(257)
    wg.set_num_threads(1)
    one = bits(F.quantized_linear(x, w, s))
    wg.set_num_threads(2)
    assert bits(F.quantized_linear(x, w, s)) == one


def test_the_longest_rows_fit_into_32_bits():
    k = 1 << 17
    x, w = wg.full((1, k), -1.0), wg.full((2, k), -128).to(wg.int8)
    y = F.quantized_linear(x, w, wg.ones(2))
    sums = np.float32(127 * 128 * k)
    assert y.tolist() == [[float(sums * (np.float32(1) / np.float32(127)))] * 2]
    with pytest.raises(ValueError, match="at most 131072"):
        F.quantized_linear(wg.zeros(1, k + 1), wg.zeros(2, k + 1).to(wg.int8), wg.ones(2))


def test_errors_name_what_was_given():
    x, w = wg.ones(1, 3), wg.ones(2, 3).to(wg.int8)
    with pytest.raises(RuntimeError, match=r"a scale for each .* shape \(3,\)$"):
        F.quantized_linear(x, w, wg.ones(3))
    with pytest.raises(RuntimeError, match=r"a bias for each .* shape \(3,\)$"):
        F.quantized_linear(x, w, wg.ones(2), wg.ones(3))


def test_rows_without_a_scale():
    x = wg.tensor([[0.0, 0], [1e-40, 0], [np.inf, 1], [1, np.nan], [3, 4]])
    y = F.quantized_linear(x, wg.ones(2, 2).to(wg.int8), wg.ones(2), wg.ones(2))
    assert y[:2].tolist() == [[1, 1], [1, 1]] and wg.isnan(y[2:4]).all()
    assert bits(y[4]) == bits(
        F.quantized_linear(x[4], wg.ones(2, 2).to(wg.int8), wg.ones(2), wg.ones(2))
    )


def test_layouts_of_the_input():
    x, w, s = wg.randn(6, 4, 40), wg.randint(-127, 128, (9, 40)).to(wg.int8), wg.rand(9)
    y = F.quantized_linear(x, w, s)
    assert y.shape == (6, 4, 9)
    assert bits(F.quantized_linear(x.transpose(0, 1), w, s)) == bits(y.transpose(0, 1))
    assert bits(F.quantized_linear(x, w.t().contiguous().t(), s)) == bits(y)
    assert (
        F.quantized_linear(wg.zeros(3, 0), wg.zeros(2, 0).to(wg.int8), wg.ones(2)).tolist()
        == [[0, 0]] * 3
    )


def test_errors():
    x, w, s = wg.randn(3, 4), wg.zeros(2, 4).to(wg.int8), wg.ones(2)
    for arguments, error, match in (
        ((x, w.float(), s), RuntimeError, "int8"),
        ((x[:, :3], w, s), RuntimeError, "last dimension"),
        ((x.half(), w, s.half()), RuntimeError, "float32 or float64"),
        ((x, w, wg.ones(3)), RuntimeError, "each of the 2 rows"),
        ((x, w, s.double()), RuntimeError, "one dtype"),
        ((x, w, s, wg.ones(3)), RuntimeError, "each of the 2 rows"),
        ((x.requires_grad_(), w, s), RuntimeError, "no gradient"),
    ):
        with pytest.raises(error, match=match):
            F.quantized_linear(*arguments)
    with wg.no_grad():
        assert not F.quantized_linear(x, w, s).requires_grad
    with pytest.raises(RuntimeError, match="floating point"):
        F.quantize_weight(w)


def test_weights_are_rounded_to_the_nearest():
    w = wg.randn(5, 7, 3)
    w[1] = 0
    w[2, 0, 0] = float("nan")
    values, scale = F.quantize_weight(w)
    assert values.dtype == wg.int8 and values.shape == w.shape and scale.shape == (5,)
    assert scale[1] == 0 and wg.isnan(scale[2]) and not values[1:3].any()
    for i in (0, 3, 4):
        assert values[i].abs().max() == 127
        assert (values[i].float() * scale[i] - w[i]).abs().max() <= scale[i] * 0.50001
    half = F.quantize_weight(w.half())
    assert half[1].dtype == wg.float32


# ---- the pass ----------------------------------------------------------------------------------


def network():
    wg.manual_seed(0)
    return nn.Sequential(
        nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 96), nn.Tanh(), nn.Linear(96, 10)
    )


def quantized_by_hand(model, x):
    for layer in model:
        if isinstance(layer, nn.Linear):
            x = F.quantized_linear(x, *F.quantize_weight(layer.weight), layer.bias)
        else:
            x = layer(x)
    return x


def size_of(tensors):
    return sum(t.numel() * t.element_size() for t in tensors)


def test_linear_layers_are_quantized(tmp_path):
    model, x = network(), wg.randn(5, 64)
    with wg.no_grad():
        tape = wg.record(model, x)
        small = wg.tape.quantize_weights(tape, min_size=0)
        assert [s.name for s in small.steps].count("quantized_linear") == 3
        assert bits(small(x)) == bits(quantized_by_hand(model, x))
        tape.save(tmp_path / "tape")
        small.save(tmp_path / "small")
        ratio = (tmp_path / "small").stat().st_size / (tmp_path / "tape").stat().st_size
        assert ratio < 0.3 and size_of(small.states) < 0.28 * size_of(tape.states)
        loaded = wg.load_tape(tmp_path / "small")
        assert bits(loaded(x)) == bits(small(x))
        again = wg.tape.transform(loaded, lambda step, inputs, apply: apply(*inputs))
        assert bits(again(x)) == bits(small(x))


def test_the_weights_are_held_no_longer():
    model, x = network(), wg.randn(5, 64)
    with wg.no_grad():
        small = wg.tape.quantize_weights(wg.record(model, x))
        expected = bits(small(x))
        weights = [weakref.ref(p) for p in model.parameters() if p.ndim == 2 and p.numel() >= 1024]
        assert len(weights) == 2
        del model
        gc.collect()
        assert [w() for w in weights] == [None, None]
        assert bits(small(x)) == expected


def test_products_with_constants_are_quantized():
    w, v, b = wg.randn(40, 50), wg.randn(50, 40), wg.randn(50)
    x = wg.randn(7, 40)
    q, s = F.quantize_weight(w.t())
    for f, want in (
        (lambda t: t @ w, F.quantized_linear(x, q, s)),
        (lambda t: wg.addmm(b, t, w), F.quantized_linear(x, q, s) + b),
        (lambda t: t @ v.t(), F.quantized_linear(x, *F.quantize_weight(v))),
        (lambda t: t @ (v * 2).t(), F.quantized_linear(x, *F.quantize_weight(v * 2))),
    ):
        small = wg.tape.quantize_weights(wg.record(f, x))
        assert "quantized_linear" in [s.name for s in small.steps]
        assert bits(small(x)) == bits(want)
        assert all(t.dtype != wg.float32 or t.ndim < 2 for t in small.states)


def test_a_weight_that_is_used_twice_is_kept_once():
    w, x = wg.randn(64, 64), wg.randn(3, 64)
    small = wg.tape.quantize_weights(wg.record(lambda t: F.linear(F.linear(t, w), w), x))
    assert [t.dtype for t in small.states].count(wg.int8) == 1
    # Something else needs this one, too.
    small = wg.tape.quantize_weights(wg.record(lambda t: F.linear(t, w) + t * w[0], x))
    assert {t.dtype for t in small.states} == {wg.int8, wg.float32}
    assert bits(small(x)) == bits(F.quantized_linear(x, *F.quantize_weight(w)) + x * w[0])


def test_what_stays_as_it_is():
    x, w = wg.randn(8, 64), wg.randn(64, 64)
    names = lambda tape: [s.name for s in tape.steps]  # noqa: E731
    small = wg.tape.quantize_weights(wg.record(lambda t: F.linear(t, w[:4]), x))  # too small
    assert "linear" in names(small)
    double = wg.tape.quantize_weights(wg.record(lambda t: F.linear(t, w.double()), x.double()))
    assert "linear" in names(double)
    both = wg.tape.quantize_weights(wg.record(lambda t, u: t @ u, x, w))  # no constant
    assert "mm" in names(both)
    model, batch = test_tape.mlp()
    step = test_tape.make_step(model, optim.SGD(model.parameters(), lr=0.1))
    arguments = batch()
    step(*arguments)
    trains = wg.record(step, *arguments)
    assert "quantized_linear" not in names(wg.tape.quantize_weights(trains, min_size=0))


def test_onnx_has_no_word_for_it():
    values, scale = F.quantize_weight(wg.randn(4, 3))

    class Layer(nn.Module):
        def forward(self, x):
            return F.quantized_linear(x, values, scale)

    with pytest.raises(RuntimeError, match=r"quantized_linear.*cannot be written as ONNX"):
        wg.onnx.export(Layer(), wg.randn(2, 3))


def test_the_error_of_a_layer_has_the_bound_of_its_scales():
    wg.manual_seed(4)
    for k, n in ((16, 8), (256, 64), (1000, 32)):
        x, w = wg.randn(20, k) * wg.rand(20, 1) * 10, wg.randn(n, k) * wg.rand(n, 1)
        values, scale = F.quantize_weight(w)
        got = F.quantized_linear(x, values, scale).double()
        exact = x.double() @ w.double().t()
        sx = (x.abs().amax(1, keepdim=True) / 127).double()
        sw = scale.double()
        bound = (
            x.double().abs().sum(1, keepdim=True) * sw / 2
            + sx / 2 * w.double().abs().sum(1)
            + k * sx * sw / 4
        )
        assert ((got - exact).abs() <= bound * 1.0001 + 1e-5).all()
        # The bound is that of the worst case; errors of rounding cancel.
        assert ((got - exact).abs().mean() < bound.mean() / 5).all()


def test_digits_are_told_apart_as_well():
    datasets = pytest.importorskip("sklearn.datasets", reason="the digits come with scikit-learn")
    x, y = datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x = wg.from_numpy((x[order] / 16).astype(np.float32))
    y = wg.from_numpy(y[order].astype(np.int64))
    train, test = slice(0, 1200), slice(1200, None)
    wg.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    optimizer = optim.Adam(model.parameters(), lr=3e-3)

    @wg.replay
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    for _ in range(150):
        step(x[train], y[train])
    with wg.no_grad():
        tape = wg.record(model, x[test])
        small = wg.tape.quantize_weights(tape, min_size=0)
        accuracy = [(t(x[test]).argmax(1) == y[test]).float().mean().item() for t in (tape, small)]
    assert accuracy[0] > 0.95 and accuracy[1] > accuracy[0] - 0.005


def inputs_of(program):
    return program["steps"][0]["inputs"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p["values"][0].__setitem__(3, [2, 63]), "rows of another length"),
        (
            lambda p: p["steps"][0]["inputs"].__setitem__(1, p["steps"][0]["inputs"][0]),
            "dtype|dimensions",
        ),
        (
            lambda p: p["steps"][0]["inputs"].__setitem__(2, p["steps"][0]["inputs"][0]),
            "shape|dtype",
        ),
        (lambda p: p["steps"][0]["inputs"].extend([0, 0]), "expected 4 inputs|inputs"),
        (lambda p: p["steps"][0].update(kind="rule", gradients=1, edges=[[], [], [], []]), "."),
    ],
)
def test_hostile_files_are_refused(change, message, tmp_path):
    model = nn.Linear(64, 128)
    with wg.no_grad():
        small = wg.tape.quantize_weights(wg.record(model, wg.randn(2, 64)))
    path = tmp_path / "small"
    small.save(path)
    header, body = split(path)
    program = json.loads(header["__metadata__"]["wengert.tape"])
    assert program["steps"][0]["op"] == "quantized_linear"
    change(program)
    header["__metadata__"]["wengert.tape"] = json.dumps(program)
    write(path, header, body)
    with pytest.raises(ValueError, match=message):
        wg.load_tape(path)
