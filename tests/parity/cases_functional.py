"""Activations, dropout, distances and what else nn.functional and torch share."""

from harness import Case

CASES: list[Case] = []


def add(names: str, *codes: str, **options: object) -> None:
    CASES.extend(Case(names, code, **options) for code in codes)  # type: ignore[arg-type]


def bad(names: str, *codes: str) -> None:
    add(names, *codes, raises=True)


# ---- activations: arguments that matter, and the layer with its arguments
ACTIVATIONS = {
    "relu": ("ReLU", [""]),
    "relu6": ("ReLU6", [""]),
    "elu": ("ELU", ["", "alpha=0.5"]),
    "selu": ("SELU", [""]),
    "celu": ("CELU", ["", "alpha=0.5", "alpha=-2.0"]),
    "leaky_relu": ("LeakyReLU", ["", "negative_slope=0.3"]),
    "rrelu": ("RReLU", ["", "lower=0.2, upper=0.2"]),
    "silu": ("SiLU", [""]),
    "mish": ("Mish", [""]),
    "hardtanh": ("Hardtanh", ["", "min_val=-0.5, max_val=0.2"]),
    "hardsigmoid": ("Hardsigmoid", [""]),
    "hardswish": ("Hardswish", [""]),
    "threshold": ("Threshold", ["threshold=0.1, value=20.0", "threshold=-0.3, value=0.0"]),
}
PLAIN = {
    "gelu": ("GELU", ["", "approximate='tanh'", "approximate='none'"]),
    "softplus": ("Softplus", ["", "beta=2.0", "beta=0.5, threshold=0.3"]),
    "softshrink": ("Softshrink", ["", "lambd=0.2", "lambd=0.0"]),
    "hardshrink": ("Hardshrink", ["", "lambd=0.2"]),
    "tanhshrink": ("Tanhshrink", [""]),
    "softsign": ("Softsign", [""]),
    "logsigmoid": ("LogSigmoid", [""]),
    "sigmoid": ("Sigmoid", [""]),
    "tanh": ("Tanh", [""]),
    "glu": ("GLU", ["", "dim=0"]),
    "softmax": ("Softmax", ["dim=0", "dim=-1"]),
    "log_softmax": ("LogSoftmax", ["dim=0", "dim=-1"]),
    "softmin": ("Softmin", ["dim=0", "dim=-1"]),
}
for function, (layer, variants) in {**ACTIVATIONS, **PLAIN}.items():
    names = f"torch.nn.functional.{function} torch.nn.{layer}"
    # PyTorch has no second derivative of hardsigmoid, and the first with float32's 1/6.
    special = {"order": 1, "only": "float32"} if function == "hardsigmoid" else {}
    for given in variants:
        more = f", {given}" if given else ""
        add(
            names,
            f"F.{function}(T(4, 6){more})",
            f"fill(nn.{layer}({given})).eval()(3 * T(4, 2, 2))",
            **special,
        )
        if function != "glu":
            add(names, f"F.{function}(T(0, 2){more})", **special)
        if function not in ("glu", "softmax", "log_softmax", "softmin"):
            add(names, f"F.{function}(5 * T(){more})", **special)
        # PyTorch refuses an in-place celu with a negative alpha.
        if function in ACTIVATIONS and "alpha=-" not in given:
            add(
                names,
                f"x = T(4, 6) * 1; y = F.{function}(x{more}, inplace=True); [y is x, y]",
                f"x = T(4, 6) * 1; fill(nn.{layer}({given + ', ' if given else ''}inplace=True)).eval()(x)",
                **special,
            )
for function, variants in {
    "relu_": [""],
    "elu_": ["", "alpha=0.5"],
    "selu_": [""],
    "celu_": ["", "alpha=0.5"],
    "leaky_relu_": ["", "negative_slope=0.3"],
    "hardtanh_": ["", "min_val=-0.5, max_val=0.2"],
    "threshold_": ["threshold=0.1, value=20.0"],
    "rrelu_": ["", "lower=0.2, upper=0.4", "0.2, 0.2, True"],
}.items():
    for given in variants:
        more = f", {given}" if given else ""
        add(
            f"torch.nn.functional.{function}",
            f"x = T(4, 6) * 1; y = F.{function}(x{more}); [y is x, y]",
        )
        if function not in ("elu_", "leaky_relu_", "hardtanh_"):
            add(f"torch.{function}", f"x = T(4, 6) * 1; y = torch.{function}(x{more}); [y is x, y]")
    bad(
        f"torch.nn.functional.{function}",
        f"F.{function}(T(3){', 0.1, 1.0' if 'thr' in function else ''})",
    )
add(
    "torch.relu torch.selu torch.celu torch.rrelu torch.threshold torch.hardshrink "
    "torch.Tensor.hardshrink torch.Tensor.relu",
    "[torch.relu(T(3)), torch.selu(T(3)), torch.celu(T(3)), torch.celu(T(3), 0.5)]",
    "[torch.celu(T(3), alpha=2.0), torch.rrelu(T(3)), torch.rrelu(T(3), lower=0.1, upper=0.3)]",
    "[torch.threshold(T(3), 0.1, 2.0), torch.threshold(T(3), threshold=0.1, value=2.0)]",
    "[torch.hardshrink(T(3)), torch.hardshrink(T(3), lambd=0.2), T(3).hardshrink(0.1)]",
    "[T(3).relu(), T(3).hardshrink(), T(3).hardshrink(lambd=0.7)]",
    "F.softmax(T(3, 4), 1, dtype=torch.float64)",
    "F.log_softmax(T(3, 4), 1, dtype=torch.float64)",
    "F.softmin(T(3, 4), 1, dtype=torch.float64)",
    "[F.softmax(T(3, 4)), F.softmax(T(3)), F.log_softmax(T(2, 3, 2)), F.softmin(T(2, 3, 2, 1))]",
)
bad(
    "torch.nn.functional.celu torch.nn.functional.hardtanh torch.nn.functional.glu",
    "F.celu(T(3), alpha=0.0)",
    "torch.celu(T(3), alpha=0.0)",
    "F.hardtanh(T(3), 2.0, -2.0)",
    "nn.Hardtanh(2.0, -2.0)",
    "F.glu(T(2, 3))",
    "F.glu(T())",
    "F.glu(T(2, 4), 5)",
    "F.gelu(T(3), approximate='other')",
    "F.softshrink(T(3), -1.0)",
    "F.rrelu(T(3), 0.5, 0.1, True)",
    "F.softmax(T(3), 2)",
    "F.relu(T(3), inplace=True)",
)
add(
    "torch.prelu torch.Tensor.prelu torch.nn.functional.prelu torch.nn.PReLU",
    "F.prelu(T(3, 4), T(1))",
    "F.prelu(T(3, 4), T(4))",
    "F.prelu(T(2, 3, 4), T(3))",
    "F.prelu(T(2, 3, 2, 2), T(3))",
    "F.prelu(T(5), T(1))",
    "F.prelu(T(5), T())",
    "F.prelu(T(), T(1))",
    "F.prelu(T(0, 3), T(3))",
    "torch.prelu(input=T(2, 3), weight=T(3))",
    "T(2, 3).prelu(T(3))",
    "fill(nn.PReLU())(T(3, 4))",
    "fill(nn.PReLU(3, init=0.1))(T(2, 3, 4))",
    "nn.PReLU(2, 0.1).weight",
)
bad(
    "torch.nn.functional.prelu",
    "F.prelu(T(3, 4), T(2))",
    "F.prelu(T(4), T(4))",
    "F.prelu(T(), T(2))",
    "F.prelu(T(3, 4), T(1, 4))",
    "F.prelu(T(3, 4), T(1).to(torch.float16))",
)

# ---- dropout: what does not depend on random numbers
for function in (
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "alpha_dropout",
    "feature_alpha_dropout",
):
    shape = {"dropout2d": "2, 3, 4, 4", "dropout3d": "2, 3, 4, 4, 2"}.get(function, "2, 3, 4")
    names = f"torch.nn.functional.{function}"
    add(
        names,
        f"F.{function}(T({shape}), 0.5, False)",
        f"F.{function}(T({shape}), p=0.0, training=True)",
        f"F.{function}(T({shape}), p=1.0, training=True)",
        f"x = T({shape}) * 1; y = F.{function}(x, 1.0, True, True); [y is x, y]",
        f"x = T({shape}) * 1; y = F.{function}(x, 0.5, training=False, inplace=True); [y is x, y]",
    )
    bad(names, f"F.{function}(T({shape}), 1.5)", f"F.{function}(T({shape}), p=-0.1)")
for layer, shape in {
    "Dropout": "2, 3",
    "Dropout1d": "2, 3, 4",
    "Dropout2d": "2, 3, 4, 4",
    "Dropout3d": "2, 3, 2, 2, 2",
    "AlphaDropout": "2, 3",
    "FeatureAlphaDropout": "2, 3, 4",
}.items():
    add(
        f"torch.nn.{layer}",
        f"fill(nn.{layer}()).eval()(T({shape}))",
        f"fill(nn.{layer}(p=1.0))(T({shape}))",
        f"x = T({shape}) * 1; fill(nn.{layer}(1.0, inplace=True))(x)",
    )
    bad(f"torch.nn.{layer}", f"nn.{layer}(1.5)")
for function in ("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout"):
    for name in (function, function + "_"):
        add(
            f"torch.{name}",
            f"torch.{name}(T(2, 3, 4) * 1, 1.0, True)",
            f"torch.{name}(T(2, 3, 4) * 1, p=0.5, train=False)",
        )
        bad(f"torch.{name}", f"torch.{name}(T(2, 3) * 1, 1.5, True)", f"torch.{name}(T(2, 3), 0.5)")
add(
    "torch.nn.functional.dropout1d torch.nn.functional.dropout2d torch.nn.functional.dropout3d",
    "F.dropout1d(T(3, 4), 1.0)",
    "F.dropout2d(T(3, 4), 1.0)",
    "F.dropout2d(T(3, 4, 2), 1.0)",
    "F.dropout3d(T(3, 4, 2, 2), 1.0)",
    "F.dropout3d(T(3, 4, 2), 1.0)",
)
bad(
    "torch.nn.functional.dropout1d torch.nn.functional.feature_alpha_dropout",
    "F.dropout1d(T(3))",
    "F.dropout1d(T(2, 3, 4, 5))",
    "F.dropout2d(T(3))",
    "F.feature_alpha_dropout(T(3), training=True)",
    "torch.feature_dropout(T(3), 0.5, True)",
)

# ---- one_hot, normalize
add(
    "torch.nn.functional.one_hot",
    "F.one_hot(I(2, 3))",
    "F.one_hot(I(2, 3), 7)",
    "F.one_hot(I(2, 3), num_classes=-1)",
    "F.one_hot(I())",
    "F.one_hot(I(0), 3)",
)
bad(
    "torch.nn.functional.one_hot",
    "F.one_hot(I(3) - 5)",
    "F.one_hot(torch.tensor([0, 3]), 2)",
    "F.one_hot(I(0))",
    "F.one_hot(C(3), 3)",
    "F.one_hot(I(3).to(torch.int32), 5)",
)
for p in ("1", "2", "3", "0.5", "float('inf')", "0"):
    add(
        "torch.nn.functional.normalize",
        f"F.normalize(T(3, 4), p={p})",
        f"F.normalize(T(2, 3, 4), {p}, 0, 1.5)",
        # PyTorch's second derivative of an infinite norm is 0/0 at elements that are 0.
        order=2,
    )
add(
    "torch.nn.functional.normalize",
    "F.normalize(T(4), dim=0)",
    "F.normalize(T(3, 4), dim=(0, 1))",
    "F.normalize(torch.zeros(2, 3))",
    "F.normalize(C(3, 4), out=torch.empty(3, 4).to(float_dtype))",
    "F.normalize(T(3, 0))",
)
bad("torch.nn.functional.normalize", "F.normalize(T(4))", "F.normalize(T(3, 4), dim=2)")

# ---- distances
COSINE = "torch.nn.functional.cosine_similarity torch.cosine_similarity torch.nn.CosineSimilarity"
add(
    COSINE,
    "F.cosine_similarity(T(3, 4), T(3, 4))",
    "F.cosine_similarity(T(3, 4), T(3, 4), dim=0)",
    "F.cosine_similarity(T(2, 3, 4), T(3, 1), -1, 0.5)",
    "F.cosine_similarity(T(4), T(4), dim=0)",
    "F.cosine_similarity(torch.zeros(2, 3), torch.ones(2, 3))",
    "F.cosine_similarity(C(2, 3).to(torch.float64), C(2, 3))",
    "torch.cosine_similarity(T(3, 4), T(3, 4), dim=1, eps=1e-3)",
    "fill(nn.CosineSimilarity())(T(3, 4), T(3, 4))",
    "fill(nn.CosineSimilarity(dim=0, eps=0.1))(T(3, 4), T(3, 4))",
)
bad(
    COSINE,
    "F.cosine_similarity(T(3, 4), T(2, 4))",
    "F.cosine_similarity(I(3, 4), I(3, 4))",
    "F.cosine_similarity(T(3, 4), T(3, 4), dim=2)",
)
PAIR = "torch.nn.functional.pairwise_distance torch.pairwise_distance torch.nn.PairwiseDistance"
for p in ("0.5", "1", "2", "3", "float('inf')", "-1"):
    add(
        PAIR,
        f"F.pairwise_distance(T(3, 4), T(3, 4), p={p})",
        f"F.pairwise_distance(T(3, 4), T(4), {p}, 0.1, True)",
    )
add(
    PAIR,
    "F.pairwise_distance(T(3, 4), T(3, 4), p=0)",
    "F.pairwise_distance(T(4), T(4))",
    "torch.pairwise_distance(T(2, 3, 4), T(3, 4), p=2.0, eps=1e-3, keepdim=True)",
    "fill(nn.PairwiseDistance())(T(3, 4), T(3, 4))",
    "fill(nn.PairwiseDistance(p=1, keepdim=True, eps=0.1))(T(3, 4), T(3, 4))",
)
bad(PAIR, "F.pairwise_distance(T(3, 4), T(2, 4))", "F.pairwise_distance(T(3, 4), T(3, 2))")

# PyTorch has second derivatives of cdist where it uses a product of matrices only.
X = "torch.tensor([[1.0, 2, 3], [1, 2, 4], [2, 2, 4]]).to(float_dtype).requires_grad_()"
for p in ("0", "0.5", "1", "1.5", "2", "3", "float('inf')"):
    add(
        "torch.cdist",
        f"torch.cdist(T(3, 4), T(2, 4), p={p})",
        f"torch.cdist(T(2, 1, 3, 4), T(5, 2, 4), {p})",
        f"torch.cdist(T(30, 4), T(3, 4), {p}, 'donot_use_mm_for_euclid_dist')",
        f"x = {X}; d = torch.cdist(x, x, {p}); [d, torch.autograd.grad(d.sum(), x)[0]]",
        f"torch.cdist(T(0, 4), T(2, 4), {p})",
        f"torch.cdist(T(2, 0), T(3, 0), {p})",
        order=1,
    )
    add(
        "torch.nn.functional.pdist torch.pdist",
        f"F.pdist(T(5, 3), {p})",
        f"x = {X}; d = torch.pdist(x, p={p}); [d, torch.autograd.grad(d.sum(), x)[0]]",
        order=1,
    )
add(
    "torch.cdist",
    "torch.cdist(T(30, 4), T(3, 4))",
    "torch.cdist(T(2, 3, 4), T(2, 30, 4))",
    "torch.cdist(T(3, 4), T(2, 4), compute_mode='use_mm_for_euclid_dist')",
)
# PyTorch crashes in the backward pass of these.
add("torch.pdist", "torch.pdist(C(1, 3))", "torch.pdist(C(0, 3))", "torch.pdist(C(3, 0))")
bad(
    "torch.cdist torch.pdist",
    "torch.cdist(T(3, 4), T(2, 4), -1)",
    "torch.cdist(T(4), T(2, 4))",
    "torch.cdist(T(3, 4), T(4))",
    "torch.cdist(T(3, 4), T(2, 3))",
    "torch.cdist(T(2, 3, 4), T(5, 2, 4))",
    "torch.cdist(I(3, 4), I(2, 4))",
    "torch.cdist(C(3, 4).to(torch.float16), C(2, 4).to(torch.float16))",
    "torch.cdist(C(3, 4).double(), C(2, 4).float())",
    "torch.cdist(T(3, 4), T(2, 4), compute_mode='other')",
    "torch.pdist(T(3))",
    "torch.pdist(T(2, 3, 4))",
    "torch.pdist(T(2, 3), -1)",
    "torch.pdist(I(2, 3))",
)

# ---- bilinear
add(
    "torch.nn.functional.bilinear torch.bilinear torch.nn.Bilinear",
    "F.bilinear(T(3, 4), T(3, 5), T(2, 4, 5))",
    "F.bilinear(T(3, 4), T(3, 5), T(2, 4, 5), T(2))",
    "torch.bilinear(input1=T(2, 3, 4), input2=T(2, 3, 5), weight=T(2, 4, 5), bias=T(2))",
    "F.bilinear(T(4), T(5), T(2, 4, 5), bias=T(2))",
    "F.bilinear(T(0, 4), T(0, 5), T(2, 4, 5))",
    "fill(nn.Bilinear(4, 5, 2))(T(3, 4), T(3, 5))",
    "fill(nn.Bilinear(4, 5, 2, bias=False))(T(3, 4), T(3, 5))",
)
bad(
    "torch.nn.functional.bilinear",
    "F.bilinear(T(3, 4), T(3, 5), T(2, 4, 4))",
    "F.bilinear(T(3, 4), T(2, 5), T(2, 4, 5))",
    "F.bilinear(T(3, 4), T(3, 5), T(2, 3, 5))",
    "F.bilinear(T(3, 4), T(3, 5), T(2, 4, 5), T(3))",
)

# ---- losses with the arguments they have in torch itself
SIGNS = "torch.tensor([1, -1, 1])"
for r in (0, 1, 2):
    add(
        "torch.cosine_embedding_loss torch.hinge_embedding_loss torch.margin_ranking_loss "
        "torch.triplet_margin_loss torch.poisson_nll_loss torch.kl_div "
        "torch.binary_cross_entropy_with_logits",
        f"torch.cosine_embedding_loss(T(3, 4), T(3, 4), {SIGNS}, 0.1, {r})",
        f"torch.hinge_embedding_loss(T(3), {SIGNS}, 0.5, reduction={r})",
        f"torch.margin_ranking_loss(T(3), T(3), {SIGNS}, margin=0.5, reduction={r})",
        f"torch.triplet_margin_loss(T(3, 4), T(3, 4), T(3, 4), 0.5, 2.0, 1e-3, True, {r})",
        f"torch.poisson_nll_loss(T(3), U(3), True, False, 1e-8, {r})",
        f"torch.kl_div(T(3), U(3), {r})",
        f"torch.kl_div(T(3), T(3), reduction={r}, log_target=True)",
        f"torch.binary_cross_entropy_with_logits(T(3, 4), C(3, 4), C(4), C(4), {r})",
    )
add(
    "torch.cosine_embedding_loss torch.hinge_embedding_loss torch.triplet_margin_loss",
    f"torch.cosine_embedding_loss(T(3, 4), T(3, 4), {SIGNS})",
    f"torch.hinge_embedding_loss(T(3), {SIGNS})",
    f"torch.margin_ranking_loss(T(3), T(3), {SIGNS})",
    "torch.triplet_margin_loss(T(3, 4), T(3, 4), T(3, 4))",
    "[torch.kl_div(T(3), U(3)), torch.binary_cross_entropy_with_logits(T(3), U(3))]",
)

add(
    "torch.norm_except_dim",
    "torch.norm_except_dim(T(3, 4))",
    "torch.norm_except_dim(T(3, 4, 2), 2, 1)",
    "torch.norm_except_dim(T(3, 4), pow=3, dim=1)",
    "torch.norm_except_dim(T(3, 4), 2, -1)",
)
