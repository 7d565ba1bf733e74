"""Gradients of functions of tensors, by reverse mode."""

from __future__ import annotations

import functools
from collections.abc import Callable

from wengert import Tensor, _core, ones_like, zeros_like
from wengert.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["grad", "grad_and_value", "value_and_grad", "vjp"]


def selected(op: str, argnums: int | tuple[int, ...], args: tuple[Any, ...]) -> tuple[int, ...]:
    """The positions that ``argnums`` names, counted from the front."""
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    if not isinstance(numbers, tuple) or not all(isinstance(n, int) for n in numbers):
        raise RuntimeError(f"{op}: argnums must be an int or a tuple of ints, got {argnums!r}")
    if not numbers:
        raise RuntimeError(f"{op}: argnums must name at least one argument")
    wrapped = []
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise RuntimeError(
                f"{op}: argnums names argument {n}, but the function was called with {len(args)} "
                "positional arguments"
            )
        wrapped.append(n % len(args))
    if len(set(wrapped)) < len(wrapped):
        raise RuntimeError(f"{op}: argnums must name different arguments, got {argnums!r}")
    return tuple(wrapped)


def tensors_only(
    op: str, what: str, leaves: list[Any], error: type[Exception] = RuntimeError
) -> None:
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise error(f"{op}: {what} must consist of tensors, but holds a {type(leaf).__name__}")


def split_aux(op: str, output: Any, has_aux: bool) -> tuple[Any, Any]:
    if not has_aux:
        return output, None
    if not isinstance(output, tuple) or len(output) != 2:
        raise RuntimeError(
            f"{op}: with has_aux the function must return a tuple (output, aux), got "
            f"{type(output).__name__}"
        )
    return output


def _evaluate(
    op: str,
    func: Callable[..., Any],
    argnums: int | tuple[int, ...],
    has_aux: bool,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Any, Any, Any]:
    """Gradients, value and what else the function returns."""
    positions = selected(op, argnums, args)
    scope = _core._GradientScope()
    try:
        trees = [tree_flatten(args[p]) for p in positions]
        called = list(args)
        variables: list[Tensor] = []
        for p, (leaves, spec) in zip(positions, trees, strict=True):
            tensors_only(op, f"argument {p}", leaves, ValueError)
            fresh = [scope.variable(t) for t in leaves]
            variables += fresh
            called[p] = tree_unflatten(fresh, spec)
        output, aux = split_aux(op, func(*called, **kwargs), has_aux)
        if not isinstance(output, Tensor):
            raise RuntimeError(
                f"{op}: the function must return a tensor, but it returned a "
                f"{type(output).__name__}"
            )
        if output.dim() != 0:
            raise RuntimeError(
                f"{op}: the function must return a tensor with no dimensions, but it returned one "
                f"of shape {tuple(output.shape)}; reduce it with sum() or mean(), or use jacrev"
            )
        if not (output.is_floating_point() or output.is_complex()):
            raise RuntimeError(
                f"{op}: the function must return a tensor of floating point dtype, but it returned "
                f"one of dtype {output.dtype}"
            )
        found = scope.gradients([output], variables, [ones_like(output)], False)
        gradients = [
            scope.outside(zeros_like(v)) if g is None else g
            for g, v in zip(found, variables, strict=True)
        ]
        results = []
        at = 0
        for leaves, spec in trees:
            results.append(tree_unflatten(gradients[at : at + len(leaves)], spec))
            at += len(leaves)
        value = scope.outside(output)
        aux = tree_map_only(Tensor, scope.outside, aux)
    finally:
        scope.end()
    return results[0] if isinstance(argnums, int) else tuple(results), value, aux


def grad(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that computes the gradient of ``func``.

    Args:
        func: returns a tensor without dimensions, or with ``has_aux`` a pair of one and anything.
        argnums: the argument to differentiate by (a tensor, or a nest of tuples, lists and
            dictionaries of them), or several.
        has_aux: the function returned gives a pair (gradient, aux).

    Gradients nest: ``grad(grad(f))`` is the second derivative.
    """

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, _, aux = _evaluate("grad", func, argnums, has_aux, args, kwargs)
        return (found, aux) if has_aux else found

    return gradient


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """As `grad`; the function returned gives (gradient, value), or (gradient, (value, aux))."""

    @functools.wraps(func)
    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        found, value, aux = _evaluate("grad_and_value", func, argnums, has_aux, args, kwargs)
        return found, (value, aux) if has_aux else value

    return both


def value_and_grad(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """As `grad_and_value`, in the order of JAX: (value, gradient), or ((value, aux), gradient)."""

    @functools.wraps(func)
    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        found, value, aux = _evaluate("value_and_grad", func, argnums, has_aux, args, kwargs)
        return (value, aux) if has_aux else value, found

    return both


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """``func(*primals)`` and the function v -> v^T J, with J the Jacobian there.

    Args:
        primals: tensors, or nests of them.
        has_aux: ``func`` returns a pair (output, aux), and aux is returned third.

    Returns:
        The output and a function that takes cotangents in the structure of the output and returns
        a tuple of those of the primals.
    """
    scope = _core._GradientScope()
    try:
        flat, spec = tree_flatten(primals)
        tensors_only("vjp", "the primals", flat)
        variables = [scope.variable(t) for t in flat]
        output, aux = split_aux("vjp", func(*tree_unflatten(variables, spec)), has_aux)
        outputs, output_spec = tree_flatten(output)
        tensors_only("vjp", "the function's output", outputs)
        result = tree_unflatten([scope.outside(t) for t in outputs], output_spec)
        aux = tree_map_only(Tensor, scope.outside, aux)
    finally:
        scope.end()

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        given, given_spec = tree_flatten(cotangents)
        if given_spec != output_spec:
            raise RuntimeError(
                f"vjp: expected cotangents in the structure of the output, {output_spec}, but got "
                f"{given_spec}"
            )
        tensors_only("vjp", "the cotangents", given)
        found = scope.gradients(outputs, variables, given, retain_graph)
        gradients = [
            scope.outside(zeros_like(v)) if g is None else g
            for g, v in zip(found, variables, strict=True)
        ]
        return tree_unflatten(gradients, spec)

    return (result, vjp_fn, aux) if has_aux else (result, vjp_fn)
