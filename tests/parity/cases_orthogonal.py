"""Orthogonal parametrizations, views of other dtypes, shapes changed in place."""

from harness import Case


def cases(names: str, *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


NAME = "torch.nn.utils.parametrizations.orthogonal"
# A parametrized layer whose weight has a given value, so that nothing random is left.
MADE = """
m = nn.Linear({k}, {n}, bias=False).to(float_dtype)
with torch.no_grad():
    m.weight.copy_(C({n}, {k}))
m = nn.utils.parametrizations.orthogonal(m{options})
"""
MOVED = """
p = m.parametrizations.weight.original
with torch.no_grad():
    p.add_(C(*p.shape))
p.requires_grad_(False)
"""


def made(n: int, k: int, options: str) -> str:
    return MADE.format(n=n, k=k, options=options)


ORTHOGONAL = [
    *[
        Case(NAME, made(3, 3, f", orthogonal_map='{kind}'") + MOVED + code)
        for kind in ("matrix_exp", "cayley", "householder")
        for code in ("m.weight", "m.parametrizations.weight[0].base", "list(m.state_dict())")
    ],
    *[
        Case(
            NAME,
            made(n, k, f", orthogonal_map='{kind}'")
            + MOVED
            + "w = m.weight\nw = w if w.shape[0] >= w.shape[1] else w.mT\n[w.mT @ w, w.shape]",
        )
        for kind in ("matrix_exp", "cayley", "householder")
        for n, k in ((4, 2), (2, 4), (3, 3))
    ],
    # The value right after registration does not depend on the random completion.
    *[Case(NAME, made(n, k, "") + "m.weight") for n, k in ((4, 2), (2, 4), (3, 3))],
    *[
        Case(
            NAME,
            made(n, k, ", 'weight', 'householder', use_trivialization=False")
            + MOVED
            + "[m.weight, list(m.state_dict())]",
        )
        for n, k in ((4, 2), (2, 4), (3, 3))
    ],
    *[
        Case(
            NAME,
            made(3, 3, f", orthogonal_map='{kind}', use_trivialization=False") + "m.weight",
        )
        for kind in ("matrix_exp", "cayley")
    ],
    *[
        Case(
            NAME,
            f"p = nn.utils.parametrizations.orthogonal(nn.Linear({n}, {k}), orthogonal_map='{kind}', "
            f"use_trivialization={base}).parametrizations.weight[0]\n"
            + (f"p.base = torch.eye({max(n, k)}, dtype=float_dtype)\n" if base else "")
            + f"p(T({k}, {n}))",
        )
        for kind in ("matrix_exp", "cayley")
        for n, k in ((3, 3), (2, 4), (4, 2))
        for base in (True, False)
    ],
    *cases(
        NAME,
        "p = nn.utils.parametrizations.orthogonal(nn.Linear(2, 3), use_trivialization=False, orthogonal_map='householder').parametrizations.weight[0]\np(T(3, 2) * 3)",
        "repr(nn.utils.parametrizations.orthogonal(nn.Linear(3, 4))).replace('wengert', 'torch')",
        "m = nn.utils.parametrizations.orthogonal(nn.Linear(3, 3).to(float_dtype))\nm.weight = torch.eye(3, dtype=float_dtype)\nm.weight",
        "m = nn.utils.parametrizations.orthogonal(nn.Linear(3, 3).to(float_dtype))\nm.weight = C(3, 3)\nm.weight",
        "nn.utils.parametrize.is_parametrized(nn.utils.parametrizations.orthogonal(nn.LSTM(3, 4), 'weight_hh_l0'))",
    ),
    *cases(
        NAME,
        "nn.utils.parametrizations.orthogonal(nn.Linear(3, 4), orthogonal_map='x')",
        "nn.utils.parametrizations.orthogonal(nn.Linear(3, 4), name='x')",
        "nn.utils.parametrizations.orthogonal(nn.Linear(3, 4), name='bias')",
        "m = nn.utils.parametrizations.orthogonal(nn.Linear(3, 4))\nm.weight = torch.ones(4, 4)\n0",
        "m = nn.utils.parametrizations.orthogonal(nn.Linear(3, 3), use_trivialization=False, orthogonal_map='cayley')\nm.weight = torch.eye(3)\n0",
        "m = nn.Module()\nm.w = nn.Parameter(torch.ones(3, 3, dtype=torch.complex64))\nnn.utils.parametrizations.orthogonal(m, 'w', 'householder')",
        raises=True,
    ),
    *cases(
        "torch.nn.init.orthogonal_",
        "w = nn.init.orthogonal_(torch.empty(3, 5, dtype=float_dtype), gain=2)\nw @ w.t()",
        "w = nn.init.orthogonal_(torch.empty(5, 3, dtype=float_dtype))\nw.t() @ w",
        "w = nn.init.orthogonal_(torch.empty(4, 2, 2, dtype=float_dtype)).flatten(1)\nw @ w.t()",
        "nn.init.orthogonal_(torch.empty(0, 3)).shape",
    ),
]

VIEW = [
    *cases(
        "Tensor.view",
        "C(4).double().view(torch.int64)",
        "C(2, 4).float().contiguous().view(torch.int32)",
        "C(2, 4).float().contiguous().view(torch.float64).shape",
        "C(2, 4).float().contiguous().view(torch.uint8)",
        "I(2, 3).contiguous().view(torch.int16)",
        "I(3, 4).contiguous().view(dtype=torch.int32)[:, ::2]",
        "C(2, 4).contiguous().view(torch.complex64 if float_dtype == torch.float32 else torch.complex128)",
        "torch.view_as_real(Z(2, 3).detach()).flatten(1).contiguous().view(Z(1).dtype)",
        "torch.ones(3, 4)[:, 2:].view(torch.float64).shape",
        "torch.ones(3, 4).t().view(torch.int32).stride()",
        "torch.tensor(1.5, dtype=torch.float64).view(torch.int64)",
        "torch.ones(0, 4).view(torch.float64).shape",
        "torch.ones(4).view(torch.bool).shape",
        "T(2, 4).contiguous().view(size=(4, 2))",
        "T(2, 4).exp().view(torch.int32 if float_dtype == torch.float32 else torch.int64).requires_grad",
        "a = torch.ones(3)\na.view(torch.int32).zero_()\na",
        "torch.ones(2, 3).half().view(torch.int16)",
        "torch.ones(2).bfloat16().view(torch.int16)",
    ),
    *cases(
        "Tensor.view",
        "torch.ones(3).view(torch.float64)",
        "torch.tensor(1.0).view(torch.float64)",
        "torch.ones(3, 4).t().view(torch.int16)",
        "torch.ones(3, 4)[:, 1:3].view(torch.float64)",
        "torch.ones(3, 5)[:, :2].view(torch.float64)",
        "torch.ones(4).view(torch.int32, 2)",
        "torch.ones(4).view(3)",
        raises=True,
    ),
]

IN_PLACE = [
    *cases(
        "Tensor.unsqueeze_ Tensor.squeeze_ Tensor.transpose_ Tensor.t_ Tensor.swapdims_ Tensor.swapaxes_ Tensor.as_strided_",
        "y = T(2, 3) * 2\ny.unsqueeze_(0)\n[y * T(1, 2, 3), y.shape]",
        "y = T(2, 3) * 2\ny.t_()\ny * T(3, 2)",
        "y = T(2, 1, 3) * 2\ny.squeeze_(1).mul_(3)\ny",
        "y = T(2, 1, 3) * 2\ny.squeeze_()\ny * T(2, 3)",
        "y = T(2, 3, 4) * 2\ny.transpose_(0, 2).add_(T(4, 3, 2))\ny",
        "y = T(2, 3, 4) * 2\ny.swapdims_(0, 1)\ny.swapaxes_(1, 2)\ny * T(3, 4, 2)",
        "y = (T(2, 3) * 2).contiguous()\ny.as_strided_((2, 2), (1, 2), 1)\ny",
        # The view and its base change together.
        "y = T(2, 3) * 2\nz = y[0]\nz.unsqueeze_(0)\nz.mul_(3)\n[y, z]",
        "y = T(2, 3) * 2\nz = y[0]\ny.t_()\nz.mul_(3)\n[y, z]",
        "y = T(2, 3) * 2\nz = y.t()\nz.t_()\ny.mul_(T(2, 3))\n[y, z]",
        "y = C(2, 3)\nz = y[0]\nz.unsqueeze_(0).zero_()\ny",
        "x = T(2, 3)\ny = x * 2\nl = [y]\ny.unsqueeze_(-1)\nl[0] is y, y.grad_fn is not None, y.is_leaf",
        "y = C(2, 3).clone()\nwith torch.no_grad():\n    y.requires_grad_().unsqueeze_(0)\n[y.shape, y.requires_grad, y.is_leaf]",
    ),
    *cases(
        "Tensor.unsqueeze_ Tensor.t_ Tensor.squeeze_",
        "T(2, 3).unsqueeze_(0)",
        "T(2, 3)[0].unsqueeze_(0)",
        "T(2, 3).t_()",
        "(T(2, 3) * 2).unsqueeze_(5)",
        "(T(2, 3, 4) * 2).t_()",
        raises=True,
    ),
]

CASES = [*ORTHOGONAL, *VIEW, *IN_PLACE]
