"""Small cases, in which the cost of an operation counts and not its arithmetic."""

from __future__ import annotations

from benchmarks.cases import MANY
from benchmarks.peers.library import Call, Library


class Overhead(Library):
    def add(self, record: bool = False) -> Call:
        a, b = self.normal(4, 4).requires_grad_(record), self.normal(4, 4, seed=1)

        def call() -> None:
            for _ in range(MANY):
                a + b

        return call

    def matmul_record(self) -> Call:
        a, b = self.normal(8, 8).requires_grad_(), self.normal(8, 8, seed=1).requires_grad_()

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
