"""Checks of gradients against finite differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

from .. import _core
from .._grad_modes import enable_grad, no_grad
from .._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient differs from its finite difference."""


def _as_real(t: Tensor) -> Tensor:
    return _core.ops.view_as_real(t) if t.is_complex() else t


def _outputs(value: Any) -> list[Tensor]:
    """The differentiable tensors among results, complex ones as real ones."""
    values = [value] if isinstance(value, Tensor) else list(value)
    return [
        _as_real(v)
        for v in values
        if isinstance(v, Tensor) and (v.is_floating_point() or v.is_complex())
    ]


class _Problem:
    """A function of the real numbers in the inputs that require grad."""

    def __init__(self, func: Callable[..., Any], inputs: Sequence[Any]) -> None:
        self.func = func
        self.inputs = list(inputs)
        self.checked = [
            i for i, a in enumerate(inputs) if isinstance(a, Tensor) and a.requires_grad
        ]

    def at(self, which: int, values: Tensor) -> list[Tensor]:
        """The outputs with other numbers in one input."""
        args = list(self.inputs)
        shape = _as_real(args[which].detach()).shape
        moved = values.reshape(shape)
        args[which] = _core.ops.view_as_complex(moved) if args[which].is_complex() else moved
        return [o.detach().reshape(-1) for o in _outputs(self.func(*args))]

    def numbers(self, which: int) -> Tensor:
        return _as_real(self.inputs[which].detach()).clone().reshape(-1)

    def differences(self, which: int, direction: Tensor, eps: float) -> list[Tensor]:
        """The derivatives of the outputs in a direction, by central differences."""
        with no_grad():
            x = self.numbers(which)
            plus = self.at(which, x + direction * eps)
            minus = self.at(which, x - direction * eps)
            return [(p - m) / (2 * eps) for p, m in zip(plus, minus)]

    def gradient(self, output: Tensor, seed: Tensor, which: int) -> Tensor:
        """The product of a seed with the derivative of an output, as real numbers."""
        x = self.inputs[which]
        zeros = _core.ops.zeros_like(self.numbers(which))
        if not output.requires_grad:
            return zeros
        (g,) = _core.grad(output, x, seed.reshape(output.shape), True, False, True)
        if g is None:
            return zeros
        if g.shape != x.shape:
            raise GradcheckError(
                f"gradcheck: the gradient of input {which} has shape {tuple(g.shape)}, not "
                f"{tuple(x.shape)}"
            )
        return _as_real(g.detach()).reshape(-1)


def _unit(like: Tensor, i: int) -> Tensor:
    flat = _core.ops.zeros_like(like.detach()).reshape(-1)
    flat[i] = 1.0
    return flat


def _check_close(value: Any, expected: Any, atol: float, rtol: float, what: str) -> None:
    for j, (a, b) in enumerate(zip(value.tolist(), expected.tolist())):
        if not abs(a - b) <= atol + rtol * abs(b):
            raise GradcheckError(
                f"gradcheck: the derivative of {what}, element {j}, is {a}, but finite differences "
                f"give {b}"
            )


def _check_full(p: _Problem, eps: float, atol: float, rtol: float, nondet_tol: float) -> None:
    outputs = _outputs(p.func(*p.inputs))
    again = _outputs(p.func(*p.inputs)) if outputs else []
    for which in p.checked:
        columns = [
            p.differences(which, _unit(p.numbers(which), i), eps)
            for i in range(p.numbers(which).numel())
        ]
        for o, output in enumerate(outputs):
            for k in range(output.numel() if columns else 0):
                seed = _unit(output, k)
                row = p.gradient(output, seed, which)
                expected = _core.ops.stack([column[o][k] for column in columns])
                what = f"output {o}, element {k}, with respect to input {which}"
                _check_close(row, expected, atol, rtol, what)
                other = p.gradient(again[o], seed, which)
                if float((row - other).abs().max()) > nondet_tol:
                    raise GradcheckError(
                        f"gradcheck: the gradient of {what} differs from one pass to the next by "
                        f"more than nondet_tol={nondet_tol}"
                    )


def _check_fast(p: _Problem, eps: float, atol: float, rtol: float) -> None:
    """One random direction for every output and input."""
    outputs = _outputs(p.func(*p.inputs))
    for which in p.checked:
        u = _core.ops.rand_like(p.numbers(which)) + 0.5
        if not u.numel():
            continue
        u = u / float((u * u).sum()) ** 0.5
        found = p.differences(which, u, eps)
        for o, (output, difference) in enumerate(zip(outputs, found)):
            v = _core.ops.rand_like(difference) + 0.5
            product = (p.gradient(output, v, which) * u).sum().reshape(1)
            expected = (difference * v).sum().reshape(1)
            what = f"output {o} with respect to input {which} in a random direction"
            _check_close(product, expected, atol, rtol, what)


def _check_forward(p: _Problem, eps: float, atol: float, rtol: float) -> None:
    """Derivatives by dual numbers, one number of the inputs after another."""
    from ..func import jvp  # func imports this package

    for which in p.checked:
        x = p.inputs[which]

        def along(t: Tensor, which: int = which) -> tuple[Tensor, ...]:
            args = list(p.inputs)
            args[which] = t
            return tuple(_outputs(p.func(*args)))

        n = p.numbers(which).numel()
        for i in range(n):
            unit = _unit(p.numbers(which), i)
            v = unit.reshape(_as_real(x.detach()).shape)
            v = _core.ops.view_as_complex(v) if x.is_complex() else v
            forward = jvp(along, (x.detach().requires_grad_(),), (v,))[1]
            for o, (a, b) in enumerate(zip(forward, p.differences(which, unit, eps))):
                what = f"output {o} with respect to input {which}, element {i}, forward"
                _check_close(a.detach().reshape(-1), b, atol, rtol, what)


def _check_inputs(p: _Problem) -> None:
    if not p.checked:
        raise ValueError("gradcheck: expected at least one input that requires grad")
    for i in p.checked:
        x = p.inputs[i]
        if x.itemsize < (16 if x.is_complex() else 8):
            warnings.warn(
                f"gradcheck: input {i} should be of double precision, but is {x.dtype}: finite "
                "differences are too rough in less",
                stacklevel=3,
            )
        if any(s == 0 and n > 1 for s, n in zip(x.stride(), x.shape)):
            raise RuntimeError(
                f"gradcheck: several elements of input {i} share one place in memory (an expanded "
                "tensor); clone() it"
            )


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compares the gradients of func at the inputs with central differences.

    Args:
        func: takes the inputs and returns a tensor or several.
        inputs: those that require grad are checked and should be float64 or complex128.
        eps: the step of the differences.
        atol, rtol: |gradient - difference| <= atol + rtol * |difference| must hold.
        raise_exception: raise GradcheckError in place of returning False.
        nondet_tol: by how much two passes may differ.
        check_forward_ad: check forward derivatives too.
        check_backward_ad: check gradients.
        fast_mode: check one random direction, not every element.
        check_undefined_grad, check_grad_dtypes, check_batched_grad, check_batched_forward_grad:
            without effect: every output is differentiated by itself in any case, the engine gives
            gradients their inputs' dtypes, and batches are made of single passes.
        masked: without effect: there are no sparse gradients here.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("gradcheck: give check_forward_ad=True or check_backward_ad=True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("gradcheck: check_batched_grad needs check_backward_ad=True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("gradcheck: check_batched_forward_grad needs check_forward_ad=True")
    p = _Problem(func, [inputs] if isinstance(inputs, Tensor) else list(inputs))
    _check_inputs(p)
    try:
        if check_forward_ad:
            _check_forward(p, eps, atol, rtol)
        if check_backward_ad and fast_mode:
            _check_fast(p, eps, atol, rtol)
        elif check_backward_ad:
            _check_full(p, eps, atol, rtol, nondet_tol)
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
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compares the second derivatives of func with differences of its gradients.

    Args:
        grad_outputs: the gradients of the outputs; random ones by default.
        gen_non_contig_grad_outputs: let random ones lie scattered in memory.
        check_fwd_over_rev: check forward derivatives of the gradients too.
        check_rev_over_rev: check gradients of the gradients.
        others: as of `gradcheck`.
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError(
            "gradgradcheck: give check_fwd_over_rev=True or check_rev_over_rev=True"
        )
    args = [inputs] if isinstance(inputs, Tensor) else list(inputs)

    def differentiable(value: Any) -> list[Tensor]:
        values = [value] if isinstance(value, Tensor) else list(value)
        return [v for v in values if isinstance(v, Tensor) and v.requires_grad]

    if grad_outputs is None:
        seeds = []
        for o in differentiable(func(*args)):
            with no_grad():
                seed = _core.ops.randn(o.shape, dtype=o.dtype)
                if gen_non_contig_grad_outputs:
                    seed = _core.ops.stack([seed, seed], -1)[..., 0]
            seeds.append(seed.requires_grad_())
    else:
        seeds = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    n = len(args)

    def gradients(*all_args: Any) -> tuple[Tensor, ...]:
        xs = list(all_args[:n])
        for i, a in enumerate(args):
            if isinstance(a, Tensor) and a.requires_grad and not xs[i].requires_grad:
                xs[i] = xs[i].detach().requires_grad_()
        wanted = [x for x, a in zip(xs, args) if isinstance(a, Tensor) and a.requires_grad]
        with enable_grad():
            out = differentiable(func(*xs))
            found = _core.grad(out, wanted, list(all_args[n:]), True, True, True)
        return tuple(_core.ops.zeros_like(w) if g is None else g for g, w in zip(found, wanted))

    return gradcheck(
        gradients,
        [*args, *seeds],
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )
