"""Functions over the core's pointwise, product and random operations whose arguments take forms
that one signature cannot say."""

from __future__ import annotations

from collections.abc import Sequence

from . import _core, _tensor
from ._tensor import Tensor, dtype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ops = _core.ops

__all__ = [
    "chain_matmul",
    "frexp",
    "randint",
    "randint_like",
    "round",
    "scalar_tensor",
    "tensordot",
]


def _bounds(name: str, args: tuple[Any, ...], high: Any, n_after: int) -> tuple[int, int, tuple]:
    """low and high from (high, ...) or (low, high, ...), and the arguments after them."""
    values = list(args)
    if high is not None:
        low = values.pop(0) if len(values) > n_after else 0
        return low, high, tuple(values)
    if len(values) >= 2 and isinstance(values[1], int):
        return values[0], values[1], tuple(values[2:])
    if not values:
        raise TypeError(f"{name}: missing argument 'high'")
    return 0, values[0], tuple(values[1:])


def randint(*args: Any, high: int | None = None, size: Any = None, **options: Any) -> Tensor:
    """Whole random numbers: randint(high, size) in [0, high), randint(low, high, size) in
    [low, high).

    Args:
        size: the shape.
        dtype: int64 by default. generator, device and requires_grad as everywhere.

    Raises:
        RuntimeError: low is not below high, or they do not fit in the dtype.
    """
    if "low" in options:
        args = (options.pop("low"), *args)
    low, high, rest = _bounds("randint", args, high, 0 if size is not None else 1)
    if size is None:
        if not rest:
            raise TypeError("randint: missing argument 'size'")
        size, rest = rest[0], rest[1:]
    if rest:
        raise TypeError(f"randint: {len(rest)} positional arguments too many")
    return _ops._randint(low, high, size, **options)


def randint_like(input: Tensor, *args: Any, high: int | None = None, **options: Any) -> Tensor:
    """As randint, in the shape and unless given the dtype of input: randint_like(input, high) or
    randint_like(input, low, high)."""
    if "low" in options:
        args = (options.pop("low"), *args)
    low, high, rest = _bounds("randint_like", args, high, 0)
    if rest:
        raise TypeError(f"randint_like: {len(rest)} positional arguments too many")
    return _ops._randint_like(input, low, high, **options)


def scalar_tensor(s: complex, *, dtype: dtype | None = None, **options: Any) -> Tensor:
    """A 0-d tensor of the default dtype."""
    return _ops.full((), s, dtype=dtype or _core.get_default_dtype(), **options)


def frexp(input: Tensor) -> tuple[Tensor, Tensor]:
    """mantissa and exponent (int32) with input = mantissa 2^exponent and 0.5 <= |mantissa| < 1."""
    if not input.is_floating_point():
        raise RuntimeError(f"frexp: expected a floating point dtype, but got {input.dtype}")
    x = input.detach()
    usable = _ops.isfinite(x) & (x != 0)
    size = _ops._where(usable, abs(x), _ops.ones_like(x))
    exponent = _ops.floor(_ops.log2(size)) + 1
    # The logarithm may round across a power of two.
    fraction = _halved(size, exponent)
    exponent = exponent + (fraction >= 1).to(x.dtype) - (fraction < 0.5).to(x.dtype)
    exponent = _ops._where(usable, exponent, _ops.zeros_like(x))
    return _halved(input, exponent), exponent.to(_tensor.all_dtypes[4])


def _halved(x: Tensor, exponent: Tensor) -> Tensor:
    """x 2^-exponent, in two steps so that neither factor overflows."""
    half = _ops.trunc(exponent / 2)
    return x * _ops.exp2(-half) * _ops.exp2(half - exponent)


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """Sums of products over pairs of dimensions.

    Args:
        dims: how many of the last dimensions of a and the first of b are summed over, or the
            dimensions of a and those of b as two sequences.

    Raises:
        RuntimeError: dimensions summed over differ in size, or there are not that many.
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0 or dims > min(a.ndim, b.ndim):
            raise RuntimeError(
                f"tensordot: dims must lie between 0 and the number of dimensions, but is {dims} "
                f"for shapes {tuple(a.shape)} and {tuple(b.shape)}"
            )
        dims_a, dims_b = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        dims_a, dims_b = ([d] if isinstance(d, int) else list(d) for d in dims)
    result = _ops._tensordot(a, b, dims_a, dims_b)
    return result if out is None else out.copy_(result)


def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The product of two or more matrices, in the order that costs fewest multiplications; the
    first and the last may be vectors.

    Source: Cormen et al., Introduction to Algorithms, section 15.2.
    """
    chain = list(tensors)
    if len(chain) < 2:
        raise RuntimeError(f"multi_dot: expected at least 2 tensors, but got {len(chain)}")
    first, last = chain[0].ndim == 1, chain[-1].ndim == 1
    if first:
        chain[0] = chain[0].unsqueeze(0)
    if last:
        chain[-1] = chain[-1].unsqueeze(1)
    for i, t in enumerate(chain):
        if t.ndim != 2:
            raise RuntimeError(
                f"multi_dot: tensor {i} must be a matrix, but has shape {tuple(t.shape)}"
            )
    result = _product(chain)
    if last:
        result = result[:, 0]
    if first:
        result = result[0]
    return result if out is None else out.copy_(result)


def _product(chain: list[Tensor]) -> Tensor:
    n = len(chain)
    sizes = [t.shape[0] for t in chain] + [chain[-1].shape[1]]
    cost = [[0] * n for _ in range(n)]
    cut = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i][j], cut[i][j] = min(
                (cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )

    def multiply(i: int, j: int) -> Tensor:
        if i == j:
            return chain[i]
        return _ops.mm(multiply(i, cut[i][j]), multiply(cut[i][j] + 1, j))

    return multiply(0, n - 1)


def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """The product of matrices in the cheapest order; linalg.multi_dot is the newer name."""
    if len(matrices) == 1 and isinstance(matrices[0], Tensor):
        return matrices[0]
    chain: Any = matrices[0] if len(matrices) == 1 else matrices
    return multi_dot(chain, out=out)


def round(input: Tensor, *, decimals: int = 0, out: Tensor | None = None) -> Tensor:
    """The nearest whole number, ties going to the even one; with decimals the nearest multiple of
    10^-decimals."""
    if decimals == 0:
        return _ops.round(input, out=out)
    if not input.is_floating_point():
        raise RuntimeError(f"round: decimals need a floating point dtype, but got {input.dtype}")
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return _ops.div(_ops.round(input * scale), scale, out=out)
    return _ops.mul(_ops.round(input / scale), scale, out=out)


def _polygamma(self: Tensor, n: int) -> Tensor:
    """Derivative of order n of digamma."""
    return _ops.polygamma(n, self)


def install() -> None:
    """Gives Tensor the methods of this module."""
    _tensor._add_methods({"frexp": frexp, "polygamma": _polygamma, "round": round})
