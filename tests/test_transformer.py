"""Small language models trained in PyTorch and in wengert from the same weights."""

from __future__ import annotations

import importlib.util
import math
from typing import Any

import numpy as np
import pytest

import wengert as wg

pytestmark = pytest.mark.torch

LIBRARIES: tuple[Any, ...] = (wg,)
if importlib.util.find_spec("torch"):
    import torch

    LIBRARIES = (wg, torch)

STEPS = 20
TOLERANCE = {"float32": 1e-4, "float64": 1e-9}
VOCABULARY, WIDTH, HEADS, LENGTH, BATCH = 29, 16, 4, 12, 4


def gpt(lib: Any, attention: str, approximate: str) -> Any:
    """A decoder in the style of GPT-2, its head sharing the weight of the embedding."""
    nn, F = lib.nn, lib.nn.functional

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
            self.out = nn.Linear(WIDTH, WIDTH)
            ones = lib.ones(LENGTH, LENGTH)
            self.register_buffer("seen", lib.tril(ones).view(1, 1, LENGTH, LENGTH))

        def forward(self, x: Any) -> Any:
            b, t, c = x.size()
            q, k, v = self.qkv(x).split(WIDTH, dim=2)
            q, k, v = (y.view(b, t, HEADS, c // HEADS).transpose(1, 2) for y in (q, k, v))
            if attention == "sdpa":
                y = F.scaled_dot_product_attention(q, k, v, dropout_p=0.0, is_causal=True)
            else:
                scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
                scores = scores.masked_fill(self.seen[:, :, :t, :t] == 0, float("-inf"))
                y = F.softmax(scores, dim=-1) @ v
            return self.out(y.transpose(1, 2).contiguous().view(b, t, c))

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1 = nn.LayerNorm(WIDTH)
            self.attention = Attention()
            self.norm2 = nn.LayerNorm(WIDTH, bias=False)
            self.wide = nn.Sequential(
                nn.Linear(WIDTH, 4 * WIDTH),
                nn.GELU(approximate=approximate),
                nn.Linear(4 * WIDTH, WIDTH),
                nn.Dropout(0.0),
            )

        def forward(self, x: Any) -> Any:
            x = x + self.attention(self.norm1(x))
            return x + self.wide(self.norm2(x))

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleDict(
                {
                    "tokens": nn.Embedding(VOCABULARY, WIDTH),
                    "positions": nn.Embedding(LENGTH, WIDTH),
                    "blocks": nn.ModuleList([Block() for _ in range(2)]),
                    "norm": nn.LayerNorm(WIDTH),
                }
            )
            self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
            self.parts.tokens.weight = self.head.weight

        def forward(self, tokens: Any, targets: Any) -> Any:
            places = lib.arange(0, tokens.size(1), dtype=lib.long)
            x = self.parts["tokens"](tokens) + self.parts.positions(places)
            for block in self.parts.blocks:
                x = block(x)
            logits = self.head(self.parts.norm(x))
            return F.cross_entropy(
                logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1
            )

    return GPT()


def llama(lib: Any) -> Any:
    """A decoder in the style of Llama: rotary positions, shared keys, gated maps, a cache."""
    nn, F = lib.nn, lib.nn.functional
    size, shared = WIDTH // HEADS, 2

    def rotated(x: Any, cos: Any, sin: Any) -> Any:
        a, b = x.chunk(2, dim=-1)
        return x * cos + lib.cat((-b, a), dim=-1) * sin

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1 = nn.RMSNorm(WIDTH, eps=1e-5)
            self.q = nn.Linear(WIDTH, WIDTH, bias=False)
            self.kv = nn.Linear(WIDTH, 2 * shared * size, bias=False)
            self.out = nn.Linear(WIDTH, WIDTH, bias=False)
            self.norm2 = nn.RMSNorm(WIDTH, eps=1e-5)
            self.gate = nn.Linear(WIDTH, 40, bias=False)
            self.up = nn.Linear(WIDTH, 40, bias=False)
            self.down = nn.Linear(40, WIDTH, bias=False)

        def forward(self, x: Any, cos: Any, sin: Any, cache: Any = None) -> Any:
            b, t, _ = x.shape
            y = self.norm1(x)
            q = self.q(y).view(b, t, HEADS, size).transpose(1, 2)
            k, v = self.kv(y).view(b, t, 2, shared, size).permute(2, 0, 3, 1, 4).unbind(0)
            q, k = rotated(q, cos, sin), rotated(k, cos, sin)
            if cache is not None:
                cache.append((k, v))
                k, v = (lib.cat(parts, dim=2) for parts in zip(*cache, strict=True))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=t > 1, enable_gqa=True)
            x = x + self.out(y.transpose(1, 2).reshape(b, t, WIDTH))
            y = self.norm2(x)
            return x + self.down(F.silu(self.gate(y)) * self.up(y))

    class Llama(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(VOCABULARY, WIDTH)
            self.blocks = nn.ModuleList([Block() for _ in range(2)])
            self.norm = nn.RMSNorm(WIDTH)
            self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
            steps = 1.0 / (100 ** (lib.arange(0, size, 2).double() / size))
            angles = lib.outer(lib.arange(2 * LENGTH).double(), steps)
            self.register_buffer("angles", lib.cat((angles, angles), dim=-1), persistent=False)

        def logits(self, tokens: Any, start: int = 0, caches: Any = None) -> Any:
            angles = self.angles[start : start + tokens.size(1)]
            x = self.tokens(tokens)
            for i, block in enumerate(self.blocks):
                cache = None if caches is None else caches[i]
                x = block(x, angles.cos(), angles.sin(), cache)
            return self.head(self.norm(x))

        def forward(self, tokens: Any, targets: Any) -> Any:
            return F.cross_entropy(self.logits(tokens).flatten(0, 1), targets.flatten())

        def continued(self, tokens: Any, count: int, cached: bool) -> Any:
            caches: Any = [[] for _ in self.blocks] if cached else None
            done = 0
            with lib.no_grad():
                for _ in range(count):
                    given = tokens[:, done:] if cached else tokens
                    last = self.logits(given, done, caches)[:, -1]
                    done = tokens.size(1) if cached else 0
                    tokens = lib.cat((tokens, last.argmax(-1, keepdim=True)), dim=1)
            return tokens

    return Llama()


def translator(lib: Any, norm_first: bool) -> Any:
    """An encoder and a decoder over padded sequences."""
    nn, F = lib.nn, lib.nn.functional

    class Translator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.source = nn.Embedding(VOCABULARY, WIDTH, padding_idx=0)
            self.target = nn.Embedding(VOCABULARY, WIDTH, padding_idx=0)
            self.transformer = nn.Transformer(
                d_model=WIDTH,
                nhead=HEADS,
                num_encoder_layers=2,
                num_decoder_layers=2,
                dim_feedforward=32,
                dropout=0.0,
                batch_first=True,
                norm_first=norm_first,
            )
            self.head = nn.Linear(WIDTH, VOCABULARY)

        def forward(self, source: Any, target: Any) -> Any:
            given, wanted = target[:, :-1], target[:, 1:]
            seen = nn.Transformer.generate_square_subsequent_mask(
                given.size(1), dtype=self.head.weight.dtype
            )
            y = self.transformer(
                self.source(source) * math.sqrt(WIDTH),
                self.target(given) * math.sqrt(WIDTH),
                tgt_mask=seen,
                src_key_padding_mask=source == 0,
                tgt_key_padding_mask=given == 0,
                memory_key_padding_mask=source == 0,
            )
            return F.cross_entropy(self.head(y).transpose(1, 2), wanted, ignore_index=0)

    return Translator()


def initial_weights(model: Any) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        name: random.standard_normal(tuple(p.shape)) * (0.3 if p.ndim > 1 else 0.1)
        + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
        for name, p in model.named_parameters()
    }


def train(lib: Any, model: Any, dtype: str, batches: list[list[np.ndarray]]) -> list[float]:
    """The losses of a run with decay of matrices only, clipping and a cosine schedule."""
    model = model.to(getattr(lib, dtype))
    weights = initial_weights(model)
    with lib.no_grad():
        for name, p in model.named_parameters():
            p.copy_(lib.tensor(weights[name]))
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    optimizer = lib.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
        lr=3e-3,
        betas=(0.9, 0.95),
    )
    schedule = lib.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS, eta_min=3e-4)
    losses = []
    for batch in batches:
        loss = model(*[lib.tensor(a) for a in batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        lib.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


def tokens(length: int, pad: bool) -> list[list[np.ndarray]]:
    random = np.random.default_rng(1)
    made = []
    for _ in range(STEPS):
        pair = [random.integers(1, VOCABULARY, (BATCH, length)) for _ in range(2)]
        for a in pair if pad else ():
            for row in a:
                row[random.integers(length // 2, length + 1) :] = 0
        made.append(pair)
    return made


def assert_same_losses(losses: list[list[float]], dtype: str) -> None:
    ours, theirs = losses
    assert all(map(math.isfinite, ours))
    assert ours[-1] != ours[0]
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize("attention", ["sdpa", "masked"])
def test_gpt_trains_as_in_pytorch(attention: str, approximate: str, dtype: str) -> None:
    models = [gpt(lib, attention, approximate) for lib in LIBRARIES]
    assert models[0].parts.tokens.weight is models[0].head.weight
    names = [[n for n, _ in m.named_parameters()] for m in models]
    assert names[0] == names[1]
    assert list(models[0].state_dict()) == list(models[1].state_dict())
    assert repr(models[0]) == repr(models[1])
    batches = tokens(LENGTH, pad=False)
    losses = [train(lib, m, dtype, batches) for lib, m in zip(LIBRARIES, models, strict=True)]
    assert_same_losses(losses, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.filterwarnings("ignore:enable_nested_tensor", "ignore:.*mask.*:UserWarning")
@pytest.mark.parametrize("norm_first", [False, True])
def test_encoder_and_decoder_train_as_in_pytorch(norm_first: bool, dtype: str) -> None:
    models = [translator(lib, norm_first) for lib in LIBRARIES]
    assert list(models[0].state_dict()) == list(models[1].state_dict())
    assert repr(models[0]) == repr(models[1])
    batches = tokens(9, pad=True)
    losses = [train(lib, m, dtype, batches) for lib, m in zip(LIBRARIES, models, strict=True)]
    assert_same_losses(losses, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_llama_trains_and_writes_as_in_pytorch(dtype: str) -> None:
    models = [llama(lib) for lib in LIBRARIES]
    batches = tokens(LENGTH, pad=False)
    losses = [train(lib, m, dtype, batches) for lib, m in zip(LIBRARIES, models, strict=True)]
    assert_same_losses(losses, dtype)
    start = batches[0][0][:, :3]
    written = [
        m.continued(lib.tensor(start), 8, cached).numpy()
        for lib, m in zip(LIBRARIES, models, strict=True)
        for cached in (False, True)
    ]
    for other in written[1:]:
        np.testing.assert_array_equal(written[0], other)
