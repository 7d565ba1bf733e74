"""Recurrent layers: training, state, random numbers, threads."""

from __future__ import annotations

import copy
import gc
import importlib
import pickle

import numpy as np
import pytest

import wengert as wg
from wengert import nn, optim

LAYERS = [nn.RNN, nn.LSTM, nn.GRU]
CELLS = [nn.RNNCell, nn.LSTMCell, nn.GRUCell]


def outputs_of(result) -> list[wg.Tensor]:
    """The tensors of (output, h) or (output, (h, c))."""
    output, last = result
    return [output, *(last if isinstance(last, tuple) else (last,))]


def values(tensors) -> list[np.ndarray]:
    return [t.detach().numpy() for t in tensors]


def bits(tensors) -> list[bytes]:
    return [np.ascontiguousarray(v).tobytes() for v in values(tensors)]


# ---- training ------------------------------------------------------------------------------


def train(library: str, dtype: str, weights: dict[str, np.ndarray], steps: int = 20) -> list[float]:
    """The loss of every step of a small classifier of sequences."""
    lib = importlib.import_module(library)
    rng = np.random.default_rng(5)
    x = lib.tensor(rng.standard_normal((12, 6, 5)).astype(dtype))
    target = lib.tensor(rng.integers(0, 3, 6))
    lstm = lib.nn.LSTM(5, 8, num_layers=2, bidirectional=True)
    head = lib.nn.Linear(16, 3)
    model = lib.nn.ModuleList([lstm, head]).to(getattr(lib, dtype))
    model.load_state_dict({k: lib.tensor(v) for k, v in weights.items()})
    optimizer = lib.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        output, (h, c) = lstm(x)
        loss = lib.nn.functional.cross_entropy(head(output.mean(0)), target)
        loss = loss + 0.1 * (h * h).mean() + 0.1 * c.tanh().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.torch
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("float64", 1e-9)])
def test_training_gives_pytorchs_losses(dtype, tolerance):
    model = nn.ModuleList([nn.LSTM(5, 8, num_layers=2, bidirectional=True), nn.Linear(16, 3)])
    rng = np.random.default_rng(6)
    weights = {
        k: (rng.standard_normal(v.shape) * 0.3).astype(dtype) for k, v in model.state_dict().items()
    }
    ours, theirs = train("wengert", dtype, weights), train("torch", dtype, weights)
    assert ours[-1] < ours[0]
    np.testing.assert_allclose(ours, theirs, rtol=tolerance)


def with_threads(n: int, f):
    threads = wg.get_num_threads()
    wg.set_num_threads(n)
    try:
        return f()
    finally:
        wg.set_num_threads(threads)


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64], ids=str)
@pytest.mark.parametrize("layer", LAYERS)
def test_threads_change_no_bit(layer, dtype):
    def run() -> list[bytes]:
        wg.manual_seed(1)
        model = layer(48, 160, num_layers=2, bidirectional=True, dropout=0.3, dtype=dtype)
        x = wg.randn(9, 70, 48, dtype=dtype).requires_grad_()
        found = outputs_of(model(x))
        packed = nn.utils.rnn.pack_padded_sequence(
            x, [3 + i % 7 for i in range(70)], enforce_sorted=False
        )
        found += [model(packed)[0].data]
        sum((t * t).mean() for t in found).backward()
        return bits([*found, x.grad, *(p.grad for p in model.parameters())])

    one = with_threads(1, run)
    for n in (2, 3):
        assert with_threads(n, run) == one


@pytest.mark.parametrize("layer", LAYERS)
def test_a_sequence_is_the_same_in_any_batch(layer):
    model = layer(5, 7, num_layers=2, bidirectional=True).double()
    sequences = [wg.randn(n, 5, dtype=wg.float64) for n in (4, 1, 6, 6, 2)]
    packed = nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
    output, *last = outputs_of(model(packed))
    for i, (x, y) in enumerate(zip(sequences, nn.utils.rnn.unpack_sequence(output), strict=True)):
        alone, *last_alone = outputs_of(model(x))
        np.testing.assert_allclose(y.detach(), alone.detach(), rtol=1e-12, atol=1e-14)
        for a, b in zip(last, last_alone, strict=True):
            np.testing.assert_allclose(a[:, i].detach(), b.detach(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("layer", "cell"), [*zip(LAYERS, CELLS, strict=True)])
def test_a_layer_is_its_cell_at_every_step(layer, cell):
    model, one = layer(4, 6).double(), cell(4, 6).double()
    one.load_state_dict({k.replace("_l0", ""): v for k, v in model.state_dict().items()})
    x = wg.randn(5, 3, 4, dtype=wg.float64)
    state, outputs = None, []
    for t in range(5):
        state = one(x[t], state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    y, y_one = model(x)[0], wg.stack(outputs)
    np.testing.assert_allclose(y.detach(), y_one.detach(), rtol=1e-12, atol=1e-14)
    w = wg.randn(5, 3, 6, dtype=wg.float64)
    (y * w).sum().backward()
    (y_one * w).sum().backward()
    for (_, a), (_, b) in zip(model.named_parameters(), one.named_parameters(), strict=True):
        np.testing.assert_allclose(a.grad, b.grad, rtol=1e-10, atol=1e-12)


# ---- gradients -----------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS)
def test_the_output_may_be_changed_in_place(layer):
    model, x = layer(3, 4).double(), wg.randn(5, 2, 3, dtype=wg.float64)
    model(x)[0].mul_(3.0).sum().backward()
    changed = [p.grad.numpy().copy() for p in model.parameters()]
    model.zero_grad()
    (model(x)[0] * 3.0).sum().backward()
    for a, p in zip(changed, model.parameters(), strict=True):
        np.testing.assert_allclose(a, p.grad, rtol=1e-12)


@pytest.mark.parametrize("layer", LAYERS)
def test_weights_changed_before_backward_are_an_error(layer):
    model = layer(3, 4)
    y = model(wg.randn(5, 2, 3))[0]
    with wg.no_grad():
        model.weight_hh_l0.mul_(2.0)
    with pytest.raises(RuntimeError, match="changed"):
        y.sum().backward()


@pytest.mark.parametrize("layer", LAYERS)
def test_gradients_accumulate_and_the_graph_can_be_kept(layer):
    model, x = layer(3, 4).double(), wg.randn(5, 2, 3, dtype=wg.float64)
    loss = model(x)[0].square().sum()
    loss.backward(retain_graph=True)
    once = [p.grad.numpy().copy() for p in model.parameters()]
    loss.backward()
    for a, p in zip(once, model.parameters(), strict=True):
        np.testing.assert_allclose(p.grad, 2 * a, rtol=1e-12)
    grads = [p.grad for p in model.parameters()]
    assert len({g.data_ptr() for g in grads}) == len(grads)


@pytest.mark.parametrize("layer", LAYERS)
def test_third_derivative_of_a_sum_of_gradients(layer):
    model = layer(2, 3, bidirectional=True).double()
    x = wg.randn(3, 1, 2, dtype=wg.float64).requires_grad_()

    def second(t: wg.Tensor) -> wg.Tensor:
        (g,) = wg.autograd.grad(model(t)[0].sum(), [t], create_graph=True)
        (h,) = wg.autograd.grad(g.square().sum(), [t], create_graph=True)
        return h.square().sum()

    (third,) = wg.autograd.grad(second(x), [x])
    d, step = wg.randn(3, 1, 2, dtype=wg.float64), 1e-5

    def along(s: float) -> float:
        return second((x.detach() + d * s).requires_grad_()).item()

    numeric = (along(step) - along(-step)) / (2 * step)
    np.testing.assert_allclose((third * d).sum().item(), numeric, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("layer", LAYERS)
def test_nothing_is_left_behind(layer):
    def run() -> None:
        model = layer(3, 4, num_layers=2, bidirectional=True)
        y = model(wg.randn(5, 2, 3))[0].square().sum()
        y.backward(create_graph=True)
        sum(p.grad.sum() for p in model.parameters()).backward()
        for p in model.parameters():  # a gradient with a graph refers to its parameter
            p.grad = None

    run()
    gc.collect()
    before = wg.memory_stats()["allocated"]
    run()
    gc.collect()
    # What earlier tests left to other threads may be given back meanwhile.
    assert wg.memory_stats()["allocated"] <= before


# ---- state ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*LAYERS, *CELLS])
def test_copies_and_pickles(kind):
    model = kind(3, 4)
    x = wg.randn(2, 3) if kind in CELLS else wg.randn(5, 2, 3)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert repr(other) == repr(model)
        assert list(other.state_dict()) == list(model.state_dict())
        a, b = model(x), other(x)
        while isinstance(a, tuple):
            a, b = a[0], b[0]
        assert bits([a]) == bits([b])
        with wg.no_grad():
            next(other.parameters()).zero_()
        assert next(model.parameters()).abs().sum().item() > 0
    fresh = kind(3, 4)
    fresh.load_state_dict(model.state_dict())
    assert bits(fresh.parameters()) == bits(model.parameters())


def test_a_packed_sequence_can_be_pickled_and_copied():
    packed = nn.utils.rnn.pack_sequence([wg.ones(1), wg.zeros(3)], enforce_sorted=False)
    for other in (pickle.loads(pickle.dumps(packed)), copy.deepcopy(packed)):
        assert type(other) is nn.utils.rnn.PackedSequence
        assert [t.tolist() for t in other] == [t.tolist() for t in packed]


@pytest.mark.parametrize("layer", LAYERS)
def test_weights_can_be_replaced(layer):
    model, x = layer(3, 4), wg.randn(5, 2, 3)
    weight = model.weight_hh_l0.detach().clone().requires_grad_()
    y = model(x)[0]
    del model._parameters["weight_hh_l0"]
    model.weight_hh_l0 = weight * 1.0
    again = model(x)[0]
    assert bits([again]) == bits([y])
    again.sum().backward()
    assert weight.grad.abs().sum().item() > 0


@pytest.mark.parametrize("kind", [*LAYERS, *CELLS])
def test_parameters_begin_uniform(kind):
    wg.manual_seed(2)
    model = kind(64, 100)
    for p in model.parameters():
        v = p.detach().numpy()
        assert np.abs(v).max() <= 0.1
        assert abs(v.mean()) < 5 * 0.1 / np.sqrt(3 * v.size)
        assert abs(v.std() - 0.1 / np.sqrt(3)) < 0.005 + 0.05 / np.sqrt(v.size)
    wg.manual_seed(2)
    assert bits(kind(64, 100).parameters()) == bits(model.parameters())


@pytest.mark.parametrize("layer", LAYERS)
def test_half_precision_is_near_float32(layer):
    model, x = layer(4, 5, bidirectional=True), wg.randn(6, 3, 4)
    want = outputs_of(model(x))
    for dtype in (wg.float16, wg.bfloat16):
        got = outputs_of(copy.deepcopy(model).to(dtype)(x.to(dtype)))
        for a, b in zip(got, want, strict=True):
            assert a.dtype == dtype
            np.testing.assert_allclose(a.detach().float(), b.detach(), atol=0.03)


def short_layer(library: str, layer: str, dtype: str, **options) -> list[np.ndarray]:
    """Results and gradients of a layer, from the same numbers of bfloat16."""
    lib, rng = importlib.import_module(library), np.random.default_rng(3)

    def numbers(shape, scale=1.0):
        values = (rng.standard_normal(tuple(shape)) * scale).astype("float32")
        return lib.tensor(values).to(lib.bfloat16).to(getattr(lib, dtype))

    model = getattr(lib.nn, layer)(24, 40, **options).to(getattr(lib, dtype))
    model.load_state_dict({k: numbers(v.shape, 0.1) for k, v in model.state_dict().items()})
    x = numbers((16, 20, 24)).requires_grad_()
    found = outputs_of(model(x))
    given = [numbers(t.shape) for t in found]
    sum((t * g).sum() for t, g in zip(found, given, strict=True)).backward()
    found += [x.grad, *(p.grad for p in model.parameters())]
    return [t.detach().to(lib.float64).numpy() for t in found]


def error_of(found: list[np.ndarray], exact: list[np.ndarray]) -> list[float]:
    norm = np.linalg.norm
    return [norm(a - b) / norm(b) for a, b in zip(found, exact, strict=True)]


SHORT = [("RNN", {}), ("LSTM", {}), ("GRU", {}), ("LSTM", {"proj_size": 16})]


@pytest.mark.parametrize(("layer", "options"), SHORT)
def test_bfloat16_is_as_wrong_as_its_factors(layer, options):
    exact = short_layer("wengert", layer, "float64", **options)
    assert max(error_of(short_layer("wengert", layer, "bfloat16", **options), exact)) < 2**-8


@pytest.mark.torch
@pytest.mark.parametrize(("layer", "options"), SHORT)
def test_bfloat16_is_no_worse_than_pytorchs(layer, options):
    exact = short_layer("wengert", layer, "float64", **options)
    ours = error_of(short_layer("wengert", layer, "bfloat16", **options), exact)
    theirs = error_of(short_layer("torch", layer, "bfloat16", **options), exact)
    assert max(ours) <= max(theirs)
    assert all(a <= 1.1 * b for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("layer", LAYERS)
def test_autocast_replays_and_is_near_float32(layer):
    wg.manual_seed(2)
    model, x, w = layer(24, 40), wg.randn(9, 20, 24), wg.randn(9, 20, 40)

    def step(x, short=True):
        model.zero_grad()
        with wg.autocast("cpu", dtype=wg.bfloat16, enabled=short):
            y, *last = outputs_of(model(x))
        (y * w).sum().backward()
        assert all(t.dtype == y.dtype for t in last)
        return [y.detach(), *(p.grad for p in model.parameters())]

    replayed = wg.replay(step)
    exact = [t.clone() for t in step(x, False)]
    found = [t.clone() for t in step(x)]
    # A GRU's states keep their dtype, as in PyTorch.
    assert found[0].dtype == (wg.float32 if layer is nn.GRU else wg.bfloat16)
    assert all(p.grad.dtype == wg.float32 for p in model.parameters())
    assert max(error_of(*([t.double().numpy() for t in a] for a in (found, exact)))) < 2**-7
    for _ in range(3):
        for a, b in zip(replayed(x), found, strict=True):
            assert a.equal(b)
    assert replayed.replays > 0


# ---- dropout -------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS)
def test_dropout_stands_between_layers_in_training(layer):
    model, x = layer(4, 200, num_layers=2, dropout=0.5), wg.randn(20, 4, 4)
    # The second layer passes on what it is given by the first.
    with wg.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("_l1"):
                p.zero_()
    wg.manual_seed(3)
    first = model(x)[0]
    assert bits([first]) == bits([model(x)[0]])  # layer 2 ignores its input
    with wg.no_grad():
        model.weight_ih_l1.fill_(0.01)
    wg.manual_seed(3)
    a = model(x)[0]
    b = model(x)[0]
    wg.manual_seed(3)
    c = model(x)[0]
    assert bits([a]) == bits([c]) != bits([b])
    model.eval()
    assert bits([model(x)[0]]) == bits([model(x)[0]])


def test_dropout_with_one_layer_warns():
    with pytest.warns(UserWarning, match="num_layers"):
        nn.LSTM(2, 3, dropout=0.5)


# ---- errors that PyTorch does not raise -----------------------------------------------------


def test_states_of_the_wrong_shape_are_an_error():
    w = [wg.ones(12, 4), wg.ones(12, 3), wg.ones(12), wg.ones(12)]
    options = (True, 1, 0.0, False, False)
    x = wg.ones(5, 2, 4)
    for shape in ((2, 2, 3), (1, 1, 3), (1, 2, 4)):
        hx = (wg.ones(shape), wg.ones(shape))
        with pytest.raises(RuntimeError, match="first"):
            wg.lstm(x, hx, w, *options, False)
    hx = (wg.ones(1, 2, 3), wg.ones(1, 2, 3))
    with pytest.raises(RuntimeError, match="parameters"):
        wg.lstm(x, hx, w * 2, *options, False)
    for sizes in ([1, 2], [2, 0], [3], []):
        with pytest.raises(RuntimeError, match="batch_sizes"):
            wg.lstm(wg.ones(2, 4), wg.tensor(sizes, dtype=wg.int64), hx, w, *options)
    with pytest.raises(TypeError, match="expected lstm"):
        wg.lstm(x, hx, w, True)


def test_packed_states_of_the_wrong_shape_are_an_error():
    packed = nn.utils.rnn.pack_sequence([wg.ones(3, 4), wg.ones(1, 4)])
    for shape in ((2, 2, 3), (1, 3, 3), (1, 2, 4), (2, 3)):
        hx = (wg.ones(shape), wg.ones(1, 2, 3))
        with pytest.raises(RuntimeError, match=r"Expected hidden\[0\]"):
            nn.LSTM(4, 3)(packed, hx)


def test_lengths_beyond_the_input_are_an_error():
    with pytest.raises(RuntimeError, match="from 1 to 3"):
        nn.utils.rnn.pack_padded_sequence(wg.ones(3, 2), [4, 3])


def test_unpacking_leaves_the_padded_tensor_as_it_was():
    x = wg.ones(3, 2)
    nn.utils.rnn.unpad_sequence(x, wg.tensor([1, 2]))
    assert tuple(x.shape) == (3, 2)


def test_an_optimizer_sees_every_parameter():
    model = nn.GRU(3, 4, num_layers=2, bidirectional=True)
    before = bits(model.parameters())
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model(wg.randn(5, 2, 3))[0].square().sum().backward()
    optimizer.step()
    assert all(a != b for a, b in zip(before, bits(model.parameters()), strict=True))


@pytest.mark.parametrize("layer", LAYERS)
def test_a_call_computes_parametrized_weights_once(layer):
    class Counted(nn.Module):
        calls = 0

        def forward(self, x):
            self.calls += 1
            return x * 1

    m = layer(3, 4)
    counted = Counted()
    nn.utils.parametrize.register_parametrization(m, "weight_ih_l0", counted)
    counted.calls = 0
    m(wg.randn(5, 2, 3))
    assert counted.calls == 1
    with pytest.raises(RuntimeError, match="one dtype"):
        wg.gru_cell(
            wg.ones(2, 3), wg.ones(2, 4), wg.ones(12, 3).bfloat16(), wg.ones(12, 4).bfloat16()
        )
    with pytest.raises(ValueError, match="dtype"):
        m(wg.randn(5, 2, 3, dtype=wg.float64))
