"""Sentiment of every phrase of a sentence: a Tree-LSTM whose graph has the shape of the parse tree.

    python tree_lstm.py --data ~/sst      # train.txt, dev.txt, test.txt of the Stanford treebank
    python tree_lstm.py                   # invented phrases with negation

The constituency Tree-LSTM of Tai, Socher and Manning (2015): the state of a phrase is computed from
those of its two parts, and every phrase has a label from 0 (very negative) to 4 (very positive).
`encode` is the plain recursion. `encode_batch` does the same for many trees at once: phrases of
equal height are one matrix product, whose rows then go their own ways up the trees.

Stanford Sentiment Treebank, six epochs, 75 s on one core: 45.7 % of the test sentences get the
right label of five, 85.3 % of those that are not neutral the right side. Word vectors start at
random. The test sentences choose nothing: the figures are those of the last epoch.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import matplotlib
from tqdm import tqdm

import wengert as wg
import wengert.nn.functional as F
from wengert import nn

matplotlib.use("Agg")
import matplotlib.pyplot as plt


class Tree(NamedTuple):
    label: int
    word: str  # "" unless a leaf
    parts: tuple[Tree, ...] = ()

    def nodes(self) -> Iterator[Tree]:
        """Every phrase, parts before wholes."""
        for part in self.parts:
            yield from part.nodes()
        yield self

    def __str__(self) -> str:
        return self.word or " ".join(map(str, self.parts))


def parse(line: str) -> Tree:
    """A tree from `(label word)` or `(label tree tree)`."""
    tokens = iter(re.findall(r"[()]|[^()\s]+", line.lower()))

    def tree() -> Tree:
        label = int(next(tokens))
        word, parts = "", []
        while (token := next(tokens)) != ")":
            if token == "(":
                parts.append(tree())
            else:
                word = token
        return Tree(label, word, tuple(parts))

    next(tokens)
    return tree()


def invent(rng: random.Random, depth: int = 4) -> Tree:
    """A phrase of words that judge, and of `very`, `not` and `but`, which change the judgement."""
    kind = rng.choice(("word", "very", "not", "but")) if depth else "word"
    if kind == "word":
        label = rng.randrange(5)
        return Tree(label, ("awful", "weak", "long", "good", "superb")[label])
    part = invent(rng, depth - 1)
    label = {"very": (0, 0, 2, 4, 4), "not": (3, 3, 2, 1, 1), "but": range(5)}[kind][part.label]
    whole = Tree(label, "", (Tree(2, kind), part))
    return Tree(label, "", (invent(rng, depth - 1), whole)) if kind == "but" else whole


def by_height(trees: list[Tree]) -> list[list[Tree]]:
    """Every node of some trees: the leaves, those that join leaves, and so on."""
    levels: list[list[Tree]] = []

    def height(tree: Tree) -> int:
        level = 1 + max(map(height, tree.parts), default=-1)
        if level == len(levels):
            levels.append([])
        levels[level].append(tree)
        return level

    for tree in trees:
        height(tree)
    return levels


class TreeLSTM(nn.Module):
    def __init__(self, words: list[str], width: int, dropout: float) -> None:
        super().__init__()
        self.index = {word: i for i, word in enumerate(words, 1)}  # 0 is any other word
        self.embedding = nn.Embedding(len(words) + 1, width)
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
        self.leaf = nn.Linear(width, 3 * width)
        self.inner = nn.Linear(2 * width, 5 * width)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(width, 5)

    def numbers(self, leaves: list[Tree]) -> wg.Tensor:
        """The words of n leaves as numbers (n,)."""
        return wg.tensor([self.index.get(leaf.word, 0) for leaf in leaves])

    def leaves(self, indices: wg.Tensor) -> wg.Tensor:
        """The states (n, 2 width) of n words: each is [h, c]."""
        i, o, u = self.leaf(self.dropout(self.embedding(indices))).chunk(3, 1)
        c = i.sigmoid() * u.tanh()
        return wg.cat([o.sigmoid() * c.tanh(), c], 1)

    def join(self, left: wg.Tensor, right: wg.Tensor) -> wg.Tensor:
        """The states (n, 2 width) of n phrases from those of their two parts."""
        (h1, c1), (h2, c2) = left.chunk(2, 1), right.chunk(2, 1)
        i, f1, f2, o, u = self.inner(wg.cat([h1, h2], 1)).chunk(5, 1)
        c = i.sigmoid() * u.tanh() + f1.sigmoid() * c1 + f2.sigmoid() * c2
        return wg.cat([o.sigmoid() * c.tanh(), c], 1)

    def encode(self, tree: Tree) -> wg.Tensor:
        """The state (1, 2 width) of one tree."""
        if not tree.parts:
            return self.leaves(self.numbers([tree]))
        return self.join(*(self.encode(part) for part in tree.parts))

    def encode_batch(self, trees: list[Tree]) -> tuple[list[Tree], wg.Tensor]:
        """Every node of some trees, and the states (nodes, 2 width)."""
        levels = by_height(trees)
        states = self.encode_levels(levels, self.numbers(levels[0]))
        return [node for level in levels for node in level], states

    def encode_levels(self, levels: list[list[Tree]], words: wg.Tensor) -> wg.Tensor:
        """The states (nodes, 2 width) of nodes by height, whose leaves have these words."""
        states = [self.leaves(words)]
        state = dict(zip(map(id, levels[0]), states[0].unbind()))
        for level in levels[1:]:
            left, right = zip(*([state[id(part)] for part in node.parts] for node in level))
            states.append(self.join(wg.stack(left), wg.stack(right)))
            state.update(zip(map(id, level), states[-1].unbind()))
        return wg.cat(states)

    def scores(self, states: wg.Tensor) -> wg.Tensor:
        return self.output(self.dropout(states.chunk(2, -1)[0]))


def evaluate(model: TreeLSTM, trees: list[Tree]) -> tuple[float, float]:
    """The share of right labels of whole sentences: of all five, and bad or good if not neutral."""
    model.eval()
    fine, coarse = [], []
    with wg.no_grad():
        for start in range(0, len(trees), 100):
            batch = trees[start : start + 100]
            nodes, states = model.encode_batch(batch)
            chances = dict(zip(map(id, nodes), model.scores(states).softmax(1).tolist()))
            for tree in batch:
                p = chances[id(tree)]
                fine.append(p.index(max(p)) == tree.label)
                if tree.label != 2:
                    coarse.append((p[3] + p[4] > p[0] + p[1]) == (tree.label > 2))
    return sum(fine) / len(fine), sum(coarse) / len(coarse)


def save_picture(path: Path, model: TreeLSTM, tree: Tree) -> None:
    """The tree, each phrase in the colour of the label to be expected, from red to green."""
    figure, axes = plt.subplots(figsize=(10, 4))
    column = iter(range(1000))

    def draw(tree: Tree) -> tuple[float, float]:
        places = [draw(part) for part in tree.parts]
        x = sum(x for x, _ in places) / 2 if places else next(column)
        y = 1 + max((y for _, y in places), default=-1)
        for place in places:
            axes.plot(*zip(place, (x, y), strict=True), color="0.7", zorder=0)
        expected = model.scores(model.encode(tree)).softmax(1) @ wg.arange(5.0)
        axes.scatter(x, y, c=expected.numpy(), vmin=0, vmax=4, cmap="RdYlGn", s=120)
        axes.text(x, -0.6, tree.word, ha="right", va="top", rotation=45)
        return x, y

    with wg.no_grad():
        draw(tree)
    axes.axis("off")
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of the treebank; default: invented")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=25)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--dropout", type=float, default=0.6)
    parser.add_argument("--lr", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="default: all processors")
    parser.add_argument("--out", type=Path, default=Path("runs/tree_lstm"))
    args = parser.parse_args()
    if args.threads:
        wg.set_num_threads(args.threads)
    wg.manual_seed(args.seed)
    rng = random.Random(args.seed)
    if args.data:
        files = (args.data / f"{name}.txt" for name in ("train", "test"))
        train, test = ([parse(line) for line in file.open(encoding="utf-8")] for file in files)
    else:
        train, test = ([invent(rng) for _ in range(n)] for n in (2000, 500))

    counts = Counter(node.word for tree in train for node in tree.nodes() if node.word)
    words = [word for word, count in counts.items() if count > 1]
    model = TreeLSTM(words, args.width, args.dropout)
    optimizer = wg.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.1)
    steps = math.ceil(len(train) / args.batch_size)
    schedule = wg.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=args.lr, total_steps=args.epochs * steps
    )
    start = time.perf_counter()
    for epoch in range(1, args.epochs + 1):
        model.train()
        rng.shuffle(train)
        total = 0.0
        for step in tqdm(range(steps), f"epoch {epoch}/{args.epochs}", leave=False):
            batch = train[step * args.batch_size :][: args.batch_size]
            nodes, states = model.encode_batch(batch)
            labels = wg.tensor([node.label for node in nodes])
            loss = F.cross_entropy(model.scores(states), labels, reduction="sum") / len(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        fine, coarse = evaluate(model, test)
        print(f"epoch {epoch}  loss {total / steps:.3f}  test {fine:.2%}, binary {coarse:.2%}")
    seconds = time.perf_counter() - start

    variety = {id(tree): len({node.label for node in tree.nodes()}) for tree in test}
    tree = min(test, key=lambda tree: (-variety[id(tree)], abs(len(str(tree).split()) - 15)))
    args.out.mkdir(parents=True, exist_ok=True)
    wg.save(model.state_dict(), args.out / "model.safetensors")
    save_picture(args.out / "tree.png", model, tree)
    with wg.no_grad():
        gap = max(
            (state - model.encode(node)).abs().max().item()
            for node, state in zip(*model.encode_batch(test[:10]), strict=True)
        )
        nodes, states = model.encode_batch([tree])
        for node, label in zip(nodes, model.scores(states).argmax(1).tolist(), strict=True):
            if node.parts:
                print(f"{label} (labelled {node.label})  {node}")
    print(f"the recursion and the batch differ by {gap:.1e}")
    print(
        f"test accuracy {fine:.2%}, binary {coarse:.2%}; trained in {seconds:.1f} s; "
        f"files in {args.out}"
    )


if __name__ == "__main__":
    main()
