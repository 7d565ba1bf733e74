"""Files: what comes back, what is refused, and what a damaged file may do."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import math
import os
import stat
import subprocess
import sys
from collections import OrderedDict, namedtuple
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wengert as wg
from wengert._serialization import load, save

ALL_DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16",
              "float32", "float64", "complex64", "complex128"]  # fmt: skip


def bytes_of(obj) -> bytes:
    file = io.BytesIO()
    save(obj, file)
    return file.getvalue()


def round_trip(obj):
    return load(io.BytesIO(bytes_of(obj)))


def same(a, b) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, wg.Tensor):
        return (
            a.dtype is b.dtype and a.shape == b.shape and a.requires_grad == b.requires_grad
            and wg._core.to_bytes(a.detach()) == wg._core.to_bytes(b.detach())
        )  # fmt: skip
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, (float, complex)):
        return repr(a) == repr(b)
    return a == b


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, -1, 2**63 - 1, -(2**63), 2**63, -(2**200), 1.5, -0.0, 1e-320,
        math.inf, -math.inf, math.nan, 1 + 2j, complex(math.nan, -math.inf), "", "text",
        "\ud800\0é", b"", b"\0\xff", bytearray(b"ab"), [], (), {}, set(), {1, "a"},
        frozenset({2.5}), [1, [2, (3,)]],
        {"a": 1, 2: "b", 2.5: None, None: 1, True: 0, (1, "x"): [1]}, OrderedDict(b=1, a=2),
        wg.float32, wg.bool, wg.Size([2, 3]), wg.device("cpu"), {"dict": [["a", 1]]},
        {"tensor": "x"},
    ],
)  # fmt: skip
def test_plain_values(value):
    back = round_trip(value)
    assert same(value, back)
    assert same([value, {"k": value}], round_trip([value, {"k": value}]))


def test_ints_of_any_size():
    assert round_trip(7**9000) == 7**9000


@pytest.mark.parametrize("dtype", ALL_DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (0, 3), (2, 3), (2, 1, 3, 1, 2)])
def test_tensors(dtype, shape):
    n = math.prod(shape)
    t = wg.tensor([i % 3 for i in range(n)], dtype=wg.float32).reshape(shape).to(getattr(wg, dtype))
    assert same(t, round_trip(t))
    back = round_trip({"a": {"b": [t]}})
    assert same(t, back["a"]["b"][0])


def test_gradients_and_history():
    x = wg.ones(3, requires_grad=True)
    assert same(x, round_trip(x))
    y = round_trip(x * 2)
    assert y.is_leaf
    assert y.tolist() == [2.0, 2.0, 2.0]


def test_sharing():
    x, y = wg.arange(4.0), wg.zeros(4)
    back = round_trip({"a": x, "b": [x, y], "c": x.detach(), "d": y})
    assert back["a"] is back["b"][0]
    assert back["b"][1] is back["d"]
    assert back["c"] is not back["a"]
    assert back["c"].data_ptr() == back["a"].data_ptr()
    # Two objects over one memory, each of them twice.
    alias = x.detach()
    back = round_trip([x, alias, x, alias])
    assert back[0] is back[2]
    assert back[1] is back[3]
    assert back[0] is not back[1]


def test_views_are_stored_dense():
    big = wg.arange(100_000.0)
    assert len(bytes_of(big[:4])) < 2000
    assert same(round_trip(big[::-1][:5]), wg.tensor([99999.0, 99998, 99997, 99996, 99995]))
    assert same(round_trip(wg.ones(1, 1).expand(3, 4)), wg.ones(3, 4))
    m = wg.arange(6.0).reshape(2, 3)
    assert same(round_trip(m.t()), m.t().contiguous())


def test_generator_state():
    wg.manual_seed(3)
    state = round_trip({"rng": wg.get_rng_state()})["rng"]
    first = wg.rand(4)
    wg.set_rng_state(state)
    assert wg.rand(4).tolist() == first.tolist()


class Custom:
    pass


class CustomTensor(wg.Tensor):
    pass


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("obj", "where"),
    [
        (Custom(), "obj is"),
        ({"model": {"a": [1, Custom()]}}, r"obj\['model'\]\['a'\]\[1\] is"),
        ([len], r"obj\[0\] is"),
        ({"t": wg.Tensor._make_subclass(CustomTensor, wg.ones(2))}, r"obj\['t'\] is"),
        (Point(1, 2), "convert it to a plain tuple"),
        ({Custom: 1}, "keys"),
        (Custom, "obj is"),
    ],
)
def test_unknown_types_are_refused(obj, where, tmp_path):
    with pytest.raises(TypeError, match=where):
        save(obj, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


def test_structures_that_contain_themselves_are_refused():
    loop: list = []
    loop.append(loop)
    with pytest.raises(ValueError, match="contain"):
        bytes_of(loop)


# ---- files --------------------------------------------------------------------------------


def test_paths_and_file_objects(tmp_path):
    path = tmp_path / "f.pt"
    for target in (path, str(path)):
        save([1, wg.ones(2)], target)
        assert same(load(target), [1, wg.ones(2)])
    with open(path, "wb") as file:
        file.write(b"before")
        save({"a": 1}, file)
    with open(path, "rb") as file:
        assert file.read(6) == b"before"
        assert load(file) == {"a": 1}
    with pytest.raises(TypeError, match="path or a file"):
        save(1, 3)
    with pytest.raises(TypeError, match="path or a file"):
        load(3)
    assert load(io.BytesIO(bytes_of(5)), map_location="cpu") == 5
    with pytest.raises(RuntimeError, match="CPU"):
        load(path, map_location="cuda")


def test_pipes(tmp_path):
    read, write = os.pipe()
    with os.fdopen(write, "wb") as w:
        save({"a": wg.ones(3)}, w)
    with os.fdopen(read, "rb") as r:
        assert same(load(r), {"a": wg.ones(3)})


def test_replacing_keeps_links_and_permissions(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    save(1, real)
    os.chmod(real, 0o640)
    link.symlink_to(real)
    save(2, link)
    assert link.is_symlink()
    assert load(real) == 2
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_failures_leave_no_debris(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError):
        save(1, tmp_path / "missing" / "f")
    with pytest.raises(IsADirectoryError):
        save(1, tmp_path)
    path = tmp_path / "f"
    save("old", path)

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save("new", path)
    monkeypatch.undo()
    assert load(path) == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_full_disk():
    with pytest.raises(OSError, match="space"):
        save(wg.ones(100_000), "/dev/full")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a plain user")
def test_no_permission(tmp_path):
    os.chmod(tmp_path, 0o500)
    with pytest.raises(PermissionError):
        save(1, tmp_path / "f")


def test_a_crash_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "f"
    save({"a": wg.zeros(10)}, path)
    before = path.read_bytes()
    code = f"""
import os, wengert as wg
from wengert import _safetensors, _serialization
plain, calls = _safetensors._write_all, []
def dying(file, data):
    calls.append(1)
    if len(calls) > 2:
        file.flush()
        os._exit(7)
    plain(file, data)
_safetensors._write_all = dying
_serialization.save({{"a": wg.ones(50000), "b": wg.ones(50000)}}, {str(path)!r})
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 7
    assert path.read_bytes() == before


# ---- hostile files ------------------------------------------------------------------------


def file_of(header, data: bytes = b"") -> io.BytesIO:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return io.BytesIO(len(text).to_bytes(8, "little") + text + data)


def entry(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize(
    "file",
    [
        io.BytesIO(b""),
        io.BytesIO(b"\x80\x02}q\x00."),  # a pickle
        io.BytesIO(b"PK\x03\x04" + b"\0" * 40),  # a zip archive
        io.BytesIO(b"\xff" * 8),
        io.BytesIO((1 << 60).to_bytes(8, "little") + b"{}"),
        file_of(b"[1]"),
        file_of(b"{"),
        file_of(b"\xff\xfe"),
        file_of(b"[" * 100_000),
        file_of(b'{"a":' * 50_000),
        file_of(b'{"a":1,"a":2}'),
        file_of({"a": entry()}),  # data missing
        file_of({"a": entry(shape=(2,))}, b"1234"),
        file_of({"a": entry(shape=(1 << 40,), offsets=(0, 1 << 42))}, b"1234"),
        file_of({"a": entry(shape=(1 << 31, 1 << 31, 1 << 31))}, b"1234"),
        file_of({"a": entry(shape=(-1,))}, b"1234"),
        file_of({"a": entry(shape=(True,))}, b"1234"),
        file_of({"a": entry(shape=(1.0,))}, b"1234"),
        file_of({"a": entry(shape=(0, 1 << 61, 8), offsets=(0, 0))}),
        file_of({"a": entry(shape=(1,) * 40)}, b"1234"),
        file_of({"a": entry(dtype="F8")}, b"1234"),
        file_of({"a": entry(offsets=(4, 8))}, b"12345678"),
        file_of({"a": entry()}, b"12345"),
        file_of({"a": entry(), "b": entry()}, b"1234"),
        file_of({"a": entry(offsets=(4, 0))}, b"1234"),
        file_of({"a": 1}),
        file_of({"__metadata__": 1}),
        file_of({"__metadata__": {"a": 1}}),
    ],
)
def test_damaged_files(file):
    with pytest.raises(ValueError, match="load:"):
        load(file)


@pytest.mark.parametrize(
    "root",
    [
        {}, {"what": 1}, {"tensor": "b"}, {"tensor": ["a"]}, {"same": 0}, {"same": []},
        {"tuple": 1}, {"dict": 1}, {"dict": [1]}, {"dict": [[1]]}, {"dict": [[["list"], 1]]},
        {"set": [[1]]}, {"int": 5}, {"int": "zz"}, {"float": "x"}, {"complex": ["1"]},
        {"complex": 3}, {"bytes": "*"}, {"bytes": 1},
        {"dtype": "float99"}, {"dtype": []}, {"device": "cuda"}, {"size": ["a"]},
        {"tensor": "a", "class": "os.system"}, {"tensor": "a", "complex128": True},
    ],
)  # fmt: skip
def test_damaged_structures(root):
    text = json.dumps({"version": 1, "root": root})
    with pytest.raises(ValueError, match=r".+"):
        load(file_of({"__metadata__": {"wengert": text}, "a": entry()}, b"1234"))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version":2,"root":1}', "[" * 100_000, "1" * 9000]
)
def test_damaged_structure_texts(text):
    with pytest.raises(ValueError, match="load:"):
        load(file_of({"__metadata__": {"wengert": text}}))


def test_deep_structures():
    for opening, closing in (("[", "]"), ('{"tuple":[', "]}")):
        text = '{"version":1,"root":' + opening * 400 + closing * 400 + "}"
        with pytest.raises(ValueError, match="deep"):
            load(file_of({"__metadata__": {"wengert": text}}))


def test_bools_are_zero_or_one():
    t = load(file_of({"a": entry("BOOL", (4,))}, b"\0\1\2\xff"))["a"]
    assert t.tolist() == [False, True, True, True]
    assert wg._core.to_bytes(t) == b"\0\1\1\1"


def test_cut_off_at_any_place():
    data = bytes_of({"a": wg.arange(10.0), "n": [1, "x", None], "b": wg.ones(3, dtype=wg.int8)})
    for n in range(len(data)):
        with pytest.raises(ValueError, match="load:"):
            load(io.BytesIO(data[:n]))


def test_sizes_are_checked_before_memory_is_taken():
    import tracemalloc

    limit = wg.memory_stats()["allocated"]
    wg.reset_peak_memory()
    tracemalloc.start()
    with pytest.raises(ValueError, match="load:"):
        load(file_of({"a": entry(shape=(1 << 28,), offsets=(0, 1 << 30))}, b"1234"))
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    assert wg.memory_stats()["peak_allocated"] < limit + (1 << 20)


tensors = st.builds(
    lambda dtype, shape: wg.ones(shape).to(getattr(wg, dtype)),
    st.sampled_from(ALL_DTYPES),
    st.lists(st.integers(0, 3), max_size=3),
)
keys = st.one_of(
    st.text(), st.integers(), st.booleans(), st.none(), st.tuples(st.text(), st.integers())
)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(),
    st.complex_numbers(allow_nan=False), tensors,
)  # fmt: skip
structures = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
        st.dictionaries(keys, inner, max_size=4).map(OrderedDict),
    ),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(structures)
def test_any_structure_round_trips(obj):
    assert same(obj, round_trip(obj))


SOURCE = bytes_of({"a.b": wg.arange(5.0), "c": [wg.ones(2, dtype=wg.bool), 2**70, (1.5, math.inf)],
                   "d": b"xyz", "e": wg.ones(2, dtype=wg.complex128)})  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(SOURCE) - 1), st.integers(0, 255)), min_size=1, max_size=6
    )
)
def test_changed_bytes_never_crash(changes):
    data = bytearray(SOURCE)
    for at, value in changes:
        data[at] = value
    with contextlib.suppress(ValueError):
        load(io.BytesIO(bytes(data)))


# ---- other programs -----------------------------------------------------------------------


def test_a_state_dict_keeps_its_names(tmp_path):
    pytest.importorskip("safetensors")
    numpy = pytest.importorskip("safetensors.numpy")
    state = OrderedDict(
        [("z.weight", wg.arange(6.0).reshape(2, 3)), ("a.bias", wg.ones(2, dtype=wg.int64))]
    )
    path = tmp_path / "state.safetensors"
    save(state, path)
    arrays = numpy.load_file(path)
    assert sorted(arrays) == ["a.bias", "z.weight"]
    assert arrays["z.weight"].tolist() == state["z.weight"].tolist()
    assert arrays["a.bias"].dtype == "int64"
    assert same(load(path), state)


def test_nested_names_are_paths(tmp_path):
    pytest.importorskip("safetensors")
    from safetensors import safe_open

    path = tmp_path / "f"
    save({"model": {"w": wg.ones(1)}, "list": [wg.zeros(1)], "model.w": wg.ones(2)}, path)
    with safe_open(path, "np") as file:
        assert sorted(file.keys()) == ["list.0", "model.w", "model.w#1"]


@pytest.mark.parametrize(
    "dtype", [d for d in ALL_DTYPES if d not in ("complex64", "complex128", "bfloat16")]
)
def test_files_of_the_safetensors_package(tmp_path, dtype):
    numpy = pytest.importorskip("safetensors.numpy")
    import numpy as np

    arrays = {"x": np.arange(6).reshape(2, 3).astype(dtype), "empty": np.zeros((0, 2), dtype)}
    path = tmp_path / "f"
    numpy.save_file(arrays, path, {"by": "test"})
    back = load(path)
    assert type(back) is dict
    for name, array in arrays.items():
        assert back[name].dtype is getattr(wg, dtype)
        assert back[name].tolist() == array.tolist()
        assert tuple(back[name].shape) == array.shape


@pytest.mark.torch
def test_bfloat16_with_torch(tmp_path):
    st_torch = pytest.importorskip("safetensors.torch")
    import torch

    path = tmp_path / "f"
    st_torch.save_file({"x": torch.arange(5).to(torch.bfloat16)}, path)
    assert load(path)["x"].dtype is wg.bfloat16
    assert load(path)["x"].tolist() == [0.0, 1, 2, 3, 4]
    save({"y": wg.arange(3).to(wg.bfloat16)}, path)
    assert st_torch.load_file(path)["y"].tolist() == [0.0, 1, 2]
