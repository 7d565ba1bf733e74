"""Normalisation: functions, layers and their running statistics."""

from harness import Case

BATCH = {1: (4, 3, 5), 2: (2, 3, 4, 5), 3: (2, 3, 2, 3, 4)}
# A layer in training and evaluation: results, then the state that training left.
RUN = """x = {x}
a = m(x)
b = m(x * 2 + 1)
m.eval()
a, b, m(x), dict(m.state_dict())"""


def run(module: str, x: str) -> str:
    return f"m = fill({module})\n" + RUN.format(x=x)


CASES = []
for n, shape in BATCH.items():
    x = f"T{shape}"
    name = f"torch.nn.BatchNorm{n}d"
    for arguments in (
        "3",
        "3, 0.1, 0.3",
        "num_features=3, eps=1e-2, momentum=None",
        "3, affine=False",
        "3, bias=False",
        "3, track_running_stats=False",
        "3, affine=False, track_running_stats=False",
    ):
        CASES.append(Case(name, run(f"nn.BatchNorm{n}d({arguments})", x)))
    CASES += [
        Case(name, f"nn.BatchNorm{n}d(3)(T{(*shape, 2, 2, 2)})", raises=True),
        Case(name, f"nn.BatchNorm{n}d(4)({x})", raises=True),
        Case(name, f"nn.BatchNorm{n}d(3)(T{(1, 3) + (1,) * n})", raises=True),
        Case(name, f"fill(nn.BatchNorm{n}d(3)).eval()(T{(1, 3) + (1,) * n})", order=1),
        Case(name, f"fill(nn.BatchNorm{n}d(3))(T{(0, 3, *shape[2:])})", order=1),
    ]
    name = f"torch.nn.InstanceNorm{n}d"
    for arguments in (
        "3",
        "3, 0.1, 0.3, True",
        "num_features=3, eps=1e-2, affine=True, bias=False",
        "3, affine=True, track_running_stats=True",
        "3, momentum=0.5, track_running_stats=True",
        "3, momentum=None, track_running_stats=True",
    ):
        module = f"nn.InstanceNorm{n}d({arguments})"
        CASES.append(Case(name, run(module, x)))
        CASES.append(Case(name, run(module, f"T{shape[1:]}")))
    CASES += [
        Case(name, f"nn.InstanceNorm{n}d(7)({x})"),
        Case(name, f"nn.InstanceNorm{n}d(7, affine=True)({x})", raises=True),
        Case(name, f"nn.InstanceNorm{n}d(3)(T{(*shape, 2, 2, 2)})", raises=True),
        Case(name, f"nn.InstanceNorm{n}d(3)(T{(2, 3) + (1,) * n})", raises=True),
        Case(
            name,
            f"""m = nn.InstanceNorm{n}d(3)
m.load_state_dict({{"running_mean": torch.ones(3), "running_var": torch.ones(3)}})""",
            raises=True,
        ),
    ]
CASES += [
    Case("torch.nn.BatchNorm1d", run("nn.BatchNorm1d(3)", "T(4, 3)")),
    Case(
        "torch.nn.BatchNorm2d",
        "m = fill(nn.BatchNorm2d(3))\nm.reset_parameters()\nm.reset_running_stats()\n"
        "dict(m.state_dict())",
    ),
    Case("torch.nn.SyncBatchNorm", run("nn.SyncBatchNorm(3)", "T(2, 3, 4)")),
    Case(
        "torch.nn.SyncBatchNorm", run("nn.SyncBatchNorm(3, bias=False, momentum=None)", "T(4, 3)")
    ),
    Case(
        "torch.nn.SyncBatchNorm",
        """m = nn.Sequential(nn.BatchNorm2d(3), nn.Sequential(nn.BatchNorm2d(3, affine=False)))
p = list(m.parameters())
m = fill(nn.SyncBatchNorm.convert_sync_batchnorm(m))
y = m(T(2, 3, 4, 4))
y, [a is b for a, b in zip(p, m.parameters())], dict(m.state_dict())""",
    ),
    Case("torch.nn.SyncBatchNorm", "nn.SyncBatchNorm(3)(T(3))", raises=True),
    # ---- functions
    Case("torch.nn.functional.batch_norm", "F.batch_norm(T(4, 3), C(3), C(3))"),
    Case(
        "torch.nn.functional.batch_norm",
        "F.batch_norm(T(4, 3, 2), C(3), C(3), weight=T(3), bias=T(3), eps=0.1)",
    ),
    Case(
        "torch.nn.functional.batch_norm",
        """a, b = C(3), C(3)
y = F.batch_norm(T(4, 3, 2), a, b, T(3), None, training=True, momentum=0.3)
y, a, b""",
    ),
    Case("torch.nn.functional.batch_norm", "F.batch_norm(T(4, 3), None, None, training=True)"),
    Case("torch.nn.functional.batch_norm", "F.batch_norm(T(4, 3), None, None)", raises=True),
    Case("torch.nn.functional.batch_norm", "F.batch_norm(T(4, 3), U(2), U(2))", raises=True),
    Case(
        "torch.nn.functional.batch_norm",
        "F.batch_norm(T(1, 3), None, None, None, None, True)",
        raises=True,
    ),
    Case(
        "torch.batch_norm",
        "torch.batch_norm(T(4, 3), T(3), T(3), C(3), C(3), False, 0.1, 0.01, True)",
    ),
    Case(
        "torch.batch_norm",
        "torch.batch_norm(T(4, 3), None, T(3), None, None, True, 0.1, 0.01, True)",
        order=1,
    ),
    Case("torch.nn.functional.instance_norm", "F.instance_norm(T(2, 3, 4))"),
    Case(
        "torch.nn.functional.instance_norm",
        "F.instance_norm(T(2, 3, 4, 2), weight=T(3), bias=T(3), eps=0.1)",
    ),
    Case(
        "torch.nn.functional.instance_norm",
        """a, b = C(3), C(3)
y = F.instance_norm(T(2, 3, 4), a, b, T(3), T(3), momentum=0.4)
y, a, b""",
    ),
    Case(
        "torch.nn.functional.instance_norm",
        "F.instance_norm(T(2, 3, 4), C(3), C(3), use_input_stats=False)",
    ),
    Case("torch.nn.functional.instance_norm", "F.instance_norm(T(2, 3, 1))", raises=True),
    Case("torch.nn.functional.instance_norm", "F.instance_norm(T(2, 3))", raises=True),
    Case(
        "torch.nn.functional.instance_norm",
        "F.instance_norm(T(2, 3, 4), use_input_stats=False)",
        raises=True,
    ),
    Case(
        "torch.nn.functional.instance_norm", "F.instance_norm(T(2, 3, 4), weight=T(2))", raises=True
    ),
    Case(
        "torch.instance_norm",
        "torch.instance_norm(T(2, 3, 4), T(3), T(3), None, None, True, 0.1, 0.01, False)",
    ),
    Case(
        "torch.instance_norm",
        "torch.instance_norm(T(2, 3, 4), None, None, C(3), C(3), False, 0.1, 0.01, False)",
    ),
    # PyTorch has no second derivatives with a bias and no weight, or without rows.
    Case("torch.layer_norm", "torch.layer_norm(T(2, 3, 4), (4,))"),
    Case("torch.layer_norm", "torch.layer_norm(T(2, 3, 4), (3, 4), T(3, 4), T(3, 4), 0.1, False)"),
    Case(
        "torch.layer_norm", "torch.layer_norm(T(2, 3), [3], bias=T(3), cudnn_enable=True)", order=1
    ),
    Case("torch.nn.functional.layer_norm", "F.layer_norm(T(2, 3, 4), [4], T(4))"),
    Case(
        "torch.nn.functional.layer_norm",
        "F.layer_norm(T(2, 3, 4), (3, 4), None, T(3, 4), 1e-2)",
        order=1,
    ),
    Case("torch.nn.functional.layer_norm", "F.layer_norm(T(0, 4), (4,), T(4))", order=1),
    Case("torch.nn.functional.layer_norm", "F.layer_norm(T(2, 3), (4,))", raises=True),
    Case("torch.nn.functional.layer_norm", "F.layer_norm(T(2, 3), ())", raises=True),
    Case("torch.nn.functional.layer_norm", "F.layer_norm(T(2, 3), (3,), T(2))", raises=True),
    Case("torch.group_norm", "torch.group_norm(T(2, 4, 3), 2)"),
    Case("torch.group_norm", "torch.group_norm(T(2, 4, 3), 4, T(4), T(4), 0.1, False)"),
    Case("torch.nn.functional.group_norm", "F.group_norm(T(2, 4), 2, T(4), T(4))"),
    Case("torch.nn.functional.group_norm", "F.group_norm(T(2, 4, 3, 3), 1, bias=C(4), eps=0.1)"),
    Case("torch.nn.functional.group_norm", "F.group_norm(T(2, 4, 3), 3)", raises=True),
    Case("torch.nn.functional.group_norm", "F.group_norm(T(4), 2)", raises=True),
    Case("torch.nn.functional.group_norm", "F.group_norm(T(2, 4, 3), 2, T(2))", raises=True),
    Case("torch.rms_norm", "torch.rms_norm(T(2, 3, 4), (4,), T(4), 0.1)"),
    Case("torch.nn.functional.rms_norm", "F.rms_norm(T(2, 3, 4), (3, 4))"),
    Case("torch.nn.functional.rms_norm", "F.rms_norm(T(2, 3, 4), (4,), weight=T(4), eps=1e-2)"),
    Case("torch.nn.functional.rms_norm", "F.rms_norm(T(2, 3), (2,))", raises=True),
    # ---- layers
    Case("torch.nn.LayerNorm", "fill(nn.LayerNorm(4))(T(2, 3, 4))"),
    Case("torch.nn.LayerNorm", "fill(nn.LayerNorm((3, 4), 0.1))(T(2, 3, 4))"),
    Case("torch.nn.LayerNorm", "fill(nn.LayerNorm([3, 4], bias=False))(T(2, 3, 4))"),
    Case("torch.nn.LayerNorm", "fill(nn.LayerNorm(4, elementwise_affine=False))(T(4))"),
    Case("torch.nn.LayerNorm", "nn.LayerNorm(4)(T(2, 3))", raises=True),
    Case("torch.nn.GroupNorm", "fill(nn.GroupNorm(2, 4))(T(2, 4, 3))"),
    Case("torch.nn.GroupNorm", "fill(nn.GroupNorm(4, 4, 0.1, bias=False))(T(2, 4, 3, 2))"),
    Case("torch.nn.GroupNorm", "fill(nn.GroupNorm(1, 4, affine=False))(T(2, 4))"),
    Case("torch.nn.GroupNorm", "nn.GroupNorm(3, 4)", raises=True),
    Case("torch.nn.GroupNorm", "nn.GroupNorm(2, 4)(T(2, 6, 3))", raises=True),
    Case("torch.nn.RMSNorm", "fill(nn.RMSNorm(4))(T(2, 3, 4))"),
    Case("torch.nn.RMSNorm", "fill(nn.RMSNorm((3, 4), eps=0.1))(T(2, 3, 4))"),
    Case("torch.nn.RMSNorm", "fill(nn.RMSNorm([4], elementwise_affine=False))(T(4))"),
    Case(
        "torch.nn.LayerNorm",
        "m = nn.LayerNorm(4); list(m.normalized_shape), m.eps, m.elementwise_affine",
    ),
]
