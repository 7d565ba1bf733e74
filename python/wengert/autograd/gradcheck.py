"""Checks of gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .. import _core
from .._grad_modes import no_grad
from .._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class GradcheckError(RuntimeError):
    """A gradient differs from its finite difference."""


def _outputs(value: Any) -> list[Tensor]:
    values = [value] if isinstance(value, Tensor) else list(value)
    return [v for v in values if isinstance(v, Tensor) and v.is_floating_point()]


def _numerical(
    function: Callable[..., Any], inputs: Sequence[Any], which: int, eps: float
) -> list[list[list[float]]]:
    """d(output element) / d(input element) by central differences, as
    [output][input][output element]."""
    x = inputs[which]
    columns: list[list[list[float]]] = []
    with no_grad():
        flat = x.detach().clone().reshape(-1)
        for i in range(x.numel()):
            sides = []
            for sign in (1.0, -1.0):
                moved = flat.clone()
                moved[i] += sign * eps
                args = list(inputs)
                args[which] = moved.reshape(x.shape)
                sides.append([o.detach().reshape(-1).tolist() for o in _outputs(function(*args))])
            columns.append(
                [[(p - m) / (2 * eps) for p, m in zip(a, b)] for a, b in zip(sides[0], sides[1])]
            )
    if not columns:
        return []
    return [[column[o] for column in columns] for o in range(len(columns[0]))]


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    **_: Any,
) -> bool:
    """Compares the gradients of func at the inputs with central differences.

    Args:
        func: takes the inputs and returns a tensor or several.
        inputs: those that require grad are checked and should be float64.
        eps: the step of the differences.
        atol, rtol: |gradient - difference| <= atol + rtol * |difference| must hold.
        raise_exception: raise GradcheckError in place of returning False.
    """
    args = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    checked = [i for i, a in enumerate(args) if isinstance(a, Tensor) and a.requires_grad]
    if not checked:
        raise ValueError("gradcheck: expected at least one input that requires grad")
    try:
        outputs = list(_outputs(func(*args)))
        for i in checked:
            numerical = _numerical(func, args, i, eps)
            for o, output in enumerate(outputs):
                n = output.numel()
                for k in range(n):
                    row = [0.0] * args[i].numel()
                    if output.requires_grad:
                        seed = _core.ops.zeros_like(output).reshape(-1)
                        seed[k] = 1.0
                        (g,) = _core.grad(
                            output, args[i], seed.reshape(output.shape), True, False, True
                        )
                        if g is not None:
                            if tuple(g.shape) != tuple(args[i].shape):
                                raise GradcheckError(
                                    f"gradcheck: the gradient of input {i} has shape "
                                    f"{tuple(g.shape)}, not {tuple(args[i].shape)}"
                                )
                            row = g.reshape(-1).tolist()
                    for j, value in enumerate(row):
                        expected = numerical[o][j][k]
                        if not abs(value - expected) <= atol + rtol * abs(expected):
                            raise GradcheckError(
                                f"gradcheck: the gradient of output {o}, element {k}, with respect "
                                f"to input {i}, element {j}, is {value}, but finite differences "
                                f"give {expected}"
                            )
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **_: Any,
) -> bool:
    """Compares the second derivatives of func with differences of its gradients.

    Args:
        grad_outputs: the gradients of the outputs; random ones by default.
    """
    args = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    outputs = [o for o in _outputs(func(*args)) if o.requires_grad]
    if grad_outputs is None:
        seeds = []
        for o in outputs:
            with no_grad():
                seeds.append(_core.ops.randn(o.shape, dtype=o.dtype))
            seeds[-1].requires_grad_()
    else:
        seeds = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    n = len(args)

    def gradients(*all_args: Any) -> tuple[Tensor, ...]:
        xs = list(all_args[:n])
        for i, a in enumerate(args):
            if isinstance(a, Tensor) and a.requires_grad and not xs[i].requires_grad:
                xs[i] = xs[i].detach().requires_grad_()
        wanted = [x for x, a in zip(xs, args) if isinstance(a, Tensor) and a.requires_grad]
        before = _core.is_grad_enabled()
        _core._set_grad_enabled(True)
        try:
            out = [o for o in _outputs(func(*xs)) if o.requires_grad]
            found = _core.grad(out, wanted, list(all_args[n:]), True, True, True)
        finally:
            _core._set_grad_enabled(before)
        return tuple(_core.ops.zeros_like(w) if g is None else g for g, w in zip(found, wanted))

    return gradcheck(
        gradients, [*args, *seeds], eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception
    )
