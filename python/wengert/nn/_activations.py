"""Activation functions, with the signatures of ``torch.nn.functional``."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

import wengert
from wengert import Tensor
from wengert import _ops as _C

# Of Klambauer et al. (2017).
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def over(input: Tensor, f: Callable[[Tensor], Tensor], inplace: bool) -> Tensor:
    """``f(input)``; in place, of a copy, since what f saves for backward must not change."""
    return input.copy_(f(input.clone())) if inplace else f(input)


def _real(op: str, input: Tensor) -> Tensor:
    if not input.is_floating_point():
        raise NotImplementedError(
            f"{op}: expected a tensor of floating point dtype, got {input.dtype}; convert it with "
            "to(dtype)"
        )
    return input


sigmoid = _C.sigmoid
tanh = _C.tanh
softplus = _C.softplus
prelu = _C.prelu
hardshrink = _C.hardshrink
softshrink = _C.softshrink


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    return _C.relu_(input) if inplace else _C.relu(input)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x Phi(x) with the normal distribution function Phi, or its "tanh" approximation."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    return _C.gelu_tanh(input) if approximate == "tanh" else _C.gelu(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else negative_slope * x."""
    return (_C.leaky_relu_ if inplace else _C.leaky_relu)(input, negative_slope)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """Leaky ReLU whose slope is drawn from U(lower, upper) in training, their mean otherwise."""
    if not (isfinite(lower) and isfinite(upper)):
        raise RuntimeError(f"rrelu: expected finite bounds, got {lower} and {upper}")
    if lower > upper:
        raise RuntimeError(
            f"rrelu: Lower bound should be less than or equal to the upper bound, got {lower} > "
            f"{upper}"
        )
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    slope = wengert.rand_like(input) * (upper - lower) + lower
    return over(input, lambda x: wengert.where(x > 0, x, x * slope), inplace)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha (e^x - 1)."""
    return (_C.elu_ if inplace else _C.elu)(input, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """Scaled ELU with the self-normalising constants of Klambauer et al. (2017)."""
    return (_C.selu_ if inplace else _C.selu)(input)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """max(0, x) + min(0, alpha (e^(x / alpha) - 1))."""
    return (_C.celu_ if inplace else _C.celu)(input, alpha)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x)."""
    if input.is_complex():
        return over(input, lambda x: x * _C.sigmoid(x), inplace)
    return over(_real("silu", input), _C.silu, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x))."""
    return over(_real("mish", input), _C.mish, inplace)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x))."""
    return _C.logsigmoid(_real("logsigmoid", input))


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """x limited to [min_val, max_val], with derivative 0 on the borders."""
    return (_C.hardtanh_ if inplace else _C.hardtanh)(input, min_val, max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x + 3, 0), 6) / 6."""
    return over(_real("hardsigmoid", input), _C.hardsigmoid, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x min(max(x + 3, 0), 6) / 6."""
    return over(_real("hardswish", input), _C.hardswish, inplace)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return input - _C.tanh(input)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else value."""
    return (_C.threshold_ if inplace else _C.threshold)(input, threshold, value)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a sigmoid(b), where a and b are the two halves of the input along ``dim``."""
    if input.ndim == 0:
        raise RuntimeError("glu: does not support 0-dimensional tensors: there is nothing to halve")
    size = input.shape[dim]
    if size % 2:
        raise RuntimeError(
            f"glu: halving dimension must be even, but dimension {dim} is size {size}"
        )
    a, b = input.chunk(2, dim)
    return a * _C.sigmoid(b)


# ---- in place ------------------------------------------------------------------------------

relu_ = _C.relu_


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """In-place :func:`leaky_relu`."""
    return leaky_relu(input, negative_slope, True)


def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Tensor:
    """In-place :func:`rrelu`."""
    return rrelu(input, lower, upper, training, True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In-place :func:`elu`."""
    return elu(input, alpha, True)


def selu_(input: Tensor) -> Tensor:
    """In-place :func:`selu`."""
    return selu(input, True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In-place :func:`celu`."""
    return celu(input, alpha, True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """In-place :func:`hardtanh`."""
    return hardtanh(input, min_val, max_val, True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """In-place :func:`threshold`."""
    return _threshold(input, threshold, value, True)


_threshold = threshold
