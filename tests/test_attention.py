"""Attention where there is nothing to compare with: randomness, blocks, threads, state."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

import wengert as wg
from wengert import nn
from wengert.nn import functional as F

sdpa = F.scaled_dot_product_attention


def leaves(*shapes: tuple[int, ...]) -> list[wg.Tensor]:
    rng = np.random.default_rng(0)
    return [wg.tensor(rng.standard_normal(s)).requires_grad_() for s in shapes]


def outcome(inputs: list[wg.Tensor], create_graph: bool = False, **options) -> list[np.ndarray]:
    """Output and gradients, always with the same random numbers."""
    wg.manual_seed(1)
    y = sdpa(*inputs, **options)
    grads = wg.autograd.grad(y.square().sum(), inputs, create_graph=create_graph)
    return [t.detach().numpy() for t in (y, *grads)]


def assert_close(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12)


# Two blocks of queries, the second not full.
SHAPES = ((2, 4, 150, 6), (2, 2, 90, 6), (2, 2, 90, 5))


@pytest.mark.parametrize("p", [0.0, 0.4])
@pytest.mark.parametrize("kind", ["none", "causal", "boolean", "added"])
def test_blocks_agree_with_the_composition(kind: str, p: float) -> None:
    inputs = leaves(*SHAPES)
    options: dict = {"dropout_p": p, "enable_gqa": True, "is_causal": kind == "causal"}
    rng = np.random.default_rng(2)
    if kind == "boolean":
        options["attn_mask"] = wg.tensor(rng.random((150, 90)) < 0.3)
    if kind == "added":
        options["attn_mask"] = wg.tensor(rng.standard_normal((2, 1, 1, 90)))
    fused = outcome(inputs, **options)
    assert_close(fused, outcome(inputs, create_graph=True, **options))
    if kind == "added":  # a mask that takes part in differentiation is not computed in blocks
        options["attn_mask"] = options["attn_mask"].clone().requires_grad_()
        assert_close(fused, outcome(inputs, **options))


@pytest.mark.parametrize(
    "lengths",
    [(50, 50), (65, 65), (65, 100), (130, 130), (90, 300), (300, 260)],
)
@pytest.mark.parametrize("sizes", [(33, 33), (8, 40), (64, 5), (80, 65)])
@pytest.mark.parametrize("dtype", [wg.float32, wg.float64])
def test_causal_blocks_agree_with_the_composition(
    lengths: tuple[int, int], sizes: tuple[int, int], dtype: wg.dtype
) -> None:
    """Heads of several panels, of which a block of queries uses a part of the rows."""
    (n, m), (d, e) = lengths, sizes
    shapes = (2, n, d), (2, m, d), (2, m, e)
    inputs = [t.detach().to(dtype).requires_grad_() for t in leaves(*shapes)]
    fused = outcome(inputs, is_causal=True)
    composed = outcome(inputs, create_graph=True, is_causal=True)
    accuracy = 1e-4 if dtype == wg.float32 else 1e-10
    for x, y in zip(fused, composed, strict=True):
        np.testing.assert_allclose(x, y, rtol=accuracy, atol=accuracy)


@pytest.mark.parametrize("p", [0.0, 0.4])
def test_second_derivative(p: float) -> None:
    inputs = leaves((2, 3, 4), (2, 5, 4), (2, 5, 3))

    def attend(*x: wg.Tensor) -> wg.Tensor:
        wg.manual_seed(3)
        return sdpa(*x, dropout_p=p)

    assert wg.autograd.gradcheck(attend, inputs)
    assert wg.autograd.gradgradcheck(attend, inputs)


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    inputs = [t.detach().float().requires_grad_() for t in leaves(*SHAPES)]
    found = []
    before = wg.get_num_threads()
    try:
        for n in (1, 2):
            wg.set_num_threads(n)
            found.append(outcome(inputs, dropout_p=0.3, enable_gqa=True))
    finally:
        wg.set_num_threads(before)
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_weights_never_exist_at_once() -> None:
    n = 4096
    inputs = [t.detach().float().requires_grad_() for t in leaves(*[(1, n, 8)] * 3)]
    wg.reset_peak_memory()
    before = wg.memory_stats()["peak_allocated"]
    sdpa(*inputs, is_causal=True).sum().backward()
    assert wg.memory_stats()["peak_allocated"] - before < n * n * 4 / 10


def test_the_layout_of_the_query_is_kept() -> None:
    x = wg.randn(2, 5, 3, 4, requires_grad=True)
    q = x.transpose(1, 2)
    y = sdpa(q, q, q)
    assert tuple(y.stride()) == tuple(q.stride())
    y.transpose(1, 2).view(2, 5, 12)
    y.sum().backward()
    assert x.grad.is_contiguous()


def test_rows_without_keys_are_zero_and_have_no_gradient() -> None:
    q, k, v = leaves((3, 4), (5, 4), (5, 2))
    mask = wg.ones(3, 5, dtype=wg.bool)
    mask[1] = False
    added = wg.zeros(3, 5, dtype=wg.float64).masked_fill(~mask, -math.inf)
    for m in (mask, added, added.clone().requires_grad_()):
        for create_graph in (False, True):
            y = sdpa(q, k, v, m)
            grads = wg.autograd.grad(y.sum(), (q, k, v), create_graph=create_graph)
            assert not y[1].any()
            assert not grads[0][1].any()
            assert all(bool(g.isfinite().all()) for g in grads)


def test_nan_stays() -> None:
    q = wg.ones(2, 3)
    q[0, 0] = math.nan
    y = sdpa(q, wg.ones(4, 3), wg.ones(4, 3), wg.ones(2, 4, dtype=wg.bool))
    assert bool(y[0].isnan().all())
    assert not bool(y[1].isnan().any())


@pytest.mark.parametrize("dtype", [wg.float16, wg.bfloat16])
def test_narrow_types(dtype: wg.dtype) -> None:
    inputs = [t.detach().to(dtype) for t in leaves((2, 3, 4), (2, 5, 4), (2, 5, 3))]
    mask = wg.zeros(3, 5, dtype=dtype)
    y = sdpa(*inputs, mask)
    assert y.dtype == dtype
    want = sdpa(*[t.double() for t in inputs])
    np.testing.assert_allclose(y.double().numpy(), want.numpy(), atol=2e-2)


def test_dropout_of_the_weights() -> None:
    n = 64
    ones = wg.ones(8, n, n)
    wg.manual_seed(0)
    w = sdpa(wg.zeros(8, n, n), wg.zeros(8, n, n), wg.eye(n).expand(8, n, n), dropout_p=0.25)
    values = np.unique(w.numpy().round(6))
    np.testing.assert_allclose(values, [0, 1 / n / 0.75], atol=1e-6)
    assert abs(float((w == 0).float().mean()) - 0.25) < 0.01
    wg.manual_seed(0)
    again = sdpa(wg.zeros(8, n, n), wg.zeros(8, n, n), wg.eye(n).expand(8, n, n), dropout_p=0.25)
    assert bool((w == again).all())
    after = sdpa(wg.zeros(8, n, n), wg.zeros(8, n, n), wg.eye(n).expand(8, n, n), dropout_p=0.25)
    assert not bool((w == after).all())
    assert not sdpa(ones, ones, ones, dropout_p=1.0).any()


def test_changing_an_input_is_noticed() -> None:
    q, k, v = leaves((3, 4), (5, 4), (5, 2))
    x = k * 1
    y = sdpa(q, x, v)
    x.add_(1)
    with pytest.raises(RuntimeError, match="scaled_dot_product_attention"):
        y.sum().backward()


# ---- modules -------------------------------------------------------------------------------


def test_multihead_attention_begins_as_pytorchs() -> None:
    wg.manual_seed(0)
    m = nn.MultiheadAttention(64, 4, add_bias_kv=True)
    bound = math.sqrt(6 / (64 + 3 * 64))
    w = m.in_proj_weight.detach().numpy()
    assert abs(w).max() <= bound
    assert abs(w.std() - bound / math.sqrt(3)) < 0.02 * bound
    assert not m.in_proj_bias.any()
    assert not m.out_proj.bias.any()
    assert abs(float(m.bias_k.std()) - math.sqrt(2 / 128)) < 0.04
    separate = nn.MultiheadAttention(64, 4, kdim=32, vdim=16)
    for weight, wide in ((separate.q_proj_weight, 64), (separate.v_proj_weight, 16)):
        assert float(weight.abs().max()) <= math.sqrt(6 / (64 + wide))
    # The projection of the output is that of any linear map.
    assert float(m.out_proj.weight.abs().max()) <= 1 / math.sqrt(64)


def test_transformer_begins_with_xavier_uniform() -> None:
    wg.manual_seed(0)
    m = nn.Transformer(16, 2, 1, 1, 32, batch_first=True)
    for p in m.parameters():
        if p.ndim > 1:
            assert float(p.abs().max()) <= math.sqrt(6 / sum(p.shape))


def test_layers_of_a_stack_are_copies() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    stack = nn.TransformerEncoder(layer, 2)
    first, second = stack.layers
    assert first is not layer
    assert first.linear1.weight is not second.linear1.weight
    assert bool((first.linear1.weight == second.linear1.weight).all())


@pytest.mark.parametrize("activation", ["relu", "gelu", F.silu, nn.GELU()])
def test_copies_and_pickles_compute_the_same(activation) -> None:
    m = nn.TransformerEncoderLayer(8, 2, 16, activation=activation).eval()
    x = wg.randn(3, 2, 8)
    for other in (copy.deepcopy(m), pickle.loads(pickle.dumps(m))):
        assert bool((other(x) == m(x)).all())


def test_dropout_acts_in_training_only() -> None:
    m = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5)
    x = wg.randn(3, 2, 8)
    assert not bool((m(x) == m(x)).all())
    m.eval()
    assert bool((m(x) == m(x)).all())
    attention = nn.MultiheadAttention(8, 2, dropout=0.5)
    _, weights = attention(x, x, x, average_attn_weights=False)
    assert 0 < float((weights == 0).float().mean()) < 1


def test_stack_without_fast_evaluation_warns() -> None:
    with pytest.warns(UserWarning, match="enable_nested_tensor.*batch_first"):
        nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 1)


def test_masks_of_different_types_warn() -> None:
    x = wg.randn(3, 2, 8)
    m = nn.MultiheadAttention(8, 2)
    with pytest.warns(UserWarning, match="use one type"):
        m(x, x, x, wg.zeros(2, 3, dtype=wg.bool), attn_mask=wg.zeros(3, 3))


def test_gumbel_softmax_draws_from_the_distribution() -> None:
    wg.manual_seed(0)
    p = wg.tensor([0.1, 0.2, 0.7])
    logits = p.log().expand(20000, 3).clone().requires_grad_()
    y = F.gumbel_softmax(logits, tau=0.5, hard=True)
    np.testing.assert_allclose(y.detach().mean(0).numpy(), p.numpy(), atol=0.02)
    assert set(np.unique(y.detach().numpy().round(5))) == {0.0, 1.0}
    (y * wg.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert float(logits.grad.abs().sum()) > 0
    with pytest.warns(UserWarning, match="eps"):
        F.gumbel_softmax(logits, eps=1e-5)
