"""The networks, built of the modules of a library with PyTorch's names."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any


def mlp(lib: Any, sizes: Sequence[int]) -> Any:
    nn = lib.nn
    layers: list[Any] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def cnn(lib: Any) -> Any:
    """For grey images of 28 x 28 pixels."""
    nn = lib.nn
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def resnet(lib: Any, widths: Sequence[int], blocks: int) -> Any:
    """A residual network for images of 32 x 32 pixels (He et al., 2015): a stage of `blocks` blocks
    per width, 10 classes."""
    nn = lib.nn

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.norm1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.norm2 = nn.BatchNorm2d(outputs)
            self.relu = nn.ReLU(inplace=True)
            self.fit = nn.Identity()
            if stride != 1 or inputs != outputs:
                self.fit = nn.Sequential(
                    nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
                )

        def forward(self, x: Any) -> Any:
            y = self.relu(self.norm1(self.conv1(x)))
            return self.relu(self.norm2(self.conv2(y)) + self.fit(x))

    layers = [
        nn.Conv2d(3, widths[0], 3, 1, 1, bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(inplace=True),
    ]
    before = widths[0]
    for stage, width in enumerate(widths):
        for block in range(blocks):
            layers.append(Block(before, width, 2 if stage and not block else 1))
            before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 10))


def lstm_tagger(lib: Any, vocabulary: int, embedding: int, hidden: int, outputs: int) -> Any:
    """Scores for each of the inputs; a language model if they are those of the next one."""
    nn = lib.nn
    rnn = nn.utils.rnn

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(vocabulary, embedding)
            self.lstm = nn.LSTM(embedding, hidden, batch_first=True)
            self.head = nn.Linear(hidden, outputs)

        def forward(self, numbers: Any, lengths: Any = None) -> Any:
            x = self.embed(numbers)
            if lengths is None:
                return self.head(self.lstm(x)[0])
            packed = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            out, _ = self.lstm(packed)
            padded, _ = rnn.pad_packed_sequence(out, batch_first=True, total_length=numbers.size(1))
            return self.head(padded)

    return Tagger()


def cell_loop(lib: Any, vocabulary: int, embedding: int, hidden: int) -> Any:
    """A language model whose recurrence is a loop in Python."""
    nn = lib.nn

    class CellLoop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(vocabulary, embedding)
            self.cell = nn.LSTMCell(embedding, hidden)
            self.head = nn.Linear(hidden, vocabulary)

        def forward(self, numbers: Any) -> Any:
            state, outputs = None, []
            for x in self.embed(numbers).unbind(1):
                state = self.cell(x, state)
                outputs.append(state[0])
            return self.head(lib.stack(outputs, 1))

    return CellLoop()


def gpt(lib: Any, vocabulary: int, span: int, layers: int, width: int, heads: int) -> Any:
    """A decoder-only transformer: pre-norm blocks, learned positions, shared output weights."""
    nn = lib.nn
    attend = nn.functional.scaled_dot_product_attention

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1 = nn.LayerNorm(width)
            self.qkv = nn.Linear(width, 3 * width)
            self.out = nn.Linear(width, width)
            self.norm2 = nn.LayerNorm(width)
            self.mlp = nn.Sequential(
                nn.Linear(width, 4 * width),
                nn.GELU(approximate="tanh"),
                nn.Linear(4 * width, width),
            )

        def forward(self, x: Any) -> Any:
            qkv = self.qkv(self.norm1(x)).unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
            mixed = attend(qkv[0], qkv[1], qkv[2], is_causal=True)
            x = x + self.out(mixed.transpose(1, 2).flatten(2))
            return x + self.mlp(self.norm2(x))

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(vocabulary, width)
            self.position = nn.Embedding(span, width)
            self.blocks = nn.Sequential(*(Block() for _ in range(layers)))
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, vocabulary, bias=False)
            self.head.weight = self.embed.weight
            nn.init.normal_(self.embed.weight, 0, 0.02)

        def forward(self, numbers: Any) -> Any:
            x = self.embed(numbers) + self.position(lib.arange(numbers.size(1)))
            return self.head(self.norm(self.blocks(x)))

    return GPT()


def tree_lstm(lib: Any, words: int, width: int) -> Any:
    """Scores of 5 classes for each of some binary trees (Tai et al., 2015), node by node."""
    nn = lib.nn

    class TreeLSTM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(words, width)
            self.leaf = nn.Linear(width, 3 * width)
            self.inner = nn.Linear(2 * width, 5 * width)
            self.head = nn.Linear(width, 5)

        def state(self, tree: Any) -> tuple[Any, Any]:
            if isinstance(tree, int):
                i, o, u = self.leaf(self.embed(lib.tensor([tree]))).chunk(3, 1)
                c = i.sigmoid() * u.tanh()
            else:
                (h1, c1), (h2, c2) = self.state(tree[0]), self.state(tree[1])
                i, f1, f2, o, u = self.inner(lib.cat([h1, h2], 1)).chunk(5, 1)
                c = i.sigmoid() * u.tanh() + f1.sigmoid() * c1 + f2.sigmoid() * c2
            return o.sigmoid() * c.tanh(), c

        def forward(self, trees: Sequence[Any]) -> Any:
            return self.head(lib.cat([self.state(tree)[0] for tree in trees]))

    return TreeLSTM()
