"""Sparse tensors made of indices and values, and their types as they were before dtypes."""

from __future__ import annotations

from typing import Any

from wengert import Tensor, arange, is_grad_enabled, no_grad
from wengert import _ops as _C
from wengert._creation import _check_device, as_tensor
from wengert._legacy import _BY_KIND, _dtypes
from wengert._tensor import Size
from wengert.sparse._places import flat
from wengert.sparse._tensor import is_sparse, make


class check_sparse_tensor_invariants:
    """Whether sparse tensors are checked wholly when they are made: as a context manager, as a
    decorator, or by ``enable()`` and ``disable()``.

    Without it, that places lie within the shape is checked, that places said to be coalesced are
    sorted is not.
    """

    _on = False

    def __init__(self, enable: bool = True) -> None:
        self._state = enable
        self._before: list[bool] = []

    @staticmethod
    def is_enabled() -> bool:
        """Whether the checks are on."""
        return check_sparse_tensor_invariants._on

    @staticmethod
    def enable() -> None:
        """Turns the checks on."""
        check_sparse_tensor_invariants._on = True

    @staticmethod
    def disable() -> None:
        """Turns the checks off."""
        check_sparse_tensor_invariants._on = False

    def __enter__(self) -> None:
        self._before.append(self.is_enabled())
        check_sparse_tensor_invariants._on = self._state

    def __exit__(self, *exc: object) -> None:
        check_sparse_tensor_invariants._on = self._before.pop()

    def __call__(self, f: Any) -> Any:
        from functools import wraps

        @wraps(f)
        def checked(*args: Any, **kwargs: Any) -> Any:
            with type(self)(self._state):
                return f(*args, **kwargs)

        return checked


def own_values(values: Any, dtype: Any, requires_grad: bool) -> Tensor:
    """Values as a sparse tensor keeps them: the same memory, the history of tensors given."""
    values = as_tensor(values, dtype)
    if values.requires_grad and is_grad_enabled():
        return values.view(values.shape)
    return values.detach().requires_grad_(requires_grad)


def sparse_coo_tensor(
    indices: Any = None,
    values: Any = None,
    size: Any = None,
    *,
    dtype: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
    check_invariants: bool | None = None,
    is_coalesced: bool | None = None,
) -> Tensor:
    """The tensor with ``values[k]`` at ``indices[:, k]`` and zeros elsewhere; values at the same
    place are summed.

    Args:
        indices: integers (sparse dimensions, count).
        values: numbers (count, *dense sizes). A tensor's history is that of the result.
        size: the shape; by default as large as the indices ask for.
        check_invariants: also check that places said to be coalesced are.
        is_coalesced: the places are known to be sorted, no two the same.

    Raises:
        RuntimeError: the parts do not fit together.
    """
    op = "sparse_coo_tensor"
    _check_device(device)
    if values is None:
        size = indices if size is None else size
        if size is None:
            raise TypeError(f"{op}: expected indices and values, or a size")
        nothing = _C.zeros(0, dtype=dtype or as_tensor(0.0).dtype)
        shape = tuple(int(s) for s in size)
        made = make(_C.zeros((len(shape), 0), dtype=_dtypes["int64"]), nothing, shape, True)
        return made.requires_grad_(requires_grad)  # type: ignore[return-value]
    with no_grad():
        indices = as_tensor(indices).detach().to(_dtypes["int64"])
    values = own_values(values, dtype, requires_grad)
    if values.ndim == 0:
        values = values.reshape(1)
    if indices.ndim != 2:
        raise RuntimeError(
            f"{op}: indices must be sparse_dim x nnz, but got shape {tuple(indices.shape)}"
        )
    n, count = indices.shape
    if values.shape[0] != count:
        raise RuntimeError(f"{op}: got {count} indices, but {values.shape[0]} values")
    low, high = _extent(indices)
    if low < 0:
        raise RuntimeError(f"{op}: found a negative index {low}")
    if size is None:
        shape = (*(h + 1 for h in high), *values.shape[1:])
    else:
        shape = tuple(int(s) for s in ([size] if isinstance(size, int) else size))
        if len(shape) != n + values.ndim - 1:
            raise RuntimeError(
                f"{op}: expected a size of {n} indexed and {values.ndim - 1} dense dimensions, "
                f"but got {shape}"
            )
        if min(shape, default=0) < 0:
            raise RuntimeError(f"{op}: sizes must not be negative, but got {shape}")
        if shape[n:] != tuple(values.shape[1:]):
            raise RuntimeError(
                f"{op}: values of shape {tuple(values.shape)} do not fit in the size {shape}"
            )
        for d, h in enumerate(high):
            if h >= shape[d]:
                raise RuntimeError(
                    f"{op}: found index {h} for dimension {d}, whose size is {shape[d]}"
                )
    made = make(indices, values, shape, is_coalesced is True)
    check = check_sparse_tensor_invariants._on if check_invariants is None else check_invariants
    if check and is_coalesced and count > 1:
        at = flat(indices, shape)
        if not bool((at[1:] > at[:-1]).all()):
            raise RuntimeError(f"{op}: the indices are said to be coalesced, but are not")
    return made  # type: ignore[return-value]


def _extent(indices: Tensor) -> tuple[int, list[int]]:
    """The smallest index, and the largest of each row; -1 where there is none."""
    if indices.numel() == 0:
        return 0, [-1] * len(indices)
    return int(indices.min()), indices.amax(1).tolist()


class _SparseType(type):
    """The type of sparse.FloatTensor and the like."""

    is_sparse = True
    is_cuda = False

    def __call__(cls, *args: Any, device: Any = None) -> Any:
        _check_device(device)
        dtype = cls.dtype  # type: ignore[attr-defined]
        if not args:
            return make(_C.zeros((1, 0), dtype=_dtypes["int64"]), _C.zeros(0, dtype=dtype), (0,))
        if all(isinstance(a, int) for a in args):
            return sparse_coo_tensor(size=args, dtype=dtype)
        if len(args) == 1 and is_sparse(args[0]):
            return args[0]
        if len(args) == 1 and isinstance(args[0], (Size, tuple, list)):
            return sparse_coo_tensor(size=args[0], dtype=dtype)
        if not 2 <= len(args) <= 3:
            raise TypeError(
                f"sparse.{cls.__name__}: expected indices, values and a size, or sizes, got "
                f"{len(args)} arguments"
            )
        return sparse_coo_tensor(*args)

    def __instancecheck__(cls, instance: object) -> bool:
        return is_sparse(instance) and instance.dtype is cls.dtype  # type: ignore[attr-defined]

    def __repr__(cls) -> str:
        return f"<class 'torch.sparse.{cls.__name__}'>"


TYPES = {
    name: _SparseType(
        name,
        (),
        {
            "dtype": dtype,
            "__doc__": f"Sparse tensors of {dtype.name}.",
            "__module__": "wengert.sparse",
        },
    )
    for name, dtype in _BY_KIND.items()
    if not name.startswith("Complex")
}


def spdiags(
    diagonals: Tensor, offsets: Tensor, shape: tuple[int, int], layout: Any = None
) -> Tensor:
    """A sparse matrix with given diagonals: row k of ``diagonals`` holds the one that is
    ``offsets[k]`` above the main diagonal, at the column where each number belongs."""
    if diagonals.ndim == 1:
        diagonals = diagonals.unsqueeze(0)
    places, values, seen = [], [], set()
    offsets = offsets.reshape(-1)
    if len(shape) != 2:
        raise RuntimeError(f"spdiags: expected a shape of two sizes, but got {tuple(shape)}")
    if len(offsets) != len(diagonals):
        raise RuntimeError(
            f"spdiags: expected an offset for each of {len(diagonals)} diagonals, but got "
            f"{len(offsets)}"
        )
    for diagonal, k in zip(diagonals, offsets.tolist(), strict=True):
        if k in seen:
            raise RuntimeError(f"spdiags: offset {k} appears twice")
        seen.add(k)
        begin = max(0, k)
        end = min(diagonals.shape[1], shape[1], shape[0] + k)
        column = arange(begin, max(begin, end))
        places.append(_C.stack([column - k, column]))
        values.append(diagonal[begin : max(begin, end)])
    made = sparse_coo_tensor(_C.cat(places, 1), _C.cat(values), shape)
    return made if layout is None else made.to_sparse(layout=layout)


def rebuild(indices: Tensor, values: Tensor, size: Any, coalesced: bool) -> Any:
    """A sparse tensor read from a file, every part of which is checked. RuntimeError if they do not
    fit together."""
    if indices.dtype.name != "int64" or indices.layout is not values.layout:
        raise RuntimeError("sparse tensor: expected dense values and indices of dtype int64")
    return sparse_coo_tensor(indices, values, size, is_coalesced=coalesced, check_invariants=True)
