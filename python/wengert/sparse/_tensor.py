"""The class of sparse tensors, and the places that functions of tensors have for them."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from wengert import Tensor, is_grad_enabled
from wengert._device import cpu_device
from wengert._legacy_methods import sparse_coo
from wengert._tensor import SparseParts
from wengert.sparse._places import distinct, wrap_dim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# name -> function: what functions and methods of that name do where an argument is sparse.
FUNCTIONS: dict[str, Callable[..., Any]] = {}


def function(*names: str) -> Callable[[Any], Any]:
    """Declares what the functions of these names, or of its own, do with sparse tensors."""

    def declare(f: Any) -> Any:
        for name in names or (f.__name__,):
            FUNCTIONS[name] = f
        return f

    return declare


class SparseTensor(SparseParts):
    """A tensor of which only some elements are stored: ``values[k]`` stands at ``indices[:, k]``,
    what stands at one place several times is summed, everything else is zero.

    It is composed of dense tensors: all that is computed with it is computed with its values, whose
    history is its history. ``isinstance(x, wengert.Tensor)`` is true of it, so that programs treat
    it as one; functions that have no form for it raise NotImplementedError.
    """

    # Entries by rows and by columns, for products; shared by tensors of the same indices.
    _plans: dict[str, Tensor]
    # What a gradient of which each place was taken once was taken from.
    _source: Tensor | None = None

    is_sparse = True
    is_sparse_csr = False
    is_cuda = False
    is_quantized = False
    is_mkldnn = False
    is_nested = False
    layout = sparse_coo
    device = cpu_device
    __array_priority__ = 1000
    __hash__ = object.__hash__

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return Tensor

    @staticmethod
    def _wengert_call(name: str, args: tuple, kwargs: dict[str, Any]) -> Any:
        f = FUNCTIONS.get(name)
        if f is None:
            raise NotImplementedError(
                f"{name}: not available for sparse tensors; convert with to_dense()"
            )
        return f(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        f = FUNCTIONS.get(name)
        if f is not None:
            return f.__get__(self)
        if not name.startswith("__") and hasattr(Tensor, name):
            if not callable(getattr(Tensor, name)):
                raise NotImplementedError(f"{name}: not available for sparse tensors")
            return lambda *args, **kwargs: self._wengert_call(name, (self, *args), kwargs)
        raise AttributeError(f"'Tensor' object has no attribute {name!r}", name=name, obj=self)

    # ---- parts

    def _indices(self) -> Tensor:
        """The places of the values, (sparse_dim, nnz), whether they are coalesced or not."""
        return self._parts[0].detach()

    def _values(self) -> Tensor:
        """The values, without history, whether they are coalesced or not."""
        return self._parts[1].detach()

    def _nnz(self) -> int:
        """How many values are stored."""
        return int(self._parts[1].shape[0])

    def indices(self) -> Tensor:
        """The places of the values, (sparse_dim, nnz), sorted. RuntimeError unless coalesced."""
        self._need_coalesced("indices")
        return self._indices()

    def values(self) -> Tensor:
        """The stored values, (nnz, *dense sizes). RuntimeError unless coalesced."""
        self._need_coalesced("values")
        values = self._parts[1]
        if not (values.requires_grad and is_grad_enabled()):
            return values.detach()
        return values.view(values.shape)

    def _need_coalesced(self, name: str) -> None:
        if not self._parts[2]:
            raise RuntimeError(
                f"{name}: cannot be had of a tensor that is not coalesced; call .coalesce() first"
            )

    def is_coalesced(self) -> bool:
        """Whether the indices are known to be sorted, no two the same."""
        return bool(self._parts[2])

    def sparse_dim(self) -> int:
        """How many of the first dimensions are indexed."""
        return int(self._parts[0].shape[0])

    def dense_dim(self) -> int:
        """How many of the last dimensions are stored densely."""
        return int(self._parts[1].ndim - 1)

    _dimI = sparse_dim
    _dimV = dense_dim

    def _coalesced_(self, coalesced: bool) -> SparseTensor:
        indices, values, _ = self._parts
        self._set_parts(indices, values, coalesced)
        return self

    # ---- description

    dtype = property(lambda self: self._parts[1].dtype)
    ndim = property(lambda self: len(self.shape))
    itemsize = property(lambda self: self.dtype.itemsize)
    is_leaf = property(lambda self: self._parts[1].is_leaf)
    grad_fn = property(lambda self: self._parts[1].grad_fn)
    retains_grad = property(lambda self: self._parts[1].retains_grad)
    _version = property(lambda self: self._parts[1]._version)
    T = property(lambda self: FUNCTIONS["t"](self))
    mT = property(lambda self: FUNCTIONS["transpose"](self, -2, -1))
    H = T
    data = property(lambda self: self.detach())

    def dim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    ndimension = dim

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        return self.shape if dim is None else self.shape[wrap_dim("size", dim, self.ndim)]

    def stride(self, dim: int | None = None) -> Any:
        """Zeros: the elements do not stand side by side."""
        return (0,) * self.ndim if dim is None else 0

    def numel(self) -> int:
        """The number of elements, stored or not."""
        return prod(self.shape)

    nelement = numel

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len: a 0-d tensor has no length")
        return int(self.shape[0])

    def element_size(self) -> int:
        """Bytes per element."""
        return self.itemsize

    def is_floating_point(self) -> bool:
        return self._parts[1].is_floating_point()

    def is_complex(self) -> bool:
        return self._parts[1].is_complex()

    def is_signed(self) -> bool:
        return self._parts[1].is_signed()

    def is_contiguous(self, memory_format: Any = None) -> bool:
        return False

    def is_inference(self) -> bool:
        return False

    def is_pinned(self, device: Any = None) -> bool:
        return False

    def get_device(self) -> int:
        return -1

    @property
    def nbytes(self) -> int:
        raise RuntimeError(
            "nbytes: not defined for sparse tensors; add those of indices() and values()"
        )

    def data_ptr(self) -> int:
        raise RuntimeError("data_ptr: a sparse tensor has no memory of its own; take values()'")

    def storage(self) -> Any:
        raise NotImplementedError("storage: a sparse tensor has no storage of its own")

    untyped_storage = storage

    def type(self, dtype: Any = None, non_blocking: bool = False, **kwargs: Any) -> Any:
        """The name of the type, such as "torch.sparse.FloatTensor"; or converted to a dtype."""
        from wengert import _legacy

        if dtype is None:
            home, _, name = _legacy.type_name(self._parts[1]).rpartition(".")
            return f"{home}.sparse.{name}"
        if isinstance(dtype, str):
            dtype = dtype.replace(".sparse.", ".")
        return FUNCTIONS["to"](self, getattr(dtype, "dtype", None) or _legacy.dtype_of(dtype))

    def __repr__(self) -> str:
        from wengert.sparse._printing import text_of

        return text_of(self)

    def __format__(self, spec: str) -> str:
        return object.__format__(self, spec) if spec else repr(self)

    # ---- autograd

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to its values."""
        return self._parts[1].requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self._parts[1].requires_grad = value

    def requires_grad_(self, requires_grad: bool = True) -> SparseTensor:
        """Sets requires_grad and returns self."""
        self._parts[1].requires_grad_(requires_grad)
        return self

    @property
    def grad(self) -> Any:
        """The gradient: a sparse tensor of this one's places, each once; or None."""
        g = self._parts[1].grad
        return None if g is None else self._gradient(g)

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            value = FUNCTIONS["sparse_mask"](value, self)._values()
        self._parts[1].grad = value

    @grad.deleter
    def grad(self) -> None:
        self._parts[1].grad = None

    def _gradient(self, g: Tensor) -> SparseTensor:
        """The gradient of this tensor from that of its values."""
        indices, _, coalesced = self._parts
        if coalesced:
            return like(self, g)
        # Each of the values at one place has the whole gradient of the element.
        indices, order, first, _ = distinct(indices, self.shape)
        made = make(indices, g.index_select(0, order[first]), self.shape, True)
        made._source = g
        return made

    def retain_grad(self) -> None:
        """Keeps the gradient of a tensor that is not a leaf in its grad."""
        self._parts[1].retain_grad()

    def register_hook(self, hook: Any) -> Any:
        """Calls hook(gradient) when the gradient is complete; a sparse tensor of the same places
        that it returns takes the gradient's place."""

        def on_values(g: Tensor) -> Tensor | None:
            result = hook(like(self, g, coalesced=False))
            return None if result is None else FUNCTIONS["sparse_mask"](result, self)._parts[1]

        return self._parts[1].register_hook(on_values)

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """As of dense tensors; ``gradient`` has this tensor's shape."""
        if gradient is not None:
            gradient = FUNCTIONS["sparse_mask"](gradient, self)._parts[1]
        self._parts[1].backward(gradient, retain_graph, create_graph, inputs)

    def detach(self) -> SparseTensor:
        """The same elements without history. Shares memory."""
        return like(self, self._values())

    # ---- copying

    def __copy__(self) -> SparseTensor:
        return like(self, self._values()).requires_grad_(self.requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> SparseTensor:
        if id(self) in memo:
            return memo[id(self)]
        if not self.is_leaf:
            raise RuntimeError(
                "deepcopy: only leaves can be copied deeply, this tensor has a history; detach() it"
            )
        indices, values, coalesced = self._parts
        copied = make(indices.clone(), values.detach().clone(), self.shape, coalesced)
        copied.requires_grad_(self.requires_grad)
        memo[id(self)] = copied
        return copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        # The history is not stored: what comes back is a leaf.
        indices, values, coalesced = self._parts
        parts = indices, values.detach(), tuple(self.shape), coalesced, self.requires_grad
        return _rebuild, parts

    # ---- indexing

    def __iter__(self) -> Any:
        return iter([self[i] for i in range(len(self))])

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        result, dim = self, 0
        for k in keys:
            if isinstance(k, int) and not isinstance(k, bool):
                result = FUNCTIONS["select"](result, dim, k)
            elif isinstance(k, slice) and k == slice(None):
                dim += 1
            else:
                raise NotImplementedError(
                    "index: sparse tensors are indexed by integers and full slices; use "
                    "index_select(), or convert with to_dense()"
                )
        return result

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("index: elements of a sparse tensor cannot be set; make another one")

    def __bool__(self) -> bool:
        if self.numel() != 1:
            raise RuntimeError("bool: the truth of a tensor of several elements is ambiguous")
        return bool(self.item())

    def item(self) -> Any:
        """The value of a tensor with one element, as a Python number."""
        if self.numel() != 1:
            raise RuntimeError(
                f"item: expected a tensor with one element, but got shape {tuple(self.shape)}"
            )
        return self.to_dense().item()

    def tolist(self) -> Any:
        raise RuntimeError("tolist: not available for sparse tensors; convert with to_dense()")

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError("numpy: sparse tensors are no arrays; convert with to_dense()")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("numpy: sparse tensors are no arrays; convert with to_dense()")


def _operator(name: str) -> Any:
    def forward(self: Any, other: Any) -> Any:
        return SparseTensor._wengert_call(name, (self, other), {})

    return forward


def _comparison(name: str) -> Any:
    def compare(self: Any, other: Any) -> Any:
        if isinstance(other, (Tensor, int, float, complex)):
            return SparseTensor._wengert_call(name, (self, other), {})
        return NotImplemented

    return compare


def _reflected(name: str) -> Any:
    def backward(self: Any, other: Any) -> Any:
        return SparseTensor._wengert_call(name, (other, self), {})

    return backward


for _name, _function in {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "div",
    "floordiv": "floor_divide",
    "matmul": "matmul",
    "pow": "pow",
    "mod": "remainder",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
}.items():
    setattr(SparseTensor, f"__{_name}__", _operator(_function))
    setattr(SparseTensor, f"__r{_name}__", _reflected(_function))
for _name in ("add", "sub", "mul"):
    setattr(SparseTensor, f"__i{_name}__", _operator(f"{_name}_"))
SparseTensor.__itruediv__ = _operator("div_")  # type: ignore[attr-defined]
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(SparseTensor, f"__{_name}__", _comparison(_name))
for _name in ("neg", "abs"):
    setattr(SparseTensor, f"__{_name}__", lambda self, _name=_name: FUNCTIONS[_name](self))
del _name, _function


# ---- what the functions are made of ---------------------------------------------------------


def is_sparse(value: object) -> bool:
    """Whether it is a sparse tensor."""
    return issubclass(type(value), SparseTensor)


def make(indices: Tensor, values: Tensor, shape: Any, coalesced: bool = False) -> SparseTensor:
    """A sparse tensor of these parts; no value or one alone is always coalesced."""
    return SparseTensor(indices, values, tuple(shape), coalesced or values.shape[0] < 2)


def like(t: SparseTensor, values: Tensor, coalesced: bool | None = None) -> SparseTensor:
    """A tensor of t's shape with other values at the same places."""
    indices, _, was = t._parts
    kept = was if coalesced is None else coalesced
    made = type(t)(indices, values, tuple(t.shape), kept)
    made._plans = plans(t)
    return made


def plans(t: SparseTensor) -> dict[str, Tensor]:
    """What is known of the places of t's values, by whom it was needed first."""
    if "_plans" not in t.__dict__:
        t._plans = {}
    return t._plans


def _rebuild(
    indices: Tensor, values: Tensor, shape: tuple[int, ...], coalesced: bool, requires_grad: bool
) -> SparseTensor:
    made = make(indices, values, shape, coalesced)
    return made.requires_grad_() if requires_grad else made
