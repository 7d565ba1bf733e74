"""Modules that hold other modules or parameters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, groupby

from wengert import Tensor
from wengert.nn.module import Module
from wengert.nn.parameter import Parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _position(op: str, index: int, length: int) -> int:
    """``index`` counted from the front; IndexError when there is none such."""
    index = index.__index__()
    if not -length <= index < length:
        raise IndexError(f"{op}: index {index} is out of range for {length} entries")
    return index % length


def _check_iterable(op: str, values: object) -> None:
    if not isinstance(values, Iterable) or isinstance(values, Tensor):
        raise TypeError(f"{op}: expected an iterable, got {type(values).__name__}")


class _ModuleSequence(Module):
    """Child modules named "0", "1", ..., used as a list."""

    def _names(self) -> list[str]:
        return list(self._module_names)

    def _replace_all(self, modules: list[Module]) -> None:
        self._modules.clear()
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def __getitem__(self, index: int | slice) -> Any:
        names = self._names()
        if isinstance(index, slice):
            return self._slice({n: self.__dict__[n] for n in names[index]})
        return self.__dict__[names[_position(self._get_name(), index, len(names))]]

    def __setitem__(self, index: int, module: Module) -> None:
        names = self._names()
        setattr(self, names[_position(self._get_name(), index, len(names))], module)

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self)
        if isinstance(index, slice):
            del modules[index]
        else:
            del modules[_position(self._get_name(), index, len(modules))]
        self._replace_all(modules)

    def __len__(self) -> int:
        return len(self._module_names)

    def __iter__(self) -> Iterator[Module]:
        values = self.__dict__
        return iter([values[name] for name in self._module_names])

    def __contains__(self, module: object) -> bool:
        return any(m is module for m in self)

    def append(self, module: Module) -> Module:
        """Adds ``module`` at the end."""
        self.add_module(str(len(self)), module)
        return self

    def insert(self, index: int, module: Module) -> Module:
        """Adds ``module`` before ``index``."""
        if not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        n = len(self)
        if not -n <= index <= n:
            raise IndexError(f"insert: index {index} is out of range for {n} entries")
        modules = list(self)
        modules.insert(index, module)
        self._replace_all(modules)
        return self

    def extend(self, modules: Iterable[Module]) -> Any:
        """Adds each of ``modules`` at the end."""
        _check_iterable(f"{self._get_name()}.extend", modules)
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, key: int = -1) -> Module:
        """Takes one module out and returns it."""
        module = self[key]
        del self[key]
        return module


class Sequential(_ModuleSequence):
    """Calls its modules one after the other, each on the result of the one before.

    Built from modules, or from one ordered dict of names and modules.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], Mapping):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(args):
                self.add_module(str(i), module)

    def _slice(self, named: dict[str, Module]) -> Sequential:
        return type(self)(OrderedDict(named))

    def forward(self, input: object) -> object:
        values = self.__dict__
        for name in self._module_names:
            input = values[name](input)
        return input

    def __add__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(f"Sequential + : expected a Sequential, got {type(other).__name__}")
        return Sequential(*self, *other)

    def __iadd__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(f"Sequential += : expected a Sequential, got {type(other).__name__}")
        return self.extend(other)

    def __mul__(self, times: int) -> Sequential:
        if not isinstance(times, int):
            raise TypeError(f"Sequential * : expected an int, got {type(times).__name__}")
        if times <= 0:
            raise ValueError(f"Sequential * : expected a positive factor, got {times}")
        return Sequential(*chain.from_iterable(self for _ in range(times)))

    __rmul__ = __mul__


class ModuleList(_ModuleSequence):
    """A list of modules, all registered."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def _slice(self, named: dict[str, Module]) -> ModuleList:
        return type(self)(named.values())

    def __iadd__(self, modules: Iterable[Module]) -> ModuleList:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList(chain(self, other))

    def __repr__(self) -> str:
        lines, first = [], 0
        for text, group in groupby(map(repr, self)):
            last = first + len(list(group)) - 1
            which = f"({first}-{last}): {last - first + 1} x " if last > first else f"({first}): "
            lines.append("  " + (which + text).replace("\n", "\n  ") + "\n")
            first = last + 1
        return f"{self._get_name()}(" + ("\n" + "".join(lines) if lines else "") + ")"


class _StringKeys:
    """The parts of a dict that follow from the others."""

    if TYPE_CHECKING:

        def __contains__(self, key: str) -> bool: ...
        def __getitem__(self, key: str) -> Any: ...
        def __setitem__(self, key: str, value: Any) -> None: ...
        def __delitem__(self, key: str) -> None: ...
        def keys(self) -> Iterable[str]: ...

    def get(self, key: str, default: object = None) -> object:
        """The value of ``key``, or ``default``."""
        return self[key] if key in self else default  # noqa: SIM401 (this is that method)

    def pop(self, key: str) -> object:
        """Takes ``key`` out and returns its value."""
        value = self[key]
        del self[key]
        return value

    def clear(self) -> None:
        """Takes everything out."""
        for key in list(self.keys()):
            del self[key]

    def update(self, pairs: Any) -> None:
        """Adds or replaces each pair of ``pairs``."""
        _check_iterable(f"{type(self).__name__}.update", pairs)
        keyed = hasattr(pairs, "keys")
        for key, value in [(k, pairs[k]) for k in pairs] if keyed else pairs:
            self[key] = value


class ModuleDict(_StringKeys, Module):
    """A dict of modules, all registered under their keys."""

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._module_names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._module_names)

    def __contains__(self, key: str) -> bool:
        return key in self._module_names

    def keys(self) -> Iterable[str]:
        """The keys, in the order of insertion."""
        return self._module_names.keys()

    def items(self) -> Iterable[tuple[str, Module]]:
        """The pairs of key and module."""
        return self._modules.items()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._modules.values()


def _as_parameter(value: object) -> object:
    """Tensors are wrapped, so that they are registered; all else is kept as it is."""
    return Parameter(value) if type(value) is Tensor else value


class ParameterList(Module):
    """A list of parameters (tensors become parameters; other values are kept, unregistered)."""

    def __init__(self, values: Iterable | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __getitem__(self, index: int | slice) -> object:
        if isinstance(index, slice):
            return type(self)([self[i] for i in range(*index.indices(self._size))])
        return self.__dict__[str(_position("ParameterList", index, self._size))]

    def __setitem__(self, index: int, value: object) -> None:
        setattr(self, str(_position("ParameterList", index, self._size)), _as_parameter(value))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator:
        return iter([self.__dict__[str(i)] for i in range(self._size)])

    def __iadd__(self, values: Iterable) -> ParameterList:
        return self.extend(values)

    def append(self, value: object) -> ParameterList:
        """Adds ``value`` at the end."""
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self, values: Iterable) -> ParameterList:
        """Adds each of ``values`` at the end."""
        _check_iterable("ParameterList.extend", values)
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        return _describe(enumerate(self))


class ParameterDict(_StringKeys, Module):
    """A dict of parameters (tensors become parameters; other values are kept, unregistered)."""

    def __init__(self, parameters: Mapping | Iterable | None = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> object:
        if key not in self._keys:
            raise KeyError(key)
        return self.__dict__[key]

    def __setitem__(self, key: str, value: object) -> None:
        if key not in self._keys:
            if hasattr(self, key):
                raise KeyError(f"ParameterDict: '{key}' is an attribute of the class; rename it")
            self._keys[key] = None
        setattr(self, key, _as_parameter(value))

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def keys(self) -> Iterable[str]:
        """The keys, in the order of insertion."""
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, object]]:
        """The pairs of key and value."""
        return ((key, self.__dict__[key]) for key in self._keys)

    def values(self) -> Iterable:
        """The values."""
        return (self.__dict__[key] for key in self._keys)

    def setdefault(self, key: str, default: object = None) -> object:
        """The value of ``key``, which becomes ``default`` if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def copy(self) -> ParameterDict:
        """A new ParameterDict of the same values."""
        return ParameterDict(dict(self.items()))

    def extra_repr(self) -> str:
        return _describe(self.items())


def _describe(pairs: Iterable[tuple]) -> str:
    return "\n".join(
        f"({key}): {type(v).__name__} containing: [{v.dtype} of size {'x'.join(map(str, v.shape))}]"
        if isinstance(v, Tensor)
        else f"({key}): Object of type: {type(v).__name__}"
        for key, v in pairs
    )
