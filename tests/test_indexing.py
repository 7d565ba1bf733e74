"""Index expressions against NumPy: reading, writing, gradients, errors."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import wengert as wg


class Draw:
    """Random index expressions for arrays of random shapes."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)

    def shape(self) -> tuple[int, ...]:
        return tuple(self.r.choice([0, 1, 2, 3, 4, 5]) for _ in range(self.r.randint(0, 4)))

    def bound(self, n: int) -> int | None:
        return self.r.choice([None, self.r.randint(-n - 2, n + 2)])

    def mask(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.random.default_rng(self.r.randint(0, 999)).random(shape) < 0.5

    def key(self, shape: tuple[int, ...]) -> list[Any]:
        r = self.r
        key: list[Any] = []
        d = 0
        together = r.choice([(2,), (3,), (2, 3), (1,), ()])
        beyond = 60 if r.random() < 0.03 else 0
        dots = False
        while d < len(shape) and r.random() < 0.85:
            n = shape[d]
            c = r.random()
            if c < 0.2 and n:
                key.append(r.randint(-n, n - 1) + beyond)
                d += 1
            elif c < 0.5:
                step = r.choice([None, 1, 2, -1, -2, 3])
                key.append(slice(self.bound(n), self.bound(n), step))
                d += 1
            elif c < 0.58:
                key.append(None)
            elif c < 0.66 and not dots:
                key.append(Ellipsis)
                dots = True
                d += r.randint(0, len(shape) - d)
            elif c < 0.72:
                key.append(self.mask((n,)))
                d += 1
            elif c < 0.76 and d + 1 < len(shape):
                key.append(self.mask((n, shape[d + 1])))
                d += 2
            elif c < 0.8:
                key.append(r.random() < 0.5)
            elif n:
                s = together if r.random() < 0.7 else (1,)
                flat = [r.randint(-n, n - 1) + beyond for _ in range(int(np.prod(s)))]
                key.append(np.array(flat, dtype=np.int64).reshape(s))
                d += 1
            else:
                key.append(slice(None))
                d += 1
        return key + [0] * 4 if r.random() < 0.03 else key

    def given(self, index: Any, form: int) -> Any:
        """The index as a tensor, an array or a list."""
        if not isinstance(index, np.ndarray) or form == 1 or (form == 2 and index.size == 0):
            return index
        return wg.tensor(index) if form == 0 else index.tolist()


def positions(shape: tuple[int, ...], items: tuple[Any, ...]) -> np.ndarray:
    """Which elements the index names, as flat positions.

    As in PyTorch numbers, slices and None are applied first, then arrays and masks together.
    """
    a = np.arange(int(np.prod(shape))).reshape(shape)
    items = tuple(int(k) if isinstance(k, np.ndarray) and k.ndim == 0 else k for k in items)
    named = sum(
        k.ndim if isinstance(k, np.ndarray) and k.dtype == bool else 1
        for k in items
        if k is not None and k is not Ellipsis and not isinstance(k, bool)
    )
    first: list[Any] = []
    then: list[Any] = []
    for k in items:
        if isinstance(k, bool):
            first.append(None)
            then.append(np.array([k]))
        elif isinstance(k, np.ndarray):
            first.extend([slice(None)] * (k.ndim if k.dtype == bool else 1))
            then.append(k)
        elif k is Ellipsis:
            first.extend([slice(None)] * max(0, len(shape) - named))
            then.extend([slice(None)] * max(0, len(shape) - named))
        else:
            first.append(k)
            if not isinstance(k, int):
                then.append(slice(None))
    return a[tuple(first)][tuple(then)]


def cases(seed: int, n: int) -> Any:
    """Arrays, indices, the positions they name (None for an error), and what chose them."""
    draw = Draw(seed)
    for _ in range(n):
        shape = draw.shape()
        items = tuple(draw.key(shape))
        form = draw.r.randint(0, 2)
        array = np.arange(0.5, int(np.prod(shape)) + 0.5).reshape(shape)
        key: Any = tuple(draw.given(k, form) for k in items)
        if len(items) == 1 and draw.r.random() < 0.5:
            key = key[0]
        try:
            named = positions(shape, items)
        except IndexError:
            named = None
        yield array, key, named, draw.r


@pytest.mark.parametrize("seed", range(4))
def test_reading_and_its_gradient(seed: int) -> None:
    for a, key, named, _ in cases(seed, 500):
        x = wg.tensor(a, requires_grad=True)
        if named is None:
            with pytest.raises(IndexError):
                x[key]
            continue
        got = x[key]
        assert tuple(got.shape) == named.shape, (a.shape, key)
        assert np.array_equal(got.detach().numpy(), a.reshape(-1)[named]), (a.shape, key)
        w = np.random.default_rng(seed).random(named.shape)
        (got * wg.tensor(w)).sum().backward()
        gradient = np.zeros(a.size)
        np.add.at(gradient, named, w)
        assert np.allclose(x.grad.numpy(), gradient.reshape(a.shape)), (a.shape, key)


@pytest.mark.parametrize("seed", range(4))
def test_writing_and_its_gradient(seed: int) -> None:
    for a, key, named, r in cases(100 + seed, 500):
        y = wg.tensor(a)
        if named is None:
            with pytest.raises(IndexError):
                y[key] = 1.0
            assert np.array_equal(y.numpy(), a)
            continue
        # Nested lists cannot say what follows a size of 0.
        kinds = ["tensor", "number", "broadcast", "integers", "array"] + ["list"] * (named.size > 0)
        how = r.choice(kinds)
        shape = named.shape
        if how == "broadcast":
            shape = tuple(1 if r.random() < 0.4 else n for n in shape)
        values = np.array(np.random.default_rng(seed).random(shape))
        if how == "integers":
            values = np.arange(values.size).reshape(shape)
        if how == "number":
            values = np.array(0.25)
        # Arrays are converted to the tensor's dtype, tensors of another one are refused.
        given = values if how in ("array", "integers") else wg.tensor(values)
        y[key] = values.tolist() if how in ("list", "number") else given
        expected = a.reshape(-1).copy()
        expected[named] = values
        assert np.array_equal(y.numpy().reshape(-1), expected), (a.shape, key, how)
        if how == "broadcast":
            base, v = wg.tensor(a, requires_grad=True), wg.tensor(values, requires_grad=True)
            z = base * 1.0
            z[key] = v
            w = np.random.default_rng(seed + 1).random(a.shape)
            (z * wg.tensor(w)).sum().backward()
            passed = np.array(w).reshape(-1)
            passed[named] = 0
            assert np.allclose(base.grad.numpy().reshape(-1), passed), (a.shape, key)


def test_bad_indices_are_refused_and_change_nothing() -> None:
    x = wg.tensor(np.arange(6.0).reshape(2, 3))
    for key in [2, -3, (0, 3), (0, 0, 0), ([0, 2],), (slice(None), [3]), (0, ..., 0, 0)]:
        with pytest.raises(IndexError):
            x[key]
        with pytest.raises(IndexError):
            x[key] = 7.0
    with pytest.raises(IndexError):
        x[np.array([True, False, True])]
    with pytest.raises(IndexError):
        x[1.5]
    with pytest.raises(TypeError):
        x["a"]
    with pytest.raises((ValueError, RuntimeError)):
        x[0] = wg.zeros(4)
    assert x.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


def test_bytes_that_are_seen_as_bools():
    """Any byte but 0 is true."""
    mask = wg.tensor([2, 0, 1, 0, 0, 255, 0, 0, 0, 128, 0], dtype=wg.uint8).view(wg.bool)
    assert wg.nonzero(mask).tolist() == [[0], [2], [5], [9]]
    assert wg.arange(11)[mask].tolist() == [0, 2, 5, 9]


def strided(dtype: str) -> list[np.ndarray]:
    x = np.arange(6 * 8 * 10).astype(dtype).reshape(6, 8, 10)
    wide = np.broadcast_to(x[:, :1, :], (6, 8, 10))
    return [x.transpose(2, 0, 1), x[::2, :, ::-1], wide, wide.transpose(1, 2, 0), x[:, 1:, 2:]]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "complex128"])
def test_few_elements_of_strided_tensors(dtype: str) -> None:
    """They are read where they stand."""
    for x in strided(dtype):
        t = wg.from_numpy(x) if min(x.strides) >= 0 else wg.from_numpy(x[:, :, ::-1]).flip(-1)
        for view, y in ((t, x), (t.unsqueeze(1), x[:, None]), (t[1:, ..., 1], x[1:, ..., 1])):
            for d in range(y.ndim):
                n = y.shape[d]
                for at in ([n - 1], [], [0, n - 1]):
                    index = wg.tensor(at, dtype=wg.int64)
                    expected = np.take(y, at, axis=d)
                    assert np.array_equal(wg.index_select(view, d, index).numpy(), expected)
                    key = (slice(None),) * d + (at,)
                    assert np.array_equal(view[(slice(None),) * d + (index,)].numpy(), expected)
                    for e in range(d + 1, y.ndim):
                        both = (*key, *(slice(None),) * (e - d - 1), [0] * len(at))
                        assert np.array_equal(view[both].numpy(), y[both])
                at = np.zeros([1] * y.ndim, np.int64)
                for corner in range(2):
                    part = tuple(slice(1 + corner) for _ in y.shape)
                    few = np.broadcast_to(at + n - 1, y[part].shape)
                    there = y[tuple(slice(None) if i == d else p for i, p in enumerate(part))]
                    got = wg.gather(view, d, wg.from_numpy(few.copy()))
                    assert np.array_equal(got.numpy(), np.take_along_axis(there, few, d))


def test_expanded_tensors_larger_than_memory() -> None:
    big, at = 2**45, wg.tensor([0, 5, 2**45 - 1])
    x = wg.tensor([3.0]).expand(big)
    for y in (x[at], x.gather(0, at), x.index_select(0, at), x.take(at), x.take_along_dim(at)):
        assert y.tolist() == [3.0] * 3
    rows = wg.tensor([[1.0], [2.0]]).expand(2, big)
    assert rows[:, at].tolist() == [[1.0] * 3, [2.0] * 3]
    assert rows[[1, 0, 1], at].tolist() == [2.0, 1.0, 2.0]
    assert rows.index_select(1, at).tolist() == [[1.0] * 3, [2.0] * 3]
    assert rows.gather(1, at.expand(2, 3)).tolist() == [[1.0] * 3, [2.0] * 3]
    with pytest.raises(IndexError):
        x[wg.tensor([big])]
    with pytest.raises(RuntimeError):
        x.gather(0, wg.tensor([big]))


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "bool"])
@pytest.mark.parametrize("shape", [(6, 5, 4), (6, 9, 4), (6, 5, 7)], ids=str)
def test_an_index_that_repeats_itself_names_blocks(shape, dtype):
    """Expanded along its last dimensions, with a whole and a larger tensor behind them."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, shape).astype(dtype)
    src = rng.integers(0, 2, (11, 5, 4)).astype(dtype)
    at = rng.integers(0, 6, 11)
    index = wg.from_numpy(at)[:, None, None].expand(11, 5, 4)
    taken = wg.gather(wg.from_numpy(x), 0, index)
    np.testing.assert_array_equal(taken.numpy(), x[at][:, :5, :4])
    added = x.copy()
    if dtype != "bool":
        np.add.at(added[:, :5, :4], at, src)
        ours = wg.scatter_add(wg.from_numpy(x), 0, index, wg.from_numpy(src))
        np.testing.assert_array_equal(ours.numpy(), added)
    first = rng.permutation(6)
    put = wg.from_numpy(first)[:, None, None].expand(6, 5, 4)
    expected = x.copy()
    expected[first, :5, :4] = src[:6]
    ours = wg.scatter(wg.from_numpy(x), 0, put, wg.from_numpy(src))
    np.testing.assert_array_equal(ours.numpy(), expected)
    wrong = wg.from_numpy(at + 1)[:, None, None].expand(11, 5, 4)
    with pytest.raises(RuntimeError, match="index 6 is out of bounds for dimension 0 of size 6"):
        wg.gather(wg.from_numpy(x), 0, wrong)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda x, at, v: x.scatter_(0, x, v), [12, 10, 11]),
        (lambda x, at, v: x.scatter_(0, at, x), [0, 1, 2]),
        (lambda x, at, v: x.scatter_add_(0, x, v), [13, 12, 11]),
        (lambda x, at, v: x.scatter_add_(0, at, x), [1, 3, 2]),
        (lambda x, at, v: x.index_add_(0, x, v), [13, 12, 11]),
        (lambda x, at, v: x.index_add_(0, at, x), [1, 3, 2]),
        (lambda x, at, v: x.index_put_((x,), v), [12, 10, 11]),
        (lambda x, at, v: x.index_put_((at,), x), [0, 1, 2]),
    ],
)
def test_tensors_may_be_their_own_index_and_source(change, expected):
    x = wg.tensor([1, 2, 0])
    change(x, wg.tensor([1, 2, 0]), wg.tensor([10, 11, 12]))
    assert x.tolist() == expected


def test_embedding_renorm_with_indices_in_the_memory_of_the_weights():
    weight = wg.tensor([[5e-324], [5e-324]], dtype=wg.float64)  # the bits of the integers 1 and 1
    wg.embedding_renorm_(weight, weight.view(wg.int64).flatten(), 0.0, 1.0)
    assert weight.tolist() == [[5e-324], [0.0]]


@pytest.mark.parametrize(("dtype", "bits"), [(wg.bfloat16, 8), (wg.float16, 11)])
def test_sums_of_rows_of_16_bits_are_rounded_once(dtype, bits):
    rng = np.random.default_rng(0)
    index, rows = rng.integers(0, 5, 8192), rng.random((8192, 3))
    source, start = wg.tensor(rows).to(dtype), wg.rand(7, 3).to(dtype)
    exact = start.double().numpy().copy()
    np.add.at(exact, index, source.double().numpy())
    got = start.clone().index_add_(0, wg.tensor(index), source)
    assert (got[5:] == start[5:]).all()
    np.testing.assert_allclose(got.double().numpy(), exact, rtol=1.1 * 2.0**-bits)
    turned = start.T.index_add(1, wg.tensor(index), source.T)
    assert (turned == got.T).all()

    x = wg.zeros(5, 3, dtype=dtype, requires_grad=True)
    wg.index_select(x, 0, wg.tensor(index)).backward(source)
    exact = np.zeros((5, 3))
    np.add.at(exact, index, source.double().numpy())
    np.testing.assert_allclose(x.grad.double().numpy(), exact, rtol=1.1 * 2.0**-bits)
