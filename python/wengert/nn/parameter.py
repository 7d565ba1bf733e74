"""Tensors that a module registers when they are assigned to it."""

from __future__ import annotations

import wengert
from wengert import Tensor, empty
from wengert._methods import copy_with_storage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Parameter(Tensor):
    """A tensor that becomes a parameter of the module it is assigned to.

    Args:
        data: the values; the parameter shares their storage, without their graph.
        requires_grad: whether gradients are accumulated into it.
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = empty(0)
        return Tensor._make_subclass(cls, data, requires_grad)

    def __deepcopy__(self, memo: dict) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: object) -> tuple:
        return type(self), (self.data, self.requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + Tensor.__repr__(self)


class Buffer(Tensor):
    """A tensor that becomes a buffer of the module it is assigned to.

    Args:
        data: the values; the buffer shares their storage, without their graph.
        persistent: whether it is part of the module's ``state_dict``.
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        if data is None:
            data = empty(0)
        self = Tensor._make_subclass(cls, data, data.requires_grad)
        self.persistent = persistent
        return self

    def __deepcopy__(self, memo: dict) -> Buffer:
        if id(self) not in memo:
            copied = copy_with_storage(self, memo)
            memo[id(self)] = type(self)(copied, persistent=self.persistent)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: object) -> tuple:
        return _rebuild_buffer, (type(self), self.data, self.persistent)


def _rebuild_buffer(cls: type, data: Tensor, persistent: bool) -> Buffer:
    return cls(data, persistent=persistent)


def is_lazy(value: object) -> bool:
    """Whether ``value`` is a parameter or a buffer whose shape is not known yet."""
    return isinstance(value, UninitializedTensorMixin)


class UninitializedTensorMixin:
    """A tensor that has a dtype, but no shape and no elements before :meth:`materialize`.

    The object holds no tensor until then, so that every operation on it raises ValueError.
    """

    cls_to_become: type[Tensor]
    # What is known of it; the names differ from those of the properties, which go with the class.
    _wanted: dict[str, Any]
    _uninitialized = (
        "this parameter or buffer is not initialized; call the module on an example first, so that "
        "its shape is known"
    )

    def materialize(
        self, shape: Sequence[int], device: object = None, dtype: wengert.dtype | None = None
    ) -> None:
        """Becomes an ordinary parameter or buffer of this shape, not filled."""
        wanted = self._wanted
        data = empty(tuple(shape), device=device, dtype=dtype or wanted["dtype"])
        requires_grad = wanted["requires_grad"]
        Tensor._hold(self, data)  # type: ignore[arg-type]
        del self.__dict__["_wanted"]
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        self.requires_grad_(requires_grad)  # type: ignore[attr-defined]

    @property
    def shape(self) -> Any:
        raise RuntimeError(f"shape: {self._uninitialized}")

    def share_memory_(self) -> Any:
        raise RuntimeError(f"share_memory_: {self._uninitialized}")

    def size(self, dim: int | None = None) -> Any:
        """(0,), as of what has no elements yet."""
        return empty(0).size() if dim is None else empty(0).size(dim)

    @property
    def dtype(self) -> wengert.dtype:
        return self._wanted["dtype"]

    @property
    def device(self) -> wengert.device:
        return wengert.device("cpu")

    @property
    def requires_grad(self) -> bool:
        return self._wanted["requires_grad"]

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self._wanted["requires_grad"] = value

    @property
    def data(self) -> UninitializedTensorMixin:
        return self

    @data.setter
    def data(self, value: UninitializedTensorMixin) -> None:
        if not is_lazy(value):
            raise ValueError(f"data: {self._uninitialized}")
        self._wanted["dtype"] = value.dtype

    @property
    def grad(self) -> None:
        return None

    @grad.setter
    def grad(self, value: None) -> None:
        if value is not None:
            raise ValueError(f"grad: {self._uninitialized}")

    @property
    def grad_fn(self) -> None:
        return None

    @property
    def is_leaf(self) -> bool:
        return True

    def is_floating_point(self) -> bool:
        """Whether its elements will be floating point numbers."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether its elements will be complex numbers."""
        return self.dtype.is_complex

    def _copy(self, **changed: Any) -> Any:
        kind: Any = type(self)
        return kind(**{**self._wanted, **changed})

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """One that is not initialized either, of the dtype that a tensor would have."""
        return self._copy(dtype=empty(0, dtype=self.dtype).to(*args, **kwargs).dtype)

    def cpu(self) -> Any:
        """This object: everything is on the CPU already."""
        return self

    def half(self) -> Any:
        """One of dtype float16, not initialized either."""
        return self._copy(dtype=wengert.float16)

    def float(self) -> Any:
        """One of dtype float32, not initialized either."""
        return self._copy(dtype=wengert.float32)

    def double(self) -> Any:
        """One of dtype float64, not initialized either."""
        return self._copy(dtype=wengert.float64)

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self, memo: dict) -> Any:
        if id(self) not in memo:
            memo[id(self)] = self._copy()
        return memo[id(self)]

    def __reduce_ex__(self, protocol: object) -> tuple:
        return _rebuild_uninitialized, (type(self), self._wanted)


def _rebuild_uninitialized(cls: Any, wanted: dict) -> Any:
    return cls(**wanted)


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A parameter whose shape follows from the first input of its module."""

    cls_to_become = Parameter

    def __new__(
        cls,
        requires_grad: bool = True,
        device: object = None,
        dtype: wengert.dtype | None = None,
    ) -> UninitializedParameter:
        self = Tensor.__new__(cls)
        dtype = empty(0, device=device, dtype=dtype).dtype
        self._wanted = {"requires_grad": requires_grad, "dtype": dtype}
        return self

    def __init__(self, *args: object, **kwargs: object) -> None:
        pass


class UninitializedBuffer(UninitializedTensorMixin, Buffer):  # type: ignore[misc]
    """A buffer whose shape follows from the first input of its module; it becomes a Buffer."""

    cls_to_become = Buffer

    def __new__(
        cls,
        requires_grad: bool = False,
        device: object = None,
        dtype: wengert.dtype | None = None,
        persistent: bool = True,
    ) -> UninitializedBuffer:
        self = Tensor.__new__(cls)
        dtype = empty(0, device=device, dtype=dtype).dtype
        self._wanted = {"requires_grad": requires_grad, "dtype": dtype, "persistent": persistent}
        self.persistent = persistent
        return self

    def __init__(self, *args: object, **kwargs: object) -> None:
        pass
