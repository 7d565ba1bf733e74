"""The cases for libraries with PyTorch's names: PyTorch and wengert run the very same code."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from benchmarks.cases import MANY, STILL
from benchmarks.peers.inputs import labels, normal

Call = Callable[[], Any]


class TorchNames:
    """The cases over `lib`; `adam` holds further arguments for Adam and AdamW."""

    def __init__(self, lib: ModuleType, threads: int, **adam: Any) -> None:
        self.lib = lib
        self.adam = adam
        self.version = str(lib.__version__)
        lib.set_num_threads(threads)
        lib.manual_seed(0)

    def add(self, record: bool = False) -> Call:
        a = self.lib.from_numpy(normal(4, 4)).requires_grad_(record)
        b = self.lib.from_numpy(normal(4, 4, seed=1))

        def call() -> None:
            for _ in range(MANY):
                a + b

        return call

    def matmul_record(self) -> Call:
        a = self.lib.from_numpy(normal(8, 8)).requires_grad_()
        b = self.lib.from_numpy(normal(8, 8, seed=1)).requires_grad_()

        def call() -> None:
            for _ in range(MANY):
                a @ b

        return call

    def three_variables(self) -> Call:
        x, y, z = (self.lib.tensor(v, requires_grad=True) for v in (2.0, 3.0, 4.0))

        def call() -> None:
            x.grad = y.grad = z.grad = None
            ((x * y + z) * x).backward()

        return call

    def chain(self, pairs: int) -> Call:
        x = self.lib.tensor(1.0, requires_grad=True)

        def call() -> None:
            x.grad = None
            y = x
            for _ in range(pairs):
                y = y * 0.999 + 0.001
            y.backward()

        return call

    def gemm(self, n: int, dtype: str) -> Call:
        a = self.lib.from_numpy(normal(n, n, dtype=dtype))
        b = self.lib.from_numpy(normal(n, n, dtype=dtype, seed=1))
        return lambda: a @ b

    def mlp_sgd(self) -> Call:
        nn = self.lib.nn
        model = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))
        optimizer = self.lib.optim.SGD(model.parameters(), lr=STILL)
        x, y = self.lib.from_numpy(normal(8, 16)), self.lib.from_numpy(normal(8, 1, seed=1))
        return self._step(model, optimizer, lambda out: nn.functional.mse_loss(out, y), x)

    def mlp_adam(self, sizes: tuple[int, ...], batch: int) -> Call:
        nn = self.lib.nn
        layers = []
        for inputs, outputs in itertools.pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        return self._classifier(nn.Sequential(*layers[:-1]), normal(batch, sizes[0]))

    def cnn_adam(self, batch: int) -> Call:
        nn = self.lib.nn
        model = nn.Sequential(
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
        return self._classifier(model, normal(batch, 1, 28, 28))

    def lstm(self, sizes: tuple[int, int], steps: int, batch: int) -> Call:
        model = self.lib.nn.LSTM(*sizes)
        x = self.lib.from_numpy(normal(steps, batch, sizes[0]))

        def call() -> None:
            for p in model.parameters():
                p.grad = None
            model(x)[0].sum().backward()

        return call

    def cross_entropy(self, rows: int, classes: int) -> Call:
        logits = self.lib.from_numpy(normal(rows, classes)).requires_grad_()
        targets = self.lib.from_numpy(labels(rows, classes))

        def call() -> None:
            logits.grad = None
            self.lib.nn.functional.cross_entropy(logits, targets).backward()

        return call

    def adamw(self, tensors: int, side: int) -> Call:
        params = []
        for i in range(tensors):
            p = self.lib.nn.Parameter(self.lib.from_numpy(normal(side, side, seed=i)))
            p.grad = self.lib.from_numpy(normal(side, side, seed=100 + i))
            params.append(p)
        return self.lib.optim.AdamW(params, lr=STILL, **self.adam).step

    def _classifier(self, model: Any, inputs: Any) -> Call:
        optimizer = self.lib.optim.Adam(model.parameters(), lr=STILL, **self.adam)
        targets = self.lib.from_numpy(labels(len(inputs), 10))
        cross_entropy = self.lib.nn.functional.cross_entropy
        return self._step(
            model, optimizer, lambda out: cross_entropy(out, targets), self.lib.from_numpy(inputs)
        )

    @staticmethod
    def _step(model: Any, optimizer: Any, loss_of: Callable[[Any], Any], inputs: Any) -> Call:
        def call() -> None:
            optimizer.zero_grad()
            loss_of(model(inputs)).backward()
            optimizer.step()

        return call
