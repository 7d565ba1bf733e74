"""Recurrent networks: layers, cells and functions."""

from harness import Case

# The first states of each module for s layers and directions, n sequences; hidden size 3.
STATES = {"LSTM": "(T({s}, {n}, 3), T({s}, {n}, 3))", "GRU": "T({s}, {n}, 3)"}
STATES["RNN"] = STATES["GRU"]
# Keywords of a module, and its number of layers times directions.
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
RELU = [("nonlinearity='relu'", 1), ("nonlinearity='relu', num_layers=2, bidirectional=True", 4)]

CASES = []


def add(name: str, code: str, **options: object) -> None:
    names = " ".join(f"torch.{n}" for n in name.split())
    CASES.append(Case(names, code, **options))


def wrong(name: str, code: str) -> None:
    add(name, code, raises=True)


def layer_cases(module: str, options: str, s: int, states: str) -> None:
    """Padded and packed batches, with and without first states."""
    name = f"nn.{module.split('(')[0]}"
    make = f"fill(nn.{module}{', ' + options if options else ''}))"
    first = "batch_first=True" in options
    x = "T(2, 5, 4)" if first else "T(5, 2, 4)"
    h = states.format(s=s, n=2)
    add(name, f"{make}({x})")
    add(name, f"{make}({x}, {h})")
    add(name, f"{make}({x}, {h})[0]")
    add(name, f"{make}({x}, {h})[1]")
    x = "T(3, 5, 4)" if first else "T(5, 3, 4)"
    for more in ("", ", " + states.format(s=s, n=3)):
        for lengths in ("[2, 5, 2], enforce_sorted=False", "[5, 4, 1]", "[5, 5, 5]"):
            add(
                f"{name} nn.utils.rnn.pack_padded_sequence",
                f"""
                p = nn.utils.rnn.pack_padded_sequence({x}, batch_first={first}, lengths={lengths})
                y, h = {make}(p{more})
                [nn.utils.rnn.pad_packed_sequence(y, {first}), h, list(y.batch_sizes), y.data]
                """,
            )


for mode, states in STATES.items():
    for options, s in OPTIONS + (RELU if mode == "RNN" else []):
        layer_cases(f"{mode}(4, 3", options, s, states)
for options, s in OPTIONS:
    layer_cases("LSTM(4, 3, proj_size=2", options, s, "(T({s}, {n}, 2), T({s}, {n}, 3))")

for mode, states in STATES.items():
    name = f"nn.{mode}"
    one = states.format(s=1, n=2).replace(", 2, ", ", ")
    for first in (False, True):
        make = f"fill(nn.{mode}(4, 3, batch_first={first}))"
        add(name, f"{make}(T(5, 4))")
        add(name, f"{make}(T(5, 4), {one})")
        add(name, f"y = {make}(T(2, 5, 4))[0]\n[list(y.shape), y.stride(), y.is_contiguous()]")
    if mode != "LSTM":  # PyTorch needs an LSTM's output for the gradient, other's not
        add(name, f"y = fill(nn.{mode}(4, 3))(T(2, 5, 4))[0]\ny.mul_(2.0)\ny")
    # One step, no sequence, sizes around a vector's, a chain of calls.
    make = f"fill(nn.{mode}(4, 3))"
    add(name, f"{make}(T(1, 1, 4))")
    add(name, f"{make}(T(3, 0, 4))[0]")
    for n in (1, 8, 16, 17, 33):
        add(name, f"fill(nn.{mode}({n}, {n}))(T(3, 2, {n}))")
    add(name, f"m = {make}.eval()\nx = T(3, 2, 4)\ny, h = m(x)\ny, h = m(x * y.sum(), h)\nh")
    add(name, f"m = {make}\nfor p in m.parameters(): p.requires_grad_(False)\nm(T(3, 2, 4))")
    add(name, f"m = {make}\nm.weight_hh_l0.requires_grad_(False)\nm(C(3, 2, 4))")
    # What a module says of itself.
    add(
        name,
        f"""
        m = nn.{mode}(4, 3, 2, bidirectional=True)
        m.flatten_parameters()
        m = m.to(torch.float64)
        x = torch.zeros(2, 2, 4, dtype=torch.float64)
        [[[list(w.shape) for w in ws] for ws in m.all_weights], len(m._flat_weights),
         m.get_expected_hidden_size(x, None), m.mode, m.dropout, m.proj_size, m._flat_weights_names,
         [w.dtype for w in m.parameters()], list(m(x)[0].shape)]
        """,
    )
    add(
        name,
        f"""
        m = nn.{mode}(4, 3)
        m.weight_hh_l0 = nn.Parameter(torch.ones(1, 1))
        [list(w.shape) for w in m._flat_weights]
        """,
    )
    add(name, f"nn.{mode}(4, 3).permute_hidden({states.format(s=1, n=2)}, torch.tensor([1, 0, 1]))")
    wrong(name, f"nn.{mode}(4, 3).check_hidden_size(torch.zeros(2), (3,))")
    # Wrong use.
    for shape in ("0, 2, 4", "2, 2, 5", "4", "2, 2, 2, 4"):
        wrong(name, f"nn.{mode}(4, 3)(torch.zeros({shape}))")
    wrong(name, f"nn.{mode}(4, 3)(torch.zeros(2, 2, 4).double())")
    wrong(name, f"nn.{mode}(4, 3)(torch.zeros(2, 2, 4), torch.zeros(1, 2, 3, 1))")
    wrong(name, f"nn.{mode}(4, 3)(torch.zeros(2, 4), torch.zeros(1, 2, 3))")
    p = "nn.utils.rnn.pack_sequence([torch.zeros(3, 4), torch.zeros(1, 4)])"
    wrong(name, f"nn.{mode}(5, 3)({p})")
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
        wrong(name, f"nn.{mode}({args})")
    good = "torch.zeros(1, 2, 3)"
    for shape in ("2, 2, 3", "1, 3, 3", "1, 2, 4", "2, 3"):
        bad = f"torch.zeros({shape})"
        for h in (f"({bad}, {good})", f"({good}, {bad})") if mode == "LSTM" else (bad,):
            wrong(name, f"nn.{mode}(4, 3)(torch.zeros(5, 2, 4), {h})")
            if mode != "LSTM":  # PyTorch checks nothing here, and crashes
                wrong(name, f"nn.{mode}(4, 3)({p}, {h})")
wrong("nn.LSTM", f"nn.LSTM(4, 3)(torch.zeros(5, 2, 4), ({good},))")
wrong("nn.LSTM", f"nn.LSTM(4, 3)(torch.zeros(5, 2, 4), {good})")
wrong("nn.LSTM", f"nn.LSTM(4, 3, proj_size=2)(torch.zeros(5, 2, 4), ({good}, {good}))")
add("nn.LSTM", "nn.LSTM(4, 3, proj_size=2).get_expected_cell_size(torch.zeros(5, 2, 4), None)")
add("nn.RNN", "m = fill(nn.RNN(4, 3, 2, 'relu', False, True))\n[m(T(2, 5, 4)), m.nonlinearity]")
wrong("nn.RNN", "nn.RNN(4, 3, 1, 'gelu')")
wrong("nn.RNN", "nn.RNN(4, 3, nonlinearity='gelu')")
wrong("nn.RNN", "nn.RNN(4, 3, proj_size=2)")
wrong("nn.GRU", "nn.GRU(4, 3, proj_size=2)")
add("nn.RNNBase", "fill(nn.RNNBase('GRU', 4, 3, num_layers=2)).bias")
wrong("nn.RNNBase", "nn.RNNBase('GRUX', 4, 3)")
wrong("nn.RNNBase", "nn.RNNBase('GRU', 4, 3)(torch.zeros(1, 1, 4))")

# ---- cells ---------------------------------------------------------------------------------
CELLS = {"LSTMCell": "(T({n}3), T({n}3))", "GRUCell": "T({n}3)", "RNNCell": "T({n}3)"}
for cell, hx in CELLS.items():
    name = f"nn.{cell}"
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
        f"""
        m, h = fill(nn.{cell}(4, 3)), {hx.format(n="2, ")}
        for _ in range(3):
            h = m(T(2, 4), h)
        {pick}
        """,
    )
    for x, h in (
        ("2, 5", "2, 3"),
        ("2, 4", "2, 4"),
        ("2, 4", "3, 3"),
        ("1, 2, 4", "2, 3"),
        ("2, 4", "1, 2, 3"),
        ("()", "2, 3"),
        ("2, 4", "()"),
    ):
        state = f"torch.zeros({h})"
        state = f"({state}, {state})" if cell == "LSTMCell" else state
        wrong(name, f"nn.{cell}(4, 3)(torch.zeros({x}), {state})")
wrong("nn.RNNCell", "nn.RNNCell(4, 3, nonlinearity='gelu')(torch.zeros(2, 4))")
wrong("nn.LSTMCell", "nn.LSTMCell(4, 3)(torch.zeros(2, 4), (torch.zeros(2, 3),))")
add("nn.RNNCellBase", "fill(nn.RNNCellBase(4, 3, True, 5)).bias")
add("nn.RNNCellBase", "fill(nn.RNNCellBase(4, 3, bias=False, num_chunks=2)).hidden_size")

# ---- functions -----------------------------------------------------------------------------
for f, gates in {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}.items():
    rows = 3 * gates
    w, b = f"T({rows}, 4), T({rows}, 3)", f"T({rows}), T({rows})"

    def state(shape: str, both: bool = f == "lstm") -> str:
        return f"(T({shape}), T({shape}))" if both else f"T({shape})"

    cell = f"{f}_cell"
    h = state("2, 3")
    add(cell, f"torch.{cell}(T(2, 4), {h}, {w}, {b})")
    add(cell, f"torch.{cell}(T(2, 4), {h}, {w})")
    add(cell, f"torch.{cell}(T(2, 4), {h}, {w}, None, T({rows}))")
    add(
        cell,
        f"torch.{cell}(T(2, 4), hx={h}, w_ih=T({rows}, 4), w_hh=T({rows}, 3), b_ih=T({rows}))",
    )
    wrong(cell, f"torch.{cell}(torch.ones(4), {h}, {w})")
    wrong(cell, f"torch.{cell}(torch.ones(2, 4), {h}, T(7, 4), T(7, 3))")
    wrong(cell, f"torch.{cell}(torch.ones(2, 4).half(), {h}, {w})")
    h, packed = state("1, 2, 3"), state("1, 3, 3")
    options = "True, 1, 0.0, True, False"
    keywords = "has_biases=True, num_layers=1, dropout=0.0, train=True, bidirectional=False"
    add(f, f"torch.{f}(T(5, 2, 4), {h}, [{w}, {b}], {options}, False)")
    add(
        f,
        f"torch.{f}(T(2, 5, 4), {state('2, 2, 3')}, ({w}, {w}), False, 1, 0.0, False, True, True)",
    )
    add(f, f"torch.{f}(T(6, 4), torch.tensor([3, 2, 1]), {packed}, [{w}, {b}], {options})")
    add(
        f,
        f"torch.{f}(input=T(5, 2, 4), hx={h}, params=[{w}, {b}], {keywords}, batch_first=False)",
    )
    add(
        f,
        f"""
        torch.{f}(
            data=T(3, 4), batch_sizes=torch.tensor([2, 1]), hx={h}, params=[{w}, {b}], {keywords}
        )
        """,
    )
    wrong(f, f"torch.{f}(T(5, 2, 4))")
    if f == "lstm":  # the others broadcast whatever comes
        wrong(f, f"torch.{f}(torch.ones(5, 4), {h}, [{w}, {b}], {options}, False)")
    wrong(f, f"torch.{f}(torch.ones(5, 2, 4).half(), {h}, [{w}, {b}], {options}, False)")
    wrong(f, f"torch.{f}(torch.ones(5, 2, 4), {h}, [{w}, T({rows})], {options}, False)")
    two = "True, 2, 0.0, True, False, False"
    wrong(f, f"torch.{f}(torch.ones(5, 2, 4), {h}, [{w}, {b}], {two})")
    wrong(f, f"torch.{f}(T(6, 4), torch.tensor([1, 2, 3]), {packed}, [{w}, {b}], {options})")
