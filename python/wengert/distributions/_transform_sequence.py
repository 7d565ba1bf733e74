"""Transforms that apply others to pieces of a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import wengert
from wengert import Tensor
from wengert.distributions import constraints
from wengert.distributions._transform_base import Transform
from wengert.distributions.utils import sum_rightmost


def _check(condition: bool, text: str) -> None:
    if not condition:
        raise AssertionError(text)


class CatTransform(Transform):
    """One transform for each piece along ``dim``; the pieces are as long as ``lengths`` says, by
    default 1."""

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        _check(all(isinstance(t, Transform) for t in tseq), "CatTransform: expected transforms")
        if cache_size:
            tseq = [t.with_cache(cache_size) for t in tseq]
        super().__init__(cache_size=cache_size)
        self.transforms = list(tseq)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        _check(
            len(self.lengths) == len(self.transforms),
            f"CatTransform: {len(self.lengths)} lengths for {len(self.transforms)} transforms",
        )
        self.dim = dim

    @property
    def event_dim(self) -> int:
        return max(t.event_dim for t in self.transforms)

    @property
    def length(self) -> int:
        """The length of all pieces together."""
        return sum(self.lengths)

    def with_cache(self, cache_size: int = 1) -> Any:
        return self._remake(cache_size, self.transforms, self.dim, self.lengths)

    def _pieces(self, x: Tensor) -> list[Tensor]:
        _check(
            -x.dim() <= self.dim < x.dim() and x.shape[self.dim] == self.length,
            f"CatTransform: expected length {self.length} along dim {self.dim}, but got shape "
            f"{tuple(x.shape)}",
        )
        pieces = []
        start = 0
        for n in self.lengths:
            pieces.append(x.narrow(self.dim, start, n))
            start += n
        return pieces

    def _call(self, x: Tensor) -> Tensor:
        return wengert.cat([t(v) for t, v in zip(self.transforms, self._pieces(x))], self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        return wengert.cat([t.inv(v) for t, v in zip(self.transforms, self._pieces(y))], self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        changes = []
        for t, u, v in zip(self.transforms, self._pieces(x), self._pieces(y)):
            change = t.log_abs_det_jacobian(u, v)
            if t.event_dim < self.event_dim:
                change = sum_rightmost(change, self.event_dim - t.event_dim)
            changes.append(change)
        dim = self.dim - x.dim() if self.dim >= 0 else self.dim
        dim += self.event_dim
        if dim < 0:
            return wengert.cat(changes, dim)
        total = changes[0]
        for change in changes[1:]:
            total = total + change
        return total

    @property
    def bijective(self) -> bool:
        return all(t.bijective for t in self.transforms)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)


class StackTransform(Transform):
    """One transform for each slice along ``dim``."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        _check(all(isinstance(t, Transform) for t in tseq), "StackTransform: expected transforms")
        if cache_size:
            tseq = [t.with_cache(cache_size) for t in tseq]
        super().__init__(cache_size=cache_size)
        self.transforms = list(tseq)
        self.dim = dim

    def with_cache(self, cache_size: int = 1) -> Any:
        return self._remake(cache_size, self.transforms, self.dim)

    def _slices(self, z: Tensor) -> list[Tensor]:
        _check(
            -z.dim() <= self.dim < z.dim() and z.shape[self.dim] == len(self.transforms),
            f"StackTransform: expected {len(self.transforms)} slices along dim {self.dim}, but "
            f"got shape {tuple(z.shape)}",
        )
        return [z.select(self.dim, i) for i in range(z.shape[self.dim])]

    def _call(self, x: Tensor) -> Tensor:
        return wengert.stack([t(v) for t, v in zip(self.transforms, self._slices(x))], self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        slices = [t.inv(v) for t, v in zip(self.transforms, self._slices(y))]
        return wengert.stack(slices, self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        pairs = zip(self.transforms, self._slices(x), self._slices(y))
        return wengert.stack([t.log_abs_det_jacobian(u, v) for t, u, v in pairs], self.dim)

    @property
    def bijective(self) -> bool:
        return all(t.bijective for t in self.transforms)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.stack([t.codomain for t in self.transforms], self.dim)
