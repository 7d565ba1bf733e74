// Recurrent networks of several layers and directions, and single steps of them.
#include "ops/nn_recurrent.h"

#include "autograd/mode.h"
#include "kernels/gemm.h"
#include "ops/op.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN

using recurrent::Cell;
using recurrent::Inputs;
using recurrent::Outputs;
using recurrent::Steps;

namespace {

const char* name_of_cell(Cell cell) {
  switch (cell) {
    case Cell::lstm:
      return "lstm";
    case Cell::gru:
      return "gru";
    case Cell::tanh:
      return "rnn_tanh";
    default:
      return "rnn_relu";
  }
}

// Half precision is computed in float32, but for products of pairs where the processor has them.
bool takes_pairs(DType weights) {
  return compute_dtype(weights) != weights && !transforming() && kernels::gemm_packs(weights);
}

// One layer or one step. Weights may be `short_weights` of 16 bits beside states of float32.
Outputs run(const char* op, Cell cell, const Steps& steps, Inputs in, bool short_weights = false) {
  const TensorImpl &x = *detail::input(op, in.t[Inputs::x]),
                   &w_ih = *detail::input(op, in.t[Inputs::w_ih]),
                   &w_hh = *detail::input(op, in.t[Inputs::w_hh]);
  const int64_t gates = recurrent::gates_of(cell);
  WG_CHECK(is_floating(x.dtype), NotImplementedError, op, ": not available for dtype ", x.dtype);
  WG_CHECK(w_hh.ndim == 2 && w_hh.shape()[0] % gates == 0, Error, op,
           ": expected a weight_hh of shape (", gates, " * hidden, out), but got ", w_hh.sizes());
  const int64_t sums = w_hh.shape()[0], hidden = sums / gates, out = w_hh.shape()[1];
  WG_CHECK(w_ih.ndim == 2 && w_ih.shape()[0] == sums, Error, op,
           ": expected a weight_ih of shape (", sums, ", in), but got ", w_ih.sizes());
  WG_CHECK(x.shape()[1] == w_ih.shape()[1], Error, op, ": expected an input of ", w_ih.shape()[1],
           " features, but got ", x.shape()[1]);
  const auto check = [&](int i, const char* what, std::initializer_list<int64_t> shape) {
    const Tensor& t = in.t[i];
    WG_CHECK(!t.defined() || t.shape() == Dims(shape.begin(), shape.size()), Error, op,
             ": expected a ", what, " of shape ", Dims(shape.begin(), shape.size()), ", but got ",
             t.shape());
  };
  check(Inputs::b_ih, "bias_ih", {sums});
  check(Inputs::b_hh, "bias_hh", {sums});
  check(Inputs::w_hr, "weight_hr", {out, hidden});
  WG_CHECK(in.t[Inputs::w_hr].defined() || out == hidden, Error, op,
           ": expected a weight_hr for states of ", out, " features, computed from ", hidden);
  check(Inputs::h_0, "first hidden state", {steps.batch, out});
  check(Inputs::c_0, "first cell state", {steps.batch, hidden});
  const DType dtype = x.dtype, weights = w_ih.dtype;
  const bool mixed = short_weights && dtype == DType::float32 && compute_dtype(weights) == dtype;
  const bool pairs = takes_pairs(weights);
  for (int i = 0; i < Inputs::count; ++i) {
    Tensor& t = in.t[i];
    if (!t.defined()) continue;
    const bool weight = i >= Inputs::w_ih && i <= Inputs::w_hr;
    WG_CHECK(t.dtype() == (weight && mixed ? weights : dtype), Error, op,
             ": input, states and weights must have one dtype, but got ", dtype, " and ", t.dtype(),
             "; convert one with to()");
    if (!pairs && t.dtype() != compute_dtype(t.dtype())) t = t.to(compute_dtype(t.dtype()));
  }
  Outputs y = recurrent::run_layer(cell, steps, in);
  for (Tensor* t : {&y.states, &y.h_n, &y.c_n}) {
    if (t->defined() && t->dtype() != dtype) *t = t->to(dtype);
  }
  return y;
}

// ---- one step ------------------------------------------------------------------------------

Outputs one_step(const char* op, Cell cell, const Tensor& input, const Tensor& h, const Tensor& c,
                 const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
  const TensorImpl& x = *detail::input(op, input);
  detail::input(op, h);
  WG_CHECK(x.ndim > 0, IndexError, op, ": expected an input (N, in), but got a 0-d tensor");
  WG_CHECK(x.ndim == 2, IndexError, op, ": expected an input (N, in), but got shape ", x.sizes());
  Steps steps;
  steps.batch = x.shape()[0];
  return run(op, cell, steps, {{input, w_ih, w_hh, b_ih, b_hh, {}, h, c}});
}

// ---- sequences -----------------------------------------------------------------------------

struct Network {
  Cell cell;
  TensorList params;
  bool has_biases;
  int64_t num_layers;
  double dropout;
  bool train, bidirectional;

  int64_t directions() const { return bidirectional ? 2 : 1; }
};

// The first states of one layer and direction.
std::vector<Tensor> first_states(const Network& net, const char* what, const Tensor& hx,
                                 int64_t batch) {
  const char* op = name_of_cell(net.cell);
  const int64_t n = net.num_layers * net.directions();
  if (!hx.defined()) return std::vector<Tensor>(static_cast<size_t>(n));
  WG_CHECK(hx.dim() == 3, IndexError, op, ": expected ", what,
           " (layers * directions, N, features), but got shape ", hx.shape());
  WG_CHECK(hx.size(0) == n && hx.size(1) == batch, Error, op, ": expected ", what, " of shape (", n,
           ", ", batch, ", features), but got ", hx.shape());
  if (n == 1) return {reshape(hx, {hx.size(1), hx.size(2)})};
  return unbind(hx, 0);
}

Tensor joined(const std::vector<Tensor>& states) {
  return states.size() == 1 ? unsqueeze(states[0], 0) : stack(states, 0);
}

// All layers over rows (rows, in); the states are (rows, directions * out).
Outputs run_layers(const Network& net, Steps steps, Tensor x, const Tensor& h_0,
                   const Tensor& c_0) {
  const char* op = name_of_cell(net.cell);
  const auto layers = static_cast<size_t>(net.num_layers * net.directions());
  const size_t plain = net.has_biases ? 4 : 2, given = net.params.size();
  WG_CHECK(net.num_layers > 0, Error, op, ": expected num_layers > 0, but got ", net.num_layers);
  const bool projected = net.cell == Cell::lstm && given == layers * (plain + 1);
  WG_CHECK(projected || given == layers * plain, Error, op, ": expected ", layers * plain,
           " parameters for ", net.num_layers, " layers and ", net.directions(),
           " directions, but got ", given);
  const auto h = first_states(net, "first hidden states", h_0, steps.batch);
  const auto c = first_states(net, "first cell states", c_0, steps.batch);
  std::vector<Tensor> h_n, c_n;
  const Tensor* p = net.params.begin();
  for (int64_t layer = 0; layer < net.num_layers; ++layer) {
    std::vector<Tensor> sides;
    for (int64_t d = 0; d < net.directions(); ++d) {
      Inputs in;
      in.t[Inputs::x] = x;
      in.t[Inputs::w_ih] = *p++;
      in.t[Inputs::w_hh] = *p++;
      if (net.has_biases) {
        in.t[Inputs::b_ih] = *p++;
        in.t[Inputs::b_hh] = *p++;
      }
      if (projected) in.t[Inputs::w_hr] = *p++;
      in.t[Inputs::h_0] = h[h_n.size()];
      in.t[Inputs::c_0] = c[h_n.size()];
      steps.reverse = d == 1;
      // The states of a GRU go on beside its products, in a dtype that autocast leaves as it is.
      const Outputs y = run(op, net.cell, steps, in, net.cell == Cell::gru);
      sides.push_back(y.states);
      h_n.push_back(y.h_n);
      if (y.c_n.defined()) c_n.push_back(y.c_n);
    }
    const bool last = layer + 1 == net.num_layers;
    // The user's tensor may be changed in place; the layer's own is needed for its gradient.
    x = sides.size() > 1                   ? cat(sides, 1)
        : last && sides[0].requires_grad() ? clone(sides[0])
                                           : sides[0];
    if (!last && net.dropout != 0 && net.train) x = dropout(x, net.dropout, true);
  }
  return {x, joined(h_n), c_n.empty() ? Tensor() : joined(c_n)};
}

Outputs run_padded(const Network& net, const Tensor& input, const Tensor& h_0, const Tensor& c_0,
                   bool batch_first) {
  const char* op = name_of_cell(net.cell);
  const TensorImpl& given = *detail::input(op, input);
  WG_CHECK(given.ndim == 3, IndexError, op,
           ": expected an input of 3 dimensions (steps, N, in), but got shape ", given.sizes());
  const Tensor x = batch_first ? transpose(input, 0, 1) : input;
  Steps steps;
  steps.count = x.size(0);
  steps.batch = x.size(1);
  WG_CHECK(steps.count > 0, Error, op, ": expected at least one step, but got an input of shape ",
           given.sizes());
  const Tensor rows = reshape(x, {steps.count * steps.batch, x.size(2)});
  Outputs y = run_layers(net, steps, rows, h_0, c_0);
  y.states = reshape(y.states, {steps.count, steps.batch, y.states.size(1)});
  if (batch_first) y.states = transpose(y.states, 0, 1);
  return y;
}

Outputs run_packed(const Network& net, const Tensor& data, Dims batch_sizes, const Tensor& h_0,
                   const Tensor& c_0) {
  const char* op = name_of_cell(net.cell);
  const TensorImpl& x = *detail::input(op, data);
  WG_CHECK(x.ndim == 2, IndexError, op, ": expected packed data (rows, in), but got shape ",
           x.sizes());
  WG_CHECK(!batch_sizes.empty(), Error, op, ": expected at least one step in batch_sizes");
  Steps steps;
  steps.count = static_cast<int64_t>(batch_sizes.size());
  steps.batch = batch_sizes[0];
  steps.sizes.assign(batch_sizes.begin(), batch_sizes.end());
  int64_t rows = 0, before = steps.batch;
  for (const int64_t n : batch_sizes) {
    WG_CHECK(n > 0 && n <= before, Error, op,
             ": expected batch_sizes that are positive and do not grow, but got ", batch_sizes);
    rows += before = n;
  }
  WG_CHECK(rows == x.shape()[0], Error, op, ": expected ", rows,
           " rows of packed data, as batch_sizes says, but got ", x.shape()[0]);
  return run_layers(net, std::move(steps), data, h_0, c_0);
}

std::pair<Tensor, Tensor> pair_of(const char* op, TensorList hx) {
  if (hx.empty()) return {};
  WG_CHECK(hx.size() == 2, Error, op, ": expected two hidden states, but got ", hx.size());
  return {hx[0], hx[1]};
}

}  // namespace

std::pair<Tensor, Tensor> lstm_cell(const Tensor& input, TensorList hx, const Tensor& w_ih,
                                    const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
  WG_CHECK(hx.size() == 2, Error, "lstm_cell: expected two hidden states, but got ", hx.size());
  const Outputs y = one_step("lstm_cell", Cell::lstm, input, hx[0], hx[1], w_ih, w_hh, b_ih, b_hh);
  return {y.h_n, y.c_n};
}
#define WG_CELL(name, cell)                                                                  \
  Tensor name(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh, \
              const Tensor& b_ih, const Tensor& b_hh) {                                      \
    return one_step(#name, Cell::cell, input, hx, {}, w_ih, w_hh, b_ih, b_hh).h_n;           \
  }
WG_CELL(gru_cell, gru)
WG_CELL(rnn_tanh_cell, tanh)
WG_CELL(rnn_relu_cell, relu)
#undef WG_CELL

std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& input, TensorList hx, TensorList params,
                                        bool has_biases, int64_t num_layers, double dropout,
                                        bool train, bool bidirectional, bool batch_first) {
  const auto [h, c] = pair_of("lstm", hx);
  const Network net{Cell::lstm, params, has_biases, num_layers, dropout, train, bidirectional};
  const Outputs y = run_padded(net, input, h, c, batch_first);
  return {y.states, y.h_n, y.c_n};
}
std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& data, Dims batch_sizes, TensorList hx,
                                        TensorList params, bool has_biases, int64_t num_layers,
                                        double dropout, bool train, bool bidirectional) {
  const auto [h, c] = pair_of("lstm", hx);
  const Network net{Cell::lstm, params, has_biases, num_layers, dropout, train, bidirectional};
  const Outputs y = run_packed(net, data, batch_sizes, h, c);
  return {y.states, y.h_n, y.c_n};
}
#define WG_RECURRENT(name, cell)                                                                  \
  std::pair<Tensor, Tensor> name(const Tensor& input, const Tensor& hx, TensorList params,        \
                                 bool has_biases, int64_t num_layers, double dropout, bool train, \
                                 bool bidirectional, bool batch_first) {                          \
    const Network net{Cell::cell, params, has_biases, num_layers, dropout, train, bidirectional}; \
    const Outputs y = run_padded(net, input, hx, {}, batch_first);                                \
    return {y.states, y.h_n};                                                                     \
  }                                                                                               \
  std::pair<Tensor, Tensor> name(const Tensor& data, Dims batch_sizes, const Tensor& hx,          \
                                 TensorList params, bool has_biases, int64_t num_layers,          \
                                 double dropout, bool train, bool bidirectional) {                \
    const Network net{Cell::cell, params, has_biases, num_layers, dropout, train, bidirectional}; \
    const Outputs y = run_packed(net, data, batch_sizes, hx, {});                                 \
    return {y.states, y.h_n};                                                                     \
  }
WG_RECURRENT(gru, gru)
WG_RECURRENT(rnn_tanh, tanh)
WG_RECURRENT(rnn_relu, relu)
#undef WG_RECURRENT

WENGERT_NAMESPACE_END
