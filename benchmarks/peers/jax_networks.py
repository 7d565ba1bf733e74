"""Attention, GELU, a language model and a transformer for JAX, each compiled as a whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.peers.inputs import letters
from benchmarks.peers.jax_tools import Call, JaxTools


class JaxNetworks(JaxTools):
    def gelu_chain(self, n: int) -> Call:
        np = self.np

        def gelu(x: Any) -> Any:
            return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))

        return self._forward_and_backward(gelu, (n,), 1)

    def gelu(self, n: int) -> Call:
        gelu = self.jax.nn.gelu
        return self._forward_and_backward(lambda x: gelu(x, approximate=True), (n,), 1)

    def attention(self, length: int, causal: bool, batch: int, heads: int, width: int) -> Call:
        attend = self.jax.nn.dot_product_attention
        return self._forward_and_backward(
            lambda q, k, v: attend(q, k, v, is_causal=causal), (batch, length, heads, width), 3
        )

    def lstm_language_model(self, sizes: Sequence[int], batch: int, steps: int) -> Call:
        vocabulary, inputs, hidden = sizes
        numbers = self.np.asarray(letters(batch, steps + 1, vocabulary))
        np, nn = self.np, self.jax.nn

        def loss(params: Any) -> Any:
            def step(state: Any, x: Any) -> Any:
                h, c = state
                i, f, g, o = np.split(x + h @ params["recurrent"], 4, 1)
                c = nn.sigmoid(f) * c + nn.sigmoid(i) * np.tanh(g)
                h = nn.sigmoid(o) * np.tanh(c)
                return (h, c), h

            x = params["embed"][numbers[:, :-1].T] @ params["input"] + params["bias"]
            zero = np.zeros((batch, hidden), "float32")
            _, out = self.jax.lax.scan(step, (zero, zero), x)
            return self._loss_of_each(self._linear(params["head"], out), numbers[:, 1:].T)

        params = {
            "embed": self._normal(vocabulary, inputs),
            "input": self._normal(inputs, 4 * hidden, scale=hidden**-0.5),
            "recurrent": self._normal(hidden, 4 * hidden, scale=hidden**-0.5),
            "bias": np.zeros(4 * hidden, "float32"),
            "head": self._dense(hidden, vocabulary),
        }
        return self._adam_steps(loss, params)

    def gpt(
        self, vocabulary: int, layers: int, width: int, heads: int, batch: int, steps: int
    ) -> Call:
        numbers = self.np.asarray(letters(batch, steps + 1, vocabulary))
        nn = self.jax.nn

        def block(p: Any, x: Any) -> Any:
            qkv = self._linear(p["qkv"], self._normalised(p["norm1"], x))
            q, k, v = self.np.moveaxis(qkv.reshape(batch, steps, 3, heads, -1), 2, 0)
            mixed = nn.dot_product_attention(q, k, v, is_causal=True).reshape(batch, steps, width)
            x = x + self._linear(p["out"], mixed)
            inner = nn.gelu(self._linear(p["wide"], self._normalised(p["norm2"], x)))
            return x + self._linear(p["narrow"], inner)

        def loss(params: Any) -> Any:
            x = params["embed"][numbers[:, :-1]] + params["position"]
            for p in params["blocks"]:
                x = block(p, x)
            scores = self._normalised(params["norm"], x) @ params["embed"].T
            return self._loss_of_each(scores, numbers[:, 1:])

        norm = (self.np.ones(width, "float32"), self.np.zeros(width, "float32"))
        params = {
            "embed": self._normal(vocabulary, width, scale=0.02),
            "position": self._normal(steps, width),
            "norm": norm,
            "blocks": [
                {
                    "norm1": norm,
                    "qkv": self._dense(width, 3 * width),
                    "out": self._dense(width, width),
                    "norm2": norm,
                    "wide": self._dense(width, 4 * width),
                    "narrow": self._dense(4 * width, width),
                }
                for _ in range(layers)
            ],
        }
        # A copy each, as a step takes over the memory of its arguments.
        return self._adam_steps(loss, self.jax.tree.map(self.np.copy, params), 0.01)

    def _loss_of_each(self, scores: Any, targets: Any) -> Any:
        return self._cross_entropy(scores.reshape(-1, scores.shape[-1]), targets.reshape(-1))

    def _forward_and_backward(
        self, function: Callable[..., Any], shape: Sequence[int], inputs: int
    ) -> Call:
        sources = [self._normal(*shape) for _ in range(inputs)]

        def both(gradient: Any, *sources: Any) -> Any:
            out, backward = self.jax.vjp(function, *sources)
            return out, backward(gradient)

        return self._awaited(self.jax.jit(both), self._normal(*shape), *sources)
