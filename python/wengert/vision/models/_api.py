"""What the functions that make models share: their list, and weights from files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from enum import Enum
from fnmatch import fnmatchcase
from functools import wraps
from types import ModuleType

from wengert import nn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    M = TypeVar("M", bound=nn.Module)

_builders: dict[str, Callable[..., nn.Module]] = {}
_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")


def weights_enum(name: str, *members: str) -> Any:
    """An enumeration of published weights: IMAGENET1K_V1 and other members, DEFAULT being the last.

    It exists for programs that name its members; models refuse them, as nothing is downloaded.
    """
    names = ("IMAGENET1K_V1", *members)
    return Enum(name, {**{n: n for n in names}, "DEFAULT": names[-1]})


def _read(name: str, weights: Any) -> Any:
    """The state dict that a path leads to."""
    from wengert import load

    if isinstance(weights, os.PathLike) or (
        isinstance(weights, str)
        and (os.path.isfile(weights) or os.sep in weights or weights.endswith(_SUFFIXES))
    ):
        return load(weights)
    raise RuntimeError(
        f"{name}: expected weights=None or the path of a file, but got {weights!r}; weights cannot "
        "be downloaded: save the state dict elsewhere as safetensors, "
        f"save_file(model.state_dict(), '{name}.safetensors'), and give weights="
        f"'{name}.safetensors'"
    )


def builder(function: Callable[P, M]) -> Callable[P, M]:
    """Registers a function that makes a model, and loads the file ``weights`` into what it made.

    The model's ``rename_weights(state_dict)``, if it has one, is applied before.
    """
    name = function.__name__

    @wraps(function)
    def build(*args: Any, **kwargs: Any) -> Any:
        if len(args) > 2:
            raise TypeError(f"{name}: expected at most weights and progress, the rest by keyword")
        for key, value in zip(("weights", "progress"), args):
            if key in kwargs:
                raise TypeError(f"{name}: got {key} twice")
            warnings.warn(
                f"{name}: {key} as a positional argument is deprecated; write {key}=...",
                stacklevel=2,
            )
            kwargs[key] = value
        if "pretrained" in kwargs:
            warnings.warn(
                f"{name}: pretrained is deprecated; write weights=, the path of a file",
                stacklevel=2,
            )
            kwargs["weights"] = kwargs.pop("pretrained")
        weights = kwargs.get("weights")
        if weights is None or weights is False:  # False is what pretrained was by default
            return function(**{**kwargs, "weights": None})  # type: ignore[call-arg]
        state = _read(name, weights)
        model: Any = function(**kwargs)  # type: ignore[call-arg]
        if hasattr(model, "rename_weights"):
            state = model.rename_weights(state)
        model.load_state_dict(state)
        return model

    _builders[name] = build
    return build


def list_models(
    module: ModuleType | None = None,
    include: Iterable[str] | str | None = None,
    exclude: Iterable[str] | str | None = None,
) -> list[str]:
    """The sorted names of the functions that make models.

    Args:
        module: only those that it has.
        include: only those that match one of these patterns, such as "resnet*".
        exclude: none of those that match one of these.
    """
    names = [n for n, f in _builders.items() if module is None or getattr(module, n, None) is f]

    def matches(name: str, patterns: Iterable[str] | str) -> bool:
        patterns = [patterns] if isinstance(patterns, str) else list(patterns)
        return any(fnmatchcase(name, p) for p in patterns)

    include = [include] if isinstance(include, str) else list(include or ())
    if include:
        names = [n for n in names if matches(n, include)]
    return sorted(n for n in names if not matches(n, exclude or ()))


def get_model_builder(name: str) -> Callable[..., nn.Module]:
    """The function of this name that makes a model; ValueError if there is none."""
    function = _builders.get(name.lower())
    if function is None:
        raise ValueError(f"get_model_builder: there is no model {name!r}; list_models() names them")
    return function


def get_model(name: str, **config: Any) -> nn.Module:
    """The model that the function of this name makes with these arguments."""
    return get_model_builder(name)(**config)


def init_normalization(module: nn.Module) -> None:
    """Sets the weight of a batch or group normalisation to 1 and its bias to 0."""
    if isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
        if module.weight is not None:
            nn.init.ones_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def init_convolution(module: nn.Module) -> None:
    """Draws a convolution's weight for ReLU and fan_out; sets its bias to 0."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def make_divisible(value: float, divisor: int, least: int | None = None) -> int:
    """The multiple of divisor nearest to value, at least `least` and 0.9 value."""
    rounded = max(least or divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded
