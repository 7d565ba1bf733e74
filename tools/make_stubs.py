"""Writes the type stubs of the compiled modules and of the package: python tools/make_stubs.py.

What the library's function rows define is read from them, with result types seen by calling their
samples; methods written in Python are read from their signatures; what is left of Tensor stands in
tensor_stub.pyi, and _core.pyi is written by hand. With --check nothing is written: it fails if a
stub is out of date.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import wengert as wg
from wengert import _lazy
from wengert._core import ops

TENSOR_TEMPLATE = Path(__file__).parent / "tensor_stub.pyi"
PACKAGE = Path(__file__).parent.parent / "python" / "wengert"
NOTE = "# Made by tools/make_stubs.py; do not edit.\n"

# The flags of csrc/ops/function.h.
IN_PLACE, OUT, CREATES = (1 << i for i in (2, 3, 10))

INTS = "_int | Sequence[_int]"
KINDS = {
    "Tensor": "Tensor",
    "Tensor or number": "Tensor | Number",
    "sequence of Tensors": "Sequence[Tensor] | Tensor",
    "number": "Number",
    "int": "_int",
    "float": "_float",
    "bool": "_bool",
    "int or sequence of ints": INTS,
    "dtype": "dtype",
    "str": "str",
    "Generator": "Generator",
}
Row = dict[str, Any]
ROWS: list[Row] = sorted(ops.function_rows(), key=lambda row: row["name"])


# ---- rows ----------------------------------------------------------------------------------


def parts(signature: str) -> list[str]:
    """The parameters of a signature, split at commas outside of parentheses."""
    return [p.strip() for p in re.split(r",(?![^()]*\))", signature) if p.strip()]


def parameters(row: Row) -> Iterator[str]:
    kinds = iter(row["kinds"])
    for part in parts(row["signature"].split(" -> ")[0]):
        name, _, default = part.partition("=")
        if name == "*":
            yield name
            continue
        kind = KINDS[next(kinds)]
        if name.startswith("*"):
            yield f"{name}: {INTS}"
        elif not default:
            yield f"{name}: {kind}"
        else:
            yield f"{name}: {kind}{' | None' if default == 'None' else ''} = ..."


class Draw:
    """The helpers of the rows' sample lines."""

    def T(self, shape: Any, low: float = -1, high: float = 1) -> wg.Tensor:
        return wg.from_numpy(np.random.default_rng(0).uniform(low, high, shape) * np.ones(shape))

    def I(self, shape: Any, low: int, high: int) -> wg.Tensor:  # noqa: E743
        return wg.from_numpy(np.asarray(np.random.default_rng(0).integers(low, high, shape)))

    def M(self, shape: Any) -> wg.Tensor:
        return wg.ones(shape, dtype=wg.bool)

    def P(self, shape: Any, n: int) -> wg.Tensor:
        order = np.argsort(np.random.default_rng(0).random((n, *shape[1:])), axis=0)
        return wg.from_numpy(np.ascontiguousarray(order[: shape[0]]))

    def N(self, low: float, high: float) -> float:
        return low


def result(row: Row) -> str:
    """The type of what the row's function returns."""
    if " -> " in row["signature"]:
        outputs = parts(row["signature"].split(" -> ")[1])
        return f"tuple[{', '.join(['Tensor'] * len(outputs))}]"
    draw = Draw()
    names: dict[str, Any] = {n: getattr(draw, n) for n in "TIMPN"}
    names |= {n: v for n, v in vars(wg).items() if isinstance(v, wg.dtype)}
    names |= {"np": np, "wg": wg, "wengert": wg, "inf": np.inf, "nan": np.nan}
    for sample in row["samples"].splitlines():
        made = eval(f"f({sample})", {**names, "f": getattr(ops, row["name"])})
        if isinstance(made, tuple):
            return "tuple[Tensor, ...]"
        if isinstance(made, (bool, int, float)):
            return f"_{type(made).__name__}"
        return "dtype" if isinstance(made, wg.dtype) else "Tensor"
    return "Tensor"


RESULTS = {row["name"]: result(row) for row in ROWS}


def row_arguments(row: Row, in_place: bool = False) -> list[str]:
    given = list(parameters(row))
    extra = []
    if row["flags"] & OUT and not in_place:
        extra.append("out: Any = ...")
    if row["flags"] & CREATES:
        extra += ["device: object = ...", "requires_grad: _bool = ..."]
    if extra and "*" not in given and not any(p.startswith("*") for p in given):
        extra.insert(0, "*")
    return given + extra


def definition(name: str, arguments: list[str], returns: str, indent: str = "") -> str:
    line = f"{indent}def {name}({', '.join(arguments)}) -> {returns}: ..."
    if len(line) <= 100:
        return line
    listed = "".join(f"{indent}    {a},\n" for a in arguments)
    return f"{indent}def {name}(\n{listed}{indent}) -> {returns}: ..."


HEAD = """\
from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from collections.abc import Sequence
from typing import Any
"""


def operations_stub() -> str:
    lines = [HEAD, "from ._core import Generator", "from ._tensor import Number, Tensor, dtype", ""]
    lines += ["def function_rows() -> list[dict[str, Any]]: ..."]
    for row in ROWS:
        name = row["name"]
        lines.append(definition(name, row_arguments(row), RESULTS[name]))
        if row["flags"] & IN_PLACE:
            lines.append(definition(name + "_", row_arguments(row, in_place=True), "Tensor"))
    for module in (wg._reductions, wg._shape):
        lines += [python_function(name, getattr(module, name)) for name in module.__all__]
    return "\n".join(lines) + "\n"


# ---- functions written in Python -----------------------------------------------------------


def annotation(text: Any) -> str:
    """An annotation for a stub in which builtins may be hidden by dtypes and methods."""
    if text is inspect.Parameter.empty:
        return "Any"
    text = text if isinstance(text, str) else getattr(text, "__name__", str(text))
    return re.sub(r"(?<![\w.])(int|float|bool|dtype|device|memory_format)\b", r"_\1", text)


def python_arguments(function: Callable[..., Any]) -> tuple[list[str], str]:
    signature = inspect.signature(function)
    arguments = []
    seen_star = False
    for p in signature.parameters.values():
        if p.kind is p.KEYWORD_ONLY and not seen_star:
            arguments.append("*")
            seen_star = True
        seen_star |= p.kind is p.VAR_POSITIONAL
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        default = "" if p.default is p.empty else " = ..."
        arguments.append(f"{star}{p.name}: {annotation(p.annotation)}{default}")
    return arguments, annotation(signature.return_annotation)


def methods(written: str) -> Iterator[str]:
    """The methods of Tensor that the template does not hold."""
    rows = {row["name"]: row for row in ROWS}
    for name, value in sorted(vars(wg.Tensor).items()):
        if type(value).__name__ != "function" or re.search(rf"def {name}\(", written):
            continue
        base = name[:-1] if name.endswith("_") and name not in rows else name
        row = rows.get(base)
        if row and not inspect.isfunction(value):
            in_place = base != name
            arguments = ["self", *row_arguments(row, in_place)[1:]]
            text = definition(name, arguments, "Tensor" if in_place else RESULTS[base], "    ")
            yield re.sub(r"\bdtype\b(?=[ ,)])", "_dtype", text).replace("_dtype:", "dtype:")
        else:
            arguments, returns = python_arguments(value)
            yield definition(name, ["self", *arguments[1:]], returns, "    ")


def tensor_stub() -> str:
    text = TENSOR_TEMPLATE.read_text()
    return text.replace("    # generated: methods", "\n".join(methods(text)))


# ---- the package ---------------------------------------------------------------------------


def defined_in(module: ModuleType) -> set[str]:
    """The names that a module's source defines where a type checker sees them."""
    names: set[str] = set()
    for node in ast.parse(Path(str(module.__file__)).read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def python_function(name: str, value: Callable[..., Any]) -> str:
    """What a stub says of a function written in Python: where it stands, or its signature."""
    module = sys.modules[value.__module__]
    if name in defined_in(module):
        return f"from {module.__name__.removeprefix('wengert')} import {name} as {name}"
    return definition(name, *python_arguments(value))


def package_stub() -> str:
    lines = [HEAD, "from ._tensor import Number"]
    lazy = {name: getattr(wg, name) for name in (*_lazy.MODULES, *_lazy.NAMES)}
    for name, value in sorted({**vars(wg), **lazy}.items()):
        if name.startswith("_") and name not in ("__version__", "_assert"):
            continue
        if isinstance(value, ModuleType):
            lines.append(f"from . import {name} as {name}")
        elif isinstance(value, wg.dtype):
            lines.append(f"{name}: dtype")
        elif isinstance(value, float):
            lines.append(f"{name}: _float")
        elif value is None:
            lines.append(f"{name}: None")
        elif name == "__version__":
            lines.append("from .version import __version__ as __version__")
        elif value is getattr(ops, name, None):
            lines.append(f"from ._ops import {name} as {name}")
        elif hasattr(wg._core, name):
            lines.append(f"from ._core import {name} as {name}")
        elif name in ("Tensor", "Size", "dtype"):
            lines.append(f"from ._tensor import {name} as {name}")
        elif callable(value):
            lines.append(python_function(name, value))
        else:  # a constant beside its class
            home = type(value).__module__.removeprefix("wengert")
            lines.append(f"from {home} import {name} as {name}")
    return "\n".join(lines) + "\n"


STUBS = {
    "_ops.pyi": operations_stub,
    "_tensor.pyi": tensor_stub,
    "__init__.pyi": package_stub,
}


def main() -> int:
    stale = []
    for name, make in STUBS.items():
        path, text = PACKAGE / name, NOTE + make()
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text)
    if stale and "--check" in sys.argv:
        print(f"out of date: {', '.join(stale)}; run python tools/make_stubs.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
