"""Tensor types by name, as PyTorch had them before dtypes: FloatTensor and the like."""

from __future__ import annotations

from typing import Any

from wengert import _core
from wengert._creation import _check_device, as_tensor, tensor
from wengert._legacy_methods import strided
from wengert._tensor import Size, Tensor, all_dtypes, dtype

_dtypes = {t.name: t for t in all_dtypes}
_KINDS = {
    "float32": "Float",
    "float64": "Double",
    "float16": "Half",
    "bfloat16": "BFloat16",
    "int64": "Long",
    "int32": "Int",
    "int16": "Short",
    "int8": "Char",
    "uint8": "Byte",
    "bool": "Bool",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}
_BY_KIND = {f"{kind}Tensor": _dtypes[name] for name, kind in _KINDS.items()}


def construct(name: str, kind: dtype | None, args: tuple, kwargs: dict[str, Any]) -> Tensor:
    """What ``Tensor(...)``, ``FloatTensor(...)`` and ``Tensor.new(...)`` make: of sizes a tensor
    with any values, of a sequence or an array a tensor of its values, of a tensor an alias.

    Raises TypeError for anything else, and for a tensor of another dtype.
    """
    _check_device(kwargs.pop("device", None))
    for keyword in ("data", "size", "other"):
        if keyword in kwargs and not args:
            args = (kwargs.pop(keyword),)
    if kwargs:
        raise TypeError(f"{name}: unexpected keyword argument {next(iter(kwargs))!r}")
    wanted = _core.get_default_dtype() if kind is None else kind
    if not args:
        return _core.ops.empty(0, dtype=wanted)
    data = args[0]
    if len(args) == 1 and not _is_int(data):
        if isinstance(data, Size):
            return _core.ops.empty(*data, dtype=wanted) if data else tensor(0, dtype=wanted)
        if isinstance(data, Tensor):
            if kind is not None and data.dtype is not kind:
                raise TypeError(
                    f"{name}: expected a tensor of {kind}, got one of {data.dtype}; convert it "
                    "with to(dtype)"
                )
            return data.view_as(data)
        if isinstance(data, (str, bytes)) or not hasattr(data, "__len__"):
            raise TypeError(
                f"{name}: expected sizes, a sequence or a tensor, got {type(data).__name__}"
            )
        return as_tensor(data, wanted)
    for a in args:
        if not _is_int(a):
            raise TypeError(f"{name}: expected sizes that are ints, got {type(a).__name__}")
        if a < 0:
            raise RuntimeError(f"{name}: expected sizes of at least 0, got {int(a)}")
    return _core.ops.empty(*args, dtype=wanted)


def _is_int(value: object) -> bool:
    if isinstance(value, Tensor):
        return value.ndim == 0 and not value.is_floating_point() and not value.is_complex()
    return hasattr(value, "__index__") and not hasattr(value, "__len__")


class _TensorType(type):
    """The type of FloatTensor and the like: their instances are the tensors of one dtype."""

    dtype: dtype
    is_cuda = False
    is_sparse = False

    def __call__(cls, *args: Any, **kwargs: Any) -> Tensor:
        return construct(cls.__name__, cls.dtype, args, kwargs)

    def __instancecheck__(cls, instance: object) -> bool:
        return (
            isinstance(instance, Tensor)
            and instance.dtype is cls.dtype
            and instance.layout is strided
        )

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


class FloatTensor(metaclass=_TensorType):
    """Tensors of float32."""

    dtype = _dtypes["float32"]


class DoubleTensor(metaclass=_TensorType):
    """Tensors of float64."""

    dtype = _dtypes["float64"]


class HalfTensor(metaclass=_TensorType):
    """Tensors of float16."""

    dtype = _dtypes["float16"]


class BFloat16Tensor(metaclass=_TensorType):
    """Tensors of bfloat16."""

    dtype = _dtypes["bfloat16"]


class LongTensor(metaclass=_TensorType):
    """Tensors of int64."""

    dtype = _dtypes["int64"]


class IntTensor(metaclass=_TensorType):
    """Tensors of int32."""

    dtype = _dtypes["int32"]


class ShortTensor(metaclass=_TensorType):
    """Tensors of int16."""

    dtype = _dtypes["int16"]


class CharTensor(metaclass=_TensorType):
    """Tensors of int8."""

    dtype = _dtypes["int8"]


class ByteTensor(metaclass=_TensorType):
    """Tensors of uint8."""

    dtype = _dtypes["uint8"]


class BoolTensor(metaclass=_TensorType):
    """Tensors of bool."""

    dtype = _dtypes["bool"]


def type_name(t: Tensor) -> str:
    """The name of the tensor's type, such as "torch.FloatTensor": programs compare it with that."""
    return f"torch.{_KINDS[t.dtype.name]}Tensor"


def dtype_of(kind: Any) -> dtype:
    """The dtype that a dtype, a tensor type or the name of one stands for.

    Raises ValueError for another name, TypeError for anything else, RuntimeError for types of other
    devices.
    """
    if isinstance(kind, dtype):
        return kind
    if isinstance(kind, _TensorType):
        return kind.dtype
    if isinstance(kind, str):
        package, _, name = kind.rpartition(".")
        if package in ("torch", "wengert") and name in _BY_KIND:
            return _BY_KIND[name]
        if package.startswith(("torch.", "wengert.")):
            raise RuntimeError(f"type: wengert is a CPU engine and has no {kind!r}")
        raise ValueError(f"type: expected a name such as 'torch.FloatTensor', got {kind!r}")
    if getattr(kind, "is_cuda", False):
        raise RuntimeError(f"type: wengert is a CPU engine and has no cuda.{kind.__name__}")
    raise TypeError(f"type: expected a dtype, a tensor type or its name, got {kind!r}")


def set_default_tensor_type(t: Any, /) -> None:
    """Sets the default dtype by a tensor type or its name; see `wengert.set_default_dtype`.

    Raises TypeError unless the type is one of floating point.
    """
    from wengert._settings import set_default_dtype

    set_default_dtype(dtype_of(t))


def typename(obj: Any, /) -> str:
    """The name of the object's type, for a class or function its own; for a tensor its type."""
    if isinstance(obj, Tensor):
        return type_name(obj)
    named = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(named, "__module__", None) or ""
    return named.__qualname__ if module in ("", "builtins") else f"{module}.{named.__qualname__}"


def is_storage(obj: Any, /) -> bool:
    """Whether obj is a storage: the memory of a tensor."""
    from wengert.storage import TypedStorage, UntypedStorage

    return isinstance(obj, (TypedStorage, UntypedStorage))
