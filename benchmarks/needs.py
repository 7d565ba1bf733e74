"""The arithmetic and the memory traffic that one call of each case cannot do without.

A function per kind of case, with the case's parameters; its documentation is its formula.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.cases import Case
from benchmarks.convolutions import RESNET18_CIFAR, RESNET20, Shape
from benchmarks.peers.inputs import lengths, trees

FLOAT = 4  # bytes
# Numbers read and written per parameter in a step: its gradient is written, then the update reads
# it, the parameter and the moments, and writes these.
ADAM, SGD_MOMENTUM = 1 + 7, 1 + 5


@dataclass(frozen=True)
class Need:
    operations: float  # additions and multiplications
    bytes: float  # read and written
    resident: float  # bytes of the arrays that this is about


def linear(inputs: float, outputs: float, rows: float) -> float:
    """Operations of a product with a weight and of both its gradients."""
    return 6.0 * rows * inputs * outputs


def gemm(n: int, dtype: str) -> Need:
    """2 n^3 operations; each matrix once."""
    size = 8 if dtype == "float64" else FLOAT
    return Need(2.0 * n**3, 3 * size * n**2, 3 * size * n**2)


def mlp_adam(sizes: Sequence[int], batch: int) -> Need:
    """6 in out operations per sample and layer, 4 for the first, whose input needs no gradient;
    8 numbers per parameter (gradient written; Adam reads 4 and writes 3)."""
    pairs = list(itertools.pairwise(sizes))
    operations = sum(linear(i, o, batch) for i, o in pairs) - 2.0 * batch * sizes[0] * sizes[1]
    parameters = sum((i + 1) * o for i, o in pairs)
    return Need(operations, FLOAT * ADAM * parameters, FLOAT * 4 * parameters)


def mlp_sgd() -> Need:
    """As the other perceptrons, of 16-16-1 and 8 samples; SGD reads 2 numbers and writes 1."""
    return Need(8 * 16 * (4.0 * 16 + 6), FLOAT * 4 * (17 * 16 + 17), FLOAT * 2 * (17 * 16 + 17))


def gelu_chain(n: int) -> Need:
    """One operation at a time: 22 numbers per element forward, 39 backward."""
    return Need(0, FLOAT * (22 + 39) * n, FLOAT * 3 * n)


def gelu(n: int) -> Need:
    """2 numbers per element forward (x; y), 3 backward (x, dy; dx)."""
    return Need(0, FLOAT * (2 + 3) * n, FLOAT * 3 * n)


def cross_entropy(rows: int, classes: int) -> Need:
    """1 number per element forward, 2 backward: a row is read once, as it stays in L2."""
    return Need(0, FLOAT * 3 * rows * classes, FLOAT * 2 * rows * classes)


def adamw(tensors: int, side: int) -> Need:
    """7 numbers per parameter: itself, its gradient and 2 moments read, 3 of them written."""
    return Need(0, FLOAT * 7 * tensors * side**2, FLOAT * 4 * tensors * side**2)


def attention(length: int, causal: bool, batch: int, heads: int, width: int) -> Need:
    """7 products of 2 length^2 width operations per head, half of that if causal: 2 forward, 5
    backward as the scores are computed anew; q, k, v, their gradients, the result twice, its
    gradient and the sums of rows."""
    pairs = batch * heads * length**2 / (2 if causal else 1)
    numbers = 12 * batch * heads * length * width
    return Need(14.0 * pairs * width, FLOAT * numbers, FLOAT * numbers)


def cnn_adam(batch: int) -> Need:
    """6 operations per multiplication of the forward pass, 4 for the first layer; 8 numbers per
    activation of the two convolutions (written and rectified in place forward; backward the
    same, read by two gradients) and per parameter."""
    first, second, dense = 26 * 26 * 9 * 32, 24 * 24 * 9 * 32 * 64, 9216 * 128 + 1280
    operations = batch * (4.0 * first + 6.0 * second + 6.0 * dense)
    activations = batch * (26 * 26 * 32 + 24 * 24 * 64)
    parameters = 10 * 32 + (9 * 32 + 1) * 64 + 9217 * 128 + 129 * 10
    return Need(operations, FLOAT * (8 * activations + ADAM * parameters), FLOAT * 4 * activations)


def resnet(shapes: Counter[Shape], batch: int, winograd: bool = False) -> Need:
    """3 times the direct convolutions, the gradient of the first input left out. Per number that a
    convolution gives 10: forward 3 (written; read, normalised and written), backward 7 (two read
    twice, one written, read by two gradients). Per number it is given 3 (read; read, gradient
    written). 6 per parameter (gradient written; momentum reads 3 and writes 2)."""
    operations = numbers = resident = 0.0
    for shape, count in shapes.items():
        each = shape.operations(batch) / (shape.fewer if winograd else 1)
        operations += count * each * (3 if shape.inputs > 3 else 2)
        after = batch * shape.outputs * shape.side_after**2
        before = batch * shape.inputs * shape.side**2
        parameters = shape.inputs * shape.outputs * shape.kernel**2
        numbers += count * (10 * after + 3 * before + SGD_MOMENTUM * parameters)
        resident += count * (2 * after + 3 * parameters)
    return Need(operations, FLOAT * numbers, FLOAT * resident)


def resnet20(batch: int) -> Need:
    return resnet(RESNET20, batch)


def resnet18(batch: int) -> Need:
    return resnet(RESNET18_CIFAR, batch)


def lstm(sizes: Sequence[int], steps: int, batch: int) -> Need:
    """(4 in + 6 hidden) 4 hidden operations per token, as the inputs need no gradient; 16 hidden
    numbers per token."""
    inputs, hidden = sizes
    tokens = steps * batch
    operations = 4.0 * hidden * tokens * (4 * inputs + 6 * hidden)
    return Need(operations, FLOAT * 16 * hidden * tokens, FLOAT * 6 * hidden * tokens)


def lstm_tokens(letters: int, inputs: int, hidden: int, outputs: int, tokens: int) -> Need:
    """6 (in + hidden) 4 hidden + 6 hidden out operations per token; 16 hidden numbers per token
    (gates written and state, both read backward, gradients of gates written), 8 per parameter."""
    operations = linear(inputs + hidden, 4 * hidden, tokens) + linear(hidden, outputs, tokens)
    parameters = letters * inputs + (inputs + hidden + 2) * 4 * hidden + (hidden + 1) * outputs
    numbers, resident = 16 * hidden * tokens + ADAM * parameters, 6 * hidden * tokens
    return Need(operations, FLOAT * numbers, FLOAT * (resident + 4 * parameters))


def lstm_language_model(sizes: Sequence[int], batch: int, steps: int) -> Need:
    return lstm_tokens(*sizes, sizes[0], batch * steps)


def lstm_cells_alone(width: int, steps: int) -> Need:
    """One row: 16 width^2 operations forward a step, twice as many backward; the weights and
    their gradients stay in the caches."""
    weights = 8 * width**2
    return Need(3.0 * 2 * weights * steps, FLOAT * 4 * weights * steps, FLOAT * 2 * weights)


def lstm_cell_loop(sizes: Sequence[int], batch: int, steps: int) -> Need:
    return lstm_tokens(*sizes, sizes[0], batch * steps)


def lstm_tagger(sizes: Sequence[int], batch: int, steps: int, packed: bool) -> Need:
    return lstm_tokens(*sizes, int(lengths(batch, steps).sum()) if packed else batch * steps)


def gpt(vocabulary: int, layers: int, width: int, heads: int, batch: int, steps: int) -> Need:
    """6 (12 width^2 + steps width) operations per token and layer (causal scores: half of the
    pairs), 6 width vocabulary for the output. Of a pass for each operation 108 width numbers per
    token and layer, 36 of them forward; 8 per parameter."""
    tokens = batch * steps
    operations = layers * (linear(width, 12 * width, tokens) + 6.0 * tokens * steps * width)
    parameters = layers * 12 * width**2 + (vocabulary + steps) * width
    numbers = layers * 108 * width * tokens + ADAM * parameters
    resident = layers * 18 * width * tokens + 4 * parameters
    operations += linear(width, vocabulary, tokens)
    return Need(operations, FLOAT * numbers, FLOAT * resident)


def tree_lstm(width: int, words: int, batch: int) -> Need:
    """6 width 3 width operations per word and 6 2 width 5 width per pair; 8 numbers per
    parameter."""

    def count(tree: Any) -> int:
        return 1 if isinstance(tree, int) else count(tree[0]) + count(tree[1])

    leaves = sum(count(tree) for tree in trees(batch, words))
    operations = linear(width, 3 * width, leaves) + linear(2 * width, 5 * width, leaves - batch)
    parameters = words * width + 3 * width * (width + 1) + 5 * width * (2 * width + 1)
    return Need(operations, FLOAT * ADAM * parameters, FLOAT * 4 * parameters)


def convolution(shape: Shape, batch: int) -> Need:
    """2 operations per multiplication of the direct product; image, weights and result once."""
    before = batch * shape.inputs * shape.side**2
    after = batch * shape.outputs * shape.side_after**2
    numbers = before + after + shape.inputs * shape.outputs * shape.kernel**2
    return Need(shape.operations(batch), FLOAT * numbers, FLOAT * numbers)


# By the name of the `build` of a case.
NEEDS: dict[str, Callable[..., Need]] = {
    f.__name__: f
    for f in (
        gemm,
        mlp_sgd,
        mlp_adam,
        gelu_chain,
        gelu,
        cross_entropy,
        adamw,
        attention,
        cnn_adam,
        resnet20,
        resnet18,
        lstm,
        lstm_language_model,
        lstm_cell_loop,
        lstm_cells_alone,
        lstm_tagger,
        gpt,
        tree_lstm,
    )
}


def need(case: Case) -> Need | None:
    """None where the case is about the cost of a call."""
    function = NEEDS.get(case.build)
    return function(**case.params) if function else None
