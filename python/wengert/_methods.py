"""Methods of Tensor that are written in Python."""

from __future__ import annotations

from . import (
    _complex,
    _core,
    _creation,
    _legacy_methods,
    _linalg_derived,
    _linalg_legacy,
    _memory_format,
    _pointwise,
    _reductions,
    _shape,
    _sparse_methods,
    _tensor,
    _tensor_extras,
    autograd,
)
from ._device import cpu_device, device
from ._tensor import Tensor, all_dtypes, dtype
from .autograd import _node
from .autograd._node import Handle
from .utils.hooks import RemovableHandle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops
_by_name = {t.name: t for t in all_dtypes}


def _repr(self: Tensor) -> str:
    from . import _printing

    return _printing.text_of(self)


# ---- conversion ---------------------------------------------------------------------------


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The tensor with another dtype: to(dtype), to(device), to(device, dtype) or to(other).

    Returns self where nothing changes, unless copy=True.
    """
    copy = kwargs.pop("copy", False)
    flags = 0  # non_blocking and copy may be given by position
    kwargs.pop("non_blocking", None)
    memory_format = kwargs.pop("memory_format", None)
    wanted = kwargs.pop("dtype", None)
    place = kwargs.pop("device", None)
    if kwargs:
        raise TypeError(f"to: unexpected keyword argument {next(iter(kwargs))!r}")
    for a in args:
        if isinstance(a, dtype):
            wanted = a
        elif isinstance(a, Tensor):
            wanted = a.dtype
        elif isinstance(a, bool):
            copy = a if flags == 1 else copy
            flags += 1
        elif a is None:
            continue
        else:
            place = a
    if place is not None and not isinstance(place, device):
        device(place)
    result = self if wanted is None or wanted is self.dtype else _ops._to_dtype(self, wanted)
    if memory_format is not None:
        result = memory_format.apply(result)
    return result.clone() if copy and result is self else result


def type(self: Tensor, dtype: Any = None, non_blocking: bool = False, **kwargs: Any) -> Any:
    """The tensor converted to a dtype, given as such, as a tensor type or by a type's name such as
    "torch.FloatTensor"; without one the name of its type."""
    from . import _legacy

    return _legacy.type_name(self) if dtype is None else to(self, _legacy.dtype_of(dtype))


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor with other's dtype."""
    return to(self, other.dtype)


def _converter(name: str) -> Any:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        return to(self, _by_name[name], memory_format=memory_format)

    convert.__doc__ = f"The tensor converted to {name}."
    return convert


_view = Tensor.view


def view(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """view(*size): the same elements with another shape, of which one size may be -1; view(dtype):
    the same bytes read as another dtype, which changes the last size where its elements have
    another one. Shares memory; the latter carries no gradient."""
    if kwargs:
        args = (*args, *(kwargs.pop(name) for name in ("size", "dtype") if name in kwargs))
        if kwargs:
            raise TypeError(f"view: unexpected keyword argument {next(iter(kwargs))!r}")
    if args and args[0].__class__ is dtype:
        if len(args) > 1:
            raise TypeError("view: expected a dtype or a shape, but got both")
        return _ops._view_dtype(self, args[0])
    return _view(self, *args)


def cpu(self: Tensor) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


def cuda(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Raises RuntimeError: wengert is a CPU engine."""
    raise RuntimeError("cuda: wengert is a CPU engine; leave the tensor where it is")


# ---- hooks --------------------------------------------------------------------------------


def register_hook(self: Tensor, hook: Any) -> RemovableHandle:
    """Calls hook(gradient) when the gradient of this tensor is complete; a tensor that it returns
    takes the gradient's place."""
    switch = _Switch(hook)
    number = _core._register_hook(self, switch)

    def remove() -> None:
        # The tensor may have another node by now, if it was changed in place.
        switch.hook = None
        _core._remove_hook(self, number)

    return Handle(remove)


class _Switch:
    """A hook that can be turned off wherever it stands."""

    __slots__ = ("hook",)

    def __init__(self, hook: Any) -> None:
        self.hook = hook

    def __call__(self, gradient: Tensor) -> Any:
        return None if self.hook is None else self.hook(gradient)


def register_post_accumulate_grad_hook(self: Tensor, hook: Any) -> RemovableHandle:
    """Calls hook(tensor) after the grad of this leaf was updated."""
    number = _core._register_post_accumulate_grad_hook(self, hook)
    return Handle(lambda: _core._remove_hook(self, number))


# ---- copying ------------------------------------------------------------------------------


def copy_with_storage(self: Tensor, memo: dict[Any, Any]) -> Tensor:
    """The tensor at the same place of a copy of its storage; within one deepcopy, tensors that
    share a storage share its copy."""
    source = self.detach()
    where = _core._storage_of(source)
    if where[1] % self.itemsize or _core._is_transforming():
        return source.clone()
    kept = memo.setdefault("wengert storages", {})
    if where not in kept:
        n = where[1] // self.itemsize
        # The source is kept too: its place in memory stands for it.
        kept[where] = source, _core.ops.as_strided(source, (n,), (1,), 0).clone()
    whole = kept[where][1].view(self.dtype)
    placed = _core.ops.as_strided(whole, self.shape, self.stride(), self.storage_offset())
    return placed.detach()  # no view of the whole, as there is none to be seen


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise RuntimeError(
            "deepcopy: only leaves can be copied deeply, this tensor has a history; detach() it"
        )
    copied = copy_with_storage(self, memo)
    if self.__class__ is not Tensor:
        copied = Tensor._make_subclass(self.__class__, copied)
    if self.requires_grad:
        copied.requires_grad_()
    memo[id(self)] = copied
    from copy import deepcopy

    grad = self.grad
    if grad is not None:
        # By way of deepcopy, which keeps the object alive: memo goes by id.
        copied.grad = deepcopy(grad, memo)
    if self.__dict__:
        copied.__dict__.update(deepcopy(self.__dict__, memo))
    return copied


def _rebuild(
    cls: Any,
    data: bytes,
    type_name: str,
    shape: tuple[int, ...],
    requires_grad: bool,
    attributes: dict[str, Any] | None,
) -> Tensor:
    flat = _core.from_bytes(data, _by_name[type_name], shape)
    made = flat if cls is Tensor else Tensor._make_subclass(cls, flat)
    if requires_grad:
        made.requires_grad_()
    if attributes:
        made.__dict__.update(attributes)
    return made


def _copy(self: Tensor) -> Tensor:
    """Another object over the same memory, without history."""
    copied = self.detach()
    if self.__class__ is not Tensor:
        copied = Tensor._make_subclass(self.__class__, copied)
    if self.requires_grad:
        copied.requires_grad_()
    copied.__dict__.update(self.__dict__)
    return copied


def _reduce_ex(self: Tensor, protocol: int) -> Any:
    # The history is not stored: what comes back is a leaf.
    return _rebuild, (
        self.__class__,
        _core.to_bytes(self.detach()),
        self.dtype.name,
        tuple(self.shape),
        self.requires_grad,
        self.__dict__ or None,
    )


def _hardshrink(self: Tensor, lambd: float = 0.5) -> Tensor:
    """x where abs(x) > lambd, else 0."""
    from .nn._function_forms import hardshrink

    return hardshrink(self, lambd)


def _prelu(self: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, else weight * x, with one weight or one for each channel."""
    from .nn._function_forms import prelu

    return prelu(self, weight)


def _istft(
    self: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """As `wengert.istft`."""
    from ._stft import istft

    return istft(
        self,
        n_fft,
        hop_length,
        win_length,
        window,
        center,
        normalized,
        onesided,
        length,
        return_complex,
    )


def install() -> None:
    """Gives Tensor its methods and the compiled modules their callbacks."""
    methods = {
        "to": to,
        "type": type,
        "type_as": type_as,
        "float": _converter("float32"),
        "double": _converter("float64"),
        "half": _converter("float16"),
        "bfloat16": _converter("bfloat16"),
        "int": _converter("int32"),
        "long": _converter("int64"),
        "short": _converter("int16"),
        "char": _converter("int8"),
        "byte": _converter("uint8"),
        "bool": _converter("bool"),
        "cpu": cpu,
        "cuda": cuda,
        "register_hook": register_hook,
        "register_post_accumulate_grad_hook": register_post_accumulate_grad_hook,
        **_creation.methods,
        "numpy": _creation._numpy,
        "__array__": _creation._array,
        "__array_wrap__": _creation._array_wrap,
        "__array_namespace__": _creation._array_namespace,
        "to_device": _creation._to_device,
        "__dlpack__": _creation._dlpack,
        "__dlpack_device__": _creation._dlpack_device,
        "__copy__": _copy,
        "__deepcopy__": _deepcopy,
        "__reduce_ex__": _reduce_ex,
        "device": property(lambda self: cpu_device),
        "is_cuda": property(lambda self: False),
        **_sparse_methods.methods,
        "cfloat": _converter("complex64"),
        "cdouble": _converter("complex128"),
        **_complex.methods,
        "hardshrink": _hardshrink,
        "prelu": _prelu,
        "istft": _istft,
        "pinverse": _linalg_derived.pinverse,
        "_grad": property(lambda self: self.grad, lambda self, value: setattr(self, "grad", value)),
        "layout": property(lambda self: _legacy_methods.strided),
        **_legacy_methods.methods,
        **_linalg_legacy.methods,
        "view": view,
        **_reductions.methods,
        "contiguous": _memory_format.contiguous,
        "clone": _memory_format.clone,
        **_shape.install(),
        **_tensor_extras.methods,
    }
    _tensor._add_methods(methods)
    _pointwise.install()
    _tensor._set_callbacks(_repr, _core.node_of, _creation._from_data, autograd._Hooks, _ops)
    _node.install()
