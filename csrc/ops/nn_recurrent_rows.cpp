// Recurrent networks seen from outside C++.
#include "ops/function.h"
#include "tensor/check.h"
#include "wengert/error.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// What the Python functions of both forms call: packed where batch_sizes is given. hx: the first
// states, or nothing.
std::tuple<Tensor, Tensor, Tensor> lstm_row(const Tensor& input, std::optional<Dims> batch_sizes,
                                            TensorList hx, TensorList params, bool has_biases,
                                            int64_t num_layers, double dropout, bool train,
                                            bool bidirectional, bool batch_first) {
  return batch_sizes ? lstm(input, *batch_sizes, hx, params, has_biases, num_layers, dropout, train,
                            bidirectional)
                     : lstm(input, hx, params, has_biases, num_layers, dropout, train,
                            bidirectional, batch_first);
}
#define WG_ROW(name)                                                                           \
  std::pair<Tensor, Tensor> name##_row(const Tensor& input, std::optional<Dims> batch_sizes,   \
                                       TensorList hx, TensorList params, bool has_biases,      \
                                       int64_t num_layers, double dropout, bool train,         \
                                       bool bidirectional, bool batch_first) {                 \
    WG_CHECK(hx.size() < 2, Error, #name, ": expected one hidden state, but got ", hx.size()); \
    const Tensor h = hx.empty() ? Tensor() : hx[0];                                            \
    return batch_sizes ? name(input, *batch_sizes, h, params, has_biases, num_layers, dropout, \
                              train, bidirectional)                                            \
                       : name(input, h, params, has_biases, num_layers, dropout, train,        \
                              bidirectional, batch_first);                                     \
  }
WG_ROW(gru)
WG_ROW(rnn_tanh)
WG_ROW(rnn_relu)
#undef WG_ROW

constexpr const char* kCell = "input, hx, w_ih, w_hh, b_ih=None, b_hh=None";
constexpr const char* kSequence =
    "input, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional, "
    "batch_first=False";
// Two layers and one of each kind, of both forms.
constexpr const char* kPlainSamples =
    "T((3, 2, 4)), None, (T((1, 2, 5)),), (T((5, 4)), T((5, 5)), T((5,)), T((5,))), True, 1, 0.0, "
    "False, False\n"
    "T((2, 3, 4)), None, (), (T((5, 4)), T((5, 5)), T((5, 4)), T((5, 5))), False, 1, 0.0, True, "
    "True, True\n"
    "T((6, 4)), (3, 2, 1), (T((2, 3, 5)),), (T((5, 4)), T((5, 5)), T((5,)), T((5,)), T((5, 4)), "
    "T((5, 5)), T((5,)), T((5,))), True, 1, 0.0, False, True";

constexpr Function rows[] = {
    make_function<lstm_cell>(
        "lstm_cell", kCell, kFunction,
        "One step of an LSTM: the states (N, hidden) after an input (N, in), from hx = (h, c)",
        "T((2, 4)), (T((2, 3)), T((2, 3))), T((12, 4)), T((12, 3)), T((12,)), T((12,))\n"
        "T((2, 4)), (T((2, 3)), T((2, 3))), T((12, 4)), T((12, 3))"),
    make_function<gru_cell>(
        "gru_cell", kCell, kFunction,
        "One step of a GRU: the state (N, hidden) after an input (N, in), from hx",
        "T((2, 4)), T((2, 3)), T((9, 4)), T((9, 3)), T((9,)), T((9,))\n"
        "T((2, 4)), T((2, 3)), T((9, 4)), T((9, 3))"),
    make_function<rnn_tanh_cell>("rnn_tanh_cell", kCell, kFunction,
                                 "tanh(input w_ih^T + b_ih + hx w_hh^T + b_hh)",
                                 "T((2, 4)), T((2, 3)), T((3, 4)), T((3, 3)), T((3,)), T((3,))",
                                 "np.tanh(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh)"),
    make_function<rnn_relu_cell>("rnn_relu_cell", kCell, kFunction,
                                 "relu(input w_ih^T + b_ih + hx w_hh^T + b_hh)",
                                 "T((2, 4)), T((2, 3)), T((3, 4)), T((3, 3)), T((3,)), T((3,))",
                                 "np.maximum(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh, 0)"),
    make_function<lstm_row>(
        "_lstm",
        "input, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional, "
        "batch_first=False",
        kFunction | kInternal, "LSTM over padded or packed sequences",
        "T((3, 2, 4)), None, (T((1, 2, 3)), T((1, 2, 3))), (T((12, 4)), T((12, 3)), T((12,)), "
        "T((12,))), True, 1, 0.0, False, False\n"
        "T((3, 2, 4)), None, (T((2, 2, 2)), T((2, 2, 3))), (T((12, 4)), T((12, 2)), T((2, 3)), "
        "T((12, 4)), T((12, 2)), T((2, 3))), False, 1, 0.0, False, True\n"
        "T((6, 4)), (3, 2, 1), (), (T((12, 4)), T((12, 3)), T((12, 4)), T((12, 3))), False, 1, "
        "0.0, False, True"),
    make_function<gru_row>(
        "_gru", kSequence, kFunction | kInternal, "GRU over padded or packed sequences",
        "T((3, 2, 4)), None, (T((1, 2, 3)),), (T((9, 4)), T((9, 3)), T((9,)), T((9,))), True, 1, "
        "0.0, False, False\n"
        "T((6, 4)), (3, 2, 1), (T((2, 3, 3)),), (T((9, 4)), T((9, 3)), T((9, 4)), T((9, 3))), "
        "False, "
        "1, 0.0, False, True"),
    make_function<rnn_tanh_row>("_rnn_tanh", kSequence, kFunction | kInternal,
                                "tanh network over padded or packed sequences", kPlainSamples),
    make_function<rnn_relu_row>("_rnn_relu", kSequence, kFunction | kInternal,
                                "relu network over padded or packed sequences", kPlainSamples),
};
}  // namespace

extern const FunctionTable nn_recurrent_functions;
const FunctionTable nn_recurrent_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
