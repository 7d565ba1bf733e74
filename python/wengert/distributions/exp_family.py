"""Distributions of the exponential family."""

from __future__ import annotations

from typing import Any

import wengert
from wengert import Tensor
from wengert.distributions.distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """p(x; theta) = exp(<t(x), theta> - F(theta) + k(x)), with natural parameters theta, sufficient
    statistics t, log normaliser F and carrier measure k.

    Subclasses give `_natural_params`, `_log_normalizer` and `_mean_carrier_measure`; the entropy
    follows from the derivatives of F (Nielsen and Nock, "Entropies and cross-entropies of
    exponential families", 2010).
    """

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> Any:
        """The mean of k(x)."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """F(theta) - <theta, F'(theta)> - E[k(x)]."""
        result = -self._mean_carrier_measure
        natural = [p.detach().requires_grad_() for p in self._natural_params]
        normalizer = self._log_normalizer(*natural)
        slopes = wengert.autograd.grad(normalizer.sum(), natural, create_graph=True)
        result = result + normalizer
        for p, slope in zip(natural, slopes):
            terms = p * slope
            result = result - terms.reshape((*self._batch_shape, -1)).sum(-1)
        return result
