"""Files of tensors written and read by the core."""

import json

import pytest
import wengert as wg
from wengert._core import read_safetensors, write_safetensors


def test_round_trip_and_header(tmp_path):
    path = str(tmp_path / "t.safetensors")
    tensors = {
        "b": wg.arange(6).reshape(2, 3).t(),
        "a": wg.tensor([True, False]),
        "c": wg.tensor(1.5),
    }
    write_safetensors(path, tensors, {"k": "ü"})
    loaded, metadata = read_safetensors(path)
    assert metadata == {"k": "ü"}
    assert {n: t.tolist() for n, t in loaded.items()} == {n: t.tolist() for n, t in tensors.items()}
    assert all(loaded[n].dtype == t.dtype for n, t in tensors.items())
    raw = (tmp_path / "t.safetensors").read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    assert header["a"] == {"dtype": "BOOL", "shape": [2], "data_offsets": [52, 54]}


def test_errors_are_typed(tmp_path):
    path = tmp_path / "t.safetensors"
    with pytest.raises(OSError, match="No such file"):
        read_safetensors(str(path))
    with pytest.raises(ValueError, match="undefined"):
        write_safetensors(str(path), {"a": None}, {})
    path.write_bytes(b"\xff" * 100)
    with pytest.raises(ValueError, match="no safetensors file"):
        read_safetensors(str(path))
