"""The text of tensors."""

from __future__ import annotations

import math
import random
import subprocess
import sys

import pytest

import wengert as wg
from wengert import _printing


@pytest.fixture(autouse=True)
def _default_options():
    yield
    wg.set_printoptions(profile="default")
    wg.set_default_dtype(wg.float32)


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (wg.tensor([1.0, 2.0]), "tensor([1., 2.])"),
        (wg.tensor([1.0, 2.0], requires_grad=True), "tensor([1., 2.], requires_grad=True)"),
        (wg.tensor(3), "tensor(3)"),
        (wg.tensor(3.5), "tensor(3.5000)"),
        (wg.tensor(1.0, requires_grad=True) + 2, "tensor(3., grad_fn=<AddBackward0>)"),
        (wg.tensor([1.0], dtype=wg.float64), "tensor([1.], dtype=wengert.float64)"),
        (wg.tensor([1, 20], dtype=wg.int32), "tensor([ 1, 20], dtype=wengert.int32)"),
        (wg.tensor([True, False]), "tensor([ True, False])"),
        (wg.tensor([1.5, math.nan, -math.inf]), "tensor([1.5000,    nan,   -inf])"),
        (wg.tensor([1.0, math.inf]), "tensor([1., inf])"),
        (wg.tensor([1e-6, 1.0]), "tensor([1.0000e-06, 1.0000e+00])"),
        (wg.tensor([]), "tensor([])"),
        (wg.zeros(0, 3), "tensor([], size=(0, 3))"),
        (wg.zeros(0, dtype=wg.int64), "tensor([], dtype=wengert.int64)"),
        (wg.tensor([[1, 2], [3, 4]]), "tensor([[1, 2],\n        [3, 4]])"),
        (wg.tensor([1 + 2j, -1.5 - 1j]), "tensor([ 1.0000+2.j, -1.5000-1.j])"),
        (wg.tensor([[[1], [2]], [[3], [4]]]),
         "tensor([[[1],\n         [2]],\n\n        [[3],\n         [4]]])"),
    ],
)  # fmt: skip
def test_text(tensor, text):
    assert repr(tensor) == text
    assert str(tensor) == text


def test_long_tensors_are_shortened():
    assert repr(wg.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    assert "..." not in repr(wg.arange(1000))
    wg.set_printoptions(threshold=3, edgeitems=1)
    assert repr(wg.arange(4)) == "tensor([0,  ..., 3])"
    assert repr(wg.arange(9).reshape(3, 3)) == (
        "tensor([[0,  ..., 2],\n        ...,\n        [6,  ..., 8]])"
    )


def test_options():
    t = wg.tensor([1.23456])
    wg.set_printoptions(precision=2)
    assert repr(t) == "tensor([1.23])"
    wg.set_printoptions(sci_mode=True)
    assert repr(t) == "tensor([1.23e+00])"
    wg.set_printoptions(profile="default")
    assert repr(t) == "tensor([1.2346])"
    wg.set_printoptions(linewidth=20)
    assert repr(wg.arange(6)) == "tensor([0, 1, 2, 3,\n        4, 5])"
    with pytest.raises(ValueError, match="profile"):
        wg.set_printoptions(profile="wide")
    with pytest.raises(ValueError, match="negative"):
        wg.set_printoptions(precision=-1)


def test_subclasses():
    class Mine(wg.Tensor):
        pass

    t = wg.Tensor._make_subclass(Mine, wg.tensor([1.0]))
    assert repr(t) == "Mine([1.])"


def test_one_of_many_examples_prints_them_all():
    texts = []

    def f(x):
        texts.append((repr(x), str(x), f"{x}"))
        return x * 2

    x = wg.arange(6.0).reshape(3, 2)
    wg.vmap(f)(x)
    rows = "    tensor([[0., 1.],\n            [2., 3.],\n            [4., 5.]])\n"
    assert texts.pop() == (f"BatchedTensor(lvl=1, bdim=0, value=\n{rows})",) * 3
    kept = []
    wg.vmap(lambda x: (kept.append(x), x.sum())[1], in_dims=1)(x)
    columns = "    tensor([[0., 2., 4.],\n            [1., 3., 5.]])\n"
    assert repr(kept[0]) == f"BatchedTensor(lvl=1, bdim=0, value=\n{columns})"
    wg.vmap(wg.vmap(lambda v: (kept.append(v), v)[1]))(x[:1])
    inner = "BatchedTensor(lvl=1, bdim=0, value=\n        tensor([[0., 1.]])\n    )"
    assert repr(kept[1]) == f"BatchedTensor(lvl=2, bdim=0, value=\n    {inner}\n)"
    wg.vmap(wg.func.grad(lambda v: f(v * 2).sum()))(x[:1])
    text = texts.pop()[0]
    assert text.startswith("BatchedTensor(lvl=1, bdim=0, grad_fn=<MulBackward0>, value=\n")
    wg.vmap(lambda v: (f(wg.ones(2)), v)[1])(x)
    assert texts.pop()[0] == "tensor([1., 1.])"


def test_printing_records_nothing_and_is_loaded_when_needed():
    x = wg.ones(3, requires_grad=True)
    repr(x)
    assert x.grad_fn is None
    code = "import sys, wengert; assert 'wengert._printing' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def _cases(seed: int):
    r = random.Random(seed)
    kinds = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool",
             "complex64", "complex128"]  # fmt: skip
    dtype = r.choice(kinds)
    shape = [r.choice([0, 1, 2, 3, 5, 7, 12] if r.random() < 0.2 else [1, 2, 3, 5, 7, 12])
             for _ in range(r.randint(0, 4))]  # fmt: skip
    if r.random() < 0.1:
        shape = [r.choice([999, 1000, 1001, 2000])]
    scale = 10.0 ** r.randint(-6, 9)
    whole = r.random() < 0.3
    special = r.random() < 0.2

    def number():
        if special and r.random() < 0.2:
            return r.choice([math.nan, math.inf, -math.inf, 0.0, -0.0])
        v = r.uniform(-scale, scale)
        return float(round(v)) if whole else v

    n = math.prod(shape)
    if dtype == "bool":
        values = [r.random() < 0.5 for _ in range(n)]
    elif dtype == "uint8":
        values = [r.randint(0, 255) for _ in range(n)]
    elif dtype.startswith("int"):
        bound = 10 ** r.randint(0, 9)
        values = [r.randint(-bound, bound) for _ in range(n)]
    elif dtype.startswith("complex"):
        values = [complex(number(), number()) for _ in range(n)]
    else:
        values = [number() for _ in range(n)]
    settings = {}
    if r.random() < 0.5:
        settings = {
            "precision": r.randint(0, 8),
            "threshold": r.choice([0, 5, 20, 1000]),
            "edgeitems": r.randint(0, 4),
            "linewidth": r.choice([10, 40, 80, 200]),
            "sci_mode": r.choice([None, None, True, False]),
        }
    return dtype, shape, values, settings, r.random() < 0.3, r.random() < 0.2


@pytest.mark.torch
@pytest.mark.parametrize("block", range(8))
def test_same_text_as_torch(block):
    torch = pytest.importorskip("torch")
    for seed in range(100 * block, 100 * (block + 1)):
        dtype, shape, values, settings, grad, double = _cases(seed)
        wg.set_default_dtype(wg.float64 if double else wg.float32)
        torch.set_default_dtype(torch.float64 if double else torch.float32)
        try:
            torch.set_printoptions(profile="default")
            torch.set_printoptions(**settings)
            _printing.set_options(profile="default")
            _printing.set_options(**settings)
            ours = wg.tensor(values, dtype=getattr(wg, dtype)).reshape(shape)
            theirs = torch.tensor(values, dtype=getattr(torch, dtype)).reshape(shape)
            if grad and ours.is_floating_point():
                ours.requires_grad_()
                theirs.requires_grad_()
            # What differs is the name of the package, which counts when lines are broken.
            want = repr(theirs)
            if "dtype" in want:
                ours_text, want = " ".join(repr(ours).split()), " ".join(want.split())
                assert ours_text == want.replace("torch.", "wengert."), seed
            else:
                assert repr(ours) == want, seed
        finally:
            torch.set_printoptions(profile="default")
            torch.set_default_dtype(torch.float32)
