"""Parameters' names, kinds and defaults against PyTorch's, for every public callable of both."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.torch

MODULES = [
    "autograd",
    "autograd.function",
    "autograd.functional",
    "autograd.graph",
    "autograd.profiler",
    "nn",
    "nn.attention",
    "nn.attention.bias",
    "nn.functional",
    "linalg",
    "nn.init",
    "nn.utils",
    "nn.utils.rnn",
    "nn.utils.clip_grad",
    "nn.utils.fusion",
    "nn.utils.parametrizations",
    "nn.utils.parametrize",
    "nn.utils.prune",
    "nn.utils.stateless",
    "optim",
    "optim.swa_utils",
    "optim.lr_scheduler",
    "utils.checkpoint",
    "utils.data",
    "distributions",
    "distributions.constraints",
    "distributions.constraint_registry",
    "distributions.transforms",
    "distributions.utils",
    "amp",
    "fft",
    "hub",
    "multiprocessing",
    "serialization",
    "nn.parallel",
    "random",
    "sparse",
    "utils.model_zoo",
    "testing",
    "utils.tensorboard",
    "profiler",
]

# Callable: why its parameters differ.
DELIBERATE: dict[str, str] = {
    "autograd.enable_grad": "without parentheses it decorates a function, as no_grad does",
    "autograd.no_grad": "PyTorch names its optional argument orig_func",
    "autograd.profiler.FunctionEvent": "profiles make them; the class is for isinstance only",
    "nn.Hardtanh": "PyTorch still takes two old names, deprecated since 2017",
    "serialization.save": "PyTorch's default pickle_module is the module pickle, which is not used",
    "utils.data.random_split": "PyTorch's default is its default generator itself, ours None",
}
# What PyTorch writes where it checks the arguments elsewhere.
ANYTHING = ["VAR_POSITIONAL", "VAR_KEYWORD"]


def public(module: Any) -> list[str]:
    names = getattr(module, "__all__", None) or [n for n in dir(module) if n[0] != "_"]
    return sorted(n for n in names if callable(getattr(module, n, None)))


def pairs() -> Iterator[Any]:
    if importlib.util.find_spec("torch") is None:
        return
    for name in MODULES:
        ours = importlib.import_module(f"wengert.{name}")
        theirs = importlib.import_module(f"torch.{name}")
        for n in public(theirs):
            if hasattr(ours, n):
                yield pytest.param(getattr(ours, n), getattr(theirs, n), id=f"{name}.{n}")


def text_of(default: Any) -> str:
    """A function or class as a default, whatever its module."""
    return getattr(default, "__name__", None) or str(default).split(".")[-1]


def parameters(f: Any) -> list[tuple[str, str, str]] | None:
    """Each parameter's name, kind and default; None where they cannot be known."""
    try:
        found = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return None
    return [
        (p.name, p.kind.name, text_of(p.default) if callable(p.default) else p.default)
        for p in found
    ]


@pytest.mark.parametrize(("ours", "theirs"), list(pairs()))
def test_parameters_are_pytorchs(ours: Any, theirs: Any, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.id
    a, b = parameters(ours), parameters(theirs)
    if a is None or b is None or [kind for _, kind, _ in b] == ANYTHING:
        return
    if name in DELIBERATE:
        assert a != b, "is listed as different, but is the same"
    else:
        assert a == b
