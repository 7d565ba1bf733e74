"""Views in the form of copies: the same elements in memory of their own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

import wengert as wg
from wengert._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_VIEWS: dict[str, Any] = {
    "alias_copy": lambda input: input,
    "as_strided_copy": wg.as_strided,
    "detach_copy": wg.detach,
    "diagonal_copy": wg.diagonal,
    "expand_copy": lambda input, size, *, implicit=False: input.expand(size),
    "narrow_copy": wg.narrow,
    "permute_copy": wg.permute,
    "select_copy": wg.select,
    "slice_copy": lambda input, dim=0, start=None, end=None, step=1: input[
        (slice(None),) * (dim % input.ndim) + (slice(start, end, step),)
    ],
    "split_copy": wg.split,
    "split_with_sizes_copy": wg.split_with_sizes,
    "squeeze_copy": wg.squeeze,
    "t_copy": wg.t,
    "transpose_copy": wg.transpose,
    "unbind_copy": wg.unbind,
    "unfold_copy": lambda input, dimension, size, step: input.unfold(dimension, size, step),
    "unsqueeze_copy": wg.unsqueeze,
    "view_as_complex_copy": wg.view_as_complex,
    "view_as_real_copy": wg.view_as_real,
    "view_copy": lambda input, size: input.view(size),
}

__all__ = sorted([*_VIEWS, "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes"])


def _copying(name: str, view: Callable[..., Any]) -> Callable[..., Any]:
    def function(input: Tensor, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        made = view(input, *args, **kwargs)
        if isinstance(made, Tensor):
            return made.clone() if out is None else out.resize_(made.shape).copy_(made)
        if out is None:
            return tuple(m.clone() for m in made)
        for o, m in zip(out, made):
            o.resize_(m.shape).copy_(m)
        return None

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`{name[:-5]}`, but a copy of the elements."
    return function


globals().update({name: _copying(name, view) for name, view in _VIEWS.items()})


def _unsafe(input: Tensor, pieces: tuple[Tensor, ...], dim: int) -> tuple[Tensor, ...]:
    """The pieces, each as a view of its own."""
    return wg.tensor_split(input, list(accumulate(p.size(dim) for p in pieces[:-1])), dim)


def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """`chunk` into views that may be changed in place."""
    return _unsafe(input, wg.chunk(input, chunks, dim), dim)


def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """`split` into pieces of one size, which may be changed in place."""
    return _unsafe(input, wg.split(input, split_size, dim), dim)


def unsafe_split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """`split` into pieces of the sizes given, which may be changed in place."""
    return _unsafe(input, wg.split_with_sizes(input, split_sizes, dim), dim)
