"""The base class of distributions."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import wengert
from wengert import Size, Tensor
from wengert.distributions import constraints
from wengert.distributions.utils import lazy_property

__all__ = ["Distribution"]


class Distribution:
    """A distribution of values of shape ``event_shape``, in a batch of shape ``batch_shape``.

    Args:
        validate_args: check parameters here, and values where densities are asked for; None for
            what `set_default_validate_args` says.

    Raises:
        ValueError: a parameter is outside its constraint.
    """

    has_rsample: bool = False
    has_enumerate_support: bool = False
    _validate_args: bool = __debug__
    # Parameters that `expand` makes larger: of the batch's shape, maybe with more behind it.
    _expanded: ClassVar[tuple[str, ...]] = ()

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check their arguments unless told otherwise; at first they do,
        unless Python runs with -O."""
        if value not in [True, False]:
            raise ValueError(f"set_default_validate_args: expected a bool, but got {value!r}")
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Any = Size(()),  # noqa: B008
        event_shape: Any = Size(()),  # noqa: B008
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape = batch_shape
        self._event_shape = event_shape
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._validate_parameters()

    def _validate_parameters(self) -> None:
        try:
            wanted = self.arg_constraints
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`; set them to {{}} or give "
                "validate_args=False",
                stacklevel=4,
            )
            return
        for name, constraint in wanted.items():
            if constraints.is_dependent(constraint):
                continue
            kind: Any = lazy_property
            if name not in self.__dict__ and isinstance(getattr(type(self), name, None), kind):
                continue
            value = getattr(self, name)
            if not bool(constraint.check(value).all()):
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                    f"{constraint!r}, but found invalid values:\n{value}"
                )

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, their batch expanded to a larger shape.

        Raises:
            NotImplementedError: a subclass with an ``__init__`` of its own does not say how.
        """
        owner = next((c for c in type(self).__mro__ if "_expanded" in c.__dict__), Distribution)
        if owner is Distribution:
            raise NotImplementedError
        new = self._get_checked_instance(owner, _instance)
        batch_shape = Size(batch_shape)
        before = len(self._batch_shape)
        for name in self._expanded:
            if name in self.__dict__:
                value = self.__dict__[name]
                setattr(new, name, value.expand((*batch_shape, *value.shape[before:])))
        return self._finish_expand(new, batch_shape)

    def _finish_expand(self, new: Any, batch_shape: Any) -> Any:
        """Sets what every distribution has; the parameters were checked before."""
        Distribution.__init__(new, batch_shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def batch_shape(self) -> Any:
        """The shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Any:
        """The shape of one value."""
        return self._event_shape

    @property
    def arg_constraints(self) -> Any:
        """The parameters' names and what they must satisfy."""
        raise NotImplementedError

    @property
    def support(self) -> Any:
        """The set of possible values."""
        raise NotImplementedError

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self) -> Tensor:
        """The most likely value."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        """Random values, shape sample_shape + batch_shape + event_shape, without gradients."""
        with wengert.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = Size(())) -> Tensor:  # noqa: B008
        """Random values that are differentiable functions of the parameters."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Tensor:
        """n random values or batches of them; use sample((n,))."""
        warnings.warn("sample_n(n) is deprecated; use sample((n,))", UserWarning, stacklevel=2)
        return self.sample(Size((n,)))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density or probability at value."""
        raise NotImplementedError

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of values up to this one."""
        raise NotImplementedError

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of cdf: quantiles."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values, along a new first dimension; with expand each for the whole batch, otherwise
        the batch's dimensions have size 1."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The entropy in nats, shape batch_shape."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """e^entropy, shape batch_shape."""
        return wengert.exp(self.entropy())

    def _extended_shape(self, sample_shape: Any = Size(())) -> Any:  # noqa: B008
        """The shape of samples."""
        if not isinstance(sample_shape, Size):
            sample_shape = Size(sample_shape)
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _validate_sample(self, value: Any) -> None:
        """Raises ValueError unless log_prob, cdf or icdf can take this value."""
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        given, expected = value.shape, (*self._batch_shape, *self._event_shape)
        if given != expected:
            start = len(given) - len(self._event_shape)
            if tuple(given[start:]) != tuple(self._event_shape):
                raise ValueError(
                    "The right-most size of value must match event_shape: "
                    f"{tuple(given)} vs {tuple(self._event_shape)}."
                )
            for i, j in zip(reversed(given), reversed(expected)):
                if i != 1 and j != 1 and i != j:
                    raise ValueError(
                        "Value is not broadcastable with batch_shape+event_shape: "
                        f"{tuple(given)} vs {expected}."
                    )
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{self.__class__} does not define `support` to enable sample validation. Please "
                "initialize the distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        if not bool(support.check(value).all()):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) "
                f"to be within the support ({support!r}) of the distribution {self!r}, but found "
                f"invalid values:\n{value}"
            )

    def _get_checked_instance(self, cls: Any, _instance: Any = None) -> Any:
        if _instance is None and type(self).__init__ is not cls.__init__:
            raise NotImplementedError(
                f"Subclass {self.__class__.__name__} of {cls.__name__} that defines a custom "
                "__init__ method must also define a custom .expand() method."
            )
        return self.__new__(type(self)) if _instance is None else _instance

    def __repr__(self) -> str:
        shown = [n for n in self.arg_constraints if n in self.__dict__]

        def text(value: Tensor) -> str:
            return f"{value if value.numel() == 1 else value.shape}"

        arguments = ", ".join(f"{n}: {text(self.__dict__[n])}" for n in shown)
        return f"{self.__class__.__name__}({arguments})"
