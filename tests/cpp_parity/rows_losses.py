"""Losses and distances."""

from __future__ import annotations

from table import Row, integer, normal, sign, uniform

X, Y = normal(5, 4), normal(5, 4)
P, T = uniform(5, 4), uniform(5, 4)
CLASSES = integer(4, 5)


def losses(name: str, inputs: tuple, *options: str) -> list[Row]:
    """The loss with its defaults, its other reductions, and with options."""
    rows = [Row(name, f"nn.{name}()", inputs)]
    for i, given in enumerate(('reduction="sum"', 'reduction="none"', *options)):
        rows.append(Row(f"{name}_{i}", f"nn.{name}({given})", inputs))
    return rows


ROWS = [
    *losses("L1Loss", (X, Y)),
    *losses("MSELoss", (X, Y)),
    *losses("SmoothL1Loss", (X, Y), "beta=0.5", "beta=0.0"),
    *losses("HuberLoss", (X, Y), "delta=0.5"),
    *losses("NLLLoss", (X, CLASSES), "weight=wg.rand((4,)), ignore_index=1"),
    Row(
        "NLLLoss2d",
        "nn.NLLLoss(weight=wg.rand((4,)))",
        (normal(2, 4, 3, 3), integer(4, 2, 3, 3)),
        cpp="nn::NLLLoss2d({.weight = rand({4})})",
    ),
    *losses(
        "CrossEntropyLoss",
        (X, CLASSES),
        'weight=wg.rand((4,)), ignore_index=1, reduction="sum", label_smoothing=0.2',
    ),
    Row("CrossEntropyLoss_probabilities", "nn.CrossEntropyLoss()", (X, T)),
    *losses("BCELoss", (P, T), "weight=wg.rand((5, 4))"),
    *losses(
        "BCEWithLogitsLoss",
        (X, T),
        'weight=wg.rand((5, 4)), reduction="sum", pos_weight=wg.rand((4,))',
    ),
    *losses("KLDivLoss", (X, T), 'reduction="batchmean"', "log_target=True"),
    *losses("HingeEmbeddingLoss", (X, sign(5, 4)), "margin=0.5"),
    *losses("SoftMarginLoss", (X, sign(5, 4))),
    *losses("PoissonNLLLoss", (X, uniform(5, 4, low=0.0, high=4.0)), "full=True"),
    Row("PoissonNLLLoss_linear", "nn.PoissonNLLLoss(log_input=False, eps=1e-3)", (P, T)),
    *losses("MultiMarginLoss", (X, CLASSES), "p=2, margin=0.5, weight=wg.rand((4,))"),
    *losses("MultiLabelMarginLoss", (X, integer(4, 5, 4, low=-1))),
    *losses("MultiLabelSoftMarginLoss", (X, T), "weight=wg.rand((4,))"),
    *losses("MarginRankingLoss", (X, Y, sign(5, 4)), "margin=0.5"),
    *losses("CosineEmbeddingLoss", (X, Y, sign(5)), "margin=0.2"),
    *losses("TripletMarginLoss", (X, Y, normal(5, 4)), "margin=0.5, p=1.0, swap=True"),
    *losses("TripletMarginWithDistanceLoss", (X, Y, normal(5, 4)), "margin=2.0, swap=True"),
    Row(
        "TripletMarginWithDistanceLoss_own",
        "nn.TripletMarginWithDistanceLoss(distance_function=lambda a, b: (a - b).abs().sum(-1))",
        (X, Y, normal(5, 4)),
        cpp="nn::TripletMarginWithDistanceLoss({.distance_function = [](const Tensor& a, const "
        "Tensor& b) { return sum(abs(a - b), {-1}); }})",
    ),
    *losses("GaussianNLLLoss", (X, Y, uniform(5, 4)), "full=True"),
    Row("GaussianNLLLoss_narrow", "nn.GaussianNLLLoss()", (X, Y, uniform(5))),
    *(
        Row(
            f"CTCLoss_{i}" if i else "CTCLoss",
            f"nn.CTCLoss({options})",
            (normal(9, 3, 5), integer(5, 3, 4, low=1), integer(10, 3, low=8), integer(5, 3, low=1)),
            python_call="model(F.log_softmax(x, 2), y, z, u)",
        )
        for i, options in enumerate(("", 'reduction="sum"', "zero_infinity=True"))
    ),
    Row("LinearCrossEntropyLoss", "nn.LinearCrossEntropyLoss(4, 6)", (X, integer(6, 5))),
    Row(
        "LinearCrossEntropyLoss_options",
        "nn.LinearCrossEntropyLoss(4, 6, out_features=(2,), bias=True, weight=wg.rand((6,)), "
        "ignore_index=2)",
        (X, integer(6, 5, 2)),
    ),
    Row(
        "AdaptiveLogSoftmaxWithLoss",
        "nn.AdaptiveLogSoftmaxWithLoss(8, 12, [4, 8], div_value=2.0)",
        (normal(9, 8), integer(12, 9)),
    ),
    Row(
        "AdaptiveLogSoftmaxWithLoss_all",
        "nn.AdaptiveLogSoftmaxWithLoss(8, 12, [4, 8], head_bias=True)",
        (normal(9, 8),),
        python_call="(model.log_prob(x), model.predict(x))",
        cpp_call="std::pair(model.log_prob(x), model.predict(x))",
    ),
    # ---- distances
    Row("PairwiseDistance", "nn.PairwiseDistance()", (X, Y)),
    Row("PairwiseDistance_options", "nn.PairwiseDistance(p=1.5, eps=1e-3, keepdim=True)", (X, Y)),
    Row("CosineSimilarity", "nn.CosineSimilarity()", (X, Y)),
    Row("CosineSimilarity_dim", "nn.CosineSimilarity(dim=0)", (X, normal(1, 4))),
]
