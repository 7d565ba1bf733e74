"""The base class of all neural network modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping

import wengert
from wengert import Tensor, no_grad
from wengert.nn._hooks import CallHooks, StateHooks, call_with_hooks, hook_dict
from wengert.nn._state import StateMixin
from wengert.nn.parameter import Buffer, Parameter
from wengert.utils.hooks import RemovableHandle, add_hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import OrderedDict
    from typing import Any


class _Registered(MutableMapping):
    """The registered attributes of one kind, as a mapping that reads and writes the module."""

    __slots__ = ("_names", "_values")

    def __init__(self, names: dict, values: dict) -> None:
        self._names = names
        self._values = values

    def __getitem__(self, name: str) -> object:
        if name not in self._names:
            raise KeyError(name)
        return self._values[name]

    def __setitem__(self, name: str, value: object) -> None:
        self._names.setdefault(name, True)
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        del self._names[name]
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))


_NOTHING = object()
_KINDS = ("_param_names", "_buffer_names", "_module_names")


class Module(StateMixin):
    """A computation with parameters, buffers and modules inside it.

    A subclass calls ``super().__init__()`` first, then assigns parameters and modules as
    attributes, and defines ``forward``. Registered values are plain instance attributes, so that
    reading them costs no more than reading any attribute; the module keeps their names by kind.
    """

    _hooks: Any = None

    if TYPE_CHECKING:  # an attribute, so that a subclass may choose its parameters
        forward: Callable[..., Any]

        def __getattr__(self, name: str) -> Any: ...  # what is registered is an attribute
    else:

        def forward(self, *args: object, **kwargs: object) -> object:
            """The computation; every subclass defines it."""
            raise NotImplementedError(
                f'Module [{type(self).__name__}] is missing the required "forward" function'
            )

    def __init__(self) -> None:
        values = self.__dict__
        values["training"] = True
        for kind in _KINDS:
            values[kind] = {}

    def __call__(self, input: Any = _NOTHING, /, *args: Any, **kwargs: Any) -> Any:
        # One positional argument is the common case; handing on just that is the fastest way.
        if args or kwargs or input is _NOTHING:
            args = () if input is _NOTHING else (input, *args)
            if self._hooks:
                return call_with_hooks(self, args, kwargs)
            return self.forward(*args, **kwargs)
        if self._hooks:
            return call_with_hooks(self, (input,), {})
        return self.forward(input)

    # ---- attributes ------------------------------------------------------------------------

    @property
    def _parameters(self) -> MutableMapping:
        return _Registered(self._param_names, self.__dict__)

    @property
    def _buffers(self) -> MutableMapping:
        return _Registered(self._buffer_names, self.__dict__)

    @property
    def _modules(self) -> MutableMapping:
        return _Registered(self._module_names, self.__dict__)

    def __setattr__(self, name: str, value: object) -> None:
        values = self.__dict__
        if "_param_names" not in values:
            if isinstance(value, (Parameter, Buffer, Module)):
                kind = type(value).__name__.lower()
                kind = kind if isinstance(value, (Parameter, Buffer)) else "module"
                raise AttributeError(f"cannot assign {kind}s before Module.__init__() call")
            object.__setattr__(self, name, value)
        elif isinstance(value, Parameter):
            if name in self._param_names:
                values[name] = value
            else:
                self._forget(name)
                self.register_parameter(name, value)
        elif isinstance(value, Module) and name not in self._param_names:
            if name not in self._module_names:
                self._forget(name)
                self._module_names[name] = True
            values[name] = value
        elif name in self._param_names or name in self._module_names:
            if value is not None:
                kind = "parameter" if name in self._param_names else "child module"
                raise TypeError(
                    f"cannot assign '{type(value).__name__}' as {kind} '{name}' "
                    f"(wengert.nn.{'Parameter' if kind == 'parameter' else 'Module'} or None "
                    "expected)"
                )
            values[name] = None
        elif name in self._buffer_names:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{type(value).__name__}' as buffer '{name}' "
                    "(wengert.nn.Buffer, wengert.Tensor or None expected)"
                )
            if isinstance(value, Buffer):
                self._buffer_names[name] = value.persistent
            values[name] = value
        elif isinstance(value, Buffer):
            self._forget(name)
            self.register_buffer(name, value, value.persistent)
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        for kind in _KINDS:
            self.__dict__.get(kind, {}).pop(name, None)
        object.__delattr__(self, name)

    def _forget(self, name: str) -> None:
        for kind in _KINDS:
            self.__dict__[kind].pop(name, None)
        self.__dict__.pop(name, None)

    def _check_new_name(self, op: str, what: str, name: object, names: dict) -> None:
        if "_param_names" not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{op}: {what} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{what} name can\'t contain ".", got: {name}')
        if name == "":
            raise KeyError(f'{what} name can\'t be empty string ""')
        if name not in names and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Makes ``tensor`` the buffer ``name``: state that is moved and saved, not trained.

        Args:
            persistent: whether it is part of ``state_dict``.
        """
        self._check_new_name("register_buffer", "buffer", name, self._buffer_names)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' "
                "(wengert.Tensor or None required)"
            )
        self._buffer_names[name] = persistent
        self.__dict__[name] = tensor

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Makes ``param`` the parameter ``name``; None reserves the name."""
        self._check_new_name("register_parameter", "parameter", name, self._param_names)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type(param).__name__}' object to parameter '{name}' "
                "(wengert.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                f"created explicitly. To express '{name}' as a function of another Tensor, compute "
                "the value in the forward() method."
            )
        self._param_names[name] = True
        self.__dict__[name] = param

    def add_module(self, name: str, module: Module | None) -> None:
        """Makes ``module`` the child ``name``."""
        self._check_new_name("add_module", "module", name, self._module_names)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._module_names[name] = True
        self.__dict__[name] = module

    register_module = add_module

    # ---- looking inside --------------------------------------------------------------------

    def get_submodule(self, target: str) -> Module:
        """The module with this dotted name; the empty name is this module itself."""
        module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Puts ``module`` at this dotted name, whose parent must exist; if ``strict``, there must
        be a module at the name already."""
        if target == "":
            raise ValueError("set_submodule: expected a name, got an empty string")
        if not isinstance(module, Module):
            raise ValueError(f"set_submodule: expected a Module, got {type(module).__name__}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or hasattr(parent, name):
            parent.get_submodule(name)
        setattr(parent, name, module)

    def _get_registered(self, target: str, kind: str, what: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
        if name not in getattr(module, kind):
            raise AttributeError(f"`{name}` is not a {what}")
        return getattr(module, name)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with this dotted name."""
        return self._get_registered(target, "_param_names", "parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with this dotted name."""
        return self._get_registered(target, "_buffer_names", "buffer")

    def named_modules(
        self, memo: set | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all inside it, with dotted names, parents first."""
        if memo is None:
            memo = set()
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                inner = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, inner, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all inside it, each once unless asked otherwise."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside this one, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly inside this one, each once."""
        for _, module in self.named_children():
            yield module

    def _named_tensors(
        self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen = set()
        modules: Iterable[tuple[str, Module]]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        else:
            modules = ((prefix, self),)
        for path, module in modules:
            values = module.__dict__
            for name in values[kind]:
                tensor = values[name]
                if tensor is None or id(tensor) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(tensor))
                yield (f"{path}.{name}" if path else name), tensor

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their dotted names, each once unless asked otherwise."""
        return self._named_tensors("_param_names", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters of this module and, if ``recurse``, of those inside it."""
        for _, param in self._named_tensors("_param_names", "", recurse, True):
            yield param

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their dotted names, each once unless asked otherwise."""
        return self._named_tensors("_buffer_names", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers of this module and, if ``recurse``, of those inside it."""
        for _, buffer in self._named_tensors("_buffer_names", "", recurse, True):
            yield buffer

    # ---- changing all of it ----------------------------------------------------------------

    def apply(self, fn: Callable[[Module], None]) -> Module:
        """Calls ``fn`` on every module inside, then on this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Module:
        """Replaces the data of every parameter, gradient and buffer; parameters stay the same
        objects, so that optimizers keep hold of them."""
        for module in self.children() if recurse else ():
            module._apply(fn)
        for param in self._parameters.values():
            if param is None:
                continue
            grad = param.grad
            with no_grad():
                param.data = fn(param)
                if grad is not None:
                    param.grad = fn(grad).requires_grad_(grad.requires_grad)
        for name in self._buffer_names:
            if self.__dict__[name] is not None:
                self.__dict__[name] = fn(self.__dict__[name])
        return self

    def to(self, *args: object, **kwargs: object) -> Module:
        """Converts floating and complex parameters and buffers, in place.

        Called as ``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(tensor)`` or with the
        keywords ``device``, ``dtype``, ``memory_format``; the only device is the CPU.
        """
        dtype: Any = kwargs.pop("dtype", None)
        device: Any = kwargs.pop("device", None)
        memory_format = kwargs.pop("memory_format", None)
        kwargs.pop("non_blocking", None)
        if kwargs:
            raise TypeError(f"Module.to: unexpected keyword argument {next(iter(kwargs))!r}")
        for arg in args:
            if isinstance(arg, Tensor):
                dtype, device = arg.dtype, arg.device
            elif isinstance(arg, wengert.dtype):
                dtype = arg
            elif not isinstance(arg, bool) and arg is not None:
                device = arg
        if device is not None and wengert.device(device).type != "cpu":
            raise RuntimeError(f"Module.to: expected the device 'cpu', got {device!r}")
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got {dtype}"
            )

        def convert(t: Tensor) -> Tensor:
            if dtype is not None and (t.is_floating_point() or t.is_complex()):
                t = t.to(dtype)
            if memory_format is not None and t.ndim in (4, 5):
                t = t.contiguous(memory_format=memory_format)
            return t

        return self._apply(convert)

    def type(self, dst_type: Any) -> Module:
        """Converts all parameters and buffers, integer ones too, to a dtype or a tensor type."""
        return self._apply(lambda t: t.type(dst_type))

    def _floating_to(self, dtype: wengert.dtype) -> Module:
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def float(self) -> Module:
        """Converts floating parameters and buffers to float32."""
        return self._floating_to(wengert.float32)

    def double(self) -> Module:
        """Converts floating parameters and buffers to float64."""
        return self._floating_to(wengert.float64)

    def half(self) -> Module:
        """Converts floating parameters and buffers to float16."""
        return self._floating_to(wengert.float16)

    def bfloat16(self) -> Module:
        """Converts floating parameters and buffers to bfloat16."""
        return self._floating_to(wengert.bfloat16)

    def cpu(self) -> Module:
        """This module: everything is on the CPU already."""
        return self

    def _no_device(self, name: str) -> Any:
        raise RuntimeError(f"{name}: wengert is a CPU engine; leave the module where it is")

    def cuda(self, device: Any = None) -> Module:
        """Raises RuntimeError: wengert is a CPU engine."""
        return self._no_device("cuda")

    def xpu(self, device: Any = None) -> Module:
        """Raises RuntimeError: wengert is a CPU engine."""
        return self._no_device("xpu")

    def ipu(self, device: Any = None) -> Module:
        """Raises RuntimeError: wengert is a CPU engine."""
        return self._no_device("ipu")

    def mtia(self, device: Any = None) -> Module:
        """Raises RuntimeError: wengert is a CPU engine."""
        return self._no_device("mtia")

    def to_empty(self, *, device: Any, recurse: bool = True) -> Module:
        """Gives all parameters and buffers new memory, with any values."""
        if device is not None:
            wengert.device(device)
        return self._apply(lambda t: wengert.empty_like(t), recurse)

    def share_memory(self) -> Module:
        """Moves all parameters and buffers to memory that is the same in every process the module
        is given to."""
        return self._apply(lambda t: t.share_memory_())

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing but warn, once: there is no compiler."""
        wengert.compile(self, *args, **kwargs)

    def train(self, mode: bool = True) -> Module:
        """Sets training mode, which dropout and batch normalisation look at."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Module:
        """Ends training mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Sets whether the parameters take part in differentiation."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drops the gradients of all parameters, or fills them with zero."""
        for param in self.parameters():
            if set_to_none:
                param.grad = None
            elif param.grad is not None:
                param.grad = param.grad.detach()
                param.grad.zero_()

    # ---- hooks -----------------------------------------------------------------------------

    def _call_hooks(self) -> CallHooks:
        if self._hooks is None:
            self._hooks = CallHooks()
        return self._hooks

    def _save_and_load_hooks(self) -> StateHooks:
        if self._state_hooks is None:
            self._state_hooks = StateHooks()
        return self._state_hooks

    _forward_pre_hooks = hook_dict("_call_hooks", "forward_pre")
    _forward_pre_hooks_with_kwargs = hook_dict("_call_hooks", "forward_pre_with_kwargs")
    _forward_hooks = hook_dict("_call_hooks", "forward")
    _forward_hooks_with_kwargs = hook_dict("_call_hooks", "forward_with_kwargs")
    _forward_hooks_always_called = hook_dict("_call_hooks", "forward_always_called")
    _backward_pre_hooks = hook_dict("_call_hooks", "backward_pre")
    _state_dict_pre_hooks = hook_dict("_save_and_load_hooks", "save_pre")
    _state_dict_hooks = hook_dict("_save_and_load_hooks", "save_post")
    _load_state_dict_pre_hooks = hook_dict("_save_and_load_hooks", "load_pre")
    _load_state_dict_post_hooks = hook_dict("_save_and_load_hooks", "load_post")

    @property
    def _is_full_backward_hook(self) -> bool | None:
        """Of which kind the hooks for gradients are: register_full_backward_hook's or not."""
        hooks = self._hooks
        if hooks is None or not (hooks.node or hooks.backward or hooks.backward_pre):
            return None
        return not hooks.node

    @property
    def _backward_hooks(self) -> OrderedDict:
        hooks = self._call_hooks()
        return hooks.node or hooks.backward

    @_backward_hooks.setter
    def _backward_hooks(self, replaced: OrderedDict) -> None:
        hooks = self._call_hooks()
        setattr(hooks, "node" if hooks.node else "backward", replaced)

    def register_forward_pre_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """``hook(module, args)`` runs before ``forward`` and may return other arguments; with
        ``with_kwargs`` it is ``hook(module, args, kwargs)`` and may return both."""
        hooks = self._call_hooks()
        marks = [hooks.forward_pre_with_kwargs] if with_kwargs else []
        return add_hook(hooks.forward_pre, hook, prepend, marks)

    def register_forward_hook(
        self,
        hook: Callable,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """``hook(module, args, output)`` runs after ``forward`` and may return another output;
        with ``with_kwargs`` it is ``hook(module, args, kwargs, output)``; with ``always_call`` it
        runs (output None) when the call failed, too."""
        hooks = self._call_hooks()
        marks = [hooks.forward_with_kwargs] if with_kwargs else []
        marks += [hooks.forward_always_called] if always_call else []
        return add_hook(hooks.forward, hook, prepend, marks)

    def register_full_backward_pre_hook(
        self, hook: Callable, prepend: bool = False
    ) -> RemovableHandle:
        """``hook(module, grad_output)`` runs when the gradients of the outputs are known and may
        return others."""
        self._check_backward_hooks("node")
        return add_hook(self._call_hooks().backward_pre, hook, prepend)

    def _check_backward_hooks(self, other: str) -> None:
        if self._hooks is not None and getattr(self._hooks, other):
            raise RuntimeError(
                "Module: register_backward_hook and register_full_backward_hook cannot be used on "
                "one module; use the latter only"
            )

    def register_backward_hook(self, hook: Callable) -> RemovableHandle:
        """``hook(module, grad_input, grad_output)`` runs at the operation that made the output,
        whose inputs need not be those of the module: use register_full_backward_hook."""
        self._check_backward_hooks("backward")
        self._check_backward_hooks("backward_pre")
        return add_hook(self._call_hooks().node, hook)

    def register_full_backward_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """``hook(module, grad_input, grad_output)`` runs when the gradients of the positional
        inputs are known and may return others."""
        self._check_backward_hooks("node")
        return add_hook(self._call_hooks().backward, hook, prepend)

    def register_state_dict_pre_hook(self, hook: Callable) -> RemovableHandle:
        """``hook(module, prefix, keep_vars)`` runs before the state is gathered."""
        return add_hook(self._save_and_load_hooks().save_pre, hook)

    def register_state_dict_post_hook(self, hook: Callable) -> RemovableHandle:
        """``hook(module, state_dict, prefix, local_metadata)`` may change the dict in place."""
        return add_hook(self._save_and_load_hooks().save_post, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable) -> RemovableHandle:
        """``hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)`` runs before this module's values are loaded."""
        return add_hook(self._save_and_load_hooks().load_pre, hook)

    def register_load_state_dict_post_hook(self, hook: Callable) -> RemovableHandle:
        """``hook(module, incompatible_keys)`` may change its two lists in place."""
        return add_hook(self._save_and_load_hooks().load_post, hook)

    # ---- text ------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What stands between the parentheses of the module's text."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [
            f"({name}): " + repr(module).replace("\n", "\n  ")
            for name, module in self._modules.items()
        ]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({extra})"
        if not lines and not children:
            return f"{self._get_name()}()"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"
