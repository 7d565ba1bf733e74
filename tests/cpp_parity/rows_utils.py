"""Initial values, helpers of nn.utils, hooks and functions without a layer."""

from __future__ import annotations

from table import Row, integer, normal, uniform

X = (normal(4, 5),)
IMAGES = normal(2, 3, 5, 6)


def init(name: str, shape: str, arguments: str = "") -> Row:
    """A parameter that a function of nn.init fills."""
    given = f", {arguments}" if arguments else ""
    cpp_given = given.replace("'", '"')
    return Row(
        f"init_{name}",
        "Filled()",
        (),
        cpp="Filled()",
        python_call="model.weight * model.weight",
        cpp_call="model.weight * model.weight",
        python_before=(
            "class Filled(nn.Module):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            f"        self.weight = nn.Parameter(wg.empty({shape}))\n"
            f"        nn.init.{name.rstrip('0123456789')}(self.weight{given})\n"
        ),
        cpp_before=(
            "struct Filled : nn::Module {\n"
            "  Tensor weight;\n"
            "  Filled() {\n"
            f'    weight = register_parameter("weight", empty({{{shape}}}));\n'
            f"    nn::init::{name.rstrip('0123456789')}(weight{cpp_given});\n"
            "  }\n"
            "};\n"
        ),
        steps=1,
    )


def function(name: str, inputs: tuple, python: str, cpp: str = "") -> Row:
    return Row(f"functional_{name}", "nn.Identity()", inputs, python_call=python, cpp_call=cpp)


CONV_BN = """
struct Both : nn::Module {
  nn::LAYER conv{3, 4, 3, OPTIONS};
  nn::BatchNorm2d bn{4};
  Both() {
    register_module("conv", conv);
    register_module("bn", bn);
  }
  Tensor forward(const Tensor& x) override {
    if (is_training()) return bn(conv(x));
    return (*nn::utils::fuse_conv_bn_eval(conv, bn))(x);
  }
};
"""
CONV_BN_PYTHON = """
class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.LAYER(3, 4, 3, bias=BIAS)
        self.bn = nn.BatchNorm2d(4)
    def forward(self, x):
        if self.training:
            return self.bn(self.conv(x))
        return nn.utils.fuse_conv_bn_eval(self.conv, self.bn, TRANSPOSED)(x)
"""

ROWS = [
    init("uniform_", "3, 5", "-0.5, 2.0"),
    init("normal_", "3, 5", "1.0, 0.2"),
    init("trunc_normal_", "30, 5", "0.5, 1.5, -1.0, 2.0"),
    init("constant_", "3, 5", "0.3"),
    init("ones_", "3, 5"),
    init("zeros_", "3, 5"),
    init("eye_", "3, 5"),
    init("dirac_", "6, 2, 3, 4", "3"),
    init("xavier_uniform_", "3, 5", "1.5"),
    init("xavier_normal_", "3, 5, 2"),
    init("kaiming_uniform_", "3, 5"),
    init("kaiming_uniform_2", "3, 5, 2", "0.3, 'fan_out', 'leaky_relu'"),
    init("kaiming_normal_", "3, 5", "0.0, 'fan_in', 'relu'"),
    init("kaiming_normal_2", "3, 5", "0.0, 'fan_out', 'selu'"),
    init("orthogonal_", "3, 5", "1.2"),
    init("orthogonal_2", "6, 2, 2"),
    init("sparse_", "10, 4", "0.3"),
    # ---- gradients and parameters
    Row(
        "utils_clip_grad_norm_",
        "nn.Linear(5, 3)",
        X,
        python_step="nn.utils.clip_grad_norm_(parameters, 0.1)",
        cpp_step="nn::utils::clip_grad_norm_(parameters, 0.1);",
    ),
    Row(
        "utils_clip_grad_norm_1",
        "nn.Linear(5, 3)",
        X,
        python_step="nn.utils.clip_grad_norm_(parameters, 0.2, 1.0)",
        cpp_step="nn::utils::clip_grad_norm_(parameters, 0.2, 1);",
    ),
    Row(
        "utils_clip_grad_value_",
        "nn.Linear(5, 3)",
        X,
        python_step="nn.utils.clip_grad_value_(parameters, 0.01)",
        cpp_step="nn::utils::clip_grad_value_(parameters, 0.01);",
    ),
    Row(
        "utils_vector_to_parameters",
        "nn.Linear(5, 3)",
        X,
        python_step="nn.utils.vector_to_parameters("
        "nn.utils.parameters_to_vector(parameters) * 0.5, parameters)",
        cpp_step="nn::utils::vector_to_parameters(nn::utils::parameters_to_vector(parameters) * "
        "0.5, parameters);",
    ),
    *(
        Row(
            f"utils_fuse_{layer}{bias}",
            "Both()",
            (IMAGES,),
            cpp="Both()",
            python_before=CONV_BN_PYTHON.replace("LAYER", layer)
            .replace("BIAS", str(bool(bias)))
            .replace("TRANSPOSED", str("Transpose" in layer)),
            cpp_before=CONV_BN.replace("LAYER", layer).replace(
                "OPTIONS", "{}" if bias else "{.bias = false}"
            ),
        )
        for layer in ("Conv2d", "ConvTranspose2d")
        for bias in ("", "_bias")
    ),
    *(
        Row(
            f"utils_{name}",
            f"{name}ed()",
            X,
            cpp=f"{name}ed()",
            python_before=(
                "import warnings\n"
                f"def {name}ed():\n"
                "    with warnings.catch_warnings():\n"
                "        warnings.simplefilter('ignore')\n"
                f"        return nn.utils.{name}(nn.Linear(5, 3), 'weight')\n"
            ),
            cpp_before=(
                f"struct {name}ed : nn::Linear {{\n"
                f"  {name}ed() : nn::Linear(5, 3) {{ nn::utils::{name}(*this, weight); }}\n"
                "};\n"
            ),
        )
        for name in ("weight_norm", "spectral_norm")
    ),
    Row(
        "utils_hooks",
        "hooked()",
        X,
        cpp="Hooked()",
        python_before=(
            "def hooked():\n"
            "    model = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3))\n"
            "    model[0].register_forward_pre_hook(lambda m, args: (args[0] * 2,))\n"
            "    model[1].register_forward_hook(lambda m, args, y: y + args[0].sum())\n"
            "    model.register_forward_hook(lambda m, args, y: None)\n"
            "    return model\n"
        ),
        cpp_before="""
struct Hooked : nn::Sequential {
  Hooked() : nn::Sequential{nn::make<nn::Linear>(5, 4), nn::make<nn::Linear>(4, 3)} {
    (*this)[0].register_forward_pre_hook([](nn::Module&, const Tensor& x) { return x * 2; });
    (*this)[1].register_forward_hook(
        [](nn::Module&, const Tensor& x, const Tensor& y) { return y + sum(x); });
    register_forward_hook([](nn::Module&, const Tensor&, const Tensor&) { return Tensor(); });
  }
};
""",
    ),
    Row(
        "utils_backward_hooks",
        "hooked()",
        X,
        cpp="Hooked()",
        python_before=(
            "def hooked():\n"
            "    model = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))\n"
            "    model[1].register_full_backward_pre_hook(lambda m, go: (go[0] * 2,))\n"
            "    model[2].register_full_backward_hook(\n"
            "        lambda m, gi, go: (gi[0] + go[0].sum(),))\n"
            "    model.register_full_backward_hook(lambda m, gi, go: None)\n"
            "    model.register_full_backward_pre_hook(lambda m, go: (go[0] * go[0],))\n"
            "    return model\n"
        ),
        cpp_before="""
struct Hooked : nn::Sequential {
  Hooked()
      : nn::Sequential{nn::make<nn::Linear>(5, 4), nn::make<nn::Tanh>(),
                       nn::make<nn::Linear>(4, 3)} {
    (*this)[1].register_full_backward_pre_hook([](nn::Module&, const Tensor& g) { return g * 2; });
    (*this)[2].register_full_backward_hook(
        [](nn::Module&, const Tensor& in, const Tensor& out) { return in + sum(out); });
    register_full_backward_hook([](nn::Module&, const Tensor&, const Tensor&) { return Tensor(); });
    register_full_backward_pre_hook([](nn::Module&, const Tensor& g) { return g * g; });
  }
};
""",
    ),
    Row(
        "utils_to",
        "converted()",
        (),
        cpp="Converted()",
        python_call="model(wg.ones((2, 5), dtype=wg.float64))",
        cpp_call="model(ones({2, 5}, DType::float64))",
        python_before=(
            "def converted():\n"
            "    model = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4))\n"
            "    model[0].requires_grad_(False)\n"
            "    return model.to(wg.float64)\n"
        ),
        cpp_before="""
struct Converted : nn::Sequential {
  Converted() : nn::Sequential{nn::make<nn::Linear>(5, 4), nn::make<nn::BatchNorm1d>(4)} {
    (*this)[0].requires_grad_(false);
    to(DType::float64);
  }
};
""",
    ),
    # ---- functions that no layer calls
    function("normalize", X, "F.normalize(x, 3.0, 0)"),
    function("gumbel_softmax", X, "F.gumbel_softmax(x, 0.7)"),
    function(
        "gumbel_softmax_hard", X, "F.gumbel_softmax(x, hard=True)", "F::gumbel_softmax(x, 1, true)"
    ),
    function("one_hot", (integer(5, 4),), "F.one_hot(x, 6)"),
    function("pdist", X, "F.pdist(x)"),
    function(
        "mse_loss",
        (*X, normal(4, 5), uniform(4, 5)),
        "F.mse_loss(x, y, weight=z)",
        'F::mse_loss(x, y, "mean", z)',
    ),
    function(
        "l1_loss",
        (*X, normal(4, 5), uniform(4, 5)),
        "F.l1_loss(x, y, weight=z)",
        'F::l1_loss(x, y, "mean", z)',
    ),
    function(
        "huber_loss",
        (*X, normal(4, 5), uniform(4, 5)),
        "F.huber_loss(x, y, weight=z)",
        'F::huber_loss(x, y, "mean", 1, z)',
    ),
    function(
        "interpolate_antialias",
        (IMAGES,),
        'F.interpolate(x, size=(3, 4), mode="bilinear", antialias=True)',
        'F::interpolate(x, {.size = {3, 4}, .mode = "bilinear", .antialias = true})',
    ),
    function(
        "conv2d_same",
        (IMAGES, normal(4, 3, 2, 3)),
        'F.conv2d(x, y, None, 1, "same", (1, 2))',
        'F::conv2d(x, y, {}, 1, "same", {1, 2})',
    ),
    function(
        "conv1d_valid",
        (normal(2, 3, 8), normal(4, 3, 3), normal(4)),
        'F.conv1d(x, y, z, 2, "valid")',
    ),
    function(
        "conv3d",
        (normal(2, 2, 4, 4, 4), normal(4, 1, 2, 2, 2)),
        "F.conv3d(x, y, None, 1, 1, 1, 2)",
        "F::conv3d(x, y, {}, 1, 1, 1, 2)",
    ),
    function(
        "linear_cross_entropy",
        (*X, normal(3, 5), integer(3, 4), normal(3)),
        "F.linear_cross_entropy(x, y, z, linear_bias=u, label_smoothing=0.1)",
        'F::linear_cross_entropy(x, y, z, u, {}, "mean", {}, 0.1)',
    ),
    function(
        "leaky_relu_",
        X,
        "F.leaky_relu_(x * 1, 0.2)",
        "[&] { Tensor t = x * 1; return F::leaky_relu_(t, 0.2); }()",
    ),
    function(
        "elu_",
        X,
        "F.elu_(x * 1, 0.5)",
        "[&] { Tensor t = x * 1; return F::elu_(t, 0.5); }()",
    ),
    function(
        "celu_",
        X,
        "F.celu_(x * 1, 0.5)",
        "[&] { Tensor t = x * 1; return F::celu_(t, 0.5); }()",
    ),
    function(
        "hardtanh_",
        X,
        "F.hardtanh_(x * 1, -0.5, 0.5)",
        "[&] { Tensor t = x * 1; return F::hardtanh_(t, -0.5, 0.5); }()",
    ),
    function(
        "threshold_",
        X,
        "F.threshold_(x * 1, 0.1, 2.0)",
        "[&] { Tensor t = x * 1; return F::threshold_(t, 0.1, 2.0); }()",
    ),
]
