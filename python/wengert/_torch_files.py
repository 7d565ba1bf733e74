"""Files that PyTorch's save has written: a pickle of the structure beside the bytes of storages.

Since PyTorch 1.6 the file is a zip archive without compression, whose one folder has ``data.pkl``,
``byteorder`` and ``data/KEY`` for each storage. Before, four pickles stood in a row (a magic
number, the version, facts about the system, the structure), then a list of the storages' keys and,
in this order, the number of elements and the bytes of each.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from . import _core
from ._device import device
from ._safetensors import _fill, _memory, _size_left
from ._tensor import Tensor, _dtype_by_name
from ._torch_globals import StorageKind, finder, is_whole
from ._unpickler import Reader, UnpicklingError, damaged
from .storage import TypedStorage, UntypedStorage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO
    from zipfile import ZipFile, ZipInfo

    Storage = TypedStorage | UntypedStorage

_MAGIC = 0x1950A86A20F9469CFC6C
_TRUTH = bytes([0]) + bytes([1]) * 255
_CHUNK = 1 << 20


# ---- storages -----------------------------------------------------------------------------


class _Places:
    """Where the storages of a file go: all to the CPU, if `map_location` says so."""

    def __init__(self, map_location: Any) -> None:
        self._map = map_location
        self.in_cpu = map_location is not None

    def check(self, storage: Storage, location: str) -> None:
        """Raises RuntimeError if a storage is not to be on the CPU."""
        if isinstance(self._map, dict):
            location = str(self._map.get(location, location))
        elif callable(self._map) and not isinstance(self._map, device):
            if self._map(storage, location) is not None:
                return
        elif self._map is not None:
            location = str(device(self._map))
        if location != "cpu":
            raise RuntimeError(
                f"load: the file's tensors are on {location[:100]!r}, and wengert is a CPU engine; "
                "load them by map_location='cpu'"
            )


def _empty_storage(kind: StorageKind, numel: int) -> tuple[Storage, Tensor]:
    dtype = kind.dtype or _dtype_by_name("uint8")
    try:
        flat = _core.ops.empty((numel,), dtype=dtype)
    except (MemoryError, RuntimeError, OverflowError) as e:
        raise damaged(f"cannot make a storage of {numel} elements: {e}") from None
    return (UntypedStorage(flat) if kind.dtype is None else TypedStorage(flat)), flat


def _settle(flat: Tensor, big_endian: bool) -> None:
    """Makes the bytes of a file those of this machine: their order, and bools of 0 or 1."""
    memory = _memory(flat)
    if flat.dtype.name == "bool":
        for at in range(0, len(memory), _CHUNK):
            memory[at : at + _CHUNK] = bytes(memory[at : at + _CHUNK]).translate(_TRUTH)
    size = flat.itemsize // 2 if flat.is_complex() else flat.itemsize
    if big_endian and size > 1:
        for at in range(0, len(memory), _CHUNK):
            data = memory[at : at + _CHUNK]
            swapped = bytearray(len(data))
            for i in range(size):
                swapped[i::size] = data[size - 1 - i :: size].tobytes()
            data[:] = swapped


def _check_id(pid: Any) -> tuple[StorageKind, str, str, int]:
    if type(pid) is not tuple or len(pid) < 5 or pid[0] != "storage":
        raise damaged("a persistent id is not that of a storage")
    _, kind, key, location, numel = pid[:5]
    if not isinstance(kind, StorageKind) or type(key) is not str or type(location) is not str:
        raise damaged("a storage's class, key or location is not valid")
    if not is_whole(numel):
        raise damaged("a storage's size is not valid")
    return kind, key, location, numel


# ---- zip archives -------------------------------------------------------------------------


class _Archive:
    """The entries of a zip archive, checked: not compressed, each one once, all in the file."""

    def __init__(self, file: BinaryIO) -> None:
        import zipfile

        self.file = file
        start = file.tell()
        file.seek(0)
        size = _size_left(file)
        file.seek(start)
        try:
            archive: ZipFile = zipfile.ZipFile(file)
            infos = archive.infolist()
        except (zipfile.BadZipFile, zipfile.LargeZipFile, struct.error, ValueError, OSError,
                NotImplementedError, IndexError, OverflowError, EOFError) as e:  # fmt: skip
            raise ValueError(
                f"load: the zip archive is damaged or was cut off ({e}); copy or download the file "
                "again"
            ) from None
        self._entries: dict[str, ZipInfo] = {}
        for info in infos:
            if info.filename in self._entries:
                raise ValueError(f"load: {info.filename[:100]!r} stands twice in the zip archive")
            self._entries[info.filename] = info
        if sum(info.file_size for info in infos) > size:
            raise ValueError("load: the entries of the zip archive claim more than the file holds")
        pickles = [n for n in self._entries if n.count("/") == 1 and n.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError(
                "load: the zip archive was not written by torch.save: it has no folder with "
                "data.pkl"
            )
        self._folder = pickles[0].partition("/")[0]
        if self.has("constants.pkl"):
            raise ValueError(
                "load: the file is a TorchScript archive, which holds code; where PyTorch is, save "
                "the state_dict() of the module"
            )

    def has(self, name: str) -> bool:
        return f"{self._folder}/{name}" in self._entries

    def _seek(self, name: str) -> ZipInfo:
        """Sets the file to the first byte of an entry's data."""
        info = self._entries.get(f"{self._folder}/{name}")
        if info is None:
            raise ValueError(f"load: the zip archive has no entry {name[:100]!r}; it is damaged")
        if info.compress_type != 0 or info.flag_bits & 1 or info.compress_size != info.file_size:
            raise ValueError(
                f"load: {name!r} is compressed or encrypted, which torch.save never does; pack the "
                "archive again without (zip -0)"
            )
        if info.header_offset < 0:
            raise ValueError("load: the zip archive is damaged: an entry begins before the file")
        self.file.seek(info.header_offset)
        header = self.file.read(30)
        if len(header) != 30 or header[:4] != b"PK\x03\x04":
            raise ValueError(f"load: the zip archive is damaged: {name!r} is not in its place")
        name_length, extra_length = struct.unpack("<HH", header[26:])
        self.file.seek(name_length + extra_length, 1)
        return info

    def read(self, name: str) -> bytes:
        info = self._seek(name)
        data = self.file.read(info.file_size)
        if len(data) != info.file_size:
            raise ValueError(f"load: the file ends within {name!r}; it was cut off")
        _check_sum(info, data)
        return data

    def fill(self, name: str, t: Tensor) -> None:
        info = self._seek(name)
        if info.file_size != t.nbytes:
            raise damaged(
                f"storage {name!r} must have {t.nbytes} bytes, but the file has {info.file_size}"
            )
        _fill(self.file, t)
        _check_sum(info, _memory(t))

    def size(self, name: str) -> int:
        info = self._entries.get(f"{self._folder}/{name}")
        return 0 if info is None else info.file_size


def _check_sum(info: ZipInfo, data: bytes | memoryview) -> None:
    # PyTorch can be told not to write sums, which then are 0.
    if info.CRC and zlib.crc32(data) != info.CRC:
        raise ValueError(
            f"load: the bytes of {info.filename!r} are not those that were saved; the file is "
            "damaged"
        )


def load_zip(file: BinaryIO, map_location: Any, safe: dict[str, Any]) -> Any:
    """What a zip archive of torch.save holds."""
    archive = _Archive(file)
    places = _Places(map_location)
    order = archive.read("byteorder") if archive.has("byteorder") else b"little"
    if order not in (b"little", b"big"):
        raise ValueError(f"load: the file's byte order is {order[:20]!r}")
    made: dict[str, tuple[StorageKind, int, Storage]] = {}

    def persistent(pid: Any) -> Storage:
        kind, key, location, numel = _check_id(pid)
        if key in made:
            known, n, storage = made[key]
            if known is not kind or n != numel:
                raise damaged(f"storage {key!r} is described in two ways")
            return storage
        nbytes = numel * (kind.dtype.itemsize if kind.dtype else 1)
        if nbytes > archive.size(f"data/{key}"):
            raise damaged(
                f"storage {key[:100]!r} takes {nbytes} bytes, but the file has "
                f"{archive.size(f'data/{key}')}"
            )
        storage, flat = _empty_storage(kind, numel)
        archive.fill(f"data/{key}", flat)
        _settle(flat, order == b"big")
        places.check(storage, location)
        made[key] = kind, numel, storage
        return storage

    return Reader(archive.read("data.pkl"), finder(places.in_cpu, safe), persistent).load()


# ---- the older format ---------------------------------------------------------------------


def _no_persistent(pid: Any) -> Any:
    raise damaged("a storage stands where there is none")


def _no_names(module: str, name: str) -> Any:
    raise UnpicklingError(f"load: the file names {module}.{name} where only numbers may stand")


def load_legacy(file: BinaryIO, map_location: Any, safe: dict[str, Any]) -> Any:
    """What a file of torch.save before PyTorch 1.6 holds."""
    start = file.tell()
    data = file.read()
    places = _Places(map_location)
    at = 0

    def read(find: Callable[[str, str], Any], persistent: Callable[[Any], Any]) -> Any:
        nonlocal at
        reader = Reader(data, find, persistent, at)
        value = reader.load()
        at = reader.at
        return value

    if read(_no_names, _no_persistent) != _MAGIC:
        raise ValueError("load: the pickle was not written by torch.save")
    version, system = (read(_no_names, _no_persistent) for _ in range(2))
    if version != 1001:
        raise ValueError(f"load: the file has version {str(version)[:20]}, expected 1001")
    big_endian = isinstance(system, dict) and system.get("little_endian") is False
    made: dict[str, tuple[StorageKind, Storage, Tensor]] = {}
    left = len(data)

    def persistent(pid: Any) -> Storage:
        nonlocal left
        kind, key, location, numel = _check_id(pid)
        if key not in made:
            left -= numel * (kind.dtype.itemsize if kind.dtype else 1)
            if left < 0:
                raise damaged("its storages take more bytes than the file has")
            storage, flat = _empty_storage(kind, numel)
            places.check(storage, location)
            made[key] = kind, storage, flat
        kind, storage, flat = made[key]
        if len(pid) < 6 or pid[5] is None:
            return storage
        view = pid[5]  # (key, offset, number of elements) of a part of the storage
        if type(view) is not tuple or len(view) != 3 or not all(map(is_whole, view[1:])):
            raise damaged("a view of a storage is not valid")
        if view[1] + view[2] > flat.numel():
            raise damaged("a view lies beyond its storage")
        # Its elements are counted from its own beginning.
        part = TypedStorage(flat)
        part._flat = flat[view[1] : view[1] + view[2]]
        return part

    # Read twice: the storages' contents stand behind the structure that says what they are.
    structure = at
    find = finder(places.in_cpu, safe)
    read(find, persistent)
    keys = read(_no_names, _no_persistent)
    if type(keys) is not list or len(keys) != len(made) or set(map(str, keys)) != set(made):
        raise damaged("the list of storages is not that of the structure")
    for key in keys:
        _, _, flat = made[str(key)]
        numel = int.from_bytes(data[at : at + 8], "big" if big_endian else "little")
        at += 8
        if numel != flat.numel() or at + flat.nbytes > len(data):
            raise ValueError("load: the file ends within a storage, or its size is wrong")
        if flat.nbytes:
            _memory(flat)[:] = data[at : at + flat.nbytes]
        _settle(flat, big_endian)
        at += flat.nbytes
    file.seek(start + at)
    at = structure
    return read(find, persistent)
