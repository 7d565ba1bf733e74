"""Softmax and its relatives, with the signatures of ``torch.nn.functional``."""

from __future__ import annotations

import wengert
from wengert import Tensor
from wengert import _ops as _C


def _softmax_dim(name: str, dim: int | None, ndim: int) -> int:
    if dim is not None:
        return dim
    import warnings

    warnings.warn(
        f"{name}: the implicit choice of dimension is deprecated; pass dim=...", stacklevel=3
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: wengert.dtype | None = None,
) -> Tensor:
    """e^x / sum(e^x) along ``dim``; computed in ``dtype`` if that is given."""
    if dim is None:
        dim = _softmax_dim("softmax", dim, input.ndim)
    return _C.softmax(input if dtype is None else input.to(dtype), dim)


def log_softmax(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: wengert.dtype | None = None,
) -> Tensor:
    """log(softmax(x)) along ``dim``; computed in ``dtype`` if that is given."""
    if dim is None:
        dim = _softmax_dim("log_softmax", dim, input.ndim)
    return _C.log_softmax(input if dtype is None else input.to(dtype), dim)


def softmin(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: wengert.dtype | None = None,
) -> Tensor:
    """softmax(-x) along ``dim``."""
    if dim is None:
        dim = _softmax_dim("softmin", dim, input.ndim)
    return _C.softmax(-input if dtype is None else (-input).to(dtype), dim)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """softmax((x + noise) / tau) with Gumbel noise: nearly one-hot samples of a distribution.

    Source: Jang et al., ICLR 2017.

    Args:
        logits: unnormalised logarithms of probabilities along ``dim``.
        hard: gives exact one-hot vectors, with the gradient of the soft ones.
        eps: no longer used, as in PyTorch.
    """
    if eps != 1e-10:
        import warnings

        warnings.warn("gumbel_softmax: eps has no effect", stacklevel=2)
    noise = -_C.empty_like(logits).exponential_().log()
    soft = _C.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    chosen = _C.zeros_like(soft).scatter(dim, soft.detach().argmax(dim, keepdim=True), 1.0)
    return chosen - soft.detach() + soft
