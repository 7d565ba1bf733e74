"""The multivariate normal distribution."""

from __future__ import annotations

import math
from typing import Any

import wengert
from wengert import Size, Tensor
from wengert.distributions import constraints
from wengert.distributions.distribution import Distribution
from wengert.distributions.utils import lazy_property, standard_normal

__all__ = ["MultivariateNormal"]


def batch_mv(matrix: Tensor, vector: Tensor) -> Tensor:
    """Products of matrices and vectors, whose batches broadcast."""
    return wengert.matmul(matrix, vector.unsqueeze(-1)).squeeze(-1)


def batch_mahalanobis(scale_tril: Tensor, x: Tensor) -> Tensor:
    """x^T (L L^T)^-1 x; the batch of x may be larger than that of L, and the reverse."""
    # A column of the right-hand side for each x that shares its matrix, so that it is read once.
    n = x.shape[-1]
    batch = tuple(scale_tril.shape)[:-2]
    if not batch:
        columns = x.reshape(-1, n).T
        solved = wengert.linalg.solve_triangular(scale_tril, columns, upper=False)
        return solved.pow(2).sum(-2).reshape(tuple(x.shape)[:-1])
    solved = wengert.linalg.solve_triangular(scale_tril, x.unsqueeze(-1), upper=False)
    return solved.squeeze(-1).pow(2).sum(-1)


def log_diagonal(scale_tril: Tensor) -> Tensor:
    """Half the logarithm of det(L L^T)."""
    return scale_tril.diagonal(0, -2, -1).log().sum(-1)


def precision_to_scale_tril(precision: Tensor) -> Tensor:
    """The lower L with L L^T = P^-1."""
    # The factor of P with rows and columns reversed, reversed again, is upper triangular.
    factor = wengert.linalg.cholesky(wengert.flip(precision, (-2, -1)))
    upper = wengert.flip(factor, (-2, -1)).mT
    identity = wengert.eye(precision.shape[-1], dtype=precision.dtype)
    return wengert.linalg.solve_triangular(upper, identity, upper=False)


class MultivariateNormal(Distribution):
    """Vectors of mean ``loc`` and one of: a covariance matrix, its inverse (precision), or its
    lower Cholesky factor ``scale_tril``. With ``scale_tril`` nothing needs to be factorized."""

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True
    _expanded = ("loc", "covariance_matrix", "scale_tril", "precision_matrix")

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        chosen = [(name, m) for name, m in given.items() if m is not None]
        if len(chosen) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        name, matrix = chosen[0]
        if matrix.dim() < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
        batch = wengert.broadcast_shapes(tuple(matrix.shape)[:-2], tuple(loc.shape)[:-1])
        setattr(self, name, matrix.expand((*batch, -1, -1)))
        self.loc = loc.expand((*batch, -1))
        super().__init__(Size(batch), Size(self.loc.shape[-1:]), validate_args=validate_args)
        # Without the batch's expansion, so that each matrix is factorized once.
        if scale_tril is not None:
            self._unbroadcasted_scale_tril = scale_tril
        elif covariance_matrix is not None:
            self._unbroadcasted_scale_tril = wengert.linalg.cholesky(covariance_matrix)
        elif precision_matrix is not None:
            self._unbroadcasted_scale_tril = precision_to_scale_tril(precision_matrix)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, self._get_checked_instance(MultivariateNormal, _instance))
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        return new

    def _whole(self, matrix: Tensor) -> Tensor:
        n = self._event_shape[0]
        return matrix.expand((*self._batch_shape, n, n))

    @lazy_property
    def scale_tril(self) -> Tensor:
        return self._whole(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        lower = self._unbroadcasted_scale_tril
        return self._whole(wengert.matmul(lower, lower.mT))

    @lazy_property
    def precision_matrix(self) -> Tensor:
        return self._whole(wengert.cholesky_inverse(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        variance = self._unbroadcasted_scale_tril.pow(2).sum(-1)
        return variance.expand((*self._batch_shape, *self._event_shape))

    def rsample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        eps = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + batch_mv(self._unbroadcasted_scale_tril, eps)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        lower = self._unbroadcasted_scale_tril
        distance = batch_mahalanobis(lower, value - self.loc)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + distance) - log_diagonal(lower)

    def entropy(self) -> Tensor:
        constant = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        entropy = constant + log_diagonal(self._unbroadcasted_scale_tril)
        return entropy if not self._batch_shape else entropy.expand(self._batch_shape)
