"""The von Mises distribution."""

from __future__ import annotations

import math
from typing import Any

import wengert
from wengert import Size, Tensor
from wengert.distributions import constraints
from wengert.distributions.distribution import Distribution
from wengert.distributions.utils import broadcast_all, lazy_property

__all__ = ["VonMises"]


class VonMises(Distribution):
    """Angles in [-pi, pi) with density proportional to e^(concentration cos(x - loc))."""

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    has_rsample = False
    _expanded = ("loc", "concentration")

    def __init__(
        self, loc: Tensor, concentration: Tensor, validate_args: bool | None = None
    ) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, Size(()), validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        k = self.concentration
        log_i0 = wengert.i0e(k).log() + k
        return k * wengert.cos(value - self.loc) - math.log(2 * math.pi) - log_i0

    @property
    def mean(self) -> Tensor:
        """The mean direction."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> Tensor:
        """The circular variance, 1 - I1(concentration) / I0(concentration)."""
        k = self.concentration
        return 1 - wengert.i1e(k) / wengert.i0e(k)

    @lazy_property
    def _proposal_r(self) -> Tensor:
        k = self.concentration.double()
        tau = 1 + (1 + 4 * k**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        # For small k the difference loses its digits; rho is about k.
        return wengert.where(k < 1e-5, 1 / k + k, (1 + rho**2) / (2 * rho))

    def sample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        """Best and Fisher, "Efficient simulation of the von Mises distribution" (1979)."""
        with wengert.no_grad():
            shape = self._extended_shape(sample_shape)
            r = self._proposal_r.detach().expand(shape)
            k = self.concentration.detach().double().expand(shape)
            x = wengert.zeros(shape, dtype=wengert.float64)
            done = wengert.zeros(shape, dtype=wengert.bool)
            while not bool(done.all()):
                u1, u2, u3 = wengert.rand((3, *shape), dtype=wengert.float64).unbind()
                z = wengert.cos(math.pi * u1)
                f = (1 + r * z) / (r + z)
                c = k * (r - f)
                accept = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
                x = wengert.where(accept & ~done, (u3 - 0.5).sign() * f.clamp(-1, 1).acos(), x)
                done = done | accept
            angle = (x + math.pi + self.loc.double()) % (2 * math.pi) - math.pi
            return angle.to(self.loc.dtype)
