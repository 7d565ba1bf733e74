"""Single operations large enough for their arithmetic and their memory traffic to count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from benchmarks.cases import STILL
from benchmarks.peers.inputs import labels
from benchmarks.peers.library import Call, Library


class Kernels(Library):
    # The memory format of images and of the weights that meet them, where it is not the usual one.
    memory_format: Any = None

    def gemm(self, n: int, dtype: str) -> Call:
        a, b = self.normal(n, n, dtype=dtype), self.normal(n, n, dtype=dtype, seed=1)
        return lambda: a @ b

    def gemm_bfloat16(self, n: int) -> Call:
        a, b = (self.normal(n, n, seed=seed).to(self.lib.bfloat16) for seed in (0, 1))
        return lambda: a @ b

    def gelu_chain(self, n: int) -> Call:
        """The formula of GELU with tanh, operation by operation."""

        def gelu(x: Any) -> Any:
            inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
            return 0.5 * x * (1 + inner.tanh())

        return self._forward_and_backward(gelu, (n,), 1)

    def gelu(self, n: int) -> Call:
        gelu = self.lib.nn.functional.gelu
        return self._forward_and_backward(lambda x: gelu(x, approximate="tanh"), (n,), 1)

    def attention(self, length: int, causal: bool, batch: int, heads: int, width: int) -> Call:
        attend = self.lib.nn.functional.scaled_dot_product_attention
        return self._forward_and_backward(
            lambda q, k, v: attend(q, k, v, is_causal=causal), (batch, heads, length, width), 3
        )

    def cross_entropy(self, rows: int, classes: int) -> Call:
        logits = self.normal(rows, classes).requires_grad_()
        targets = self.tensor(labels(rows, classes))
        loss = self.compile(lambda z: self.lib.nn.functional.cross_entropy(z, targets))

        def call() -> None:
            logits.grad = None
            loss(logits).backward()

        return self.whole(call)

    def adamw(self, tensors: int, side: int) -> Call:
        params = []
        for i in range(tensors):
            p = self.lib.nn.Parameter(self.normal(side, side, seed=i))
            p.grad = self.normal(side, side, seed=100 + i)
            params.append(p)
        return self.whole(self.compile(self.lib.optim.AdamW(params, lr=STILL, **self.optim).step))

    def convolution(
        self, x: Sequence[int], weight: Sequence[int], stride: int, padding: int, kind: str
    ) -> Call:
        """One of the three products of a convolution: `kind` is forward, input or weight."""
        image, kernel = self._formatted(self.normal(*x)), self._formatted(self.normal(*weight))
        conv2d = self.lib.nn.functional.conv2d
        if kind == "forward":
            return lambda: conv2d(image, kernel, None, stride, padding)
        source = (image if kind == "input" else kernel).requires_grad_()
        out = conv2d(image, kernel, None, stride, padding)
        gradient = self._formatted(self.normal(*out.shape))
        return lambda: self.lib.autograd.grad(out, source, gradient, retain_graph=True)

    def _formatted(self, x: Any) -> Any:
        return x if self.memory_format is None else x.to(memory_format=self.memory_format)

    def _forward_and_backward(self, function: Any, shape: Sequence[int], inputs: int) -> Call:
        """`function` of some tensors of one shape, which is that of its result, and gradients."""
        sources = [self.normal(*shape, seed=i).requires_grad_() for i in range(inputs)]
        gradient = self.normal(*shape, seed=inputs)
        compiled = self.compile(function)
        return self.whole(lambda: self.lib.autograd.grad(compiled(*sources), sources, gradient))
