"""The LKJ distribution of correlation matrices, by their Cholesky factors."""

from __future__ import annotations

import math
from typing import Any

import wengert
from wengert import Size, Tensor
from wengert.distributions import constraints
from wengert.distributions.beta import Beta
from wengert.distributions.distribution import Distribution
from wengert.distributions.utils import broadcast_all, standard_normal
from wengert.nn import functional as F

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Lower Cholesky factors L of ``dim`` by ``dim`` correlation matrices M = L L^T with density
    proportional to det(M)^(concentration - 1) (Lewandowski, Kurowicka and Joe, 2009).

    With concentration 1 the correlation matrices are uniform. Samples come from the onion method.
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky
    _expanded = ("concentration",)

    def __init__(
        self,
        dim: int,
        concentration: Tensor | float = 1.0,
        validate_args: bool | None = None,
    ) -> None:
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        batch = self.concentration.shape
        # The squared length of each row without its diagonal, but for the first: half the number of
        # its elements and what the rows below add.
        before = 0.5 * F.pad(wengert.arange(dim - 1, dtype=self.concentration.dtype), [1, 0])
        marginal = (self.concentration + 0.5 * (dim - 2)).unsqueeze(-1)
        self._beta = Beta(before + 0.5, marginal - before)
        super().__init__(batch, Size((dim, dim)), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, self._get_checked_instance(LKJCholesky, _instance))
        new.dim = self.dim
        new._beta = self._beta.expand(Size((*batch_shape, self.dim)))
        return new

    def sample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        with wengert.no_grad():
            length = self._beta.sample(sample_shape).unsqueeze(-1).sqrt()
            u = standard_normal(self._extended_shape(sample_shape), self.concentration).tril(-1)
            # The first row has no direction.
            norm = u.norm(dim=-1, keepdim=True)
            direction = u / wengert.where(norm == 0, wengert.ones_like(norm), norm)
            below = length * direction
            tiny = wengert.finfo(below.dtype).tiny
            diagonal = (1 - (below**2).sum(-1)).clamp(min=tiny).sqrt()
            return below + diagonal.diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        c = self.concentration
        diagonal = value.diagonal(0, -2, -1)[..., 1:]
        order = wengert.arange(2, self.dim + 1, dtype=c.dtype)
        order = 2 * (c - 1).unsqueeze(-1) + self.dim - order
        # The density of M times that of the change of variables, of which the constant follows.
        n = self.dim - 1
        alpha = c + 0.5 * n
        constant = (
            0.5 * n * math.log(math.pi) + wengert.mvlgamma(alpha - 0.5, n) - alpha.lgamma() * n
        )
        return (order * diagonal.log()).sum(-1) - constant
