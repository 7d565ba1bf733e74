"""Memory shared with NumPy and with libraries that speak DLPack."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import wengert as wg
from wengert.utils import dlpack

NUMPY_DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64",
                "complex64", "complex128"]  # fmt: skip


# ---- NumPy --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", NUMPY_DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 0, 3), (2, 3)])
def test_numpy_round_trip(dtype, shape):
    a = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    t = wg.from_numpy(a)
    assert t.dtype is getattr(wg, dtype)
    assert tuple(t.shape) == shape
    back = t.numpy()
    assert back.dtype == a.dtype
    assert back.shape == shape
    assert back.tolist() == a.tolist() == t.tolist()


def test_memory_is_shared_both_ways():
    a = np.zeros(3)
    t = wg.from_numpy(a)
    a[0] = 1
    t[1] = 2
    t += 1
    b = t.numpy()
    b[2] = 7
    assert a.tolist() == [2, 3, 7] == t.tolist()


@pytest.mark.parametrize(
    "key",
    [
        np.s_[::-1],
        np.s_[::2, ::-3],
        np.s_[1:, 2],
        np.s_[-1:0:-2, ::-1],
        np.s_[:0],
        np.s_[None, :, 1:3],
    ],
)
def test_strides(key):
    a = np.arange(30.0).reshape(5, 6)[key]
    t = wg.from_numpy(a)
    assert t.tolist() == a.tolist()
    assert (t * 2).tolist() == (a * 2).tolist()
    assert t.numpy().tolist() == a.tolist()
    if a.size:
        assert t.numpy().strides == a.strides
        t.mul_(-1)
        assert t.tolist() == a.tolist()
        assert t.reshape(-1).tolist() == a.reshape(-1).tolist()
        assert t.view(-1).tolist() == a.reshape(-1).tolist() if t.is_contiguous() else True
    u = wg.arange(30.0).reshape(5, 6)
    assert u[key].numpy().tolist() == np.arange(30.0).reshape(5, 6)[key].tolist()


def test_broadcast_arrays_cannot_be_written():
    a = np.broadcast_to(np.ones(3), (2, 3))
    t = wg.from_numpy(a)
    assert t.sum().item() == 6
    with pytest.raises(RuntimeError, match="read-only"):
        t += 1


def test_read_only_arrays():
    a = np.ones(3)
    a.flags.writeable = False
    t = wg.from_numpy(a)
    for write in (
        lambda: t.add_(1), lambda: t.fill_(0), lambda: t.__setitem__(0, 5.0), lambda: t[1:].zero_(),
        lambda: t.detach().mul_(2), lambda: t.copy_(wg.zeros(3)), lambda: t.view(3, 1).add_(1),
        lambda: wg.add(wg.ones(3, dtype=wg.float64), 1, out=t),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match="read-only"):
            write()
    assert a.tolist() == [1, 1, 1]
    assert not t.numpy().flags.writeable
    assert t.clone().add_(1).tolist() == [2, 2, 2]


def test_lifetimes():
    a = np.arange(3.0)
    alive = weakref.ref(a)
    t = wg.from_numpy(a)
    view = t[1:]
    del a, t
    gc.collect()
    assert alive() is not None
    assert view.tolist() == [1, 2]
    del view
    gc.collect()
    assert alive() is None

    blocks = wg.memory_stats()["live_blocks"]
    t = wg.arange(2000.0)
    b = t.numpy()[10:20]
    del t
    assert b[0] == 10
    del b
    assert wg.memory_stats()["live_blocks"] == blocks


def test_an_array_that_cannot_be_shared_keeps_its_count():
    import sys

    a = np.ones((1,) * 20)
    before = sys.getrefcount(a)
    for _ in range(5):
        with pytest.raises(RuntimeError, match="dimensions"):
            wg.from_numpy(a)
    assert sys.getrefcount(a) == before


def test_refusals():
    for bad in (np.array(["a"]), np.array([object()]), np.zeros(2, "M8[s]"), np.zeros(2, "u8")):
        with pytest.raises(TypeError, match="dtype"):
            wg.from_numpy(bad)
    with pytest.raises(ValueError, match="big-endian"):
        wg.from_numpy(np.zeros(2, ">f4"))
    with pytest.raises(TypeError, match="NumPy array"):
        wg.from_numpy([1, 2])
    packed = np.zeros(3, dtype=[("a", "i1"), ("b", "f4")])["b"]
    with pytest.raises(ValueError, match="copy"):
        wg.from_numpy(packed)
    assert wg.as_tensor(packed).tolist() == [0, 0, 0]
    assert wg.tensor(np.array([1, 2], ">i4")).tolist() == [1, 2]


def test_array_protocol():
    t = wg.arange(6.0).reshape(2, 3)
    a = np.asarray(t)
    a[0, 0] = 9
    assert t[0, 0].item() == 9
    assert np.asarray(t, dtype=np.float64).dtype == np.float64
    c = np.array(t)
    c[0, 0] = 1
    assert t[0, 0].item() == 9
    assert np.sum(t) == t.sum()
    assert np.asarray(wg.tensor(3)).shape == ()
    with pytest.raises(RuntimeError, match="detach"):
        wg.ones(2, requires_grad=True).numpy()
    assert wg.ones(2, requires_grad=True).numpy(force=True).tolist() == [1, 1]
    with pytest.raises(TypeError, match="bfloat16"):
        wg.ones(2).bfloat16().numpy()


@pytest.mark.parametrize("op", ["+", "-", "*", "/", "<", "==", ">=", "@", "**"])
def test_operators_with_arrays_give_tensors(op):
    a, t = np.array([1.0, 2, 3]), wg.tensor([3.0, 2, 1], dtype=wg.float64)
    for x, y in ((a, t), (t, a)):
        r = eval(f"x {op} y")
        assert type(r) is wg.Tensor
        arrays = {"x": np.asarray(x), "y": np.asarray(y)}
        assert r.tolist() == pytest.approx(eval(f"x {op} y", arrays).tolist())


def test_gradients_flow_beside_arrays():
    t = wg.ones(3, requires_grad=True, dtype=wg.float64)
    (np.array([1.0, 2, 3]) * t).sum().backward()
    assert t.grad.tolist() == [1, 2, 3]
    t.grad = None
    (np.float64(2) * t).sum().backward()
    assert t.grad.tolist() == [2, 2, 2]


# ---- DLPack -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", NUMPY_DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_dlpack_with_numpy(dtype, shape):
    a = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    t = wg.from_dlpack(a)
    assert t.dtype is getattr(wg, dtype)
    assert t.tolist() == a.tolist()
    b = np.from_dlpack(t)
    assert b.dtype == a.dtype
    assert b.tolist() == a.tolist()
    if a.size:
        assert b.__array_interface__["data"] == a.__array_interface__["data"]


def test_dlpack_strides_and_lifetime():
    a = np.arange(24.0).reshape(4, 6)[::2, ::-2]
    alive = weakref.ref(a)
    t = wg.from_dlpack(a)
    assert t.stride() == (12, -2)
    assert t.tolist() == a.tolist()
    u = wg.arange(24.0).reshape(4, 6)[::2, ::-2]
    assert np.from_dlpack(u).tolist() == u.tolist()
    del a
    gc.collect()
    assert alive() is not None
    del t
    gc.collect()
    assert alive() is None


def test_dlpack_read_only():
    a = np.ones(3)
    a.flags.writeable = False
    t = wg.from_dlpack(a)
    with pytest.raises(RuntimeError, match="read-only"):
        t += 1
    with pytest.raises(BufferError, match="read-only"):
        t.__dlpack__()
    assert not np.from_dlpack(t).flags.writeable


def test_dlpack_capsules():
    blocks = wg.memory_stats()["live_blocks"]
    t = wg.arange(3.0)
    assert t.__dlpack_device__() == (1, 0)
    capsule = t.__dlpack__()
    assert '"dltensor"' in repr(capsule)
    assert '"dltensor_versioned"' in repr(t.__dlpack__(max_version=(1, 3)))
    assert '"dltensor"' in repr(t.__dlpack__(max_version=(0, 8)))
    u = dlpack.from_dlpack(capsule)
    assert u.data_ptr() == t.data_ptr()
    with pytest.raises(ValueError, match="consumed"):
        wg.from_dlpack(capsule)
    assert dlpack.from_dlpack(dlpack.to_dlpack(t)).data_ptr() == t.data_ptr()
    copied = wg.from_dlpack(t, copy=True)
    assert copied.data_ptr() != t.data_ptr()
    del capsule, t
    assert u.tolist() == [0, 1, 2]
    del u, copied
    assert wg.memory_stats()["live_blocks"] == blocks


def test_dlpack_refusals():
    with pytest.raises(BufferError, match="detach"):
        wg.ones(2, requires_grad=True).__dlpack__()
    with pytest.raises(BufferError, match="CPU"):
        wg.ones(2).__dlpack__(dl_device=(2, 0))
    with pytest.raises(BufferError, match="stream"):
        wg.ones(2).__dlpack__(stream=1)
    with pytest.raises(RuntimeError, match="__dlpack__"):
        wg.from_dlpack(3)

    class Elsewhere:
        def __dlpack_device__(self):
            return 2, 0

        def __dlpack__(self, **_):
            raise AssertionError("must not be asked")

    with pytest.raises(BufferError, match="CPU"):
        wg.from_dlpack(Elsewhere())
    with pytest.raises(TypeError, match="type code"):
        wg.from_dlpack(np.zeros(3, np.uint64))


def test_dlpack_of_older_libraries():
    class Old:
        def __init__(self, a):
            self.a = a

        def __dlpack__(self, stream=None):
            return self.a.__dlpack__()

    a = np.arange(3.0)
    t = wg.from_dlpack(Old(a))
    t[0] = 5
    assert a[0] == 5


@pytest.mark.torch
@pytest.mark.parametrize("dtype", [*NUMPY_DTYPES, "bfloat16"])
def test_dlpack_with_torch(dtype):
    torch = pytest.importorskip("torch")
    t = wg.arange(6).reshape(2, 3).to(getattr(wg, dtype))
    theirs = torch.from_dlpack(t)
    assert theirs.data_ptr() == t.data_ptr()
    assert str(theirs.dtype) == f"torch.{dtype}"
    back = wg.from_dlpack(theirs)
    assert back.data_ptr() == t.data_ptr()
    back[0, 0] = 1
    assert theirs[0, 0].item() == t[0, 0].item() == 1
    part = wg.from_dlpack(theirs.t()[1:])
    assert part.tolist() == theirs.t()[1:].tolist()
    del theirs, t
    assert back[1, 2].item() == 5 or dtype == "bool"


def test_arrays_are_asked_for_as_numpy_asks():
    t = wg.ones(2)
    with pytest.raises(ValueError, match="needs a copy"):
        t.__array__(np.int8, copy=False)
    with pytest.raises(RuntimeError, match="requires grad"):
        np.asarray(wg.ones(2, requires_grad=True))
