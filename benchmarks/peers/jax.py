"""JAX as it is meant to be used: every case is one compiled function, and its result is awaited."""

from __future__ import annotations

import itertools
from typing import Any

from benchmarks.cases import MANY, STILL
from benchmarks.peers.inputs import labels, normal
from benchmarks.peers.jax_networks import JaxNetworks
from benchmarks.peers.jax_tools import Call


def load(threads: int) -> Jax:
    import jax

    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)  # inputs are float32 unless the case says float64
    return Jax(jax)


class Jax(JaxNetworks):
    def __init__(self, jax: Any) -> None:
        self.jax = jax
        self.np = jax.numpy
        self.version = jax.__version__

    def add(self, record: bool = False) -> Call | None:
        if record:  # there is nothing to record: gradients are program transformations
            return None
        add = self.jax.jit(lambda a, b: a + b)
        once = self._awaited(
            add, self.np.asarray(normal(4, 4)), self.np.asarray(normal(4, 4, seed=1))
        )

        def call() -> None:
            for _ in range(MANY):
                once()

        return call

    def three_variables(self) -> Call:
        f = self.jax.jit(self.jax.value_and_grad(lambda x, y, z: (x * y + z) * x, (0, 1, 2)))
        return self._awaited(f, *(self.np.float32(v) for v in (2, 3, 4)))

    def chain(self, pairs: int) -> Call:
        def f(x: Any) -> Any:
            for _ in range(pairs):
                x = x * 0.999 + 0.001
            return x

        return self._awaited(self.jax.jit(self.jax.value_and_grad(f)), self.np.float32(1))

    def gemm(self, n: int, dtype: str) -> Call:
        matmul = self.jax.jit(lambda a, b: a @ b)
        a, b = normal(n, n, dtype=dtype), normal(n, n, dtype=dtype, seed=1)
        return self._awaited(matmul, self.np.asarray(a), self.np.asarray(b))

    def mlp_sgd(self) -> Call:
        x, y = self.np.asarray(normal(8, 16)), self.np.asarray(normal(8, 1, seed=1))

        def loss(params: Any) -> Any:
            return self.np.mean((self._mlp(params, x) - y) ** 2)

        def step(params: Any) -> Any:
            value, grads = self.jax.value_and_grad(loss)(params)
            return value, self.jax.tree.map(lambda p, g: p - STILL * g, params, grads)

        state = self._mlp_params((16, 16, 1))
        compiled = self.jax.jit(step, donate_argnums=0)

        def call() -> None:
            nonlocal state
            value, state = compiled(state)
            value.block_until_ready()

        return call

    def mlp_adam(self, sizes: tuple[int, ...], batch: int) -> Call:
        x = self.np.asarray(normal(batch, sizes[0]))
        y = self.np.asarray(labels(batch, sizes[-1]))
        return self._adam_steps(
            lambda params: self._cross_entropy(self._mlp(params, x), y), self._mlp_params(sizes)
        )

    def cnn_adam(self, batch: int) -> Call:
        x = self.np.asarray(normal(batch, 1, 28, 28))
        y = self.np.asarray(labels(batch, 10))
        lax = self.jax.lax

        def loss(params: Any) -> Any:
            h = x
            for kernel, bias in params["conv"]:
                h = lax.conv_general_dilated(h, kernel, (1, 1), "VALID")
                h = self.jax.nn.relu(h + bias[:, None, None])
            h = lax.reduce_window(h, -self.np.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
            return self._cross_entropy(self._mlp(params["mlp"], h.reshape(batch, -1)), y)

        conv = [
            (self.np.asarray(0.1 * normal(o, i, 3, 3)), self.np.zeros(o, "float32"))
            for i, o in ((1, 32), (32, 64))
        ]
        return self._adam_steps(loss, {"conv": conv, "mlp": self._mlp_params((9216, 128, 10))})

    def cross_entropy(self, rows: int, classes: int) -> Call:
        targets = self.np.asarray(labels(rows, classes))
        f = self.jax.jit(self.jax.value_and_grad(lambda z: self._cross_entropy(z, targets)))
        return self._awaited(f, self.np.asarray(normal(rows, classes)))

    def adamw(self, tensors: int, side: int) -> Call:
        params = [self.np.asarray(normal(side, side, seed=i)) for i in range(tensors)]
        grads = [self.np.asarray(normal(side, side, seed=100 + i)) for i in range(tensors)]
        update = self.jax.jit(lambda state, grads: self._adam(state, grads, 0.01), donate_argnums=0)
        state = self._adam_state(params)

        def call() -> None:
            nonlocal state
            state = update(state, grads)
            self.jax.block_until_ready(state)

        return call

    def _mlp_params(self, sizes: tuple[int, ...]) -> list[tuple[Any, Any]]:
        return [
            (self.np.asarray(normal(i, o) / i**0.5, "float32"), self.np.zeros(o, "float32"))
            for i, o in itertools.pairwise(sizes)
        ]

    def _mlp(self, params: list[tuple[Any, Any]], x: Any) -> Any:
        for weight, bias in params[:-1]:
            x = self.jax.nn.relu(x @ weight + bias)
        weight, bias = params[-1]
        return x @ weight + bias
