"""Initial values, helpers of nn.utils, hooks and functions without a layer."""

from __future__ import annotations

from table import Row, integer, normal, uniform
from translate import to_cpp

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


def computed(
    name: str,
    layer: str,
    inputs: tuple,
    python: str,
    cpp: str,
    defined: tuple[str, str] = ("", ""),
    call: tuple[str, str] = ("", ""),
) -> Row:
    """A layer whose weight is computed from other tensors; statements change ``model``."""
    kind = layer.split("(")[0]
    return Row(
        f"utils_{name}",
        "changed()",
        inputs,
        cpp="Changed()",
        python_call=call[0],
        cpp_call=call[1],
        python_before=(
            "import warnings\n"
            f"{defined[0]}\n"
            "def changed():\n"
            f"    model = nn.{layer}\n"
            "    with warnings.catch_warnings():\n"
            "        warnings.simplefilter('ignore')\n"
            + "".join(f"        nn.utils.{line}\n" for line in python.splitlines())
            + "    return model\n"
        ),
        cpp_before=(
            f"{defined[1]}\n"
            f"struct Changed : nn::{kind} {{\n"
            f"  Changed() : {to_cpp('nn.' + layer)} {{\n"
            "    nn::Module& model = *this;\n"
            + "".join(f"    nn::utils::{line};\n" for line in cpp.splitlines())
            + "  }\n"
            "};\n"
        ),
    )


LINEAR = ("Linear(5, 3)", X)
TALL = ("Linear(5, 7)", X)
SQUARE = ("Linear(5, 5)", X)
CONV = ("Conv2d(3, 4, 3)", (IMAGES,))
CONV_TRANSPOSED = ("ConvTranspose2d(3, 4, 3)", (IMAGES,))
OF_LINEAR, OF_CONV = "model, &nn::Linear::weight", "model, &nn::Conv2d::weight"
OF_CONV_TRANSPOSED = "model, &nn::ConvTranspose2d::weight"
DEFINED = (
    """
class Doubled(nn.Module):
    def forward(self, x):
        return x * 2
    def right_inverse(self, y):
        return y / 2
class Lower(nn.Module):
    def forward(self, x):
        return x.tril()
class RankOne(nn.Module):
    def forward(self, a, b):
        return a[:, None] * b
    def right_inverse(self, y):
        return y.sum(1), y.sum(0)
""",
    """
struct Doubled : nn::utils::parametrize::Parametrization {
  Tensor forward(const Tensor& x) override { return x * 2; }
  std::vector<Tensor> right_inverse(const Tensor& y) override { return {y / 2}; }
};
struct Lower : nn::Module {
  Tensor forward(const Tensor& x) override { return tril(x); }
};
struct RankOne : nn::utils::parametrize::Parametrization {
  Tensor compute(const std::vector<Tensor>& of) override { return unsqueeze(of[0], 1) * of[1]; }
  std::vector<Tensor> right_inverse(const Tensor& y) override { return {sum(y, {1}), sum(y, {0})}; }
};
""",
)


def registered(*names: str) -> tuple[str, str]:
    return (
        "\n".join(f"parametrize.register_parametrization(model, 'weight', {n}())" for n in names),
        "\n".join(
            f"parametrize::register_parametrization({OF_LINEAR}, nn::make<{n}>())" for n in names
        ),
    )


# name, layer, inputs, statements in Python and C++ (behind nn.utils)
COMPUTED = [
    ("weight_norm", *LINEAR, "weight_norm(model, 'weight')", f"weight_norm({OF_LINEAR})"),
    ("weight_norm_1", *CONV, "weight_norm(model, dim=1)", f"weight_norm({OF_CONV}, 1)"),
    (
        "weight_norm_none",
        *LINEAR,
        "weight_norm(model, dim=None)",
        f"weight_norm({OF_LINEAR}, {{}})",
    ),
    (
        "weight_norm_removed",
        *LINEAR,
        "weight_norm(model)\nremove_weight_norm(model)",
        f"weight_norm({OF_LINEAR})\nremove_weight_norm(model)",
    ),
    ("spectral_norm", *LINEAR, "spectral_norm(model, 'weight')", f"spectral_norm({OF_LINEAR})"),
    (
        "spectral_norm_transposed",
        *CONV_TRANSPOSED,
        "spectral_norm(model, n_power_iterations=3)",
        f"spectral_norm({OF_CONV_TRANSPOSED}, {{.n_power_iterations = 3}})",
    ),
    (
        "spectral_norm_removed",
        *LINEAR,
        "spectral_norm(model)\nremove_spectral_norm(model)",
        f"spectral_norm({OF_LINEAR})\nremove_spectral_norm(model)",
    ),
    (
        "parametrizations_weight_norm",
        *CONV,
        "parametrizations.weight_norm(model, dim=1)",
        f"parametrizations::weight_norm({OF_CONV}, 1)",
    ),
    (
        "parametrizations_spectral_norm",
        *CONV_TRANSPOSED,
        "parametrizations.spectral_norm(model)",
        f"parametrizations::spectral_norm({OF_CONV_TRANSPOSED})",
    ),
    *(
        (
            f"orthogonal_{where}_{map}_{based}",
            *layer,
            f"parametrizations.orthogonal(model, 'weight', '{map}', "
            f"use_trivialization={bool(based)})",
            f'parametrizations::orthogonal({OF_LINEAR}, {{.orthogonal_map = "{map}", '
            f".use_trivialization = {'true' if based else 'false'}}})",
        )
        for where, layer in (("wide", LINEAR), ("tall", TALL), ("square", SQUARE))
        for map in ("matrix_exp", "cayley", "householder")
        for based in ((0, 1) if map == "householder" else (1,))
    ),
    ("parametrize", *LINEAR, *registered("Doubled"), DEFINED),
    ("parametrize_two", *LINEAR, *registered("Lower", "Doubled"), DEFINED),
    ("parametrize_several", *LINEAR, *registered("RankOne"), DEFINED),
    (
        "parametrize_removed",
        *LINEAR,
        registered("Doubled", "Lower")[0]
        + "\nparametrize.remove_parametrizations(model, 'weight')",
        registered("Doubled", "Lower")[1] + "\nparametrize::remove_parametrizations(model)",
        DEFINED,
    ),
    *(
        (
            f"prune_{name}",
            *CONV,
            "\n".join(f"prune.{c.format(m='model, ' + repr('weight'))}" for c in calls),
            "\n".join(f"prune::{c.format(m=OF_CONV)}" for c in calls),
        )
        for name, calls in {
            "identity": ["identity({m})"],
            "random": ["random_unstructured({m}, 0.3)"],
            "l1": ["l1_unstructured({m}, 11)"],
            "random_structured": ["random_structured({m}, 1, 0)"],
            "ln_structured": ["ln_structured({m}, 0.5, 1, 1)"],
            "several": [
                "ln_structured({m}, 0.3, 2, 0)",
                "l1_unstructured({m}, 0.5)",
                "random_unstructured({m}, 0.1)",
                "random_structured({m}, 0.5, 1)",
            ],
        }.items()
    ),
    (
        "prune_removed",
        *LINEAR,
        "prune.l1_unstructured(model, 'weight', 0.4)\nprune.remove(model, 'weight')",
        f"prune::l1_unstructured({OF_LINEAR}, 0.4)\nprune::remove(model)",
    ),
]


def recurrent(name: str, layer: str, *statements: str) -> Row:
    """A recurrent layer, whose weights are found by name in C++, too."""
    cpp = [
        s.replace("'", '"').replace(".", "::").replace("dim=", "").replace("Doubled()", DOUBLED)
        for s in statements
    ]
    return computed(
        f"recurrent_{name}",
        layer,
        (normal(5, 3, 4),),
        "\n".join(statements),
        "\n".join(c.replace("0::", "0.") for c in cpp),
        DEFINED,
        ("model(x)[0]", "model(x).first"),
    )


DOUBLED = "nn::make<Doubled>()"
TWO_LSTM = "LSTM(4, 6, num_layers=2, bidirectional=True, proj_size=3)"
RECURRENT = [
    recurrent(
        "weight_norm",
        TWO_LSTM,
        "weight_norm(model, 'weight_hh_l0')",
        "weight_norm(model, 'weight_ih_l1_reverse', dim=1)",
        "weight_norm(model, 'weight_hr_l0')",
        "remove_weight_norm(model, 'weight_hr_l0')",
    ),
    recurrent(
        "spectral_norm",
        "GRU(4, 6)",
        "spectral_norm(model, 'weight_ih_l0')",
        "spectral_norm(model, 'weight_hh_l0')",
        "remove_spectral_norm(model, 'weight_ih_l0')",
    ),
    recurrent(
        "parametrizations",
        TWO_LSTM,
        "parametrizations.weight_norm(model, 'weight_hh_l0')",
        "parametrizations.spectral_norm(model, 'weight_ih_l1_reverse')",
        "parametrize.register_parametrization(model, 'bias_hh_l0', Doubled())",
    ),
    recurrent("orthogonal", "RNN(4, 6)", "parametrizations.orthogonal(model, 'weight_hh_l0')"),
    recurrent(
        "parametrize",
        "GRU(4, 6, num_layers=2)",
        "parametrize.register_parametrization(model, 'weight_ih_l1', Doubled())",
        "parametrize.register_parametrization(model, 'weight_hh_l0', Doubled())",
        "parametrize.register_parametrization(model, 'weight_hh_l0', Doubled())",
        "parametrize.remove_parametrizations(model, 'weight_ih_l1')",
    ),
    recurrent(
        "prune",
        "LSTM(4, 6)",
        "prune.l1_unstructured(model, 'weight_ih_l0', 0.3)",
        "prune.ln_structured(model, 'weight_hh_l0', 0.3, 2, dim=1)",
        "prune.l1_unstructured(model, 'weight_hh_l0', 20)",
        "prune.random_unstructured(model, 'bias_ih_l0', 0.5)",
        "prune.l1_unstructured(model, 'bias_hh_l0', 5)",
        "prune.remove(model, 'bias_hh_l0')",
    ),
]

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
    *(computed(*given) for given in COMPUTED),
    *RECURRENT,
    Row(
        "utils_extra_state",
        "nn.Sequential(Counted(), nn.Linear(3, 2))",
        X,
        cpp="Net()",
        python_before=(
            "class Counted(nn.Linear):\n"
            "    calls = 0\n"
            "    def __init__(self):\n"
            "        super().__init__(5, 3)\n"
            "    def forward(self, x):\n"
            "        self.calls += self.training\n"
            "        return super().forward(x) * self.calls\n"
            "    def get_extra_state(self):\n"
            "        return wg.tensor([self.calls])\n"
            "    def set_extra_state(self, state):\n"
            "        self.calls = int(state)\n"
        ),
        cpp_before="""
struct Counted : nn::Linear {
  Counted() : nn::Linear(5, 3) {}
  Tensor forward(const Tensor& x) override {
    calls += is_training();
    return nn::Linear::forward(x) * calls;
  }
  Tensor get_extra_state() const override { return tensor({calls}); }
  void set_extra_state(const Tensor& state) override { calls = state.item<int64_t>(); }
  int64_t calls = 0;
};
struct Net : nn::Sequential {
  Net() : nn::Sequential{nn::make<Counted>(), nn::make<nn::Linear>(3, 2)} {}
};
""",
    ),
    Row(
        "utils_prune_global",
        "pruned()",
        X,
        cpp="Net()",
        python_before=(
            "def pruned():\n"
            "    net = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3))\n"
            "    prune = nn.utils.prune\n"
            "    prune.random_unstructured(net[0], 'weight', 0.2)\n"
            "    pairs = [(net[0], 'weight'), (net[1], 'weight')]\n"
            "    prune.global_unstructured(pairs, prune.L1Unstructured, amount=0.4)\n"
            "    return net\n"
        ),
        cpp_before="""
namespace prune = nn::utils::prune;
struct Net : nn::Sequential {
  Net() : nn::Sequential{nn::make<nn::Linear>(5, 4), nn::make<nn::Linear>(4, 3)} {
    prune::random_unstructured((*this)[0], &nn::Linear::weight, 0.2);
    prune::global_unstructured({{&(*this)[0], &nn::Linear::weight},
                                {&(*this)[1], &nn::Linear::weight}},
                               std::make_shared<prune::L1Unstructured>(0.4));
  }
};
""",
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
    # ---- sparse tensors; values given twice for one place
    Row(
        "functional_sparse",
        "nn.Linear(5, 3)",
        (normal(4, 5), normal(6), normal(5)),
        python_call="outputs(model(x), y, z)",
        cpp_call="outputs(model(x), y, z)",
        python_before="""
def outputs(h, y, z):
    a = wg.sparse_coo_tensor([[0, 2, 0, 3, 2, 1], [1, 3, 1, 0, 0, 2]], y, (4, 4))
    b = wg.sparse_coo_tensor([[3, 0, 2, 1, 2], [0, 1, 1, 3, 3]], z, (4, 4))
    column = h[:, 0]
    dense = (
        wg.sparse.mm(a, h), h.t() @ a, a.mv(column), wg.sparse.addmm(h, b, h, beta=0.5, alpha=2.0),
        wg.sparse.sum(a), a.norm(), column.expand(4, 4) + a,
    )
    results = (
        a + b, a.coalesce() - b.coalesce(), a * 2.5, a * b, a / 3.0, -a, a.t(), a @ b,
        a * h[:, :1], wg.tanh(a), wg.sparse.sum(a, 0), wg.sparse.sum(b, 1),
        wg.sparse.softmax(a, 1), wg.sparse.log_softmax(b, 0),
    )
    return *dense, *(r.to_dense() for r in results)
""",
        cpp_before="""
Tensor places(std::vector<int64_t> at) {
  return from_data(at.data(), {2, static_cast<int64_t>(at.size()) / 2}, DType::int64).clone();
}
std::vector<Tensor> outputs(const Tensor& h, const Tensor& y, const Tensor& z) {
  namespace S = sparse;
  const Tensor a = S::coo_tensor(places({0, 2, 0, 3, 2, 1, 1, 3, 1, 0, 0, 2}), y, {4, 4});
  const Tensor b = S::coo_tensor(places({3, 0, 2, 1, 2, 0, 1, 1, 3, 3}), z, {4, 4});
  const Tensor column = select(h, 1, 0);
  std::vector<Tensor> all{
      S::mm(a, h), S::mm(h.t(), a), S::mv(a, column), S::addmm(h, b, h, 0.5, 2.0), S::sum(a),
      S::norm(a), S::add(expand(column, {4, 4}), a)};
  for (const Tensor& t :
       {S::add(a, b), S::sub(S::coalesce(a), S::coalesce(b)), S::mul(a, 2.5), S::mul(a, b),
        S::div(a, 3.0), S::neg(a), S::t(a), S::mm(a, b), S::mul(a, narrow(h, 1, 0, 1)),
        S::map(a, [](const Tensor& v) { return tanh(v); }), S::sum(a, {0}), S::sum(b, {1}),
        S::softmax(a, 1), S::log_softmax(b, 0)}) {
    all.push_back(S::to_dense(t));
  }
  return all;
}
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
