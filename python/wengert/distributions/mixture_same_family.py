"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

import wengert
from wengert import Size, Tensor
from wengert.distributions import constraints
from wengert.distributions.categorical import Categorical
from wengert.distributions.distribution import Distribution

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A value of one of the distributions in the last batch dimension of
    ``component_distribution``, each taken with the probability that ``mixture_distribution`` gives
    its place."""

    arg_constraints: dict[str, constraints.Constraint] = {}
    has_rsample = False
    _expanded = ()

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError("The mixture distribution needs to be an instance of Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError("The component distribution needs to be an instance of Distribution")
        batch = component_distribution.batch_shape
        for a, b in zip(reversed(mixture_distribution.batch_shape), reversed(batch[:-1])):
            if a != 1 and b != 1 and a != b:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({tuple(mixture_distribution.batch_shape)}"
                    f") is not compatible with `component_distribution.batch_shape` "
                    f"({tuple(batch)})"
                )
        components = mixture_distribution.logits.shape[-1]
        if components != batch[-1]:
            raise ValueError(
                f"`mixture_distribution component` ({components}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({batch[-1]})"
            )
        self._num_component = components
        event_shape = component_distribution.event_shape
        self._event_ndims = len(event_shape)
        super().__init__(Size(batch[:-1]), event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        # The batch of the components has one dimension more.
        new = self._get_checked_instance(MixtureSameFamily, _instance)
        batch_shape = Size(batch_shape)
        new._component_distribution = self._component_distribution.expand(
            Size((*batch_shape, self._num_component))
        )
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        new._num_component = self._num_component
        new._event_ndims = self._event_ndims
        return self._finish_expand(new, batch_shape)

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Categorical:
        """The distribution of the components' numbers."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components."""
        return self._component_distribution

    def _average(self, values: Tensor) -> Tensor:
        """The mean over the components, weighted by their probabilities."""
        weights = self._pad_mixture_dimensions(self.mixture_distribution.probs)
        return (weights * values).sum(-1 - self._event_ndims)

    @property
    def mean(self) -> Tensor:
        return self._average(self.component_distribution.mean)

    @property
    def variance(self) -> Tensor:
        """The mean of the variances and the variance of the means."""
        away = self.component_distribution.mean - self._pad(self.mean)
        return self._average(self.component_distribution.variance) + self._average(away.pow(2.0))

    def cdf(self, x: Tensor) -> Tensor:
        cdf = self.component_distribution.cdf(self._pad(x))
        return (cdf * self.mixture_distribution.probs).sum(-1)

    def log_prob(self, x: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(x)
        log_prob = self.component_distribution.log_prob(self._pad(x))
        weights = wengert.log_softmax(self.mixture_distribution.logits, dim=-1)
        return wengert.logsumexp(log_prob + weights, dim=-1)

    def sample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        with wengert.no_grad():
            sample_shape = Size(sample_shape)
            dim = len(sample_shape) + len(self.batch_shape)
            mixture = self.mixture_distribution
            if mixture.batch_shape != self.batch_shape:
                mixture = mixture.expand(self.batch_shape)
            which = mixture.sample(sample_shape)
            values = self.component_distribution.sample(sample_shape)
            which = which.reshape((*which.shape, *(1,) * (self._event_ndims + 1)))
            which = which.expand((*which.shape[: dim + 1], *self.event_shape))
            return values.gather(dim, which).squeeze(dim)

    def _pad(self, x: Tensor) -> Tensor:
        return x.unsqueeze(-1 - self._event_ndims)

    def _pad_mixture_dimensions(self, x: Tensor) -> Tensor:
        """Probabilities with a dimension for each one of the components' values."""
        missing = len(self.batch_shape) - len(self.mixture_distribution.batch_shape)
        shape = tuple(x.shape)
        return x.reshape((*shape[:-1], *(1,) * missing, shape[-1], *(1,) * self._event_ndims))

    def __repr__(self) -> str:
        return (
            f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
        )
