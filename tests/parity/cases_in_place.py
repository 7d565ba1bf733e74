"""Changes in place: what derivatives of every order and in every mode make of them, and what may be
changed."""

from harness import Case


def case(name: str, code: str, **options: object) -> Case:
    return Case(" ".join(f"torch.{n}" for n in name.split()), code, **options)


# Changes of y, beside x and z = x.sin(), of shape (3, 3), that save what they change or result in.
CHANGES = (
    "y.mul_(x)",
    "y.div_(z * z + 1)",
    "y.pow_(2)",
    "y.addcmul_(x, z)",
    "y.addcdiv_(x, z * z + 1)",
    "y.lerp_(x * x, z)",
    "y.atan2_(z * z + 1)",
    "y.xlogy_(z * z + 1)",
    "y.square_().log1p_()",
    "y.erf_()",
    "y.square_().add_(1).sqrt_()",
    "y.sin_()",
    "y.exp_()",
    "y.tanh_()",
    "y.sigmoid_()",
    "y[0].tanh_()",
    "y.t().mul_(x)",
    "y.diagonal().mul_(x.diagonal())",
    "v = y[1]; v.mul_(x[0]); v.sigmoid_()",
    "y.masked_fill_(x.detach() > 1, 2.0).mul_(x)",
)
START = "def f(x):\n    y, z = x * 1, x.sin()\n    {}\n    return (y * z).sum()\n"
WAYS = (
    ("func.hessian", "torch.func.hessian(f)(X)"),
    ("func.jvp func.grad", "torch.func.jvp(torch.func.grad(f), (X,), (V,))[1]"),
    ("func.jacrev func.jacfwd", "torch.func.jacrev(torch.func.jacfwd(f))(X)"),
    ("func.grad func.vmap", "torch.func.grad(lambda x: torch.func.vmap(f)(x).sum())(XS)"),
    ("func.vmap func.grad", "torch.func.vmap(torch.func.grad(f))(XS)"),
    (
        "func.jvp func.grad func.vmap",
        "torch.func.jvp(torch.func.grad(lambda x: torch.func.vmap(f)(x).sum()), (XS,), (XS * V,))",
    ),
    (
        "func.grad func.vmap func.jvp",
        "torch.func.grad(lambda x: torch.func.vmap(lambda x: torch.func.jvp(f, (x,), (V,))[1])"
        "(x).sum())(XS)",
    ),
)
INPUTS = "X, V = C(3, 3, low=-0.9), C(3, 3)\nXS = torch.stack([X, X * 0.5])\n"

DERIVATIVES = [
    case(way, INPUTS + START.format(change) + code, only="float64")
    for change in CHANGES
    for way, code in WAYS
]
DUAL = (
    "fa = torch.autograd.forward_ad\nx = T(3, 3)\nwith fa.dual_level():\n"
    "    y = f(fa.make_dual(x, C(3, 3)))\n"
    "    r = fa.unpack_dual(torch.autograd.grad(y, x, create_graph=True)[0])\nr.primal, r.tangent"
)
DERIVATIVES += [
    case("autograd.forward_ad.make_dual autograd.grad", START.format(change) + DUAL, order=1)
    for change in CHANGES
]
DERIVATIVES += [
    case(
        "autograd.functional.hessian",
        START.format(change) + "torch.autograd.functional.hessian(f, C(3, 3), vectorize=True, "
        "outer_jacobian_strategy='forward-mode')",
    )
    for change in ("y.mul_(x)", "y.tanh_()")
]

# Results that are not what their derivatives read.
RESULTS = [
    case(name, f"a, b = T(2, 3), U(3, low=0.5)\ny = {code}\ny.add_(1)\ny * y")
    for name, code in (
        ("div", "a / b"),
        ("div", "C(2, 3) / b"),
        ("div", "a / C(3)"),
        ("div", "b / a.exp()"),
        ("div", "1 / b"),
        ("div", "(a / U()).masked_fill_(C(2, 3) > 0.5, -9.0)"),
        ("div", "torch.div(a, b, rounding_mode='floor')"),
        ("Tensor.div_", "(a * 1).div_(b)"),
        ("Tensor.div_", "(a * 1).div_(b).div_(2)"),
        ("Tensor.div_", "(a * 1)[0].div_(b)"),
        ("nn.functional.normalize", "F.normalize(a)"),
        ("nn.functional.softsign", "F.softsign(a)"),
        ("var", "a.var(1, keepdim=True)"),
        ("var", "a.var()"),
        ("var_mean", "torch.var_mean(a, 1)[0] + torch.var_mean(b)[1]"),
        ("std_mean", "torch.std_mean(a, 1)[1] * 2"),
        ("erfinv", "torch.erfinv(b * 0.5)"),
    )
]
RESULTS += [
    case("div", "y = Z(3) / Z(3)\ny.add_(1)\ny * y"),
    case("div", "y = 2j / Z(3)\ny.add_(1)\ny * y"),
    case("Tensor.div_", "y = Z(3) * 1\ny.div_(Z(3)).add_(1)\ny * y"),
    case("std", "a = T(2, 3)\ny = a.std(1)\ny.add_(1)\ny.sum().backward()", raises=True),
    # What the second argument contributes nothing to has a gradient of zeros.
    case("copysign", "x, y = T(3), T(3)\ntorch.autograd.grad(torch.copysign(x, y).sum(), (x, y))"),
    case("copysign", "y = T(3)\ntorch.autograd.grad(torch.copysign(C(3), y).sum(), y)"),
    case(
        "copysign",
        "y = T(3)\ng = torch.tensor([float('inf'), float('nan'), 1.0], dtype=y.dtype)\n"
        "torch.autograd.grad(torch.copysign(C(3), y), y, g)",
    ),
    case("copysign func.jvp", "torch.func.jvp(torch.copysign, (T(3), T(3)), (T(3), T(3)))"),
]

# Several views that one call made.
LISTS = ("y.unbind()", "y.split(2)", "y.split([1, 3])", "y.chunk(2)", "y.split(4)", "list(y)")
VIEWS = [
    case(f"Tensor.{name}", f"y = T(4, 4) * 1\nv = {made}\n{change}", raises=True)
    for name, made in zip(("unbind", "split", "split", "chunk", "split", "unbind"), LISTS)
    for change in (
        "v[0].mul_(2).sum()",
        "v[0][:1].mul_(2).sum()",
        "v[0][0] = 2.0\ny.sum()",
        "y.mul_(2)\nv[0].sum().backward()",
    )
]
VIEWS += [
    case("Tensor.unbind", f"y = C(4, 4)\nv = {made}\n{change}", raises=raises)
    for made in LISTS
    for change, raises in (
        ("v[0].mul_(2)\ny, v", False),
        ("v[0].mul_(T())", True),
        ("y.mul_(T(4, 4))\nv[0].sum().backward()", True),
    )
]
# A view that was made without recording cannot follow a recorded change.
VIEWS += [
    case(
        "no_grad",
        f"z = C(4, 4)\nwith torch.no_grad():\n    v = {made}\nv.mul_(T())",
        raises=True,
    )
    for made in ("z[0]", "z.t()", "z.view(2, 8)[0]")
]
VIEWS += [
    case("Tensor.unbind", f"y = T(4, 4) * 1\nv = {made}\nv[0].detach().mul_(2)\ny")
    for made in LISTS
]
VIEWS += [
    case(name, f"y = T(4, 6) * 1\nv = {made}\nv[0].mul_(2)\nv[1].mul_(v[0].sum())\ny, v")
    for name, made in (
        ("tensor_split", "y.tensor_split(3)"),
        ("tensor_split", "y.tensor_split(4, 1)"),
        ("tensor_split", "y.tensor_split((1, 3), -1)"),
        ("hsplit", "y.hsplit(2)"),
        ("vsplit", "y.vsplit([1])"),
    )
]
VIEWS += [
    case(name, f"y = T(4, 6) * 1\nv = {made}\nv[0].mul_(2)\nv[1].mul_(v[0].sum())\nv")
    for name, made in (
        ("unsafe_split", "torch.unsafe_split(y, 3, 1)"),
        ("unsafe_chunk", "torch.unsafe_chunk(y, 2)"),
        ("unsafe_split_with_sizes", "torch.unsafe_split_with_sizes(y, [1, 2, 1])"),
    )
]
VIEWS += [
    case(
        "Tensor.split",
        "y = T(4, 4) * 1\nv = y.split(2)\nwith torch.no_grad():\n    v[0].mul_(2)\ny",
    ),
]

# Functions are differentiated in inference mode too, with what was made in it.
INFERENCE = [
    case(
        f"{name} inference_mode",
        "with torch.inference_mode():\n    x, w = C(3) + 0, C(3) + 0\n"
        f"    r = {code}\n[t + 0 for t in r] if isinstance(r, tuple) else r + 0",
    )
    for name, code in (
        ("func.grad", "torch.func.grad(lambda x: (x * x).sum())(x)"),
        ("func.grad", "torch.func.grad(lambda x: ((x * w) * (w * x)).sin().sum())(x)"),
        ("func.grad", "torch.func.grad(lambda x: x.clone().mul_(x).sum())(x)"),
        ("func.grad", "torch.func.grad(lambda x: torch.func.vmap(lambda y: y * y)(x).sum())(x)"),
        (
            "func.grad",
            "torch.func.grad(lambda x: torch.func.grad(lambda y: (y ** 3).sum())(x).sum())(x)",
        ),
        ("func.grad_and_value", "torch.func.grad_and_value(lambda x: (x * w).sum())(x)"),
        ("func.vmap", "torch.func.vmap(torch.func.grad(lambda x: (x * x).sum()))(x)"),
        ("func.vjp", "torch.func.vjp(lambda x: x * x * w, x)[1](w)"),
        ("func.jacrev", "torch.func.jacrev(lambda x: x * x * w)(x)"),
        ("func.jacfwd", "torch.func.jacfwd(lambda x: x * x * w)(x)"),
        ("func.hessian", "torch.func.hessian(lambda x: (x * x * x * w).sum())(x)"),
    )
]
INFERENCE += [
    case(
        "func.grad inference_mode",
        "with torch.inference_mode():\n    x, w = C(3) + 0, C(3) + 0\n"
        "torch.func.grad(lambda x: (x * x * w).sum())(x)",
    ),
    case(
        "autograd.grad inference_mode",
        "with torch.inference_mode():\n    w = C(3) + 0\nx = T(3)\n"
        "torch.autograd.grad((x * w).sum(), x)",
        raises=True,
    ),
]

HISTC = "lambda x: torch.histc(x, 4, 0, 1)"
MAPPED = [
    case("func.vmap histc", f"torch.func.vmap({code}")
    for code in (
        "lambda x: torch.histc(x, 4))(C(2, 3))",
        f"{HISTC})(C(2, 3, low=-0.5))",
        f"{HISTC}, out_dims=1)(C(2, 3))",
        f"{HISTC}, in_dims=1)(C(2, 3))",
        "lambda x: torch.histc(x.sum(), 3, 0, 2))(C(2, 3))",
        f"torch.func.vmap({HISTC}))(C(2, 3, 4))",
        f"torch.func.grad(lambda x: ({HISTC})(x).sum()))(C(2, 3))",
    )
]
MAPPED += [
    case("func.vmap histc", "torch.func.vmap(lambda x: torch.histc(x, 0))(C(2, 3))", raises=True),
]

INPUTS_OF_GRAD = [
    case("autograd.grad", f"x = T(3)\ntorch.autograd.grad(x.sum(), {given})", raises=True)
    for given in ("[x, 3]", "[x, None]", "'ab'", "3", "[x, [x]]")
]
INPUTS_OF_GRAD += [
    case("autograd.grad", "x = T(3)\ntorch.autograd.grad((x * x).sum(), (i for i in [x]))"),
    case(
        "autograd.backward",
        "x = T(3)\ntorch.autograd.backward(x.sum(), inputs=[x, 3])",
        raises=True,
    ),
    case("Tensor.backward", "x = T(3)\nx.sum().backward(inputs=3)", raises=True),
]

# Tangents of another dtype than the primal's.
TANGENTS = [
    case("func.jvp", f"torch.func.jvp({f}, (C(3).double(),), (C(3).float(),))")
    for f in ("lambda x: x * 2", "lambda x: x.sin()", "lambda x: x * x + x.detach()")
]
TANGENTS += [
    case(
        "autograd.forward_ad.make_dual",
        "fa = torch.autograd.forward_ad\nwith fa.dual_level():\n"
        f"    d = fa.make_dual({primal}, {tangent})\n    r = fa.unpack_dual(d * 2).tangent\nr",
        **options,
    )
    for primal, tangent, options in (
        ("C(3).double()", "C(3).float()", {}),
        ("C(3).float()", "C(3).half()", {}),
        ("Z(3).detach()", "C(3)", {}),
        ("T(3)", "I(3)", {"raises": True}),
        ("T(3)", "C(2)", {"raises": True}),
    )
]

CASES = [
    *DERIVATIVES,
    *RESULTS,
    *VIEWS,
    *INFERENCE,
    *MAPPED,
    *INPUTS_OF_GRAD,
    *TANGENTS,
]
