"""Methods in the form of functions, functions that change their argument, and new_*()."""

from __future__ import annotations

import pytest

import wengert as wg
from wengert import _names

KINDS = {row["name"]: row["kinds"] for row in wg._core.ops.function_rows()}
IN_PLACE = _names._in_place_functions.split()


@pytest.mark.parametrize("name", [n for n in IN_PLACE if KINDS.get(n[:-1]) == ["Tensor"]])
def test_functions_that_change_their_argument(name):
    x = wg.tensor([0.25, 0.5, 0.75]) + (1 if name == "acosh_" or name == "arccosh_" else 0)
    wanted = getattr(wg, name[:-1])(x)
    assert getattr(wg, name)(x) is x
    assert wg.equal(x, wanted)


def test_functions_that_change_their_argument_and_take_another():
    x = wg.tensor([1.0, 2.0, 3.0])
    assert wg.clamp_(x, min=1.5, max=2.5) is x
    assert x.tolist() == [1.5, 2.0, 2.5]
    wg.index_put_(x, (wg.tensor([0]),), wg.tensor(7.0))
    assert x.tolist() == [7.0, 2.0, 2.5]
    assert wg.zero_(x).sum() == 0
    assert wg.fill_(x, 2.0).sum() == 6


def test_methods_as_functions():
    x = wg.ones(2, 3, requires_grad=True)
    assert wg.numel(x) == 6
    assert wg.is_floating_point(x)
    assert wg.is_signed(x)
    assert not wg.is_complex(x)
    assert not wg.is_inference(x)
    assert not wg.detach(x).requires_grad
    assert wg.t(x).shape == (3, 2)
    assert wg.is_same_size(x, wg.zeros(2, 3))
    assert not wg.is_same_size(x, wg.zeros(3, 2))
    assert wg.is_nonzero(wg.tensor([2]))
    assert not wg.is_nonzero(wg.tensor(0.0))
    with pytest.raises(RuntimeError, match="is_nonzero: expected one element"):
        wg.is_nonzero(x)


def test_new_tensors_have_the_dtype_of_another():
    x = wg.ones(2, dtype=wg.float64)
    for made, wanted in (
        (x.new_zeros(2, 3), wg.zeros(2, 3, dtype=wg.float64)),
        (x.new_ones((2,)), wg.ones(2, dtype=wg.float64)),
        (x.new_full((2,), 3), wg.tensor([3.0, 3.0], dtype=wg.float64)),
        (x.new_tensor([1, 2]), wg.tensor([1.0, 2.0], dtype=wg.float64)),
        (x.new_zeros(2, dtype=wg.int8), wg.zeros(2, dtype=wg.int8)),
    ):
        assert made.dtype is wanted.dtype
        assert wg.equal(made, wanted)
    assert x.new_empty(3, 0).shape == (3, 0)
    assert x.new_ones(2, requires_grad=True).requires_grad
    assert x.new_tensor([1.0], requires_grad=True).requires_grad
