"""Layers that take sizes from their first input; they are given one when they are made."""

from __future__ import annotations

from table import Row, normal
from translate import to_cpp


def lazy(name: str, arguments: str, shape: tuple[int, ...]) -> Row:
    made = f"nn.{name}({arguments})"
    return Row(
        name,
        "known()",
        (normal(*shape),),
        cpp="Known()",
        python_before=(
            f"def known():\n    model = {made}\n    model(wg.ones({shape}))\n    return model\n"
        ),
        cpp_before=(
            f"struct Known : nn::{name} {{\n"
            f"  Known() : nn::{to_cpp(made).removeprefix('nn::')} {{\n"
            f"    (*this)(ones({{{str(shape)[1:-1]}}}));\n"
            "  }\n"
            "};\n"
        ),
    )


SHAPES = {1: (3, 4, 6), 2: (3, 4, 5, 6), 3: (3, 4, 3, 4, 5)}

ROWS = [
    lazy("LazyLinear", "3, bias=False", (2, 5)),
    *(
        lazy(f"Lazy{name}{n}d", arguments, shape)
        for n, shape in SHAPES.items()
        for name, arguments in (
            ("Conv", "6, 2, padding=1, groups=2"),
            ("ConvTranspose", "3, 2, stride=2"),
            ("BatchNorm", "eps=1e-3"),
            ("InstanceNorm", "momentum=0.2"),
        )
    ),
]
