"""Tables of vectors, and sums over bags of their rows."""

from harness import Case

EMBEDDING = "torch.nn.functional.embedding"
BAG = "torch.nn.functional.embedding_bag"
BAGS = "i, o = torch.tensor([1, 2, 4, 5, 4, 3, 2, 0]), torch.tensor([0, 3, 3, 7])\n"

CASES = [
    Case(EMBEDDING, "F.embedding(I(3, 2), T(5, 4))"),
    Case(EMBEDDING, "F.embedding(I(4), T(5, 4), padding_idx=2) ** 2"),
    Case(EMBEDDING, "F.embedding(torch.tensor([1, 1, 4]), T(5, 4), padding_idx=-1) ** 2"),
    Case(EMBEDDING, "F.embedding(torch.tensor(3), T(5, 4))"),
    Case(EMBEDDING, "F.embedding(I(0), T(5, 4))"),
    Case(EMBEDDING, "F.embedding(I(6).to(torch.int32), T(5, 4))"),
    Case(
        EMBEDDING,
        "w = C(5, 4)\ny = F.embedding(torch.tensor([0, 3, 3]), w, max_norm=0.5)\ny, w",
    ),
    Case(
        EMBEDDING,
        "w = C(5, 4)\ny = F.embedding(torch.tensor([[0], [2]]), w, None, 1.0, 1.0)\ny, w",
    ),
    Case(EMBEDDING, "w = C(5, 4)\nF.embedding(torch.tensor([1]), w, None, 0.5, float('inf')), w"),
    Case(EMBEDDING, "F.embedding(torch.tensor([1, 1, 2, 1]), T(5, 4), scale_grad_by_freq=True)"),
    Case(
        EMBEDDING,
        "F.embedding(torch.tensor([1, 1, 2, 1]), T(5, 4), 2, scale_grad_by_freq=True)",
    ),
    Case(EMBEDDING, "F.embedding(torch.tensor([5]), T(5, 4))", raises=True),
    Case(EMBEDDING, "F.embedding(torch.tensor([-1]), T(5, 4))", raises=True),
    Case(EMBEDDING, "F.embedding(T(3), T(5, 4))", raises=True),
    Case(EMBEDDING, "F.embedding(I(3), T(5, 4), padding_idx=5)", raises=True),
    Case(EMBEDDING, "F.embedding(I(3), T(5, 4), padding_idx=-6)", raises=True),
    Case("torch.embedding", "torch.embedding(T(5, 4), I(3, 2))"),
    Case("torch.embedding", "torch.embedding(T(5, 4), torch.tensor([1, 2, 2]), 2, True, False)"),
    Case(
        "torch.embedding_renorm_",
        "w = C(5, 4)\nr = torch.embedding_renorm_(w, torch.tensor([0, 1, 1]), 0.7, 2.0)\nr is w, w",
    ),
    Case("torch.embedding_renorm_", "torch.embedding_renorm_(C(5, 4), I(3), 0.1, 3.0)"),
    Case(
        "torch.embedding_renorm_",
        "torch.embedding_renorm_(C(5, 4), torch.tensor([5]), 1.0, 2.0)",
        raises=True,
    ),
    Case(
        "torch.embedding_renorm_", "torch.embedding_renorm_(T(5, 4), I(3), 1.0, 2.0)", raises=True
    ),
    Case("torch.nn.Embedding", "fill(nn.Embedding(5, 4))(I(3, 2))"),
    Case("torch.nn.Embedding", "fill(nn.Embedding(5, 4, padding_idx=1))(I(3, 2))"),
    Case("torch.nn.Embedding", "nn.Embedding(5, 4, padding_idx=-2).weight[3]"),
    Case("torch.nn.Embedding", "m = fill(nn.Embedding(5, 4, max_norm=1.0))\nm(I(3)), m.weight"),
    Case(
        "torch.nn.Embedding",
        "m = fill(nn.Embedding(5, 4, -1, 1.0, 1.0, True))\nm(I(3)), m.weight, m.padding_idx",
        # Derivatives are of weights changed in place, which PyTorch's own engine takes once.
        order=1,
    ),
    Case("torch.nn.Embedding", "fill(nn.Embedding(5, 4, scale_grad_by_freq=True))(I(7))"),
    Case("torch.nn.Embedding", "fill(nn.Embedding(5, 4, _freeze=True)).weight.requires_grad"),
    Case("torch.nn.Embedding", "nn.Embedding(5, 4, padding_idx=5)", raises=True),
    Case("torch.nn.Embedding", "nn.Embedding(5, 4, _weight=C(4, 4))", raises=True),
    Case(
        "torch.nn.Embedding",
        "w = C(5, 4)\nm = nn.Embedding.from_pretrained(w)\n"
        "m(I(3)), m.weight.requires_grad, repr(m), m.weight.data_ptr() == w.data_ptr()",
    ),
    Case(
        "torch.nn.Embedding",
        "m = nn.Embedding.from_pretrained(C(5, 4), False, 1, 0.5, 1.0, True, False)\n"
        "m(I(3)), m.weight.requires_grad, repr(m), m.weight",
        order=1,  # as above
    ),
    Case("torch.nn.Embedding", "nn.Embedding.from_pretrained(C(5))", raises=True),
]
for mode in ("sum", "mean", "max"):
    # PyTorch has no second derivatives of bags.
    for call in (
        f"F.embedding_bag(I(3, 2), T(6, 4), mode={mode!r})",
        f"{BAGS}F.embedding_bag(i, T(6, 4), o, mode={mode!r})",
        f"{BAGS}F.embedding_bag(i, T(6, 4), o, mode={mode!r}, padding_idx=2)",
        f"{BAGS}F.embedding_bag(i, T(6, 4), o, mode={mode!r}, padding_idx=-3)",
        f"{BAGS}F.embedding_bag(i, T(6, 4), torch.cat([o, torch.tensor([8])]), mode={mode!r}, "
        "include_last_offset=True)",
        f"{BAGS}F.embedding_bag(i.int(), T(6, 4), o.int(), mode={mode!r})",
        f"F.embedding_bag(I(0), T(6, 4), torch.tensor([0, 0]), mode={mode!r})",
        f"{BAGS}w = C(6, 4)\nF.embedding_bag(i, w, o, 0.5, 1.0, mode={mode!r}), w",
        f"{BAGS}torch.embedding_bag(T(6, 4), i, o, False, {('sum', 'mean', 'max').index(mode)})[0]",
    ):
        CASES.append(Case(BAG + " torch.embedding_bag", call, order=1))
    CASES.append(
        Case(
            "torch.nn.EmbeddingBag",
            f"m = fill(nn.EmbeddingBag(6, 4, mode={mode!r}, padding_idx=2))\nm(I(3, 5))",
            order=1,
        )
    )
CASES += [
    Case(BAG, f"{BAGS}F.embedding_bag(i, T(6, 4), o)", order=1),
    # PyTorch divides by the frequencies of other rows than those it scales, unless all are equal.
    Case(
        BAG,
        "i = torch.tensor([3, 1, 1, 3])\n"
        "F.embedding_bag(i, T(6, 4), torch.tensor([0, 1]), None, 2.0, True, 'sum')",
        order=1,
    ),
    Case(
        BAG,
        "F.embedding_bag(torch.tensor([[3, 1], [1, 3]]), T(6, 4), scale_grad_by_freq=True)",
        order=1,
    ),
    Case(
        BAG,
        f"{BAGS}F.embedding_bag(i, T(6, 4), o, mode='sum', per_sample_weights=T(8))",
        order=1,
    ),
    Case(
        BAG,
        f"{BAGS}F.embedding_bag(i, T(6, 4), o, mode='sum', per_sample_weights=T(8), padding_idx=4)",
        order=1,
    ),
    Case(BAG, "F.embedding_bag(I(3, 2), T(6, 4), mode='sum', per_sample_weights=T(3, 2))", order=1),
    Case(BAG, "F.embedding_bag(I(3, 2), T(6, 4), torch.tensor([0]))", raises=True),
    Case(BAG, "F.embedding_bag(I(3), T(6, 4))", raises=True),
    Case(BAG, "F.embedding_bag(I(3), T(6, 4), torch.tensor([1]))", raises=True),
    Case(BAG, "F.embedding_bag(I(3), T(6, 4), torch.tensor([0, 4]))", raises=True),
    Case(BAG, "F.embedding_bag(I(3), T(6, 4), torch.tensor([[0]]))", raises=True),
    Case(BAG, "F.embedding_bag(I(3), T(6), torch.tensor([0]))", raises=True),
    Case(BAG, "F.embedding_bag(I(3, 2, 2), T(6, 4))", raises=True),
    Case(BAG, "F.embedding_bag(I(3, 2), T(6, 4), mode='median')", raises=True),
    Case(
        BAG, "F.embedding_bag(I(3, 2), T(6, 4), mode='max', scale_grad_by_freq=True)", raises=True
    ),
    Case(BAG, "F.embedding_bag(I(3, 2), T(6, 4), mode='max', sparse=True)", raises=True),
    Case(BAG, "F.embedding_bag(I(3, 2), T(6, 4), per_sample_weights=T(3, 2))", raises=True),
    Case(
        BAG,
        "F.embedding_bag(I(3, 2), T(6, 4), mode='sum', per_sample_weights=T(2, 3))",
        raises=True,
    ),
    Case(BAG, "F.embedding_bag(I(3, 2), T(6, 4), padding_idx=6)", raises=True),
    Case(BAG, "F.embedding_bag(I(3, 2) + 6, T(6, 4))", raises=True),
    Case("torch.nn.EmbeddingBag", "fill(nn.EmbeddingBag(6, 4))(I(3, 5))", order=1),
    Case(
        "torch.nn.EmbeddingBag",
        f"{BAGS}m = fill(nn.EmbeddingBag(6, 4, 1.0, 1.0, False, 'sum', padding_idx=-2))\n"
        "m(i, o, C(8)), m.weight, m.padding_idx",
        order=1,
    ),
    Case(
        "torch.nn.EmbeddingBag",
        f"{BAGS}m = fill(nn.EmbeddingBag(6, 4, include_last_offset=True))\nm(i[:7], o)",
        order=1,
    ),
    Case(
        "torch.nn.EmbeddingBag",
        "m = nn.EmbeddingBag.from_pretrained(C(5, 4), padding_idx=1, mode='max')\n"
        "m(I(3, 2)), m.weight.requires_grad, repr(m)",
    ),
    Case("torch.nn.EmbeddingBag", "nn.EmbeddingBag.from_pretrained(C(5))", raises=True),
    Case("torch.nn.EmbeddingBag", "nn.EmbeddingBag(5, 4, padding_idx=7)", raises=True),
    Case("torch.nn.EmbeddingBag", "nn.EmbeddingBag(5, 4, _weight=C(5, 5))", raises=True),
]
