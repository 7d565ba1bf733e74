"""The table of models that are trained from Python and from C++.

A row says how a model is made in either language and what it is called with; ``rows_*.py`` hold the
rows by family. An expression of Python sees ``wg``, ``nn``, ``F`` and ``optim``, one of C++ the
namespace ``wengert`` with ``F`` for ``nn::functional``; both see the inputs ``x``, ``y``, ``z``,
``u``, ``v``, the model as ``model``, its parameters as ``parameters`` and the optimizer as
``optimizer``.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from translate import to_cpp

import wengert as wg
from wengert import Tensor

NAMES = ("x", "y", "z", "u", "v")
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Input:
    """A tensor that is drawn: "normal", "uniform" in [low, high), whole numbers "integer" in
    [low, high), "sign" (-1 or 1) or "mask" (bool)."""

    kind: str
    shape: tuple[int, ...]
    low: float = 0
    high: float = 1

    def draw(self, dtype: wg.dtype) -> Tensor:
        if self.kind == "normal":
            return wg.randn(self.shape, dtype=dtype)
        if self.kind == "uniform":
            return wg.rand(self.shape, dtype=dtype) * (self.high - self.low) + self.low
        if self.kind == "integer":
            return wg.randint(int(self.low), int(self.high), self.shape)
        bits = wg.rand(self.shape) < 0.5
        return bits if self.kind == "mask" else bits.to(dtype) * 2 - 1


def normal(*shape: int) -> Input:
    return Input("normal", shape)


def uniform(*shape: int, low: float = 0.05, high: float = 0.95) -> Input:
    return Input("uniform", shape, low, high)


def integer(high: int, *shape: int, low: int = 0) -> Input:
    return Input("integer", shape, low, high)


def sign(*shape: int) -> Input:
    return Input("sign", shape)


def mask(*shape: int) -> Input:
    return Input("mask", shape)


@dataclass(frozen=True)
class Row:
    """One model in both languages.

    Attributes:
        name: of the row, unique; it begins with the name of the class it is about.
        python, cpp: expressions that make the model; without ``cpp`` that of Python is translated.
        inputs: what is drawn for x, y, ...; floating ones are differentiated.
        python_call, cpp_call: expressions of the outputs, a tensor or a tuple of tensors (in C++
            also a pair, a vector or None as an undefined tensor). By default the model is called
            with all inputs.
        python_optimizer, cpp_optimizer: expressions of the optimizer.
        python_scheduler, cpp_scheduler: of a scheduler, whose step() follows the optimizer's.
        python_before, cpp_before: definitions that the expressions use; those of C++ stand in a
            namespace of their own.
        python_step, cpp_step: statements between the backward pass and the optimizer's step.
        steps: how many steps of training.
        dtypes: the default dtypes the row is run in.
    """

    name: str
    python: str
    inputs: tuple[Input, ...]
    cpp: str = ""
    python_call: str = ""
    cpp_call: str = ""
    python_optimizer: str = "optim.SGD(parameters, lr=0.05, momentum=0.9)"
    cpp_optimizer: str = "optim::SGD(parameters, {.lr = 0.05, .momentum = 0.9})"
    python_scheduler: str = ""
    cpp_scheduler: str = ""
    python_step: str = ""
    cpp_step: str = ""
    python_before: str = ""
    cpp_before: str = ""
    steps: int = 3
    dtypes: tuple[str, ...] = DTYPES

    @property
    def is_of_library(self) -> bool:
        """Whether the model is of a class of the library, not of one that the row defines."""
        return self.cpp.startswith("nn::")

    def __post_init__(self) -> None:
        call = f"model({', '.join(NAMES[: len(self.inputs)])})"
        for name, value in (
            ("cpp", lambda: to_cpp(self.python)),
            ("python_call", lambda: call),
            ("cpp_call", lambda: to_cpp(self.python_call)),
        ):
            if not getattr(self, name):
                object.__setattr__(self, name, value())


def all_rows() -> list[Row]:
    """The rows of every family."""
    files = sorted(Path(__file__).parent.glob("rows_*.py"))
    rows = [row for file in files for row in importlib.import_module(file.stem).ROWS]
    names = [row.name for row in rows]
    twice = sorted({n for n in names if names.count(n) > 1})
    assert not twice, f"rows of the same name: {twice}"
    return rows
