"""Kullback-Leibler divergences KL(p || q), the mean under p of log p - log q, in closed form."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import total_ordering
from typing import Any

from wengert import Tensor
from wengert.distributions.distribution import Distribution

__all__ = ["kl_divergence", "register_kl"]

_KL_REGISTRY: dict[tuple[type, type], Callable[..., Any]] = {}
_KL_MEMOIZE: dict[tuple[type, type], Callable[..., Any]] = {}


def register_kl(type_p: Any, type_q: Any) -> Callable[[Any], Any]:
    """A decorator that registers a function of two distributions of these classes, or of classes
    derived from them, for `kl_divergence`. Where several fit, the most special one is taken; should
    p and q disagree about it, p decides, with a warning."""
    for t in (type_p, type_q):
        if not isinstance(t, type) or not issubclass(t, Distribution):
            raise TypeError(f"Expected type_p and type_q to be Distribution subclasses but got {t}")

    def register(function: Any) -> Any:
        _KL_REGISTRY[type_p, type_q] = function
        _KL_MEMOIZE.clear()
        return function

    return register


@total_ordering
class _Match:
    """Classes, of which those are less that are derived from others."""

    __slots__ = ("types",)

    def __init__(self, *types: type) -> None:
        self.types = types

    def __eq__(self, other: Any) -> bool:
        return self.types == other.types

    __hash__ = None  # type: ignore[assignment]

    def __le__(self, other: Any) -> bool:
        for x, y in zip(self.types, other.types):
            if not issubclass(x, y):
                return False
            if x is not y:
                break
        return True


def _dispatch_kl(type_p: type, type_q: type) -> Any:
    """The function that fits best; NotImplemented where there is none."""
    matches = [(p, q) for p, q in _KL_REGISTRY if issubclass(type_p, p) and issubclass(type_q, q)]
    if not matches:
        return NotImplemented
    by_p = min(_Match(*m) for m in matches).types
    by_q = min(_Match(*reversed(m)) for m in matches).types
    left, right = _KL_REGISTRY[by_p[0], by_p[1]], _KL_REGISTRY[by_q[1], by_q[0]]
    if left is not right:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please "
            f"register_kl({by_p[0].__name__}, {by_q[0].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return left


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """KL(p || q) for each distribution of the batch.

    Raises:
        NotImplementedError: no function is registered for these classes.
    """
    key = type(p), type(q)
    function: Any = _KL_MEMOIZE.get(key)
    if function is None:
        function = _KL_MEMOIZE[key] = _dispatch_kl(*key)
    if function is NotImplemented:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {key[0].__name__} and q type "
            f"{key[1].__name__}"
        )
    return function(p, q)


# Registration happens on import.
from wengert.distributions import _kl_across, _kl_alike  # noqa: E402, F401
