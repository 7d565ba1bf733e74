"""Derivatives of functions: products with Jacobians and Hessians, and these matrices themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import _core
from .._grad_modes import enable_grad
from .._tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = tuple[Tensor, ...]
Grads = Sequence[Tensor | None]
_STRATEGIES = ("forward-mode", "reverse-mode")


def _as_tuple(value: Any, op: str, what: str) -> tuple[Tensors, bool]:
    """The tensors, and whether there was a tuple of them. Raises TypeError."""
    is_tuple = isinstance(value, tuple)
    tensors = value if is_tuple else (value,)
    for i, t in enumerate(tensors):
        if not isinstance(t, Tensor):
            raise TypeError(
                f"{op}: expected {what} to be a Tensor or a tuple of them, but got "
                f"{type(t).__name__}{f' at position {i}' if is_tuple else ''}"
            )
    return tensors, is_tuple


def _prepare(inputs: Tensors, create_graph: bool) -> Tensors:
    """Tensors to differentiate with respect to: with create_graph they keep their history."""
    return tuple(
        t.view_as(t)
        if create_graph and t.requires_grad
        else t.detach().requires_grad_(t.is_floating_point() or t.is_complex())
        for t in inputs
    )


def _finish(value: Any, create_graph: bool) -> Any:
    if isinstance(value, Tensor):
        return value if create_graph else value.detach()
    return tuple(_finish(v, create_graph) for v in value)


def _unpack(tensors: tuple[Any, ...], is_tuple: bool) -> Any:
    return tensors if is_tuple else tensors[0]


def _gradients(
    outputs: Grads, inputs: Tensors, vectors: Grads | None = None, create_graph: bool = False
) -> Grads:
    """The gradients that there are: of outputs that require grad, else None."""
    vectors = [None] * len(outputs) if vectors is None else vectors
    pairs = [(o, v) for o, v in zip(outputs, vectors) if o is not None and o.requires_grad]
    wanted = [i for i, t in enumerate(inputs) if t.requires_grad]
    results: list[Tensor | None] = [None] * len(inputs)
    if pairs and wanted:
        found = _core.grad(
            [o for o, _ in pairs],
            [inputs[i] for i in wanted],
            [v for _, v in pairs],
            True,
            create_graph,
            True,
        )
        for i, g in zip(wanted, found):
            results[i] = g
    return results


def _filled(
    gradients: Grads, like: Tensors, strict: bool, create_graph: bool, op: str, what: str
) -> Tensors:
    """Zeros in the places of missing gradients, which strict does not allow."""
    for i, g in enumerate(gradients):
        if strict and g is None:
            raise RuntimeError(
                f"{op}: {what} is independent of input {i}, which strict=True does not allow"
            )
        if strict and create_graph and g is not None and not g.requires_grad:
            raise RuntimeError(
                f"{op}: the derivative with respect to input {i} is constant, which strict=True "
                "does not allow together with create_graph=True"
            )
    return tuple(_core.ops.zeros_like(t) if g is None else g for g, t in zip(gradients, like))


def _check_strict(tensors: Grads, strict: bool, op: str, what: str) -> None:
    """Raises RuntimeError unless all depend on the inputs, if that is asked for."""
    for i, t in enumerate(tensors):
        if strict and (t is None or not t.requires_grad):
            raise RuntimeError(
                f"{op}: {what} {i} does not depend on the inputs in a differentiable way, which "
                "strict=True does not allow"
            )


def _check_vector(v: Tensors, like: Tensors, op: str) -> None:
    if len(v) != len(like):
        raise RuntimeError(f"{op}: expected {len(like)} tensors in v, but got {len(v)}")
    for i, (a, b) in enumerate(zip(v, like)):
        if a.shape != b.shape:
            raise RuntimeError(
                f"{op}: expected entry {i} of v to have shape {tuple(b.shape)}, but got "
                f"{tuple(a.shape)}"
            )


def _vector(v: Any, like: Tensors, op: str, what: str) -> Tensors | None:
    """v as constants of the right shapes; None where it may be left out."""
    if v is not None:
        tensors = tuple(t.detach() for t in _as_tuple(v, op, "v")[0])
        _check_vector(tensors, like, op)
        return tensors
    if len(like) != 1 or like[0].numel() != 1:
        raise RuntimeError(f"{op}: v can be left out only for {what} with a single element")
    return None


def _prepared_vector(v: Any, create_graph: bool, op: str) -> Any:
    """v with its history, if that counts."""
    if v is None:
        return None
    tensors, _ = _as_tuple(v, op, "v")
    return tensors if create_graph else tuple(t.detach() for t in tensors)


def _forward_products(
    outputs: Tensors, inputs: Tensors, op: str, strict: bool
) -> Callable[[Grads | None, bool], Grads]:
    """v -> J v. The product of a vector with the transposed Jacobian is linear in the vector; its
    own product with v is the one that is asked for."""
    weights = tuple(_core.ops.zeros_like(o).requires_grad_() for o in outputs)
    back = _gradients(outputs, inputs, weights, create_graph=True)
    _check_strict(back, strict, op, "the gradient with respect to input")
    return lambda v, create_graph: _gradients(back, weights, v, create_graph)


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs of func, and the product of v with its Jacobian.

    Args:
        func: takes tensors and returns a tensor or a tuple of them.
        inputs: a tensor or a tuple of them.
        v: of the shapes of the outputs; may be left out for one with a single element.
        create_graph: make outputs and product differentiable.
        strict: an output that does not depend on an input is a RuntimeError, not zero.
    """
    with enable_grad():
        tensors, is_tuple = _as_tuple(inputs, "vjp", "inputs")
        tensors = _prepare(tensors, create_graph)
        outputs, several = _as_tuple(func(*tensors), "vjp", "the result of func")
        _check_strict(outputs, strict, "vjp", "output")
        weights = _prepared_vector(v, create_graph, "vjp")
        if weights is None:
            _vector(None, outputs, "vjp", "one output")
        else:
            _check_vector(weights, outputs, "vjp")
    with _grad_mode(create_graph):
        found = _gradients(outputs, tensors, weights, create_graph)
        result = _filled(found, tensors, strict, create_graph, "vjp", "the product")
    return (
        _unpack(_finish(outputs, create_graph), several),
        _unpack(_finish(result, create_graph), is_tuple),
    )


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs of func, and the product of its Jacobian with v.

    Args:
        v: of the shapes of the inputs; may be left out for one with a single element.
        func, inputs, create_graph, strict: as of `vjp`.
    """
    with enable_grad():
        tensors = _as_tuple(inputs, "jvp", "inputs")[0]
        tensors = _prepare(tensors, create_graph)
        weights = _prepared_vector(v, create_graph, "jvp")
        if weights is None:
            _vector(None, tensors, "jvp", "one input")
        else:
            _check_vector(weights, tensors, "jvp")
        outputs, several = _as_tuple(func(*tensors), "jvp", "the result of func")
        _check_strict(outputs, strict, "jvp", "output")
        product = _forward_products(outputs, tensors, "jvp", strict)
    with _grad_mode(create_graph):
        found = product(weights, create_graph)
        result = _filled(found, outputs, strict, create_graph, "jvp", "the product")
    return (
        _unpack(_finish(outputs, create_graph), several),
        _unpack(_finish(result, create_graph), several),
    )


def _grad_mode(on: bool) -> Any:
    """Recording as outside, or on with create_graph."""
    from .._grad_modes import set_grad_enabled

    return set_grad_enabled(on)


def _units(t: Tensor) -> list[Tensor]:
    """One tensor of the shape of t per element, which is 1 there and 0 elsewhere."""
    n = t.numel()
    eye = _core.ops.eye(n, dtype=t.dtype)
    return [eye[i].reshape(t.shape) for i in range(n)]


def _stacked(rows: list[Tensor], shape: Sequence[int], like: Tensor) -> Tensor:
    if not rows:
        return _core.ops.zeros(tuple(shape), dtype=like.dtype)
    return _core.ops.stack(rows).reshape(tuple(shape))


def _by_rows(
    outputs: Tensors, inputs: Tensors, create_graph: bool, strict: bool
) -> tuple[Tensors, ...]:
    """The Jacobian of every output by every input, one backward pass per element of the outputs."""
    blocks = []
    for o in outputs:
        rows: list[list[Tensor]] = [[] for _ in inputs]
        for unit in _units(o):
            found = _gradients((o,), inputs, (unit,), create_graph)
            full = _filled(found, inputs, strict, create_graph, "jacobian", "an output")
            for row, g in zip(rows, full):
                row.append(g)
        blocks.append(tuple(_stacked(r, (*o.shape, *t.shape), o) for r, t in zip(rows, inputs)))
    return tuple(blocks)


def _by_columns(func: Callable[..., Any], inputs: Tensors) -> tuple[tuple[Tensors, ...], bool]:
    """The same by dual numbers, for all elements of the inputs at once; and whether func returns
    several outputs."""
    from ..func import jacfwd  # func imports this package

    kinds = []

    def outputs_of(*xs: Tensor) -> Tensors:
        outputs, several = _as_tuple(func(*xs), "jacobian", "the result of func")
        kinds.append(several)
        return outputs

    numbers = tuple(range(len(inputs)))
    blocks = jacfwd(outputs_of, numbers)(*inputs) if inputs else ()
    return blocks, any(kinds)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of func: of shape ``(*output.shape, *input.shape)``, in tuples by output and by
    input where there are tuples of them.

    Args:
        vectorize: has no influence on the result.
        strategy: "reverse-mode" goes by elements of the outputs, "forward-mode" (with vectorize,
            without create_graph and strict) by elements of the inputs, with dual numbers.
        func, inputs, create_graph, strict: as of `vjp`.
    """
    if strategy not in _STRATEGIES:
        raise AssertionError(f"jacobian: expected a strategy of {_STRATEGIES}, got {strategy!r}")
    forward = strategy == "forward-mode"
    if forward and create_graph:
        raise NotImplementedError(
            "jacobian: create_graph=True needs strategy='reverse-mode', as in PyTorch"
        )
    if strict and (forward or vectorize):
        raise RuntimeError("jacobian: strict=True needs reverse mode and vectorize=False")
    if forward and not vectorize:
        raise NotImplementedError(
            "jacobian: strategy='forward-mode' needs vectorize=True, as in PyTorch"
        )
    with enable_grad():
        tensors, is_tuple = _as_tuple(inputs, "jacobian", "inputs")
        if forward:
            blocks, several = _by_columns(func, tensors)
        else:
            tensors = _prepare(tensors, create_graph)
            outputs, several = _as_tuple(func(*tensors), "jacobian", "the result of func")
            _check_strict(outputs, strict, "jacobian", "output")
            blocks = _by_rows(outputs, tensors, create_graph, strict)
    # Dual numbers keep the history of the inputs, as in PyTorch.
    rows = tuple(_unpack(_finish(b, create_graph or forward), is_tuple) for b in blocks)
    return _unpack(rows, several)


def _scalar(func: Callable[..., Any], op: str) -> Callable[..., Tensor]:
    """func with a check that its result is one tensor with one element."""

    def checked(*inputs: Tensor) -> Tensor:
        outputs, several = _as_tuple(func(*inputs), op, "the result of func")
        if several or outputs[0].numel() != 1:
            raise RuntimeError(f"{op}: expected func to return one Tensor with a single element")
        return outputs[0]

    return checked


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of func, whose result has one element: of shape
    ``(*input.shape, *input.shape)``, in tuples of tuples where inputs is a tuple.

    Args:
        outer_jacobian_strategy: how the derivative of the gradient is taken, see `jacobian`.
        func, inputs, create_graph, strict, vectorize: as of `jacobian`.
    """
    tensors, is_tuple = _as_tuple(inputs, "hessian", "inputs")
    if outer_jacobian_strategy not in _STRATEGIES:
        raise AssertionError(
            f"hessian: expected a strategy of {_STRATEGIES}, got {outer_jacobian_strategy!r}"
        )
    one = _scalar(func, "hessian")

    def gradient(*xs: Tensor) -> Tensors:
        if outer_jacobian_strategy == "forward-mode":
            xs = tuple(x.requires_grad_(True) for x in xs)
        jac = jacobian(lambda *ys: one(*ys).squeeze(), xs, create_graph=True)
        _check_strict(jac, strict, "hessian", "the gradient with respect to input")
        return jac

    result = jacobian(
        gradient,
        tensors,
        create_graph=create_graph,
        strict=strict,
        vectorize=vectorize,
        strategy=outer_jacobian_strategy,
    )
    return result if is_tuple else result[0][0]


def _second_order(
    op: str, func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[Any, Any]:
    """func's result, and v H (`vhp`) or H v (`hvp`)."""
    with enable_grad():
        tensors, is_tuple = _as_tuple(inputs, op, "inputs")
        tensors = _prepare(tensors, create_graph)
        weights = _prepared_vector(v, create_graph, op)
        if weights is None:
            _vector(None, tensors, op, "one input")
        else:
            _check_vector(weights, tensors, op)
        output = _scalar(func, op)(*tensors)
        _check_strict((output,), strict, op, "output")
        jac = _gradients((output,), tensors, create_graph=True)
        _check_strict(jac, strict, op, "the gradient with respect to input")
        if op == "hvp":
            full = tuple(_core.ops.zeros_like(t) if g is None else g for g, t in zip(jac, tensors))
            product = _forward_products(full, tensors, op, strict)
        else:

            def product(vector: Grads | None, graph: bool) -> Grads:
                return _gradients(jac, tensors, vector, graph)

    with _grad_mode(create_graph):
        found = product(weights, create_graph)
        result = _filled(found, tensors, strict, create_graph, op, "the gradient")
    return _finish(output, create_graph), _unpack(_finish(result, create_graph), is_tuple)


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The result of func, which has one element, and the product of v with its Hessian; by one
    backward pass less than `hvp`, and the same where the Hessian is symmetric.

    Args:
        v: of the shapes of the inputs; may be left out for one with a single element.
        func, inputs, create_graph, strict: as of `vjp`.
    """
    return _second_order("vhp", func, inputs, v, create_graph, strict)


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The result of func, which has one element, and the product of its Hessian with v.

    Args:
        v: of the shapes of the inputs; may be left out for one with a single element.
        func, inputs, create_graph, strict: as of `vjp`.
    """
    return _second_order("hvp", func, inputs, v, create_graph, strict)
