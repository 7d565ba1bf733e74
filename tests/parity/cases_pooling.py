"""Pooling in one, two and three dimensions, its ways back, and the layers."""

from harness import Case

# Shapes after the channels, by number of dimensions.
SIZES = {1: (9,), 2: (7, 9), 3: (5, 6, 7)}


def shape(n: int, *batch: int) -> str:
    return ", ".join(map(str, (*batch, *SIZES[n])))


def per_dim(n: int, *values: int) -> str:
    return "(" + ", ".join(map(str, values[:n])) + ",)"


CASES = []
for n in (1, 2, 3):
    x, one = f"T({shape(n, 2, 3)})", f"T({shape(n, 3)})"
    f = f"torch.nn.functional.max_pool{n}d torch.nn.functional.max_pool{n}d_with_indices"
    for call in (
        f"F.max_pool{n}d({x}, 2)",
        f"F.max_pool{n}d({one}, kernel_size=3, stride=2, padding=1)",
        f"F.max_pool{n}d({x}, {per_dim(n, 3, 2, 1)}, {per_dim(n, 1, 2, 3)}, {per_dim(n, 1, 0, 0)})",
        f"F.max_pool{n}d({x}, 2, stride=3, padding=1, ceil_mode=True)",
        f"F.max_pool{n}d({x}, 2, dilation=2)",
        f"F.max_pool{n}d({x}, 2, 1, 1, {per_dim(n, 3, 2, 1)}, True)",
        f"F.max_pool{n}d({x}, 2, return_indices=True)",
        f"F.max_pool{n}d({one}, 3, 1, 1, 1, False, return_indices=True)",
        f"F.max_pool{n}d_with_indices({x}, 3, 2, 1, 2, True)",
        f"F.max_pool{n}d(T({shape(n, 0, 3)}), 2, return_indices=True)",
        f"F.max_pool{n}d(C({shape(n, 2, 3)}) * 0, 2, return_indices=True)",
    ):
        CASES.append(Case(f, call))
    CASES += [
        Case(f"torch.max_pool{n}d", f"torch.max_pool{n}d({x}, 3, None, 1)"),
        Case(f"torch.max_pool{n}d", f"torch.max_pool{n}d({x}, 2, [], 0, 1, True)"),
        Case(
            f"torch.nn.functional.max_pool{n}d",
            f"""x = C({shape(n, 1, 2)})
x[..., 2] = float("nan")
x[..., 0] = -float("inf")
F.max_pool{n}d(x, 2, 1, return_indices=True)""",
        ),
    ]
    for wrong in (
        f"F.max_pool{n}d({x}, 0)",
        f"F.max_pool{n}d({x}, 2, 0)",
        f"F.max_pool{n}d({x}, 2, padding=-1)",
        f"F.max_pool{n}d({x}, 2, padding=2)",
        f"F.max_pool{n}d({x}, 2, dilation=0)",
        f"F.max_pool{n}d({x}, 20)",
        f"F.max_pool{n}d({x}, (2, 2, 2, 2))",
        f"F.max_pool{n}d(T({shape(n, 2, 0)}), 2)",
        f"F.max_pool{n}d(T(3), 2)",
        f"F.max_pool{n}d({x} > 0, 2)",
    ):
        CASES.append(Case(f"torch.nn.functional.max_pool{n}d", wrong, raises=True))

    # ---- means
    f = f"torch.nn.functional.avg_pool{n}d"
    for call in (
        f"F.avg_pool{n}d({x}, 2)",
        f"F.avg_pool{n}d({one}, kernel_size=3, stride=2, padding=1)",
        f"F.avg_pool{n}d({x}, 3, 2, 1, True, False)",
        f"F.avg_pool{n}d({x}, 3, 2, 1, True, True)",
        f"F.avg_pool{n}d({x}, 3, 1, 1, count_include_pad=False)",
        f"F.avg_pool{n}d({x}, {per_dim(n, 3, 2, 1)}, {per_dim(n, 1, 2, 3)}, {per_dim(n, 1, 0, 0)})",
        f"F.avg_pool{n}d({x}, 4, 3, ceil_mode=True)",
        f"F.avg_pool{n}d(T({shape(n, 0, 3)}), 2)",
        f"F.avg_pool{n}d(I({shape(n, 2, 3)}), 2)",
    ):
        CASES.append(Case(f, call))
    if n > 1:
        CASES += [
            Case(f, f"F.avg_pool{n}d({x}, 3, 2, 1, divisor_override=5)"),
            Case(f, f"F.avg_pool{n}d({x}, 2, divisor_override=-2)"),
            Case(f, f"F.avg_pool{n}d({x}, 2, divisor_override=0)", raises=True),
            Case(f"torch.nn.AvgPool{n}d", f"m = nn.AvgPool{n}d(2, divisor_override=3); m({x})"),
        ]
    else:
        CASES.append(Case("torch.avg_pool1d", f"torch.avg_pool1d({x}, 2, padding=1)"))
    for wrong in (
        f"F.avg_pool{n}d({x}, 0)",
        f"F.avg_pool{n}d({x}, 2, 0)",
        f"F.avg_pool{n}d({x}, 2, padding=-1)",
        f"F.avg_pool{n}d({x}, 2, padding=2)",
        f"F.avg_pool{n}d({x}, 20)",
        f"F.avg_pool{n}d({x}, (2, 2, 2, 2))",
        f"F.avg_pool{n}d(T({shape(n, 2, 0)}), 2)",
    ):
        CASES.append(Case(f, wrong, raises=True))

    # ---- norms
    f = f"torch.nn.functional.lp_pool{n}d"
    u = f"U({shape(n, 2, 3)})"
    CASES += [
        Case(f, f"F.lp_pool{n}d({u}, 2, 2)"),
        Case(f, f"F.lp_pool{n}d({u}, norm_type=1.5, kernel_size=3, stride=2, ceil_mode=True)"),
        Case(f, f"F.lp_pool{n}d(U({shape(n, 3)}), 1, 3)"),
        Case(f, f"F.lp_pool{n}d({x}, float('inf'), 2)"),
        Case(f, f"F.lp_pool{n}d({x}, -float('inf'), 2, 1)"),
        Case(f"torch.nn.LPPool{n}d", f"fill(nn.LPPool{n}d(2, 3, stride=2, ceil_mode=True))({u})"),
        Case(f"torch.nn.LPPool{n}d", f"fill(nn.LPPool{n}d(3, 2))({u})"),
        Case(f, f"F.lp_pool{n}d({u}, 0, 2)", raises=True),
        Case(f, f"F.lp_pool{n}d({u}, 2, 0)", raises=True),
    ]
    if n > 1:
        CASES.append(Case(f, f"F.lp_pool{n}d({u}, 2, {per_dim(n, 2, 1, 3)})"))

    # ---- grids
    for kind in ("avg", "max"):
        f = f"torch.nn.functional.adaptive_{kind}_pool{n}d"
        for size in (
            "4" if n == 1 else per_dim(n, 4, 3, 5),
            "1",
            "2",
            str(SIZES[n][0]),
            per_dim(n, 11, 3, 2),
        ):
            CASES.append(Case(f, f"F.adaptive_{kind}_pool{n}d({x}, {size})"))
        CASES += [
            Case(f, f"F.adaptive_{kind}_pool{n}d({one}, output_size=3)"),
            # PyTorch has no derivatives of outputs without elements.
            Case(f, f"F.adaptive_{kind}_pool{n}d(C({shape(n, 2, 3)}), 0)"),
            Case(f, f"F.adaptive_{kind}_pool{n}d(T({shape(n, 0, 3)}), 2)"),
            Case(f, f"F.adaptive_{kind}_pool{n}d({x}, -1)", raises=True),
            Case(f, f"F.adaptive_{kind}_pool{n}d(T(3), 2)", raises=True),
            Case(f, f"F.adaptive_{kind}_pool{n}d({x}, (2, 2, 2, 2))", raises=True),
            Case(f, f"F.adaptive_{kind}_pool{n}d({x}, {(2,) * (n + 1)})", raises=True),
            Case(f, f"F.adaptive_{kind}_pool{n}d(I({shape(n, 2, 3)}), 2)", raises=True),
        ]
        name = f"torch.nn.Adaptive{kind.title()}Pool{n}d"
        CASES.append(Case(name, f"fill(nn.Adaptive{kind.title()}Pool{n}d(2))({x})"))
        if n > 1:
            some = per_dim(n, 2, 0, 3).replace("0", "None")
            CASES += [
                Case(f, f"F.adaptive_{kind}_pool{n}d({x}, {some})"),
                Case(f, f"F.adaptive_{kind}_pool{n}d({x}, (2,))", raises=True),
                Case(name, f"fill(nn.Adaptive{kind.title()}Pool{n}d({some}))({one})"),
            ]
    f = f"torch.nn.functional.adaptive_max_pool{n}d"
    CASES += [
        Case(f, f"F.adaptive_max_pool{n}d({x}, 3, return_indices=True)"),
        Case(f, f"F.adaptive_max_pool{n}d({x}, 4, True)"),
        Case(f, f"F.adaptive_max_pool{n}d(C({shape(n, 2, 3)}) * 0, 2, True)"),
        Case(f + "_with_indices", f"F.adaptive_max_pool{n}d_with_indices({x}, 2)"),
        Case(
            f"torch.nn.AdaptiveMaxPool{n}d",
            f"fill(nn.AdaptiveMaxPool{n}d(3, return_indices=True))({x})",
        ),
        Case(f, f"F.adaptive_max_pool{n}d(T({shape(n, 2, 0)}), 2)", raises=True),
    ]
    f = f"torch.nn.functional.adaptive_avg_pool{n}d"
    CASES.append(Case(f, f"F.adaptive_avg_pool{n}d(C({shape(n, 2, 0)}), 2)", raises=n == 3))

    # ---- the way back
    f = f"torch.nn.functional.max_unpool{n}d torch.nn.MaxUnpool{n}d"
    pooled = f"y, i = F.max_pool{n}d({x}, 2, return_indices=True)"
    even = f"y, i = F.max_pool{n}d(T{(2, 3, 4, 6, 8)[: n + 2]}, 2, return_indices=True)"
    full = list(SIZES[n])
    CASES += [
        Case(f, f"{even}\nF.max_unpool{n}d(y, i, 2)"),
        Case(f, f"{pooled}\nF.max_unpool{n}d(y * y, i, 2, output_size={full})"),
        Case(f, f"{pooled}\nF.max_unpool{n}d(y, i, 2, output_size={[2, 3, *full]})"),
        Case(f, f"{pooled}\nF.max_unpool{n}d(y[0], i[0], {per_dim(n, 2, 2, 2)}, 2, 0, {full})"),
        Case(
            f,
            f"y, i = F.max_pool{n}d({x}, 3, 2, 1, return_indices=True)\n"
            f"F.max_unpool{n}d(y, i, 3, 2, padding=1, output_size={full})",
        ),
        Case(
            f,
            f"{even}\nm = fill(nn.MaxUnpool{n}d(2))\nm(y, i, output_size={[4, 6, 8][:n]}), "
            f"fill(nn.MaxUnpool{n}d(kernel_size=2, stride={per_dim(n, 2, 2, 2)}, padding=0))(y, i)",
        ),
        Case(f, f"{pooled}\nF.max_unpool{n}d(y, i + 10000, 2)", raises=True),
        Case(f, f"{pooled}\nF.max_unpool{n}d(y, i - 10000, 2)", raises=True),
        Case(f, f"{pooled}\nF.max_unpool{n}d(y, i.to(torch.int32), 2)", raises=True),
        Case(f, f"{pooled}\nF.max_unpool{n}d(y, i[..., :1], 2)", raises=True),
        Case(f, f"{pooled}\nF.max_unpool{n}d(y, i, 2, output_size={[50] * n})", raises=True),
        Case(f, f"{pooled}\nF.max_unpool{n}d(y, i, 2, output_size={[9] * (n + 1)})", raises=True),
        Case(f, f"{pooled}\nF.max_unpool{n}d(y, i, 2, padding=40)", raises=True),
        Case(f, f"F.max_unpool{n}d(T(3), I(3), 2)", raises=True),
    ]

    # ---- layers
    name = f"torch.nn.MaxPool{n}d"
    CASES += [
        Case(name, f"fill(nn.MaxPool{n}d(2))({x})"),
        Case(name, f"fill(nn.MaxPool{n}d(3, 2, 1, 1, True, True))({x})"),
        Case(name, f"fill(nn.MaxPool{n}d(kernel_size=2, dilation=2, ceil_mode=True))({one})"),
        Case(f"torch.nn.AvgPool{n}d", f"fill(nn.AvgPool{n}d(2))({x})"),
        Case(f"torch.nn.AvgPool{n}d", f"fill(nn.AvgPool{n}d(3, 2, 1, True, False))({x})"),
        Case(f"torch.nn.AvgPool{n}d", f"m = nn.AvgPool{n}d(2); m.stride, m.padding, m.kernel_size"),
    ]

# ---- windows at drawn places
for n in (2, 3):
    x, one = f"T({shape(n, 2, 3)})", f"T({shape(n, 3)})"
    r, r1 = f"C(2, 3, {n}, low=0, high=1)", f"C(1, 3, {n}, low=0, high=1)"
    f = f"torch.nn.functional.fractional_max_pool{n}d"
    sizes = per_dim(n, 3, 4, 2)
    CASES += [
        Case(f, f"F.fractional_max_pool{n}d({x}, 2, output_size=3, _random_samples={r})"),
        Case(f, f"F.fractional_max_pool{n}d({one}, 2, {sizes}, _random_samples={r1})"),
        Case(f, f"F.fractional_max_pool{n}d({x}, 2, {sizes}, None, True, {r})"),
        Case(f, f"F.fractional_max_pool{n}d({x}, {sizes}, 1, _random_samples={r})"),
        Case(
            f,
            f"F.fractional_max_pool{n}d({x}, 2, output_ratio={(0.5,) * n}, _random_samples={r})",
        ),
        Case(
            f + "_with_indices",
            f"F.fractional_max_pool{n}d_with_indices({x}, 3, 2, _random_samples={r})",
        ),
        Case(
            f"torch.nn.FractionalMaxPool{n}d",
            f"fill(nn.FractionalMaxPool{n}d(2, output_ratio=0.5, _random_samples={r}))({x})",
        ),
        Case(
            f"torch.nn.FractionalMaxPool{n}d",
            f"m = nn.FractionalMaxPool{n}d(2, {sizes}, return_indices=True, _random_samples={r})\n"
            f"m({x}), m.kernel_size, m.output_size, m.output_ratio",
        ),
        Case(f, f"F.fractional_max_pool{n}d({x}, 2, 3)[0].shape"),
        Case(f, f"F.fractional_max_pool{n}d({x}, 2)", raises=True),
        Case(f, f"F.fractional_max_pool{n}d({x}, 2, 7, _random_samples={r})", raises=True),
        Case(f, f"F.fractional_max_pool{n}d({x}, 30, 1, _random_samples={r})", raises=True),
        Case(f, f"F.fractional_max_pool{n}d({x}, 2, 3, _random_samples={r1})", raises=True),
        Case(f, f"F.fractional_max_pool{n}d(T(3), 2, 3)", raises=True),
        Case(f"torch.nn.FractionalMaxPool{n}d", f"nn.FractionalMaxPool{n}d(2)", raises=True),
        Case(
            f"torch.nn.FractionalMaxPool{n}d", f"nn.FractionalMaxPool{n}d(2, 3, 0.5)", raises=True
        ),
        Case(
            f"torch.nn.FractionalMaxPool{n}d",
            f"nn.FractionalMaxPool{n}d(2, output_ratio=1.5)",
            raises=True,
        ),
    ]

CASES += [
    Case("torch.max_pool1d_with_indices", "torch.max_pool1d_with_indices(T(2, 3, 8), 3, 2)"),
    Case("torch.adaptive_max_pool1d", "torch.adaptive_max_pool1d(T(2, 3, 8), 3)"),
    Case("torch.adaptive_avg_pool1d", "torch.adaptive_avg_pool1d(T(2, 3, 8), (3,))"),
    Case("torch.adaptive_avg_pool1d", "torch.adaptive_avg_pool1d(T(2, 3, 8), None)", raises=True),
]
