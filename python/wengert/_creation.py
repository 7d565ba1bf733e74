"""Tensors from Python data and from the memory of other libraries."""

from __future__ import annotations

import math

from . import _core
from ._device import device as _device
from ._legacy_methods import strided
from ._tensor import Tensor, dtype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_MOST_NESTED = 60


def _check_device(device: object) -> None:
    if device is not None and not isinstance(device, _device):
        _device(device)


def _is_sequence(data: object) -> bool:
    return hasattr(data, "__getitem__") and hasattr(data, "__len__") and not hasattr(data, "keys")


def _copy_of(data: Any, dtype: dtype | None, operand: bool = False) -> Tensor:
    """A tensor with memory of its own."""
    if isinstance(data, Tensor):
        copied = data.detach().clone()
        return copied if dtype is None else copied.to(dtype)
    # NumPy's float64 is a float, too, but has a dtype of its own.
    if not isinstance(data, (list, tuple, float, int, complex)) or hasattr(data, "dtype"):
        if hasattr(data, "__array_interface__"):
            made = _core.from_array(_aligned(data))
            return made.clone() if dtype is None or dtype is made.dtype else made.to(dtype)
        if hasattr(data, "__dlpack__"):
            return _copy_of(from_dlpack(data), dtype)
    return _core.from_sequence(_plain(data), dtype, operand)


def _plain(data: Any, depth: int = 0) -> Any:
    """Nested lists and tuples in which arrays have become tensors."""
    if isinstance(data, (list, tuple)):
        if depth > _MOST_NESTED:
            raise ValueError("tensor: the data is nested too deeply, or holds itself")
        for item in data:
            if not isinstance(item, (float, int, Tensor)):
                return [_plain(item, depth + 1) for item in data]
        return data
    if isinstance(data, (float, int, complex, str, bytes, Tensor)):
        return data
    if hasattr(data, "__array_interface__"):
        return _core.from_array(_aligned(data))
    if not hasattr(data, "__float__") and _is_sequence(data):
        return _plain(list(data), depth)
    return data


def _aligned(array: Any) -> Any:
    """The array itself where a tensor can look at its memory, otherwise such a copy."""
    import numpy as np

    array = np.asarray(array)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.type in (np.uint16, np.uint32):
        array = array.astype(np.int32 if array.dtype.type is np.uint16 else np.int64)
    odd = any(s % array.itemsize for s in array.strides)
    return array if array.flags.aligned and not odd else array.copy()


def tensor(
    data: Any,
    *,
    dtype: dtype | None = None,
    device: object = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A new tensor with a copy of the data.

    Args:
        data: a number, nested sequences of numbers, an array or a tensor.
        dtype: by default bool, int64, the default dtype or complex for Python numbers, and that
            of the data otherwise.
        requires_grad: whether gradients flow to it.

    Raises:
        RuntimeError: the data holds something that gives no dtype; a TypeError if one was given.
        ValueError: rows differ in length, or a number does not fit in 64 bits.
    """
    _check_device(device)
    made = _copy_of(data, dtype)
    return made.requires_grad_() if requires_grad else made


def as_tensor(data: Any, dtype: dtype | None = None, device: object = None) -> Tensor:
    """The data as a tensor, sharing memory with tensors and arrays where the dtype allows."""
    _check_device(device)
    return _shared(data, dtype)


def _shared(data: Any, dtype: dtype | None, operand: bool = False) -> Tensor:
    if isinstance(data, Tensor):
        return data if dtype is None or dtype is data.dtype else data.to(dtype)
    if hasattr(data, "__array_interface__") and not isinstance(data, type):
        made = _core.from_array(_aligned(data))
        return made if dtype is None or dtype is made.dtype else made.to(dtype)
    return _copy_of(data, dtype, operand)


def asarray(
    obj: Any,
    *,
    dtype: dtype | None = None,
    device: object = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The array API's asarray: shares memory where it can, unless copy says otherwise."""
    made = tensor(obj, dtype=dtype, device=device) if copy else as_tensor(obj, dtype, device)
    return made.requires_grad_() if requires_grad else made


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor over the memory of a NumPy array: changing one changes the other.

    Raises:
        TypeError: not an array, or one whose dtype tensors do not have.
        ValueError: the array's memory layout cannot be shared.
    """
    if not hasattr(ndarray, "__array_interface__"):
        raise TypeError(f"from_numpy: expected a NumPy array, but got {type(ndarray).__name__}")
    return _core.from_array(ndarray)


def from_dlpack(ext_tensor: Any, *, device: object = None, copy: bool | None = None) -> Tensor:
    """A tensor over the memory of another library's array that speaks DLPack, or of a capsule.

    Args:
        copy: True asks for a copy, False for an error where sharing is impossible.

    Raises:
        RuntimeError: the object does not speak DLPack.
        TypeError: its dtype is one that tensors do not have.
        BufferError: the memory cannot be shared, for instance that of another device.
    """
    _check_device(device)
    if not hasattr(ext_tensor, "__dlpack__"):
        made = _core.from_dlpack_capsule(ext_tensor)
        return made.clone() if copy else made
    kind = ext_tensor.__dlpack_device__()[0] if hasattr(ext_tensor, "__dlpack_device__") else 1
    if kind != 1:
        raise BufferError(
            f"from_dlpack: the array is on a device of type {int(kind)}; wengert is a CPU engine, "
            "copy it to the CPU first"
        )
    options = {} if copy is None else {"copy": copy}
    try:
        capsule = ext_tensor.__dlpack__(max_version=(1, 0), **options)
    except TypeError:  # written before DLPack 1.0
        made = _core.from_dlpack_capsule(ext_tensor.__dlpack__())
        return made.clone() if copy else made
    return _core.from_dlpack_capsule(capsule)


def _dlpack(
    self: Tensor,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """A DLPack capsule over the tensor's memory, of version 1 if max_version allows."""
    return _core.to_dlpack(self, stream, max_version, dl_device, copy)


def _dlpack_device(self: Tensor) -> tuple[int, int]:
    """The device as DLPack numbers it: the CPU."""
    return 1, 0


def is_tensor(obj: object) -> bool:
    """Whether obj is a Tensor."""
    return isinstance(obj, Tensor)


def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: object = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """start, start + step, ... before end; arange(end) starts at 0.

    The dtype is int64 if all arguments are ints, otherwise the default dtype; with `out`, its own.
    """
    if end is None:
        start, end = 0, start
    if out is not None:
        return out.copy_(_core.ops._arange(start, end, step, dtype=dtype or out.dtype))
    return _core.ops._arange(
        start, end, step, dtype=dtype, device=device, requires_grad=requires_grad
    )


def range(
    start: float = 0,
    end: float | None = None,
    step: float = 1,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """start, start + step, ... up to and including end, in the default dtype; use arange instead.

    Raises RuntimeError where the step is 0 or leads away from the end.
    """
    if end is None:
        start, end = 0, start
    if step == 0 or (end - start) / step < 0:
        raise RuntimeError(
            f"range: expected a step that leads from {start} to {end}, but got {step}"
        )
    count = math.floor((end - start) / step) + 1
    return arange(
        start,
        start + (count - 0.5) * step,
        step,
        out=out,
        dtype=dtype or _core.get_default_dtype(),
        device=device,
        requires_grad=requires_grad,
    )


def _from_data(
    data: Any, *, dtype: dtype | None = None, _legacy: tuple[tuple, dict[str, Any]] | None = None
) -> Tensor:
    """What operators do with an operand that is no tensor, and Tensor(...) with its arguments."""
    if _legacy is None:
        made = _shared(data, dtype, operand=True)
        if made.layout is not strided:
            raise NotImplementedError("a dense tensor is expected; convert with to_dense()")
        return made
    from ._legacy import construct

    return construct("Tensor", None, *_legacy)


class _ArrayView:
    """Carries a tensor's memory to NumPy, which keeps it alive."""

    def __init__(self, t: Tensor) -> None:
        self._tensor = t
        self.__array_interface__ = _core.array_interface(t)


def _numpy(self: Tensor, *, force: bool = False) -> Any:
    """The tensor as a NumPy array over the same memory.

    Raises RuntimeError for a tensor that requires grad; detach it, or give force=True.
    """
    if self.requires_grad:
        if not force:
            raise RuntimeError(
                "numpy: the tensor requires grad, and an array cannot carry its history; "
                "call detach().numpy()"
            )
        self = self.detach()
    import numpy as np

    if self.numel() == 0:
        return np.empty(tuple(self.shape), dtype=_core.array_interface(self)["typestr"])
    return np.asarray(_ArrayView(self))


def _array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    import numpy as np

    array = _numpy(self)
    if dtype is not None and array.dtype != dtype:
        if copy is False:
            raise ValueError(
                f"__array__: an array of dtype {np.dtype(dtype)} needs a copy of this tensor of "
                f"{self.dtype}, and copy=False forbids one"
            )
        return array.astype(dtype)
    return np.array(array) if copy else array


def _array_wrap(self: Tensor, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
    """What a function of NumPy has made of this tensor, as a tensor; truth values are uint8."""
    if array.dtype == bool:
        array = array.astype("uint8")
    return from_numpy(array)


def _array_namespace(self: Tensor, *, api_version: str | None = None) -> Any:
    """The functions of the Python array API standard, `wengert.array_api`."""
    from . import array_api

    if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
        raise ValueError(
            f"__array_namespace__: version {api_version!r} of the array API is not there; up to "
            "2024.12 they are"
        )
    return array_api


def _to_device(self: Tensor, device: Any, /, *, stream: Any = None) -> Tensor:
    """The tensor itself: there is one device."""
    return self.to(device)


# ---- like another tensor ------------------------------------------------------------------


def _maker(name: str) -> Any:
    make = getattr(_core.ops, name)

    def new(self: Tensor, *size: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
        made = make(*size, dtype=self.dtype if dtype is None else dtype, **options)
        if _core._is_one_of_many(self):  # a tensor of its own for every example, as this one
            made = made + _core.ops.zeros_like(self, dtype=made.dtype).sum().to(made.dtype)
        return made

    new.__name__ = new.__qualname__ = f"new_{name}"
    new.__doc__ = f"wengert.{name} of the given size with the dtype of this tensor."
    return new


def _new_tensor(
    self: Tensor,
    data: Any,
    *,
    dtype: dtype | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """wengert.tensor(data) with the dtype of this tensor."""
    wanted = self.dtype if dtype is None else dtype
    return tensor(data, dtype=wanted, device=device, requires_grad=requires_grad)


methods = {
    "new_tensor": _new_tensor,
    **{f"new_{name}": _maker(name) for name in ("empty", "zeros", "ones", "full")},
}
