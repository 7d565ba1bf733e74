"""Bad input: typed errors that name the operation, and tensors left as they were."""

from __future__ import annotations

import itertools
import re
from functools import partial

import numpy as np
import op_rows as rows
import pytest
from op_rows import CASES, ROWS, Case, Row

import wengert as wg
from wengert._core import ops

TYPED = (TypeError, ValueError, IndexError, RuntimeError, MemoryError, OverflowError)
HUGE = (1 << 62, -(1 << 63), (1 << 63) - 1, 1 << 40)


def is_named(message: str) -> bool:
    """Whether an error says which operation it is about."""
    return re.match(r"^[\w.]+: ", message) is not None


def bad_values(kind: str):
    """Values of the right kind that fit few samples."""
    yield None
    if kind in ("Tensor", "Tensor or number"):
        yield from (
            wg.ones(5, 7, 2, dtype=wg.float64),
            wg.ones(0, dtype=wg.float64),
            wg.tensor(1.5, dtype=wg.float64),
            wg.tensor([100, -100]),
            wg.tensor([True, False]),
            wg.ones(2, 2, 2, 2, 2, 2, dtype=wg.float32),
            wg.full((3, 4), float("nan"), dtype=wg.float64),
        )
    elif kind == "sequence of Tensors":
        yield from (
            [],
            [None],
            [wg.ones(2), wg.ones(3, 3)],
            [wg.ones(0), wg.tensor(1)],
            [wg.tensor([99])] * 3,
        )
    elif kind in ("int", "int or sequence of ints"):
        yield from (-1, 0, 17, -17, 1 << 70, *HUGE)
        if kind != "int":
            yield from (
                (),
                (-1, -1),
                (0, 0),
                (9,) * 17,
                (99, 99),
                (1 << 40, 1 << 40),
                *((h,) for h in HUGE),
            )
    elif kind == "float":
        yield from (float("nan"), float("inf"), -1.0, -1e308)
    elif kind == "number":
        yield from (float("nan"), -1, True, 1 << 70, 1j)
    elif kind == "dtype":
        yield from (wg.bool, wg.int64, wg.uint8, wg.float16, wg.complex64)
    elif kind == "str":
        yield from ("", "nonsense", "é" * 50)


def shown(value) -> str:
    """Arguments for a message."""
    return str(rows.map_tree(value, lambda t: f"Tensor{tuple(t.shape)}"))


def calls_with_one_bad_argument(case: Case):
    """(arguments, keywords) with one argument replaced."""
    args, kwargs = case.call_arguments()
    for i, p in enumerate(case.row.parameters):
        for value in bad_values(p.kind):
            if i < len(args) and not p.keyword_only:
                yield (*args[:i], value, *args[i + 1 :]), kwargs
            else:
                yield args, kwargs | {p.name: value}


@pytest.fixture
def limited_memory():
    wg.set_memory_limit(wg.memory_stats()["allocated"] + (64 << 20))
    yield
    wg.set_memory_limit(0)


@pytest.mark.usefixtures("limited_memory")
@pytest.mark.parametrize("case", [c for c in CASES if c.index == 0], ids=lambda c: c.id)
def test_one_bad_argument(case: Case):
    """Either the call works, or the error is typed and named and nothing has changed."""
    for args, kwargs in calls_with_one_bad_argument(case):
        tensors = rows.leaves((args, kwargs))
        copies = [t.clone() for t in tensors]
        versions = [t._version for t in tensors]
        e = rows.error_of(partial(case.row.function, *args, **kwargs), TYPED)
        if e is not None:
            assert is_named(str(e)), f"{case.id} {shown((args, kwargs))}: {e!r}"
            for t, c, v in zip(tensors, copies, versions, strict=True):
                assert t._version == v
                rows.assert_bits(t, c)


@pytest.mark.parametrize("row", [r for r in ROWS if r.flags & rows.IN_PLACE], ids=lambda r: r.name)
def test_failed_in_place_calls_change_nothing(row: Row):
    function = getattr(ops, row.name + "_")
    others = [
        wg.ones(5, 7, dtype=wg.float64),
        wg.ones(2, 3, 4, dtype=wg.float64),
        wg.tensor([1 + 2j, 1j]),
    ]
    targets = [
        wg.from_numpy(np.arange(12.0).reshape(3, 4)),
        wg.arange(12).reshape(3, 4),
        wg.ones(3, 4, dtype=wg.float64).requires_grad_(),
        wg.ones(1, 4, dtype=wg.float64).expand(3, 4),
    ]
    for target, operand in itertools.product(targets, others):
        before, version = target.clone(), target._version
        operands = [operand] * (len(row.parameters) - 1)
        e = rows.error_of(partial(function, target, *operands), TYPED)
        if e is not None:
            assert is_named(str(e)), str(e)
            assert target._version == version
            rows.assert_bits(target, before)


@pytest.mark.parametrize("case", [c for c in CASES if c.index == 0], ids=lambda c: c.id)
def test_allocation_failure(case: Case):
    """A limit that stops the call after some allocations leaves no block behind."""
    args, kwargs = case.call_arguments()
    for t in rows.leaves((args, kwargs)):
        if rows.is_float(t) and case.row.name not in rows.WITHOUT_GRADIENTS:
            t.requires_grad_()
    if case.row.flags & rows.MUTATES:
        return
    case.row.function(*args, **kwargs)
    copies = [t.detach().clone() for t in rows.leaves((args, kwargs))]
    stats = wg.memory_stats()
    wg.set_memory_limit(1)
    try:
        e = rows.error_of(partial(case.row.function, *args, **kwargs), MemoryError)
    finally:
        wg.set_memory_limit(0)
    assert e is None or "limit" in str(e)
    assert wg.memory_stats()["live_blocks"] == stats["live_blocks"]
    for t, c in zip(rows.leaves((args, kwargs)), copies, strict=True):
        rows.assert_bits(t, c)


# ---- creation and conversion -------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda: wg.zeros(1 << 62),
        lambda: wg.ones(1 << 40, 1 << 40),
        lambda: wg.empty((1 << 31, 1 << 31, 4)),
        lambda: wg.full((1 << 61,), 1.0),
        lambda: wg.arange(1 << 62),
        lambda: wg.eye(1 << 33),
        lambda: wg.ones(3).expand(1 << 40, 3).clone(),
        lambda: wg.zeros(1 << 61, dtype=wg.int8),
    ],
)
def test_sizes_beyond_memory(call):
    with pytest.raises((MemoryError, ValueError, RuntimeError)):
        call()


@pytest.mark.parametrize("shape", [(-1,), (2, -3), (1,) * 17])
def test_impossible_shapes(shape):
    for function in (wg.zeros, wg.ones, wg.empty, wg.rand):
        with pytest.raises((ValueError, RuntimeError), match=r"^\w+: "):
            function(shape)


@pytest.mark.parametrize(
    "data", [[[1, 2], [3]], [1, "a"], object(), [None], [[1], 2], {"a": 1}, [wg.ones(2), 1]]
)
def test_what_is_no_tensor(data):
    with pytest.raises((TypeError, ValueError, RuntimeError), match="tensor: "):
        wg.tensor(data)


@pytest.mark.parametrize(
    "index",
    [3, -4, (0, 4), (0, 0, 0), "a", 1.5, [5], (slice(None), [0, 9]), slice(0, 2, 0)],
    ids=str,
)
def test_bad_indices(index):
    x = wg.arange(12).reshape(3, 4)
    with pytest.raises((IndexError, TypeError, ValueError)):
        x[index]
    before = x.clone()
    with pytest.raises((IndexError, TypeError, ValueError)):
        x[index] = 1
    rows.assert_bits(x, before)


def test_masks_must_fit():
    x = wg.arange(12).reshape(3, 4)
    for mask in (wg.ones(4, dtype=wg.bool), wg.ones(3, 3, dtype=wg.bool)):
        with pytest.raises(IndexError, match=r"\(3, 4\)"):
            x[mask]


def test_values_must_fit_an_index():
    x = wg.zeros(3, 4)
    for index, value in ((0, wg.ones(3)), (slice(0, 2), wg.ones(3, 4)), ([0, 1], wg.ones(3))):
        with pytest.raises((ValueError, RuntimeError)):
            x[index] = value
    rows.assert_bits(x, wg.zeros(3, 4))


def test_out_must_fit():
    x = wg.ones(3)
    with pytest.raises(TypeError, match="out"):
        wg.exp(x, out=[1])
    with pytest.raises(RuntimeError, match=r"^exp: .*int64"):
        wg.exp(x, out=wg.zeros(3, dtype=wg.int64))
    with pytest.raises(RuntimeError, match=r"^exp: .*out="):
        wg.exp(x.clone().requires_grad_(), out=wg.zeros(3))
    e = wg.zeros(1).expand(3)
    with pytest.raises(RuntimeError, match=r"^exp: "):
        wg.exp(x, out=e)


def test_ranges_that_no_tensor_can_hold():
    for bounds in ((0.0, 1e30), (0.0, 1e19), (-(2**63), 2**63 - 1)):
        with pytest.raises(RuntimeError, match="more steps than a tensor can hold"):
            wg.arange(*bounds)
    with pytest.raises(RuntimeError, match="sign"):
        wg.arange(2**60, 2**60 + 1, -1)


def test_parameters_that_are_no_tensors():
    optimizer = wg.optim.SGD([wg.nn.Parameter(wg.ones(1))])
    optimizer.param_groups[0]["params"].append(1.5)
    with pytest.raises(TypeError, match="expected parameters to be tensors, but got float"):
        optimizer.zero_grad()
    with pytest.raises(TypeError, match="expected parameters to be tensors, but got float"):
        optimizer.step()
    with pytest.raises(TypeError):
        wg.Tensor._make_subclass(wg.Tensor, None)


def test_copies_asked_for_by_position():
    x = wg.ones(2)
    assert x.to(wg.float32, False, False) is x
    assert x.to(wg.float32, False, True) is not x
    assert x.to("cpu", wg.float32, False, True) is not x


# ---- numbers that a dtype cannot hold -----------------------------------------------------

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    "make",
    [
        lambda: wg.tensor([300], dtype=wg.uint8),
        lambda: wg.full((2,), 300, dtype=wg.uint8),
        lambda: wg.tensor([NAN], dtype=wg.int32),
        lambda: wg.tensor([1e30], dtype=wg.int64),
        lambda: wg.full((2,), INF, dtype=wg.int32),
        lambda: wg.zeros(2, dtype=wg.int64).fill_(NAN),
        lambda: wg.zeros(2, dtype=wg.int8).fill_(1000),
        lambda: wg.zeros(2, dtype=wg.int64).masked_fill(wg.tensor([True, False]), NAN),
        lambda: wg.zeros(2).__setitem__(0, 1j),
        lambda: wg.zeros(2).fill_(2j),
        lambda: wg.tensor([1j], dtype=wg.float32),
        lambda: wg.full((2,), 1 + 2j, dtype=wg.float32),
    ],
)
def test_numbers_that_do_not_fit(make):
    with pytest.raises(RuntimeError, match="cannot be converted to"):
        make()


def test_numbers_that_fit():
    assert wg.full((1,), -1, dtype=wg.uint8).item() == 255
    assert wg.tensor([255, 0], dtype=wg.uint8).tolist() == [255, 0]
    assert wg.tensor([-(2**63), 2**63 - 1]).tolist() == [-(2**63), 2**63 - 1]
    assert wg.tensor([-128.9, 127.9], dtype=wg.int8).tolist() == [-128, 127]
    assert wg.full((1,), INF).item() == INF
    assert wg.tensor([2 + 0j], dtype=wg.float32).item() == 2
    assert wg.zeros(1, dtype=wg.bool).fill_(7).item() is True


# ---- memory that is not there -------------------------------------------------------------


@pytest.mark.parametrize(("size", "stride"), [((9,), (2**61,)), ((2, 2), (2**62, 2**62))])
def test_strides_beyond_all_memory(size, stride):
    with pytest.raises(RuntimeError, match=r"as_strided: .* reach"):
        wg.as_strided(wg.arange(4.0), size, stride)


def test_targets_changed_behind_the_versions_back():
    x = wg.ones(2, 3, requires_grad=True)
    for smoothing in (0.0, 0.1):
        target = wg.tensor([0, 0])
        loss = wg.nn.functional.cross_entropy(x, target, label_smoothing=smoothing)
        target.numpy()[:] = 10**8
        with pytest.raises(IndexError, match="target 100000000 is out of bounds"):
            loss.backward()
    y = wg.ones(1, 1, 4, 4, requires_grad=True)
    values, places = wg.nn.functional.max_pool2d(y, 2, return_indices=True)
    places.numpy()[...] = 10**9
    values.sum().backward()
    assert y.grad.abs().sum() == 0


def test_huge_windows_and_choices():
    f = wg.nn.functional
    assert f.max_pool2d(wg.ones(1, 1, 3, 3), 2**31, padding=2**30).tolist() == [[[[1.0]]]]
    assert f.max_pool1d(wg.ones(1, 1, 5), 2**61, 1, 2**60).shape == (1, 1, 6)
    far = f.max_pool1d(wg.arange(10.0).view(1, 2, 5), 2, 2**63 - 1, 1, ceil_mode=True)
    assert far.tolist() == [[[0.0], [5.0]]]
    for size, dilation in ((5, 2**62), (2**62, 1), (2, 2**63 - 1)):
        with pytest.raises(RuntimeError, match="too large"):
            f.max_pool1d(wg.ones(1, 1, 5), size, 1, 0, dilation)
    with pytest.raises(RuntimeError, match="too large"):
        f.adaptive_max_pool2d(wg.ones(1, 1, 3, 3), 2**62)
    with pytest.raises(RuntimeError, match="too large"):
        f.adaptive_max_pool1d(wg.ones(1, 1, 3), 2**40)
    assert f.adaptive_max_pool1d(wg.ones(1, 1, 3), 0).shape == (1, 1, 0)
    with pytest.raises(RuntimeError, match="too many"):
        wg.combinations(wg.arange(60), 30)
    assert wg.combinations(wg.arange(3), 1 << 50).shape == (0, 1 << 50)
    with pytest.raises(RuntimeError, match="too large"):
        wg.bincount(wg.tensor([2**63 - 1]))


def test_no_number_is_integrated():
    number = wg.tensor(1.0)
    for f in (wg.trapezoid, wg.cumulative_trapezoid):
        for spacing in ({}, {"dx": 2.0}, {"x": wg.ones(1)}, {"x": wg.ones(2)}, {"x": number}):
            with pytest.raises(IndexError, match="but got a number"):
                f(number, **spacing)


def test_requests_without_meaning():
    x = wg.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="inputs must not be empty"):
        wg.autograd.backward(x.sum(), inputs=[])
    with pytest.raises(NotImplementedError, match="not available for bool"):
        wg.ones(2, 2, dtype=wg.bool) @ wg.ones(2, 2, dtype=wg.bool)
    with pytest.raises(RuntimeError, match="overflows"):
        wg.zeros(3).uniform_(-3e38, 3e38)


# ---- values at the edges ------------------------------------------------------------------


def test_values_at_the_edges():
    for dtype in (wg.float32, wg.float64):
        a = wg.tensor([-3.0, 3.0, -1.0, 1.0, INF, NAN], dtype=dtype)
        b = wg.tensor([INF, INF, -INF, -INF, INF, INF], dtype=dtype)
        assert wg.div(a, b, rounding_mode="floor").tolist()[:4] == [-1, 0, 0, -1]
        assert wg.div(a, b, rounding_mode="floor")[4:].isnan().all()
    square = wg.ones(3, 3)
    assert wg.equal(square.tril(2**63 - 1), square)
    assert square.triu(2**63 - 1).sum() == 0
    assert wg.equal(square.triu(-(2**63)), square)
    assert wg.tensor(5.0).topk(0)[0].item() == 5
    x = wg.tensor([NAN, -1.0, 0.0, 2.0], requires_grad=True)
    wg.relu(x).sum().backward()
    assert x.grad.tolist() == [1, 0, 0, 1]


def test_masks_in_uint8():
    x = wg.arange(4)
    assert x[wg.tensor([1, 0, 1, 0]).byte()].tolist() == [0, 2]
    x[wg.tensor([0, 0, 1, 1], dtype=wg.uint8)] = 9
    assert x.tolist() == [0, 1, 9, 9]
    y = wg.zeros(2, 2)
    y[wg.tensor([[1, 0], [0, 1]], dtype=wg.uint8)] = 1
    assert y.tolist() == [[1, 0], [0, 1]]
