"""Recurrent layers and cells, with padded and packed sequences."""

from __future__ import annotations

from table import Row, normal

X, SINGLE = normal(5, 3, 4), normal(5, 4)
LAYERS = ("RNN", "GRU", "LSTM")
CELLS = ("RNNCell", "GRUCell", "LSTMCell")

# Whatever is called, a tuple of tensors comes out of the expressions of C++.
CPP = """
inline std::vector<Tensor> list(const Tensor& t) { return {t}; }
inline std::vector<Tensor> list(const nn::LSTMState& s) { return {s.h, s.c}; }
inline std::vector<Tensor> list(const nn::PackedSequence& s) {
  return {s.data, s.batch_sizes, s.sorted_indices, s.unsorted_indices};
}
template <class A, class B>
std::vector<Tensor> list(const std::pair<A, B>& both) {
  std::vector<Tensor> all = list(both.first);
  for (const Tensor& t : list(both.second)) all.push_back(t);
  return all;
}
namespace rnn = nn::utils::rnn;
"""
PYTHON = "rnn = nn.utils.rnn\n"
LENGTHS_CPP = "tensor({int64_t{2}, int64_t{5}, int64_t{3}})"


def row(name: str, model: str, inputs: tuple, python_call: str, cpp_call: str) -> Row:
    return Row(
        name,
        model,
        inputs,
        python_call=python_call,
        cpp_call=f"list({cpp_call})",
        python_before=PYTHON,
        cpp_before=CPP,
    )


def states(name: str, *shape: int) -> tuple[tuple, str, str]:
    """Inputs for the first states, and how they are given in both languages."""
    if name.startswith("LSTM"):
        return (normal(*shape), normal(*shape)), "(y, z)", "nn::LSTMState{y, z}"
    return (normal(*shape),), "y", "y"


def of_layer(name: str) -> list[Row]:
    first, python, cpp = states(name, 2, 3, 6)
    return [
        row(name, f"nn.{name}(4, 6)", (X,), "model(x)", "model(x)"),
        row(
            f"{name}_states",
            f"nn.{name}(4, 6, num_layers=2, dropout=0.3)",
            (X, *first),
            f"model(x, {python})",
            f"model(x, {cpp})",
        ),
        row(
            f"{name}_both",
            f"nn.{name}(4, 6, num_layers=2, bias=False, batch_first=True, bidirectional=True)",
            (normal(3, 5, 4),),
            "model(x)",
            "model(x)",
        ),
        row(f"{name}_single", f"nn.{name}(4, 6)", (SINGLE,), "model(x)", "model(x)"),
        row(
            f"{name}_packed",
            f"nn.{name}(4, 6, num_layers=2, bidirectional=True)",
            (X,),
            "model(rnn.pack_padded_sequence(x, [2, 5, 3], enforce_sorted=False))",
            f"model(rnn::pack_padded_sequence(x, {LENGTHS_CPP}, false, false))",
        ),
        row(
            f"{name}_padded",
            f"nn.{name}(4, 6)",
            (X, *states(name, 1, 3, 6)[0]),
            "rnn.pad_packed_sequence(model(rnn.pack_padded_sequence(x, [2, 5, 3], "
            f"enforce_sorted=False), {python})[0], True, 0.5, 7)",
            f"rnn::pad_packed_sequence(model(rnn::pack_padded_sequence(x, {LENGTHS_CPP}, false, "
            f"false), {cpp}).first, true, 0.5, 7)",
        ),
    ]


def of_cell(name: str) -> list[Row]:
    first, python, cpp = states(name, 3, 6)
    return [
        row(name, f"nn.{name}(4, 6)", (normal(3, 4),), "model(x)", "model(x)"),
        row(
            f"{name}_states",
            f"nn.{name}(4, 6, bias=False)",
            (normal(3, 4), *first),
            f"model(x, {python})",
            f"model(x, {cpp})",
        ),
        row(
            f"{name}_single",
            f"nn.{name}(4, 6)",
            (normal(4), *states(name, 6)[0]),
            f"model(x, {python})",
            f"model(x, {cpp})",
        ),
    ]


ROWS = [
    *(r for name in LAYERS for r in of_layer(name)),
    *(r for name in CELLS for r in of_cell(name)),
    row("RNN_relu", 'nn.RNN(4, 6, nonlinearity="relu")', (X,), "model(x)", "model(x)"),
    row("RNNCell_relu", 'nn.RNNCell(4, 6, nonlinearity="relu")', (SINGLE,), "model(x)", "model(x)"),
    row("LSTM_projection", "nn.LSTM(4, 6, num_layers=2, proj_size=3)", (X,), *["model(x)"] * 2),
    row(
        "utils_sequences",
        "nn.Linear(4, 4)",
        (SINGLE, normal(2, 4), normal(3, 4)),
        "(rnn.pad_sequence(rnn.unpack_sequence(rnn.pack_sequence([model(x), z, y])), True), "
        'rnn.pad_sequence([y, model(x), z], True, -1.0, "left"))',
        "std::pair(rnn::pad_sequence(rnn::unpack_sequence(rnn::pack_sequence({model(x), z, y})), "
        'true), rnn::pad_sequence({y, model(x), z}, true, -1.0, "left"))',
    ),
]
