"""Jacobians, and products with them by forward mode."""

from __future__ import annotations

import functools
from collections.abc import Callable

from wengert import Tensor, _core, eye, zeros, zeros_like
from wengert.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

from ._gradients import selected, split_aux, tensors_only, vjp
from ._vmap import vmap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["hessian", "jacfwd", "jacrev", "jvp", "linearize"]


def jvp(
    func: Callable[..., Any],
    primals: Any,
    tangents: Any,
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """``func(*primals)`` and J t, with J the Jacobian there and t the tangents.

    Args:
        primals: a tuple of tensors, or nests of them.
        tangents: the same structure.
        strict: an output that does not depend on the primals is an error; otherwise its tangent
            is zero.
        has_aux: ``func`` returns a pair (output, aux), and aux is returned third.
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"jvp: expected primals to be a tuple, but got a {type(primals).__name__}"
        )
    flat, spec = tree_flatten(primals)
    given, given_spec = tree_flatten(tangents)
    if given_spec != spec:
        raise RuntimeError(
            f"jvp: expected tangents in the structure of the primals, {spec}, but got {given_spec}"
        )
    if not flat:
        raise RuntimeError("jvp: expected at least one primal")
    tensors_only("jvp", "the primals", flat)
    tensors_only("jvp", "the tangents", given)
    level = _core._DualLevel()
    try:
        duals = [level.make(p, t) for p, t in zip(flat, given, strict=True)]
        output, aux = split_aux("jvp", func(*tree_unflatten(duals, spec)), has_aux)
        outputs, output_spec = tree_flatten(output)
        tensors_only("jvp", "the function's output", outputs)
        values, products = [], []
        for out in outputs:
            value, tangent = level.unpack(out)
            if tangent is None and strict:
                raise RuntimeError("jvp: an output does not depend on the primals (strict=True)")
            values.append(value)
            products.append(zeros_like(value) if tangent is None else tangent)
        aux = tree_map_only(Tensor, lambda t: level.unpack(t)[0], aux)
    finally:
        level.end()
    result = tree_unflatten(values, output_spec), tree_unflatten(products, output_spec)
    return (*result, aux) if has_aux else result


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """``func(*primals)`` and the function t -> J t, with J the Jacobian there.

    ``func`` runs again for every product.
    """
    output = func(*primals)

    def product(*tangents: Any) -> Any:
        return jvp(func, primals, tangents)[1]

    return output, product


def _basis(tensors: list[Tensor]) -> list[Tensor]:
    """The unit vectors of the space of all elements: (n, *shape) for each tensor."""
    total = sum(t.numel() for t in tensors)
    found = []
    at = 0
    for t in tensors:
        rows = zeros(total, t.numel(), dtype=t.dtype)
        rows[at : at + t.numel()] = eye(t.numel(), dtype=t.dtype)
        found.append(rows.view(total, *t.shape))
        at += t.numel()
    return found


def _of_arguments(
    op: str,
    func: Callable[..., Any],
    argnums: int | tuple[int, ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """``func`` as a function of the arguments that ``argnums`` names, and these."""
    positions = selected(op, argnums, args)

    def partial(*chosen: Any) -> Any:
        called = list(args)
        for p, value in zip(positions, chosen, strict=True):
            called[p] = value
        return func(*called, **kwargs)

    return partial, tuple(args[p] for p in positions)


def _split(rows: Tensor, sizes: list[int]) -> list[Tensor]:
    return list(rows.split(sizes, 0)) if sizes else []


def jacrev(
    func: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """The function that computes the Jacobian of ``func`` by reverse mode: row by row, all at once.

    For an output of shape ``a`` and an argument of shape ``b`` it has the shape ``(*a, *b)``. Takes
    about as many times the work of ``func`` as the output has elements.

    Args:
        argnums: the argument to differentiate by, or several: then a tuple for each output.
        has_aux: ``func`` returns a pair (output, aux), and so does the function returned.
        chunk_size: at most so many rows at a time.
    """

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        partial, chosen = _of_arguments("jacrev", func, argnums, args, kwargs)
        output, pull, *aux = vjp(partial, *chosen, has_aux=has_aux)
        outputs, output_spec = tree_flatten(output)
        inputs, input_spec = tree_flatten(chosen)
        sizes = [t.numel() for t in outputs]

        def rows(*cotangents: Tensor) -> tuple[Tensor, ...]:
            found = pull(tree_unflatten(cotangents, output_spec))
            return tuple(tree_flatten(found)[0])

        basis = [b.to(t.dtype) for b, t in zip(_basis(outputs), outputs, strict=True)]
        if sum(sizes):
            found = vmap(rows, chunk_size=chunk_size)(*basis)
        else:
            found = tuple(t.new_zeros(0, *t.shape) for t in inputs)
        # per input: the rows of all outputs -> per output: the inputs
        parts = [_split(f, sizes) for f in found]
        per_output = []
        for k, out in enumerate(outputs):
            blocks = [
                p[k].reshape(*out.shape, *x.shape) for p, x in zip(parts, inputs, strict=True)
            ]
            tree = tree_unflatten(blocks, input_spec)
            per_output.append(tree[0] if isinstance(argnums, int) else tree)
        result = tree_unflatten(per_output, output_spec)
        return (result, aux[0]) if has_aux else result

    return jacobian


def jacfwd(
    func: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Callable[..., Any]:
    """The function that computes the Jacobian of ``func`` by forward mode: all columns at once.

    For an output of shape ``a`` and an argument of shape ``b`` it has the shape ``(*a, *b)``. Takes
    about as many times the work of ``func`` as the argument has elements.

    Args:
        argnums: the argument to differentiate by, or several: then a tuple for each output.
        has_aux: ``func`` returns a pair (output, aux), and so does the function returned.
        randomness: as in `vmap`.
    """

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        partial, chosen = _of_arguments("jacfwd", func, argnums, args, kwargs)
        inputs, input_spec = tree_flatten(chosen)
        tensors_only("jacfwd", "the arguments", inputs)
        sizes = [t.numel() for t in inputs]
        spec_of = []

        def columns(*tangents: Tensor) -> tuple[list[Tensor], list[Tensor], Any]:
            value, product, *aux = jvp(
                partial, chosen, tree_unflatten(tangents, input_spec), has_aux=has_aux
            )
            flat, spec = tree_flatten(product)
            spec_of.append(spec)
            kept, kept_spec = tree_flatten(aux[0] if has_aux else [])
            spec_of.append(kept_spec)
            return flat, tree_flatten(value)[0], kept

        products, values, kept = vmap(columns, randomness=randomness)(*_basis(inputs))
        per_output = []
        for product, value in zip(products, values, strict=True):
            shape = value.shape[1:]
            last = product.movedim(0, -1)
            blocks = [
                part.reshape(*shape, *x.shape)
                for part, x in zip(last.split(sizes, -1), inputs, strict=True)
            ]
            tree = tree_unflatten(blocks, input_spec)
            per_output.append(tree[0] if isinstance(argnums, int) else tree)
        result = tree_unflatten(per_output, spec_of[0])
        if has_aux:
            return result, tree_unflatten([k[0] for k in kept], spec_of[1])
        return result

    return jacobian


def hessian(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that computes the second derivatives of ``func``: forward over reverse mode.

    For an output of shape ``a`` and an argument of shape ``b`` they have shape ``(*a, *b, *b)``.
    """
    return jacfwd(jacrev(func, argnums), argnums)
