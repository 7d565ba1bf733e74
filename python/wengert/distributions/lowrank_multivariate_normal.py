"""Multivariate normal distributions whose covariance is of low rank but for its diagonal."""

from __future__ import annotations

import math
from typing import Any

import wengert
from wengert import Size, Tensor
from wengert.distributions import constraints
from wengert.distributions.distribution import Distribution
from wengert.distributions.multivariate_normal import batch_mahalanobis, batch_mv, log_diagonal
from wengert.distributions.utils import lazy_property, standard_normal

__all__ = ["LowRankMultivariateNormal"]


def capacitance_tril(factor: Tensor, diagonal: Tensor) -> Tensor:
    """The Cholesky factor of C = I + W^T D^-1 W, which is as large as the rank (Woodbury)."""
    scaled = factor.mT / diagonal.unsqueeze(-2)
    rank = factor.shape[-1]
    return wengert.linalg.cholesky(
        wengert.matmul(scaled, factor) + wengert.eye(rank, dtype=factor.dtype)
    )


def lowrank_log_determinant(diagonal: Tensor, capacitance: Tensor) -> Tensor:
    """log det(W W^T + D) = log det C + log det D."""
    return 2 * log_diagonal(capacitance) + diagonal.log().sum(-1)


def lowrank_mahalanobis(factor: Tensor, diagonal: Tensor, x: Tensor, capacitance: Tensor) -> Tensor:
    """x^T (W W^T + D)^-1 x."""
    projected = batch_mv(factor.mT / diagonal.unsqueeze(-2), x)
    return (x.pow(2) / diagonal).sum(-1) - batch_mahalanobis(capacitance, projected)


class LowRankMultivariateNormal(Distribution):
    """Vectors of mean ``loc`` and covariance W W^T + D, where W is ``cov_factor`` (n by rank) and D
    has the diagonal ``cov_diag``. Nothing larger than the rank is factorized."""

    arg_constraints = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True
    _expanded = (
        "loc",
        "cov_diag",
        "cov_factor",
        "covariance_matrix",
        "scale_tril",
        "precision_matrix",
    )

    def __init__(
        self,
        loc: Tensor,
        cov_factor: Tensor,
        cov_diag: Tensor,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        if cov_factor.dim() < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        event = loc.shape[-1]
        if cov_factor.shape[-2] != event:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {event} x m")
        if cov_diag.shape[-1] != event:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {(event,)}")
        try:
            batch = wengert.broadcast_shapes(
                tuple(loc.shape)[:-1], tuple(cov_diag.shape)[:-1], tuple(cov_factor.shape)[:-2]
            )
        except (RuntimeError, ValueError) as e:
            raise ValueError(
                f"Incompatible batch shapes: loc {tuple(loc.shape)}, cov_factor "
                f"{tuple(cov_factor.shape)}, cov_diag {tuple(cov_diag.shape)}"
            ) from e
        self.loc = loc.expand((*batch, event))
        self.cov_diag = cov_diag.expand((*batch, event))
        self.cov_factor = cov_factor.expand((*batch, *tuple(cov_factor.shape)[-2:]))
        super().__init__(Size(batch), Size((event,)), validate_args=validate_args)
        # Without the batch's expansion, so that each matrix is factorized once.
        self._unbroadcasted_cov_factor = cov_factor
        self._unbroadcasted_cov_diag = cov_diag
        self._capacitance_tril = capacitance_tril(cov_factor, cov_diag)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(
            batch_shape, self._get_checked_instance(LowRankMultivariateNormal, _instance)
        )
        new._unbroadcasted_cov_factor = self._unbroadcasted_cov_factor
        new._unbroadcasted_cov_diag = self._unbroadcasted_cov_diag
        new._capacitance_tril = self._capacitance_tril
        return new

    def _whole(self, matrix: Tensor) -> Tensor:
        n = self._event_shape[0]
        return matrix.expand((*self._batch_shape, n, n))

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> Tensor:
        variance = self._unbroadcasted_cov_factor.pow(2).sum(-1) + self._unbroadcasted_cov_diag
        return variance.expand((*self._batch_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of the covariance: D^1/2 times that of I + D^-1/2 W W^T D^-1/2, which
        is well conditioned."""
        root = self._unbroadcasted_cov_diag.sqrt().unsqueeze(-1)
        scaled = self._unbroadcasted_cov_factor / root
        inner = wengert.matmul(scaled, scaled.mT)
        identity = wengert.eye(self._event_shape[0], dtype=inner.dtype)
        return self._whole(root * wengert.linalg.cholesky(inner + identity))

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        factor = self._unbroadcasted_cov_factor
        return self._whole(
            wengert.matmul(factor, factor.mT) + self._unbroadcasted_cov_diag.diag_embed()
        )

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """D^-1 - D^-1 W C^-1 W^T D^-1."""
        diagonal = self._unbroadcasted_cov_diag
        scaled = self._unbroadcasted_cov_factor.mT / diagonal.unsqueeze(-2)
        a = wengert.linalg.solve_triangular(self._capacitance_tril, scaled, upper=False)
        return self._whole(diagonal.reciprocal().diag_embed() - wengert.matmul(a.mT, a))

    def rsample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        shape = self._extended_shape(sample_shape)
        small = (*tuple(shape)[:-1], self.cov_factor.shape[-1])
        return (
            self.loc
            + batch_mv(self._unbroadcasted_cov_factor, standard_normal(small, self.loc))
            + self._unbroadcasted_cov_diag.sqrt() * standard_normal(shape, self.loc)
        )

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        factor, diagonal = self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag
        distance = lowrank_mahalanobis(factor, diagonal, value - self.loc, self._capacitance_tril)
        determinant = lowrank_log_determinant(diagonal, self._capacitance_tril)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + determinant + distance)

    def entropy(self) -> Tensor:
        determinant = lowrank_log_determinant(self._unbroadcasted_cov_diag, self._capacitance_tril)
        entropy = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + determinant)
        return entropy if not self._batch_shape else entropy.expand(self._batch_shape)
