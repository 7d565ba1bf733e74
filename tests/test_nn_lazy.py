"""What lazy layers do that a comparison of values does not show."""

from __future__ import annotations

import copy
import pickle

import pytest

import wengert as wg
from wengert import nn
from wengert.nn.parameter import is_lazy


def test_optimizers_take_parameters_that_get_their_shapes_later():
    net = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(1))
    optimizer = wg.optim.SGD(net.parameters(), lr=0.1)
    net(wg.ones(2, 3))
    before = [p.detach().clone() for p in net.parameters()]
    net(wg.ones(2, 3)).sum().backward()
    optimizer.step()
    assert any(not wg.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


def test_parameters_stay_the_same_objects():
    layer = nn.LazyConv2d(4, 3)
    weight, bias = layer.weight, layer.bias
    layer(wg.ones(1, 2, 5, 5))
    assert layer.weight is weight
    assert layer.bias is bias
    assert type(weight) is nn.Parameter
    assert weight.is_leaf
    assert weight.requires_grad
    assert weight.shape == (4, 2, 3, 3)


def test_initial_values_are_those_of_the_ordinary_layer():
    wg.manual_seed(3)
    lazy = nn.LazyLinear(5)
    lazy(wg.ones(1, 7))
    wg.manual_seed(3)
    ordinary = nn.Linear(7, 5)
    assert wg.equal(lazy.weight, ordinary.weight)
    assert wg.equal(lazy.bias, ordinary.bias)


def test_calls_look_at_no_hooks_once_it_is_initialized():
    layer = nn.LazyLinear(2)
    layer(wg.ones(1, 3))
    assert layer._hooks is None
    assert not hasattr(layer, "_initialize_hook")
    seen = []
    layer = nn.LazyLinear(2)
    layer.register_forward_hook(lambda *args: seen.append(args[0]))
    layer(wg.ones(1, 3))
    layer(wg.ones(1, 3))
    assert seen == [layer, layer]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_lazy_on_their_own(duplicate):
    layer = nn.LazyBatchNorm1d(dtype=wg.float64)
    twin = duplicate(layer)
    twin(wg.ones(4, 3, dtype=wg.float64))
    assert type(twin) is nn.BatchNorm1d
    assert twin.running_mean.dtype is wg.float64
    assert type(layer) is nn.LazyBatchNorm1d
    assert layer.has_uninitialized_params()
    again = duplicate(twin)
    assert wg.equal(again.running_var, twin.running_var)


def test_states_go_both_ways():
    source = nn.LazyConv1d(4, 3)
    target = nn.LazyConv1d(4, 3)
    source(wg.ones(1, 2, 5))
    target.load_state_dict(source.state_dict())
    assert wg.equal(target.weight, source.weight)
    x = wg.rand(1, 2, 5)
    assert wg.equal(target(x), source(x))
    assert type(target) is nn.Conv1d
    with pytest.raises(RuntimeError, match="not initialized"):
        source.load_state_dict(nn.LazyConv1d(4, 3).state_dict())


def test_buffers_stay_buffers():
    layer = nn.LazyBatchNorm2d()
    layer(wg.ones(2, 3, 4, 4))
    assert list(dict(layer.named_buffers())) == [
        "running_mean",
        "running_var",
        "num_batches_tracked",
    ]
    layer.running_mean = wg.ones(3)
    assert "running_mean" in layer.state_dict()


def test_every_use_of_an_uninitialized_parameter_says_what_to_do():
    p = nn.UninitializedParameter()
    assert is_lazy(p)
    assert not is_lazy(nn.Parameter(wg.ones(2)))
    for use in (lambda: p + 1, lambda: wg.add(p, 1), lambda: p.numel(), lambda: wg.stack([p, p])):
        with pytest.raises((ValueError, TypeError), match=r"initialized|call"):
            use()
    with pytest.raises(RuntimeError, match="call the module"):
        p.shape  # noqa: B018
    with pytest.raises(ValueError, match="initialized"):
        p.grad = wg.ones(2)
    p.grad = None
    p.requires_grad = False
    p.materialize((2,), dtype=wg.float64)
    assert not p.requires_grad
    assert p.dtype is wg.float64
    q = copy.deepcopy(nn.UninitializedParameter(requires_grad=False))
    assert not q.requires_grad


def test_frequencies_scale_the_gradients_of_bags_as_those_of_rows():
    i = wg.tensor([1, 2, 4, 5, 4, 3, 2, 0])
    offsets = wg.tensor([0, 3, 7])
    w = wg.rand(6, 4, dtype=wg.float64, requires_grad=True)
    scale = wg.rand(3, 4, dtype=wg.float64)
    bags = nn.functional.embedding_bag(i, w, offsets, mode="sum", scale_grad_by_freq=True)
    (got,) = wg.autograd.grad((bags * scale).sum(), w)
    rows = nn.functional.embedding(i, w, scale_grad_by_freq=True)
    sums = wg.stack([rows[:3].sum(0), rows[3:7].sum(0), rows[7:].sum(0)])
    (wanted,) = wg.autograd.grad((sums * scale).sum(), w)
    assert wg.allclose(got, wanted)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_bags_have_second_derivatives(mode):
    i, offsets = wg.tensor([1, 2, 4, 5, 4, 3, 2, 0]), wg.tensor([0, 3, 3, 7])
    w = wg.rand(6, 4, dtype=wg.float64, requires_grad=True)
    wg.autograd.gradgradcheck(
        lambda w: nn.functional.embedding_bag(i, w, offsets, mode=mode, padding_idx=2) ** 2, (w,)
    )


def test_bags_with_weights_have_second_derivatives():
    i, offsets = wg.tensor([1, 2, 4, 5, 4]), wg.tensor([0, 2])
    w = wg.rand(6, 4, dtype=wg.float64, requires_grad=True)
    p = wg.rand(5, dtype=wg.float64, requires_grad=True)
    wg.autograd.gradgradcheck(
        lambda w, p: nn.functional.embedding_bag(i, w, offsets, mode="sum", per_sample_weights=p),
        (w, p),
    )


def test_fractional_pooling_draws_its_places():
    x = wg.rand(2, 3, 20, 20)
    pool = nn.FractionalMaxPool2d(2, output_size=8)
    wg.manual_seed(1)
    first = pool(x)
    second = pool(x)
    wg.manual_seed(1)
    assert wg.equal(pool(x), first)
    assert not wg.equal(second, first)
    values, places = nn.functional.fractional_max_pool2d(x, 2, 7, return_indices=True)
    assert wg.equal(x.flatten(2).gather(2, places.flatten(2)).view(values.shape), values)


def test_unpooling_checks_indices_that_reach_too_far():
    x = wg.ones(1, 1, 2)
    for bad in (99, -1):
        with pytest.raises(RuntimeError, match="lies outside"):
            nn.functional.max_unpool1d(x, wg.tensor([[[0, bad]]]), 2)
