"""Losses, as functions and as modules."""

from harness import Case

CASES: list[Case] = []


def add(names: str, *codes: str, **options: object) -> None:
    CASES.extend(Case(names, code, **options) for code in codes)  # type: ignore[arg-type]


def bad(names: str, *codes: str) -> None:
    add(names, *codes, raises=True)


# ---- of elements
ELEMENTS = {
    "mse_loss": ("MSELoss", True, "T(3, 4)"),
    "l1_loss": ("L1Loss", True, "T(3, 4)"),
    "smooth_l1_loss": ("SmoothL1Loss", True, "T(3, 4)"),
    "huber_loss": ("HuberLoss", False, "T(3, 4)"),
    "soft_margin_loss": ("SoftMarginLoss", True, "torch.sign(C(3, 4, low=-1, high=1))"),
    "kl_div": ("KLDivLoss", True, "U(3, 4)"),
    "poisson_nll_loss": ("PoissonNLLLoss", True, "U(3, 4)"),
    "hinge_embedding_loss": ("HingeEmbeddingLoss", True, "torch.sign(C(3, 4, low=-1, high=1))"),
    "multilabel_soft_margin_loss": ("MultiLabelSoftMarginLoss", True, "U(3, 4)"),
    "binary_cross_entropy_with_logits": ("BCEWithLogitsLoss", True, "U(3, 4)"),
}
for function, (layer, old, target) in ELEMENTS.items():
    names = f"torch.nn.functional.{function} torch.nn.{layer}"
    add(names, f"F.{function}(T(3, 4), {target})", f"fill(nn.{layer}())(T(3, 4), {target})")
    for reduction in ("mean", "sum", "none"):
        add(
            names,
            f"F.{function}(T(3, 4), {target}, reduction='{reduction}')",
            f"fill(nn.{layer}(reduction='{reduction}'))(T(3, 4), {target})",
        )
    bad(names, f"F.{function}(T(3, 4), {target}, reduction='other')")
    if old:
        for arguments in ("size_average=False", "reduce=False", "size_average=True, reduce=True"):
            add(
                names,
                f"F.{function}(T(3, 4), {target}, {arguments})",
                f"m = nn.{layer}({arguments}); [m.reduction, m(T(3, 4), {target})]",
            )
    # An odd shape each: nothing, a number, three dimensions.
    for shape in ("0", "", "2, 1, 3"):
        odd = (
            target.replace("3, 4", shape)
            if shape
            else target.replace("3, 4, ", "").replace("3, 4", "")
        )
        if shape == "" and function == "multilabel_soft_margin_loss":
            continue
        add(names, f"F.{function}(T({shape}), {odd}, reduction='sum')")
add(
    "torch.nn.functional.mse_loss torch.nn.functional.l1_loss torch.nn.functional.huber_loss",
    "F.mse_loss(T(3, 4), T(4), reduction='none')",
    "F.l1_loss(T(3, 4), T(3, 1))",
    "F.smooth_l1_loss(T(3, 4), T(4))",
    "F.huber_loss(T(3, 4), T(4))",
    "F.mse_loss(T(3, 4), T(3, 4), weight=U(3, 4))",
    "F.mse_loss(T(3, 4), T(3, 4), weight=U(3, 4), reduction='sum')",
    "F.l1_loss(T(3, 4), T(3, 4), weight=U(3, 4))",
    "F.l1_loss(T(3, 4), T(3, 4), weight=U(3, 4), reduction='none')",
    "F.huber_loss(T(3, 4), T(3, 4), weight=U(3, 4), delta=0.5)",
    "F.huber_loss(T(3, 4), T(3, 4), 'sum', 0.5, U(3, 4))",
    "F.smooth_l1_loss(T(3, 4), T(3, 4), beta=0.5)",
    "F.smooth_l1_loss(T(3, 4), T(3, 4), beta=0.0)",
    "fill(nn.SmoothL1Loss(beta=0.3))(T(3, 4), T(3, 4))",
    "F.huber_loss(T(3, 4), T(3, 4), delta=2.0)",
    "fill(nn.HuberLoss('sum', 0.3))(T(3, 4), T(3, 4))",
)
bad(
    "torch.nn.functional.mse_loss torch.nn.functional.l1_loss",
    "F.mse_loss(T(3, 4), T(3, 4), weight=U(4))",
    "F.mse_loss(T(3, 4), T(3))",
    "F.l1_loss(T(3, 4), T(3))",
    "F.huber_loss(T(3, 4), T(3, 4), delta=0.0)",
    "F.smooth_l1_loss(T(3, 4), T(3, 4), beta=-1.0)",
    "F.soft_margin_loss(T(3, 4), T(2, 4))",
    "F.hinge_embedding_loss(T(3, 4), T(2, 4))",
)
add(
    "torch.nn.functional.kl_div torch.nn.KLDivLoss",
    "F.kl_div(T(3, 4), U(3, 4), reduction='batchmean')",
    "F.kl_div(T(4), U(4), reduction='batchmean')",
    "F.kl_div(T(3, 4), T(3, 4), log_target=True)",
    "F.kl_div(T(3, 4), T(3, 4), log_target=True, reduction='none')",
    "F.kl_div(T(3, 4), T(3, 4), log_target=True, reduction='batchmean')",
    "F.kl_div(T(3, 4), U(4))",
    "F.kl_div(T(2, 2), torch.tensor([[0.0, 1.0], [0.5, 0.0]]).to(float_dtype), reduction='none')",
    "fill(nn.KLDivLoss(reduction='batchmean', log_target=True))(T(3, 4), T(3, 4))",
)
add(
    "torch.nn.functional.poisson_nll_loss torch.nn.PoissonNLLLoss",
    "F.poisson_nll_loss(T(3, 4), U(3, 4, high=5.0), full=True)",
    "F.poisson_nll_loss(U(3, 4), U(3, 4, high=5.0), log_input=False, full=True, eps=0.1)",
    "F.poisson_nll_loss(U(3, 4), U(3, 4, high=5.0), log_input=False)",
    "F.poisson_nll_loss(T(3, 4), U(4))",
    "fill(nn.PoissonNLLLoss(False, True, eps=0.01))(U(3, 4), U(3, 4, high=5.0))",
    "fill(nn.PoissonNLLLoss(log_input=True, full=False, reduction='sum'))(T(3), U(3))",
)
add(
    "torch.nn.functional.gaussian_nll_loss torch.nn.GaussianNLLLoss",
    "F.gaussian_nll_loss(T(3, 4), T(3, 4), U(3, 4))",
    "F.gaussian_nll_loss(T(3, 4), T(3, 4), U(3, 1), reduction='none')",
    "F.gaussian_nll_loss(T(3, 4), T(3, 4), U(3), reduction='sum')",
    "F.gaussian_nll_loss(T(3, 4), T(3, 4), 0.5)",
    "F.gaussian_nll_loss(T(3, 4), T(3, 4), U(3, 4), full=True)",
    "F.gaussian_nll_loss(T(3, 4), T(3, 4), U(3, 4), eps=0.4)",
    "F.gaussian_nll_loss(T(3, 4), T(4), U(3, 4))",
    "fill(nn.GaussianNLLLoss())(T(3, 4), T(3, 4), U(3, 4))",
    "fill(nn.GaussianNLLLoss(full=True, eps=0.3, reduction='sum'))(T(3, 4), T(3, 4), U(3, 4))",
)
bad(
    "torch.nn.functional.gaussian_nll_loss",
    "F.gaussian_nll_loss(T(3, 4), T(3, 4), U(3, 2))",
    "F.gaussian_nll_loss(T(3, 4), T(3, 4), U(2, 3, 4))",
    "F.gaussian_nll_loss(T(3, 4), T(3, 4), -U(3, 4))",
    "F.gaussian_nll_loss(T(3, 4), T(3, 4), -0.1)",
    "F.gaussian_nll_loss(T(3, 4), T(3, 4), U(3, 4), reduction='other')",
)
add(
    "torch.nn.functional.hinge_embedding_loss torch.nn.HingeEmbeddingLoss",
    "F.hinge_embedding_loss(U(6), torch.tensor([1, -1, 1, -1, 1, -1]), margin=0.4)",
    "F.hinge_embedding_loss(U(4), torch.tensor([1, -1, 0, 2]), reduction='none')",
    "fill(nn.HingeEmbeddingLoss(0.5, reduction='sum'))(U(4), torch.tensor([1, -1, -1, 1]))",
)
add(
    "torch.nn.functional.multilabel_soft_margin_loss torch.nn.MultiLabelSoftMarginLoss",
    "F.multilabel_soft_margin_loss(T(3, 4), U(3, 4), weight=U(4))",
    "F.multilabel_soft_margin_loss(T(4), U(4), reduction='none')",
    "F.multilabel_soft_margin_loss(T(3, 4), U(4), weight=U(3, 4), reduction='sum')",
    "fill(nn.MultiLabelSoftMarginLoss(C(4)))(T(3, 4), U(3, 4))",
)
bad(
    "torch.nn.functional.multilabel_soft_margin_loss",
    "F.multilabel_soft_margin_loss(T(3, 4), U(3, 3))",
)

# ---- binary cross entropy
BINARY = "torch.nn.functional.binary_cross_entropy torch.nn.BCELoss"
add(
    BINARY,
    "F.binary_cross_entropy(U(3, 4), C(3, 4))",
    "F.binary_cross_entropy(U(3, 4), U(3, 4), reduction='none')",
    "F.binary_cross_entropy(U(3, 4), C(3, 4), C(3, 4), reduction='sum')",
    "F.binary_cross_entropy(U(3, 4), C(3, 4), C(4))",
    "F.binary_cross_entropy(U(3, 4), C(3, 4), C(3, 1), reduction='none')",
    "F.binary_cross_entropy(U(3, 4), C(3, 4), size_average=False)",
    "F.binary_cross_entropy(U(3, 4), C(3, 4), reduce=False)",
    "F.binary_cross_entropy(U(), C())",
    "F.binary_cross_entropy(U(0), C(0), reduction='sum')",
    "fill(nn.BCELoss())(U(3, 4), C(3, 4))",
    "fill(nn.BCELoss(C(4), reduction='sum'))(U(3, 4), C(3, 4))",
    "nn.BCELoss(C(4)).state_dict()",
)
add(  # the limit of the logarithms, where PyTorch's second derivative has another limit
    BINARY,
    "F.binary_cross_entropy(torch.tensor([0.0, 1.0, 0.0, 1.0]).to(float_dtype).requires_grad_(), "
    "torch.tensor([0.0, 1.0, 1.0, 0.0]).to(float_dtype), reduction='none')",
)
bad(
    BINARY,
    "F.binary_cross_entropy(U(3, 4) + 1, C(3, 4))",
    "F.binary_cross_entropy(-U(3, 4), C(3, 4))",
    "F.binary_cross_entropy(U(3, 4) * float('nan'), C(3, 4))",
    "F.binary_cross_entropy(U(3, 4), C(3, 4) + 1)",
    "F.binary_cross_entropy(U(3, 4), C(3, 4), C(3))",
    "F.binary_cross_entropy(U(3, 4), C(3, 4), C(2, 3, 4))",
    "F.binary_cross_entropy(U(3, 4), C(4))",
    "F.binary_cross_entropy(U(3, 4), I(3, 4, high=2))",
    "F.binary_cross_entropy(U(3, 4), C(3, 4), reduction='other')",
)
LOGITS = "torch.nn.functional.binary_cross_entropy_with_logits torch.nn.BCEWithLogitsLoss"
add(
    LOGITS,
    "F.binary_cross_entropy_with_logits(T(3, 4), C(3, 4), weight=C(4))",
    "F.binary_cross_entropy_with_logits(T(3, 4), C(3, 4), pos_weight=C(4, high=3.0))",
    "F.binary_cross_entropy_with_logits(T(3, 4), C(3, 4), C(3, 1), pos_weight=C(4), reduction='none')",
    "F.binary_cross_entropy_with_logits(T(3, 4) * 100, C(3, 4), reduction='none')",
    "F.binary_cross_entropy_with_logits(T(3, 4), 2 * C(3, 4) - 1)",
    "fill(nn.BCEWithLogitsLoss(C(4), pos_weight=C(4)))(T(3, 4), C(3, 4))",
    "list(nn.BCEWithLogitsLoss(C(4), pos_weight=C(4)).state_dict())",
)
bad(
    LOGITS,
    "F.binary_cross_entropy_with_logits(T(3, 4), C(4))",
    "F.binary_cross_entropy_with_logits(T(3, 4), C(3, 4), C(3))",
    "F.binary_cross_entropy_with_logits(T(3, 4), C(3, 4), pos_weight=C(3))",
)

# ---- of classes
CROSS = "torch.nn.functional.cross_entropy torch.nn.CrossEntropyLoss"
NLL = "torch.nn.functional.nll_loss torch.nn.NLLLoss"
for function, layer, names in (
    ("cross_entropy", "CrossEntropyLoss", CROSS),
    ("nll_loss", "NLLLoss", NLL),
):
    for reduction in ("mean", "sum", "none"):
        add(
            names,
            f"F.{function}(T(4, 5), I(4), reduction='{reduction}')",
            f"F.{function}(T(4, 5), I(4), C(5), reduction='{reduction}')",
            f"F.{function}(T(4, 5), I(4), C(5), ignore_index=2, reduction='{reduction}')",
            f"F.{function}(T(4, 5), torch.tensor([1, -100, 2, -100]), reduction='{reduction}')",
            f"F.{function}(T(2, 5, 3), I(2, 3), C(5), reduction='{reduction}')",
            f"F.{function}(T(2, 5, 3, 2).contiguous(), I(2, 3, 2), reduction='{reduction}')",
            f"F.{function}(T(5), I(), reduction='{reduction}')",
            f"fill(nn.{layer}(C(5), ignore_index=1, reduction='{reduction}'))(T(4, 5), I(4))",
        )
    add(
        names,
        f"F.{function}(T(4, 5), I(4), size_average=False)",
        f"F.{function}(T(4, 5), I(4), reduce=False)",
        f"F.{function}(T(0, 5), I(0), reduction='sum')",
        f"F.{function}(T(0, 5), I(0), reduction='none')",
        f"F.{function}(T(0, 5), I(0))",
        f"nn.{layer}(size_average=False).reduction",
        f"nn.{layer}(reduce=False).reduction",
        f"fill(nn.{layer}())(T(4, 5), I(4))",
    )
    bad(
        names,
        f"F.{function}(T(4, 5), I(3))",
        f"F.{function}(T(4, 5), I(4) + 5)",
        f"F.{function}(T(4, 5), -1 - I(4))",
        f"F.{function}(T(4, 5), I(4), C(4))",
        f"F.{function}(T(4, 5), C(4))",
        f"F.{function}(T(4, 5), I(4), reduction='other')",
        f"F.{function}(T(), I())",
        f"F.{function}(T(2, 5, 3), I(2, 4))",
    )
for reduction in ("mean", "sum", "none"):
    add(
        CROSS,
        f"F.cross_entropy(T(4, 5), U(4, 5), reduction='{reduction}')",
        f"F.cross_entropy(T(4, 5), U(4, 5), C(5), reduction='{reduction}')",
        f"F.cross_entropy(T(2, 5, 3), U(2, 5, 3), C(5), label_smoothing=0.2, reduction='{reduction}')",
        f"F.cross_entropy(T(4, 5), I(4), label_smoothing=0.2, reduction='{reduction}')",
        f"F.cross_entropy(T(4, 5), I(4), C(5), ignore_index=1, label_smoothing=0.3, "
        f"reduction='{reduction}')",
        f"F.cross_entropy(T(2, 5, 3), I(2, 3), C(5), label_smoothing=1.0, reduction='{reduction}')",
    )
add(
    CROSS,
    "F.cross_entropy(T(5), U(5))",
    "fill(nn.CrossEntropyLoss(label_smoothing=0.1))(T(4, 5), I(4))",
    "fill(nn.CrossEntropyLoss(C(5), label_smoothing=0.1))(T(4, 5), U(4, 5))",
)
bad(
    CROSS,
    "F.cross_entropy(T(4, 5), I(4), label_smoothing=1.5)",
    "F.cross_entropy(T(4, 5), U(4, 5), ignore_index=1)",
    "F.cross_entropy(T(4, 5), U(4, 4))",
)
add(
    "torch.nn.NLLLoss2d",
    "fill(nn.NLLLoss2d())(T(2, 5, 3, 2).contiguous(), I(2, 3, 2))",
    "fill(nn.NLLLoss2d(C(5), ignore_index=2, reduction='sum'))(T(2, 5, 3, 2).contiguous(), I(2, 3, 2))",
)

# ---- of margins between classes; PyTorch has no second derivative of the first two
MULTI = "torch.nn.functional.multi_margin_loss torch.nn.MultiMarginLoss"
for reduction in ("mean", "sum", "none"):
    add(
        MULTI,
        f"F.multi_margin_loss(T(4, 5), I(4), reduction='{reduction}')",
        f"F.multi_margin_loss(T(4, 5), I(4), p=2, margin=0.5, reduction='{reduction}')",
        f"F.multi_margin_loss(T(4, 5), I(4), weight=C(5), reduction='{reduction}')",
        f"F.multi_margin_loss(T(4, 5), I(4), 2, 1.5, C(5), reduction='{reduction}')",
        f"F.multi_margin_loss(T(5), I(), reduction='{reduction}')",
        f"F.multi_margin_loss(T(5), I(1), reduction='{reduction}')",
        f"F.multi_margin_loss(T(), I(high=1), reduction='{reduction}')",
        f"fill(nn.MultiMarginLoss(2, 0.7, C(5), reduction='{reduction}'))(T(4, 5), I(4))",
        order=1,
    )
add(
    MULTI,
    "F.multi_margin_loss(T(4, 5), I(4), size_average=False)",
    "F.multi_margin_loss(T(4, 5), I(4), reduce=False)",
    "F.multi_margin_loss(T(0, 5), I(0), reduction='none')",
    "fill(nn.MultiMarginLoss())(T(4, 5), I(4))",
    "nn.MultiMarginLoss(weight=C(5)).state_dict()",
    order=1,
)
bad(
    MULTI,
    "F.multi_margin_loss(T(4, 5), I(3))",
    "F.multi_margin_loss(T(4, 5), I(4) + 5)",
    "F.multi_margin_loss(T(4, 5), I(4) - 5)",
    "F.multi_margin_loss(T(4, 5), I(4), p=3)",
    "F.multi_margin_loss(T(4, 5), I(4), weight=C(4))",
    "F.multi_margin_loss(T(4, 5), I(4).to(torch.int32))",
    "F.multi_margin_loss(T(4, 0), I(4))",
    "F.multi_margin_loss(T(1, 4, 5), I(4))",
    "F.multi_margin_loss(T(4, 5), I(4), reduction='other')",
    "nn.MultiMarginLoss(p=3)",
    "nn.MultiMarginLoss(weight=C(4, 5))",
)
LABELS = "torch.nn.functional.multilabel_margin_loss torch.nn.MultiLabelMarginLoss"
TARGETS = "torch.tensor([[3, 0, -1, 1], [0, 1, 2, 3], [-1, 2, 1, 0], [2, 2, -1, -1]])"
for reduction in ("mean", "sum", "none"):
    add(
        LABELS,
        f"F.multilabel_margin_loss(T(4, 4), {TARGETS}, reduction='{reduction}')",
        f"F.multilabel_margin_loss(T(4), {TARGETS}[0], reduction='{reduction}')",
        f"F.multilabel_margin_loss(T(), torch.tensor(0), reduction='{reduction}')",
        f"fill(nn.MultiLabelMarginLoss(reduction='{reduction}'))(T(4, 4), {TARGETS})",
        order=1,
    )
add(
    LABELS,
    f"F.multilabel_margin_loss(T(4, 4), {TARGETS}, size_average=False)",
    f"F.multilabel_margin_loss(T(4, 4), {TARGETS}, reduce=False)",
    f"F.multilabel_margin_loss(T(0, 4), {TARGETS}[:0], reduction='none')",
    order=1,
)
bad(
    LABELS,
    f"F.multilabel_margin_loss(T(4, 4), {TARGETS}[0])",
    f"F.multilabel_margin_loss(T(4, 4), {TARGETS} + 1)",
    f"F.multilabel_margin_loss(T(4, 4), {TARGETS} - 1)",
    f"F.multilabel_margin_loss(T(4, 4), {TARGETS}.to(torch.int32))",
    f"F.multilabel_margin_loss(T(4, 0), {TARGETS}[:, :0])",
)

# ---- of pairs and triples
RANKING = "torch.nn.functional.margin_ranking_loss torch.nn.MarginRankingLoss"
SIGNS = "torch.tensor([1, -1, 1])"
for reduction in ("mean", "sum", "none"):
    add(
        RANKING,
        f"F.margin_ranking_loss(T(3), T(3), {SIGNS}, 0.5, reduction='{reduction}')",
        f"fill(nn.MarginRankingLoss(0.3, reduction='{reduction}'))(T(3), T(3), {SIGNS})",
    )
    add(
        "torch.nn.functional.cosine_embedding_loss torch.nn.CosineEmbeddingLoss",
        f"F.cosine_embedding_loss(T(3, 4), T(3, 4), {SIGNS}, reduction='{reduction}')",
        f"F.cosine_embedding_loss(T(3, 4), T(3, 4), {SIGNS}, -0.5, reduction='{reduction}')",
        f"F.cosine_embedding_loss(T(4), T(4), torch.tensor(-1), margin=-0.9, reduction='{reduction}')",
        f"fill(nn.CosineEmbeddingLoss(-0.3, reduction='{reduction}'))(T(3, 4), T(3, 4), {SIGNS})",
    )
    for swap in (False, True):
        add(
            "torch.nn.functional.triplet_margin_loss torch.nn.TripletMarginLoss",
            f"F.triplet_margin_loss(T(3, 4), T(3, 4), T(3, 4), swap={swap}, reduction='{reduction}')",
            f"F.triplet_margin_loss(T(4), T(4), T(4), 2.0, 3, 0.1, {swap}, reduction='{reduction}')",
            f"fill(nn.TripletMarginLoss(1.5, 1.0, swap={swap}, reduction='{reduction}'))"
            "(T(3, 4), T(3, 4), T(3, 4))",
        )
        add(
            "torch.nn.functional.triplet_margin_with_distance_loss "
            "torch.nn.TripletMarginWithDistanceLoss",
            f"F.triplet_margin_with_distance_loss(T(3, 4), T(3, 4), T(3, 4), margin=2.0, swap={swap}, "
            f"reduction='{reduction}')",
            "F.triplet_margin_with_distance_loss(T(3, 4), T(3, 4), T(3, 4), "
            f"distance_function=lambda a, b: (a - b).abs().sum(-1), swap={swap}, "
            f"reduction='{reduction}')",
            "fill(nn.TripletMarginWithDistanceLoss(distance_function=nn.PairwiseDistance(p=1), "
            f"swap={swap}, reduction='{reduction}'))(T(3, 4), T(3, 4), T(3, 4))",
        )
add(RANKING, f"F.margin_ranking_loss(T(2, 3), T(2, 3), {SIGNS}[None])")
add(RANKING, f"F.margin_ranking_loss(T(3), T(3), {SIGNS}, size_average=False)")
add(
    "torch.nn.functional.triplet_margin_loss torch.nn.functional.cosine_embedding_loss",
    "F.triplet_margin_loss(T(3, 4), T(1, 4), T(3, 4), reduce=False)",
    f"F.cosine_embedding_loss(T(3, 4), T(1, 4), {SIGNS}, reduce=False)",
    "fill(nn.TripletMarginLoss())(T(3, 4), T(3, 4), T(3, 4))",
    "fill(nn.TripletMarginWithDistanceLoss())(T(3, 4), T(3, 4), T(3, 4))",
    "fill(nn.CosineEmbeddingLoss())(T(4), T(4), torch.tensor(1))",
    "fill(nn.MarginRankingLoss())(T(4), T(4), torch.tensor([1]))",
)
bad(
    RANKING,
    "F.margin_ranking_loss(T(3, 4), T(3, 4), torch.ones(3))",
    f"F.margin_ranking_loss(T(3), T(2), {SIGNS})",
    f"F.margin_ranking_loss(T(3), T(3), {SIGNS}, reduction='other')",
)
bad(
    "torch.nn.functional.cosine_embedding_loss",
    "F.cosine_embedding_loss(T(3, 4), T(3, 4), torch.ones(3, 1))",
    "F.cosine_embedding_loss(T(4), T(4), torch.ones(1))",
    "F.cosine_embedding_loss(T(3, 4), T(3, 4), torch.tensor(1))",
    "F.cosine_embedding_loss(T(3, 4), T(2, 4), torch.ones(3))",
)
bad(
    "torch.nn.functional.triplet_margin_loss torch.nn.TripletMarginLoss",
    "F.triplet_margin_loss(T(3, 4), T(3, 4), T(3, 2))",
    "F.triplet_margin_loss(T(3, 4), T(3, 4), T(4))",
    "F.triplet_margin_loss(T(3, 4), T(3, 4), T(3, 4), margin=-1.0)",
    "nn.TripletMarginLoss(margin=0.0)",
    "F.triplet_margin_with_distance_loss(T(3, 4), T(3, 4), T(4))",
    "F.triplet_margin_with_distance_loss(T(3, 4), T(3, 4), T(3, 4), margin=-1.0)",
    "nn.TripletMarginWithDistanceLoss(margin=0.0)",
    "F.triplet_margin_loss(T(3, 4), T(3, 4), T(3, 4), reduction='other')",
)

# ---- connectionist temporal classification; PyTorch has no second derivative
CTC = "torch.nn.functional.ctc_loss torch.nn.CTCLoss"
X = "T(6, 3, 5).log_softmax(-1)"
Y = "torch.tensor([[1, 1, 2, 3], [4, 2, 0, 0], [1, 2, 3, 4]])"
PACKED = "torch.tensor([1, 1, 2, 3, 4, 2, 4])"
for reduction in ("mean", "sum", "none"):
    add(
        CTC,
        f"F.ctc_loss({X}, {Y}, (6, 5, 6), (4, 2, 3), reduction='{reduction}')",
        f"F.ctc_loss({X}, {PACKED}, (6, 5, 6), (4, 2, 1), reduction='{reduction}')",
        f"F.ctc_loss({X}, {Y}, (6, 5, 3), (4, 0, 4), reduction='{reduction}', zero_infinity=True)",
        f"F.ctc_loss({X}, {Y}, (6, 0, 3), (0, 0, 1), reduction='{reduction}')",
        f"F.ctc_loss({X}, {Y}, torch.tensor([6, 5, 6]), torch.tensor([4, 2, 3]), 4, '{reduction}')",
        f"F.ctc_loss({X}[:, 0], {Y}[0], (6,), (4,), reduction='{reduction}')",
        f"F.ctc_loss({X}[:, 0], {Y}[0], torch.tensor(6), torch.tensor(4), reduction='{reduction}')",
        f"fill(nn.CTCLoss(1, '{reduction}', True))({X}, {Y}, (6, 5, 3), (4, 2, 4))",
        order=1,
    )
add(
    CTC,
    f"F.ctc_loss({X}, {Y}.to(torch.int32), (6, 5, 6), (4, 2, 3))",
    f"F.ctc_loss({X}, {Y}.to(torch.float32), (6, 5, 6), (4, 2, 3))",
    f"F.ctc_loss({X}, {Y}, torch.tensor([6, 5, 6]).to(torch.int32), torch.tensor([4, 2, 3]))",
    f"F.ctc_loss({X}, {Y}, [6, 5, 2], [4, 2, 4], reduction='none').detach()",
    "F.ctc_loss(T(6, 3, 5), torch.tensor([[1], [2], [3]]), (6, 6, 6), (1, 1, 1))",
    f"torch.ctc_loss({X}, {Y}, (6, 5, 6), (4, 2, 3), 0, 1, False)",
    f"torch.ctc_loss({X}, {Y}, (6, 5, 6), (4, 2, 3), reduction=2)",
    order=1,
)
bad(
    CTC,
    f"F.ctc_loss({X}, {Y}, (7, 5, 6), (4, 2, 3))",
    f"F.ctc_loss({X}, {Y}, (-1, 5, 6), (4, 2, 3))",
    f"F.ctc_loss({X}, {Y}, (6, 5, 6), (-1, 2, 3))",
    f"F.ctc_loss({X}, {Y}, (6, 5, 6), (5, 2, 3))",
    f"F.ctc_loss({X}, {Y}, (6, 5), (4, 2, 3))",
    f"F.ctc_loss({X}, {Y}, (6, 5, 6), (4, 2))",
    f"F.ctc_loss({X}, {Y}, (6, 5, 6), (4, 2, 3), blank=5)",
    f"F.ctc_loss({X}, {Y}, (6, 5, 6), (4, 2, 3), blank=-1)",
    f"F.ctc_loss({X}, {PACKED}, (6, 5, 6), (4, 2, 3))",
    f"F.ctc_loss({X}[:, 0], {Y}[0], 6, 4)",
    f"F.ctc_loss({X}.to(torch.float16), {Y}, (6, 5, 6), (4, 2, 3))",
    f"F.ctc_loss({X}, {Y}, torch.ones(3), torch.ones(3))",
    f"F.ctc_loss({X}, {Y}, torch.tensor([6, 5, 6]), [4, 2, 3])",
    f"F.ctc_loss({X}, {Y}[None], (6, 5, 6), (4, 2, 3))",
    f"F.ctc_loss({X}[:, :0], {Y}[:0], torch.zeros(0).long(), torch.zeros(0).long())",
    f"F.ctc_loss({X}[:0], {Y}, (0, 0, 0), (0, 0, 0))",
    f"F.ctc_loss({X}, {Y}, (6, 5, 6), (4, 2, 3), reduction='other')",
    f"g, = torch.autograd.grad(F.ctc_loss(x := {X}, {Y}, (6, 5, 6), (4, 2, 3)), x, "
    "create_graph=True); torch.autograd.grad(g.sum(), x)",
)

# ---- many classes
LINEAR = "torch.nn.functional.linear_cross_entropy torch.nn.LinearCrossEntropyLoss"
for reduction in ("mean", "sum", "none"):
    add(
        LINEAR,
        f"F.linear_cross_entropy(T(4, 3), T(5, 3), I(4), reduction='{reduction}')",
        "F.linear_cross_entropy(T(4, 3), T(5, 3), I(4), linear_bias=T(5), weight=C(5), "
        f"ignore_index=1, label_smoothing=0.1, reduction='{reduction}')",
        f"F.linear_cross_entropy(T(4, 3), T(5, 2, 3), I(4, 2), linear_bias=T(5, 2), "
        f"reduction='{reduction}')",
        f"F.linear_cross_entropy(T(4, 3), T(5, 3), U(4, 5), reduction='{reduction}')",
        f"F.linear_cross_entropy(T(3), T(5, 3), I(), reduction='{reduction}')",
        f"fill(nn.LinearCrossEntropyLoss(3, 5, bias=True, reduction='{reduction}'))(T(4, 3), I(4))",
        "fill(nn.LinearCrossEntropyLoss(3, 5, out_features=(2, 2), weight=C(5), ignore_index=1, "
        f"label_smoothing=0.2, reduction='{reduction}'))(T(4, 3), I(4, 2, 2))",
    )
    add(  # PyTorch's chunks have no second derivative
        LINEAR + " torch.nn.LinearCrossEntropyOptions",
        "F.linear_cross_entropy(T(7, 3), T(5, 3), I(7), linear_bias=T(5), weight=C(5), "
        f"ignore_index=1, options=nn.LinearCrossEntropyOptions(batch_chunk_size=3), "
        f"reduction='{reduction}')",
        "F.linear_cross_entropy(T(7, 3), T(5, 3), I(7), options=nn.LinearCrossEntropyOptions(), "
        f"reduction='{reduction}')",
        "F.linear_cross_entropy(T(3), T(5, 3), I(), "
        f"options=nn.LinearCrossEntropyOptions(chunking_method=None), reduction='{reduction}')",
        "fill(nn.LinearCrossEntropyLoss(3, 5, options=nn.LinearCrossEntropyOptions(True), "
        f"reduction='{reduction}'))(T(6, 3), I(6))",
        order=1,
    )
add(
    LINEAR,
    "F.linear_cross_entropy(T(4, 3), T(5, 3), U(4, 5), label_smoothing=0.1, "
    "options=nn.LinearCrossEntropyOptions())",
    "nn.LinearCrossEntropyLoss(3, 4, out_features=(2,), bias=True, weight=C(4)).state_dict().keys()"
    " and 1",
    "repr(nn.LinearCrossEntropyOptions(chunking_method='aspect_ratio:3'))",
)
bad(
    LINEAR,
    "F.linear_cross_entropy(T(1, 4, 3), T(5, 3), I(4))",
    "F.linear_cross_entropy(T(4, 3), T(3), I(4))",
    "F.linear_cross_entropy(T(4, 3), T(5, 2), I(4))",
    "F.linear_cross_entropy(T(4, 3), T(5, 3), I(4), linear_bias=T(4))",
    "F.linear_cross_entropy(T(3), T(5, 2, 3), I(2))",
    "F.linear_cross_entropy(T(4, 3), T(5, 3), U(4, 5), ignore_index=1)",
    "F.linear_cross_entropy(T(4, 3), T(5, 3), I(3), options=nn.LinearCrossEntropyOptions())",
    "nn.LinearCrossEntropyOptions(batch_chunk_size=0)",
    "nn.LinearCrossEntropyOptions(batch_chunk_size=2.5)",
    "nn.LinearCrossEntropyOptions(chunking_method='x')",
    "nn.LinearCrossEntropyOptions(chunking_method='aspect_ratio:x')",
    "nn.LinearCrossEntropyOptions(acc_policy='x')",
    "nn.LinearCrossEntropyOptions(acc_dtype=torch.int64)",
)
ADAPTIVE = "torch.nn.AdaptiveLogSoftmaxWithLoss"
LAYER = "fill(nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2, 5], div_value=2.0, head_bias=True))"
add(
    ADAPTIVE,
    f"{LAYER}(T(6, 8), torch.tensor([0, 9, 4, 1, 2, 5]))",
    f"{LAYER}(T(6, 8), torch.tensor([0, 1, 1, 1, 0, 0]))",
    f"{LAYER}(T(8), torch.tensor(7))",
    f"o = {LAYER}(T(2, 8), torch.tensor([0, 9])); [o.output, o.loss]",
    f"{LAYER}.log_prob(T(6, 8))",
    f"{LAYER}.predict(T(30, 8))",
    "fill(nn.AdaptiveLogSoftmaxWithLoss(16, 10, (9,)))(T(3, 16), I(3, high=10))",
    "m = nn.AdaptiveLogSoftmaxWithLoss(16, 10, (3, 5)); [m.cutoffs, m.shortlist_size, m.n_clusters, "
    "m.head_size, m.div_value, m.head_bias, m.n_classes, m.in_features]",
)
bad(
    ADAPTIVE,
    f"{LAYER}(T(8), torch.tensor([3]))",
    f"{LAYER}(T(2, 8), torch.tensor([3]))",
    f"{LAYER}(T(2, 8), torch.tensor([3, 10]))",
    f"{LAYER}(T(2, 8), torch.tensor([3, -1]))",
    f"{LAYER}(T(2, 8), torch.tensor([[3], [1]]))",
    *(
        f"nn.AdaptiveLogSoftmaxWithLoss(8, 10, {c})"
        for c in ("[]", "[5, 2]", "[2, 2]", "[10]", "[0, 3]", "[2.5]")
    ),
)
