"""Batch normalisation in evaluation, folded into the layer before it."""

from __future__ import annotations

import copy

import wengert
from wengert import Tensor
from wengert.nn.parameter import Parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
]


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A copy of the convolution that computes ``bn(conv(x))``; both must be in evaluation mode.

    Args:
        transpose: the convolution is a transposed one.
    """
    if conv.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    fused = copy.deepcopy(conv)
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("fuse_conv_bn_eval: expected running statistics in bn")
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight,
        fused.bias,
        bn.running_mean,
        bn.running_var,
        bn.eps,
        bn.weight,
        bn.bias,
        transpose,
    )
    return fused


def _fuse(
    w: Tensor, b: Tensor | None, mean: Tensor, scale: Tensor, shift: Tensor, dim: int
) -> tuple[Parameter, Parameter]:
    """w x + b, then (y - mean) scale + shift, whose outputs are dimension ``dim`` of w."""
    shape = [1] * w.ndim
    shape[dim] = -1
    weight = (w * scale.reshape(shape)).to(w.dtype)
    bias = ((-mean if b is None else b - mean) * scale + shift).to(
        mean.dtype if b is None else b.dtype
    )
    trained = w.requires_grad
    return (
        Parameter(weight.detach(), trained),
        Parameter(bias.detach(), trained if b is None else b.requires_grad),
    )


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of a convolution followed by batch normalisation with these statistics."""
    factor = wengert.ones_like(bn_rm) if bn_w is None else bn_w
    shift = wengert.zeros_like(bn_rm) if bn_b is None else bn_b
    scale = factor * (bn_rv + bn_eps).rsqrt()
    return _fuse(conv_w, conv_b, bn_rm, scale, shift, 1 if transpose else 0)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A copy of the layer that computes ``bn(linear(x))``; both must be in evaluation mode."""
    if linear.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    fused = copy.deepcopy(linear)
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("fuse_linear_bn_eval: expected running statistics in bn")
    if linear.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError(
            "fuse_linear_bn_eval: expected bn.num_features to be linear.out_features or 1"
        )
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor,
    bn_b: Tensor,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of a linear map followed by batch normalisation with these statistics."""
    scale = bn_w * (bn_rv + bn_eps).rsqrt()
    return _fuse(linear_w, linear_b, bn_rm, scale, bn_b, 0)
