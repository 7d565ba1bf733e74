"""Activations as modules and functions, and the layers that only change shapes."""

from harness import Case

# Module, argument lists, function: the border values of each branch are among the inputs.
SPECIAL = "torch.tensor([-8., -6., -3., -1., -0.5, 0., 0.5, 1., 3., 6., 8., 30.]).to(float_dtype)"
MODULES = [
    ("ReLU", "relu", ["", "inplace=False"], True),
    ("ReLU6", "relu6", [""], True),
    ("Hardtanh", "hardtanh", ["", "-2.0, 0.5", "min_val=0, max_val=6"], True),
    ("Hardsigmoid", "hardsigmoid", [""], True),
    ("Hardswish", "hardswish", [""], True),
    ("SiLU", "silu", [""], True),
    ("Mish", "mish", [""], True),
    ("SELU", "selu", [""], True),
    ("ELU", "elu", ["", "0.5", "alpha=2.0"], True),
    ("CELU", "celu", ["", "0.5", "alpha=-2.0"], True),
    ("LeakyReLU", "leaky_relu", ["", "0.2", "negative_slope=-0.3"], True),
    ("Threshold", "threshold", ["0.1, 20.0", "threshold=-1, value=-0.5"], True),
    ("Sigmoid", "sigmoid", [""], False),
    ("Tanh", "tanh", [""], False),
    ("LogSigmoid", "logsigmoid", [""], False),
    ("Softsign", "softsign", [""], False),
    ("Tanhshrink", "tanhshrink", [""], False),
    ("GELU", "gelu", ["", "'tanh'", "approximate='none'"], False),
    ("Softplus", "softplus", ["", "2.0, 1.0", "beta=0.5, threshold=3"], False),
    ("Hardshrink", "hardshrink", ["", "1.0", "lambd=0.0"], False),
    ("Softshrink", "softshrink", ["", "1.0", "lambd=0.0"], False),
    ("GLU", "glu", ["0", "dim=1"], False),
    ("Softmax", "softmax", ["0", "dim=-1"], False),
    ("LogSoftmax", "log_softmax", ["0", "dim=-1"], False),
    ("Softmin", "softmin", ["0", "dim=-1"], False),
]
CASES = []
for module, function, arguments, inplace in MODULES:
    names = f"torch.nn.{module} torch.nn.functional.{function}"
    # PyTorch has no second derivative of it, and a first one of single precision.
    order, only = (1, "float32") if module == "Hardsigmoid" else (2, "")
    for a in arguments:
        CASES.append(Case(names, f"fill(nn.{module}({a}))(T(4, 6) * 2)", order, only))
        if module != "GLU":
            CASES.append(Case(names, f"nn.{module}({a})({SPECIAL})"))
            CASES.append(Case(names, f"nn.{module}({a})({SPECIAL}.requires_grad_())", order=1))
        CASES.append(Case(names, f"nn.{module}({a})(T(0, 2))", order, only))
        if module not in ("GLU", "Softmax", "LogSoftmax", "Softmin"):
            CASES.append(Case(names, f"nn.{module}({a})(T())", order, only))
        # PyTorch cannot take derivatives in place of functions that are not monotonous.
        if inplace and "inplace" not in a and a not in ("alpha=-2.0", "negative_slope=-0.3"):
            more = f"{a}, inplace=True" if a else "inplace=True"
            CASES.append(
                Case(
                    names,
                    f"x = T(4, 6) * 2\nm = fill(nn.{module}({more}))\ny = m(x)\ny, y is x",
                    order,
                    only,
                )
            )
            CASES.append(Case(names, f"nn.{module}({more})(T(3))", raises=True))
    CASES.append(Case(names, f"nn.{module}({arguments[0]}, 1, 2, 3, 4, 5, 6)", raises=True))
for function, arguments in (
    ("relu", "True"),
    ("hardtanh", "-0.5, 0.5, True"),
    ("elu", "0.7, True"),
    ("celu", "0.5, True"),
    ("leaky_relu", "0.1, True"),
    ("threshold", "0.1, 2.0, True"),
    ("selu", "inplace=True"),
    ("silu", "inplace=True"),
    ("mish", "inplace=True"),
    ("relu6", "inplace=True"),
    ("hardswish", "inplace=True"),
    ("hardsigmoid", "inplace=True"),
):
    name = f"torch.nn.functional.{function}"
    order, only = (1, "float32") if function == "hardsigmoid" else (2, "")  # as above
    CASES.append(
        Case(name, f"x = T(4, 6) * 2\ny = F.{function}(x, {arguments})\ny, y is x", order, only)
    )
CASES += [
    Case("torch.nn.Hardtanh", "nn.Hardtanh(1.0, 1.0)", raises=True),
    Case("torch.nn.functional.hardtanh", "F.hardtanh(T(3), 2.0, 1.0)", raises=True),
    Case("torch.nn.CELU", "nn.CELU(0.0)(T(3))", raises=True),
    Case("torch.nn.GELU", "nn.GELU('quick')(T(3))", raises=True),
    Case("torch.nn.Softshrink", "nn.Softshrink(-1.0)(T(3))", raises=True),
    Case("torch.nn.GLU", "nn.GLU()(T(3))", raises=True),
    Case("torch.nn.GLU", "nn.GLU()(T())", raises=True),
    Case("torch.nn.GLU", "nn.GLU(3)(T(2, 2))", raises=True),
    Case("torch.nn.Softmax", "nn.Softmax(2)(T(2, 2))", raises=True),
    Case("torch.nn.functional.softmax", "F.softmax(T(2, 3), dim=1, dtype=torch.float64)"),
    Case("torch.nn.functional.log_softmax", "F.log_softmax(T(2, 3), -1, 3, torch.float64)"),
    Case(
        "torch.nn.functional.softmin",
        "F.softmin(T(2, 3), 0, dtype=torch.float32)",
        order=1,
        only="float32",
    ),
    Case("torch.nn.Softmax2d", "fill(nn.Softmax2d())(T(2, 3, 2, 4))"),
    Case("torch.nn.Softmax2d", "nn.Softmax2d()(T(3, 2, 4))"),
    Case("torch.nn.Softmax2d", "nn.Softmax2d()(T(2, 4))", raises=True),
    # ---- with learnt or drawn slopes
    Case("torch.nn.PReLU torch.nn.functional.prelu", "fill(nn.PReLU())(T(4, 6))"),
    Case("torch.nn.PReLU", "fill(nn.PReLU(3, init=0.1))(T(2, 3, 4))"),
    Case("torch.nn.PReLU", "fill(nn.PReLU(num_parameters=3))(T(4, 3))"),
    Case("torch.nn.PReLU", "fill(nn.PReLU())(T())"),
    Case("torch.nn.PReLU", "nn.PReLU(2, 0.5).weight"),
    Case(
        "torch.nn.PReLU",
        "m = nn.PReLU(2, 0.5, dtype=torch.float64)\nm.reset_parameters()\nm.weight",
    ),
    Case("torch.nn.PReLU", f"nn.PReLU()({SPECIAL}.float())", order=1),
    Case("torch.nn.PReLU", "nn.PReLU(4)(torch.ones(2, 3))", raises=True),
    Case("torch.nn.functional.prelu", "F.prelu(T(2, 3), U(3))"),
    Case("torch.nn.functional.prelu", "F.prelu(T(2, 3), U(2))", raises=True),
    Case("torch.nn.RReLU", "fill(nn.RReLU()).eval()(T(4, 6))"),
    Case("torch.nn.RReLU", "fill(nn.RReLU(0.3, 0.3))(T(4, 6))"),
    Case(
        "torch.nn.RReLU",
        "m = fill(nn.RReLU(lower=0.1, upper=0.9, inplace=True)).eval()\nm(T(4) * 2)",
    ),
    Case("torch.nn.functional.rrelu", "F.rrelu(T(4, 6), 0.2, 0.4)"),
    Case("torch.nn.functional.rrelu", "F.rrelu(T(4, 6), 0.5, 0.5, training=True)"),
    # ---- shapes
    Case("torch.nn.Identity", "fill(nn.Identity(54, unused=0.1))(T(2, 3))"),
    Case("torch.nn.Identity", "x = T(2)\nnn.Identity()(x) is x"),
    Case("torch.nn.Flatten", "fill(nn.Flatten())(T(2, 3, 4, 5))"),
    Case("torch.nn.Flatten", "fill(nn.Flatten(0, 2))(T(2, 3, 4, 5))"),
    Case("torch.nn.Flatten", "fill(nn.Flatten(start_dim=-2, end_dim=-1))(T(2, 3, 4))"),
    Case("torch.nn.Flatten", "nn.Flatten(0)(T())"),
    Case("torch.nn.Flatten", "nn.Flatten()(T(0, 3, 2))"),
    Case("torch.nn.Flatten", "nn.Flatten(2, 1)(T(2, 3, 4))", raises=True),
    Case("torch.nn.Flatten", "nn.Flatten(4)(T(2, 3, 4))", raises=True),
    Case("torch.nn.Unflatten", "fill(nn.Unflatten(1, (2, 3)))(T(4, 6))"),
    Case("torch.nn.Unflatten", "fill(nn.Unflatten(-1, [3, -1]))(T(4, 6))"),
    Case("torch.nn.Unflatten", "nn.Unflatten(dim=0, unflattened_size=(2, 2, 1))(T(4, 6))"),
    Case("torch.nn.Unflatten", "nn.Unflatten(1, torch.Size([2, 3]))(T(4, 6))"),
    Case("torch.nn.Unflatten", "nn.Unflatten(1, (4, 2))(T(4, 6))", raises=True),
    Case("torch.nn.Unflatten", "nn.Unflatten(2, (2, 3))(T(4, 6))", raises=True),
    Case("torch.nn.Unflatten", "nn.Unflatten(1, ())(T(4, 6))", raises=True),
    Case("torch.nn.Unflatten", "nn.Unflatten(1, (2, 0.5))", raises=True),
    Case("torch.nn.Unflatten", "nn.Unflatten(1, 6)", raises=True),
    # ---- linear maps
    Case(
        "torch.nn.Bilinear torch.nn.functional.bilinear",
        "fill(nn.Bilinear(2, 3, 4))(T(5, 2), T(5, 3))",
    ),
    Case("torch.nn.Bilinear", "fill(nn.Bilinear(2, 3, 4, bias=False))(T(2, 5, 2), T(2, 5, 3))"),
    Case("torch.nn.Bilinear", "fill(nn.Bilinear(2, 3, 1))(T(2), T(3))"),
    Case("torch.nn.Bilinear", "fill(nn.Bilinear(2, 3, 4))(T(0, 2), T(0, 3))"),
    Case("torch.nn.Bilinear", "fill(nn.Bilinear(2, 3, 4))(T(5, 3), T(5, 3))", raises=True),
    Case("torch.nn.Bilinear", "fill(nn.Bilinear(2, 3, 4))(T(5, 2), T(4, 3))", raises=True),
    Case("torch.nn.Bilinear", "nn.Bilinear(0, 3, 4)", raises=True),
    Case("torch.nn.functional.bilinear", "F.bilinear(T(5, 2), T(5, 3), T(4, 2, 3))"),
    Case("torch.nn.functional.bilinear", "F.bilinear(T(5, 2), T(5, 3), T(4, 2, 3), T(4))"),
    Case("torch.nn.functional.bilinear", "F.bilinear(T(5, 2), T(5, 3), T(4, 3, 3))", raises=True),
    Case("torch.nn.Linear", "fill(nn.Linear(4, 3))(T(2, 0, 4))"),
    Case("torch.nn.Linear", "fill(nn.Linear(0, 3))(T(2, 0))"),
    Case("torch.nn.Linear", "fill(nn.Linear(4, 3, False))(T(4))"),
]
