"""Convolutions and padding, with the signatures of ``torch.nn.functional``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wengert import Tensor
from wengert import _ops as _C


def _tuple_of(value: int | Sequence[int], n: int) -> tuple[int, ...]:
    return (value,) * n if isinstance(value, int) else tuple(value)


def _conv(
    n: int,
    kernel: Callable,
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
    if any(s != 1 for s in _tuple_of(stride, n)):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [d * (k - 1) for d, k in zip(_tuple_of(dilation, n), weight.shape[2:], strict=True)]
    if any(t % 2 for t in total):
        # What is left over when the padding is halved goes to the end.
        extra = [v for t in reversed(total) for v in (0, t % 2)]
        input = _C.pad(input, extra, "constant", 0.0)
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
    """Cross-correlation of (N, C, L) with a weight (out, C / groups, k)."""
    if isinstance(padding, str):
        return _conv(1, _C.conv1d, input, weight, bias, stride, padding, dilation, groups)
    return _C.conv1d(input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of (N, C, H, W) with a weight (out, C / groups, kh, kw)."""
    if isinstance(padding, str):
        return _conv(2, _C.conv2d, input, weight, bias, stride, padding, dilation, groups)
    return _C.conv2d(input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of (N, C, D, H, W) with a weight (out, C / groups, kd, kh, kw)."""
    if isinstance(padding, str):
        return _conv(3, _C.conv3d, input, weight, bias, stride, padding, dilation, groups)
    return _C.conv3d(input, weight, bias, stride, padding, dilation, groups)


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Pads the last dimensions: ``pad`` lists (before, after) from the last one backwards.

    Modes: "constant" (any dimensions, negative amounts cut off), "reflect", "replicate" and
    "circular" (the last one to three of them, the leading ones being batch and channels).
    """
    if len(pad) % 2:
        raise ValueError(f"pad: Padding length must be divisible by 2, got {len(pad)} amounts")
    if mode != "constant" and value is not None and value != 0:
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    return _C.pad(input, pad, mode, 0.0 if value is None else value)
