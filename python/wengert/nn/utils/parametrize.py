"""Parameters and buffers that are computed from others.

``register_parametrization(module, "weight", f)`` makes ``module.weight`` be
``f(module.parametrizations.weight.original)``: the class of the module becomes a subclass in which
``weight`` is a property.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from wengert import Tensor, no_grad
from wengert.nn.container import ModuleDict, ModuleList
from wengert.nn.module import Module
from wengert.nn.parameter import Parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

_cache_depth = 0
_cache: dict[tuple[int, str], Tensor] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Inside, each parametrized tensor is computed once and then remembered."""
    global _cache_depth
    _cache_depth += 1
    try:
        yield
    finally:
        _cache_depth -= 1
        if _cache_depth == 0:
            _cache.clear()


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _check_like(what: str, tensor: object, like: Tensor, source: object) -> None:
    """ValueError unless ``tensor`` could stand for ``like``."""
    if not isinstance(tensor, Tensor):
        raise ValueError(f"{what} must return a tensor. Got {type(tensor).__name__}.\n{source}")
    if tensor.dtype is not like.dtype:
        raise ValueError(
            f"{what} may not change the dtype of the tensor: expected {like.dtype}, got "
            f"{tensor.dtype}.\n{source}"
        )
    if tensor.shape != like.shape:
        raise ValueError(
            f"{what} may not change the shape of the tensor: expected {tuple(like.shape)}, got "
            f"{tuple(tensor.shape)}.\n{source}"
        )
    if tensor.layout != like.layout:
        raise ValueError(
            f"{what} may not change the layout of the tensor: expected {like.layout}, got "
            f"{tensor.layout}.\n{source}"
        )


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied in order, and what they start from: ``original``,
    or ``original0``, ``original1``, ... where the first one takes several tensors.

    Args:
        modules: the parametrizations.
        original: the tensor to parametrize.
        unsafe: do not check shapes and dtypes.
    """

    original: Tensor

    def __init__(
        self, modules: Sequence[Module], original: Tensor | Parameter, unsafe: bool = False
    ) -> None:
        new: Any
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        new = original
        with no_grad():
            for module in reversed(list(modules)):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):
                        new = module.right_inverse(new)
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(new).__name__}"
            )
        self.is_tensor: bool = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        trained = isinstance(original, Parameter)
        if isinstance(new, Tensor):
            if original.dtype is not new.dtype:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                    f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {new.dtype}"
                )
            # The given parameter stays the same object, so that optimizers keep hold of it.
            if new is not original:
                original.data = new.detach()
            _register(self, "original", original)
        else:
            for i, tensor in enumerate(new):
                if not isinstance(tensor, Tensor):
                    raise ValueError(
                        "'right_inverse' must return a Tensor or a Sequence of tensors (list, "
                        f"tuple...). Got element {i} of the sequence with type "
                        f"{type(tensor).__name__}."
                    )
                if trained:
                    tensor = Parameter(tensor.detach(), original.requires_grad)
                _register(self, f"original{i}", tensor)
        if not unsafe:
            _check_like("A parametrization", self(), original, self)

    def _originals(self) -> list[Tensor]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Gives the originals values from which ``value`` would come."""
        with no_grad():
            new: Any = value
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                new = module.right_inverse(new)
            if self.is_tensor:
                _check_like("right_inverse", new, value, self)
                new = [new]
            elif not isinstance(new, Sequence) or len(new) != self.ntensors:
                raise ValueError(
                    f"'right_inverse' must return a sequence of {self.ntensors} tensors, as it did "
                    f"when it was registered, got {type(new).__name__}"
                )
            for original, tensor in zip(self._originals(), new, strict=True):
                original.data = tensor.detach()

    def forward(self) -> Tensor:
        x: Any = self._originals()
        for module in self:
            x = module(*x) if isinstance(x, list) else module(x)
        return x


def _value(self: Any, name: str) -> Tensor:
    if not _cache_depth:
        return self.parametrizations[name]()
    key = (id(self), name)
    if key not in _cache:
        _cache[key] = self.parametrizations[name]()
    return _cache[key]


def _parametrized_class(base: type) -> Any:
    """A subclass of ``base`` for one module."""

    def no_pickle(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict()."
        )

    def deepcopy(self: Any, memo: dict) -> Any:
        import copy

        # A class of its own, so that what is removed from one module stays on the other.
        made = _parametrized_class(base)
        copied = made.__new__(made)
        memo[id(self)] = copied
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        for name in self.parametrizations._module_names:
            _add_property(made, name)
        return copied

    methods = {"__getstate__": no_pickle, "__deepcopy__": deepcopy}
    return type(f"Parametrized{base.__name__}", (base,), methods)


def _add_property(owner: type, name: str) -> None:
    def get(self: Any) -> Tensor:
        return _value(self, name)

    def set(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(owner, name, property(get, set))


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Makes ``module.tensor_name`` what ``parametrization`` computes, on top of those it has.

    A method ``right_inverse`` of the parametrization says from which value the present one (or one
    that is assigned later) would come; it may return several tensors.

    Args:
        unsafe: do not check that shape and dtype stay the same.

    Raises:
        ValueError: there is no such parameter or buffer, or shape or dtype would change.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            present = getattr(module, tensor_name)
            value = parametrization(present)
            _check_like("A parametrization", value, present, parametrization)
            if hasattr(parametrization, "right_inverse"):
                inverse: Any = present
                with suppress(NotImplementedError):
                    inverse = parametrization.right_inverse(value)
                _check_like("right_inverse", inverse, present, parametrization)
        parametrizations: Any = module.parametrizations[tensor_name]
        parametrizations.append(parametrization)
        parametrizations.unsafe |= unsafe
    elif tensor_name in module._param_names or tensor_name in module._buffer_names:
        original = getattr(module, tensor_name)
        made = ParametrizationList([parametrization], original, unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            module.__class__ = _parametrized_class(type(module))
            module.parametrizations = ModuleDict()
        _add_property(type(module), tensor_name)
        module.parametrizations[tensor_name] = made
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module, or the tensor of that name in it, has parametrizations."""
    parametrizations = module.__dict__.get("parametrizations")
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Makes the tensor a parameter or buffer again, with its parametrized value or, unless
    ``leave_parametrized``, with its original one."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations: Any = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        tensor = parametrizations.original
        if leave_parametrized:
            with no_grad():
                tensor.data = getattr(module, tensor_name).detach()
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        trained = value.requires_grad
        tensor = Parameter(value.detach()) if trained else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, tensor)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The type that the module had before it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Gives ``to_module`` the parametrizations of ``from_module`` and the originals they start
    from: those of one tensor, or of all."""
    if not is_parametrized(from_module):
        return to_module
    given: Any = from_module.parametrizations
    for name in [tensor_name] if tensor_name is not None else list(given.keys()):
        if not hasattr(to_module, name):
            _register(to_module, name, Parameter(getattr(from_module, name).detach()))
        for parametrization in given[name]:
            register_parametrization(to_module, name, parametrization)
        taken: Any = to_module.parametrizations[name]
        for original in given[name]._param_names | given[name]._buffer_names:
            setattr(taken, original, getattr(given[name], original))
    return to_module
