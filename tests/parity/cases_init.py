"""nn.init: what does not depend on random numbers."""

from harness import Case

CASES: list[Case] = []


def add(names: str, *codes: str, **options: object) -> None:
    CASES.extend(Case(names, code, **options) for code in codes)  # type: ignore[arg-type]


def bad(names: str, *codes: str) -> None:
    add(names, *codes, raises=True)


for name in (
    *[
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
    ],
    *["sigmoid", "tanh", "relu", "leaky_relu", "selu"],
):
    add("torch.nn.init.calculate_gain", f"nn.init.calculate_gain('{name}')")
add(
    "torch.nn.init.calculate_gain torch.nn.init.constant_ torch.nn.init.eye_ torch.nn.init.dirac_",
    "nn.init.calculate_gain('leaky_relu', 0.2)",
    "nn.init.calculate_gain(nonlinearity='leaky_relu', param=1)",
    "[nn.init.constant_(torch.empty(2, 3), 0.3), nn.init.constant_(torch.empty(0), 1.0)]",
    "[nn.init.ones_(torch.empty(2, 3)), nn.init.zeros_(torch.empty(3))]",
    "[nn.init.constant_(torch.empty(3).long(), 2), nn.init.eye_(torch.empty(3, 2).long())]",
    "x = torch.empty(2, 2); [nn.init.ones_(x) is x, nn.init.eye_(x) is x]",
    "p = nn.Parameter(torch.empty(2, 3)); [nn.init.ones_(p).requires_grad, p.grad_fn, p.detach()]",
    "[nn.init.eye_(torch.empty(3, 2)), nn.init.eye_(torch.empty(2, 3)), nn.init.eye_(torch.empty(0, 2))]",
    "nn.init.dirac_(torch.empty(3, 3, 3))",
    "nn.init.dirac_(torch.empty(4, 2, 3, 2))",
    "nn.init.dirac_(torch.empty(4, 2, 3, 3), groups=2)",
    "nn.init.dirac_(torch.empty(2, 4, 1, 2, 3))",
    "nn.init.dirac_(torch.empty(6, 2, 4), 3)",
    "[nn.init.constant(torch.empty(2), 1.5), nn.init.eye(torch.empty(2, 2)), "
    "nn.init.dirac(torch.empty(2, 2, 3))]",
    "nn.init.sparse_(torch.empty(3, 2), 1.0)",
    "nn.init.orthogonal_(torch.empty(0, 3))",
    "[list(nn.init.kaiming_uniform_(torch.empty(0, 3)).shape), "
    "list(nn.init.kaiming_normal_(torch.empty(3, 0)).shape)]",
    "[nn.init._calculate_fan_in_and_fan_out(torch.empty(*s)) for s in ((2, 3), (2, 3, 4), (2, 3, 4, 5))]",
)
for name, arguments in {
    "uniform": ", 2.0, 2.0",
    "normal": ", 1.5, 0.0",
    "xavier_uniform": ", gain=0.0",
    "xavier_normal": ", gain=0.0",
    "orthogonal": ", gain=0.0",
}.items():
    add(
        f"torch.nn.init.{name}_",
        f"nn.init.{name}_(torch.empty(3, 4){arguments})",
        f"nn.init.{name}(torch.empty(3, 4){arguments})",
    )
bad(
    "torch.nn.init.calculate_gain torch.nn.init.orthogonal_ torch.nn.init.sparse_",
    "nn.init.calculate_gain('other')",
    "nn.init.calculate_gain('leaky_relu', True)",
    "nn.init.calculate_gain('leaky_relu', 'x')",
    "nn.init.orthogonal_(torch.empty(3))",
    "nn.init.sparse_(torch.empty(3), 0.1)",
    "nn.init.eye_(torch.empty(3))",
    "nn.init.dirac_(torch.empty(3, 3))",
    "nn.init.dirac_(torch.empty(3, 3, 3), 2)",
    "nn.init.xavier_uniform_(torch.empty(3))",
    "nn.init.xavier_normal_(torch.empty(3))",
    "nn.init.kaiming_uniform_(torch.empty(3))",
    "nn.init.kaiming_normal_(torch.empty(3, 3), mode='other')",
    "nn.init.kaiming_uniform_(torch.empty(3, 3), nonlinearity='other')",
    "nn.init.uniform_(torch.empty(3), 2.0, 1.0)",
    "nn.init.normal_(torch.empty(3), 0.0, -1.0)",
    "nn.init.trunc_normal_(torch.empty(3), 0.0, 1.0, 3.0, 2.0)",
    "nn.init.trunc_normal_(torch.empty(3), 0.0, 0.0)",
    "nn.init.uniform_(torch.empty(3).long())",
)
