"""Steps of training of whole networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.cases import STILL
from benchmarks.peers import models
from benchmarks.peers.inputs import labels, lengths, letters, normal, trees
from benchmarks.peers.library import Call, Library
from benchmarks.peers.training import Training


class Networks(Library):
    def mlp_sgd(self) -> Training:
        y = self.normal(8, 1, seed=1)
        mse = self.lib.nn.functional.mse_loss
        return self._training(
            models.mlp(self.lib, (16, 16, 1)),
            "SGD",
            lambda model, x: mse(model(x), y.to(x.dtype)),
            self.normal(8, 16),
        )

    def mlp_adam(self, sizes: Sequence[int], batch: int) -> Training:
        return self._classifier(models.mlp(self.lib, sizes), "Adam", normal(batch, sizes[0]))

    def cnn_adam(self, batch: int) -> Training:
        return self._classifier(models.cnn(self.lib), "Adam", normal(batch, 1, 28, 28))

    def resnet20(self, batch: int) -> Training:
        model = models.resnet(self.lib, (16, 32, 64), 3)
        return self._classifier(model, "SGD", normal(batch, 3, 32, 32), momentum=0.9)

    def resnet18(self, batch: int) -> Training:
        model = models.resnet(self.lib, (64, 128, 256, 512), 2)
        return self._classifier(model, "SGD", normal(batch, 3, 32, 32), momentum=0.9)

    def lstm(self, sizes: Sequence[int], steps: int, batch: int) -> Call:
        model = self.lib.nn.LSTM(*sizes)
        x = self.normal(steps, batch, sizes[0])

        def call() -> None:
            for p in model.parameters():
                p.grad = None
            model(x)[0].sum().backward()

        return self.whole(call)

    def lstm_cells_alone(self, width: int, steps: int) -> Call:
        """A cell unrolled over one sequence, forward and backward."""
        cell, x = self.lib.nn.LSTMCell(width, width), self.normal(steps, 1, width)

        def loss(x: Any) -> Any:
            state = None
            for t in range(steps):
                state = cell(x[t], state)
            return state[0].sum()  # type: ignore[index]

        compiled = self.compile(loss)

        def call() -> None:
            for p in cell.parameters():
                p.grad = None
            compiled(x).backward()

        return self.whole(call)

    def lstm_language_model(self, sizes: Sequence[int], batch: int, steps: int) -> Training:
        model = models.lstm_tagger(self.lib, *sizes, sizes[0])
        return self._language_model(model, "Adam", letters(batch, steps + 1, sizes[0]))

    def lstm_cell_loop(self, sizes: Sequence[int], batch: int, steps: int) -> Training:
        model = models.cell_loop(self.lib, *sizes)
        return self._language_model(model, "Adam", letters(batch, steps + 1, sizes[0]))

    def autocast(self, build: str, **params: Any) -> Training:
        """A step of another case whose products are in bfloat16."""
        training = getattr(self, build)(**params)
        training.under(lambda: self.lib.autocast("cpu", dtype=self.lib.bfloat16))
        return training

    def gpt(
        self, vocabulary: int, layers: int, width: int, heads: int, batch: int, steps: int
    ) -> Training:
        model = models.gpt(self.lib, vocabulary, steps, layers, width, heads)
        return self._language_model(model, "AdamW", letters(batch, steps + 1, vocabulary))

    def tree_lstm(self, width: int, words: int, batch: int) -> Training:
        targets = self.tensor(labels(batch, 5))
        cross_entropy = self.lib.nn.functional.cross_entropy
        return self._training(
            models.tree_lstm(self.lib, words, width),
            "Adam",
            lambda model, forest: cross_entropy(model(forest), targets),
            trees(batch, words),
        )

    def lstm_tagger(self, sizes: Sequence[int], batch: int, steps: int, packed: bool) -> Training:
        """Sequences of lengths 1 to `steps`; what is beyond the end of one has no loss."""
        numbers = letters(batch, steps, sizes[0])
        tags = numbers % sizes[-1]
        ends = lengths(batch, steps)
        for row, end in zip(tags, ends, strict=True):
            row[end:] = -100  # cross_entropy's ignore_index
        targets, ends = self.tensor(tags), self.tensor(ends)
        loss = self._loss_of_each
        return self._training(
            models.lstm_tagger(self.lib, *sizes),
            "Adam",
            lambda model, x: loss(model(x, ends if packed else None), targets),
            self.tensor(numbers),
        )

    def _classifier(self, model: Any, optimizer: str, images: Any, **options: Any) -> Training:
        targets = self.tensor(labels(len(images), 10))
        cross_entropy = self.lib.nn.functional.cross_entropy
        return self._training(
            model,
            optimizer,
            lambda model, x: cross_entropy(model(x), targets),
            self.tensor(images),
            **options,
        )

    def _language_model(self, model: Any, optimizer: str, numbers: Any) -> Training:
        numbers = self.tensor(numbers)
        inputs, targets = numbers[:, :-1].contiguous(), numbers[:, 1:].contiguous()
        loss = self._loss_of_each
        return self._training(model, optimizer, lambda model, x: loss(model(x), targets), inputs)

    def _loss_of_each(self, scores: Any, targets: Any) -> Any:
        return self.lib.nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten())

    def _training(
        self,
        model: Any,
        optimizer: str,
        loss_of: Callable[[Any, Any], Any],
        inputs: Any,
        **options: Any,
    ) -> Training:
        kind = getattr(self.lib.optim, optimizer)
        update = kind(model.parameters(), lr=STILL, **options, **self.optim)
        return Training(model, update, loss_of, inputs, self.compile, self.whole)
