"""The safetensors file format: a JSON header that names the tensors, then their bytes.

8 bytes hold the length of the header (little-endian), which maps each name to dtype, shape and
place; its entry ``__metadata__`` holds texts. The tensors' bytes follow in row-major order without
gaps.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping
from math import prod

from . import _core
from ._tensor import Tensor, all_dtypes, dtype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

_NAMES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "float16": "F16",
    "bfloat16": "BF16",
    "float32": "F32",
    "float64": "F64",
    "complex64": "C64",
}
_BY_NAME: dict[str, dtype] = {_NAMES[d.name]: d for d in all_dtypes if d.name in _NAMES}
_COMPLEX128 = next(d for d in all_dtypes if d.name == "complex128")
_LONGEST_HEADER = 100_000_000
# Headers are padded to this, so that the data is aligned when a file is mapped.
_ALIGNMENT = 64


def _memory(t: Tensor) -> memoryview:
    """The bytes of a dense tensor, writable."""
    import ctypes

    n = t.nbytes
    return (
        memoryview((ctypes.c_char * n).from_address(t.data_ptr())).cast("B")
        if n
        else memoryview(b"")
    )


def format_json(value: Any) -> str:
    """JSON without spaces. The module is imported by those who save or load: it costs 2 ms."""
    import json

    return json.dumps(value, separators=(",", ":"))


def _check_byte_order(op: str) -> None:
    if sys.byteorder != "little":
        raise NotImplementedError(f"{op}: only little-endian machines are supported")


# ---- writing ------------------------------------------------------------------------------


def write(file: BinaryIO, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Writes dense or strided tensors; complex128 as pairs of float64 along a last dimension."""
    _check_byte_order("save")
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    at = 0
    for name, t in tensors.items():
        pairs = t.dtype is _COMPLEX128
        header[name] = {
            "dtype": "F64" if pairs else _NAMES[t.dtype.name],
            "shape": [*t.shape, 2] if pairs else list(t.shape),
            "data_offsets": [at, at + t.nbytes],
        }
        at += t.nbytes
    text = format_json(header).encode()
    if len(text) > _LONGEST_HEADER:
        raise ValueError(f"save: the structure takes {len(text)} bytes, more than a file can hold")
    text += b" " * (-(8 + len(text)) % _ALIGNMENT)
    _write_all(file, len(text).to_bytes(8, "little") + text)
    for t in tensors.values():
        dense = t.detach().contiguous()
        _write_all(file, _memory(dense))


def _write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    left = memoryview(data)
    while left:
        n = file.write(left)
        if n is None or n >= len(left):
            return
        left = left[n:]


# ---- reading ------------------------------------------------------------------------------


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name occurs twice")
    return made


def parse_json(text: bytes | str) -> Any:
    """JSON from a file that is not trusted; ValueError for whatever is wrong with it."""
    import json

    try:
        return json.loads(text, object_pairs_hook=_no_duplicates)
    except RecursionError:
        raise ValueError("load: the file's header is nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("load: the file's header is no text; is it a safetensors file?") from None
    except ValueError as e:
        raise ValueError(f"load: the file's header is no valid JSON ({e})") from None


def _whole(n: Any) -> bool:
    return type(n) is int and 0 <= n < 1 << 62


class _Entry:
    """What the header says of one tensor, checked."""

    def __init__(self, name: str, entry: Any) -> None:
        bad = ValueError(f"load: the header's entry for tensor {name!r} is not valid")
        if not isinstance(entry, dict):
            raise bad
        kind, shape, place = (entry.get(k) for k in ("dtype", "shape", "data_offsets"))
        if not isinstance(kind, str) or not isinstance(shape, list) or not isinstance(place, list):
            raise bad
        if len(place) != 2 or not all(map(_whole, (*shape, *place))):
            raise bad
        if kind not in _BY_NAME:
            raise ValueError(
                f"load: tensor {name!r} has dtype {kind!r}; supported are {', '.join(_BY_NAME)}"
            )
        self.dtype = _BY_NAME[kind]
        self.shape: list[int] = shape
        self.begin, self.end = place
        if prod(shape) * self.dtype.itemsize != self.end - self.begin:
            raise ValueError(
                f"load: tensor {name!r} of shape {tuple(shape)} and dtype {kind} takes "
                f"{prod(shape) * self.dtype.itemsize} bytes, but its place holds "
                f"{self.end - self.begin}"
            )


def _size_left(file: BinaryIO) -> int:
    at = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(at)
    return end - at


def _fill(file: BinaryIO, t: Tensor) -> None:
    left = _memory(t)
    into: Callable[[Any], int | None] | None = getattr(file, "readinto", None)
    while left:
        if into is not None:
            n = into(left)
        else:
            data = file.read(len(left))
            n = len(data)
            left[:n] = data
        if not n:
            raise ValueError("load: the file ends before its last tensor; it was cut off")
        left = left[n:]


def read(
    file: BinaryIO, complex_names: Callable[[dict[str, str]], set[str]] | None = None
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file by name, in the order of their places, and its metadata.

    Nothing is allocated before all sizes were checked against the size of the file.

    Args:
        complex_names: finds in the metadata which float64 tensors stand for complex128.

    Raises ValueError for files that are damaged or in another format.
    """
    _check_byte_order("load")
    if not (hasattr(file, "seekable") and file.seekable()):
        file = io.BytesIO(file.read())
    available = _size_left(file) - 8
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > min(available, _LONGEST_HEADER):
        raise ValueError(
            "load: this is no safetensors file, or it was cut off: "
            f"{max(0, available)} bytes follow, but the header would take {length}"
        )
    header = parse_json(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("load: the file's header must be a JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("load: the file's metadata must map names to texts")
    entries = {name: _Entry(name, entry) for name, entry in header.items()}
    order = sorted(entries, key=lambda name: (entries[name].begin, entries[name].end))
    at = 0
    for name in order:
        if entries[name].begin != at:
            raise ValueError(f"load: tensor {name!r} does not begin where the one before it ends")
        at = entries[name].end
    if at > available - length:
        raise ValueError(
            f"load: the tensors take {at} bytes, but {available - length} follow the header; "
            "the file was cut off"
        )
    if at < available - length:
        raise ValueError(
            f"load: {available - length - at} bytes follow the last tensor, where the file must end"
        )
    pairs = complex_names(metadata) if complex_names else set()
    return {name: _read_tensor(file, entries[name], name in pairs) for name in order}, metadata


def _read_tensor(file: BinaryIO, entry: _Entry, as_complex: bool) -> Tensor:
    kind, shape = entry.dtype, entry.shape
    if as_complex:
        if kind.name != "float64" or shape[-1:] != [2]:
            raise ValueError("load: a complex tensor must be stored as pairs of float64")
        kind, shape = _COMPLEX128, shape[:-1]
    truth = kind.name == "bool"
    try:
        t: Tensor = _core.ops.empty(shape, dtype=_BY_NAME["U8"] if truth else kind)
    except (MemoryError, RuntimeError, OverflowError) as e:
        raise ValueError(f"load: cannot make a tensor of shape {tuple(shape)}: {e}") from None
    _fill(file, t)
    # Any byte may stand in the file, but a bool must be 0 or 1.
    return t.ne(0) if truth else t
