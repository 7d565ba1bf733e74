"""Shape and indexing functions whose calls need Python: overloads, variable arguments, lists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations as _combinations
from itertools import combinations_with_replacement, zip_longest
from math import comb
from operator import index as _index

from . import _core, _creation, autograd
from ._tensor import Size, Tensor, dtype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "broadcast_shapes",
    "broadcast_tensors",
    "cartesian_prod",
    "combinations",
    "dsplit",
    "hsplit",
    "meshgrid",
    "nonzero",
    "repeat_interleave",
    "split",
    "split_with_sizes",
    "tensor_split",
    "unravel_index",
    "vsplit",
    "where",
]


def _listed(tensors: tuple[Any, ...]) -> Sequence[Tensor]:
    """The tensors of f(a, b) and of f([a, b])."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        return tensors[0]
    return tensors


# ---- broadcasting -------------------------------------------------------------------------


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape to which all the shapes broadcast."""
    result: list[int] = []
    for shape in shapes:
        if not isinstance(shape, (int, tuple, list)):
            raise RuntimeError(f"broadcast_shapes: expected shapes, but got {shape!r}")
        sizes = [_index(n) for n in ([shape] if isinstance(shape, int) else shape)]
        if any(n < 0 for n in sizes):
            raise ValueError(f"broadcast_shapes: expected sizes of at least 0, but got {shape}")
        merged = []
        for a, b in zip_longest(reversed(result), reversed(sizes), fillvalue=1):
            if a != b and a != 1 and b != 1:
                raise RuntimeError(f"broadcast_shapes: {shapes} do not broadcast")
            merged.append(b if a == 1 else a)
        result = merged[::-1]
    return Size(result)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors expanded to the shape to which all broadcast. Share memory."""
    listed = _listed(tensors)
    shapes = {t.shape for t in listed} - {()}
    shape = shapes.pop() if len(shapes) == 1 else broadcast_shapes(*[t.shape for t in listed])
    return tuple([t.expand(shape) for t in listed])


def _at_least(n: int, one: Any) -> Any:
    def at_least(*tensors: Any) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], Tensor):
            return one(tensors[0])
        return tuple(one(t) for t in _listed(tensors))

    at_least.__name__ = at_least.__qualname__ = f"atleast_{n}d"
    at_least.__doc__ = f"Each tensor with at least {n} dimension{'s' * (n > 1)}. Shares memory."
    return at_least


def _one_1d(t: Tensor) -> Tensor:
    return t if t.ndim else t.reshape(1)


def _one_2d(t: Tensor) -> Tensor:
    return t if t.ndim >= 2 else _one_1d(t).unsqueeze(0)


def _one_3d(t: Tensor) -> Tensor:
    return t if t.ndim >= 3 else _one_2d(t).unsqueeze(2)


atleast_1d = _at_least(1, _one_1d)
atleast_2d = _at_least(2, _one_2d)
atleast_3d = _at_least(3, _one_3d)


# ---- pieces -------------------------------------------------------------------------------


def split(
    tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Pieces along dim of one size (the last perhaps smaller), or of the sizes listed.

    They share the tensor's memory.
    """
    sizes: Any = split_size_or_sections
    if isinstance(sizes, (list, tuple)):
        return _ops._split_with_sizes(tensor, sizes, dim)
    return _ops._split(tensor, sizes, dim)


def _split_method(self: Tensor, split_size: int | Sequence[int], dim: int = 0) -> Any:
    return split(self, split_size, dim)


_split_method.__doc__ = split.__doc__


def split_with_sizes(
    input: Tensor,
    split_sizes: Sequence[int],
    dim: int = 0,
) -> tuple[Tensor, ...]:
    """Pieces of the given sizes along dim. They share the tensor's memory."""
    return _ops._split_with_sizes(input, list(split_sizes), dim)


def tensor_split(
    input: Tensor,
    indices_or_sections: Any,
    dim: int = 0,
) -> tuple[Tensor, ...]:
    """Pieces along dim: a number of nearly equal ones, or those that end at the listed places.

    They share the tensor's memory.
    """
    if input.ndim == 0:
        raise RuntimeError("tensor_split: a 0-d tensor cannot be split")
    n = input.size(dim)
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        sections = indices_or_sections
        if sections <= 0:
            raise RuntimeError(f"tensor_split: sections must be positive, but is {sections}")
        small, more = divmod(n, sections)
        indices_or_sections = [i * small + min(i, more) for i in range(1, sections)]
    ends = [*indices_or_sections, None]
    starts = [0, *indices_or_sections]
    return tuple(_ops._slice(input, dim, a, b) for a, b in zip(starts, ends, strict=False))


def _splitter(name: str, dim: int, least: int) -> Any:
    def split_along(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        if input.ndim < least:
            raise RuntimeError(
                f"{name}: expected at least {least} dimension{'s' * (least > 1)}, "
                f"but got shape {tuple(input.shape)}"
            )
        along = 0 if name == "hsplit" and input.ndim == 1 else dim
        if isinstance(indices_or_sections, int):
            n = indices_or_sections
            if n <= 0 or input.size(along) % n:
                raise RuntimeError(
                    f"{name}: dimension {along} of size {input.size(along)} cannot be split "
                    f"into {n} equal pieces"
                )
        return tensor_split(input, indices_or_sections, along)

    split_along.__name__ = split_along.__qualname__ = name
    split_along.__doc__ = (
        f"tensor_split() along dim {dim}; a number of pieces must divide it. Share memory."
    )
    return split_along


hsplit = _splitter("hsplit", 1, 1)
vsplit = _splitter("vsplit", 0, 2)
dsplit = _splitter("dsplit", 2, 3)


# ---- repetition and products --------------------------------------------------------------


def repeat_interleave(
    input: Tensor,
    repeats: int | Tensor | None = None,
    dim: int | None = None,
    *,
    output_size: int | None = None,
) -> Tensor:
    """Each element along dim repeated, one number for all or a tensor with one for each.

    Without dim the tensor is taken as flat. With one tensor of counts only, the position of
    each count is repeated.
    """
    if repeats is None:
        return _ops._repeat_interleave_each(_creation.arange(input.numel()), input, 0)
    if isinstance(repeats, (list, tuple)):
        repeats = _creation.tensor(repeats)
    if isinstance(repeats, Tensor):
        result = _ops._repeat_interleave_each(input, repeats, dim)
    else:
        result = _ops._repeat_interleave(input, repeats, dim)
    if output_size is not None and result.size(dim or 0) != output_size:
        raise RuntimeError(
            f"repeat_interleave: output_size {output_size} does not fit the repeats, "
            f"which give {result.size(dim or 0)}"
        )
    return result


def block_diag(*tensors: Any) -> Tensor:
    """Matrices along the diagonal of a matrix that is zero elsewhere."""
    return _ops._block_diag([_creation.as_tensor(t) for t in tensors])


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Coordinates of the grid that vectors span, one tensor for each vector.

    indexing: 'ij' for matrix order, 'xy' with the first two dimensions swapped.
    """
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f"meshgrid: indexing must be 'ij' or 'xy', but is {indexing!r}")
    listed = [_one_1d(t) for t in _listed(tensors)]
    if not listed:
        raise RuntimeError("meshgrid: expected at least one tensor")
    for t in listed:
        if t.ndim != 1:
            raise RuntimeError(f"meshgrid: expected vectors, but got shape {tuple(t.shape)}")
    shape = [t.numel() for t in listed]
    grids = []
    for i, t in enumerate(listed):
        column = [1] * len(listed)
        column[i] = -1
        grids.append(t.reshape(column).expand(shape))
    if indexing == "xy" and len(grids) > 1:
        grids = [g.transpose(0, 1) for g in grids]
    return tuple(grids)


def cartesian_prod(*tensors: Any) -> Tensor:
    """All tuples with one element of each vector, as rows."""
    listed = _listed(tensors)
    if len(listed) == 1:
        return listed[0]
    return _ops.stack([g.reshape(-1) for g in meshgrid(*listed)], 1)


def combinations(
    input: Tensor,
    r: int = 2,
    with_replacement: bool = False,
) -> Tensor:
    """All choices of r elements of a vector, as rows."""
    if input.ndim != 1:
        raise RuntimeError(f"combinations: expected a vector, but got shape {tuple(input.shape)}")
    if r < 0:
        raise RuntimeError(f"combinations: r must be non-negative, but is {r}")
    n = input.numel()
    if comb(n + r - 1 if with_replacement and n else n, r) * max(r, 1) > 2**32:
        raise RuntimeError(f"combinations: there are too many of {r} elements out of {n}")
    choose = combinations_with_replacement if with_replacement else _combinations
    rows = list(choose(range(input.numel()), r))
    if r == 0 or not rows:
        return _ops.zeros((0, r) if r else (0,), dtype=input.dtype)
    flat = _creation.tensor([i for row in rows for i in row])
    return _ops.index_select(input, 0, flat).reshape(len(rows), r)


# ---- positions and choice -----------------------------------------------------------------


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Positions of the nonzero elements: one per row, or as_tuple one tensor per dimension."""
    if not as_tuple:
        return _ops._nonzero(input)
    return tuple(_ops._nonzero(_one_1d(input)).unbind(1))


def unravel_index(indices: Tensor, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Flat positions turned into one tensor of coordinates for each dimension of shape."""
    sizes = [shape] if isinstance(shape, int) else list(shape)
    coordinates = []
    for n in reversed(sizes):
        coordinates.append(indices % n)
        indices = indices // n
    return tuple(reversed(coordinates))


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """input where condition is true, other elsewhere (tensors or numbers, broadcast).

    With the condition alone: the positions of its nonzero elements, one tensor per dimension.
    """
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    if input is None or other is None:
        raise TypeError("where: expected both input and other, or neither")
    if not isinstance(input, Tensor):
        input = _number(input, other.dtype if isinstance(other, Tensor) else None)
    if not isinstance(other, Tensor):
        other = _number(other, input.dtype)
    return _ops._where(condition, input, other)


def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The tensor's elements where condition is true, those of other elsewhere."""
    return where(condition, self, other)


_kinds = {"bool": 0, "float": 2, "bfloat": 2, "complex": 3}


def _kind(name: str) -> int:
    return _kinds.get(name.rstrip("0123456789"), 1)


def _number(value: Any, like: dtype | None) -> Tensor:
    """A 0-d tensor: a number takes the dtype beside it unless its kind is higher."""
    plain = type(value) in (bool, int, float, complex)
    made = _ops.full((), value) if plain else _creation.tensor(value)
    if like is not None and _kind(made.dtype.name) <= _kind(like.name):
        # A recorded program repeats full.
        made = _ops.full((), value, dtype=like) if plain else _creation.tensor(value, dtype=like)
    return made


# ---- another shape in place ---------------------------------------------------------------


def _in_place(name: str, view: Any) -> Any:
    def change(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        view_of_leaf = self._shows_leaf()
        leaf = self.is_leaf and not self._is_view()
        if _core.is_grad_enabled() and (view_of_leaf or (leaf and self.requires_grad)):
            raise RuntimeError(
                f"{name}_: a leaf that requires grad, or a view of one, cannot be changed in place "
                f"while it is recorded; use {name}(), or do it under no_grad()"
            )
        if leaf:
            self.data = view(self.data, *args, **kwargs)
            return self
        # What was computed from the tensor, and its other views, keep the shape they know.
        with autograd.enable_grad():
            self._swap(view(self, *args, **kwargs))
        return self

    change.__name__ = change.__qualname__ = f"{name}_"
    change.__doc__ = f"{name}() in place: the tensor itself takes the new shape."
    return change


as_strided_ = _in_place("as_strided", _ops.as_strided)


def install() -> dict[str, Any]:
    """The methods of Tensor that this file defines."""
    return {
        "split": _split_method,
        "split_with_sizes": split_with_sizes,
        "tensor_split": tensor_split,
        "hsplit": hsplit,
        "vsplit": vsplit,
        "dsplit": dsplit,
        "repeat_interleave": repeat_interleave,
        "nonzero": nonzero,
        "where": _where_method,
        "squeeze_": _in_place("squeeze", _ops.squeeze),
        "unsqueeze_": _in_place("unsqueeze", _ops.unsqueeze),
        "transpose_": _in_place("transpose", _ops.transpose),
        "swapaxes_": _in_place("swapaxes", _ops.transpose),
        "swapdims_": _in_place("swapdims", _ops.transpose),
        "t_": _in_place("t", Tensor.t),
        "as_strided_": as_strided_,
    }
