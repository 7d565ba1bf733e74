"""Saving and loading of nested structures of tensors and plain values, in one safetensors file.

The tensors stand in the file under names made of their path in the structure ("model.0.weight"), so
that the file of a state dict has the dict's own keys and other programs find what they expect. The
structure itself is JSON in the file's metadata, under the key "wengert": ``{"version": 1, "root":
...}``, where strings, numbers, booleans, None and lists stand for themselves and everything else is
an object with one key that names its type:

====================================  ==========================================================
``{"dict": [[key, value], ...]}``     also ``"odict"``, an OrderedDict
``{"tuple": [...]}``                  also ``"set"``, ``"frozenset"``, ``"size"``
``{"int": "0x.."}``                   an int beyond 64 bits
``{"float": "inf"}``                  inf, -inf or nan
``{"complex": [re, im]}``             both as texts
``{"bytes": "..."}``                  in base64; also ``"bytearray"``
``{"dtype": "float32"}``              ``{"device": "cpu"}`` likewise
``{"tensor": name, ...}``             with "requires_grad", "class" (Parameter, Buffer),
                                      "persistent", "complex128", "id" where they say something
``{"same": id}``                      the very tensor that had this "id"
``{"sparse": indices, ...}``          a sparse tensor, with "values", "size", "coalesced" and, where
                                      they say something, "requires_grad" and "csr" (by rows)
====================================  ==========================================================

Nothing in a file can make a program run: loading builds these types only.
"""

from __future__ import annotations

import io
import math
import os
import stat
from binascii import a2b_base64, b2a_base64
from collections import OrderedDict
from collections.abc import Callable

from . import _safetensors
from ._device import device
from ._legacy_methods import strided
from ._tensor import Size, Tensor, all_dtypes, dtype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

_KEY = "wengert"
_VERSION = 1
_DEEPEST = 100
_dtypes = {d.name: d for d in all_dtypes}


# ---- structure to JSON --------------------------------------------------------------------


class _Writer:
    """Turns a structure into JSON values and collects the tensors in it."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._objects: dict[
            int, tuple[Tensor, dict[str, Any], int]
        ] = {}  # tensors seen, by identity
        self._places: dict[Any, str] = {}  # names of memory that is in the file already

    def encode(self, value: Any, path: str, names: tuple[str, ...]) -> Any:
        if len(names) > _DEEPEST:
            raise ValueError(
                f"save: obj{path[:60]}... is nested deeper than {_DEEPEST} levels; does it contain "
                "itself?"
            )
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -(1 << 63) <= value < 1 << 63 else {"int": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if kind is str:
            return value
        if isinstance(value, Tensor):
            if value.layout is not strided:
                return self._sparse(value, path, names)
            return self._tensor(value, path, names)
        if kind is list:
            return self._items(value, path, names)
        if kind in (tuple, Size):
            return {"tuple" if kind is tuple else "size": self._items(value, path, names)}
        if kind in (dict, OrderedDict):
            return self._dict(value, path, names)
        if kind in (set, frozenset):
            items = self._items(value, path, names)
            return {kind.__name__: sorted(items, key=_safetensors.format_json)}
        if kind is complex:
            return {"complex": [repr(value.real), repr(value.imag)]}
        if kind in (bytes, bytearray):
            return {kind.__name__: b2a_base64(value, newline=False).decode()}
        if kind is dtype:
            return {"dtype": value.name}
        if kind is device:
            return {"device": str(value)}
        raise TypeError(_refusal(value, path))

    def _items(self, values: Any, path: str, names: tuple[str, ...]) -> list[Any]:
        return [self.encode(v, f"{path}[{i}]", (*names, str(i))) for i, v in enumerate(values)]

    def _dict(self, value: dict[Any, Any], path: str, names: tuple[str, ...]) -> dict[str, Any]:
        pairs = []
        for k, v in value.items():
            inside = f"{path}[{k!r}]"
            name = k if type(k) is str else repr(k)
            pairs.append(
                [
                    self.encode(k, f"{path}.keys()", (*names, "key")),
                    self.encode(v, inside, (*names, name)),
                ]
            )
        node: dict[str, Any] = {"dict" if type(value) is dict else "odict": pairs}
        extra = getattr(value, "_metadata", None)  # versions of the modules of a state dict
        if extra is not None:
            node["metadata"] = self.encode(extra, path + "._metadata", (*names, "metadata"))
        return node

    def _tensor(self, t: Tensor, path: str, names: tuple[str, ...]) -> dict[str, Any]:
        if id(t) in self._objects:
            _, first, number = self._objects[id(t)]
            return {"same": first.setdefault("id", number)}
        node: dict[str, Any] = {"tensor": self._store(t, names)}
        cls = type(t)
        if cls is not Tensor:
            if cls.__module__ != "wengert.nn.parameter":
                raise TypeError(_refusal(t, path))
            node["class"] = cls.__name__
            if cls.__name__ == "Buffer":
                node["persistent"] = bool(t.persistent)  # type: ignore[attr-defined]
        if t.requires_grad:
            node["requires_grad"] = True
        if t.dtype.name == "complex128":
            node["complex128"] = True
        self._objects[id(t)] = (t, node, len(self._objects))
        return node

    def _sparse(self, t: Any, path: str, names: tuple[str, ...]) -> dict[str, Any]:
        _, (indices, values, *_) = t.to_sparse().__reduce_ex__(2)
        coalesced = t.is_sparse_csr or t.is_coalesced()
        node = {
            "sparse": self.encode(indices, path, (*names, "indices")),
            "values": self.encode(values, path, (*names, "values")),
            "size": list(t.shape),
            "coalesced": coalesced,
        }
        if t.is_sparse_csr:
            node["csr"] = True
        if t.requires_grad:
            node["requires_grad"] = True
        return node

    def _store(self, t: Tensor, names: tuple[str, ...]) -> str:
        """The name of the tensor's elements in the file; the same memory is stored once."""
        place = (t.data_ptr(), t.dtype.name, tuple(t.shape), t.stride())
        if t.numel() and place in self._places:
            return self._places[place]
        wanted = ".".join(names) or "tensor"
        wanted = wanted.encode("utf-8", "backslashreplace").decode()
        name, n = wanted, 1
        while name in self.tensors or name == "__metadata__":
            name, n = f"{wanted}#{n}", n + 1
        self.tensors[name] = t
        self._places[place] = name
        return name


def _refusal(value: Any, path: str) -> str:
    cls = type(value)
    hint = ""
    if hasattr(value, "state_dict"):
        hint = "; save its state_dict()"
    elif cls.__module__ == "numpy":
        hint = (
            "; convert it with item()"
            if hasattr(value, "ndim") and value.ndim == 0
            else "; convert it with wengert.from_numpy()"
        )
    elif isinstance(value, (int, float, str, tuple, dict, list)):
        plain = next(b for b in cls.__mro__ if b.__module__ == "builtins")
        hint = f"; convert it to a plain {plain.__name__}"
    return (
        f"save: obj{path} is a {cls.__module__}.{cls.__qualname__}, which cannot be stored; files "
        f"hold tensors, numbers, strings, bytes, None, lists, tuples, dicts and sets{hint}"
    )


# ---- JSON to structure --------------------------------------------------------------------


def _invalid(what: str) -> ValueError:
    return ValueError(f"load: the file's structure is damaged: {what}")


class _Reader:
    def __init__(self, tensors: dict[str, Tensor]) -> None:
        self.tensors = tensors
        self._used: set[str] = set()
        self._by_id: dict[int, Tensor] = {}

    def decode(self, node: Any, depth: int = 0) -> Any:
        if depth > _DEEPEST + 1:
            raise _invalid("it is nested too deeply")
        if isinstance(node, list):
            return [self.decode(n, depth + 1) for n in node]
        if not isinstance(node, dict):
            return node
        if not node:
            raise _invalid("an empty object")
        kind = next(iter(node))
        value = node[kind]
        if kind == "tensor":
            return self._tensor(node)
        if kind == "same":
            if type(value) is not int or value not in self._by_id:
                raise _invalid("it refers to a tensor that is not there")
            return self._by_id[value]
        if kind == "sparse":
            return self._sparse(node, depth)
        if kind in ("dict", "odict"):
            return self._dict(node, depth)
        if kind in _SEQUENCES:
            if not isinstance(value, list):
                raise _invalid(f"{kind} without items")
            return _SEQUENCES[kind](self.decode(n, depth + 1) for n in value)
        if kind in _VALUES:
            return _VALUES[kind](value)
        raise _invalid(f"a value of unknown type {kind!r}; was it saved by a newer version?")

    def _dict(self, node: dict[str, Any], depth: int) -> dict[Any, Any]:
        ordered = "odict" in node
        made: dict[Any, Any] = OrderedDict() if ordered else {}
        for pair in node["odict" if ordered else "dict"]:
            if not isinstance(pair, list) or len(pair) != 2:
                raise _invalid("a dict of something else than pairs")
            # As in saving: value after key, so that the first mention of a tensor comes first.
            key = self.decode(pair[0], depth + 1)
            made[key] = self.decode(pair[1], depth + 1)
        if "metadata" in node and ordered:
            made._metadata = self.decode(node["metadata"], depth + 1)  # type: ignore[attr-defined]
        return made

    def _sparse(self, node: dict[str, Any], depth: int) -> Any:
        indices, values = (self.decode(node.get(k), depth + 1) for k in ("sparse", "values"))
        size = node.get("size")
        if not isinstance(indices, Tensor) or not isinstance(values, Tensor):
            raise _invalid("a sparse tensor without indices or values")
        if not isinstance(size, list) or not all(type(n) is int for n in size):
            raise _invalid("a sparse tensor without a size")
        from .sparse._make import rebuild

        try:
            made = rebuild(indices, values, size, node.get("coalesced") is True)
        except RuntimeError as e:
            raise _invalid(str(e)) from None
        if node.get("csr") is True:
            made = made.to_sparse_csr()
        return made.requires_grad_(node.get("requires_grad") is True)

    def _tensor(self, node: dict[str, Any]) -> Tensor:
        name = node["tensor"]
        if not isinstance(name, str) or name not in self.tensors:
            raise _invalid(f"tensor {name!r} is missing")
        t = self.tensors[name]
        if name in self._used:
            t = t.detach()  # another object over the same memory
        self._used.add(name)
        grad = node.get("requires_grad") is True
        if grad and not (t.is_floating_point() or t.is_complex()):
            raise _invalid(f"tensor {name!r} of dtype {t.dtype} cannot require grad")
        cls = node.get("class")
        if cls is not None:
            if cls not in ("Parameter", "Buffer"):
                raise _invalid(f"a tensor of unknown class {cls!r}")
            from .nn import parameter

            if cls == "Parameter":
                t = parameter.Parameter(t, grad)
            else:
                t = parameter.Buffer(t, persistent=node.get("persistent") is not False)
        if grad and not t.requires_grad:
            t.requires_grad_()
        if type(node.get("id")) is int:
            self._by_id[node["id"]] = t
        return t


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _invalid("a text is expected")
    return value


def _bytes(value: Any) -> bytes:
    text = _text(value)
    data = a2b_base64(text)
    if b2a_base64(data, newline=False).decode() != text:
        raise _invalid("bytes that are no base64 text")
    return data


def _complex(value: Any) -> complex:
    if not isinstance(value, list) or len(value) != 2:
        raise _invalid("a complex number has two parts")
    return complex(float(_text(value[0])), float(_text(value[1])))


def _size(items: Any) -> Size:
    made = Size(items)
    if not all(type(n) is int for n in made):
        raise _invalid("a size of something else than ints")
    return made


def _dtype(value: Any) -> dtype:
    if value not in _dtypes:
        raise _invalid(f"unknown dtype {value!r}")
    return _dtypes[value]


_SEQUENCES: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "size": _size,
}
_VALUES: dict[str, Callable[[Any], Any]] = {
    "int": lambda v: int(_text(v), 16),
    "float": lambda v: float(_text(v)),
    "complex": _complex,
    "bytes": _bytes,
    "bytearray": lambda v: bytearray(_bytes(v)),
    "dtype": _dtype,
    "device": lambda v: device(_text(v)),
}


def _complex_names(structure: Any) -> set[str]:
    """The tensors that stand in the file as pairs of floats."""
    names, waiting = set(), [structure]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if node.get("complex128") is True and isinstance(node.get("tensor"), str):
                names.add(node["tensor"])
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return names


# ---- files --------------------------------------------------------------------------------


def _write_file(path: str, write: Callable[[BinaryIO], None]) -> None:
    """Replaces the file as a whole: whoever opens it sees the old contents or the new ones."""
    path = os.path.realpath(path)
    mode = None
    if os.path.exists(path):
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(f"save: {path} is a folder")
        if not stat.S_ISREG(status.st_mode):  # a pipe or device is written straight
            with open(path, "wb") as special:
                write(special)
            return
        if not os.access(path, os.W_OK):
            raise PermissionError(f"save: {path} must not be written")
        mode = stat.S_IMODE(status.st_mode)
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name[:200]}.{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            if mode is not None:
                os.chmod(temporary, mode)
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    if hasattr(os, "O_DIRECTORY"):  # the new name, too, must survive a loss of power
        handle = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        except OSError:
            pass  # not every file system can
        finally:
            os.close(handle)


def save(
    obj: Any,
    f: str | os.PathLike[str] | BinaryIO,
    pickle_module: Any = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Writes a structure of tensors and plain values to a file, which is valid safetensors.

    A file with this name is replaced as a whole once the new one is complete. Tensors that occur
    several times stay one tensor when loaded; views are stored without the rest of their memory;
    the history of a tensor is not stored.

    Args:
        obj: a tensor, number, string, bytes, None, dtype, or list, tuple, dict, OrderedDict or set
            of such. For a module save its state_dict().
        f: a path, or a file opened for writing bytes.
        others: without effect: they are about pickles.

    Raises:
        TypeError: obj contains something else; the message says where.
        OSError: the file cannot be written; an older one is left as it was.
    """
    writer = _Writer()
    structure = {"version": _VERSION, "root": writer.encode(obj, "", ())}
    metadata = {_KEY: _safetensors.format_json(structure)}

    def write(file: BinaryIO) -> None:
        _safetensors.write(file, writer.tensors, metadata)

    if isinstance(f, (str, os.PathLike)):
        _write_file(os.fspath(f), write)
    elif hasattr(f, "write"):
        write(f)
    else:
        raise TypeError(f"save: expected a path or a file, but got {type(f).__name__}")


def load(
    f: str | os.PathLike[str] | BinaryIO,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Reads what save has written, the tensors of any safetensors file as a dict, or a file of
    PyTorch's save.

    The format is recognised by the contents. Of PyTorch's files it reads tensors, parameters and
    plain values (numbers, strings, lists, tuples, dicts, sets, sizes, dtypes, devices, numbers and
    arrays of NumPy); tensors that share memory do so again. Loading never runs code.

    Args:
        f: a path, or a file opened for reading bytes, which is read to the end of the structure.
        map_location: "cpu", or a dict or function that maps to it, for files of PyTorch whose
            tensors were on another device; anything but the CPU is an error.
        pickle_module: has no effect: no pickle is executed.
        weights_only: has no effect: other objects are never built. See
            `wengert.serialization.add_safe_globals` for classes of plain attributes.
        mmap: has no effect.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is damaged or in another format.
        pickle.UnpicklingError: (also a ValueError) a file of PyTorch holds something else; the
            message names it.
        RuntimeError: tensors are on another device, and map_location does not say where they go.
    """
    if (
        map_location is not None
        and not callable(map_location)
        and not isinstance(map_location, dict)
    ):
        device(map_location)
    if isinstance(f, (str, os.PathLike)):
        with open(os.fspath(f), "rb") as file:
            return _load_any(file, map_location)
    if not hasattr(f, "read"):
        raise TypeError(f"load: expected a path or a file, but got {type(f).__name__}")
    if mmap:
        raise ValueError("load: mmap needs a path, not an open file")
    return _load_any(f, map_location)


def _load_any(file: BinaryIO, map_location: Any) -> Any:
    if not (hasattr(file, "seekable") and file.seekable()):
        file = io.BytesIO(file.read())
    start = file.tell()
    first = file.read(16)
    file.seek(start)
    if first[8:9] == b"{":  # the header of safetensors, whatever its length looks like
        return _load(file)
    from . import _torch_files
    from .serialization import _by_name

    if first[:4] == b"PK\x03\x04":
        return _torch_files.load_zip(file, map_location, _by_name())
    if first[:1] == b"\x80" and first[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return _torch_files.load_legacy(file, map_location, _by_name())
    return _load(file)


def _load(file: BinaryIO) -> Any:
    structure: Any = None

    def complex_names(metadata: dict[str, str]) -> set[str]:
        nonlocal structure
        if _KEY in metadata:
            structure = _parse(metadata[_KEY])
        return _complex_names(structure)

    tensors, _ = _safetensors.read(file, complex_names)
    if structure is None:
        return tensors
    try:
        return _Reader(tensors).decode(structure["root"])
    except RecursionError:
        raise _invalid("it is nested too deeply") from None
    except (TypeError, OverflowError, RuntimeError) as e:  # an unhashable key, a wrong argument
        raise _invalid(str(e)) from None


def _parse(text: str) -> Any:
    structure = _safetensors.parse_json(text)
    if not isinstance(structure, dict) or "root" not in structure:
        raise _invalid("it has no root")
    if structure.get("version") != _VERSION:
        raise ValueError(
            f"load: the file's structure has version {structure.get('version')!r}, but this "
            f"program reads version {_VERSION}"
        )
    return structure
