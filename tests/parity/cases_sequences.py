"""Padded and packed sequences: nn.utils.rnn."""

from harness import Case

CASES = []


def add(names: str, code: str, **options: object) -> None:
    """A case in which `rnn` is the module."""
    names = " ".join(f"torch.nn.utils.rnn.{n}" for n in names.split())
    CASES.append(Case(names, "rnn = nn.utils.rnn\n" + code, **options))


def wrong(names: str, code: str) -> None:
    add(names, code, raises=True)


# ---- packing -------------------------------------------------------------------------------
pack = "pack_padded_sequence"
for lengths, extra in (
    ("[3, 2]", ""),
    ("[4, 4]", ""),
    ("(4, 1)", ""),
    ("torch.tensor([4, 2])", ""),
    ("torch.tensor([4.0, 2.7])", ""),
    ("[1, 3]", ", enforce_sorted=False"),
    ("[4, 4]", ", enforce_sorted=False"),
    ("torch.tensor([2, 4])", ", enforce_sorted=False"),
):
    for shape, first in (("4, 2", ""), ("2, 4, 3", ", batch_first=True"), ("4, 2, 3, 2", "")):
        made = f"rnn.{pack}(T({shape}), {lengths}{first}{extra})"
        add(pack, f"tuple({made})")
        for keywords in ("", ", padding_value=7.5", ", total_length=6", ", batch_first=True"):
            add(f"pad_packed_sequence {pack}", f"rnn.pad_packed_sequence({made}{keywords})")
        add("unpack_sequence", f"rnn.unpack_sequence({made})")
add(pack, f"rnn.{pack}(I(4, 2), [3, 2]).data")
for args in (
    "T(3, 2), [2, 3]",
    "T(3, 2), [3]",
    "T(3, 2), [3, 2, 1]",
    "T(3, 2), [3, 0]",
    "T(3, 2), [3, -1], False, False",
    "T(3), [3]",
    "T(3, 0), []",
    "T(3, 2), torch.tensor([[3, 2]])",
):
    wrong(pack, f"rnn.{pack}({args})")
wrong(
    "pad_packed_sequence",
    "rnn.pad_packed_sequence(rnn.pack_sequence([T(3, 2), T(1, 2)]), total_length=2)",
)

for args in (
    "[T(3, 2), T(2, 2), T(2, 2)]",
    "[T(3), T(1)]",
    "[T(1, 2), T(3, 2)], enforce_sorted=False",
    "[T(1), T(3), T(2)], False",
):
    add("pack_sequence", f"tuple(rnn.pack_sequence({args}))")
    add("pack_sequence unpack_sequence", f"rnn.unpack_sequence(rnn.pack_sequence({args}))")
for args in ("[]", "[T(1, 2), T(3, 2)]", "[T(2, 2), T(1, 3)]"):
    wrong("pack_sequence", f"rnn.pack_sequence({args})")

# ---- padding -------------------------------------------------------------------------------
for keywords in (
    "",
    ", batch_first=True",
    ", True",
    ", padding_value=2.5",
    ", padding_side='left'",
    ", True, -1, 'left'",
    ", padding_side='right'",
):
    for listed in (
        "[T(2), T(4), T(1)]",
        "(T(2, 3), T(4, 3))",
        "[T(3, 2, 2)]",
        "[T(0, 2), T(2, 2)]",
        "[T(2, 3), T(1)]",
        "T(2, 3)",
        "[T(2), I(3)]",
        "[I(3), I(2)]",
        "[I(1), C(2)]",
        "(x for x in [T(1, 2), T(2, 2)])",
    ):
        add("pad_sequence", f"rnn.pad_sequence({listed}{keywords})")
for args in (
    "[]",
    "3",
    "[T(2, 3), T(1, 4)]",
    "[T(2), T()]",
    "[T(2), T(1)], padding_side='up'",
    "[2, 3]",
):
    wrong("pad_sequence", f"rnn.pad_sequence({args})")

# PyTorch turns the padded tensor itself where it is not batch_first: it must be no leaf.
for args in (
    "1 * T(3, 2), torch.tensor([3, 1])",
    "1 * T(2, 3, 2), torch.tensor([0, 2]), batch_first=True",
    "1 * T(3, 2), torch.tensor([5, 2])",
):
    add("unpad_sequence", f"rnn.unpad_sequence({args})")
wrong("unpad_sequence", "rnn.unpad_sequence(1 * T(3, 2), torch.tensor([3, 1, 2]))")

# ---- the packed sequence -------------------------------------------------------------------
P = "PackedSequence"
add(
    P,
    """
p = rnn.PackedSequence(T(3), torch.tensor([2, 1]), torch.tensor([1, 0]))
[tuple(p), p._fields, p.is_cuda, p.is_pinned(), isinstance(p, tuple)]
""",
)
add(P, "tuple(rnn.PackedSequence((T(3), torch.tensor([2, 1]))))")
wrong(P, "rnn.PackedSequence(T(3))")
wrong(P, "rnn.pack_sequence([T(3), T(1)]).pin_memory()")
add(
    P,
    """
p = rnn.pack_sequence([T(3), T(1)])
[p.to(p.data.dtype) is p, p.cpu() is p, p._replace(data=p.data * 2).data]
""",
)
add(P, "repr(rnn.PackedSequence(torch.ones(3), torch.tensor([2, 1])))")
for name in ("double", "float", "half", "long", "int", "short", "char", "byte"):
    made = "rnn.pack_sequence([C(1, low=1, high=9), C(3, low=1, high=9)], False)"
    add(P, f"tuple({made}.{name}())", order=0)
add(P, "tuple(rnn.pack_sequence([T(3), T(1)]).to(torch.float64))")
add(P, "tuple(rnn.pack_sequence([T(3), T(1)]).to(device='cpu', dtype=torch.float64))")
add(
    "invert_permutation",
    "[rnn.invert_permutation(torch.tensor([2, 0, 1])), rnn.invert_permutation(None)]",
)
