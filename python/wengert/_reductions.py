"""Reductions whose arguments can be given in several forms, as functions and as Tensor methods."""

from __future__ import annotations

from . import _core
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops
_max, _min = _ops._max, _ops._min

__all__ = [
    "max",
    "median",
    "min",
    "nanmedian",
    "norm",
    "std",
    "std_mean",
    "unique",
    "unique_consecutive",
    "var",
    "var_mean",
]


def _extreme(name: str, flat: Any, along: Any, pair: Any, args: tuple, kwargs: dict) -> Any:
    """The call max(input, ...) or min(input, ...) with something beside the input."""
    for other, wanted in (("axis", "dim"), ("keepdims", "keepdim")):
        if other in kwargs:
            kwargs[wanted] = kwargs.pop(other)
    first = args[1] if len(args) > 1 else kwargs.get("other", kwargs.get("dim"))
    if isinstance(first, Tensor):
        return pair(*args, **kwargs)
    if first is not None:
        return along(*args, **kwargs)
    out = kwargs.pop("out", None)
    if len(args) != 1 or kwargs:
        raise TypeError(
            f"{name}: expected {name}(input), {name}(input, dim, keepdim=False) or "
            f"{name}(input, other), but got {len(args)} positional arguments and "
            f"keywords {sorted(kwargs)}"
        )
    if out is not None:
        return (_ops.amax if flat is _max else _ops.amin)(args[0], out=out)
    return flat(args[0])


def max(input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Largest element: max(input); along a dimension, with positions: max(input, dim,
    keepdim=False) -> (values, indices); of two tensors: max(input, other), which is maximum."""
    if not args and not kwargs:
        return _max(input)
    return _extreme("max", _max, _ops._max_dim, _ops.maximum, (input, *args), kwargs)


def min(input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Smallest element: min(input); along a dimension, with positions: min(input, dim,
    keepdim=False) -> (values, indices); of two tensors: min(input, other), which is minimum."""
    if not args and not kwargs:
        return _min(input)
    return _extreme("min", _min, _ops._min_dim, _ops.minimum, (input, *args), kwargs)


def median(input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """The lower median of all elements: median(input); along a dimension: median(input, dim=-1,
    keepdim=False) -> (values, indices). NaN if there is one."""
    if not args and not kwargs:
        return _ops._median(input)
    return _ops._median_dim(input, *args, **kwargs)


def nanmedian(input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """median of the elements that are not NaN."""
    if not args and not kwargs:
        return _ops._nanmedian(input)
    return _ops._nanmedian_dim(input, *args, **kwargs)


def _variance(op: Any, input: Tensor, args: tuple, kwargs: dict) -> Any:
    """Calls op(input, dim, correction, keepdim) for var(dim, unbiased, keepdim), var(unbiased) and
    var(dim, *, correction, keepdim)."""
    names = ("unbiased",) if args and isinstance(args[0], bool) else ("dim", "unbiased", "keepdim")
    if len(args) > len(names):
        raise TypeError(f"{op.__name__[1:]}: takes at most {len(names) + 1} positional arguments")
    given = dict(zip(names, args, strict=False))
    for key, value in kwargs.items():
        key = {"axis": "dim", "keepdims": "keepdim"}.get(key, key)
        if key in given or key not in ("dim", "unbiased", "keepdim", "correction", "out"):
            raise TypeError(f"{op.__name__[1:]}: unexpected keyword argument {key!r}")
        given[key] = value
    unbiased = given.pop("unbiased", None)
    if unbiased is not None:
        if "correction" in given:
            raise TypeError(f"{op.__name__[1:]}: give unbiased or correction, not both")
        given["correction"] = 1 if unbiased else 0
    elif given.get("correction", 1) is None:
        given["correction"] = 1
    return op(input, **given)


def var(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Variance over the given dimensions, or all: var(input, dim=None, *, correction=1,
    keepdim=False). The sum of squares is divided by the count less the correction;
    unbiased=False, as keyword or second argument, stands for correction=0."""
    return _variance(_ops._var, input, args, kwargs)


def std(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Standard deviation: the root of var, with the same arguments."""
    return _variance(_ops._std, input, args, kwargs)


def var_mean(input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """(var, mean), with the arguments of var."""
    return _variance(_ops._var_mean, input, args, kwargs)


def std_mean(input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """(std, mean), with the arguments of var."""
    return _variance(_ops._std_mean, input, args, kwargs)


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
    out: Tensor | None = None,
    dtype: Any = None,
) -> Tensor:
    """Norm of order p of the elements over the given dimensions, or all, as one vector; "fro" is
    order 2, and "nuc" the sum of the singular values of matrices."""
    if isinstance(p, str) and p != "fro":
        from ._linalg_norms import matrix_norm

        along = dim if dim is not None else tuple(range(input.ndim))
        return matrix_norm(
            input, p, (along,) if isinstance(along, int) else along, keepdim, dtype=dtype, out=out
        )
    order: Any = 2 if p is None or p == "fro" else p
    over: Any = dim
    return _ops._vector_norm(input, order, over, keepdim, dtype=dtype, out=out)


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Distinct elements in ascending order, or distinct slices along dim; with them, where asked
    for, the place of each input among them and how often each occurs."""
    return _chosen(_ops._unique(input, dim), return_inverse, return_counts)


def unique_consecutive(
    input: Tensor,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Elements, or slices along dim, without those equal to the one before; with the same further
    results as unique."""
    return _chosen(_ops._unique_consecutive(input, dim), return_inverse, return_counts)


def _chosen(results: Any, inverse: bool, counts: bool) -> Any:
    output, inverse_indices, how_often = results
    if not inverse and not counts:
        return output
    return (output, *([inverse_indices] if inverse else []), *([how_often] if counts else []))


#: The functions that are methods of Tensor.
methods = {
    "max": max,
    "min": min,
    "median": median,
    "nanmedian": nanmedian,
    "norm": norm,
    "std": std,
    "unique": unique,
    "unique_consecutive": unique_consecutive,
    "var": var,
}
