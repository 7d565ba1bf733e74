"""Every row of the function tables: values, layouts, dtypes, forms, errors, memory."""

from __future__ import annotations

import gc

import numpy as np
import op_rows as rows
import pytest
from op_rows import CASES, DETERMINISTIC, ROWS, Case, Differentiated, Row

import wengert as wg
from wengert._core import ops

FLOAT32_EPS = float(np.finfo(np.float32).eps)

# What a reference does with an infinite or NaN input that the operation, like PyTorch, does not.
OTHER_AT_INFINITY = {
    "gelu_tanh": "the reference multiplies -inf by 0",
    "hardswish": "the reference multiplies -inf by 0",
    "silu": "the reference multiplies -inf by 0",
    "mish": "the reference multiplies -inf by 0",
    "sign": "NaN has sign 0",
    "polygamma": "the reference gives a value to orders that are no whole numbers",
    "lgamma": "the reference says -inf at -inf, C and PyTorch inf",
}


def by_id(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda c: c.id)


def first_cases(flag: int) -> list[Case]:
    return [c for c in DETERMINISTIC if c.row.flags & flag]


# ---- rows ----------------------------------------------------------------------------------


def test_names_are_unique():
    names = [r.name for r in ROWS]
    assert len(ROWS) > 100
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_row_is_documented_and_has_samples(row: Row):
    assert row.doc
    assert row.function.__doc__.startswith(f"{row.name}(")
    assert row.function.__doc__.endswith(".")
    assert not row.function.__doc__.endswith("..")
    exempt = rows.INTERNAL | rows.ALIAS | rows.RANDOM | rows.MUTATES
    assert row.samples or row.flags & exempt or row.name in rows.ELSEWHERE


# ---- values --------------------------------------------------------------------------------


@by_id([c for c in DETERMINISTIC if c.row.reference])
def test_value_is_that_of_the_reference(case: Case):
    args, kwargs = case.call_arguments()
    got = rows.results(case.row.function(*args, **kwargs))
    want = rows.reference_value(case.row, args, kwargs)
    want = list(want) if isinstance(want, (tuple, list)) else [want]
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        single = isinstance(g, wg.Tensor) and g.dtype == wg.float32
        if case.row.flags & rows.CREATES:  # the reference knows nothing of default dtypes
            w = np.asarray(w).astype(rows.to_numpy(g).dtype)
        rows.assert_same(g, w, 1e-5 if single else 1e-9, 1e-6 if single else 1e-10, case.id)


@by_id(CASES)
def test_arguments_are_not_changed(case: Case):
    args, kwargs = case.call_arguments()
    before = [t.clone() for t in rows.leaves((args, kwargs))]
    case.row.function(*args, **kwargs)
    skip = 1 if case.row.flags & rows.MUTATES else 0
    for t, b in list(zip(rows.leaves((args, kwargs)), before, strict=True))[skip:]:
        rows.assert_bits(t, b)


@by_id([c for c in DETERMINISTIC if any(rows.is_float(t) for t in rows.leaves(c.call_arguments()))])
def test_float32_agrees_with_float64(case: Case):
    def narrow(t: wg.Tensor) -> wg.Tensor:
        return t.to(wg.float32) if rows.is_float(t) else t

    def widen(t: wg.Tensor) -> wg.Tensor:
        return t.to(wg.float64) if rows.is_float(t) else t

    low = rows.map_tree(case.call_arguments(), narrow)
    high = rows.map_tree(low, widen)
    got = rows.results(case.row.function(*low[0], **low[1]))
    want = rows.results(case.row.function(*high[0], **high[1]))
    for g, w in zip(got, want, strict=True):
        if isinstance(g, wg.dtype):  # follows the inputs
            continue
        if not rows.is_float(g):
            rows.assert_same(g, w, 0, 0)
            continue
        assert g.dtype == wg.float32 or w.dtype == g.dtype
        size = np.abs(np.nan_to_num(w.numpy(), posinf=0, neginf=0)).max(initial=1.0)
        tolerance = 64 * FLOAT32_EPS
        rows.assert_same(g.to(wg.float64), w.to(wg.float64), tolerance, tolerance * size, case.id)


# ---- layouts -------------------------------------------------------------------------------


def transposed(t: wg.Tensor) -> wg.Tensor:
    if t.ndim < 2:
        return t
    dims = tuple(range(t.ndim))[::-1]
    return t.permute(dims).contiguous().permute(dims)


def strided(t: wg.Tensor) -> wg.Tensor:
    if t.ndim == 0:
        return t
    wide = np.zeros((*t.shape[:-1], 2 * t.shape[-1]), rows.to_numpy(t).dtype)
    wide[..., ::2] = t.numpy()
    return ops._slice(wg.from_numpy(wide), -1, None, None, 2)


def expanded(t: wg.Tensor) -> wg.Tensor:
    if t.ndim == 0 or t.shape[0] == 0:
        return t
    return ops._slice(t, 0, 0, 1).expand(tuple(t.shape))


LAYOUTS = {"transposed": transposed, "strided": strided, "expanded": expanded}


@pytest.mark.parametrize("layout", LAYOUTS)
@by_id([c for c in DETERMINISTIC if rows.leaves(c.call_arguments())])
def test_layout_of_inputs_does_not_matter(case: Case, layout: str):
    call = Differentiated(case)
    other = [LAYOUTS[layout](t) for t in call.all]
    dense = [t.contiguous().clone() for t in other]
    if all(a.stride() == b.stride() for a, b in zip(other, dense, strict=True)):
        return
    if layout == "expanded" and case.row.name in rows.REGULAR:
        return
    if case.row.name in ("view", "view_as", "as_strided"):  # depends on the layout by its nature
        return

    def run(tensors: list[wg.Tensor]) -> tuple[list[object], list[wg.Tensor]]:
        inputs = [t.detach() for t in tensors]
        wanted = [inputs[i].requires_grad_() for i in call.where]
        args, kwargs = rows.replace_leaves((call.args, call.kwargs), inputs)
        got = rows.results(case.row.function(*args, **kwargs))
        outputs = [t for t in got if rows.is_float(t) and t.requires_grad]
        ones = [wg.ones_like(t) for t in outputs]
        return got, call.gradients(outputs, wanted, ones)

    (got, gradients), (want, expected) = run(other), run(dense)
    for g, w in zip(got, want, strict=True):
        rows.assert_same(g, w, 1e-12, 1e-13, f"{case.id} {layout}")
    for g, w in zip(gradients, expected, strict=True):
        rows.assert_same(g, w, 1e-11, 1e-12, f"gradient of {case.id} {layout}")


# ---- infinities ----------------------------------------------------------------------------


@by_id([c for c in DETERMINISTIC if any(rows.is_float(t) for t in rows.leaves(c.call_arguments()))])
def test_infinities_and_nan(case: Case):
    special = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1.0])

    def spoil(t: wg.Tensor) -> wg.Tensor:
        if not rows.is_float(t) or t.numel() == 0:
            return t
        a = t.numpy().copy()
        a.reshape(-1)[: special.size] = special[: a.size]
        return wg.from_numpy(a)

    args, kwargs = rows.map_tree(case.call_arguments(), spoil)
    if not case.row.is_elementwise:
        # A factorization may refuse.
        rows.error_of(lambda: case.row.function(*args, **kwargs), (RuntimeError, ValueError))
        return
    got = case.row.function(*args, **kwargs)
    if case.row.name in OTHER_AT_INFINITY:
        return
    rows.assert_same(got, rows.reference_value(case.row, args, kwargs), 1e-9, 1e-10, case.id)


# ---- forms ---------------------------------------------------------------------------------


def in_place(row: Row):
    return getattr(ops, row.name + "_")


@by_id(first_cases(rows.IN_PLACE))
def test_in_place_form(case: Case):
    args, kwargs = case.call_arguments()
    want = rows.results(case.row.function(*args, **kwargs))[0]
    self = args[0].clone()
    version = self._version
    if want.dtype != self.dtype or want.shape != self.shape:
        if want.dtype.is_floating_point <= self.dtype.is_floating_point and (
            want.shape == self.shape
        ):
            rows.assert_bits(in_place(case.row)(self, *args[1:], **kwargs), want.to(self.dtype))
            return
        with pytest.raises((RuntimeError, TypeError, ValueError), match=f"^{case.row.name}"):
            in_place(case.row)(self, *args[1:], **kwargs)
        rows.assert_bits(self, args[0])
        return
    assert in_place(case.row)(self, *args[1:], **kwargs) is self
    assert self._version > version or self.numel() == 0
    rows.assert_bits(self, want)
    assert getattr(wg.Tensor, case.row.name + "_")


@by_id(
    [
        c
        for c in first_cases(rows.IN_PLACE)
        if rows.is_float(c.call_arguments()[0][0]) and c.row.name not in rows.CONSTANTS
    ]
)
def test_in_place_form_has_the_same_gradient(case: Case):
    call = Differentiated(case)
    inputs = call.inputs()
    outputs = call.outputs(inputs)
    if not outputs or outputs[0].shape != inputs[0].shape:
        return
    c = call.direction(outputs)
    want = call.gradients(outputs, inputs, c)

    inputs = call.inputs()
    tensors = list(call.all)
    for i, t in zip(call.where, inputs, strict=True):
        tensors[i] = t
    args, kwargs = rows.replace_leaves((call.args, call.kwargs), tensors)
    with pytest.raises(RuntimeError, match="leaf"):
        in_place(case.row)(args[0], *args[1:], **kwargs)
    self = args[0].clone()
    in_place(case.row)(self, *args[1:], **kwargs)
    for g, w in zip(call.gradients([self], inputs, c), want, strict=True):
        rows.assert_same(g, w, 1e-12, 1e-13)


@by_id(first_cases(rows.OUT))
def test_out_argument(case: Case):
    args, kwargs = case.call_arguments()
    plain = case.row.function(*args, **kwargs)
    want = rows.results(plain)
    for size in ((7, 2), None):
        out = [wg.empty(size or tuple(w.shape), dtype=w.dtype) for w in want]
        given = tuple(out) if isinstance(plain, (tuple, list)) else out[0]
        got = case.row.function(*args, **kwargs, out=given)
        assert all(g is o for g, o in zip(rows.results(got), out, strict=True))
        for o, w in zip(out, want, strict=True):
            rows.assert_bits(o, w)


# ---- memory and threads --------------------------------------------------------------------


def forward_and_backward(case: Case, scale: int = 1) -> list[wg.Tensor]:
    call = Differentiated(case, scale)
    inputs = call.inputs()
    outputs = call.outputs(inputs)
    return outputs + call.gradients(outputs, inputs, call.direction(outputs))


@by_id(DETERMINISTIC)
def test_nothing_is_left_in_memory(case: Case):
    forward_and_backward(case)
    gc.collect()
    before = wg.memory_stats()["live_blocks"]
    forward_and_backward(case)
    after = wg.memory_stats()["live_blocks"]
    if after != before:
        gc.collect()
        after = wg.memory_stats()["live_blocks"]
    assert after == before


def large_scale(case: Case) -> int:
    """The factor that makes the sample's tensors large, or 1 where it does not grow."""
    tensors = rows.leaves(case.call_arguments())
    scales = []
    for t in tensors:
        growing = sum(n > 1 for n in t.shape)
        if growing and t.numel():
            scales.append(int((rows.LARGE / t.numel()) ** (1 / growing)))
    scale = min(scales, default=1)
    wg.set_memory_limit(wg.memory_stats()["allocated"] + (1 << 30))
    try:
        args, kwargs = case.call_arguments(scale)
        # The other arguments may give sizes, or the result be much larger.
        kinds = (ValueError, IndexError, RuntimeError, MemoryError)
        e = rows.error_of(lambda: case.row.function(*args, **kwargs), kinds)
    finally:
        wg.set_memory_limit(0)
    return 1 if e else scale


@by_id([c for c in DETERMINISTIC if c.index == 0 and rows.leaves(c.call_arguments())])
def test_threads_do_not_change_a_bit(case: Case):
    scale = large_scale(case)
    threads = wg.get_num_threads()
    try:
        wg.set_num_threads(1)
        one = forward_and_backward(case, scale)
        wg.set_num_threads(2)
        two = forward_and_backward(case, scale)
    finally:
        wg.set_num_threads(threads)
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        rows.assert_bits(a, b, case.id)


# ---- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_wrong_kinds_of_arguments(row: Row):
    args, kwargs = Case(row, 0).call_arguments() if row.samples else ((), {})
    wrong = {
        "Tensor": [object(), "text", [[]], {}, 3.5],
        "Tensor or number": [object(), "text", []],
        "sequence of Tensors": [object(), 3, [object()]],
        "int": [object(), "text", 1.5, []],
        "int or sequence of ints": [object(), "text", [1.5]],
        "float": [object(), "text", []],
        "number": [object(), "text", []],
        "bool": [object(), "text"],
        "dtype": [object(), "text", 3],
        "str": [object(), 3],
        "Generator": [object(), 3],
    }
    error = pytest.raises((TypeError, ValueError), match=f"^{row.name}:")
    for i, p in enumerate(row.parameters):
        for value in wrong[p.kind]:
            if p.keyword_only:
                call = (args, kwargs | {p.name: value})
            elif i < len(args):
                call = ((*args[:i], value, *args[i + 1 :]), kwargs)
            elif i == len(args):
                call = ((*args, value), kwargs)
            else:
                continue
            with error:
                row.function(*call[0], **call[1])
    with error:
        row.function(*args, **kwargs, no_such_argument=1)
    if any(p.default is ... and not p.variadic for p in row.parameters):
        with error:
            row.function()
    if not any(p.variadic for p in row.parameters):
        with error:
            row.function(*([3] * 17))
