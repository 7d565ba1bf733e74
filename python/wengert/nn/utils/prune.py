"""Pruning: tensors of modules multiplied by masks of zeros and ones.

A pruned tensor ``name`` is a plain attribute, computed before each call from the parameter
``name_orig`` and the buffer ``name_mask``. Pruning it again works on what is left.
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

import wengert
from wengert import Tensor
from wengert._reductions import norm
from wengert.nn.utils import _hooks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class BasePruningMethod(ABC):
    """What computes a mask; subclasses define ``PRUNING_TYPE`` ("unstructured", "structured" or
    "global") and :meth:`compute_mask`."""

    PRUNING_TYPE: str
    _tensor_name: str

    @property
    def name(self) -> str:
        """The pruned tensor's name."""
        return self._tensor_name

    def __call__(self, module: Any, inputs: object) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for importance scores ``t``, on top of ``default_mask``."""

    def apply_mask(self, module: Any) -> Tensor:
        """The original tensor times its mask."""
        name = getattr(self, "_tensor_name", None)
        if name is None:
            raise AssertionError(f"Module {module} has to be pruned")
        mask = getattr(module, name + "_mask")
        original = getattr(module, name + "_orig")
        return mask.to(original.dtype) * original

    @classmethod
    def apply(
        cls,
        module: Any,
        name: str,
        *args: Any,
        importance_scores: Tensor | None = None,
        **kwargs: Any,
    ) -> BasePruningMethod:
        """Prunes ``module.name`` now and before each call; ``args`` make the method.

        Args:
            importance_scores: what decides, of the tensor's shape; None: the tensor itself.
        """
        method: BasePruningMethod = cls(*args, **kwargs)
        method._tensor_name = name
        found = _hooks_of.find_hook(module, BasePruningMethod, name)
        tensor = getattr(module, name)
        if importance_scores is None:
            scores = tensor
        else:
            if importance_scores.shape != tensor.shape:
                raise AssertionError(
                    f"importance_scores should have the same shape as parameter {name} of "
                    f"{module}, got {tuple(importance_scores.shape)} vs {tuple(tensor.shape)}"
                )
            scores = importance_scores
        if found is None:
            before = wengert.ones_like(tensor)
        else:
            before = getattr(module, name + "_mask").detach().clone()
            container = found[1]
            if not isinstance(container, PruningContainer):
                container = PruningContainer(container)
            container.add_pruning_method(method)
            method = container
        mask = method.compute_mask(scores.detach(), before)
        if not isinstance(mask, Tensor) or mask.shape != tensor.shape:
            given = tuple(mask.shape) if isinstance(mask, Tensor) else type(mask).__name__
            raise ValueError(
                f"prune: compute_mask must give a mask of shape {tuple(tensor.shape)}, but gave "
                f"{given}"
            )
        # Nothing has changed so far: a method that fails leaves the module as it was.
        if found is None:
            delattr(module, name)
            module.register_parameter(name + "_orig", tensor)
        else:
            del module._hooks.forward_pre[found[0]]
        module.register_buffer(name + "_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(
        self,
        t: Tensor,
        default_mask: Tensor | None = None,
        importance_scores: Tensor | None = None,
    ) -> Tensor:
        """``t`` with the mask applied that this method computes, and nothing else done."""
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise AssertionError("importance_scores should have the same shape as tensor t")
        mask = wengert.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=mask)

    def remove(self, module: Any) -> None:
        """Makes the pruned values those of the parameter; the hook is the caller's to remove."""
        name = getattr(self, "_tensor_name", None)
        if name is None:
            raise AssertionError(f"Module {module} has to be pruned before pruning can be removed")
        weight = self.apply_mask(module)
        original = getattr(module, name + "_orig")
        original.data = weight.detach()
        for n in (name, name + "_orig", name + "_mask"):
            delattr(module, n)
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """Several methods for one tensor, each working on what those before it left."""

    def __init__(self, *args: Any) -> None:
        self._pruning_methods: tuple = ()
        if len(args) == 1 and isinstance(args[0], BasePruningMethod):
            self._tensor_name = args[0]._tensor_name
            self.add_pruning_method(args[0])
        else:
            methods = args[0] if len(args) == 1 and isinstance(args[0], Iterable) else args
            for method in methods:
                self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod | None) -> None:
        """Adds one more method, for the same tensor."""
        if method is None:
            return
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if getattr(self, "_tensor_name", method._tensor_name) != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The given mask with that of the last method in the part that it still works on."""
        method = self._pruning_methods[-1]
        mask = default_mask.to(t.dtype).clone()
        place: Any
        if method.PRUNING_TYPE == "unstructured":
            place = mask == 1
        elif method.PRUNING_TYPE == "structured":
            if not hasattr(method, "dim"):
                raise AttributeError(
                    "Pruning methods of PRUNING_TYPE 'structured' need to have the attribute "
                    "`dim` defined."
                )
            dim = method.dim % t.ndim
            others = [d for d in range(t.ndim) if d != dim]
            kept = (mask.sum(others) > 0).nonzero().squeeze(1)
            place = (slice(None),) * dim + (kept,)
        elif method.PRUNING_TYPE == "global":
            place = (slice(None),) * t.ndim
        else:
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        mask[place] = method.compute_mask(t[place], default_mask=mask[place]).to(mask.dtype)
        return mask


# ---- amounts -------------------------------------------------------------------------------


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    value = float(amount)
    if value < 0 or (value > 1 and not isinstance(amount, numbers.Integral)):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
            "integer"
        )


def _count(amount: Any, size: int) -> int:
    """How many of ``size`` are pruned: the number itself, or a fraction."""
    if not isinstance(amount, numbers.Integral):
        return round(amount * size)
    if int(amount) > size:
        raise ValueError(
            f"amount={amount} should be smaller than the number of parameters to prune={size}"
        )
    return int(amount)


def _check_structured(t: Tensor, dim: int) -> None:
    if t.ndim <= 1:
        raise ValueError(
            "Structured pruning can only be applied to multidimensional tensors. Found tensor of "
            f"shape {tuple(t.shape)} with {t.ndim} dims"
        )
    if not -t.ndim <= dim < t.ndim:
        raise IndexError(f"Invalid index {dim} for tensor of size {tuple(t.shape)}")


# ---- methods -------------------------------------------------------------------------------


class Identity(BasePruningMethod):
    """Prunes nothing, but makes the tensor a pruned one."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask

    @classmethod
    def apply(cls, module: Any, name: str) -> BasePruningMethod:  # type: ignore[override]
        """Gives ``module.name`` a mask of ones."""
        return super().apply(module, name)


class _Unstructured(BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def _importance(self, t: Tensor) -> Tensor:
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        n = _count(self.amount, t.numel())
        if n == 0:
            return default_mask.clone()
        lowest = self._importance(t).reshape(-1).topk(n, largest=False)[1]
        flat = default_mask.reshape(-1).clone()
        flat[lowest] = 0
        return flat.reshape(default_mask.shape)


class RandomUnstructured(_Unstructured):
    """Prunes elements at random: a number of them (int) or a fraction (float)."""

    def _importance(self, t: Tensor) -> Tensor:
        return wengert.rand_like(t)

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Any, name: str, amount: float
    ) -> BasePruningMethod:
        """Prunes ``module.name``."""
        return super().apply(module, name, amount=amount)


class L1Unstructured(_Unstructured):
    """Prunes the elements of smallest size: a number of them (int) or a fraction (float)."""

    def _importance(self, t: Tensor) -> Tensor:
        return t.abs()

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Any, name: str, amount: float, importance_scores: Tensor | None = None
    ) -> BasePruningMethod:
        """Prunes ``module.name``."""
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


class _Structured(BasePruningMethod):
    PRUNING_TYPE = "structured"
    amount: float
    dim: int

    def _importance(self, t: Tensor) -> Tensor:
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        _check_structured(t, self.dim)
        size = t.shape[self.dim]
        n = _count(self.amount, size)
        if n == 0:
            return default_mask
        kept = self._importance(t).topk(size - n)[1]
        mask = wengert.zeros_like(t)
        mask[(slice(None),) * (self.dim % t.ndim) + (kept,)] = 1
        return mask * default_mask.to(mask.dtype)


class RandomStructured(_Structured):
    """Prunes channels along ``dim`` at random."""

    def __init__(self, amount: float, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.dim = dim

    def _importance(self, t: Tensor) -> Tensor:
        return wengert.rand(t.shape[self.dim])

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Any, name: str, amount: float, dim: int = -1
    ) -> BasePruningMethod:
        """Prunes ``module.name``."""
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(_Structured):
    """Prunes the channels along ``dim`` of the smallest n-norm."""

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.n = n
        self.dim = dim

    def _importance(self, t: Tensor) -> Tensor:
        others = tuple(d for d in range(t.ndim) if d != self.dim % t.ndim)
        return norm(t, self.n, others)

    @classmethod
    def apply(  # type: ignore[override]
        cls,
        module: Any,
        name: str,
        amount: float,
        n: Any,
        dim: int,
        importance_scores: Tensor | None = None,
    ) -> BasePruningMethod:
        """Prunes ``module.name``."""
        return super().apply(
            module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores
        )


class CustomFromMask(BasePruningMethod):
    """Prunes by a given mask."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {tuple(default_mask.shape)} must match self.mask shape "
                f"{tuple(self.mask.shape)}"
            )
        return default_mask * self.mask.to(default_mask.dtype)

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Any, name: str, mask: Tensor
    ) -> BasePruningMethod:
        """Prunes ``module.name``."""
        return super().apply(module, name, mask=mask)


# ---- functions -----------------------------------------------------------------------------


def identity(module: Any, name: str) -> Any:
    """Gives ``module.name`` a mask of ones."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: float) -> Any:
    """Prunes elements at random: a number of them (int) or a fraction (float)."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Any, name: str, amount: float, importance_scores: Tensor | None = None
) -> Any:
    """Prunes the elements of smallest size, or of the smallest ``importance_scores``."""
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Any, name: str, amount: float, dim: int) -> Any:
    """Prunes channels along ``dim`` at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Any,
    name: str,
    amount: float,
    n: Any,
    dim: int,
    importance_scores: Tensor | None = None,
) -> Any:
    """Prunes the channels along ``dim`` of the smallest n-norm."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def global_unstructured(
    parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prunes elements of several tensors together.

    Args:
        parameters: pairs of a module and a tensor's name.
        pruning_method: an unstructured method's class, made with ``kwargs``.
        importance_scores: tensors by such pairs; where there is none, the tensor itself decides.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    if importance_scores is None:
        importance_scores = {}
    elif not isinstance(importance_scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    pairs = list(parameters)
    tensors = [getattr(module, name) for module, name in pairs]
    scores = [importance_scores.get(pair, t) for pair, t in zip(pairs, tensors, strict=True)]
    masks = [
        getattr(module, name + "_mask", wengert.ones_like(t))
        for (module, name), t in zip(pairs, tensors, strict=True)
    ]
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    method._tensor_name = "all"
    mask = PruningContainer(method).compute_mask(
        wengert.cat([s.detach().reshape(-1) for s in scores]),
        wengert.cat([m.reshape(-1) for m in masks]),
    )
    sizes = [t.numel() for t in tensors]
    for (module, name), t, part in zip(pairs, tensors, mask.split(sizes), strict=True):
        custom_from_mask(module, name, mask=part.reshape(t.shape))


def custom_from_mask(module: Any, name: str, mask: Tensor) -> Any:
    """Prunes by a given mask."""
    CustomFromMask.apply(module, name, mask)
    return module


def remove(module: Any, name: str) -> Any:
    """Makes the pruned tensor a parameter of its pruned values; they stay zero."""
    found = _hooks_of.find_hook(module, BasePruningMethod, name)
    if found is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    found[1].remove(module)
    del module._hooks.forward_pre[found[0]]
    return module


def is_pruned(module: Any) -> bool:
    """Whether the module, or one inside it, is pruned."""
    return any(
        True
        for inner in module.modules()
        for _ in _hooks_of.forward_pre_hooks(inner, BasePruningMethod)
    )
