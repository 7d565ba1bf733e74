"""Graphs whose shape depends on the data: ordinary recursion and an ordinary while loop.

    python dynamic_graph.py

1. A recursive network learns what `and`, `or` and `not` mean from small expression trees with one
   label each, and is then tested on deeper ones. Every tree makes a graph of its own shape.
2. A square root by Newton's method runs until it has converged; how many steps that takes depends
   on the number, and the gradient flows back through exactly these steps.

The gradients of both are compared with finite differences in float64.
"""

from __future__ import annotations

import argparse
import random

import wengert as wg
import wengert.nn.functional as F
from wengert import optim

# A tree is True, False, ("not", tree), ("and", tree, tree) or ("or", tree, tree).
Tree = bool | tuple
WIDTH = 8


def random_tree(depth: int, rng: random.Random) -> Tree:
    """A tree of at most `depth` operators from the root down."""
    if depth == 0 or rng.random() < 0.1:
        return rng.random() < 0.5
    op = rng.choice(("not", "and", "or"))
    return (op, *(random_tree(depth - 1, rng) for _ in range(1 if op == "not" else 2)))


def truth(tree: Tree) -> bool:
    if isinstance(tree, bool):
        return tree
    op, *parts = tree
    values = [truth(part) for part in parts]
    return not values[0] if op == "not" else all(values) if op == "and" else any(values)


def make_weights(dtype: wg.dtype = wg.float32) -> dict[str, wg.Tensor]:
    """A vector for each constant, a matrix and a bias for each operator, and a read-out vector."""
    shapes = {"constants": (2, WIDTH), "readout": (WIDTH,)}
    for op, inputs in (("not", 1), ("and", 2), ("or", 2)):
        shapes[op] = (WIDTH, inputs * WIDTH)
        shapes[f"{op}_bias"] = (WIDTH,)
    return {
        name: (0.4 * wg.randn(shape, dtype=dtype)).requires_grad_()
        for name, shape in shapes.items()
    }


def encode(tree: Tree, weights: dict[str, wg.Tensor]) -> wg.Tensor:
    """The vector of a tree, from those of its parts: as deep as the tree is."""
    if isinstance(tree, bool):
        return weights["constants"][int(tree)]
    op, *parts = tree
    joined = wg.cat([encode(part, weights) for part in parts])
    return wg.tanh(weights[op] @ joined + weights[f"{op}_bias"])


def logits_of(trees: list[Tree], weights: dict[str, wg.Tensor]) -> wg.Tensor:
    return wg.stack([(encode(tree, weights) * weights["readout"]).sum() for tree in trees])


def loss_of(trees: list[Tree], weights: dict[str, wg.Tensor]) -> wg.Tensor:
    logits = logits_of(trees, weights)
    targets = wg.tensor([float(truth(tree)) for tree in trees], dtype=logits.dtype)
    return F.binary_cross_entropy_with_logits(logits, targets)


def accuracy(trees: list[Tree], weights: dict[str, wg.Tensor]) -> float:
    with wg.no_grad():
        answers = [logit > 0 for logit in logits_of(trees, weights).tolist()]
    right = sum(answer == truth(tree) for answer, tree in zip(answers, trees, strict=True))
    return right / len(trees)


def newton_sqrt(a: wg.Tensor, tolerance: float = 1e-12) -> tuple[wg.Tensor, int]:
    """The square root of a positive scalar, and the number of steps it took."""
    x, steps = a, 0
    while abs((x * x - a).item()) > tolerance * a.item():
        x = 0.5 * (x + a / x)
        steps += 1
    return x, steps


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    wg.manual_seed(args.seed)

    print("1. A recursive network over expression trees")
    exact = make_weights(wg.float64)
    few = [random_tree(3, rng) for _ in range(4)]
    names = list(exact)
    wg.autograd.gradcheck(
        lambda *tensors: loss_of(few, dict(zip(names, tensors, strict=True))),
        tuple(exact.values()),
    )
    print("   gradients agree with finite differences")
    weights = make_weights()
    optimizer = optim.Adam(list(weights.values()), lr=1e-2)
    for step in range(1, args.steps + 1):
        optimizer.zero_grad()
        loss = loss_of([random_tree(3, rng) for _ in range(16)], weights)
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"   step {step}  loss {loss.item():.4f}")
    for depth in (3, 6, 9):
        trees = [random_tree(depth, rng) for _ in range(200)]
        print(f"   trees of depth {depth}: {accuracy(trees, weights):.1%} right")

    print("2. A loop that stops when it has converged")
    for value in (0.01, 2.0, 1e6):
        a = wg.tensor(value, dtype=wg.float64, requires_grad=True)
        root, steps = newton_sqrt(a)
        root.backward()
        print(
            f"   sqrt({value:g}) = {root.item():.8g} after {steps} steps; "
            f"derivative {a.grad.item():.8g}, exactly {0.5 * value**-0.5:.8g}"
        )
    a = wg.tensor(2.0, dtype=wg.float64, requires_grad=True)
    wg.autograd.gradcheck(lambda a: newton_sqrt(a)[0], (a,))
    print("   gradients agree with finite differences")


if __name__ == "__main__":
    main()
