"""Copies and pickles of tensors."""

from __future__ import annotations

import copy
import math
import pickle

import pytest

import wengert as wg

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
          "float64", "complex64", "complex128"]  # fmt: skip


class Named(wg.Tensor):
    pass


def same(a, b):
    assert type(a) is type(b)
    assert a.dtype is b.dtype
    assert a.shape == b.shape
    assert a.requires_grad == b.requires_grad
    assert a.tolist() == b.tolist()
    return True


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (2, 3)])
@pytest.mark.parametrize("how", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_equal_and_apart(dtype, shape, how):
    t = wg.arange(math.prod(shape)).reshape(shape).to(getattr(wg, dtype))
    u = how(t)
    assert same(t, u)
    if t.numel():
        u.zero_()
        assert t.numel() == 1 or t.tolist() != u.tolist()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_protocols(protocol):
    t = wg.ones(2, 3, requires_grad=True)
    assert same(t, pickle.loads(pickle.dumps(t, protocol)))


def test_views():
    t = wg.arange(12.0).reshape(3, 4)[:, ::-2]
    assert same(t, copy.deepcopy(t))
    assert same(t, pickle.loads(pickle.dumps(t)))
    assert len(pickle.dumps(wg.zeros(100_000)[:2])) < 1000


def test_deepcopy_of_several_keeps_their_gradients_apart():
    tensors = [wg.ones(k, requires_grad=True) for k in range(1, 20)]
    for t in tensors:
        (t * t.numel()).sum().backward()
    for k, u in enumerate(copy.deepcopy(tensors), 1):
        assert u.grad.tolist() == [k] * k


def test_deepcopy_keeps_gradients_attributes_and_identity():
    t = wg.ones(3, requires_grad=True)
    (t * 2).sum().backward()
    t.name = ["a"]
    u = copy.deepcopy(t)
    assert u.grad.tolist() == [2, 2, 2]
    assert u.grad is not t.grad
    assert u.name == ["a"]
    assert u.name is not t.name
    a, b = copy.deepcopy([t, t])
    assert a is b


def test_deepcopy_of_a_tensor_that_refers_to_itself():
    t = wg.ones(2)
    t.me = t
    u = copy.deepcopy(t)
    assert u.me is u


def test_pickle_keeps_identity_and_attributes():
    t = wg.ones(2)
    t.name = "a"
    a, b = pickle.loads(pickle.dumps([t, t]))
    assert a is b
    assert a.name == "a"


def test_history():
    y = wg.ones(2, requires_grad=True) * 2
    with pytest.raises(RuntimeError, match="detach"):
        copy.deepcopy(y)
    back = pickle.loads(pickle.dumps(y))
    assert back.is_leaf
    assert back.requires_grad
    assert back.tolist() == [2, 2]


def test_subclasses():
    t = wg.Tensor._make_subclass(Named, wg.ones(2), True)
    t.name = "x"
    for u in (copy.deepcopy(t), pickle.loads(pickle.dumps(t)), copy.copy(t)):
        assert same(t, u)
        assert u.name == "x"


def test_copy_shares_memory():
    t = wg.ones(2, requires_grad=True)
    u = copy.copy(t)
    assert u is not t
    assert same(t, u)
    assert u.data_ptr() == t.data_ptr()


def test_other_types():
    for value in (wg.float32, wg.Size([1, 2]), wg.device("cpu")):
        for back in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
            assert back == value
            assert type(back) is type(value)
    assert pickle.loads(pickle.dumps(wg.float32)) is wg.float32
    assert copy.copy(wg.float32) is wg.float32
    assert pickle.loads(pickle.dumps(wg.exp)) is wg.exp


@pytest.mark.torch
def test_what_torch_does_with_history_and_copies():
    torch = pytest.importorskip("torch")
    y = torch.ones(2, requires_grad=True) * 2
    back = pickle.loads(pickle.dumps(y))
    assert back.is_leaf
    assert back.requires_grad
    t = torch.ones(2)
    assert copy.copy(t).data_ptr() == t.data_ptr()


def test_deepcopy_keeps_views_of_one_storage():
    x = wg.arange(6.0)
    parts = [x, x[1:4], x.view(2, 3).t(), x[::2], x.view(wg.int32)[2:], x[:0]]
    a, *others = copy.deepcopy(parts)
    a[2] = 7.0
    assert x[2] == 2
    assert [t.tolist() for t in others[:3]] == [[1, 7, 3], [[0, 3], [1, 4], [7, 5]], [0, 7, 4]]
    assert others[3].view(wg.float32).tolist() == [7, 3, 4, 5]
    for t, source in zip((a, *others), parts, strict=True):
        assert (t.stride(), t.storage_offset()) == (source.stride(), source.storage_offset())
        assert t.untyped_storage().nbytes() == 24
        assert not t._is_view()
    assert copy.deepcopy(x[1:]).untyped_storage() != copy.deepcopy(x[1:]).untyped_storage()


def test_deepcopy_of_a_module_keeps_buffers_of_one_storage():
    class Two(wg.nn.Module):
        def __init__(self):
            super().__init__()
            self.all = wg.zeros(6)
            self.register_buffer("first", self.all[:3])
            self.buffer = wg.nn.Buffer(self.all[2:])
            self.weight = wg.nn.Parameter(self.all[:2])

    copied = copy.deepcopy(Two())
    copied.all.fill_(2.0)
    assert copied.first.tolist() == [2.0] * 3 and copied.buffer.tolist() == [2.0] * 4
    assert copied.weight.tolist() == [0.0] * 2  # as in PyTorch: parameters get their own


def test_deepcopy_of_what_a_storage_does_not_divide_into():
    x = wg.arange(5).to(wg.uint8)
    a, b = copy.deepcopy([x, x[:4].view(wg.int32)])
    assert a.tolist() == x.tolist() and b.tolist() == x[:4].view(wg.int32).tolist()


def test_deepcopy_inside_of_vmap():
    x = wg.arange(6.0).view(2, 3)
    assert wg.equal(wg.vmap(lambda v: copy.deepcopy(v) * 2)(x), x * 2)
