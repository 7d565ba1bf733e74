"""Sparse tensors and gradients: memory, threads, identity, higher derivatives, misuse."""

from __future__ import annotations

import gc
import io

import pytest

import wengert as wg
from wengert import nn
from wengert.nn import functional as F


def matrix(n: int, m: int, count: int, seed: int = 0, dtype=wg.float64):
    wg.manual_seed(seed)
    places = wg.stack([wg.randint(0, n, (count,)), wg.randint(0, m, (count,))])
    return wg.sparse_coo_tensor(places, wg.randn(count, dtype=dtype), (n, m))


def test_a_large_table_has_no_dense_gradient():
    table = nn.Embedding(1_000_000, 32, sparse=True)
    index = wg.randint(0, 1_000_000, (64,))
    gc.collect()
    wg.reset_peak_memory()
    before = wg.memory_stats()["allocated"]
    for _ in range(2):
        table(index).pow(2).sum().backward()
        wg.optim.SGD(table.parameters(), lr=0.1).step()
    used = wg.memory_stats()["peak_allocated"] - before
    assert table.weight.grad._nnz() == 128
    assert used < 1 << 20, used  # the table has 128 MB
    (g,) = wg.autograd.grad(table(index).sum(), table.weight)
    assert g.is_sparse and g.shape == table.weight.shape
    with wg.autograd.detect_anomaly():
        table(index).sum().backward()
    assert wg.memory_stats()["peak_allocated"] - before < 1 << 20


def test_bits_do_not_depend_on_threads():
    a = matrix(500, 300, 20_000, dtype=wg.float32)
    x = wg.randn(300, 37, requires_grad=True)
    a.requires_grad_()
    results = []
    threads = wg.get_num_threads()
    try:
        for n in (1, 2, 3):
            wg.set_num_threads(n)
            x.grad = None
            y = wg.sparse.mm(a, x)
            y.pow(2).sum().backward()
            results.append([y.detach(), x.grad, a.grad.values()])
            a.grad = None
    finally:
        wg.set_num_threads(threads)
    for other in results[1:]:
        assert all(wg.equal(p, q) for p, q in zip(results[0], other))


@pytest.mark.parametrize("width", [1, 3, 16, 33, 64])
@pytest.mark.parametrize("dtype", [wg.float32, wg.float64, wg.bfloat16, wg.int64, wg.complex128])
def test_products_equal_dense_ones(width, dtype):
    a = matrix(7, 5, 12).to(wg.float64)
    a = wg.sparse_coo_tensor(a._indices(), (a._values() * 3).round().to(dtype), a.shape)
    x = wg.randint(-3, 4, (5, width)).to(dtype)
    expected = (a.to_dense().to(wg.complex128) @ x.to(wg.complex128)).to(dtype)
    y = wg.sparse.mm(a, x)
    assert y.dtype is dtype
    assert wg.equal(y, expected)


@pytest.mark.parametrize(
    "f",
    [
        lambda v, d: wg.sparse.mm(make(v), d),
        lambda v, d: make(v).t() @ d[:2],
        lambda v, d: d.t() @ make(v).t(),
        lambda v, d: make(v) @ d[:, 0],
        lambda v, d: wg.sparse.mm(make(v), make(v).t()).to_dense(),
        lambda v, d: make(v).coalesce().values(),
        lambda v, d: make(v).to_dense() ** 2,
        lambda v, d: (make(v) * d[:, :3].t()[:2]).to_dense(),
        lambda v, d: (make(v) * make(v * v)).to_dense(),
        lambda v, d: (make(v) + make(v).t().t()).to_dense() ** 2,
        lambda v, d: wg.sparse.sum(make(v), 0).to_dense() ** 2,
        lambda v, d: wg.sparse.softmax(make(v), 1).to_dense(),
        lambda v, d: wg.sparse.log_softmax(make(v), 0).to_dense(),
        lambda v, d: make(v).pow(3).to_dense(),
    ],
)
def test_all_orders_of_derivatives(f):
    v = wg.randn(4, dtype=wg.float64, requires_grad=True)
    d = wg.randn(3, 4, dtype=wg.float64, requires_grad=True)
    assert wg.autograd.gradcheck(f, (v, d))
    assert wg.autograd.gradgradcheck(f, (v, d))


def make(values):
    return wg.sparse_coo_tensor([[0, 1, 1, 0], [2, 0, 2, 2]], values, (2, 3))


def test_a_gradient_keeps_its_object():
    w = wg.randn(5, 2, requires_grad=True)
    F.embedding(wg.tensor([1, 3]), w, sparse=True).sum().backward()
    g = w.grad
    assert w.grad is g and isinstance(g, wg.Tensor) and type(g) is not wg.Tensor
    w.grad.mul_(3)
    assert g.to_dense().sum() == 12
    w.grad.zero_()
    assert g._nnz() == 0
    del g
    assert w.grad._nnz() == 0
    given = wg.ones(5, 2).to_sparse()
    w.grad = given
    assert w.grad is given
    w.grad = None
    assert w.grad is None and given._nnz() == 10


def test_a_gradient_is_not_shared():
    w = wg.randn(5, 2, requires_grad=True)
    seen = []
    w.register_hook(seen.append)
    index = wg.tensor([1, 3])
    F.embedding(index, w, sparse=True).sum().backward()
    index.fill_(0)
    w.grad.mul_(5)
    assert seen[0].to_dense().sum() == 4
    assert w.grad._indices().tolist() == [[1, 3]]


def test_dense_and_sparse_gradients_meet():
    w = wg.randn(5, 2, requires_grad=True)
    index = wg.tensor([1, 3])

    def lookup():
        return F.embedding(index, w, sparse=True).sum()

    lookup().backward()
    w.sum().backward()
    assert not w.grad.is_sparse and w.grad.sum() == 14
    lookup().backward()
    assert not w.grad.is_sparse and w.grad.sum() == 18
    w.grad = wg.ones(5, 2).to_sparse()  # indexed in two dimensions, lookups in one
    lookup().backward()
    assert w.grad.to_dense().sum() == 14
    w.grad = None
    lookup().backward(create_graph=True)
    w.pow(2).sum().backward(create_graph=True)
    assert w.grad.requires_grad


def test_copies_and_files():
    from copy import deepcopy

    w = wg.randn(5, 2, requires_grad=True)
    F.embedding(wg.tensor([1, 3]), w, sparse=True).sum().backward()
    assert deepcopy(w).grad.is_sparse
    x = make(wg.ones(4)).coalesce().requires_grad_()
    for value in (x, x.detach(), make(wg.ones(4)), wg.ones(2, 2).to_sparse_csr()):
        f = io.BytesIO()
        wg.save({"a": [value]}, f)
        f.seek(0)
        again = wg.load(f)["a"][0]
        assert repr(again) == repr(value)


@pytest.mark.torch
def test_reads_files_of_pytorch(tmp_path):
    import torch

    i = torch.tensor([[0, 1, 1, 0], [2, 0, 2, 2]])
    theirs = torch.sparse_coo_tensor(i, torch.arange(4.0), (2, 3))
    values = {"coo": theirs, "sorted": theirs.coalesce(), "csr": torch.eye(3).to_sparse_csr()}
    torch.save(values, tmp_path / "a.pt")
    ours = wg.load(tmp_path / "a.pt")
    for k, v in values.items():
        assert repr(ours[k]).replace("wengert", "torch") == repr(v)


def test_momentum_does_not_grow_without_end():
    w = wg.randn(5, 2, requires_grad=True)
    o = wg.optim.SGD([w], lr=0.1, momentum=0.9)
    for n in range(20):
        o.zero_grad()
        F.embedding(wg.tensor([n % 3, 1, 1]), w, sparse=True).sum().backward()
        o.step()
    assert o.state_dict()["state"][0]["momentum_buffer"]._nnz() == 3


def test_scaled_sparse_gradients():
    w = wg.randn(5, 2, requires_grad=True)
    o = wg.optim.SGD([w], lr=0.1)
    scaler = wg.amp.GradScaler("cpu", init_scale=8.0)
    scaler.scale(F.embedding(wg.tensor([1, 1]), w, sparse=True).sum()).backward()
    scaler.unscale_(o)
    assert w.grad.to_dense().sum() == 4
    scaler.step(o)


def test_custom_functions_take_sparse_tensors():
    class Product(wg.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a @ b

        @staticmethod
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            return g @ b.t(), a.t() @ g

    v, b = wg.randn(4, requires_grad=True), wg.randn(3, 2, requires_grad=True)
    ours = wg.autograd.grad(Product.apply(make(v), b).pow(2).sum(), (v, b))
    expected = wg.autograd.grad((make(v) @ b).pow(2).sum(), (v, b))
    for p, q in zip(ours, expected):
        assert wg.allclose(p, q, atol=1e-5)


def test_misuse():
    from wengert.sparse._tensor import SparseTensor

    x = make(wg.ones(4))
    for f in (
        lambda: wg.exp(x),
        lambda: x.exp(),
        lambda: wg.where(x, x, x),
        lambda: wg.stack([wg.ones(2), x]),
        lambda: nn.Parameter(x),
        lambda: wg.zeros(2, 3)[x],
        lambda: x < 1,
        lambda: wg.autograd.backward(wg.ones(2, 3, requires_grad=True) * 2, x),
        lambda: F.conv2d(x, x),
        lambda: x.unknown,
        lambda: SparseTensor.__new__(SparseTensor).shape,
        lambda: wg.sparse_coo_tensor([[0, 5]], [1.0, 2.0], (3,)),
        lambda: wg.sparse_coo_tensor([[0, 5]], [1.0, 2.0], (3,), check_invariants=False),
        lambda: wg._ops._sparse_product(wg.zeros(3).long(), None, wg.ones(1), wg.ones(2, 2), 1),
    ):
        with pytest.raises((TypeError, RuntimeError, ValueError, AttributeError)):
            f()
    w = wg.ones(2, 3, requires_grad=True)
    y = (w * 2).sum()
    y.grad_fn.register_hook(lambda inputs, outputs: (x,))
    with pytest.raises(RuntimeError, match="sparse gradient"):
        y.backward()


def test_arithmetic_keeps_dtypes_as_dense_tensors_do():
    whole, real = wg.ones(2, 2).int(), wg.ones(2, 2)
    a, b = whole.to_sparse(), real.to_sparse()
    assert wg.add(a, a, alpha=2).dtype is wg.int32
    assert wg.sparse.addmm(whole, a, whole).equal(whole * 3)
    assert wg.sparse.addmm(whole, a, whole, beta=2, alpha=3).equal(whole * 8)
    assert whole[0].to_sparse()[0].dtype is wg.int32
    twice = wg.sparse_coo_tensor([[1, 1]], wg.tensor([200, 100], dtype=wg.uint8), (3,))
    assert wg.sparse.sum(twice).item() == twice.to_dense().sum().item() == 44
    assert twice[1].item() == 44
    flags = whole.bool().to_sparse()
    for f in (
        lambda: wg.add(a, a, alpha=0.5),
        lambda: wg.sparse.addmm(whole, a, whole, beta=0.5),
        lambda: wg.sparse.addmm(whole, b, real),
        lambda: wg.sparse.addmm(wg.ones(3, 2, 2), b, real),
        lambda: wg.sparse.softmax(a, 0),
        lambda: flags - flags,
    ):
        with pytest.raises(RuntimeError):
            f()
    nothing = wg.full((2, 2), float("nan"))
    assert wg.sparse.addmm(nothing, b, real, beta=0).equal(real * 2)


@pytest.mark.parametrize("change", ["add_", "sub_", "mul_"])
@pytest.mark.parametrize("convert", [lambda t: t.to_sparse(), lambda t: t.clone()])
def test_changes_in_place_keep_the_dtype(change, convert):
    target = convert(wg.ones(2, 2).int())
    with pytest.raises(RuntimeError, match="cannot be stored"):
        getattr(target, change)(wg.full((2, 2), 1.5).to_sparse())
    assert target.to_dense().equal(wg.ones(2, 2).int())
    getattr(target, change)(wg.ones(2, 2).bool().to_sparse().int())
    assert target.dtype is wg.int32
