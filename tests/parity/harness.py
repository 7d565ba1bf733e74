"""A piece of code, run by PyTorch and by wengert, must give the same values and derivatives."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

HERE = Path(__file__).parent
# How each case is run: the dtype of its floating inputs, and whether they lie scattered in memory.
VARIANTS = (("float32", False), ("float64", False), ("float64", True))
# For the narrow dtypes: about two units in the last place.
TOLERANCE = {
    "float32": (1e-4, 1e-5),
    "float64": (1e-9, 1e-11),
    "float16": (2**-9, 2**-12),
    "bfloat16": (2**-6, 2**-9),
}


@dataclass(frozen=True)
class Case:
    """Code whose last expression is compared, with the names of the API that it exercises.

    ``torch``, ``nn``, ``F``, ``optim``, ``np`` and the functions of `Inputs` are in scope. `order`
    says how many times results are differentiated, where they can be; `only` keeps to one dtype;
    `low` names the narrow dtype, in scope as ``low``, within whose precision results must agree.
    """

    names: str | tuple[str, ...]  # as in names.csv; in a string, separated by spaces
    code: str
    order: int = 2
    only: str = ""
    low: str = ""
    raises: bool = False  # both must raise, wengert an error of PyTorch's type

    @property
    def all_names(self) -> tuple[str, ...]:
        return tuple(self.names.split()) if isinstance(self.names, str) else self.names

    def __str__(self) -> str:
        where = f" in {self.low}" if self.low else ""
        return f"{self.all_names[0]}{where}: {' '.join(self.code.split())[:80]}"


class Inputs:
    """Makes a case's inputs: the same numbers for either library."""

    def __init__(self, library: ModuleType, case: Case, dtype: str, scattered: bool):
        self.library = library
        self.dtype = dtype
        self.low = case.low
        self.scattered = scattered
        self.random = np.random.default_rng(zlib.crc32(case.code.encode()))
        self.leaves: list[Any] = []
        self.facts: list[Any] = []  # about modules: compared like results

    def _tensor(self, values: np.ndarray) -> Any:
        if not self.scattered or values.ndim == 0:
            return self.library.tensor(values)
        # The same values, every second element of a larger tensor with its dimensions reversed.
        wide = np.repeat(values.T[..., None], 2, axis=-1)
        t = self.library.tensor(wide)[..., 0]
        return t.permute(tuple(reversed(range(values.ndim))))

    def _leaf(self, values: np.ndarray) -> Any:
        t = self._tensor(values.astype(self.dtype)).detach().requires_grad_()
        self.leaves.append(t)
        return t

    def T(self, *shape: int) -> Any:
        """Normal numbers that take part in differentiation."""
        return self._leaf(self.random.standard_normal(shape))

    def Z(self, *shape: int) -> Any:
        """Complex numbers that take part in differentiation."""
        parts = self.random.standard_normal((2, *shape))
        kind = "complex64" if self.dtype == "float32" else "complex128"
        t = self._tensor((parts[0] + 1j * parts[1]).astype(kind)).detach().requires_grad_()
        self.leaves.append(t)
        return t

    def U(self, *shape: int, low: float = 0.1, high: float = 0.9) -> Any:
        """Uniform numbers that take part in differentiation."""
        return self._leaf(self.random.uniform(low, high, shape))

    def C(self, *shape: int, low: float = 0.1, high: float = 0.9) -> Any:
        """Uniform numbers, constant."""
        return self._tensor(self.random.uniform(low, high, shape).astype(self.dtype))

    def I(self, *shape: int, low: int = 0, high: int = 5) -> Any:  # noqa: E743
        """Integers, int64."""
        return self._tensor(self.random.integers(low, high, shape))

    def M(self, *shape: int) -> Any:
        """Booleans."""
        return self._tensor(self.random.random(shape) < 0.5)

    def fill(self, module: Any) -> Any:
        """A module with given parameters, its names, shapes and text being compared too."""
        dtype = getattr(self.library, self.dtype)
        module = module.to(dtype)
        self.facts.append(repr(module).replace("\n", " ").replace("wengert.", "torch."))
        self.facts.append({k: list(v.shape) for k, v in module.state_dict().items()})
        with self.library.no_grad():
            for _, p in sorted(module.named_parameters()):
                values = self.random.standard_normal(tuple(p.shape)) * 0.5
                p.copy_(self.library.tensor(values.astype(self.dtype)))
                if p.requires_grad:
                    self.leaves.append(p)
        return module

    def names(self) -> dict[str, Any]:
        library = self.library
        made = {n: getattr(self, n) for n in ("T", "Z", "U", "C", "I", "M", "fill")}
        return {
            **made,
            "torch": library,
            "nn": library.nn,
            "F": importlib.import_module(f"{library.__name__}.nn.functional"),
            "optim": library.optim,
            "np": np,
            "float_dtype": getattr(library, self.dtype),
            "low": getattr(library, self.low) if self.low else None,
        }


def execute(code: str, scope: dict[str, Any]) -> Any:
    """Runs statements; the value of the last one, which is an expression."""
    tree = ast.parse(inspect.cleandoc(code))
    last = tree.body.pop()
    if not isinstance(last, ast.Expr):
        raise TypeError("a case ends with an expression")
    exec(compile(tree, "<case>", "exec"), scope)
    return eval(compile(ast.Expression(last.value), "<case>", "eval"), scope)


def plain(value: Any) -> Any:
    """Results in terms of Python and NumPy, dtypes by name."""
    if hasattr(value, "detach") and hasattr(value, "requires_grad"):
        t = value.detach()
        if "sparse" in str(t.layout):
            places = [t.indices()] if t.is_sparse and t.is_coalesced() else []
            if t.is_sparse_csr:
                places = [t.crow_indices(), t.col_indices()]
            kind = "uncoalesced" if t.is_sparse and not places else str(t.layout).split(".")[-1]
            parts = [t.values(), *places] if places else [t._values(), t._indices()]
            return [kind, list(t.shape), *(plain(x) for x in parts)]
        if "float16" in str(t.dtype):
            return str(t.dtype).split(".")[1], t.double().numpy()
        # PyTorch has tensors that are zero without elements, and lazily conjugated ones.
        return str(t.dtype).split(".")[1], t.numpy(force=True)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    if type(value).__name__ in ("dtype", "device", "memory_format", "layout"):
        return str(value).split(".")[-1]
    return value


def compare(ours: Any, theirs: Any, dtype: str, where: str) -> None:
    """Asserts that plain results are equal, floating ones within the tolerance of `dtype`, or of
    float32 where that is what they were computed in, as from integers."""
    if isinstance(theirs, np.ndarray) or np.isscalar(theirs):
        if isinstance(theirs, (str, bytes)) or theirs is None:
            assert ours == theirs, f"{where}: {ours!r} is not {theirs!r}"
            return
        a, b = np.asarray(ours), np.asarray(theirs)
        computed_in = "float32" if b.dtype in (np.float32, np.complex64) else dtype
        relative, absolute = max(TOLERANCE[dtype], TOLERANCE[computed_in])
        assert a.shape == b.shape, f"{where}: shape {a.shape} is not {b.shape}"
        assert a.dtype.kind == b.dtype.kind, f"{where}: {a.dtype} is not {b.dtype}"
        np.testing.assert_allclose(a, b, relative, absolute, err_msg=where)
    elif isinstance(theirs, dict):
        assert isinstance(ours, dict), f"{where}: {ours!r} is not a dict"
        assert list(ours) == list(theirs), f"{where}: keys {list(ours)} are not {list(theirs)}"
        for k in theirs:
            compare(ours[k], theirs[k], dtype, f"{where}[{k!r}]")
    elif isinstance(theirs, (list, tuple)):
        assert isinstance(ours, (list, tuple)), f"{where}: {ours!r} is not a sequence"
        assert len(ours) == len(theirs), f"{where}: {len(ours)} results are not {len(theirs)}"
        for i, (a, b) in enumerate(zip(ours, theirs)):
            compare(a, b, dtype, f"{where}[{i}]")
    else:
        assert ours == theirs, f"{where}: {ours!r} is not {theirs!r}"


def zeros(value: Any) -> Any:
    """Plain results with every number replaced by 0."""
    if isinstance(value, (list, tuple)):
        return [zeros(v) for v in value]
    return np.zeros_like(value) if isinstance(value, np.ndarray) else value


def floats(value: Any) -> list[Any]:
    """The tensors among results that can be differentiated."""
    if hasattr(value, "grad_fn"):
        if "sparse" in str(value.layout):
            value = value.to_dense()
        return [value] if value.requires_grad else []
    if isinstance(value, dict):
        value = list(value.values())
    return [t for v in value for t in floats(v)] if isinstance(value, (tuple, list)) else []


@dataclass
class Outcome:
    """What one library makes of a case."""

    result: Any
    facts: Any
    derivatives: list[Any] = field(default_factory=list)


def weighted(library: ModuleType, tensors: list[Any], random: np.random.Generator) -> Any:
    """A sum with random weights, in which every element counts that can be differentiated."""
    total = 0
    for t in tensors:
        # Drawn for the others too: which these are may differ between the libraries.
        w = library.tensor(random.uniform(0.5, 1.5, tuple(t.shape))).to(t.dtype)
        if not t.requires_grad:
            continue
        product = t * w
        total = total + ((product.real + product.imag) if t.is_complex() else product).sum()
    return total


def outcome(library: ModuleType, case: Case, dtype: str, scattered: bool) -> Outcome:
    inputs = Inputs(library, case, dtype, scattered)
    library.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = execute(case.code, inputs.names())
    out = Outcome(plain(value), plain(inputs.facts))
    tensors = floats(value)
    out.facts.append([t.requires_grad for t in tensors])
    leaves = [t for t in inputs.leaves if t.requires_grad]
    random = np.random.default_rng(1)
    order = case.order if dtype == "float64" else min(case.order, 1)
    for k in range(order):
        if not leaves or not any(t.requires_grad for t in tensors):
            break
        total = weighted(library, tensors, random)
        grads = library.autograd.grad(
            total, leaves, create_graph=k + 1 < order, retain_graph=True, allow_unused=True
        )
        # An input that has no influence may get no gradient in one library and zeros in the other.
        # That of a factor beside a sparse one may be sparse in one library only.
        dense = [
            library.zeros_like(t) if g is None else g.to_dense() for g, t in zip(grads, leaves)
        ]
        out.derivatives.append(plain(dense))
        tensors = dense
    return out


def check(case: Case, dtype: str, scattered: bool) -> None:
    """Asserts that both libraries agree on the case."""
    import torch

    import wengert

    if case.raises:
        errors = []
        for library in (torch, wengert):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    execute(case.code, Inputs(library, case, dtype, scattered).names())
            except Exception as e:
                errors.append(e)
        assert len(errors) == 2, f"raised: {errors}"
        theirs = next(c for c in type(errors[0]).__mro__ if c.__module__ == "builtins")
        assert isinstance(errors[1], theirs), f"{errors[1]!r} is not like {errors[0]!r}"
        return
    theirs = outcome(torch, case, dtype, scattered)
    ours = outcome(wengert, case, dtype, scattered)
    precision = case.low or dtype
    compare(ours.result, theirs.result, precision, "result")
    compare(ours.facts, theirs.facts, precision, "facts")
    # Where nothing depends on the inputs any more, one library may say so and the other give zeros.
    a, b = ours.derivatives, theirs.derivatives
    a += zeros(b[len(a) :])
    b += zeros(a[len(b) :])
    compare(ours.derivatives, theirs.derivatives, precision, "derivative")


def all_cases() -> Iterator[Case]:
    """The cases of every file ``cases_*.py`` beside this one."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    for path in sorted(HERE.glob("cases_*.py")):
        yield from importlib.import_module(path.stem).CASES
