"""The library's function rows as test material: parsed signatures, sample calls, references."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy
import scipy.linalg
import scipy.signal
import scipy.special

import wengert as wg
from wengert._core import ops

# The flags of csrc/ops/function.h.
FUNCTION, METHOD, IN_PLACE, OUT, NN, RANDOM, NO_GRAD, ALIAS, INTERNAL, MUTATES, CREATES = (
    1 << i for i in range(11)
)
INF, NAN = float("inf"), float("nan")

# Shapes the rows' samples grow to when they are run on several threads.
LARGE = 1 << 16


def _split(text: str) -> list[str]:
    """The pieces of `text` between commas outside of brackets."""
    pieces, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            pieces.append(text[start:i])
            start = i + 1
    pieces.append(text[start:])
    return [p.strip() for p in pieces if p.strip()]


@dataclass(frozen=True)
class Parameter:
    name: str
    kind: str
    default: Any  # Ellipsis: required
    keyword_only: bool
    variadic: bool


@dataclass(frozen=True)
class Row:
    name: str
    signature: str
    doc: str
    samples: tuple[str, ...]
    reference: str
    flags: int
    parameters: tuple[Parameter, ...] = field(repr=False)

    @property
    def function(self) -> Callable[..., Any]:
        return getattr(ops, self.name)

    @property
    def is_elementwise(self) -> bool:
        """Whether the row comes from the tables of elementwise operations."""
        names = tuple(p.name for p in self.parameters)
        if not (self.reference and self.flags & OUT):
            return False
        if names == ("input",):
            return bool(self.flags & IN_PLACE)
        return names == ("input", "other") and self.parameters[-1].kind != "Tensor"

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The values of the parameters by name."""
        values = {p.name: p.default for p in self.parameters if p.default is not ...}
        rest = list(args)
        for p in self.parameters:
            if p.keyword_only or not rest:
                break
            if p.variadic and not isinstance(rest[0], (tuple, list)):
                values[p.name], rest = tuple(rest), []
            else:
                values[p.name] = rest.pop(0)
        if rest:
            raise AssertionError(f"{self.name}: a sample has too many arguments")
        for p in self.parameters:
            if p.variadic and p.name not in values:
                values[p.name] = ()
        values |= kwargs
        for p in self.parameters:  # one number stands for a list of one
            if p.kind.startswith("int or") and isinstance(values[p.name], int):
                values[p.name] = (values[p.name],)
        return values


def _parse(d: dict[str, Any]) -> Row:
    parameters = []
    keyword_only = False
    kinds = iter(d["kinds"])
    for text in _split(d["signature"].split(" -> ")[0]):
        if text == "*":
            keyword_only = True
            continue
        name, _, default = text.partition("=")
        variadic = name.startswith("*")
        value = eval(default, {"inf": INF, "nan": NAN}) if default else ...
        parameters.append(Parameter(name.lstrip("*"), next(kinds), value, keyword_only, variadic))
        keyword_only |= variadic
    samples = tuple(s for s in d["samples"].split("\n") if s.strip())
    return Row(
        d["name"],
        d["signature"],
        d["doc"],
        samples,
        d["reference"],
        d["flags"],
        tuple(parameters),
    )


ROWS = [_parse(d) for d in ops.function_rows()]


class _Draw:
    """The helpers of the sample lines; `scale` multiplies every size above 1."""

    def __init__(self, seed: int, scale: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        self.scale = scale

    def shape(self, shape: tuple[int, ...] | int) -> tuple[int, ...]:
        shape = (shape,) if isinstance(shape, int) else shape
        return tuple(n * self.scale if n > 1 else n for n in shape)

    def T(self, shape, low=-1.0, high=1.0):
        return wg.from_numpy(np.asarray(self.rng.uniform(low, high, self.shape(shape))))

    def I(self, shape, low, high):  # noqa: E743
        return wg.from_numpy(np.asarray(self.rng.integers(low, high, self.shape(shape))))

    def M(self, shape):
        return wg.from_numpy(np.asarray(self.rng.random(self.shape(shape)) < 0.5))

    def P(self, shape, n):
        shape = self.shape(shape)
        n *= self.scale if n > 1 else 1
        order = np.argsort(self.rng.random((n, *shape[1:])), axis=0)
        return wg.from_numpy(np.ascontiguousarray(order[: shape[0]]))

    def N(self, low, high):
        return float(self.rng.uniform(low, high))


@dataclass(frozen=True)
class Case:
    """One sample line of one row."""

    row: Row
    index: int

    @property
    def id(self) -> str:
        return f"{self.row.name}-{self.index}"

    def call_arguments(self, scale: int = 1) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Fresh arguments; the same for every call."""
        text = self.row.samples[self.index]
        draw = _Draw(zlib.crc32(f"{self.row.name} {text}".encode()), scale)
        names = {n: getattr(draw, n) for n in "TIMPN"}
        names |= {n: getattr(wg, n) for n in dir(wg) if isinstance(getattr(wg, n), wg.dtype)}
        names |= {"np": np, "wg": wg, "wengert": wg, "inf": INF, "nan": NAN}
        names["_call"] = lambda *a, **k: (a, k)
        return eval(f"_call({text})", names)


CASES = [Case(r, i) for r in ROWS for i in range(len(r.samples))]
DETERMINISTIC = [c for c in CASES if not c.row.flags & (RANDOM | MUTATES)]
DIFFERENTIABLE = [
    c for c in CASES if not c.row.flags & (RANDOM | MUTATES | NO_GRAD | ALIAS | CREATES)
]


# ---- argument trees ------------------------------------------------------------------------


def map_tree(value: Any, f: Callable[[wg.Tensor], Any]) -> Any:
    """`value` with f applied to every tensor in nested tuples, lists and dicts."""
    if isinstance(value, wg.Tensor):
        return f(value)
    if isinstance(value, dict):
        return {k: map_tree(v, f) for k, v in value.items()}
    if isinstance(value, (tuple, list)) and not hasattr(value, "_fields"):
        return type(value)(map_tree(v, f) for v in value)
    return value


def leaves(value: Any) -> list[wg.Tensor]:
    """The tensors of a tree, in order."""
    found: list[wg.Tensor] = []
    map_tree(value, found.append)
    return found


def replace_leaves(value: Any, tensors: list[wg.Tensor]) -> Any:
    """The tree with its tensors replaced, in order."""
    rest: Iterator[wg.Tensor] = iter(tensors)
    return map_tree(value, lambda _: next(rest))


def results(value: Any) -> list[Any]:
    """What a function returned, as a list."""
    return list(value) if isinstance(value, (tuple, list)) else [value]


def tensors_of(value: Any) -> list[wg.Tensor]:
    return [t for t in results(value) if isinstance(t, wg.Tensor)]


def is_float(t: Any) -> bool:
    return isinstance(t, wg.Tensor) and t.dtype.is_floating_point


def to_numpy(value: Any) -> Any:
    """A result as NumPy sees it."""
    return value.detach().numpy() if isinstance(value, wg.Tensor) else value


def reference_value(row: Row, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The row's reference expression, evaluated for these arguments."""
    values = row.bind(args, kwargs)
    arrays = {k: map_tree(v, lambda t: t.detach().numpy()) for k, v in values.items()}
    positional = [arrays[p.name] for p in row.parameters[:2] if p.name in arrays]
    short = dict(zip("ab", positional, strict=False)) | {"x": positional[0] if positional else None}
    names = short | arrays | {"np": np, "scipy": scipy, "inf": INF, "nan": NAN}
    with np.errstate(all="ignore"):
        return eval(row.reference, names)


def error_of(
    call: Callable[[], Any], kinds: tuple[type[Exception], ...] | type[Exception]
) -> Exception | None:
    """The error of one of these kinds that a call raises, if it does."""
    try:
        call()
    except kinds as e:
        return e
    return None


# ---- comparison ----------------------------------------------------------------------------


def assert_same(got: Any, want: Any, rtol: float, atol: float, what: str = "") -> None:
    """Equal shapes and kinds, and values within the tolerance; NaN equals NaN."""
    if isinstance(got, wg.dtype):
        assert got == want, f"{what}: {got}, expected {want}"
        return
    got, want = np.asarray(to_numpy(got)), np.asarray(to_numpy(want))
    assert got.shape == want.shape, f"{what}: shape {got.shape}, expected {want.shape}"
    assert got.dtype.kind == want.dtype.kind, f"{what}: dtype {got.dtype}, expected {want.dtype}"
    np.testing.assert_allclose(got, want, rtol=rtol, atol=atol, equal_nan=True, err_msg=what)


def assert_bits(got: Any, want: Any, what: str = "") -> None:
    """The same bytes."""
    got, want = np.asarray(to_numpy(got)), np.asarray(to_numpy(want))
    assert got.shape == want.shape, what
    assert got.dtype == want.dtype, what
    assert np.ascontiguousarray(got).tobytes() == np.ascontiguousarray(want).tobytes(), what


# ---- gradients -----------------------------------------------------------------------------


# Functions of matrices of a kind that random numbers do not make; tests/parity has their cases.
ELSEWHERE = ("cholesky", "cholesky_inverse", "cholesky_solve")
ELSEWHERE += ("view_as_real", "view_as_complex", "imag", "complex", "polar")
ELSEWHERE += ("geqrf", "logdet", "lu_solve", "lu_unpack", "qr", "svd")
# Compositions that tests/test_shape.py and tests/test_fft.py compare with other libraries.
ELSEWHERE += ("combinations", "stft")
# Matrices whose rows are equal have no inverse, on which these or their gradients depend.
REGULAR = ("_linalg_solve", "_linalg_inv", "_linalg_lstsq", "slogdet")

# Floating point parameters that the operation refuses to differentiate, as PyTorch does.
CONSTANTS = {"cross_entropy": "weight", "igamma": "input", "igammac": "input"}
# Operations for inference, which refuse to differentiate any.
WITHOUT_GRADIENTS = ("quantized_linear",)


class Differentiated:
    """One call seen as a function of its floating point tensors, constants apart."""

    def __init__(self, case: Case, scale: int = 1) -> None:
        self.row = case.row
        self.args, self.kwargs = case.call_arguments(scale)
        self.all = leaves((self.args, self.kwargs))
        constant = self.row.bind(self.args, self.kwargs).get(CONSTANTS.get(self.row.name, ""))
        self.where = [i for i, t in enumerate(self.all) if is_float(t) and t is not constant]
        if self.row.name in WITHOUT_GRADIENTS:
            self.where = []
        self.rng = np.random.default_rng(zlib.crc32(case.id.encode()))

    def inputs(self) -> list[wg.Tensor]:
        """Fresh leaves that require grad."""
        return [self.all[i].detach().clone().requires_grad_() for i in self.where]

    def outputs(self, inputs: list[wg.Tensor]) -> list[wg.Tensor]:
        """The floating point results for these inputs."""
        tensors = list(self.all)
        for i, t in zip(self.where, inputs, strict=True):
            tensors[i] = t
        args, kwargs = replace_leaves((self.args, self.kwargs), tensors)
        return [t for t in tensors_of(self.row.function(*args, **kwargs)) if is_float(t)]

    def direction(self, like: list[wg.Tensor]) -> list[wg.Tensor]:
        """Random tensors of the same shapes and dtypes."""
        return [
            wg.from_numpy(np.asarray(self.rng.standard_normal(t.shape))).to(t.dtype) for t in like
        ]

    @staticmethod
    def gradients(
        outputs: list[wg.Tensor],
        inputs: list[wg.Tensor],
        cotangents: list[wg.Tensor],
        create_graph: bool = False,
    ) -> list[wg.Tensor]:
        """The gradients of the inputs; zeros where there are none."""
        used = [(o, c) for o, c in zip(outputs, cotangents, strict=True) if o.requires_grad]
        found: list[wg.Tensor | None] = [None] * len(inputs)
        wanted = [i for i, t in enumerate(inputs) if t.requires_grad]
        if used and wanted:
            some = wg.autograd.grad(
                [o for o, _ in used],
                [inputs[i] for i in wanted],
                [c for _, c in used],
                create_graph=create_graph,
                allow_unused=True,
            )
            for i, g in zip(wanted, some, strict=True):
                found[i] = g
        return [
            g if g is not None else wg.zeros_like(t) for g, t in zip(found, inputs, strict=True)
        ]


def dot(a: list[Any], b: list[Any]) -> float:
    """The inner product of two lists of tensors."""
    return float(sum(np.vdot(to_numpy(x), to_numpy(y)) for x, y in zip(a, b, strict=True)))


def moved(tensors: list[wg.Tensor], by: list[wg.Tensor], step: float) -> list[wg.Tensor]:
    """Leaves at tensors + step * by."""
    return [(t.detach() + d * step).requires_grad_() for t, d in zip(tensors, by, strict=True)]


def difference(f: Callable[[float], float], h: float = 1e-4) -> float:
    """f'(0) by a central difference of fourth order."""
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def proper_subsets(n: int) -> Iterator[tuple[bool, ...]]:
    """Every choice of some but not all of n inputs, for at most four of them."""
    for mask in itertools.product((False, True), repeat=min(n, 4)):
        padded = mask + (True,) * (n - len(mask))
        if any(padded) and not all(padded):
            yield padded
