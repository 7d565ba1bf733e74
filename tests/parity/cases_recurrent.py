"""Recurrent networks: cells, layers, packed and padded sequences."""

from harness import Case

# Inputs of every mode, for hidden size 3 and input size 4.
MODES = {
    "LSTM": ("lstm", "(T({s}, 2, {p}), T({s}, 2, 3))"),
    "GRU": ("gru", "T({s}, 2, 3)"),
    "RNN": ("rnn_tanh", "T({s}, 2, 3)"),
}
# Keywords of the module and the number of layers times directions.
OPTIONS = [
    ("", 1),
    ("bias=False", 1),
    ("batch_first=True", 1),
    ("num_layers=2", 2),
    ("bidirectional=True", 2),
    ("num_layers=2, bidirectional=True, batch_first=True", 4),
    ("num_layers=2, bidirectional=True, bias=False, dropout=1.0", 4),
    ("num_layers=3, bias=True, dropout=0.0", 3),
]
PACK = """
from_rnn = __import__(torch.__name__ + ".nn.utils.rnn", fromlist=["x"])
"""

CASES = []


def add(names: str, code: str, **options: object) -> None:
    CASES.append(Case(names, code, **options))


# ---- layers --------------------------------------------------------------------------------
for mode, (_, hx) in MODES.items():
    extra = ["nonlinearity='relu'", "nonlinearity='relu', num_layers=2, bidirectional=True"]
    options = OPTIONS + ([(e, 4 if "2" in e else 1) for e in extra] if mode == "RNN" else [])
    for text, n in options:
        x = "T(2, 5, 4)" if "batch_first" in text else "T(5, 2, 4)"
        make = f"fill(nn.{mode}(4, 3{', ' + text if text else ''}))"
        state = hx.format(s=n, p=3)
        name = f"torch.nn.{mode}"
        add(name, f"{make}({x})")
        add(name, f"{make}({x}, {state})")
        # Only one of the results is differentiated.
        add(name, f"{make}({x}, {state})[0]")
        add(name, f"{make}({x}, {state})[1]")
        # Sequences of different lengths.
        packed = x.replace("T(5, 2, 4)", "T(5, 3, 4)").replace("T(2, 5, 4)", "T(3, 5, 4)")
        states = hx.format(s=n, p=3).replace(", 2, 3)", ", 3, 3)")
        first = "True" if "batch_first" in text else "False"
        for h in ("", f", {states}"):
            add(
                f"{name} torch.nn.utils.rnn.pack_padded_sequence",
                f"""
                {PACK.strip()}
                p = from_rnn.pack_padded_sequence({packed}, [2, 5, 2], {first}, enforce_sorted=False)
                y, h = {make}(p{h})
                [from_rnn.pad_packed_sequence(y, {first}), h, list(y.batch_sizes), y.data]
                """,
            )
    unbatched = hx.format(s=1, p=3).replace(", 2, ", ", ")
    for first in (False, True):
        layer = f"fill(nn.{mode}(4, 3, batch_first={first}))"
        add(f"torch.nn.{mode}", f"{layer}(T(5, 4))")
        add(f"torch.nn.{mode}", f"{layer}(T(5, 4), {unbatched})")
        add(f"torch.nn.{mode}", f"list({layer}(T(2, 5, 4))[0].shape)")
        # The output of a training step may be changed in place.
        add(f"torch.nn.{mode}", f"y = {layer}(T(2, 5, 4))[0]\ny.mul_(y.detach())\ny")
    # One step, one sequence, no sequence; sizes around a vector's.
    add(f"torch.nn.{mode}", f"fill(nn.{mode}(4, 3))(T(1, 1, 4))")
    add(f"torch.nn.{mode}", f"fill(nn.{mode}(4, 3))(T(3, 0, 4))[0]", order=1)
    for size in (1, 8, 16, 17, 33):
        add(f"torch.nn.{mode}", f"fill(nn.{mode}({size}, {size}))(T(3, 2, {size}))")
    add(f"torch.nn.{mode}", f"fill(nn.{mode}(4, 3).eval())(T(3, 2, 4))")
    add(f"torch.nn.{mode}", f"nn.{mode}(4, 3)(torch.zeros(0, 2, 4))", raises=True)
    add(f"torch.nn.{mode}", f"nn.{mode}(4, 3)(torch.zeros(2, 2, 5))", raises=True)
    add(f"torch.nn.{mode}", f"nn.{mode}(4, 3)(torch.zeros(4))", raises=True)
    add(f"torch.nn.{mode}", f"nn.{mode}(4, 3)(torch.zeros(2, 2, 2, 4))", raises=True)
    add(f"torch.nn.{mode}", f"nn.{mode}(4, 3)(torch.zeros(2, 2, 4).double())", raises=True)
    add(
        f"torch.nn.{mode}",
        f"nn.{mode}(4, 3)(torch.zeros(2, 2, 4), torch.zeros(1, 2, 3, 1))",
        raises=True,
    )
    add(
        f"torch.nn.{mode}", f"nn.{mode}(4, 3)(torch.zeros(2, 4), torch.zeros(1, 2, 3))", raises=True
    )
    for args in (
        "4., 3",
        "4, 3.",
        "0, 3",
        "4, 0",
        "4, 3, 0",
        "4, 3, dropout=2",
        "4, 3, dropout=-0.1",
        "4, 3, dropout=True",
        "4, 3, dropout='a'",
        "4, 3, bias=1",
        "4, 3, batch_first=1",
        "4, 3, proj_size=3",
        "4, 3, proj_size=-1",
        "4, 3, what=1",
    ):
        add(f"torch.nn.{mode}", f"nn.{mode}({args})", raises=True)
add("torch.nn.RNN", "nn.RNN(4, 3, 1, 'gelu')", raises=True)
add("torch.nn.RNN", "nn.RNN(4, 3, nonlinearity='gelu')", raises=True)
add("torch.nn.RNN", "nn.RNN(4, 3, proj_size=2)", raises=True)
add(
    "torch.nn.RNN",
    "m = fill(nn.RNN(4, 3, 2, 'relu', False, True))\n[m(T(2, 5, 4)), m.mode, m.nonlinearity]",
)
for wrong in (
    "torch.zeros(2, 2, 3)",
    "torch.zeros(1, 3, 3)",
    "torch.zeros(1, 2, 4)",
    "torch.zeros(2, 3)",
):
    for mode in ("RNN", "GRU"):
        add(f"torch.nn.{mode}", f"nn.{mode}(4, 3)(torch.zeros(5, 2, 4), {wrong})", raises=True)
    good = "torch.zeros(1, 2, 3)"
    add("torch.nn.LSTM", f"nn.LSTM(4, 3)(torch.zeros(5, 2, 4), ({wrong}, {good}))", raises=True)
    add("torch.nn.LSTM", f"nn.LSTM(4, 3)(torch.zeros(5, 2, 4), ({good}, {wrong}))", raises=True)
add("torch.nn.LSTM", "nn.LSTM(4, 3)(torch.zeros(5, 2, 4), (torch.zeros(1, 2, 3),))", raises=True)

# ---- projections ---------------------------------------------------------------------------
for text, n in OPTIONS:
    x = "T(2, 5, 4)" if "batch_first" in text else "T(5, 2, 4)"
    make = f"fill(nn.LSTM(4, 3, proj_size=2{', ' + text if text else ''}))"
    add("torch.nn.LSTM", f"{make}({x})")
    add("torch.nn.LSTM", f"{make}({x}, (T({n}, 2, 2), T({n}, 2, 3)))")
    add(
        "torch.nn.LSTM torch.nn.utils.rnn.pack_sequence",
        f"""
        {PACK.strip()}
        p = from_rnn.pack_sequence([T(4, 4), T(3, 4), T(1, 4)])
        y, h = {make}(p, (T({n}, 3, 2), T({n}, 3, 3)))
        [from_rnn.unpack_sequence(y), h]
        """,
    )
add(
    "torch.nn.LSTM",
    "nn.LSTM(4, 3, proj_size=2)(torch.zeros(5, 2, 4), (torch.zeros(1, 2, 3),) * 2)",
    raises=True,
)

# ---- what modules say of themselves --------------------------------------------------------
for mode in MODES:
    add(
        f"torch.nn.{mode}",
        f"""
        m = nn.{mode}(4, 3, 2, bidirectional=True)
        m.flatten_parameters()
        m = m.to(torch.float64)
        x = torch.zeros(2, 2, 4, dtype=torch.float64)
        [[[list(w.shape) for w in ws] for ws in m.all_weights], len(m._flat_weights),
         m.get_expected_hidden_size(x, None), m.mode, m.dropout, m.proj_size, m._flat_weights_names,
         [str(w.dtype).split(".")[1] for w in m.parameters()], list(m(x)[0].shape)]
        """,
    )
    add(
        f"torch.nn.{mode}",
        f"m = nn.{mode}(4, 3)\nm.weight_hh_l0 = nn.Parameter(torch.ones(1, 1))\n[list(w.shape) for w in m._flat_weights]",
    )
    add(
        f"torch.nn.{mode}",
        f"m = nn.{mode}(4, 3)\nm.check_hidden_size(torch.zeros(2), (3,))",
        raises=True,
    )
    add(
        f"torch.nn.{mode}",
        f"m = nn.{mode}(4, 3)\nm.permute_hidden({MODES[mode][1].format(s=1, p=3)}, torch.tensor([1, 0]))",
    )
add(
    "torch.nn.LSTM", "nn.LSTM(4, 3, proj_size=2).get_expected_cell_size(torch.zeros(5, 2, 4), None)"
)
add("torch.nn.RNNBase", "fill(nn.RNNBase('GRU', 4, 3, num_layers=2)).bias")
add("torch.nn.RNNBase", "nn.RNNBase('GRUX', 4, 3)", raises=True)
add("torch.nn.RNNBase", "nn.RNNBase('GRU', 4, 3)(torch.zeros(1, 1, 4))", raises=True)

# ---- cells ---------------------------------------------------------------------------------
CELLS = {"LSTMCell": "(T({n}3), T({n}3))", "GRUCell": "T({n}3)", "RNNCell": "T({n}3)"}
for cell, hx in CELLS.items():
    name = f"torch.nn.{cell}"
    variants = ["4, 3", "4, 3, False", "input_size=4, hidden_size=3, bias=False"]
    if cell == "RNNCell":
        variants += ["4, 3, True, 'relu'", "4, 3, nonlinearity='relu', bias=False"]
    for args in variants:
        for n, x in (("2, ", "T(2, 4)"), ("", "T(4)"), ("0, ", "T(0, 4)")):
            add(name, f"fill(nn.{cell}({args}))({x}, {hx.format(n=n)})")
            add(name, f"fill(nn.{cell}({args}))({x})")
    pick = "h[0]" if cell == "LSTMCell" else "h"
    add(
        name,
        f"m = fill(nn.{cell}(4, 3))\nh = {hx.format(n='2, ')}\nfor _ in range(3):\n    h = m(T(2, 4), h)\n{pick}",
    )
    for x, h in (
        ("2, 5", "2, 3"),
        ("2, 4", "2, 4"),
        ("2, 4", "3, 3"),
        ("1, 2, 4", "2, 3"),
        ("2, 4", "1, 2, 3"),
        ("", "2, 3"),
    ):
        state = f"torch.zeros({h})" if h else "torch.zeros(())"
        state = f"({state}, {state})" if cell == "LSTMCell" else state
        given = f"torch.zeros({x})" if x else "torch.zeros(())"
        add(name, f"nn.{cell}(4, 3)({given}, {state})", raises=True)
add("torch.nn.RNNCell", "nn.RNNCell(4, 3, nonlinearity='gelu')(torch.zeros(2, 4))", raises=True)
add("torch.nn.LSTMCell", "nn.LSTMCell(4, 3)(torch.zeros(2, 4), (torch.zeros(2, 3),))", raises=True)
add("torch.nn.RNNCellBase", "fill(nn.RNNCellBase(4, 3, True, 5)).bias")
add("torch.nn.RNNCellBase", "fill(nn.RNNCellBase(4, 3, bias=False, num_chunks=2)).hidden_size")

# ---- functions -----------------------------------------------------------------------------
G = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
for f, g in G.items():
    h = "(T({s}), T({s}))" if f == "lstm" else "T({s})"
    w = f"T({3 * g}, 4), T({3 * g}, 3)"
    b = f", T({3 * g}), T({3 * g})"
    cell = f"{f}_cell"
    add(f"torch.{cell}", f"torch.{cell}(T(2, 4), {h.format(s='2, 3')}, {w}{b})")
    add(f"torch.{cell}", f"torch.{cell}(T(2, 4), {h.format(s='2, 3')}, {w})")
    add(
        f"torch.{cell}",
        f"torch.{cell}(T(2, 4), hx={h.format(s='2, 3')}, w_ih=T({3 * g}, 4), w_hh=T({3 * g}, 3), b_ih=T({3 * g}))",
    )
    add(
        f"torch.{cell}", f"torch.{cell}(T(2, 4), {h.format(s='2, 3')}, {w}, None{b[: len(b) // 2]})"
    )
    add(f"torch.{cell}", f"torch.{cell}(torch.ones(4), {h.format(s='2, 3')}, {w})", raises=True)
    add(
        f"torch.{cell}",
        f"torch.{cell}(torch.ones(2, 4), {h.format(s='2, 3')}, T(7, 4), T(7, 3))",
        raises=True,
    )
    add(
        f"torch.{f}",
        f"torch.{f}(T(5, 2, 4), {h.format(s='1, 2, 3')}, [{w}{b}], True, 1, 0.0, True, False, False)",
    )
    add(
        f"torch.{f}",
        f"torch.{f}(T(2, 5, 4), {h.format(s='2, 2, 3')}, ({w}, {w}), False, 1, 0.0, False, True, True)",
    )
    add(
        f"torch.{f}",
        f"torch.{f}(T(6, 4), torch.tensor([3, 2, 1]), {h.format(s='1, 3, 3')}, [{w}{b}], True, 1, 0.0, True, False)",
    )
    add(
        f"torch.{f}",
        f"torch.{f}(input=T(5, 2, 4), hx={h.format(s='1, 2, 3')}, params=[{w}{b}], has_biases=True, num_layers=1, dropout=0.0, train=True, bidirectional=False, batch_first=False)",
    )
    add(
        f"torch.{f}",
        f"torch.{f}(data=T(3, 4), batch_sizes=torch.tensor([2, 1]), hx={h.format(s='1, 2, 3')}, params=[{w}{b}], has_biases=True, num_layers=1, dropout=0.0, train=True, bidirectional=False)",
    )
    add(f"torch.{f}", f"torch.{f}(T(5, 2, 4))", raises=True)
    add(
        f"torch.{f}",
        f"torch.{f}(torch.ones(5, 4), {h.format(s='1, 2, 3')}, [{w}{b}], True, 1, 0.0, True, False, False)",
        raises=True,
    )
    add(
        f"torch.{f}",
        f"torch.{f}(torch.ones(5, 2, 4), {h.format(s='1, 2, 3')}, [{w}], True, 1, 0.0, True, False, False)",
        raises=True,
    )
    add(
        f"torch.{f}",
        f"torch.{f}(torch.ones(5, 2, 4), {h.format(s='1, 2, 3')}, [{w}{b}], True, 2, 0.0, True, False, False)",
        raises=True,
    )
    add(
        f"torch.{f}",
        f"torch.{f}(torch.ones(5, 2, 4), {h.format(s='2, 2, 3')}, [{w}{b}, {w}{b}], True, 2, 2.0, True, False, False)",
        raises=True,
    )

# ---- sequences -----------------------------------------------------------------------------
U = "torch.nn.utils.rnn"


def sequences(names: str, code: str, **options: object) -> None:
    add(" ".join(f"{U}.{n}" for n in names.split()), PACK.lstrip() + code, **options)


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
        x = shape
        sequences(pack, f"tuple(from_rnn.{pack}(T({x}), {lengths}{first}{extra}))")
        for keywords in ("", ", padding_value=7.5", ", total_length=6", ", batch_first=True"):
            sequences(
                f"pad_packed_sequence {pack}",
                f"from_rnn.pad_packed_sequence(from_rnn.{pack}(T({x}), {lengths}{first}{extra}){keywords})",
            )
        sequences(
            "unpack_sequence",
            f"from_rnn.unpack_sequence(from_rnn.{pack}(T({x}), {lengths}{first}{extra}))",
        )
sequences(pack, f"from_rnn.{pack}(I(4, 2), [3, 2]).data")
for bad in (
    "T(3, 2), [2, 3]",
    "T(3, 2), [3]",
    "T(3, 2), [3, 2, 1]",
    "T(3, 2), [3, 0]",
    "T(3, 2), [3, -1], False, False",
    "T(3), [3]",
    "T(3, 0), []",
    "T(3, 2), torch.tensor([[3, 2]])",
):
    sequences(pack, f"from_rnn.{pack}({bad})", raises=True)
sequences(
    "pad_packed_sequence",
    "p = from_rnn.pack_sequence([T(3, 2), T(1, 2)])\nfrom_rnn.pad_packed_sequence(p, total_length=2)",
    raises=True,
)

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
        sequences("pad_sequence", f"from_rnn.pad_sequence({listed}{keywords})")
for bad in (
    "[]",
    "3",
    "[T(2, 3), T(1, 4)]",
    "[T(2), T()]",
    "[T(2), T(1)], padding_side='up'",
    "[2, 3]",
):
    sequences("pad_sequence", f"from_rnn.pad_sequence({bad})", raises=True)

for args in (
    "T(3, 2), torch.tensor([3, 1])",
    "T(2, 3, 2), torch.tensor([0, 2]), batch_first=True",
    "T(3, 2), torch.tensor([5, 2])",
):
    # Scattered inputs are left out: PyTorch turns the argument itself.
    sequences(
        "unpad_sequence",
        f"from_rnn.unpad_sequence({args.replace('T(', 'T(', 1)} )".replace(
            "unpad_sequence(T(", "unpad_sequence(1 * T("
        ),
    )
sequences(
    "unpad_sequence", "from_rnn.unpad_sequence(1 * T(3, 2), torch.tensor([3, 1, 2]))", raises=True
)

for args in (
    "[T(3, 2), T(2, 2), T(2, 2)]",
    "[T(3), T(1)]",
    "[T(1, 2), T(3, 2)], enforce_sorted=False",
    "[T(1), T(3), T(2)], False",
):
    sequences("pack_sequence", f"tuple(from_rnn.pack_sequence({args}))")
    sequences(
        "pack_sequence unpack_sequence", f"from_rnn.unpack_sequence(from_rnn.pack_sequence({args}))"
    )
for bad in ("[]", "[T(1, 2), T(3, 2)]", "[T(2, 2), T(1, 3)]"):
    sequences("pack_sequence", f"from_rnn.pack_sequence({bad})", raises=True)

P = "PackedSequence"
sequences(
    P,
    "p = from_rnn.PackedSequence(T(3), torch.tensor([2, 1]), torch.tensor([1, 0]))\n[tuple(p), p._fields, p.is_cuda, p.is_pinned(), isinstance(p, tuple)]",
)
sequences(P, "tuple(from_rnn.PackedSequence((T(3), torch.tensor([2, 1]))))")
sequences(P, "from_rnn.PackedSequence(T(3))", raises=True)
sequences(
    P,
    "p = from_rnn.pack_sequence([T(3), T(1)])\n[p.to(p.data.dtype) is p, p.cpu() is p, p._replace(data=p.data * 2).data]",
)
sequences(P, "repr(from_rnn.PackedSequence(torch.ones(3), torch.tensor([2, 1])))")
for name in ("double", "float", "half", "long", "int", "short", "char", "byte"):
    sequences(
        P,
        f"p = from_rnn.pack_sequence([C(1, low=1, high=9), C(3, low=1, high=9)], False).{name}()\ntuple(p)",
        order=0,
    )
sequences(P, "tuple(from_rnn.pack_sequence([T(3), T(1)]).to(torch.float64))")
sequences(P, "tuple(from_rnn.pack_sequence([T(3), T(1)]).to(device='cpu', dtype=torch.float64))")
sequences(
    "invert_permutation",
    "[from_rnn.invert_permutation(torch.tensor([2, 0, 1])), from_rnn.invert_permutation(None)]",
)
