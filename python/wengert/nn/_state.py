"""Saving the state of a module tree and loading it back."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Mapping, MutableMapping

from wengert import Tensor, no_grad
from wengert.nn.parameter import Parameter, is_lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EXTRA_STATE_KEY = "_extra_state"


class _IncompatibleKeys(namedtuple("_IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What a state lacked and what it had too much."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class StateMixin:
    """``state_dict`` and ``load_state_dict`` of a module."""

    _version = 1
    _state_hooks: Any = None
    # The registered names by kind; their values are attributes.
    _param_names: dict[str, Any]
    _buffer_names: dict[str, Any]
    _module_names: dict[str, Any]
    if TYPE_CHECKING:

        @property
        def _modules(self) -> MutableMapping: ...

    def get_extra_state(self) -> object:
        """What to save beside parameters and buffers; override it with :meth:`set_extra_state`."""
        raise RuntimeError(
            f"{type(self).__name__}.get_extra_state: expected an implementation; override "
            "get_extra_state and set_extra_state together"
        )

    def set_extra_state(self, state: object) -> None:
        """Takes back what :meth:`get_extra_state` returned."""
        raise RuntimeError(
            f"{type(self).__name__}.set_extra_state: expected an implementation; override "
            "get_extra_state and set_extra_state together"
        )

    def state_dict(
        self,
        *,
        destination: OrderedDict | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> OrderedDict:
        """Parameters and persistent buffers of this module and those inside it, by dotted name.

        Args:
            destination: a dict to fill, instead of a new one.
            prefix: what each name begins with.
            keep_vars: give the tensors themselves, not detached aliases of them.
        """
        if destination is None:
            filled: Any = OrderedDict()
            filled._metadata = OrderedDict()
            destination = filled
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        hooks = self._state_hooks
        if hooks is not None:
            for hook in hooks.save_pre.values():
                hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=prefix + name + ".", keep_vars=keep_vars
                )
        if hooks is not None:
            for hook in hooks.save_post.values():
                if hook(self, destination, prefix, metadata) is not None:
                    raise RuntimeError(
                        "state_dict: post-hooks must return None; change the dict in place instead"
                    )
        return destination

    def _save_to_state_dict(self, destination: dict, prefix: str, keep_vars: bool) -> None:
        values = self.__dict__
        persistent = (n for n, keep in self._buffer_names.items() if keep)
        for names in (self._param_names, persistent):
            for name in names:
                tensor = values[name]
                if tensor is not None:
                    keep = keep_vars or is_lazy(tensor)
                    destination[prefix + name] = tensor if keep else tensor.detach()
        if type(self).get_extra_state is not StateMixin.get_extra_state:
            destination[prefix + EXTRA_STATE_KEY] = self.get_extra_state()

    def load_state_dict(
        self, state_dict: Mapping, strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copies the values of ``state_dict`` into the parameters and buffers.

        Args:
            state_dict: tensors by dotted name, as :meth:`state_dict` gives them.
            strict: missing and unexpected names are errors.
            assign: take the given tensors themselves instead of copying from them.

        Returns:
            ``(missing_keys, unexpected_keys)``.

        Raises:
            RuntimeError: shapes differ, or names do while ``strict``.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                f"load_state_dict: expected a mapping of names to tensors, got {type(state_dict)}"
            )
        metadata = getattr(state_dict, "_metadata", None)
        state_dict = OrderedDict(state_dict)
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []

        def load(module: Any, state: Mapping, prefix: str) -> None:
            local_metadata = {} if metadata is None else dict(metadata.get(prefix[:-1], {}))
            if assign:
                local_metadata["assign_to_params_buffers"] = True
            module._load_from_state_dict(
                state, prefix, local_metadata, True, missing, unexpected, errors
            )
            for name, child in module._modules.items():
                if child is not None:
                    child_prefix = prefix + name + "."
                    inside = {k: v for k, v in state.items() if k.startswith(child_prefix)}
                    load(child, inside, child_prefix)
            if module._state_hooks is not None:
                keys = _IncompatibleKeys(missing, unexpected)
                for hook in module._state_hooks.load_post.values():
                    if hook(module, keys) is not None:
                        raise AssertionError(
                            "load_state_dict: post-hooks must return None; change the lists of "
                            "incompatible_keys in place instead"
                        )

        load(self, state_dict, "")
        if strict:
            for title, keys in (("Unexpected", unexpected), ("Missing", missing)):
                if keys:
                    names = ", ".join(f'"{k}"' for k in keys)
                    errors.insert(0, f"{title} key(s) in state_dict: {names}. ")
        if errors:
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t"
                + "\n\t".join(errors)
            )
        return _IncompatibleKeys(missing, unexpected)

    def _load_from_state_dict(
        self,
        state_dict: Mapping,
        prefix: str,
        local_metadata: dict,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Loads what belongs to this module itself, and reports what does not fit."""
        if self._state_hooks is not None:
            for hook in self._state_hooks.load_pre.values():
                hook(
                    self,
                    state_dict,
                    prefix,
                    local_metadata,
                    strict,
                    missing_keys,
                    unexpected_keys,
                    error_msgs,
                )
        assign = local_metadata.get("assign_to_params_buffers", False)
        persistent = [n for n, keep in self._buffer_names.items() if keep]
        for name in (*self._param_names, *persistent):
            current = self.__dict__[name]
            if current is None:
                continue
            key = prefix + name
            if key not in state_dict:
                if strict:
                    missing_keys.append(key)
                continue
            value = state_dict[key]
            if is_lazy(current) and is_lazy(value):
                continue
            if current.ndim == 0 and tuple(getattr(value, "shape", ())) == (1,):
                value = value[0]
            problem = _misfit(key, current, value)
            if problem is not None:
                error_msgs.append(problem)
                continue
            try:
                self._load_one(name, current, value, assign)
            except Exception as error:
                error_msgs.append(
                    f'While copying the parameter named "{key}", whose dimensions in the model '
                    f"are {current.size()} and whose dimensions in the checkpoint are "
                    f"{value.size()}, an exception occurred: {error}"
                )
        self._load_extra_state(state_dict, prefix, strict, missing_keys, unexpected_keys)
        if strict:
            known = {*self._param_names, *persistent, EXTRA_STATE_KEY}
            for key in state_dict:
                if key.startswith(prefix):
                    head, dot, _ = key[len(prefix) :].partition(".")
                    if head not in known and not (dot and head in self._module_names):
                        unexpected_keys.append(key)

    def _load_one(self, name: str, current: Tensor, value: Tensor, assign: bool) -> None:
        if not assign:
            with no_grad():
                current.copy_(value)
        elif isinstance(current, Parameter):
            if not isinstance(value, Parameter):
                value = Parameter(value, requires_grad=current.requires_grad)
            else:
                value.requires_grad_(current.requires_grad)
            setattr(self, name, value)
        else:
            setattr(self, name, value)

    def _load_extra_state(
        self, state_dict: Mapping, prefix: str, strict: bool, missing: list, unexpected: list
    ) -> None:
        key = prefix + EXTRA_STATE_KEY
        if type(self).set_extra_state is not StateMixin.set_extra_state:
            if key in state_dict:
                self.set_extra_state(state_dict[key])
            elif strict:
                missing.append(key)
        elif strict and key in state_dict:
            unexpected.append(key)


def _misfit(key: str, current: Tensor, value: object) -> str | None:
    """Why ``value`` cannot be loaded, or None."""
    if not isinstance(value, Tensor):
        return (
            f'While copying the parameter named "{key}", expected a tensor from the checkpoint '
            f"but received {type(value)}"
        )
    if current.shape != value.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {value.shape} from "
            f"checkpoint, the shape in current model is {current.shape}."
        )
    return None
