"""What the names in PyTorch's files mean: tensors, plain values and nothing that runs code."""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Callable
from math import prod

from . import _core
from ._device import cpu_device, device
from ._tensor import Size, Tensor, all_dtypes, dtype
from ._unpickler import Builder, Reader, Unfinished, UnpicklingError, check_key, damaged
from .storage import TypedStorage, UntypedStorage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_dtypes = {d.name: d for d in all_dtypes}
_STORAGES = {
    "Double": "float64",
    "Float": "float32",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
}


class StorageKind:
    """The class of a storage in a file; without a dtype it holds bytes."""

    def __init__(self, kind: dtype | None) -> None:
        self.dtype = kind


def is_whole(n: Any) -> bool:
    """Whether a number from a file is a size."""
    return type(n) is int and 0 <= n < 1 << 62


# ---- tensors ------------------------------------------------------------------------------


def _view(flat: Tensor, offset: Any, shape: Any, strides: Any) -> Tensor:
    """A tensor over a storage's elements, all of which must lie in it."""
    if not (isinstance(shape, (tuple, list)) and isinstance(strides, (tuple, list))):
        raise damaged("a tensor's shape or strides are no tuple")
    if len(shape) != len(strides) or not all(map(is_whole, (offset, *shape, *strides))):
        raise damaged("a tensor's shape, strides or offset are not valid")
    if prod(shape) >= 1 << 62:
        raise damaged(f"a tensor has the shape {tuple(shape)}")
    empty = 0 in shape
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides))
    if not empty and last >= flat.numel():
        raise damaged(
            f"a tensor of shape {tuple(shape)}, strides {tuple(strides)} and offset {offset} lies "
            f"beyond its storage of {flat.numel()} elements"
        )
    try:
        if empty:
            return _core.ops.empty(shape, dtype=flat.dtype)
        at = flat.storage_offset() + offset
        return _core.ops.as_strided(flat, shape, strides, at).detach()
    except (RuntimeError, MemoryError) as e:
        raise damaged(f"cannot make a tensor of shape {tuple(shape)}: {e}") from None


def _finish(reader: Reader, t: Tensor, requires_grad: Any, metadata: Any) -> Tensor:
    marks = metadata if isinstance(metadata, dict) else {}
    for mark, change in (("conj", _core.ops.conj), ("neg", _core.ops.neg)):
        if marks.get(mark):
            reader.spend(t.numel())  # the elements are copied
            t = change(t)
    t = t.resolve_conj()
    return _require(t, requires_grad)


def _require(t: Tensor, requires_grad: Any) -> Tensor:
    if requires_grad is True:
        if not (t.is_floating_point() or t.is_complex()):
            raise damaged(f"a tensor of dtype {t.dtype} cannot require grad")
        t.requires_grad_()
    return t


def _rebuild_tensor(
    reader: Reader, storage: Any, offset: Any, shape: Any, strides: Any,
    requires_grad: Any = False, hooks: Any = None, metadata: Any = None,
) -> Tensor:  # fmt: skip
    if not isinstance(storage, TypedStorage):
        raise damaged("a tensor has no storage")
    return _finish(reader, _view(storage._flat, offset, shape, strides), requires_grad, metadata)


def _rebuild_tensor_v3(
    reader: Reader, storage: Any, offset: Any, shape: Any, strides: Any,
    requires_grad: Any, hooks: Any, kind: Any, metadata: Any = None,
) -> Tensor:  # fmt: skip
    if not isinstance(storage, UntypedStorage) or not isinstance(kind, dtype):
        raise damaged("a tensor has no storage or no dtype")
    if storage._tensor.numel() % kind.itemsize:
        raise damaged(f"a storage of {storage.nbytes()} bytes holds no elements of {kind}")
    flat = storage._tensor.view(kind)
    return _finish(reader, _view(flat, offset, shape, strides), requires_grad, metadata)


def _rebuild_parameter(
    reader: Reader, data: Any, requires_grad: Any, hooks: Any = None, state: Any = None
) -> Tensor:
    from .nn.parameter import Parameter

    if not isinstance(data, Tensor):
        raise damaged("a parameter has no tensor")
    if requires_grad is True:
        _require(data.detach(), True)
    return _set_attributes(Parameter(data, requires_grad is True), state)


def _rebuild_from_type(
    reader: Reader, builder: Any, cls: Any, arguments: Any, state: Any
) -> Tensor:
    if not isinstance(builder, Builder) or not builder.name.startswith("torch._utils._rebuild_"):
        raise damaged("a tensor is made by something else than a function for it")
    if type(arguments) is not tuple or cls not in (_TENSOR, _PARAMETER):
        raise damaged("a tensor's class or arguments are not valid")
    t = builder.make(reader, *arguments)
    if isinstance(state, dict) and state.get("_is_buffer") is True:
        from .nn.parameter import Buffer

        return Buffer(t, persistent=state.get("persistent") is not False)
    return _set_attributes(t, state)


def _set_attributes(t: Tensor, state: Any) -> Tensor:
    """What a program had set on a tensor."""
    if state is None:
        return t
    if not isinstance(state, dict) or not all(type(k) is str for k in state):
        raise damaged("a tensor's attributes are no dict")
    # Nothing that the class has is replaced, and no property is called.
    t.__dict__.update({k: v for k, v in state.items() if not hasattr(type(t), k)})
    return t


# ---- plain values -------------------------------------------------------------------------


def _items(reader: Reader, values: Any) -> list[Any]:
    if not isinstance(values, (list, tuple, set, frozenset)):
        raise damaged("a collection is made of no list")
    reader.spend(len(values))
    for v in values:
        check_key(v)
    return list(values)


def _ordered_dict(reader: Reader, pairs: Any = ()) -> OrderedDict[Any, Any]:
    reader.spend(len(pairs))
    made: OrderedDict[Any, Any] = OrderedDict()
    for key, value in pairs:
        check_key(key)
        made[key] = value
    return made


def _counter(reader: Reader, counts: Any = ()) -> Counter[Any]:
    reader.spend(len(counts))
    made: Counter[Any] = Counter()
    dict.update(made, counts)
    return made


def _encode(reader: Reader, text: str, coding: str = "latin1") -> bytes:
    if coding not in ("latin1", "latin-1"):
        raise damaged(f"bytes are written as {coding!r}")
    reader.spend(len(text))
    return text.encode("latin1")


def _bytes(reader: Reader, data: Any = b"", coding: str = "latin1") -> bytes:
    if isinstance(data, str):
        return _encode(reader, data, coding)
    if not isinstance(data, (bytes, bytearray)):
        raise damaged("bytes are made of something else")
    reader.spend(len(data))
    return bytes(data)


def _size(reader: Reader, items: Any = ()) -> Size:
    reader.spend(len(items))
    if not all(type(n) is int for n in items):
        raise damaged("a size is made of something else than ints")
    return Size(items)


def _complex(reader: Reader, *parts: Any) -> complex:
    if not all(type(p) in (int, float) for p in parts):
        raise damaged("a complex number is made of something else than numbers")
    return complex(*parts)


def _layout(reader: Reader, name: str) -> Any:
    from ._legacy_methods import strided

    if name != "torch.strided":
        raise UnpicklingError(f"load: layout {name!r} is not supported; save dense tensors")
    return strided


# ---- NumPy --------------------------------------------------------------------------------


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        raise UnpicklingError(
            "load: the file holds values of NumPy, which is not installed; install numpy"
        ) from None
    return numpy


class _NumpyDtype(Unfinished):
    def __init__(self, reader: Reader, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or not re.fullmatch(
            r"[<>|=]?(b1|[iuf][1248]|f2|c8|c16)", code
        ):
            raise UnpicklingError(
                f"load: arrays of NumPy's dtype {code!r} are not supported; save numbers or tensors"
            )
        self.value = _numpy().dtype(code)

    def set_state(self, state: Any) -> None:
        order = state[1]
        if order not in ("<", ">", "|", "=") or any(state[2:5]):
            raise damaged("a NumPy dtype is not a plain one")
        self.value = self.value.newbyteorder(order)


def _array(reader: Reader, data: Any, kind: Any, shape: Any, fortran: bool) -> Any:
    np = _numpy()
    kind = kind.value if isinstance(kind, _NumpyDtype) else kind
    if not isinstance(kind, np.dtype) or not isinstance(data, (bytes, bytearray)):
        raise damaged("an array has no dtype or no bytes")
    if not isinstance(shape, tuple) or not all(map(is_whole, shape)):
        raise damaged("an array's shape is not valid")
    if prod(shape) * kind.itemsize != len(data):
        raise damaged(f"an array of shape {shape} and dtype {kind} is given {len(data)} bytes")
    reader.spend(len(data))
    if kind == np.bool_:
        data = (np.frombuffer(data, np.uint8) != 0).tobytes()
    return np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C").copy("K")


class _NumpyArray(Unfinished):
    def __init__(self, reader: Reader, cls: Any, *_: Any) -> None:
        if cls is not _NDARRAY:
            raise damaged("an array is of another class than numpy.ndarray")
        self._reader = reader

    def set_state(self, state: Any) -> None:
        if type(state) is not tuple or len(state) != 5 or self.value is not None:
            raise damaged("an array's state is not valid")
        _, shape, kind, fortran, data = state
        self.value = _array(self._reader, data, kind, shape, fortran is True)


def _numpy_scalar(reader: Reader, kind: Any, data: Any = b"") -> Any:
    return _array(reader, data, kind, (), False)[()]


def _numpy_from_buffer(
    reader: Reader, data: Any, kind: Any, shape: Any, order: Any, axes: Any = None
) -> Any:
    if axes is not None:
        raise damaged("an array's axes are permuted")
    return _array(reader, data, kind, shape, order == "F")


# ---- names --------------------------------------------------------------------------------


class _Instance(Unfinished):
    """An object of a class that the program has declared safe, made without running its code."""

    def __init__(self, cls: type) -> None:
        self.value = object.__new__(cls)

    def set_state(self, state: Any) -> None:
        if not isinstance(state, dict) or not all(type(k) is str for k in state):
            raise damaged(f"the state of a {type(self.value).__name__} is no dict of attributes")
        self.value.__dict__.update(state)


_CUSTOM = ("__setstate__", "__del__", "__getnewargs__", "__getnewargs_ex__", "__reduce__")


def _instances(cls: Any, name: str) -> Builder:
    plain = (
        isinstance(cls, type)
        and vars(object)["__new__"] is cls.__new__
        and hasattr(cls, "__dict__")
        and cls.__dictoffset__ != 0
        and not any(hasattr(cls, n) and getattr(cls, n) is not getattr(object, n, None)
                    for n in _CUSTOM)
    )  # fmt: skip
    if not plain:
        raise UnpicklingError(
            f"load: {name} was declared safe, but objects of it cannot be made without running its "
            "code: only classes are whose objects are nothing but attributes (no __new__, "
            "__setstate__, __reduce__, __slots__, __del__). Save plain values instead"
        )

    def make(reader: Reader, *arguments: Any) -> _Instance:
        if arguments:
            raise damaged(f"a {cls.__name__} is made with arguments")
        return _Instance(cls)

    return Builder(name, make)


def _no_call(reader: Reader, *_: Any) -> Any:
    raise damaged("a class is called that is made by a function")


_TENSOR = Builder("torch.Tensor", _no_call)
_PARAMETER = Builder("torch.nn.parameter.Parameter", _no_call)
_NDARRAY = Builder("numpy.ndarray", _no_call)


def _device(in_cpu: bool) -> Callable[..., device]:
    def make(reader: Reader, *parts: Any) -> device:
        text = ":".join(str(p) for p in parts)
        if len(text) > 100:
            raise damaged("a device has no name")
        return cpu_device if in_cpu else device(text)

    return make


def table(in_cpu: bool) -> dict[str, Any]:
    """Name -> meaning. `in_cpu`: devices are the CPU, whatever the file says."""
    builders: dict[str, Callable[..., Any]] = {
        "torch._utils._rebuild_tensor": _rebuild_tensor,
        "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
        "torch._utils._rebuild_tensor_v3": _rebuild_tensor_v3,
        "torch._utils._rebuild_parameter": _rebuild_parameter,
        "torch._utils._rebuild_parameter_with_state": _rebuild_parameter,
        "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
        "torch.Size": _size,
        "torch.device": _device(in_cpu),
        "torch.serialization._get_layout": _layout,
        "collections.OrderedDict": _ordered_dict,
        "collections.Counter": _counter,
        "_codecs.encode": _encode,
        "numpy.dtype": _NumpyDtype,
    }
    for module in ("builtins", "__builtin__"):
        builders[f"{module}.set"] = lambda reader, items=(): set(_items(reader, items))
        builders[f"{module}.frozenset"] = lambda reader, items=(): frozenset(_items(reader, items))
        builders[f"{module}.bytes"] = _bytes
        builders[f"{module}.bytearray"] = lambda *a: bytearray(_bytes(*a))
        builders[f"{module}.complex"] = _complex
    for core in ("numpy.core", "numpy._core"):
        builders[f"{core}.multiarray._reconstruct"] = _NumpyArray
        builders[f"{core}.multiarray.scalar"] = _numpy_scalar
        builders[f"{core}.numeric._frombuffer"] = _numpy_from_buffer
    made: dict[str, Any] = {name: Builder(name, make) for name, make in builders.items()}
    made.update({b.name: b for b in (_TENSOR, _PARAMETER, _NDARRAY)})
    made.update({f"torch.{name}": d for name, d in _dtypes.items()})
    for prefix, name in _STORAGES.items():
        made[f"torch.{prefix}Storage"] = StorageKind(_dtypes[name])
        made[f"torch.cuda.{prefix}Storage"] = made[f"torch.{prefix}Storage"]
    made["torch.storage.UntypedStorage"] = StorageKind(None)
    return made


def finder(in_cpu: bool, safe: dict[str, Any]) -> Callable[[str, str], Any]:
    """The meaning of the names in a pickle; `safe` are classes the program has declared safe."""
    known = table(in_cpu)

    def find(module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full in known:
            return known[full]
        if full in safe:
            return _instances(safe[full], full)
        raise UnpicklingError(
            f"load: the file names {full}, which is not among the tensors and plain values that "
            "loading builds; it was not imported and nothing of it was run. Where the file was "
            "made, save a state_dict() and plain values instead (numbers, strings, lists, dicts), "
            "or declare a class of plain attributes by "
            f"wengert.serialization.add_safe_globals([{name}])"
        )

    return find
