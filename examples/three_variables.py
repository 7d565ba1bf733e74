"""f(x, y, z) = (x * y + z) * x: one forward and one backward pass, step by step.

    python three_variables.py                    # x, y, z = 2, 3, 4
    python three_variables.py 1.5 -2 0.5 --draw graph.svg

By hand: df/dx = 2xy + z, df/dy = x^2, df/dz = x.
"""

from __future__ import annotations

import argparse

import wengert as wg
from wengert import viz


def steps(x: wg.Tensor, y: wg.Tensor, z: wg.Tensor) -> tuple[wg.Tensor, wg.Tensor, wg.Tensor]:
    """f and what it is computed from: xy, s and f."""
    xy = x * y
    s = xy + z
    return xy, s, s * x


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("values", nargs="*", type=float, default=(2.0, 3.0, 4.0), metavar="VALUE")
    parser.add_argument("--draw", metavar="PATH", help=".dot, .txt; .svg, .png with Graphviz")
    args = parser.parse_args()
    if len(args.values) != 3:
        parser.error("expected three values: x y z")

    x, y, z = (wg.tensor(v, dtype=wg.float64, requires_grad=True) for v in args.values)
    xy, s, f = steps(x, y, z)
    f.backward(retain_graph=True)  # what the gradients were computed from is looked at below

    names = {"x": x, "y": y, "z": z, "xy": xy, "s": s, "f": f}
    print("Each line: value, operation, its local derivatives; for the inputs, df/dinput.\n")
    print(viz.text(f, names))

    a, b, c = args.values
    print("\n          backward()   by hand")
    by_hand = (2 * a * b + c, a * a, a)
    for name, gradient, expected in zip("xyz", (x.grad, y.grad, z.grad), by_hand, strict=True):
        print(f"df/d{name}  {gradient.item():12.6g}  {expected:8.6g}")
    if args.draw:
        viz.draw(f, args.draw, names)
        print(f"\ngraph drawn to {args.draw}")


if __name__ == "__main__":
    main()
