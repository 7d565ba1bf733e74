"""What cases for JAX are made of. Adam is written out: JAX has no optimizers of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.cases import STILL
from benchmarks.peers.inputs import normal

Call = Callable[[], Any]


class JaxTools:
    jax: Any
    np: Any

    def _awaited(self, f: Callable[..., Any], *args: Any) -> Call:
        return lambda: self.jax.block_until_ready(f(*args))

    def _normal(self, *shape: int, scale: float = 1.0) -> Any:
        return self.np.asarray(scale * normal(*shape), "float32")

    def _dense(self, inputs: int, outputs: int) -> Any:
        weight = self._normal(inputs, outputs, scale=inputs**-0.5)
        return weight, self.np.zeros(outputs, "float32")

    def _linear(self, params: Any, x: Any) -> Any:
        weight, bias = params
        return x @ weight + bias

    def _normalised(self, params: Any, x: Any) -> Any:
        scale, shift = params
        x = x - x.mean(-1, keepdims=True)
        return x / self.np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * scale + shift

    def _cross_entropy(self, logits: Any, targets: Any) -> Any:
        log_p = self.jax.nn.log_softmax(logits)
        return -self.np.take_along_axis(log_p, targets[:, None], 1).mean()

    def _adam_state(self, params: Any) -> Any:
        zeros = self.jax.tree.map(self.np.zeros_like, params)
        return params, zeros, self.jax.tree.map(self.np.zeros_like, params), self.np.float32(0)

    def _adam(self, state: Any, grads: Any, decay: float) -> Any:
        params, m, v, t = state
        tree_map, lr, b1, b2 = self.jax.tree.map, STILL, 0.9, 0.999
        t = t + 1
        m = tree_map(lambda m, g: b1 * m + (1 - b1) * g, m, grads)
        v = tree_map(lambda v, g: b2 * v + (1 - b2) * g * g, v, grads)
        params = tree_map(
            lambda p, m, v: (
                p * (1 - lr * decay)
                - lr * (m / (1 - b1**t)) / (self.np.sqrt(v / (1 - b2**t)) + 1e-8)
            ),
            params,
            m,
            v,
        )
        return params, m, v, t

    def _adam_steps(self, loss: Callable[[Any], Any], params: Any, decay: float = 0.0) -> Call:
        def step(state: Any) -> Any:
            value, grads = self.jax.value_and_grad(loss)(state[0])
            return value, self._adam(state, grads, decay)

        compiled = self.jax.jit(step, donate_argnums=0)
        state = self._adam_state(params)

        def call() -> None:
            nonlocal state
            _, state = compiled(state)
            self.jax.block_until_ready(state)

        return call
