"""Weights of 8 bits."""

from __future__ import annotations

from collections.abc import Callable

from wengert import Tensor, float32
from wengert.nn.functional import quantize_weight, quantized_linear
from wengert.tape._program import Step
from wengert.tape._record import Tape
from wengert.tape._transform import Known, fold_constants, paused, rewritten

_DEPTH = 1 << 17  # the longest rows that quantized_linear takes


def quantize_weights(tape: Tape, *, min_size: int = 1024) -> Tape:
    """Keeps the weights of linear layers as int8: a pass for programs that infer.

    Each ``linear`` step, and each product ``x @ w`` or ``addmm`` with a matrix, whose float32
    weight comes from outside and is never changed, becomes :func:`quantized_linear
    <wengert.nn.functional.quantized_linear>`: the weight is rounded to 8 bits with one scale for
    each output (its largest absolute value is 127), each row of the input likewise when the
    program runs; products of integers are summed exactly in 32 bits, then rescaled in float32. The
    bias, all other steps and everything between them stay float32.

    With sx and sw for the scales, an output differs from the exact one by at most
    ``sw / 2 * sum(|x|) + sx / 2 * sum(|w|) + k * sx * sw / 4`` for rows of k numbers, beside
    float32's own rounding.

    What depends on constants alone is folded before, and weights that no other step uses are held
    no longer, neither by the program nor in its files. The new program stands by itself: it no
    longer looks at the modules that the function has called, and later changes to their parameters
    do not reach it.

    Args:
        tape: a program that leaves no gradients; parts that train are left as they are.
        min_size: weights with fewer numbers are left as they are.
    """
    tape = fold_constants(tape)
    known = Known(tape)
    weights: dict[int, tuple[Tensor, Tensor, Tensor]] = {}  # the weight, and what it becomes

    def quantized(w: Tensor, transposed: bool) -> tuple[Tensor, Tensor]:
        if id(w) not in weights:
            weights[id(w)] = w, *quantize_weight(w.t() if transposed else w)
        return weights[id(w)][1:]

    def rewrite(step: Step, inputs: list, apply: Callable[..., list]) -> list | None:
        bias = added = None
        if step.kind != "operation":
            return None
        if step.name == "linear":
            x, w, *rest = inputs
            bias = rest[0] if rest else None
        elif step.name == "mm":
            x, w = inputs
        elif step.name == "addmm" and step.attributes == {"beta": 1, "alpha": 1}:
            added, x, w = inputs
        else:
            return None
        transposed = step.name != "linear"
        if (
            w.dtype != float32
            or w.ndim != 2
            or w.numel() < min_size
            or not known.is_constant(w)
            or known.is_constant(x)
            or w.shape[0 if transposed else 1] > _DEPTH
        ):
            return None
        with paused():
            values, scale = quantized(w, transposed)
        y = quantized_linear(x, values, scale, bias)
        return [y if added is None else y + added]

    new = rewritten(tape, rewrite, known)
    new._program.forget_guards()
    return new
