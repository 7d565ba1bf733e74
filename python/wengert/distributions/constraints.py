"""Sets of values: what parameters may be, and where distributions live.

``constraint.check(value)`` says for each element, or each event where ``event_dim`` is greater than
0, whether it belongs to the set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

import wengert
from wengert import Tensor

__all__ = [
    "Constraint",
    "MixtureSameFamilyConstraint",
    "boolean",
    "cat",
    "corr_cholesky",
    "dependent",
    "dependent_property",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "is_dependent",
    "less_than",
    "lower_cholesky",
    "lower_triangular",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "positive_semidefinite",
    "real",
    "real_vector",
    "simplex",
    "square",
    "stack",
    "symmetric",
    "unit_interval",
]


class Constraint:
    """A set of values.

    Attributes:
        is_discrete: whether its values are countable.
        event_dim: how many of the last dimensions make one value.
    """

    is_discrete: Any = False
    event_dim: Any = 0

    def check(self, value: Tensor) -> Tensor:
        """A bool for each event in value: whether it belongs to the set."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{self.__class__.__name__[1:]}()"


class _Bounded(Constraint):
    """A set given by numbers or tensors, which its text shows."""

    _shown: tuple[str, ...] = ()

    def __repr__(self) -> str:
        bounds = ", ".join(f"{n}={getattr(self, n)}" for n in self._shown)
        return f"{self.__class__.__name__[1:]}({bounds})"


class _Dependent(Constraint):
    """A set that depends on other values, so that it cannot be checked alone."""

    def __init__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented):
        self._is_discrete = is_discrete
        self._event_dim = event_dim

    @property
    def is_discrete(self) -> bool:
        if self._is_discrete is NotImplemented:
            raise NotImplementedError(".is_discrete cannot be determined statically")
        return self._is_discrete

    @property
    def event_dim(self) -> int:
        if self._event_dim is NotImplemented:
            raise NotImplementedError(".event_dim cannot be determined statically")
        return self._event_dim

    def __call__(
        self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented
    ) -> _Dependent:
        """The same with what is known statically."""
        if is_discrete is NotImplemented:
            is_discrete = self._is_discrete
        if event_dim is NotImplemented:
            event_dim = self._event_dim
        return _Dependent(is_discrete=is_discrete, event_dim=event_dim)

    def check(self, value: Tensor) -> Tensor:
        raise ValueError("Cannot determine validity of dependent constraint")


def is_dependent(constraint: Any) -> bool:
    """Whether the set depends on other values."""
    return isinstance(constraint, _Dependent)


if TYPE_CHECKING:

    @overload
    def dependent_property(fn: Callable[..., Any]) -> Any: ...
    @overload
    def dependent_property(
        *, is_discrete: bool | None = NotImplemented, event_dim: int | None = NotImplemented
    ) -> Callable[[Callable[..., Any]], Any]: ...
    def dependent_property(fn: Any = None, **known: Any) -> Any: ...

else:

    class _DependentProperty(property, _Dependent):
        """A property that gives an instance's set, and on the class stands for a dependent one."""

        def __init__(self, fn=None, *, is_discrete=NotImplemented, event_dim=NotImplemented):
            super().__init__(fn)
            self._is_discrete = is_discrete
            self._event_dim = event_dim

        def __call__(self, fn):
            return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)

    dependent_property = _DependentProperty


class _IndependentConstraint(Constraint):
    """Of another set's values, `reinterpreted_batch_ndims` dimensions of them at a time."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int):
        if not isinstance(base_constraint, Constraint):
            raise AssertionError(
                f"independent: expected a Constraint, but got {type(base_constraint).__name__}"
            )
        if not isinstance(reinterpreted_batch_ndims, int) or reinterpreted_batch_ndims < 0:
            raise AssertionError(
                "independent: reinterpreted_batch_ndims must be a whole number of at least 0, but "
                f"is {reinterpreted_batch_ndims}"
            )
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> bool:
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> int:
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Tensor:
        result = self.base_constraint.check(value)
        n = self.reinterpreted_batch_ndims
        if result.dim() < n:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        return result.reshape((*result.shape[: result.dim() - n], -1)).all(-1)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__[1:]}({self.base_constraint!r}, "
            f"{self.reinterpreted_batch_ndims})"
        )


class MixtureSameFamilyConstraint(Constraint):
    """Values that belong to the set of every component of a mixture."""

    def __init__(self, base_constraint: Constraint):
        if not isinstance(base_constraint, Constraint):
            raise AssertionError(f"expected a Constraint, but got {type(base_constraint).__name__}")
        self.base_constraint = base_constraint

    @property
    def is_discrete(self) -> bool:
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> int:
        return self.base_constraint.event_dim

    def check(self, value: Tensor) -> Tensor:
        before_event = value.dim() - self.event_dim
        result = self.base_constraint.check(value.unsqueeze(before_event))
        if value.dim() < self.event_dim:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        kept = before_event
        return result.reshape((*result.shape[:kept], -1)).all(-1)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({self.base_constraint!r})"


class _Boolean(Constraint):
    """0 and 1."""

    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    """Vectors with one 1 among zeros."""

    is_discrete = True
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return ((value == 0) | (value == 1)).all(-1) & value.sum(-1).eq(1)


def _is_whole(value: Tensor) -> Tensor | bool:
    return value % 1 == 0 if value.is_floating_point() else True


class _IntegerInterval(_Bounded):
    """Whole numbers in [lower_bound, upper_bound]."""

    is_discrete = True
    _shown = ("lower_bound", "upper_bound")

    def __init__(self, lower_bound: Any, upper_bound: Any):
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return (self.lower_bound <= value) & (value <= self.upper_bound) & _is_whole(value)


class _IntegerLessThan(_Bounded):
    """Whole numbers up to upper_bound."""

    is_discrete = True
    _shown = ("upper_bound",)

    def __init__(self, upper_bound: Any):
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return (value <= self.upper_bound) & _is_whole(value)


class _IntegerGreaterThan(_Bounded):
    """Whole numbers from lower_bound on."""

    is_discrete = True
    _shown = ("lower_bound",)

    def __init__(self, lower_bound: Any):
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        return (value % 1 == 0) & (value >= self.lower_bound)


class _Real(Constraint):
    """Every number but NaN."""

    def check(self, value: Tensor) -> Tensor:
        return value == value


class _GreaterThan(_Bounded):
    """Above lower_bound."""

    _shown = ("lower_bound",)

    def __init__(self, lower_bound: Any):
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        return self.lower_bound < value


class _GreaterThanEq(_Bounded):
    """At least lower_bound."""

    _shown = ("lower_bound",)

    def __init__(self, lower_bound: Any):
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        return self.lower_bound <= value


class _LessThan(_Bounded):
    """Below upper_bound."""

    _shown = ("upper_bound",)

    def __init__(self, upper_bound: Any):
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return value < self.upper_bound


class _Interval(_Bounded):
    """[lower_bound, upper_bound]."""

    _shown = ("lower_bound", "upper_bound")

    def __init__(self, lower_bound: Any, upper_bound: Any):
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return (self.lower_bound <= value) & (value <= self.upper_bound)


class _HalfOpenInterval(_Bounded):
    """[lower_bound, upper_bound)."""

    _shown = ("lower_bound", "upper_bound")

    def __init__(self, lower_bound: Any, upper_bound: Any):
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return (self.lower_bound <= value) & (value < self.upper_bound)


class _Simplex(Constraint):
    """Vectors of at least 0 that sum to 1, to within 1e-6."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class _Multinomial(Constraint):
    """Vectors of counts that sum to at most upper_bound."""

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: Any):
        self.upper_bound = upper_bound

    def check(self, x: Tensor) -> Tensor:
        return (x >= 0).all(-1) & (x.sum(-1) <= self.upper_bound)


class _LowerTriangular(Constraint):
    """Square matrices with zeros above the diagonal."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        return (value.tril() == value).flatten(-2).all(-1)


class _LowerCholesky(Constraint):
    """Lower triangular matrices with a positive diagonal."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        lower = (value.tril() == value).flatten(-2).all(-1)
        return lower & (value.diagonal(0, -2, -1) > 0).all(-1)


class _CorrCholesky(Constraint):
    """Cholesky factors whose rows have length 1."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        # 10 eps of the dtype for each element of a row.
        tolerance = wengert.finfo(value.dtype).eps * value.shape[-1] * 10
        unit = ((value * value).sum(-1) - 1).abs().le(tolerance).all(-1)
        return lower_cholesky.check(value) & unit


class _Square(Constraint):
    """Square matrices."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        square = value.shape[-2] == value.shape[-1]
        return wengert.full(tuple(value.shape[:-2]), square, dtype=wengert.bool)


class _Symmetric(_Square):
    """Matrices that equal their transpose, to within 1e-6."""

    def check(self, value: Tensor) -> Tensor:
        square = super().check(value)
        if not bool(square.all()):
            return square
        return wengert.isclose(value, value.mT, atol=1e-6).all(-2).all(-1)


def _smallest_pivot_is(value: Tensor, strict: bool) -> Tensor:
    if strict:
        return wengert.linalg.cholesky_ex(value).info.eq(0)
    # A tiny multiple of the identity makes a semidefinite matrix definite, but no other one.
    eps = wengert.finfo(value.dtype).eps
    scale = value.diagonal(0, -2, -1).abs().amax(-1)[..., None, None]
    n = value.shape[-1]
    margin = (n * n * eps) * scale + wengert.finfo(value.dtype).tiny
    shifted = value + margin * wengert.eye(n, dtype=value.dtype)
    return wengert.linalg.cholesky_ex(shifted).info.eq(0)


class _PositiveSemidefinite(_Symmetric):
    """Symmetric matrices whose eigenvalues are at least 0."""

    def check(self, value: Tensor) -> Tensor:
        symmetric = super().check(value)
        if not bool(symmetric.all()):
            return symmetric
        return _smallest_pivot_is(value, strict=False)


class _PositiveDefinite(_Symmetric):
    """Symmetric matrices whose eigenvalues are positive."""

    def check(self, value: Tensor) -> Tensor:
        symmetric = super().check(value)
        if not bool(symmetric.all()):
            return symmetric
        return _smallest_pivot_is(value, strict=True)


class _Cat(Constraint):
    """Pieces along a dimension, each of a set of its own."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0, lengths: Any = None):
        if not all(isinstance(c, Constraint) for c in cseq):
            raise AssertionError("cat: all elements of cseq must be constraints")
        self.cseq = list(cseq)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise AssertionError(
                f"cat: {len(self.lengths)} lengths for {len(self.cseq)} constraints"
            )
        self.dim = dim

    @property
    def is_discrete(self) -> bool:
        return any(c.is_discrete for c in self.cseq)

    @property
    def event_dim(self) -> int:
        return max(c.event_dim for c in self.cseq)

    def check(self, value: Tensor) -> Tensor:
        if not -value.dim() <= self.dim < value.dim():
            raise AssertionError(f"cat: dim {self.dim} is not one of shape {tuple(value.shape)}")
        checks = []
        start = 0
        for c, n in zip(self.cseq, self.lengths):
            checks.append(c.check(value.narrow(self.dim, start, n)))
            start += n
        return wengert.cat(checks, self.dim)


class _Stack(Constraint):
    """Slices along a dimension, each of a set of its own."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0):
        if not all(isinstance(c, Constraint) for c in cseq):
            raise AssertionError("stack: all elements of cseq must be constraints")
        self.cseq = list(cseq)
        self.dim = dim

    @property
    def is_discrete(self) -> bool:
        return any(c.is_discrete for c in self.cseq)

    @property
    def event_dim(self) -> int:
        dim = max(c.event_dim for c in self.cseq)
        return dim + 1 if self.dim + dim < 0 else dim

    def check(self, value: Tensor) -> Tensor:
        if not -value.dim() <= self.dim < value.dim():
            raise AssertionError(f"stack: dim {self.dim} is not one of shape {tuple(value.shape)}")
        slices = [value.select(self.dim, i) for i in range(value.shape[self.dim])]
        return wengert.stack([c.check(v) for v, c in zip(slices, self.cseq)], self.dim)


dependent = _Dependent()
independent = _IndependentConstraint
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
real_vector = independent(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
multinomial = _Multinomial
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
cat = _Cat
stack = _Stack
