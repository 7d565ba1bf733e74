"""Functions of one example, run for many at once."""

from __future__ import annotations

import functools
from collections.abc import Callable

from wengert import Tensor, _core, cat, movedim
from wengert.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["vmap"]


def _spread(dims: Any, tree: Any, spec: TreeSpec, name: str) -> list[int | None]:
    """``dims``, which may stop above the leaves of a tree, for each of its leaves."""
    if dims is None or isinstance(dims, int):
        return [dims] * spec.num_leaves
    flat, given = tree_flatten(dims, lambda d: d is None or isinstance(d, int))
    same_kind = given.type is spec.type or {given.type, spec.type} <= {tuple, list}
    if isinstance(dims, dict) and isinstance(tree, dict):
        same_kind = same_kind and dims.keys() == tree.keys()
    if given.is_leaf() or not same_kind or len(given.children_specs) != len(spec.children_specs):
        raise ValueError(
            f"vmap: {name} {dims!r} does not fit the structure {spec}; give an int, None, or the "
            "same structure with ints and None in it"
        )
    values = tree.values() if isinstance(tree, dict) else tree
    picked = [dims[k] for k in tree] if isinstance(dims, dict) else dims
    found: list[int | None] = []
    for d, child, child_spec in zip(picked, values, spec.children_specs, strict=True):
        found += _spread(d, child, child_spec, name)
    del flat
    return found


def _batch_size(leaves: list[Any], dims: list[int | None], func: Any) -> int:
    sizes = {}
    for leaf, d in zip(leaves, dims, strict=True):
        if d is None:
            continue
        if not isinstance(leaf, Tensor):
            raise ValueError(
                f"vmap: in_dims is {d} for an argument that is not a tensor but a "
                f"{type(leaf).__name__}; give None for it"
            )
        if not -leaf.dim() <= d < leaf.dim():
            raise ValueError(
                f"vmap: in_dims is {d} for a tensor of shape {tuple(leaf.shape)}; expected a "
                f"dimension in [{-leaf.dim()}, {leaf.dim()})"
            )
        sizes[leaf.shape[d]] = tuple(leaf.shape)
    if not sizes:
        raise ValueError(
            f"vmap: no argument of {getattr(func, '__name__', func)} has a dimension of examples; "
            "give at least one tensor an int in in_dims"
        )
    if len(sizes) > 1:
        raise ValueError(
            "vmap: expected as many examples in all arguments, but got tensors of shapes "
            f"{list(sizes.values())} with {list(sizes)} of them"
        )
    return next(iter(sizes))


def _run(
    func: Callable[..., Any],
    leaves: list[Any],
    dims: list[int | None],
    spec: TreeSpec,
    kwargs: dict[str, Any],
    out_dims: Any,
    randomness: str,
    size: int,
) -> tuple[list[Tensor], list[int | None], TreeSpec]:
    """The flat outputs, the dimension of the examples in each, and their structure."""
    level = _core._BatchLevel(size, randomness)
    try:
        wrapped = [
            leaf if d is None else level.wrap(leaf, d) for leaf, d in zip(leaves, dims, strict=True)
        ]
        output = func(*tree_unflatten(wrapped, spec), **kwargs)
        flat, output_spec = tree_flatten(output)
        for leaf in flat:
            if not isinstance(leaf, Tensor):
                raise ValueError(
                    "vmap: the function must return tensors, or a nest of them, but it returned a "
                    f"{type(leaf).__name__}"
                )
        places = _spread(out_dims, output, output_spec, "out_dims")
        results = []
        for leaf, d in zip(flat, places, strict=True):
            if d is None:
                if level.is_batched(leaf):
                    raise ValueError(
                        "vmap: out_dims is None for an output that differs between examples; give "
                        "the dimension that they are to stand along"
                    )
                results.append(level.unwrap(leaf)[0])
                continue
            if not -leaf.dim() - 1 <= d <= leaf.dim():
                raise IndexError(
                    f"vmap: out_dims is {d} for an output that has {leaf.dim()} dimensions for one "
                    "example"
                )
            results.append(movedim(level.unwrap(leaf), 0, d))
    finally:
        level.end()
    return results, places, output_spec


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """``func``, written for one example, as a function of many.

    Every operation in it runs once for all examples. What has no rule for that runs example by
    example.

    Args:
        func: takes and returns tensors, or nests of tuples, lists and dictionaries of them.
        in_dims: the dimension along which the examples lie in each argument; None where there is
            none. An int for all arguments, or a tuple with one entry for each, which may go down
            into nests.
        out_dims: where that dimension goes in the results, in the same form.
        randomness: what random operations do: ``"error"``, ``"different"`` numbers for every
            example, or the ``"same"`` ones.
        chunk_size: at most so many examples at a time.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size must be positive, but is {chunk_size}")
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            f"vmap: randomness must be 'error', 'different' or 'same', but is {randomness!r}"
        )

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        if not isinstance(in_dims, (int, tuple, list)):
            raise ValueError(
                "vmap: in_dims must be an int or a tuple with one entry for each argument, but is "
                f"a {type(in_dims).__name__}"
            )
        if not args:
            raise ValueError("vmap: expected at least one positional argument")
        leaves, spec = tree_flatten(args)
        dims = _spread(in_dims, args, spec, "in_dims")
        size = _batch_size(leaves, dims, func)
        if chunk_size is None or chunk_size >= size:
            results, _, output_spec = _run(
                func, leaves, dims, spec, kwargs, out_dims, randomness, size
            )
            return tree_unflatten(results, output_spec)
        pieces = []
        for start in range(0, size, chunk_size):
            count = min(chunk_size, size - start)
            part = [
                leaf if d is None else leaf.narrow(d, start, count)
                for leaf, d in zip(leaves, dims, strict=True)
            ]
            pieces.append(_run(func, part, dims, spec, kwargs, out_dims, randomness, count))
        joined = [
            parts[0] if d is None else cat(parts, d)
            for d, *parts in zip(pieces[0][1], *(p[0] for p in pieces), strict=True)
        ]
        return tree_unflatten(joined, pieces[0][2])

    return mapped
