"""Layers that take sizes from their first input, before and after it."""

from harness import Case

LAZY = "torch.nn.modules.lazy.LazyModuleMixin"
# Names by kind, before and after: what the library calls its modules' places is left out.
AFTER = """m = {module}
before = [type(m).__name__, repr(m), m.has_uninitialized_params(), list(m.state_dict()),
          [type(p).__name__ for p in m.parameters()], [type(b).__name__ for b in m.buffers()]]
m = m.to(float_dtype)
m({x})
fill(m)
before, type(m).__name__, hasattr(m, "initialize_parameters"), m({x})"""


def lazy(name: str, arguments: str, x: str, **options: object) -> Case:
    code = AFTER.format(module=f"nn.{name}({arguments})", x=x)
    return Case(f"torch.nn.{name}", code, **options)


CASES = [
    lazy("LazyLinear", "3", "T(2, 4)"),
    lazy("LazyLinear", "out_features=3, bias=False", "T(4)"),
]
for n in (1, 2, 3):
    shape = (2, 3, 5, 6, 7)[: n + 2]
    CASES += [
        lazy(f"LazyConv{n}d", "4, 2", f"T{shape}"),
        lazy(f"LazyConv{n}d", "6, 3, 2, 1, 1, 3, False", f"T{shape}"),
        lazy(
            f"LazyConv{n}d", "4, kernel_size=2, padding_mode='circular', padding=1", f"T{shape[1:]}"
        ),
        lazy(f"LazyConvTranspose{n}d", "4, 2", f"T{shape}"),
        lazy(f"LazyConvTranspose{n}d", "6, 3, 2, 1, 1, 3, False, 1", f"T{shape[1:]}"),
        lazy(f"LazyBatchNorm{n}d", "", f"T{shape}"),
        lazy(f"LazyBatchNorm{n}d", "0.1, None, True, True, bias=False", f"T{shape}"),
        lazy(f"LazyBatchNorm{n}d", "affine=False, track_running_stats=False", f"T{shape}"),
        lazy(f"LazyInstanceNorm{n}d", "", f"T{shape}"),
        lazy(f"LazyInstanceNorm{n}d", "0.1, affine=False, track_running_stats=True", f"T{shape}"),
        lazy(f"LazyInstanceNorm{n}d", "affine=True, bias=False", f"T{shape}"),
        Case(f"torch.nn.LazyConv{n}d", f"nn.LazyConv{n}d(4, 2)(T(3))", raises=True),
        Case(f"torch.nn.LazyConv{n}d", f"nn.LazyConv{n}d(4, 2, groups=2)(T{shape})", raises=True),
        Case(f"torch.nn.LazyBatchNorm{n}d", f"nn.LazyBatchNorm{n}d()(T(3))", raises=True),
        Case(
            f"torch.nn.LazyBatchNorm{n}d",
            f"nn.LazyBatchNorm{n}d()(T(2, 3, 2, 2, 2, 2))",
            raises=True,
        ),
    ]
CASES += [
    Case("torch.nn.LazyLinear", "nn.LazyLinear(3)(torch.ones(()))", raises=True),
    Case(LAZY + " torch.nn.LazyLinear", "m = nn.LazyLinear(3).to(torch.float64)\nm.weight.dtype"),
    Case(LAZY, "m = nn.LazyLinear(3).half().float().double()\nm.bias.dtype"),
    Case(LAZY, "m = nn.LazyLinear(3, dtype=torch.float64)\nm(T(2, 4).double()).dtype"),
    Case(
        LAZY,
        """m = nn.LazyLinear(3).to(float_dtype)
keys = m.load_state_dict({k: v.to(float_dtype) for k, v in nn.Linear(4, 3).state_dict().items()})
names = [type(m).__name__, list(m.weight.shape), m.in_features]
m(C(2, 4))
names, type(m).__name__, m.in_features, list(keys)""",
    ),
    Case(
        LAZY,
        "m = nn.LazyLinear(3)\nm.load_state_dict(nn.Linear(4, 3).state_dict())\nm(torch.ones(2, 5))",
        raises=True,
    ),
    Case(LAZY, "nn.Linear(4, 3).load_state_dict(nn.LazyLinear(3).state_dict())", raises=True),
    Case(LAZY, "nn.LazyLinear(3).load_state_dict({})", raises=True),
    Case(
        LAZY,
        """m = nn.LazyBatchNorm1d()
m.load_state_dict(nn.LazyBatchNorm1d().state_dict())
m.has_uninitialized_params(), [type(b).__name__ for b in m.buffers()]""",
    ),
    Case(
        LAZY,
        """m = nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(2))
before = repr(m).replace("\\n", " ")
m(torch.ones(2, 5))
m = fill(m)
before, m(T(2, 5))""",
    ),
    Case(
        LAZY,
        """class L(nn.modules.lazy.LazyModuleMixin, nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.UninitializedParameter()
        self.calls = 0
    def initialize_parameters(self, x, power=1):
        self.calls += 1
        self.scale.materialize((x.shape[-1],))
        nn.init.constant_(self.scale, power)
    def forward(self, x, power=1):
        return x * self.scale
m = L()
m(torch.ones(2, 3), power=2), m(torch.ones(2, 3)), m.calls, type(m).__name__, repr(m)""",
        order=0,
    ),
    Case(
        LAZY,
        """class L(nn.modules.lazy.LazyModuleMixin, nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.UninitializedParameter()
    def initialize_parameters(self, x):
        pass
L()(torch.ones(2))""",
        raises=True,
    ),
    Case(
        LAZY,
        """class L(nn.modules.lazy.LazyModuleMixin, nn.Module):
    pass
L()(torch.ones(2))""",
        raises=True,
    ),
    Case(
        "torch.nn.parameter.UninitializedParameter",
        "p = nn.UninitializedParameter(dtype=torch.float64)\n"
        "p.dtype, p.requires_grad, p.is_leaf, p.grad, repr(p), p.is_floating_point(), list(p.size())",
    ),
    Case(
        "torch.nn.parameter.UninitializedParameter",
        "p = nn.UninitializedParameter(requires_grad=False)\np.materialize((2, 3))\n"
        "type(p).__name__, list(p.shape), p.requires_grad, p.dtype",
    ),
    Case(
        "torch.nn.parameter.UninitializedParameter",
        "p = nn.UninitializedParameter()\np.materialize([2], dtype=torch.float64)\np.dtype, p.requires_grad",
    ),
    Case(
        "torch.nn.parameter.UninitializedBuffer",
        "b = nn.UninitializedBuffer()\nbefore = repr(b), b.requires_grad, b.dtype\n"
        "b.materialize((2, 3))\nbefore, list(b.shape), b.requires_grad, isinstance(b, torch.Tensor)",
    ),
]
for use in (
    "p + 1",
    "torch.add(p, 1)",
    "p.detach()",
    "len(p)",
    "p.clone()",
    "p.numel()",
    "p[0]",
    "p.shape",
    "p == p",
    "nn.init.ones_(p)",
    "p.sum()",
    "F.linear(T(2, 3), p)",
    "bool(p)",
    "p.backward()",
    "p.item()",
    "torch.cat([p, p])",
    "p.share_memory_()",
):
    CASES.append(
        Case(
            "torch.nn.parameter.UninitializedParameter",
            f"p = nn.UninitializedParameter()\n{use}",
            raises=True,
        )
    )
