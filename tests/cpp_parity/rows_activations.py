"""Activation functions and pooling."""

from __future__ import annotations

from table import Row, normal, uniform

X = (normal(4, 6),)
LINES, IMAGES, VOLUMES = normal(2, 3, 12), normal(2, 3, 8, 9), normal(2, 3, 5, 6, 7)


def inplace(name: str, module: str) -> Row:
    return Row(f"{name}_inplace", f"nn.Sequential(nn.Linear(6, 5), {module})", X)


ROWS = [
    *(
        Row(name, f"nn.{name}()", X)
        for name in (
            "CELU",
            "ELU",
            "GELU",
            "GLU",
            "Hardshrink",
            "Hardsigmoid",
            "Hardswish",
            "Hardtanh",
            "LeakyReLU",
            "LogSigmoid",
            "Mish",
            "PReLU",
            "RReLU",
            "ReLU",
            "ReLU6",
            "SELU",
            "SiLU",
            "Sigmoid",
            "Softplus",
            "Softshrink",
            "Softsign",
            "Tanh",
            "Tanhshrink",
        )
    ),
    *(
        inplace(name, f"nn.{name}(inplace=True)")
        for name in (
            "CELU",
            "ELU",
            "Hardsigmoid",
            "Hardswish",
            "Hardtanh",
            "LeakyReLU",
            "Mish",
            "RReLU",
            "ReLU",
            "ReLU6",
            "SELU",
            "SiLU",
        )
    ),
    Row("CELU_alpha", "nn.CELU(alpha=0.7)", X),
    Row("ELU_alpha", "nn.ELU(alpha=0.7)", X),
    Row("GELU_tanh", 'nn.GELU(approximate="tanh")', X),
    Row("GLU_dim", "nn.GLU(0)", X),
    Row("Hardshrink_lambd", "nn.Hardshrink(0.3)", X),
    Row("Softshrink_lambd", "nn.Softshrink(0.3)", X),
    Row("Hardtanh_limits", "nn.Hardtanh(min_val=-0.5, max_val=0.25)", X),
    Row("LeakyReLU_slope", "nn.LeakyReLU(negative_slope=0.2)", X),
    Row("PReLU_channels", "nn.PReLU(num_parameters=3, init=0.1)", (IMAGES,)),
    Row("RReLU_bounds", "nn.RReLU(lower=0.1, upper=0.6)", X),
    Row("Softplus_beta", "nn.Softplus(beta=2.0, threshold=1.5)", X),
    Row("Threshold", "nn.Threshold(0.1, -3.0)", X),
    inplace("Threshold", "nn.Threshold(0.1, -3.0, inplace=True)"),
    Row("Softmax", "nn.Softmax(1)", X),
    Row("LogSoftmax", "nn.LogSoftmax(0)", X),
    Row("Softmin", "nn.Softmin(-1)", X),
    Row("Softmax2d", "nn.Softmax2d()", (IMAGES,)),
    # ---- pooling
    Row("MaxPool1d", "nn.MaxPool1d(3)", (LINES,)),
    Row(
        "MaxPool2d",
        "nn.MaxPool2d((3, 2), stride=(2, 1), padding=1, dilation=(1, 2), ceil_mode=True)",
        (IMAGES,),
    ),
    Row("MaxPool3d", "nn.MaxPool3d(2, stride=1)", (VOLUMES,)),
    *(
        Row(
            f"MaxPool{n}d_indices",
            f"nn.MaxPool{n}d(2, return_indices=True)",
            (x,),
            cpp=f"nn::MaxPool{n}d(2)",
            cpp_call="model.forward_with_indices(x)",
        )
        for n, x in ((1, LINES), (2, IMAGES), (3, VOLUMES))
    ),
    *(
        Row(
            f"MaxUnpool{n}d",
            f"nn.MaxUnpool{n}d(2, stride=2)",
            (x,),
            python_call=f"model(*F.max_pool{n}d(x, 2, return_indices=True), {size})",
            cpp_call=f"model(max_pool{n}d(x, {{2}}), max_pool{n}d_with_indices(x, {{2}}).second, "
            f"{{{str(size)[1:-1].rstrip(',')}}})",
        )
        for n, x, size in ((1, LINES, (13,)), (2, IMAGES, (8, 9)), (3, VOLUMES, (5, 6, 7)))
    ),
    Row("AvgPool1d", "nn.AvgPool1d(3, stride=2, padding=1)", (LINES,)),
    Row(
        "AvgPool2d",
        "nn.AvgPool2d((3, 2), padding=1, ceil_mode=True, count_include_pad=False)",
        (IMAGES,),
    ),
    Row("AvgPool2d_divisor", "nn.AvgPool2d(2, divisor_override=3)", (IMAGES,)),
    Row("AvgPool3d", "nn.AvgPool3d(2)", (VOLUMES,)),
    Row("LPPool1d", "nn.LPPool1d(2.0, 3, stride=2)", (uniform(2, 3, 12),)),
    Row("LPPool2d", "nn.LPPool2d(3.0, (2, 3), ceil_mode=True)", (uniform(2, 3, 7, 8),)),
    Row("LPPool3d", "nn.LPPool3d(1.5, 2)", (uniform(2, 3, 4, 5, 6),)),
    Row(
        "LPPool2d_infinite",
        'nn.LPPool2d(float("inf"), 2)',
        (IMAGES,),
        cpp="nn::LPPool2d(INFINITY, 2)",
    ),
    Row("AdaptiveAvgPool1d", "nn.AdaptiveAvgPool1d(5)", (LINES,)),
    Row("AdaptiveAvgPool2d", "nn.AdaptiveAvgPool2d((3, 4))", (IMAGES,)),
    Row(
        "AdaptiveAvgPool2d_same",
        "nn.AdaptiveAvgPool2d((None, 4))",
        (IMAGES,),
        cpp="nn::AdaptiveAvgPool2d({-1, 4})",
    ),
    Row("AdaptiveAvgPool3d", "nn.AdaptiveAvgPool3d(2)", (VOLUMES,)),
    Row("AdaptiveMaxPool1d", "nn.AdaptiveMaxPool1d(5)", (LINES,)),
    Row(
        "AdaptiveMaxPool2d",
        "nn.AdaptiveMaxPool2d((3, 4), return_indices=True)",
        (IMAGES,),
        cpp="nn::AdaptiveMaxPool2d({3, 4})",
        cpp_call="model.forward_with_indices(x)",
    ),
    Row("AdaptiveMaxPool3d", "nn.AdaptiveMaxPool3d((2, 3, 2))", (VOLUMES,)),
    Row("FractionalMaxPool2d", "nn.FractionalMaxPool2d(2, output_size=(4, 5))", (IMAGES,)),
    Row(
        "FractionalMaxPool2d_ratio",
        "nn.FractionalMaxPool2d(2, output_ratio=(0.6, 0.5))",
        (IMAGES,),
    ),
    Row(
        "FractionalMaxPool3d",
        "nn.FractionalMaxPool3d(2, output_ratio=0.5, return_indices=True)",
        (VOLUMES,),
        cpp="nn::FractionalMaxPool3d(2, {.output_ratio = {0.5}})",
        cpp_call="model.forward_with_indices(x)",
    ),
]
