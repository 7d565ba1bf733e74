"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Sequence

from wengert import Tensor, stack
from wengert.nn.batchnorm import _BatchNorm
from wengert.nn.module import Module
from wengert.nn.utils import stateless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["functional_call", "replace_all_batch_norm_modules_", "stack_module_state"]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: dict[str, Tensor] | Sequence[dict[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with the given tensors in place of those of these names.

    Args:
        parameter_and_buffer_dicts: tensors by dotted name, in one dictionary or several with
            different names.
        args: the positional arguments, or the only one.
        tie_weights: a tensor with several names is replaced under all of them.
        strict: missing and unknown names are errors.
    """
    given = parameter_and_buffer_dicts
    if not isinstance(given, dict):
        if not isinstance(given, Sequence) or not all(isinstance(d, dict) for d in given):
            raise ValueError(
                "functional_call: expected a dictionary of tensors or a sequence of them, but got "
                f"{type(given).__name__}"
            )
        names = [name for d in given for name in d]
        repeated = {n for n in names if names.count(n) > 1}
        if repeated:
            raise ValueError(f"functional_call: {sorted(repeated)} stand in several dictionaries")
        given = {name: tensor for d in given for name, tensor in d.items()}
    return stateless.functional_call(
        module, given, args, kwargs, tie_weights=tie_weights, strict=strict
    )


def stack_module_state(
    models: Sequence[Module],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and buffers of models of one structure, each stacked along a new first dimension.

    For an ensemble: ``vmap(f, in_dims=(0, 0, None))(parameters, buffers, x)`` with an ``f`` that
    calls `functional_call`.
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: expected at least one model")
    if not (all(m.training for m in models) or not any(m.training for m in models)):
        raise RuntimeError("stack_module_state: expected all models to be in one mode")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: expected models of one class")

    def join(which: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, first in getattr(models[0], which)():
            tensors = [dict(getattr(m, which)())[name] for m in models]
            if len({t.requires_grad for t in tensors}) > 1:
                raise RuntimeError(
                    f"stack_module_state: {name} requires grad in some models and not in others"
                )
            found[name] = stack([t.detach() for t in tensors])
            found[name].requires_grad_(first.requires_grad)
        return found

    return join("named_parameters"), join("named_buffers")


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Makes every batch norm in ``root`` use the statistics of the batch only, and returns it."""
    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = None
            module.running_var = None
            module.num_batches_tracked = None
            module.track_running_stats = False
    return root
