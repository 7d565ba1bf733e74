"""Matrices with orthonormal columns as functions of free ones."""

from __future__ import annotations

import wengert
from wengert._tensor import Tensor
from wengert.autograd import no_grad
from wengert.nn.module import Module

MAPS = ("matrix_exp", "cayley", "householder")


def is_orthogonal(Q: Tensor) -> bool:
    """Whether the columns are orthonormal, up to rounding."""
    k = Q.shape[-1]
    identity = wengert.eye(k, dtype=Q.dtype)
    tolerance = 10.0 * Q.shape[-2] * wengert.finfo(Q.dtype).eps
    return bool(wengert.allclose(Q.mH @ Q, identity, atol=tolerance))


def make_orthogonal(A: Tensor) -> Tensor:
    """The orthonormal factor Q of A = Q R with a positive diagonal of R."""
    packed, tau = wengert.geqrf(A)
    Q = wengert.linalg.householder_product(packed, tau)
    return Q * packed.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


class _Orthogonal(Module):
    """A matrix with orthonormal columns, or rows where these are fewer, from a free one of its
    shape, which is read below its diagonal."""

    base: Tensor | None

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool = True):
        super().__init__()
        if orthogonal_map not in MAPS:
            raise ValueError(
                "orthogonal: expected orthogonal_map 'matrix_exp', 'cayley' or 'householder', but "
                f"got {orthogonal_map!r}"
            )
        if orthogonal_map == "householder" and weight.is_complex():
            raise ValueError(
                "orthogonal: the map 'householder' is not for complex matrices; use 'matrix_exp' "
                "or 'cayley'"
            )
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        wide = X.shape[-2] < X.shape[-1]
        if wide:
            X = X.mT
        n, k = X.shape[-2:]
        if self.orthogonal_map == "householder":
            vectors = X.tril(-1)
            tau = 2.0 / (1.0 + (vectors * vectors).sum(-2))
            signs = X.diagonal(dim1=-2, dim2=-1).to(wengert.int32)
            Q = wengert.linalg.householder_product(vectors, tau) * signs.unsqueeze(-2)
        else:
            low = X.tril()
            if n != k:
                rest = low.new_zeros(*X.shape[:-2], n, n - k)
                low = wengert.cat((low, rest), -1)
            skew = low - low.mH
            if self.orthogonal_map == "matrix_exp":
                Q = wengert.matrix_exp(skew)
            else:
                identity = wengert.eye(n, dtype=X.dtype)
                Q = wengert.linalg.solve(identity - skew / 2, identity + skew / 2)
            Q = Q[..., :k]
        if hasattr(self, "base"):
            assert self.base is not None
            Q = self.base @ Q
        return Q.mT if wide else Q

    def right_inverse(self, Q: Tensor) -> Tensor:
        with no_grad():
            return self._free(Q)

    def _free(self, Q: Tensor) -> Tensor:
        if Q.shape != self.shape:
            raise ValueError(
                f"orthogonal: expected a tensor of shape {tuple(self.shape)}, but got "
                f"{tuple(Q.shape)}"
            )
        given, wide = Q, Q.shape[-2] < Q.shape[-1]
        if wide:
            Q = Q.mT
        n, k = Q.shape[-2:]
        if not hasattr(self, "base"):
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "orthogonal: with the maps 'cayley' and 'matrix_exp' a value can be given "
                    "only with use_trivialization=True"
                )
            packed, tau = wengert.geqrf(Q)
            diagonal = packed.diagonal(dim1=-2, dim2=-1)
            # Where there was nothing to reflect, forward turns the sign by a reflector of its own.
            diagonal.copy_(diagonal.sign() * wengert.where(tau == 0, -1.0, 1.0))
            return packed.mT if wide else packed
        if n == k:
            Q = Q.clone() if is_orthogonal(Q) else make_orthogonal(Q)
        else:
            # Completed by random columns to a square matrix.
            others = wengert.empty(*Q.shape[:-2], n, n - k, dtype=Q.dtype)
            (wengert.view_as_real(others) if others.is_complex() else others).normal_()
            Q = make_orthogonal(wengert.cat((Q, others), -1))
        self.base = Q
        # Both the exponential and the reflectors with their signs make the identity of this.
        start = wengert.zeros_like(given)
        start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return start
