"""Convolutions, whose padding may be given by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import _core
from ._tensor import Tensor

_ops = _core.ops

__all__ = ["conv1d", "conv2d", "conv3d"]


def _tuple(value: int | Sequence[int], n: int) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,) * n
    return tuple(value) * n if len(value) == 1 else tuple(value)


def _named_padding(
    n: int,
    kernel: Callable[..., Tensor],
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: int | Sequence[int],
    padding: str,
    dilation: int | Sequence[int],
    groups: int,
) -> Tensor:
    """A convolution whose padding is given as "same" or "valid"."""
    if padding == "valid":
        return kernel(input, weight, bias, stride, 0, dilation, groups)
    if padding != "same":
        raise RuntimeError(f"conv{n}d: expected padding 'same' or 'valid', got {padding!r}")
    if any(s != 1 for s in _tuple(stride, n)):
        raise RuntimeError(
            f"conv{n}d: padding='same' is not supported for strided convolutions, got stride "
            f"{stride}; give the padding in numbers"
        )
    if weight.ndim != n + 2:
        raise RuntimeError(
            f"conv{n}d: expected a weight of {n + 2} dimensions, got shape {tuple(weight.shape)}"
        )
    total = [d * (k - 1) for d, k in zip(_tuple(dilation, n), weight.shape[2:], strict=True)]
    if any(t % 2 for t in total):
        # What is left over when the padding is halved goes to the end.
        extra = [v for t in reversed(total) for v in (0, t % 2)]
        input = _ops.pad(input, extra, "constant", 0.0)
    return kernel(input, weight, bias, stride, [t // 2 for t in total], dilation, groups)


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of (N, C, L) with a weight (out, C / groups, k); padding may be "same" (the
    output has the input's size) or "valid" (none)."""
    if isinstance(padding, str):
        kernel = _ops.conv1d
        return _named_padding(1, kernel, input, weight, bias, stride, padding, dilation, groups)
    return _ops.conv1d(input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of (N, C, H, W) with a weight (out, C / groups, kh, kw); padding may be
    "same" (the output has the input's size) or "valid" (none)."""
    if isinstance(padding, str):
        kernel = _ops.conv2d
        return _named_padding(2, kernel, input, weight, bias, stride, padding, dilation, groups)
    return _ops.conv2d(input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of (N, C, D, H, W) with a weight (out, C / groups, kd, kh, kw); padding may
    be "same" (the output has the input's size) or "valid" (none)."""
    if isinstance(padding, str):
        kernel = _ops.conv3d
        return _named_padding(3, kernel, input, weight, bias, stride, padding, dilation, groups)
    return _ops.conv3d(input, weight, bias, stride, padding, dilation, groups)
