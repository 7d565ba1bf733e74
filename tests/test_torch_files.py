"""PyTorch's files, read without PyTorch: what comes back, and what a hostile file may do."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import pickle
import struct
import zipfile
from collections import Counter, OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wengert as wg

FORMATS = [
    {}, {"pickle_protocol": 4}, {"pickle_protocol": 5}, {"_use_new_zipfile_serialization": False},
]  # fmt: skip
DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
          "float64", "complex64", "complex128"]  # fmt: skip


def through_file(obj, **options):
    torch = pytest.importorskip("torch")
    file = io.BytesIO()
    torch.save(obj, file, **options)
    return wg.load(io.BytesIO(file.getvalue()))


# ---- what comes back ----------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("options", FORMATS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_tensors_of_every_dtype(dtype, options):
    torch = pytest.importorskip("torch")
    t = torch.arange(6).reshape(2, 3).to(getattr(torch, dtype))
    for theirs in (t, t.t(), t[:, ::2], t[1, 1], t[:0], t[:1].expand(4, 3)):
        ours = through_file(theirs, **options)
        assert ours.dtype is getattr(wg, dtype)
        assert tuple(ours.shape) == tuple(theirs.shape)
        if theirs.numel():
            assert ours.stride() == theirs.stride()
            assert ours.storage_offset() == theirs.storage_offset()
        assert ours.tolist() == theirs.tolist()
        assert ours.is_leaf
        assert not ours.requires_grad


@pytest.mark.torch
@pytest.mark.parametrize("options", FORMATS)
def test_memory_is_shared_as_it_was(options):
    torch = pytest.importorskip("torch")
    base = torch.arange(6.0)
    ours, part, square, again = through_file([base, base[2:], base.view(2, 3).t(), base], **options)
    ours[2] = 50
    assert part[0].item() == 50
    assert square[2, 0].item() == 50
    assert again is ours


@pytest.mark.torch
@pytest.mark.parametrize("options", FORMATS)
def test_plain_values(options):
    torch = pytest.importorskip("torch")
    loop: list = [1]
    loop.append(loop)
    values = [
        None, True, -5, 2**70, 1.5, float("inf"), "é\ud800", b"", b"ab", bytearray(b"x"), 1 + 2j,
        [1, [2]], (), (1, (2, 3)), {"a": {1: 2}, (1, "b"): 3}, {1, 2}, frozenset({"a"}),
        OrderedDict(b=1, a=2), Counter("aab"),
    ]  # fmt: skip
    for value in values:
        ours = through_file(value, **options)
        assert type(ours) is type(value)
        assert ours == value
    ours = through_file(
        [torch.float16, torch.Size([2, 3]), torch.device("cpu"), torch.strided], **options
    )
    assert ours == [wg.float16, wg.Size([2, 3]), wg.device("cpu"), wg.strided]
    assert type(ours[1]) is wg.Size
    back = through_file(loop, **options)
    assert back[1] is back


@pytest.mark.torch
@pytest.mark.parametrize("options", FORMATS)
def test_values_of_numpy(options):
    for value in (
        np.float32(1.5), np.int64(-3), np.bool_(True), np.complex128(1j),
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.zeros((0, 2)), np.array([True, False]),
        np.arange(3, dtype=">i4"), np.array(2.0),
    ):  # fmt: skip
        ours = through_file({"v": value}, **options)["v"]
        assert type(ours) is type(value)
        assert ours.dtype == value.dtype
        assert np.array_equal(ours, value)
    with pytest.raises(ValueError, match="dtype"):
        through_file(np.array(["text"]), **options)


@pytest.mark.torch
@pytest.mark.parametrize("options", FORMATS)
def test_parameters_attributes_and_marks(options):
    torch = pytest.importorskip("torch")
    p = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    tagged = torch.nn.Parameter(torch.ones(2))
    tagged.tag, tagged.backward = [1], 5  # the second is a name of the class
    buffer = torch.nn.Buffer(torch.ones(1), persistent=False)
    z = torch.tensor([1 + 2j, 3 - 1j])
    a, b, c, d, f = through_file([p, tagged, buffer, z.conj(), p], **options)
    e = through_file(z.conj().imag, **options)
    assert type(a) is type(b) is wg.nn.Parameter
    assert not a.requires_grad
    assert b.requires_grad
    assert b.tag == [1]
    assert callable(b.backward)
    assert isinstance(c, wg.nn.Buffer)
    assert not c.persistent
    assert d.tolist() == [1 - 2j, 3 + 1j]
    assert e.tolist() == [-2, 1]
    assert f is a
    assert through_file(z.storage(), **options).tolist() == z.tolist()
    assert len(through_file(z.untyped_storage(), **options)) == 16


@pytest.mark.torch
def test_a_model_and_its_optimizer(tmp_path):
    torch = pytest.importorskip("torch")

    def build(library):
        nn = library.nn
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5)
        )

    theirs, ours = build(torch), build(wg)
    x = np.random.default_rng(0).standard_normal((3, 1, 6, 6)).astype("float32")
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        theirs(torch.tensor(x)).square().mean().backward()
        optimizer.step()
    path = tmp_path / "checkpoint.pt"
    state = {"model": theirs.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    torch.save(state, path)
    loaded = wg.load(path, map_location="cpu", weights_only=True, mmap=True)
    assert loaded["epoch"] == 3
    assert loaded["model"]._metadata == theirs.state_dict()._metadata
    ours.load_state_dict(loaded["model"])
    mine = wg.optim.Adam(ours.parameters(), lr=0.1)
    mine.load_state_dict(loaded["optimizer"])
    for _ in range(2):
        for library, model, how in ((torch, theirs, optimizer), (wg, ours, mine)):
            how.zero_grad()
            model(library.tensor(x)).square().mean().backward()
            how.step()
    np.testing.assert_allclose(
        ours(wg.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), 1e-4, 1e-5
    )


@pytest.mark.torch
def test_file_objects_and_several_in_one_file():
    torch = pytest.importorskip("torch")
    file = io.BytesIO()
    for i in range(3):
        torch.save(torch.full((2,), i), file, _use_new_zipfile_serialization=False)
    file.seek(0)
    assert [wg.load(file).tolist() for _ in range(3)] == [[0, 0], [1, 1], [2, 2]]
    with pytest.raises(ValueError, match="mmap"):
        wg.load(io.BytesIO(file.getvalue()), mmap=True)


@pytest.mark.torch
def test_sums_that_were_not_written():
    torch = pytest.importorskip("torch")
    torch.serialization.set_crc32_options(False)
    try:
        assert through_file(torch.ones(2)).tolist() == [1, 1]
    finally:
        torch.serialization.set_crc32_options(True)


# ---- classes declared safe ----------------------------------------------------------------


class Plain:
    def __init__(self):
        raise AssertionError("must not run")


class WithState(Plain):
    def __setstate__(self, state):
        raise AssertionError("must not run")


class WithNew(Plain):
    def __new__(cls):
        raise AssertionError("must not run")


@pytest.mark.torch
def test_safe_globals():
    torch = pytest.importorskip("torch")
    serialization = wg.serialization
    obj = {"args": argparse.Namespace(lr=0.1, w=torch.ones(2))}
    with pytest.raises(pickle.UnpicklingError, match=r"argparse\.Namespace"):
        through_file(obj)
    with serialization.safe_globals([argparse.Namespace]):
        assert serialization.get_safe_globals() == [argparse.Namespace]
        back = through_file(obj)["args"]
        assert type(back) is argparse.Namespace
        assert back.lr == 0.1
        assert back.w.tolist() == [1, 1]
    assert serialization.get_safe_globals() == []
    for cls, fits in ((Plain, True), (WithState, False), (WithNew, False)):
        made = object.__new__(cls)
        made.x = 1
        serialization.add_safe_globals([(cls, f"{cls.__module__}.{cls.__qualname__}")])
        try:
            if fits:
                assert through_file(made).x == 1
            else:
                with pytest.raises(pickle.UnpicklingError, match="without running its code"):
                    through_file(made)
        finally:
            serialization.clear_safe_globals()
    with pytest.raises(TypeError, match="classes"):
        serialization.add_safe_globals([3])


# ---- hostile files ------------------------------------------------------------------------


def archive(pickled: bytes, data: dict[str, bytes] | None = None, **options) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as z:
        z.writestr("archive/data.pkl", pickled)
        for key, content in (data or {}).items():
            z.writestr(f"archive/data/{key}", content)
    return io.BytesIO(file.getvalue())


class Call:
    """Pickles as the call of a function."""

    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "obj",
    [
        Call(os.system, "touch /tmp/wengert-was-run"), Call(eval, "1/0"), Call(exec, "1/0"),
        Call(getattr, "x", "upper"), Call(__import__, "os"), Call(print, "run"), Call(open, "x"),
        Call(pickle.loads, b"N."), os.system, Call(bytes.fromhex, "00"), Call(map, len, []),
        Call(np.load, "x"), Call(type, "X", (), {}), Plain, Call(np.dtype, "O"),
        Call(set, [[1]]), Call(Counter, 5), {object.__new__(Plain): 1},
    ],
)  # fmt: skip
@pytest.mark.parametrize("weights_only", [True, False])
def test_nothing_is_run(obj, protocol, weights_only, capfd):
    pickled = pickle.dumps(obj, protocol)
    legacy = b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, {}))
    for file in (archive(pickled), io.BytesIO(legacy + pickled), io.BytesIO(pickled)):
        with pytest.raises(ValueError, match="load:"):
            wg.load(file, weights_only=weights_only)
    assert not os.path.exists("/tmp/wengert-was-run")
    assert capfd.readouterr().out == ""


def text(s: str) -> bytes:
    return b"X" + struct.pack("<I", len(s)) + s.encode()


def number(n: int) -> bytes:
    return pickle.dumps(n, 2)[2:-1]


def tuple_of(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def tensor(numel=4, key="0", offset=0, shape=(2,), strides=(1,), kind="FloatStorage",
           location="cpu", grad=b"\x89") -> bytes:  # fmt: skip
    """The instructions for one tensor."""
    storage = tuple_of(text("storage"), f"ctorch\n{kind}\n".encode(), text(key), text(location),
                       number(numel))  # fmt: skip
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + tuple_of(
        storage + b"Q", number(offset), tuple_of(*map(number, shape)),
        tuple_of(*map(number, strides)), grad, b"N",
    ) + b"R"  # fmt: skip


def test_the_tensor_of_these_tests():
    data = {"0": np.arange(4, dtype="<f4").tobytes()}
    assert wg.load(archive(b"\x80\x02" + tensor() + b".", data)).tolist() == [0, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"numel": 5}, {"numel": 3}, {"numel": 1 << 40}, {"numel": -1}, {"numel": 1 << 70},
        {"key": "1"}, {"key": "../0"}, {"key": "/etc/passwd"}, {"offset": 3}, {"offset": -1},
        {"offset": 1 << 61}, {"shape": (5,)}, {"shape": (-1,)}, {"shape": (1 << 61,)},
        {"shape": (1 << 31,) * 3, "strides": (0,) * 3}, {"shape": (2, 2)}, {"strides": (-1,)},
        {"strides": (4,)}, {"strides": (1 << 61,)}, {"shape": (1,) * 70, "strides": (0,) * 70},
        {"kind": "QInt8Storage"}, {"kind": "float32"}, {"kind": "LongStorage"},
        {"kind": "IntStorage", "grad": b"\x88"},
    ],
)  # fmt: skip
def test_tensors_beyond_their_storage(change):
    with pytest.raises(ValueError, match="load:"):
        wg.load(archive(b"\x80\x02" + tensor(**change) + b".", {"0": bytes(16)}))


def test_other_devices():
    file = b"\x80\x02" + tensor(location="cuda:0") + b"."
    data = {"0": bytes(16)}
    with pytest.raises(RuntimeError, match="map_location"):
        wg.load(archive(file, data))
    for where in ("cpu", wg.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage):
        assert wg.load(archive(file, data), map_location=where).tolist() == [0, 0]
    for where in ({"cuda:1": "cpu"}, lambda storage, location: None, "cuda:0"):
        with pytest.raises(RuntimeError):
            wg.load(archive(file, data), map_location=where)


def test_bytes_of_bools_and_big_endian_files():
    pickled = b"\x80\x02" + tensor(kind="BoolStorage", shape=(4,)) + b"."
    t = wg.load(archive(pickled, {"0": b"\0\1\2\xff"}))
    assert wg._core.to_bytes(t) == b"\0\1\1\1"
    for kind, dtype in (("FloatStorage", ">f4"), ("ShortStorage", ">i2"),
                        ("ComplexFloatStorage", ">c8")):  # fmt: skip
        values = np.arange(4).astype(dtype)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as z:
            z.writestr("a/data.pkl", b"\x80\x02" + tensor(kind=kind, shape=(4,)) + b".")
            z.writestr("a/byteorder", "big")
            z.writestr("a/data/0", values.tobytes())
        assert wg.load(io.BytesIO(file.getvalue())).tolist() == values.tolist()


@pytest.mark.parametrize(
    "pickled",
    [
        b"", b".", b"N", b"NN.", b"(.", b"(N.", b"0.", b"a.", b"]Na", b"Na.", b"t.", b"e.", b"u.",
        b"}NNNu.", b"}(Nu.", b"R.", b"NNR.", b"N)R.", b"N)\x81.", b"b.", b"NNb.", b"}}b.", b"Q.",
        b"NQ.", b"h\0.", b"j\xff\xff\xff\xff.", b"q\0.", b"X\xff\xff\xff\xffab.",
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fab.", b"\x8b\xff\xff\xff\x7f.", b"X\1\0\0\0\xff.",
        b"ccollections\nOrderedDict\n.", b"ccollections", b"c" + b"a" * 5000, b"NN\x93.",
        b"cos\nsystem\n.", b"S'a'\n.", b"I1\n.", b"i__main__\nX\n.", b"o.", b"P1\n.", b"\x82\1.",
        b"\x80\x01N.", b"\x80\x06N.", b"}]Ns.", b"\x8f(]\x90.", b"(]\x91.",
        b"ccollections\nOrderedDict\n)R}X\1\0\0\0aNsb.", b"ctorch\nSize\n]X\1\0\0\0aa\x85R.",
        b"ctorch\nSize\nN\x85R.", b"ctorch\nTensor\n)R.", b"cnumpy\nndarray\n)\x81.",
        b"cnumpy\ndtype\nX\1\0\0\0O\x85R.", b"cnumpy.core.multiarray\n_reconstruct\nN\x85R.",
        b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\1b\x87R.",
        b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch\nSize\nNNNtR.",
    ],
)  # fmt: skip
def test_damaged_pickles(pickled):
    start = b"" if pickled.startswith(b"\x80") else b"\x80\x02"
    with pytest.raises(ValueError, match="load:"):
        if type(wg.load(archive(start + pickled))) is not list:
            raise ValueError("load: a class alone")


def test_deep_and_large_structures():
    deep = wg.load(archive(b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b"."))
    assert deep[0][0][0] != []
    with pytest.raises(ValueError, match="key"):  # nested tuples as a key
        wg.load(archive(b"\x80\x02})" + b"\x85" * 200_000 + b"Ns."))
    with pytest.raises(ValueError, match="key"):  # a key of 2**200 parts
        wg.load(archive(b"\x80\x02})" + b"2\x86" * 200 + b"Ns."))
    with pytest.raises(ValueError, match="far more"):  # one list, copied again and again
        many = b"](" + b"N" * 1000 + b"eq\0"
        again = b"(" + b"cbuiltins\nset\nh\0\x85R" * 1000
        wg.load(archive(b"\x80\x02" + many + again + b"t."))


def test_archives():
    plain = b"\x80\x02" + tensor() + b"."
    good = archive(plain, {"0": bytes(16)}).getvalue()
    bomb = archive(plain, {"0": bytes(16), "x": bytes(10_000_000)},
                   compression=zipfile.ZIP_DEFLATED)  # fmt: skip
    with pytest.raises(ValueError, match="claim more"):
        wg.load(bomb)
    with pytest.raises(ValueError, match="compressed"):
        wg.load(archive(plain + bytes(100), {"0": bytes(16)}, compression=zipfile.ZIP_DEFLATED))
    with pytest.raises(ValueError, match="not those"):
        wg.load(io.BytesIO(good.replace(bytes(16), b"\1" + bytes(15), 1)))
    for names in ((), ("data.pkl",), ("a/b/data.pkl",), ("a/data.pkl", "b/data.pkl")):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as z:
            for name in names:
                z.writestr(name, plain)
            z.writestr("x", "x")
        with pytest.raises(ValueError, match=r"data\.pkl"):
            wg.load(io.BytesIO(file.getvalue()))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("a/data.pkl", plain)
        z.writestr("a/constants.pkl", plain)
    with pytest.raises(ValueError, match="TorchScript"):
        wg.load(io.BytesIO(file.getvalue()))
    for n in range(len(good)):
        with pytest.raises(ValueError, match="load:"):
            wg.load(io.BytesIO(good[:n]))


def test_the_older_format_cut_off_at_any_place():
    storage = np.arange(4, dtype="<f4").tobytes()
    numbers = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    whole = b"".join(pickle.dumps(v, 2) for v in numbers)
    view = tensor().replace(b"tQ", tuple_of(text("v"), number(1), number(3)) + b"tQ")
    for one, expected in ((tensor(), [0, 1]), (view, [1, 2])):
        data = whole + b"\x80\x02" + one + b"." + pickle.dumps(["0"], 2)
        data += struct.pack("<q", 4) + storage
        assert wg.load(io.BytesIO(data)).tolist() == expected
        for n in range(len(data)):
            with pytest.raises(ValueError, match="load:"):
                wg.load(io.BytesIO(data[:n]))


SOURCE = archive(
    b"\x80\x02](" + tensor() + tensor(offset=1, shape=(1, 2), strides=(2, 1)) + text("x") + b"}"
    + text("k") + number(2**70) + b"s" + b"G" + struct.pack(">d", 1.5) + b"e.",
    {"0": bytes(16)},
).getvalue()  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(SOURCE) - 1), st.integers(0, 255)), min_size=1, max_size=4
    )
)
def test_changed_bytes_never_crash(changes):
    data = bytearray(SOURCE)
    for at, value in changes:
        data[at] = value
    with contextlib.suppress(ValueError, RuntimeError):
        wg.load(io.BytesIO(bytes(data)))


PICKLE = b"](" + tensor() + text("x") + b"}" + text("k") + number(2**70) + b"s)Ne."


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(PICKLE) - 1), st.integers(0, 255)), min_size=1, max_size=4
    )
)
def test_changed_instructions_never_crash(changes):
    data = bytearray(PICKLE)
    for at, value in changes:
        data[at] = value
    with contextlib.suppress(ValueError, RuntimeError):
        wg.load(archive(b"\x80\x02" + bytes(data), {"0": bytes(16)}))


@pytest.mark.torch
def test_safetensors_of_pytorch_both_ways(tmp_path):
    torch = pytest.importorskip("torch")
    files = pytest.importorskip("safetensors.torch")
    state = torch.nn.Linear(3, 2).state_dict()
    files.save_file(state, tmp_path / "theirs.safetensors")
    layer = wg.nn.Linear(3, 2)
    layer.load_state_dict(wg.load(tmp_path / "theirs.safetensors"))
    assert layer.weight.tolist() == state["weight"].tolist()
    wg.save(layer.state_dict(), tmp_path / "ours.safetensors")
    back = files.load_file(tmp_path / "ours.safetensors")
    assert {k: v.tolist() for k, v in back.items()} == {k: v.tolist() for k, v in state.items()}
