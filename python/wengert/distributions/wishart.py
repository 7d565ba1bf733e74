"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from typing import Any

import wengert
from wengert import Size, Tensor
from wengert.distributions import constraints
from wengert.distributions.chi2 import Chi2
from wengert.distributions.exp_family import ExponentialFamily
from wengert.distributions.multivariate_normal import log_diagonal, precision_to_scale_tril
from wengert.distributions.utils import is_number, lazy_property, nan_where, standard_normal

__all__ = ["Wishart"]

_log_2 = math.log(2)


def _mvdigamma(x: Tensor, p: int) -> Tensor:
    """The derivative of mvlgamma(x, p)."""
    return wengert.digamma(x.unsqueeze(-1) - wengert.arange(p, dtype=x.dtype) / 2).sum(-1)


def _log_determinant(matrix: Tensor) -> Tensor:
    """Of positive definite matrices."""
    return 2 * log_diagonal(wengert.linalg.cholesky(matrix))


class Wishart(ExponentialFamily):
    """Matrices X X^T, where X has ``df`` columns of normal numbers with mean 0 and a covariance
    given by itself, its inverse (precision) or its lower Cholesky factor ``scale_tril``.

    ``df`` need not be whole, but must exceed the matrices' size less 1.
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0
    _expanded = ("df", "covariance_matrix", "scale_tril", "precision_matrix")

    @property
    def arg_constraints(self) -> Any:
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def __init__(
        self,
        df: Tensor | float,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        given = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        chosen = [(name, m) for name, m in given.items() if m is not None]
        if len(chosen) != 1:
            raise AssertionError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        name, matrix = chosen[0]
        if matrix.dim() < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
        degrees: Any = wengert.tensor(df, dtype=matrix.dtype) if is_number(df) else df
        batch = wengert.broadcast_shapes(tuple(matrix.shape)[:-2], tuple(degrees.shape))
        event = Size(matrix.shape[-2:])
        if bool(degrees.le(event[-1] - 1).any()):
            raise ValueError(
                f"Value of df={df} expected to be greater than ndim - 1 = {event[-1] - 1}."
            )
        setattr(self, name, matrix.expand((*batch, -1, -1)))
        self.df = degrees.expand(batch)
        if bool(self.df.lt(event[-1]).any()):
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 "
                "< df < ndim.",
                stacklevel=2,
            )
        super().__init__(Size(batch), event, validate_args=validate_args)
        if scale_tril is not None:
            self._unbroadcasted_scale_tril = scale_tril
        elif covariance_matrix is not None:
            self._unbroadcasted_scale_tril = wengert.linalg.cholesky(covariance_matrix)
        elif precision_matrix is not None:
            self._unbroadcasted_scale_tril = precision_to_scale_tril(precision_matrix)
        # The diagonal of Bartlett's matrix.
        steps = wengert.arange(event[-1], dtype=self.df.dtype)
        self._dist_chi2 = Chi2(self.df.unsqueeze(-1) - steps)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, self._get_checked_instance(Wishart, _instance))
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        new._dist_chi2 = self._dist_chi2.expand(Size((*batch_shape, self._event_shape[-1])))
        return new

    def _whole(self, matrix: Tensor) -> Tensor:
        return matrix.expand((*self._batch_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Tensor:
        return self._whole(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        lower = self._unbroadcasted_scale_tril
        return self._whole(lower @ lower.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        return self._whole(wengert.cholesky_inverse(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> Tensor:
        return self.df[..., None, None] * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        return nan_where(factor <= 0, factor)[..., None, None] * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        v = self.covariance_matrix
        d = v.diagonal(0, -2, -1)
        return self.df[..., None, None] * (v.pow(2) + d.unsqueeze(-1) * d.unsqueeze(-2))

    def _bartlett_sampling(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        n = self._event_shape[-1]
        noise = self._dist_chi2.rsample(sample_shape).clamp(
            min=wengert.finfo(self._unbroadcasted_scale_tril.dtype).tiny
        )
        below = standard_normal((*noise.shape, n), self.df).tril(diagonal=-1)
        x = self._unbroadcasted_scale_tril @ (noise.sqrt().diag_embed() + below)
        return x @ x.mT

    def rsample(
        self,
        sample_shape: Any = Size(()),  # noqa: B008
        max_try_correction: int | None = None,
    ) -> Tensor:
        """Samples by Bartlett's decomposition; those that rounding made singular are drawn again,
        up to ``max_try_correction`` times (by default 3 for one distribution, 10 for a batch)."""
        if max_try_correction is None:
            max_try_correction = 3 if self._batch_shape.numel() == 1 else 10
        sample_shape = Size(sample_shape)
        sample = self._bartlett_sampling(sample_shape)
        for _ in range(max_try_correction):
            singular = ~self.support.check(sample)
            if not bool(singular.any()):
                return sample
            again = self._bartlett_sampling(sample_shape)
            sample = wengert.where(singular[..., None, None], again, sample)
        if bool((~self.support.check(sample)).any()):
            warnings.warn("Singular sample detected.", stacklevel=2)
        return sample

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        lower = self._unbroadcasted_scale_tril
        nu, p = self.df, self._event_shape[-1]
        solved = wengert.cholesky_solve(value, lower)
        return (
            -nu * (p * _log_2 / 2 + log_diagonal(lower))
            - wengert.mvlgamma(nu / 2, p)
            + (nu - p - 1) / 2 * _log_determinant(value)
            - solved.diagonal(0, -2, -1).sum(-1) / 2
        )

    def entropy(self) -> Tensor:
        nu, p = self.df, self._event_shape[-1]
        lower = self._unbroadcasted_scale_tril
        return (
            (p + 1) * (p * _log_2 / 2 + log_diagonal(lower))
            + wengert.mvlgamma(nu / 2, p)
            - (nu - p - 1) / 2 * _mvdigamma(nu / 2, p)
            + nu * p / 2
        )

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        p = self._event_shape[-1]
        half = y + (p + 1) / 2
        return half * (-_log_determinant(-2 * x) + _log_2 * p) + wengert.mvlgamma(half, p)
