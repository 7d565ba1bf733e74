"""Transforms beside in-place changes, hooks, custom functions, random numbers and factorizations."""

from harness import Case

FA = "torch.autograd.forward_ad.make_dual torch.autograd.forward_ad.unpack_dual"
DUAL = "fa = torch.autograd.forward_ad\nwith fa.dual_level():\n"
SQUARE = """class Square(torch.autograd.Function):
    generate_vmap_rule = True
    @staticmethod
    def forward(x, w):
        return x * x * w
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)
    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return 2 * x * w * g * 3, x * x * g
    @staticmethod
    def jvp(ctx, tx, tw):
        x, w = ctx.saved_tensors
        y = 0 if tx is None else 6 * x * w * tx
        return y if tw is None else y + x * x * tw
"""
RULE = """class Cube(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x ** 3, x.detach().sum()
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.mark_non_differentiable(output[1])
    @staticmethod
    def backward(ctx, g, _):
        return Two.apply(ctx.saved_tensors[0]) * g
    @staticmethod
    def vmap(info, in_dims, x):
        y = Cube.apply(x.movedim(in_dims[0], 0))[0]
        return (y, y.flatten(1).sum(1)), (0, 0)
class Two(torch.autograd.Function):
    generate_vmap_rule = True
    @staticmethod
    def forward(x):
        return 3 * x ** 2
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
    @staticmethod
    def backward(ctx, g):
        return 6 * ctx.saved_tensors[0] * g
"""
HOOKS = "torch.autograd.graph.saved_tensors_hooks(lambda t: t * 1, lambda t: t)"
KEPT = """class Exp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        ctx.save_for_forward(y)
        return y
    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]
    @staticmethod
    def jvp(ctx, t):
        return t * ctx.saved_tensors[0]
"""


def case(name: str, code: str, **options: object) -> Case:
    return Case(" ".join(f"torch.{n}" for n in name.split()), code, **options)


def vmap_of(f: str, *inputs: str, **options: object) -> Case:
    return case("func.vmap", f"torch.func.vmap({f})({', '.join(inputs)})", **options)


VIEWS = [
    # A view that is older than the dual number in its base.
    Case(
        FA,
        DUAL + "    y = torch.zeros(4, dtype=C().dtype)\n    v, w = y[1:], y.view(2, 2)[1]\n"
        "    y.copy_(fa.make_dual(T(4), T(4)))\n"
        "    r = fa.unpack_dual(v * v), fa.unpack_dual(w.sin())\n"
        "[t for pair in r for t in pair]",
    ),
    Case(
        FA,
        DUAL + "    y = C(2, 3) * 1\n    v, w = y[0], y.t()\n    row = v[1:]\n"
        "    v.mul_(fa.make_dual(C(3), C(3)))\n    row.exp_()\n"
        "    r = fa.unpack_dual(w), fa.unpack_dual(row * 2), fa.unpack_dual(v * v)\n"
        "[t for pair in r for t in pair]",
    ),
    Case(
        FA,
        DUAL + "    y = C(3) * 1\n    v = y[:2]\n    y.mul_(2)\n    r = fa.unpack_dual(v).tangent\n"
        "r is None",
    ),
    Case(
        FA,
        DUAL + "    x = T(3) * 1\n    d = fa.make_dual(x, T(3))\n    p = fa.unpack_dual(d).primal\n"
        "    v = p[1:]\n    r = fa.unpack_dual(v * 1).tangent\nr is None",
    ),
    # What is changed in place may be differentiated further.
    *(
        Case(
            FA,
            DUAL + "    x, t, w = T(3), T(3), T(3)\n    y = fa.make_dual(x, t) * 1\n"
            f"    {change}\n    r = fa.unpack_dual(y)\nr.primal, r.tangent",
        )
        for change in (
            "y.exp_()",
            "y.mul_(w)",
            "y[1:].tanh_()",
            "y[:2].mul_(fa.make_dual(w, w * 2)[1:])",
            "y.addcmul_(w, w).sin_()",
        )
    ),
    *(
        case(
            f"func.{transform}",
            "def f(x):\n    y = x * 0\n    v = y[1:]\n    w = y[:2]\n    w.copy_(x[1:] ** 2)\n"
            "    y[2] = x[0] ** 3\n    return (v * w).sum() * x\n"
            f"torch.func.{transform}({call}",
        )
        for transform, call in (
            ("jvp", "f, (T(3),), (T(3),))"),
            ("jacfwd", "f)(T(3))"),
            ("hessian", "lambda x: f(x).sum())(T(3))"),
            ("vmap", "lambda x, t: torch.func.jvp(f, (x,), (t,)))(T(2, 3), T(2, 3))"),
        )
    ),
]

CHECKPOINTS = [
    case(
        "utils.checkpoint.checkpoint",
        "from importlib import import_module as load\n"
        "checkpoint = load(torch.__name__ + '.utils.checkpoint').checkpoint\n"
        "g = lambda x: checkpoint(lambda y: y.sin() * y, x, use_reentrant=False)\n" + rest,
        **options,
    )
    for rest, options in (
        # PyTorch recomputes too few values for derivatives of these.
        ("torch.func.jvp(g, (T(3),), (T(3),))", {"order": 0}),
        ("torch.func.jacfwd(g)(T(3))", {"order": 0}),
        ("torch.func.vmap(g)(T(2, 3))", {"order": 0}),
        (
            DUAL + "    x = T(3)\n    y = g(fa.make_dual(x, T(3)))\n"
            "    r = fa.unpack_dual(torch.autograd.grad(y.sum(), x)[0])\nr.primal, r.tangent",
            {},
        ),
    )
]

FUNCTIONS = [
    case("func.grad", SQUARE + "torch.func.grad(lambda x: " + f + ".sum())(T(2, 3))")
    for f in (
        "torch.func.vmap(Square.apply)(x, C(2, 3))",
        "torch.func.vmap(Square.apply, (0, None))(x, C(3))",
        "torch.func.vmap(Square.apply, (None, 0))(x, C(4))",
        "torch.func.vmap(torch.func.vmap(Square.apply))(x, C(2, 3))",
        "torch.func.vmap(torch.func.vmap(Square.apply, (0, None)), (0, 0))(x, C(2))",
        "torch.func.vmap(torch.func.grad(lambda y: Square.apply(y, x[0]).sum()))(x)",
    )
]
FUNCTIONS += [
    case("func.vmap", SQUARE + code)
    for code in (
        "torch.func.vmap(Square.apply, (0, None))(T(2, 3), T(3))",
        "x = T(2, 3)\ny = torch.func.vmap(lambda x: Square.apply(x, x))(x)\n"
        "torch.autograd.grad(y.sum(), x, create_graph=True)[0]",
        "torch.func.jvp(torch.func.vmap(Square.apply), (T(2, 3), T(2, 3)), (T(2, 3), T(2, 3)))",
        "torch.func.jvp(lambda x: torch.func.vmap(Square.apply, (0, None))(x, x[0]), (T(2, 3),), "
        "(T(2, 3),))",
        "torch.func.jacfwd(torch.func.vmap(Square.apply, (0, None)))(T(2, 3), T(3))",
        "torch.func.jacfwd(torch.func.jacrev(lambda x: Square.apply(x, x.sin())))(T(3))",
        "torch.func.vmap(torch.func.grad(lambda x: Square.apply(x, x).sum()))(T(2, 3))",
    )
]
FUNCTIONS += [
    case("func.vmap", RULE + code)
    for code in (
        "torch.func.vmap(Cube.apply)(T(2, 3))",
        "torch.func.vmap(Cube.apply, 1)(T(2, 3))",
        "torch.func.grad(lambda x: torch.func.vmap(Cube.apply)(x)[0].sum())(T(2, 3))",
        "torch.func.vmap(torch.func.grad(lambda x: Cube.apply(x)[0].sum()))(T(2, 3))",
    )
]
FUNCTIONS += [
    case(
        "func.vmap",
        SQUARE.replace("generate_vmap_rule = True", "pass")
        + "torch.func.vmap(Square.apply)(T(2), T(2))",
        raises=True,
    ),
    # ---- what hooks pack keeps its tangent
    *(
        Case(
            FA,
            KEPT + DUAL + f"    with {HOOKS}:\n        x = T(3)\n        y = {f}\n"
            "    r = fa.unpack_dual(torch.autograd.grad(y.sum(), x)[0])\nr.primal, r.tangent",
        )
        for f in (
            "Exp.apply(fa.make_dual(x, T(3)))",
            "fa.make_dual(x, T(3)).exp()",
            "fa.make_dual(x, T(3)).tanh() * x",
            "fa.make_dual(x, T(3)).clone().exp_()",
        )
    ),
]

NONE_AT_ALL = [
    vmap_of(f, "T(0, 3)")
    for f in (
        "lambda x: x.sin()",
        "lambda x: x.sum()",
        "lambda x: C(2, 3) @ x",
        "lambda x: torch.ones(2)",
        "lambda x: x.clone().mul_(2)",
        "torch.func.grad(lambda x: x.sin().sum())",
        "lambda x: (x.cumsum(0), x.sort().values, x[None].expand(2, 3).prod(0))",
        "lambda x: F.layer_norm(x, (3,))",
        "lambda x: F.max_pool1d(x[None], 2)",
    )
]
NONE_AT_ALL += [
    vmap_of("torch.linalg.inv", "T(0, 3, 3)"),
    vmap_of("torch.linalg.eigh", "C(0, 3, 3)"),
    vmap_of("torch.linalg.svdvals", "T(0, 3, 3)"),
    case("func.jacrev", "torch.func.jacrev(lambda x: x.sin())(C(0))"),
    case("func.jacfwd", "torch.func.jacfwd(lambda x: x.sin())(T(0))"),
    case("func.jacrev", "torch.func.jacrev(lambda x: x[:0])(T(3))"),
]

A, B, W = "T(2, 3, 3)", "T(2, 3, 4)", "T(2, 4, 3)"
SYMMETRIC = "(lambda a: a @ a.mT + a.new_ones(3).diag())"
PHASELESS = "(lambda v: v.abs() if v.is_complex() else v * v)"
LINALG = [
    (f"lambda a: torch.linalg.cholesky_ex({SYMMETRIC}(a))[0]", A),
    (f"lambda a: torch.linalg.eigvalsh({SYMMETRIC}(a))", A),
    (f"lambda a: {PHASELESS}(torch.linalg.eigh({SYMMETRIC}(a))[1])", A),
    ("torch.linalg.svdvals", B),
    (f"lambda a: [{PHASELESS}(t) for t in torch.linalg.svd(a, full_matrices=False)]", B),
    (f"lambda a: [{PHASELESS}(t) for t in torch.linalg.svd(a, full_matrices=False)]", W),
    ("lambda a: [t * t for t in torch.linalg.qr(a)]", A),
    ("lambda a: [t * t for t in torch.linalg.qr(a)]", B),
    ("lambda a: [t * t for t in torch.linalg.qr(a)]", W),
    ("torch.linalg.det", A),
    ("torch.linalg.slogdet", A),
    ("torch.linalg.inv", A),
    ("torch.linalg.matrix_exp", A),
    ("torch.linalg.lu", A),
    ("torch.linalg.lu", B),
    ("torch.linalg.lu", W),
    ("lambda a: torch.linalg.lu_factor(a)[0]", A),
    ("lambda a: torch.linalg.lu_solve(*torch.linalg.lu_factor(a), a)", A),
    ("lambda a: torch.linalg.lu_solve(*torch.linalg.lu_factor(a), a, adjoint=True)", A),
    ("lambda a: torch.linalg.solve(a, a * a)", A),
    ("lambda a: torch.linalg.solve(a, a[0])", A),
    ("lambda a: torch.linalg.solve_triangular(a, a * a, upper=True)", A),
    ("lambda a: torch.linalg.solve_triangular(a.tril(), a, upper=False, unitriangular=True)", A),
    ("lambda a: torch.linalg.lstsq(a, a[..., :2])[0]", W),
    ("torch.linalg.pinv", W),
    ("torch.linalg.pinv", B),
    ("torch.linalg.eigvals", "Z(2, 3, 3)"),
    ("lambda a: torch.linalg.eigvals(a).abs().sort().values", A),
    ("lambda a: [t.abs() for t in torch.linalg.eig(a)]", "Z(2, 3, 3)"),
    ("torch.linalg.inv", "Z(2, 3, 3)"),
    ("torch.linalg.slogdet", "Z(2, 3, 3)"),
    ("torch.linalg.det", "Z(2, 3, 3)"),
    ("torch.linalg.matrix_exp", "Z(2, 3, 3)"),
    ("lambda a: [t.abs() for t in torch.linalg.svd(a, full_matrices=False)]", "Z(2, 4, 3)"),
    ("lambda a: [t.abs() for t in torch.linalg.qr(a)]", "Z(2, 4, 3)"),
    ("lambda a: torch.linalg.eigh(a + a.mH)[1].abs()", "Z(2, 3, 3)"),
]
FACTORS = [
    made
    for f, a in LINALG
    for made in (
        vmap_of(f, a),
        # PyTorch's tangents of several are not differentiable by all that they depend on.
        case("func.jvp", f"torch.func.jvp({f}, ({a},), ({a},))[1]", order=0),
        case(
            "func.vmap",
            f"x = {a}\ntorch.func.vmap(lambda t: torch.func.jvp({f}, (x,), (t,))[1])(torch.stack([x, x.sin()]))",
            order=0,
        ),
    )
]
FACTORS += [
    vmap_of("lambda a, b: torch.linalg.solve(a, b)", A, B),
    case("func.vmap", f"torch.func.vmap(torch.linalg.solve, (0, None))({A}, T(3, 2))"),
    case("func.vmap", f"torch.func.vmap(torch.linalg.solve, (None, 0))(T(3, 3), {B})"),
    case(
        "func.vmap",
        "lu = torch.linalg.lu_factor(T(3, 3))\n"
        f"torch.func.vmap(lambda b: torch.linalg.lu_solve(*lu, b))({B})",
    ),
    vmap_of("lambda a: torch.lu_unpack(*torch.linalg.lu_factor(a))", A),
    vmap_of("lambda a: torch.linalg.householder_product(*torch.geqrf(a.detach()))", A),
    vmap_of("lambda a: torch.linalg.ldl_factor((a + a.mT).detach())", A),
]

LOSSES = [
    case("func.vmap", f"torch.func.vmap(lambda x, y: F.nll_loss(x, y{more}))({inputs})")
    for more in ("", ", reduction='sum'", ", ignore_index=2, reduction='none'", ", weight=C(5)")
    for inputs in ("T(2, 4, 5), I(2, 4)", "T(3, 5), I(3)", "T(2, 4, 5, 3), I(2, 4, 3)")
]
LOSSES += [
    case("func.vmap", "torch.func.vmap(F.nll_loss, (0, None))(T(2, 4, 5), I(4))"),
    case("func.vmap", "torch.func.vmap(F.nll_loss, (None, 0))(T(4, 5), I(2, 4))"),
    case("func.vmap", "torch.func.vmap(torch.func.grad(F.nll_loss))(T(2, 4, 5), I(2, 4))"),
    case(
        "func.jvp", "y = I(4)\ntorch.func.jvp(lambda x: F.nll_loss(x, y), (T(4, 5),), (T(4, 5),))"
    ),
]

MAPPED = [
    case("func.vmap func.jvp", f"torch.func.vmap(lambda *a: torch.func.jvp({f}, a, a))({inputs})")
    for f, inputs in (
        ("lambda x: torch.fft.fft(x, dim=0).abs()", "T(2, 4, 3)"),
        ("lambda x: torch.fft.rfft2(x).real", "T(2, 4, 3)"),
        ("lambda x: torch.fft.irfft(torch.complex(x, x * x))", "T(2, 4, 3)"),
        ("lambda x: torch.fft.hfft(torch.complex(x, x * x), dim=0)", "T(2, 4, 3)"),
        ("lambda x, q: F.cross_entropy(x, q.softmax(1), C(5))", "T(2, 4, 5), T(2, 4, 5)"),
        ("lambda x: F.cross_entropy(x, C(4, 5), reduction='none')", "T(2, 4, 5)"),
        ("lambda w: F.embedding(torch.tensor([[0, 2], [1, 1]]), w)", "T(2, 3, 4)"),
        ("lambda w: F.embedding(torch.tensor([0, 2]), w, padding_idx=2)", "T(2, 3, 4)"),
    )
]
MAPPED += [
    vmap_of(f, inputs, order=1)  # PyTorch has no second derivative of distances
    for f, inputs in (
        *((f"lambda x, y: torch.cdist(x, y, {p})", "T(2, 4, 3), T(2, 2, 3)") for p in (1, 2, 3)),
        ("lambda x, y: torch.cdist(x, y, float('inf'))", "T(2, 4, 3), T(2, 2, 3)"),
        ("lambda x: F.pdist(x, 3)", "T(2, 4, 3)"),
    )
]
MAPPED += [
    vmap_of(f, inputs)  # without derivatives in forward mode in PyTorch
    for f, inputs in (
        *(
            (
                f"lambda x, g: F.grid_sample(x, g, '{mode}', '{padding}', align_corners=False)",
                "T(2, 1, 3, 4, 4), U(2, 1, 3, 2, 2)",
            )
            for mode in ("bilinear", "nearest", "bicubic")
            for padding in ("zeros", "border", "reflection")
        ),
    )
]
MAPPED += [
    case(
        "func.vmap",
        f"torch.func.vmap(torch.func.grad(lambda w, i: (F.embedding(i, w{more}) ** 3).sum()), "
        f"{dims})({inputs})",
    )
    for dims, inputs in (
        ("(None, 0)", "T(5, 3), I(2, 4)"),
        ("(0, None)", "T(2, 5, 3), I(4)"),
        ("(0, 0)", "T(2, 5, 3), I(2, 4, 2)"),
    )
    for more in ("", ", padding_idx=1")
]
MAPPED += [
    # PyTorch has no second derivative of bags.
    case("func.vmap", f"torch.func.vmap({f}, {dims})({inputs})", order=order)
    for dims, inputs in (
        ("(0, None)", "T(2, 5, 3), I(2, 4)"),
        ("(None, 0)", "T(5, 3), I(2, 2, 4)"),
        ("(0, 0)", "T(2, 5, 3), I(2, 2, 4)"),
    )
    for mode in ("'sum'", "'mean'", "'max'", "'mean', padding_idx=1")
    for f, order in (
        (f"lambda w, i: F.embedding_bag(i, w, mode={mode})", 1),
        (f"lambda w, i: F.embedding_bag(i.flatten(), w, torch.tensor([0, 2]), mode={mode})", 1),
        (f"torch.func.grad(lambda w, i: (F.embedding_bag(i, w, mode={mode}) ** 3).sum())", 0),
    )
]
MAPPED += [
    case(
        "func.vmap",
        "torch.func.vmap(F.embedding, (None, 0))(torch.tensor([1, 5]), T(2, 5, 3))",
        raises=True,
    ),
]

FORWARD = [
    case(
        "autograd.functional.jacobian",
        f"torch.autograd.functional.jacobian({f}, {x}, vectorize=True, strategy='forward-mode')",
    )
    for f, x in (
        ("lambda x: x.sin()", "T(3)"),
        ("lambda x: (x.sin(), x.sum())", "T(2, 3)"),
        ("lambda x, y: (x * y.sum(), y)", "(T(3), T(2))"),
        ("lambda x, y: x.exp()", "(T(3), T(2))"),
        ("lambda x: torch.zeros(2)", "T(3)"),
        ("lambda x: (x ** 3,)", "(T(3),)"),
    )
]
FORWARD += [
    case(
        "autograd.functional.hessian",
        f"torch.autograd.functional.hessian({f}, {x}, vectorize=True, "
        "outer_jacobian_strategy='forward-mode')",
    )
    for f, x in (
        ("lambda x: (x ** 3).sum()", "T(3)"),
        ("lambda x, y: (x.sin() * y).sum()", "(T(3), T(3))"),
    )
]
FORWARD += [
    case(
        "autograd.gradcheck",
        KEPT + f"torch.autograd.gradcheck({f}, {x}, check_forward_ad=True)",
        only="float64",
    )
    for f, x in (
        ("lambda x: x.sin() * x", "(T(3),)"),
        ("lambda x, y: (x @ y, x.exp())", "(T(2, 3), T(3))"),
        ("lambda x: x.abs() ** 2", "(Z(3),)"),
        ("Exp.apply", "(T(3),)"),
    )
]
FORWARD += [
    case(
        "autograd.gradgradcheck",
        "torch.autograd.gradgradcheck(lambda x: x.sin() * x, (T(3),), check_fwd_over_rev=True)",
        only="float64",
    ),
]

CASES = [*VIEWS, *CHECKPOINTS, *FUNCTIONS, *NONE_AT_ALL, *FACTORS, *LOSSES, *MAPPED, *FORWARD]
