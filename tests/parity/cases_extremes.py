"""Infinities, NaN and the edges of domains: gradients that stop, and values at poles."""

from harness import Case

NAN, INF = float("nan"), float("inf")
NUMBERS = "[-2.0, -0.5, -0.0, 0.0, 0.3, 1.0, 4.0, 7.0, -4.0, 0.1, -0.1, 0.25]"


def stopped(call: str, incoming: float) -> str:
    """The gradients of a call of x and y where each result's gradient is infinite or NaN."""
    return f"""
    x = torch.tensor({NUMBERS}, dtype=float_dtype, requires_grad=True)
    y = torch.tensor({NUMBERS}, dtype=float_dtype).flip(0).requires_grad_()
    z = {call}
    g = torch.autograd.grad(z, [x, y], torch.full_like(z, float("{incoming}")), allow_unused=True)
    [0.0 if a is None else a + 0 for a in g]
    """


BLOCKING = {
    "torch.relu torch.nn.functional.relu": ["torch.relu(x)", "F.relu(x)"],
    "torch.floor": ["torch.floor(x)"],
    "torch.ceil": ["torch.ceil(x)"],
    "torch.round": ["torch.round(x)"],
    "torch.trunc": ["torch.trunc(x)"],
    "torch.sign": ["torch.sign(x)"],
    "torch.sinc": ["torch.sinc(x)"],
    "torch.maximum": ["torch.maximum(x, y)", "torch.maximum(x, x.detach() + y.sign())"],
    "torch.minimum": ["torch.minimum(x, y)"],
    "torch.fmax": ["torch.fmax(x, y)"],
    "torch.fmin": ["torch.fmin(x, y)"],
    "torch.div": ["torch.div(x, y.sign() + 3, rounding_mode='trunc')"],
    "torch.nn.functional.softshrink": ["F.softshrink(x)"],
    "torch.nn.functional.margin_ranking_loss": [
        "F.margin_ranking_loss(x, y, torch.ones(12), 0.25, reduction='none')"
    ],
}

CASES = [
    *[
        Case(names, stopped(call, incoming), order=0)
        for names, calls in BLOCKING.items()
        for call in calls
        for incoming in (INF, NAN)
    ],
    # A root behind a relu has an infinite derivative at 0, which must not come through.
    Case(
        "torch.relu torch.sqrt",
        """
        x = torch.tensor([-1.0, 0.0, 4.0], dtype=float_dtype, requires_grad=True)
        first = torch.autograd.grad(torch.relu(x).sqrt().sum(), x, create_graph=True)
        first[0].detach(), torch.autograd.grad(first[0][2], x)[0]
        """,
        order=0,
    ),
    *[
        Case(
            f"torch.nn.functional.{name}",
            f"""
            x = torch.full((9,), {value}, dtype=torch.float64, requires_grad=True)
            y = F.{name}(x)
            y.detach(), torch.autograd.grad(y.sum(), x)[0]
            """,
            order=0,
            only="float64",
        )
        for name in ("softplus", "logsigmoid", "silu", "mish", "gelu")
        for value in ("float('nan')", "1000.0", "0.0")
    ],
    Case(
        "torch.digamma torch.polygamma",
        """
        x = torch.tensor([-1e-30, -1e-16, -1e-10, -1e-5, -1 + 1e-10, -0.5, -3.25, -0.0, 0.0, 1e-30,
                          float("inf"), float("nan"), -1.0, -float("inf")], dtype=torch.float64)
        # PyTorch loses digits next to -1, whichever side of the pole is asked for.
        torch.digamma(x)[[0, 1, 3, *range(5, 14)]], torch.polygamma(1, x)[[0, 1, 2, 3, *range(5, 12)]]
        """,
        only="float64",
    ),
    Case(
        "torch.special.xlog1py",
        """
        a = torch.tensor([0.0, -0.0, 0.0, 0.0, 1.0, 0.0], dtype=float_dtype)
        b = torch.tensor([-2.0, -3.0, -1.0, float("nan"), -2.0, float("inf")], dtype=float_dtype)
        torch.special.xlog1py(a, b)
        """,
    ),
    Case("torch.nn.functional.pad", "F.pad(T(1, 2, 3), (-1, 2), mode='circular')"),
    Case("torch.nn.functional.pad", "F.pad(T(1, 2, 5), (2, -2), mode='circular')"),
    Case("torch.nn.functional.pad", "F.pad(T(1, 5, 4), (-1, -2, 1, -1), mode='circular')"),
    Case("torch.nn.functional.prelu", "F.prelu(T(2, 3), 0.5)", raises=True),
    Case("torch.nn.functional.rrelu", "F.rrelu(T(2, 3), float('nan'), 0.1, True)", raises=True),
    Case("torch.nn.functional.group_norm", "F.group_norm(T(1, 6), 6)", raises=True),
    Case("torch.nn.functional.group_norm", "F.group_norm(T(2, 6), 6)", order=0),
    Case("torch.nn.functional.batch_norm", "F.batch_norm(T(2, 3), T(3), None)", raises=True),
    Case(
        "torch.nn.functional.batch_norm",
        "F.batch_norm(T(2, 3), T(3).detach(), None, training=True)",
        raises=True,
    ),
    Case(
        "torch.nn.functional.batch_norm",
        "F.batch_norm(T(2, 3), C(3), C(3), eps=-1.0)",
        raises=True,
    ),
    # Infinite inputs, and infinite gradients that meet derivatives that are not 0.
    *(
        Case(
            f"torch.nn.functional.{name}",
            f"""
            x = torch.tensor({values}, dtype=float_dtype, requires_grad=True)
            y = F.{name}(x)
            [y, *(torch.autograd.grad(y, x, torch.full_like(y, g), retain_graph=True)[0]
                  for g in (1.0, 0.0, float("inf"), float("-inf"), float("nan")))]
            """,
            order=0,
        )
        for name, values in [
            (name, [-30.0, -5.0, -3.0, -1.0, -0.5, 0.0, 1.0, 3.0, 5.0, 60.0])
            for name in ("silu", "mish", "hardswish")
        ]
    ),
    *(
        Case(
            f"torch.nn.functional.{name}",
            f"""
            x = torch.tensor([-1e30, -1e20, 1e20, 1e30], dtype=float_dtype)
            x = torch.cat([x, torch.tensor([float(s) for s in ("inf", "-inf", "nan")],
                           dtype=float_dtype)]).requires_grad_()
            y = F.{name}(x)
            [torch.isfinite(y), torch.autograd.grad(y.sum(), x)[0] + 0]
            """,
            order=0,
        )
        for name in ("silu", "mish", "hardswish")
    ),
    *(
        Case(f"torch.nn.functional.{name}", f"F.{name}(torch.tensor([1, 2]))", raises=True)
        for name in ("silu", "mish", "hardswish")
    ),
    *(
        Case(f"torch.nn.functional.{name}", f"F.{name}(Z(2))", raises=True)
        for name in ("mish", "hardswish")
    ),
    *(
        Case(
            "torch.logit Tensor.logit torch.special.logit",
            f"""
            x = torch.tensor([0.0, 1.0, -1.0, 2.0, 0.5, 0.1, 0.9, 0.05, 0.95, 1e-30, float("inf"),
                              float("-inf"), float("nan")], dtype=float_dtype, requires_grad=True)
            y = torch.logit(x, {eps})
            [y, *(torch.autograd.grad(y, x, torch.full_like(y, g), retain_graph=True)[0]
                  for g in (1.0, 0.0, float("inf"), float("-inf"), float("nan")))]
            """,
            order=0,
        )
        for eps in (None, 0.0, 0.1, 0.6, -0.5)
    ),
    Case("torch.logit", "[torch.logit(U(3, 2)), torch.logit(U(3, low=-1.0, high=2.0), 0.25)]"),
    Case("torch.logit", "torch.logit(U(3, 2).to(low), 0.25)", low="float16"),
    Case("torch.logit", "[torch.logit(M(4)), torch.logit(I(4), 0.1), torch.logit(M(4), 0.6)]"),
    Case("torch.logit", "torch.logit(Z(2))", raises=True),
    Case("torch.logit", "x = U(3).detach(); y = x.logit_(0.2); [x, y is x]"),
    Case(
        "torch.square Tensor.square",
        "b = M(4); [torch.square(b), b.square(), torch.square(b, out=torch.zeros(4)), "
        "torch.square(I(3)), torch.square(I(3).to(torch.uint8))]",
    ),
    Case("Tensor.square_", "M(4).square_()", raises=True),
    Case("torch.square", "torch.square(M(4), out=torch.zeros(4, dtype=torch.bool))", raises=True),
]
