"""Shape and indexing functions whose calls need Python: overloads, variable arguments, lists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
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
    "dsplit",
    "hsplit",
    "meshgrid",
    "nonzero",
    "repeat_interleave",
    "split",
    "split_with_sizes",
    "tensor_split",
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
    return _ops._broadcast_tensors(_listed(tensors))


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
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        return _ops._tensor_split(input, indices_or_sections, dim)
    return _ops._tensor_split_at(input, list(indices_or_sections), dim)


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
    return _ops._meshgrid(_listed(tensors), indexing)


def cartesian_prod(*tensors: Any) -> Tensor:
    """All tuples with one element of each vector, as rows."""
    return _ops._cartesian_prod(_listed(tensors))


# ---- positions and choice -----------------------------------------------------------------


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Positions of the nonzero elements: one per row, or as_tuple one tensor per dimension."""
    if not as_tuple:
        return _ops._nonzero(input)
    return tuple(_ops._nonzero(_one_1d(input)).unbind(1))


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
