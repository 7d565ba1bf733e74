"""Modules: registration, state, hooks, containers; layers and functions against PyTorch's."""

import copy
import pickle
import warnings
from collections import OrderedDict

import numpy as np
import pytest

import wengert as wg
from wengert import nn
from wengert.nn import functional as F


def values(t):
    return t.detach().numpy()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.scale = nn.Parameter(wg.ones(4))
        self.register_buffer("seen", wg.zeros(1))
        self.register_buffer("scratch", wg.zeros(2), persistent=False)
        self.second = nn.Sequential(nn.ReLU(), nn.Linear(4, 2, bias=False))
        self.note = "text"

    def forward(self, x, times=1.0):
        return self.second(self.first(x) * self.scale) * times


# ---- registration --------------------------------------------------------------------------


def test_names_and_order():
    net = Net()
    names = ["scale", "first.weight", "first.bias", "second.1.weight"]
    assert [n for n, _ in net.named_parameters()] == names
    assert [n for n, _ in net.named_parameters(prefix="p", recurse=False)] == ["p.scale"]
    assert [n for n, _ in net.named_buffers()] == ["seen", "scratch"]
    assert [n for n, _ in net.named_children()] == ["first", "second"]
    expected = ["", "first", "second", "second.0", "second.1"]
    assert [n for n, _ in net.named_modules()] == expected
    assert list(net.state_dict()) == ["scale", "seen", *names[1:]]
    assert len(list(net.parameters())) == 4 and len(list(net.buffers())) == 2
    assert len(list(net.modules())) == 5 and list(net.children()) == [net.first, net.second]


def test_registered_values_are_plain_attributes():
    net = Net()
    assert net.__dict__["scale"] is net.scale
    assert net._parameters["scale"] is net.scale
    net._parameters["scale"] = replacement = nn.Parameter(wg.zeros(4))
    assert net.scale is replacement
    del net._modules["second"]
    assert not hasattr(net, "second") and list(net._modules) == ["first"]


def test_shared_parameters_appear_once():
    net = Net()
    net.third = net.first
    net.again = net.scale
    assert len(list(net.parameters())) == 4 and len(list(net.modules())) == 5
    assert len(list(net.named_parameters(remove_duplicate=False))) == 7
    assert "third.weight" in net.state_dict() and "again" in net.state_dict()


def test_assignment_changes_the_kind():
    net = Net()
    net.note = nn.Parameter(wg.zeros(1))
    assert "note" in net._parameters
    with pytest.raises(TypeError, match="as parameter 'note'"):
        net.note = nn.Identity()
    del net.note
    net.note = nn.Identity()
    assert "note" not in net._parameters and "note" in net._modules
    net.note = None
    assert net.note is None and "note" in net._modules
    del net.note
    assert not hasattr(net, "note") and "note" not in net._modules
    net.fresh = nn.Buffer(wg.ones(1), persistent=False)
    assert "fresh" in dict(net.named_buffers()) and "fresh" not in net.state_dict()
    net.seen = wg.ones(3)
    assert dict(net.named_buffers())["seen"].tolist() == [1, 1, 1]


def test_refused_assignments():
    net = Net()
    with pytest.raises(TypeError, match="as parameter 'scale'"):
        net.scale = wg.ones(4)
    with pytest.raises(TypeError, match="as child module 'first'"):
        net.first = 3
    with pytest.raises(TypeError, match="as buffer 'seen'"):
        net.seen = 3
    with pytest.raises(KeyError, match="already exists"):
        net.register_buffer("forward", wg.zeros(1))
    with pytest.raises(KeyError, match="contain"):
        net.register_parameter("a.b", None)
    with pytest.raises(KeyError, match="empty string"):
        net.add_module("", nn.ReLU())
    with pytest.raises(TypeError, match="not a Module subclass"):
        net.add_module("x", 3)
    computed = nn.Parameter(wg.ones(1), requires_grad=False).mul_(net.scale[0])
    with pytest.raises(ValueError, match="non-leaf"):
        net.register_parameter("x", computed)
    with pytest.raises(AttributeError, match="nothing"):
        net.nothing  # noqa: B018


def test_assignment_before_init():
    class Early(nn.Module):
        def __init__(self):
            self.value = nn.Parameter(wg.zeros(1))

    with pytest.raises(AttributeError, match=r"before Module\.__init__"):
        Early()


def test_lookup_by_name():
    net = Net()
    assert net.get_submodule("second.1") is net.second[1] and net.get_submodule("") is net
    assert net.get_parameter("first.bias") is net.first.bias
    assert net.get_buffer("seen") is net.seen
    net.set_submodule("second.0", nn.Tanh())
    assert isinstance(net.second[0], nn.Tanh)
    with pytest.raises(AttributeError, match="no attribute"):
        net.get_submodule("third")
    with pytest.raises(AttributeError, match=r"not an nn\.Module"):
        net.get_submodule("scale")
    with pytest.raises(AttributeError, match="not a parameter"):
        net.get_parameter("seen")


def test_modes_and_apply():
    net = Net()
    assert net.eval() is net and not net.second[0].training
    net.train()
    assert all(m.training for m in net.modules())
    with pytest.raises(ValueError, match="boolean"):
        net.train(1)
    seen = []
    net.apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Linear", "ReLU", "Linear", "Sequential", "Net"]
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())


def test_conversion_keeps_the_parameters():
    net = Net()
    net.register_buffer("count", wg.zeros(1, dtype=wg.int64))
    before = list(net.parameters())
    net(wg.ones(2, 3)).sum().backward()
    assert net.double() is net
    assert all(a is b for a, b in zip(before, net.parameters(), strict=True))
    assert {p.dtype for p in net.parameters()} == {wg.float64}
    assert all(p.requires_grad and p.is_leaf for p in net.parameters())
    assert net.scale.grad.dtype == wg.float64
    assert net.seen.dtype == wg.float64 and net.count.dtype == wg.int64
    assert net.to(wg.float32).scale.dtype == wg.float32
    assert net.to(wg.ones(1, dtype=wg.float64)).scale.dtype == wg.float64
    assert net.to("cpu", dtype=wg.float32).scale.dtype == wg.float32
    with pytest.raises(TypeError, match="floating point or complex"):
        net.to(wg.int64)


def test_zero_grad():
    net = Net()
    net(wg.ones(2, 3)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.scale.grad.tolist() == [0] * 4
    net.zero_grad()
    assert net.scale.grad is None


def test_text():
    assert repr(nn.Linear(2, 3)) == "Linear(in_features=2, out_features=3, bias=True)"
    assert repr(nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh()))) == (
        "Sequential(\n  (0): ReLU()\n  (1): Sequential(\n    (0): Tanh()\n  )\n)"
    )
    assert repr(nn.Parameter(wg.zeros(1))).startswith("Parameter containing:\n")


def test_copy_and_pickle():
    net = Net()
    x = wg.ones(2, 3)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin.scale is not net.scale and isinstance(twin.scale, nn.Parameter)
        assert values(twin(x)) == pytest.approx(values(net(x)))
        assert list(twin.state_dict()) == list(net.state_dict())


# ---- state ---------------------------------------------------------------------------------


def test_state_is_detached_and_shared():
    net = Net()
    state = net.state_dict()
    assert not state["scale"].requires_grad
    with wg.no_grad():
        net.scale.fill_(7)
    assert state["scale"].tolist() == [7] * 4
    assert net.state_dict(keep_vars=True)["scale"] is net.scale
    assert state._metadata["first"] == {"version": 1}
    assert next(iter(net.state_dict(prefix="m."))) == "m.scale"


def test_load_copies_or_assigns():
    net, other = Net(), Net()
    scale = net.scale
    result = net.load_state_dict(other.state_dict())
    assert str(result) == "<All keys matched successfully>"
    assert net.scale is scale
    assert values(net.first.weight).tolist() == values(other.first.weight).tolist()
    state = other.state_dict()
    net.load_state_dict(state, assign=True)
    assert net.scale is not scale and isinstance(net.scale, nn.Parameter)
    with wg.no_grad():
        state["scale"].fill_(9)
    assert net.scale.tolist() == [9] * 4 and net.scale.requires_grad


def test_load_reports_what_does_not_fit():
    net = Net()
    state = net.state_dict()
    del state["first.bias"]
    state["first.extra"] = wg.zeros(1)
    state["elsewhere"] = wg.zeros(1)
    state["scale"] = wg.zeros(5)
    with pytest.raises(RuntimeError) as error:
        net.load_state_dict(state)
    text = str(error.value)
    assert text.startswith("Error(s) in loading state_dict for Net:\n\tMissing key(s)")
    assert '"first.bias"' in text and "size mismatch for scale" in text
    assert 'Unexpected key(s) in state_dict: "elsewhere", "first.extra"' in text
    state["scale"] = wg.full((4,), 3.0)
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["first.bias"]
    assert result.unexpected_keys == ["elsewhere", "first.extra"]
    assert net.scale.tolist() == [3] * 4


def test_extra_state():
    class Extra(nn.Module):
        extra = 1

        def get_extra_state(self):
            return self.extra

        def set_extra_state(self, state):
            self.extra = state

    a, b = Extra(), Extra()
    a.extra = 5
    b.load_state_dict(a.state_dict())
    assert b.extra == 5 and list(a.state_dict()) == ["_extra_state"]
    with pytest.raises(RuntimeError, match="Missing"):
        b.load_state_dict({})
    with pytest.raises(RuntimeError, match="Unexpected"):
        nn.ReLU().load_state_dict(a.state_dict())


def test_state_hooks():
    net, seen = Net(), []
    net.register_state_dict_pre_hook(lambda m, prefix, keep: seen.append(prefix))
    net.register_state_dict_post_hook(lambda m, s, prefix, meta: s.__delitem__(prefix + "seen"))
    net.register_load_state_dict_pre_hook(lambda m, s, *rest: s.setdefault("seen", wg.ones(1)))
    net.register_load_state_dict_post_hook(lambda m, keys: keys.unexpected_keys.clear())
    state = net.state_dict()
    assert "seen" not in state and seen == [""]
    state["unknown"] = wg.zeros(1)
    net.load_state_dict(state)
    assert net.seen.item() == 1


def test_batch_norm_states_without_a_count_load():
    norm = nn.BatchNorm1d(2)
    state = OrderedDict((k, v) for k, v in norm.state_dict().items() if "num" not in k)
    norm.load_state_dict(state)
    state._metadata = OrderedDict({"": {"version": 2}})
    with pytest.raises(RuntimeError, match="num_batches_tracked"):
        norm.load_state_dict(state)


# ---- hooks ---------------------------------------------------------------------------------


def test_forward_hooks():
    layer = nn.Identity()
    first = layer.register_forward_pre_hook(lambda m, args: args[0] * 2)
    second = layer.register_forward_hook(lambda m, args, out: out + args[0])
    assert layer(wg.ones(1)).item() == 4
    first.remove()
    assert layer(wg.ones(1)).item() == 2
    with second:
        pass
    assert layer(wg.ones(1)).item() == 1


def test_hook_order_and_keywords():
    net, seen = Net(), []
    net.register_forward_pre_hook(lambda m, a: seen.append("late"))
    net.register_forward_pre_hook(lambda m, a: seen.append("early"), prepend=True)
    net.register_forward_pre_hook(lambda m, a, k: (a, {"times": 0.0}), with_kwargs=True)
    net.register_forward_hook(lambda m, a, k, out: seen.append(k), with_kwargs=True)
    assert values(net(wg.ones(1, 3), times=2.0)).tolist() == [[0, 0]]
    assert seen == ["early", "late", {"times": 0.0}]
    net.register_forward_pre_hook(lambda m, a, k: a, with_kwargs=True)
    with pytest.raises(RuntimeError, match="forward pre-hook"):
        net(wg.ones(1, 3))


def test_always_called_hooks_see_failures():
    class Failing(nn.Module):
        def forward(self):
            raise ValueError("inside")

    seen = []
    layer = Failing()
    layer.register_forward_hook(lambda m, a, out: seen.append("usual"))
    layer.register_forward_hook(lambda m, a, out: seen.append(out), always_call=True)
    with pytest.raises(ValueError, match="inside"):
        layer()
    assert seen == [None]


def test_backward_hooks():
    layer, seen = nn.Linear(2, 1, bias=False), []
    with wg.no_grad():
        layer.weight.copy_(wg.tensor([[2.0, 3.0]]))
    layer.register_full_backward_pre_hook(lambda m, out: (out[0] * 10,))
    handle = layer.register_full_backward_hook(
        lambda m, gin, gout: seen.append((gin[0].tolist(), gout[0].tolist())) or (gin[0] + 1,)
    )
    x = wg.ones(1, 2, requires_grad=True)
    layer(x).sum().backward()
    assert seen == [([[20.0, 30.0]], [[10.0]])]
    assert x.grad.tolist() == [[21, 31]] and layer.weight.grad.tolist() == [[10, 10]]
    handle.remove()
    inputs = []
    layer.register_full_backward_hook(lambda m, gin, gout: inputs.append(gin))
    layer(wg.ones(1, 2)).sum().backward()
    assert inputs == [(None,)]


# ---- containers ----------------------------------------------------------------------------


def test_sequential():
    layers = [nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)]
    net = nn.Sequential(*layers)
    x = wg.randn(3, 2)
    assert values(net(x)) == pytest.approx(values(layers[2](layers[1](layers[0](x)))))
    assert net[-1] is layers[2] and list(net[:2]) == layers[:2] and len(net) == 3
    assert isinstance(net[:2], nn.Sequential)
    net.append(nn.Tanh()).insert(1, nn.Identity())
    kinds = [type(m).__name__ for m in net]
    assert kinds == ["Linear", "Identity", "ReLU", "Linear", "Tanh"]
    del net[1]
    assert net.pop(-1).__class__ is nn.Tanh and list(net) == layers
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    named = nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh()))
    assert isinstance(named.b, nn.Tanh) and isinstance(named[0], nn.ReLU)
    assert len(net + named) == 5 and len(named * 3) == 6
    with pytest.raises(IndexError, match="out of range"):
        net[3]


def test_module_list():
    items = nn.ModuleList([nn.Linear(1, 1)])
    items += [nn.ReLU(), nn.Tanh()]
    items[1] = nn.Sigmoid()
    items.insert(0, nn.Identity())
    assert [type(m).__name__ for m in items] == ["Identity", "Linear", "Sigmoid", "Tanh"]
    assert list(items.state_dict()) == ["1.weight", "1.bias"]
    assert isinstance(items[1:3], nn.ModuleList) and len(items[1:3]) == 2
    with pytest.raises(TypeError, match="iterable"):
        items.extend(3)


def test_module_dict():
    items = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.ReLU()})
    items.update([("c", nn.Tanh())])
    assert list(items) == list(items.keys()) == ["a", "b", "c"] and "b" in items
    assert items.pop("b").__class__ is nn.ReLU and len(items) == 2
    assert [k for k, _ in items.items()] == ["a", "c"] and len(list(items.values())) == 2
    with pytest.raises(KeyError):
        items["b"]
    items.clear()
    assert len(items) == 0 and list(items.parameters()) == []


def test_parameter_containers():
    items = nn.ParameterList([wg.zeros(2), nn.Parameter(wg.ones(1)), "text"])
    assert isinstance(items[0], nn.Parameter) and items[2] == "text" and len(items) == 3
    assert [n for n, _ in items.named_parameters()] == ["0", "1"]
    items.append(wg.zeros(1))
    assert items[-1] is items[3] and len(items[1:]) == 3
    table = nn.ParameterDict({"a": wg.zeros(2), "b": nn.Parameter(wg.ones(1))})
    assert [n for n, _ in table.named_parameters()] == ["a", "b"]
    assert table.pop("a").shape == (2,) and list(table) == ["b"]
    assert table.get("x") is None and table.setdefault("b").item() == 1


# ---- layers and functions against torch ----------------------------------------------------

LAYERS = [
    (lambda n: n.Linear(3, 4), (2, 3)),
    (lambda n: n.Conv1d(2, 4, 3, stride=2, padding=1), (2, 2, 9)),
    (lambda n: n.Conv2d(2, 4, (2, 3), padding="same", dilation=(1, 2)), (2, 2, 6, 7)),
    (lambda n: n.Conv2d(2, 4, 4, padding="same", padding_mode="reflect"), (2, 2, 6, 7)),
    (lambda n: n.Conv2d(2, 4, 3, padding=(1, 2), padding_mode="circular"), (2, 2, 6, 7)),
    (lambda n: n.Conv2d(2, 4, 3, padding=1, padding_mode="replicate", groups=2), (2, 2, 6, 7)),
    (lambda n: n.Conv2d(2, 4, 3, padding="valid", bias=False), (2, 2, 6, 7)),
    (lambda n: n.Conv3d(2, 4, 2, stride=(1, 2, 1), dilation=2), (1, 2, 5, 6, 4)),
    (lambda n: n.BatchNorm1d(3), (4, 3)),
    (lambda n: n.BatchNorm2d(3, momentum=None), (4, 3, 2, 2)),
    (lambda n: n.BatchNorm3d(3, affine=False), (4, 3, 2, 2, 2)),
    (lambda n: n.BatchNorm1d(3, track_running_stats=False), (4, 3, 2)),
    (lambda n: n.LayerNorm((3, 2)), (4, 3, 2)),
    (lambda n: n.LayerNorm(5, bias=False), (4, 5)),
    (lambda n: n.GroupNorm(2, 4), (3, 4, 5)),
    (lambda n: n.RMSNorm(5), (3, 5)),
    (lambda n: n.PReLU(3), (2, 3, 4)),
    (lambda n: n.Softmax2d(), (2, 3, 4, 5)),
    (lambda n: n.Flatten(), (2, 3, 4)),
    (lambda n: n.Unflatten(1, (3, 2)), (2, 6)),
    (lambda n: n.MaxPool1d(3, 2, 1), (2, 3, 9)),
    (lambda n: n.MaxPool2d(3, 2, 1, ceil_mode=True), (2, 3, 8, 7)),
    (lambda n: n.AvgPool1d(3, 2, 1, count_include_pad=False), (2, 3, 9)),
    (lambda n: n.AvgPool2d((2, 3), divisor_override=5), (2, 3, 8, 7)),
    (lambda n: n.AdaptiveAvgPool1d(4), (2, 3, 9)),
    (lambda n: n.AdaptiveAvgPool2d((None, 3)), (2, 3, 8, 7)),
    (lambda n: n.AdaptiveMaxPool1d(4), (2, 3, 9)),
    (lambda n: n.AdaptiveMaxPool2d((3, 5)), (2, 3, 8, 7)),
    (lambda n: n.AdaptiveMaxPool2d(4), (2, 3, 8, 8)),
    (lambda n: n.Dropout(0.0), (3,)),
    (lambda n: n.Dropout2d(0.0), (1, 2, 3, 3)),
    (lambda n: n.ConstantPad1d((1, 2), 0.5), (2, 3, 4)),
    (lambda n: n.ConstantPad2d(1, 2.0), (2, 3, 4, 5)),
    (lambda n: n.ConstantPad3d((1, 0, -1, 2, 0, 1), 1.5), (1, 2, 3, 4, 5)),
    (lambda n: n.ZeroPad1d(2), (2, 3, 4)),
    (lambda n: n.ZeroPad2d((1, -1, 2, 0)), (2, 3, 4, 5)),
    (lambda n: n.ZeroPad3d(1), (1, 2, 3, 4, 5)),
    (lambda n: n.ReflectionPad1d((1, 2)), (2, 3, 4)),
    (lambda n: n.ReflectionPad2d(1), (2, 3, 4, 5)),
    (lambda n: n.ReflectionPad3d(1), (1, 2, 3, 4, 5)),
    (lambda n: n.ReplicationPad1d(2), (2, 3, 4)),
    (lambda n: n.ReplicationPad2d((1, 2, 0, 1)), (2, 3, 4, 5)),
    (lambda n: n.ReplicationPad3d(1), (1, 2, 3, 4, 5)),
    (lambda n: n.CircularPad1d((1, 2)), (2, 3, 4)),
    (lambda n: n.CircularPad2d(1), (2, 3, 4, 5)),
    (lambda n: n.CircularPad3d(1), (1, 2, 3, 4, 5)),
]
ACTIVATIONS = [
    *(
        (lambda n, name=name: getattr(n, name)())
        for name in [
            "ReLU",
            "ReLU6",
            "LeakyReLU",
            "ELU",
            "SELU",
            "CELU",
            "GELU",
            "SiLU",
            "Mish",
            "Sigmoid",
            "Tanh",
            "LogSigmoid",
            "Softplus",
            "Softsign",
            "Hardtanh",
            "Hardsigmoid",
            "Hardswish",
            "Hardshrink",
            "Softshrink",
            "Tanhshrink",
            "PReLU",
            "Identity",
        ]
    ),
    lambda n: n.LeakyReLU(0.3),
    lambda n: n.ELU(0.5),
    lambda n: n.CELU(0.5),
    lambda n: n.GELU("tanh"),
    lambda n: n.Softplus(2.0, 1.0),
    lambda n: n.Hardtanh(-0.3, 0.7),
    lambda n: n.Hardshrink(1.0),
    lambda n: n.Softshrink(1.0),
    lambda n: n.Threshold(0.5, -1.0),
    lambda n: n.RReLU().eval(),
    lambda n: n.GLU(),
    lambda n: n.Softmax(1),
    lambda n: n.LogSoftmax(0),
    lambda n: n.Softmin(1),
]


def compare(make, data, torch, call=lambda layer, x: layer(x)):
    """The same module of both libraries: text, state, results, gradients."""
    torch.manual_seed(0)
    theirs = make(torch.nn).double()
    ours = make(nn).double()
    assert repr(ours) == repr(theirs)
    state = theirs.state_dict()
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict({k: wg.tensor(v.tolist(), dtype=wg.float64) for k, v in state.items()})
    results = []
    for lib, layer in ((wg, ours), (torch, theirs)):
        x = lib.tensor(data.tolist(), dtype=lib.float64, requires_grad=True)
        y = call(layer, x)
        loss = (y * y + y).sum()
        loss.backward()
        results.append((y, x.grad, layer))
    (y, gx, ours), (ref, ref_gx, theirs) = results
    assert values(y) == pytest.approx(ref.detach().numpy(), rel=1e-6, abs=1e-9)
    assert values(gx) == pytest.approx(ref_gx.numpy(), rel=1e-5, abs=1e-8)
    for (name, p), (_, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert values(p.grad) == pytest.approx(q.grad.numpy(), rel=1e-5, abs=1e-8), name
    for (name, p), (_, q) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
        assert values(p) == pytest.approx(q.numpy(), rel=1e-6), name


@pytest.mark.torch
@pytest.mark.parametrize("index", range(len(LAYERS)))
def test_layers_as_torch(index):
    torch = pytest.importorskip("torch")
    make, shape = LAYERS[index]
    compare(make, torch.randn(shape, generator=torch.Generator().manual_seed(index)), torch)


@pytest.mark.torch
@pytest.mark.parametrize("index", range(len(ACTIVATIONS)))
def test_activations_as_torch(index):
    torch = pytest.importorskip("torch")
    special = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0, 6.0, 50.0, -50.0, 700.0, -700.0, 0.3]
    data = torch.cat([torch.tensor(special), torch.randn(14)]).reshape(2, 14)
    compare(ACTIVATIONS[index], data, torch)


@pytest.mark.torch
def test_bilinear_as_torch():
    torch = pytest.importorskip("torch")
    compare(
        lambda n: n.Bilinear(3, 3, 4),
        torch.randn(2, 5, 3),
        torch,
        lambda layer, x: layer(x, x * x),
    )


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "silu", "mish", "relu6"])
def test_inplace_activations(name):
    function = getattr(F, name)
    x = wg.linspace(-2, 2, 7, dtype=wg.float64).requires_grad_()
    plain = function(x * 1)
    (plain * plain).sum().backward()
    expected, x.grad = x.grad, None
    y = x * 1
    out = function(y, inplace=True)
    assert out is y and values(y) == pytest.approx(values(plain))
    (out * out).sum().backward()
    assert values(x.grad) == pytest.approx(values(expected))


LOSSES = [
    (lambda n: n.MSELoss(), "real"),
    (lambda n: n.L1Loss(reduction="sum"), "real"),
    (lambda n: n.SmoothL1Loss(reduction="none", beta=0.3), "real"),
    (lambda n: n.SmoothL1Loss(beta=0.0), "real"),
    (lambda n: n.HuberLoss(delta=0.4), "real"),
    (lambda n: n.BCEWithLogitsLoss(), "unit"),
    (lambda n: n.KLDivLoss(reduction="batchmean"), "unit"),
    (lambda n: n.KLDivLoss(reduction="sum", log_target=True), "real"),
    (lambda n: n.CrossEntropyLoss(label_smoothing=0.1), "classes"),
    (lambda n: n.CrossEntropyLoss(ignore_index=2, reduction="sum"), "classes"),
    (lambda n: n.CrossEntropyLoss(), "unit"),
    (lambda n: n.NLLLoss(reduction="none"), "classes"),
    (lambda n: n.NLLLoss(size_average=False), "classes"),
    (lambda n: n.MSELoss(reduce=False), "real"),
]


@pytest.mark.torch
@pytest.mark.parametrize("index", range(len(LOSSES)))
def test_losses_as_torch(index):
    torch = pytest.importorskip("torch")
    make, kind = LOSSES[index]
    targets = {
        "real": torch.randn(4, 3).double(),
        "unit": torch.rand(4, 3).double(),
        "classes": torch.tensor([2, 0, 1, 2]),
    }

    def call(layer, x):
        lib = wg if isinstance(layer, nn.Module) else torch
        target = targets[kind]
        dtype = lib.int64 if kind == "classes" else lib.float64
        return layer(x, lib.tensor(target.tolist(), dtype=dtype))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare(make, torch.randn(4, 3), torch, call)


FUNCTIONS = [
    lambda f, a, b: f.normalize(a, 3.0, 0),
    lambda f, a, b: f.cosine_similarity(a, b),
    lambda f, a, b: f.pairwise_distance(a, b, 1.0, keepdim=True),
    lambda f, a, b: f.poisson_nll_loss(a, b.abs() * 3, full=True),
    lambda f, a, b: f.poisson_nll_loss(a.exp(), b, log_input=False, reduction="sum"),
    lambda f, a, b: f.gaussian_nll_loss(a, b, b.abs(), full=True),
    lambda f, a, b: f.hinge_embedding_loss(a, b.sign()),
    lambda f, a, b: f.soft_margin_loss(a, b.sign(), reduction="none"),
    lambda f, a, b: f.margin_ranking_loss(a, b, (a * b).sign().detach(), 0.2),
    lambda f, a, b: f.cosine_embedding_loss(a, b, b[:, 0].sign(), 0.1),
    lambda f, a, b: f.triplet_margin_loss(a, b, a * b, swap=True),
    lambda f, a, b: f.binary_cross_entropy(a.sigmoid(), b.sigmoid(), b.abs(), reduction="sum"),
    lambda f, a, b: f.binary_cross_entropy_with_logits(a, b.sigmoid(), pos_weight=b[0].abs()),
    lambda f, a, b: f.mse_loss(a, b, weight=b.abs()),
    lambda f, a, b: f.l1_loss(a, b, reduction="sum", weight=b.abs()),
    lambda f, a, b: f.huber_loss(a, b, weight=b.abs(), reduction="none"),
    lambda f, a, b: f.pad(a, (1, 2, 0, 1), value=3.0),
    lambda f, a, b: f.pad(a[None], (2, 1), "reflect"),
    lambda f, a, b: f.conv1d(a[None], b[:, :4, None].expand(4, 4, 4), padding="same"),
]


@pytest.mark.torch
@pytest.mark.parametrize("index", range(len(FUNCTIONS)))
def test_functions_as_torch(index):
    torch = pytest.importorskip("torch")
    g = torch.Generator().manual_seed(index)
    numbers = torch.randn((2, 4, 5), generator=g).tolist()
    results = []
    for lib in (wg, torch):
        a = lib.tensor(numbers[0], dtype=lib.float64, requires_grad=True)
        b = lib.tensor(numbers[1], dtype=lib.float64)
        y = FUNCTIONS[index](lib.nn.functional, a, b)
        (y * y).sum().backward()
        results.append((y.detach().numpy(), a.grad.numpy()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-9, abs=1e-12)
    assert results[0][1] == pytest.approx(results[1][1], rel=1e-8, abs=1e-12)


@pytest.mark.torch
def test_pooling_indices_as_torch():
    torch = pytest.importorskip("torch")
    data = torch.randn(2, 3, 7, 8)
    x = wg.tensor(data.tolist())
    for call in (
        lambda f, x: f.adaptive_max_pool2d(x, (3, 5), return_indices=True),
        lambda f, x: f.max_pool2d(x, 3, return_indices=True),
        lambda f, x: f.max_pool1d(x[0], 3, 2, return_indices=True),
    ):
        ours, theirs = call(F, x), call(torch.nn.functional, data)
        assert ours[0].tolist() == pytest.approx(theirs[0].numpy())
        assert ours[1].tolist() == theirs[1].tolist()


# ---- layers by themselves ------------------------------------------------------------------


def test_linear_begins_within_its_bound():
    layer = nn.Linear(100, 50)
    assert 0.095 < abs(values(layer.weight)).max() <= 0.1
    assert abs(values(layer.bias)).max() <= 0.1


def test_batch_norm_statistics():
    norm = nn.BatchNorm1d(1, momentum=0.5)
    x = wg.tensor([[1.0], [3.0]])
    assert values(norm(x)).ravel() == pytest.approx([-1, 1], abs=1e-4)
    assert norm.running_mean.item() == 1.0 and norm.running_var.item() == 1.5
    assert norm.num_batches_tracked.item() == 1
    norm.eval()
    expected = [(v - 1.0) / (1.5 + 1e-5) ** 0.5 for v in (1, 3)]
    assert values(norm(x)).ravel() == pytest.approx(expected)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        norm.train()(x[:1])
    with pytest.raises(ValueError, match="expected 2D or 3D input"):
        norm(wg.zeros(2))


def test_dropout_keeps_the_mean():
    x = wg.ones(200, 100)
    y = values(nn.Dropout(0.25)(x))
    assert sorted(set(y.ravel().tolist())) == pytest.approx([0.0, 4 / 3])
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert values(nn.Dropout(0.25).eval()(x)).min() == 1
    y = values(nn.Dropout2d(0.5)(wg.ones(40, 20, 3, 3)))
    assert (y.max(axis=(2, 3)) == y.min(axis=(2, 3))).all()
    assert (y[:, :, 0, 0] == 0).mean() == pytest.approx(0.5, abs=0.1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        nn.Dropout(1.5)
    with pytest.raises(RuntimeError, match="dropout1d"):
        F.dropout1d(wg.ones(3))


def test_alpha_dropout_keeps_mean_and_variance():
    y = values(nn.AlphaDropout(0.3)(wg.randn(400, 400)))
    assert y.mean() == pytest.approx(0, abs=0.02) and y.var() == pytest.approx(1, abs=0.03)


def test_rrelu_draws_slopes_in_its_range():
    y = values(nn.RReLU(0.1, 0.3)(wg.full((1000,), -1.0)))
    assert -0.3 <= y.min() < -0.28 and -0.12 < y.max() <= -0.1


def test_embedding():
    layer = nn.Embedding(5, 3, padding_idx=-1)
    assert layer.padding_idx == 4 and layer.weight[4].tolist() == [0, 0, 0]
    y = layer(wg.tensor([[1, 4], [1, 0]]))
    assert tuple(y.shape) == (2, 2, 3)
    y.sum().backward()
    assert layer.weight.grad.sum(1).tolist() == [3, 6, 0, 0, 0]
    table = wg.tensor([[3.0, 4.0], [0.3, 0.4]])
    layer = nn.Embedding.from_pretrained(table, max_norm=1.0)
    assert not layer.weight.requires_grad
    assert values(layer(wg.tensor([0, 1, 0]))).tolist() == [
        pytest.approx(row) for row in ([0.6, 0.8], [0.3, 0.4], [0.6, 0.8])
    ]
    with pytest.raises(AssertionError, match="within num_embeddings"):
        nn.Embedding(3, 2, padding_idx=3)


def test_clear_errors():
    x = wg.zeros(2, 3)
    with pytest.raises(RuntimeError, match="halving dimension must be even"):
        F.glu(x)
    with pytest.raises(ValueError, match="not a valid value for reduction"):
        F.mse_loss(x, x, reduction="average")
    with pytest.raises(ValueError, match="same as input size"):
        F.binary_cross_entropy_with_logits(x, wg.zeros(3))
    with pytest.raises(RuntimeError, match="strided"):
        F.conv1d(wg.zeros(1, 1, 4), wg.zeros(1, 1, 2), stride=2, padding="same")
    with pytest.raises(ValueError, match="divisible by groups"):
        nn.Conv2d(3, 4, 1, groups=2)
    with pytest.raises(RuntimeError, match="normalized_shape"):
        F.rms_norm(x, (4,))
    with pytest.raises(NotImplementedError, match="forward"):
        nn.Module()()


def test_clipping():
    params = [nn.Parameter(wg.zeros(2)), nn.Parameter(wg.zeros(1)), nn.Parameter(wg.zeros(1))]
    params[0].grad, params[1].grad = wg.tensor([3.0, 0.0]), wg.tensor([4.0])
    assert nn.utils.clip_grad_norm_(params, 10.0).item() == pytest.approx(5)
    assert params[1].grad.item() == 4
    assert nn.utils.clip_grad_norm_(iter(params), 1.0).item() == pytest.approx(5)
    assert values(params[0].grad) == pytest.approx([0.6, 0], rel=1e-4)
    total = nn.utils.get_total_norm([p.grad for p in params[:2]], float("inf"))
    assert total.item() == pytest.approx(0.8, rel=1e-4)
    nn.utils.clip_grad_value_(params, 0.5)
    assert params[1].grad.item() == 0.5
    params[0].grad = wg.tensor([float("nan"), 1.0])
    with pytest.raises(RuntimeError, match="non-finite"):
        nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)


def test_parameters_as_a_vector():
    net = nn.Linear(2, 3)
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert tuple(vector.shape) == (9,) and vector.requires_grad
    nn.utils.vector_to_parameters(wg.arange(9.0), net.parameters())
    assert net.weight.tolist() == [[0, 1], [2, 3], [4, 5]] and net.bias.tolist() == [6, 7, 8]
    assert isinstance(net.bias, nn.Parameter) and net.bias.requires_grad


def test_calls_hand_on_every_kind_of_argument():
    class Echo(nn.Module):
        def forward(self, *args, **kwargs):
            return args, kwargs

    layer = Echo()
    for _ in range(2):
        assert layer() == ((), {})
        assert layer(1) == ((1,), {})
        assert layer(None, 2) == ((None, 2), {})
        assert layer(input=3) == ((), {"input": 3})
        assert layer(1, 2, self_=4) == ((1, 2), {"self_": 4})
        layer.register_forward_hook(lambda m, args, out: None)
    layer = Echo()
    layer.forward = lambda x: x + 1
    assert layer(1) == 2


def test_to_refuses_keywords_it_does_not_know():
    with pytest.raises(TypeError, match="unexpected keyword argument 'foo'"):
        nn.Linear(1, 1).to(foo=3)


PAIR_LOSSES = [
    (lambda n: n.HingeEmbeddingLoss(0.5), "xs"),
    (lambda n: n.MarginRankingLoss(0.2, reduction="sum"), "xxs"),
    (lambda n: n.CosineEmbeddingLoss(0.1), "xxr"),
    (lambda n: n.SoftMarginLoss(reduction="none"), "xs"),
    (lambda n: n.TripletMarginLoss(0.7, swap=True), "xxx"),
    (lambda n: n.PoissonNLLLoss(full=True), "xp"),
    (lambda n: n.PoissonNLLLoss(log_input=False), "pp"),
    (lambda n: n.GaussianNLLLoss(full=True, reduction="sum"), "xxp"),
    (lambda n: n.PairwiseDistance(3.0, keepdim=True), "xx"),
    (lambda n: n.CosineSimilarity(), "xx"),
]


@pytest.mark.parametrize("case", range(len(PAIR_LOSSES)))
def test_losses_of_pairs_and_distances_as_torch(case):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    make, kinds = PAIR_LOSSES[case]
    rng = np.random.default_rng(0)
    arrays = {
        "x": lambda: rng.normal(size=(4, 5)),
        "p": lambda: rng.uniform(0.5, 3, size=(4, 5)),
        "s": lambda: rng.choice([-1.0, 1.0], size=(4, 5)),
        "r": lambda: rng.choice([-1.0, 1.0], size=4),
    }
    given = [arrays[kind]() for kind in kinds]
    results = []
    for lib, modules in ((wg, nn), (torch, torch.nn)):
        first, *rest = (lib.from_numpy(a) for a in given)
        first.requires_grad_()
        layer = make(modules)
        y = layer(first, *rest)
        y.sum().backward()
        results.append((repr(layer), y.detach().numpy(), first.grad.numpy()))
    (text, y, g), (ref_text, ref_y, ref_g) = results
    assert text == ref_text
    np.testing.assert_allclose(y, ref_y, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(g, ref_g, rtol=1e-9, atol=1e-12)
