"""Views, pieces, memory formats and einsum beyond what the operation rows test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wengert as wg


def chains() -> dict[str, Any]:
    """In-place changes through views of y, written for both libraries."""

    def nested(y: Any, w: Any) -> None:
        y[1:3][0][1:].mul_(w[0, 1:])

    def transposed(y: Any, w: Any) -> None:
        y.t()[1].add_(w[0, 0]).mul_(3.0)

    def two_names(y: Any, w: Any) -> None:
        a, b = y[0], y[:, 0]
        a.mul_(w[0])
        b.mul_(w[:, 1])

    def diagonal(y: Any, w: Any) -> None:
        y.diagonal().mul_(w.diagonal())

    def reshaped(y: Any, w: Any) -> None:
        y.view(-1)[2:9].sin_()
        y.view(2, -1)[1].mul_(w.reshape(-1)[:8])

    def copied(y: Any, w: Any) -> None:
        y[1:3, ::2].copy_(w[1:3, ::2])

    def filled(y: Any, w: Any) -> None:
        y[:, 1].fill_(2.0)
        y[0].zero_()

    def assigned(y: Any, w: Any) -> None:
        v = y[2]
        v[1:3] = w[0, :2] + y[3, :2] * 2.0

    def narrowed(y: Any, w: Any) -> None:
        y.narrow(1, 1, 2).unsqueeze(0).squeeze(0).mul_(w.narrow(1, 0, 2))

    def unflattened(y: Any, w: Any) -> None:
        y.unflatten(1, (2, 2)).movedim(0, -1)[1].mul_(w[:2])

    def masked(y: Any, w: Any) -> None:
        y[1:].masked_fill_(w[1:] > 0, 3.0)
        y[:2].scatter_add_(1, (w[:2] > 0).long(), w[:2])

    def strided(y: Any, w: Any) -> None:
        y.as_strided((2, 2), (4, 2), 1).mul_(w[:2, :2])

    return {
        f.__name__: f
        for f in (
            nested,
            transposed,
            two_names,
            diagonal,
            reshaped,
            copied,
            filled,
            assigned,
            narrowed,
            unflattened,
            masked,
            strided,
        )
    }


@pytest.mark.torch
@pytest.mark.parametrize("name", chains())
def test_changes_through_views_agree_with_torch(name: str) -> None:
    import torch

    rng = np.random.default_rng(3)
    a, b, c = (rng.normal(size=(4, 4)) for _ in range(3))
    results = []
    for lib in (torch, wg):
        x = lib.tensor(a, requires_grad=True)
        w = lib.tensor(b, requires_grad=True)
        y = x * 1.5
        before = y[0]  # sees what happens to its base
        chains()[name](y, w)
        ((y * lib.tensor(c)).sum() + (before * before).sum()).backward()
        gw = np.zeros_like(b) if w.grad is None else w.grad.numpy()
        results.append((y.detach().numpy().copy(), x.grad.numpy(), gw))
    for expected, got in zip(*results, strict=False):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "pieces",
    [
        lambda y: y.tensor_split(2),
        lambda y: y.tensor_split((1,)),
        lambda y: wg.vsplit(y, 2),
    ],
)
def test_pieces_can_be_changed_in_place(pieces: Any) -> None:
    rng = np.random.default_rng(4)
    a, c = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    x = wg.tensor(a, requires_grad=True)
    y = x * 2.0
    parts = pieces(y)
    parts[0].mul_(parts[1] if parts[0].shape == parts[1].shape else 3.0)
    (y * wg.tensor(c)).sum().backward()
    n = parts[0].shape[0] if parts[0].ndim == 2 else 1
    expected, gradient = a * 2.0, c * 2.0
    if parts[0].shape == parts[1].shape:
        gradient[:n] = c[:n] * 4.0 * a[n : 2 * n]
        gradient[n : 2 * n] += c[:n] * 4.0 * a[:n]
        expected[:n] = 4.0 * a[:n] * a[n : 2 * n]
    else:
        gradient[:n] *= 3.0
        expected[:n] *= 3.0
    np.testing.assert_allclose(y.detach().numpy(), expected)
    np.testing.assert_allclose(x.grad.numpy(), gradient)


def test_views_share_memory() -> None:
    x = wg.zeros(4, 6)
    views = [
        x.diagonal(),
        x.unfold(1, 2, 2),
        x.as_strided((2,), (3,)),
        x.narrow(0, 1, 2),
        x.flatten(),
        x.unflatten(1, (2, 3)),
        x.movedim(0, 1),
        x.swapaxes(0, 1),
        x.split(2)[1],
        x.chunk(2, 1)[0],
        x.tensor_split([1, 3])[1],
        x.squeeze(),
        x.view_as(wg.zeros(24)),
        *wg.broadcast_tensors(x),
        wg.atleast_3d(x),
        x.hsplit(2)[1],
    ]
    for v in views:
        v_before = v.sum().item()
        x += 1
        assert v.sum().item() == pytest.approx(v_before + v.numel())
    copy = x.flip(0)
    x += 1
    assert copy.sum().item() != x.sum().item()


@pytest.mark.torch
@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("bij,bjk->bik", [(2, 2, 3), (2, 3, 4)]),
        ("ii->i", [(3, 3)]),
        ("ii", [(3, 3)]),
        ("ij->ji", [(2, 3)]),
        ("ba", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("i,j->ij", [(2,), (3,)]),
        ("...ij,...jk->...ik", [(2, 1, 2, 3), (4, 3, 2)]),
        ("...i,...i", [(2, 3), (2, 3)]),
        ("i...,...->i...", [(3, 2), (2,)]),
        ("bn,anm,bm->ba", [(2, 3), (4, 3, 5), (2, 5)]),
        ("ab,bc,cd,de->ae", [(2, 3), (3, 4), (4, 2), (2, 5)]),
        ("iij,jkk->ik", [(2, 2, 3), (3, 4, 4)]),
        ("ij,ij,ij->i", [(2, 3)] * 3),
        ("ij,kj->", [(2, 3), (4, 3)]),
        ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 5, 4)]),
        ("aB,Ba->B", [(2, 3), (3, 2)]),
        (" i j , j -> i ", [(2, 3), (3,)]),
        ("ij,jk->ik", [(0, 3), (3, 2)]),
        ("ij,jk->ik", [(2, 0), (0, 2)]),
        ("...->...", [(2, 3)]),
        ("ij,j->ij", [(2, 1), (3,)]),
    ],
)
def test_einsum_agrees_with_torch(equation: str, shapes: list[tuple[int, ...]]) -> None:
    import torch

    rng = np.random.default_rng(5)
    arrays = [rng.normal(size=s) for s in shapes]
    ours = [wg.tensor(a, requires_grad=True) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    got, expected = wg.einsum(equation, *ours), torch.einsum(equation, *theirs)
    assert tuple(got.shape) == tuple(expected.shape)
    np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), atol=1e-12)
    w = rng.normal(size=tuple(expected.shape))
    (got * wg.tensor(w)).sum().backward()
    (expected * torch.tensor(w)).sum().backward()
    for a, b in zip(ours, theirs, strict=False):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), atol=1e-12)


def test_einsum_takes_lists_of_labels_and_names_mistakes() -> None:
    a, b = wg.rand(2, 3), wg.rand(3, 4)
    expected = (a @ b).numpy()
    np.testing.assert_allclose(wg.einsum(a, [0, 1], b, [1, 2], [0, 2]).numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(wg.einsum("ij,jk", [a, b]).numpy(), expected, rtol=1e-5)
    for equation in ["ij,jk,kl", "ij,kj->ik", "ijk,jk", "i1,jk", "ij,jk->ii", "ij,jk->z"]:
        with pytest.raises(RuntimeError, match="einsum"):
            wg.einsum(equation, a, b)


def test_memory_formats() -> None:
    x = wg.rand(2, 3, 4, 5)
    last = x.contiguous(memory_format=wg.channels_last)
    assert last.stride() == (60, 1, 15, 3)
    assert last.is_contiguous(memory_format=wg.channels_last)
    assert not last.is_contiguous()
    assert x.is_contiguous(memory_format=wg.contiguous_format)
    assert np.array_equal(last.numpy(), x.numpy())
    assert last.clone().stride() == last.stride()
    assert last.clone(memory_format=wg.contiguous_format).is_contiguous()
    assert x.to(memory_format=wg.channels_last).stride() == last.stride()
    assert last.contiguous(memory_format=wg.channels_last) is last
    y = wg.rand(1, 2, 2, 2, requires_grad=True)
    (y.contiguous(memory_format=wg.channels_last) * 2).sum().backward()
    assert np.array_equal(y.grad.numpy(), np.full((1, 2, 2, 2), 2, np.float32))
    with pytest.raises(RuntimeError):
        wg.rand(2, 2).contiguous(memory_format=wg.channels_last)


@pytest.mark.torch
def test_functions_with_lists_agree_with_torch() -> None:
    import torch

    rng = np.random.default_rng(6)
    a, b = rng.normal(size=3), rng.normal(size=4)
    m = rng.normal(size=(4, 6, 2))
    calls = [
        lambda lib, t: lib.meshgrid(t(a), t(b), indexing="ij"),
        lambda lib, t: lib.meshgrid(t(a), t(b), indexing="xy"),
        lambda lib, t: lib.cartesian_prod(t(a), t(b)),
        lambda lib, t: lib.combinations(t(b), 2),
        lambda lib, t: lib.combinations(t(b), 3, with_replacement=True),
        lambda lib, t: lib.block_diag(t(a), t(m[0])),
        lambda lib, t: lib.broadcast_tensors(t(m[:, :1]), t(m[0])),
        lambda lib, t: lib.atleast_3d(t(a), t(m[0])),
        lambda lib, t: lib.tensor_split(t(m), 4, 1),
        lambda lib, t: lib.tensor_split(t(m), (1, 2, 9), 1),
        lambda lib, t: lib.hsplit(t(m), 3),
        lambda lib, t: lib.dsplit(t(m), [1]),
        lambda lib, t: lib.split(t(m), 4, dim=1),
        lambda lib, t: t(m).split([1, 5], 1),
        lambda lib, t: lib.repeat_interleave(t(m), 2, dim=1),
        lambda lib, t: lib.repeat_interleave(t(a), lib.tensor([2, 0, 1])),
        lambda lib, t: lib.repeat_interleave(lib.tensor([2, 0, 1])),
        lambda lib, t: lib.nonzero(t(m) > 0),
        lambda lib, t: lib.nonzero(t(m) > 0, as_tuple=True),
        lambda lib, t: lib.where(t(m) > 0),
        lambda lib, t: lib.where(t(m) > 0, t(m), 0),
        lambda lib, t: t(m).where(t(m) > 0, -1.0),
        lambda lib, t: lib.squeeze(t(m)[:, :1]),
        lambda lib, t: t(m).reshape(1, 4, 1, 12).squeeze((0, 2)),
    ]
    for i, call in enumerate(calls):
        got, expected = call(wg, wg.tensor), call(torch, torch.tensor)
        if not isinstance(expected, (tuple, list)):
            got, expected = (got,), (expected,)
        assert len(got) == len(expected), i
        for g, e in zip(got, expected, strict=False):
            assert tuple(g.shape) == tuple(e.shape), i
            assert str(e.dtype) == f"torch.{g.dtype.name}", i
            np.testing.assert_array_equal(g.numpy(), e.numpy(), err_msg=str(i))


def test_shapes_change_in_place() -> None:
    x = wg.arange(6.0).reshape(1, 2, 3).clone()
    same = x
    assert x.squeeze_(0) is same
    assert x.t_().tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    assert x.unsqueeze_(1).transpose_(0, 1).shape == (1, 3, 2)
    leaf = wg.zeros(2, 1, 2, requires_grad=True)
    for refused in (wg.zeros(1, 2, requires_grad=True), leaf[0]):
        with pytest.raises(RuntimeError, match="use squeeze"):
            refused.squeeze_()
        assert refused.shape == (1, 2)
    base = wg.zeros(2, 1, 2)
    base[0].squeeze_().add_(1)
    assert base.tolist() == [[[1.0, 1.0]], [[0.0, 0.0]]]


def test_in_place_indexing_writes_through_transposed_tensors() -> None:
    for change in (
        lambda x: x.scatter_add_(1, wg.tensor([[0], [1]]), wg.ones(2, 1)),
        lambda x: x.scatter_(1, wg.tensor([[0], [1]]), 2.0),
        lambda x: x.index_add_(0, wg.tensor([0]), wg.ones(1, 2)),
        lambda x: x.index_copy_(1, wg.tensor([1]), wg.zeros(3, 1)),
        lambda x: x.index_fill_(0, wg.tensor([2]), 5.0),
        lambda x: x.masked_fill_(wg.tensor([True, False]), 4.0),
        lambda x: x.put_(wg.tensor([0, 5]), wg.tensor([7.0, 8.0])),
        lambda x: x.tril_(),
    ):
        base = wg.ones(2, 3)
        dense = wg.ones(3, 2)
        change(base.T)
        change(dense)
        assert base.T.tolist() == dense.tolist()
        assert dense.tolist() != wg.ones(3, 2).tolist()
