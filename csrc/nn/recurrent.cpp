#include "wengert/nn/recurrent.h"

#include <algorithm>

#include "nn/make.h"
#include "wengert/nn/init.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/recurrent.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

int64_t gates_of(const std::string& mode) { return mode == "LSTM" ? 4 : mode == "GRU" ? 3 : 1; }

LSTMOptions common(const GRUOptions& o) {
  return {.num_layers = o.num_layers,
          .bias = o.bias,
          .batch_first = o.batch_first,
          .dropout = o.dropout,
          .bidirectional = o.bidirectional,
          .dtype = o.dtype};
}
LSTMOptions common(const RNNOptions& o) {
  return {.num_layers = o.num_layers,
          .bias = o.bias,
          .batch_first = o.batch_first,
          .dropout = o.dropout,
          .bidirectional = o.bidirectional,
          .dtype = o.dtype};
}

std::string mode_of(const std::string& nonlinearity) {
  WG_CHECK(nonlinearity == "tanh" || nonlinearity == "relu", ValueError,
           "RNN: nonlinearity must be tanh or relu, but is ", nonlinearity);
  return nonlinearity == "tanh" ? "RNN_TANH" : "RNN_RELU";
}

std::vector<Tensor> given(const Tensor& h) {
  return h.defined() ? std::vector{h} : std::vector<Tensor>();
}
std::vector<Tensor> given(const LSTMState& s) {
  WG_CHECK(s.h.defined() == s.c.defined(), ValueError,
           "LSTM: expected both first states, or none of them");
  return s.h.defined() ? std::vector{s.h, s.c} : std::vector<Tensor>();
}

std::vector<int64_t> numbers(const Tensor& t) {
  const Tensor dense = t.contiguous();
  return {dense.data<int64_t>(), dense.data<int64_t>() + dense.numel()};
}

}  // namespace

RNNBase::RNNBase(std::string m, int64_t in, int64_t hidden, const LSTMOptions& o)
    : mode(std::move(m)), input_size(in), hidden_size(hidden), options(o) {
  const char* layer = mode.c_str();
  check_size(layer, "input_size", in);
  check_size(layer, "hidden_size", hidden);
  check_size(layer, "num_layers", o.num_layers);
  WG_CHECK(o.dropout >= 0 && o.dropout <= 1, ValueError, layer,
           ": dropout should be a number in [0, 1], but is ", o.dropout);
  WG_CHECK(o.proj_size >= 0 && o.proj_size < hidden, ValueError, layer,
           ": proj_size must be from 0 to less than hidden_size ", hidden, ", but is ",
           o.proj_size);
  const int64_t rows = gates_of(mode) * hidden, out = o.proj_size ? o.proj_size : hidden;
  const int64_t directions = o.bidirectional ? 2 : 1;
  for (int64_t k = 0; k < o.num_layers; ++k) {
    for (int64_t direction = 0; direction < directions; ++direction) {
      const std::string end = "_l" + std::to_string(k) + (direction ? "_reverse" : "");
      const auto add = [&](const char* name, Dims shape) {
        names_.push_back(name + end);
        weights_.push_back(register_parameter(names_.back(), empty(shape, o.dtype)));
      };
      add("weight_ih", {rows, k == 0 ? in : out * directions});
      add("weight_hh", {rows, out});
      if (o.bias) add("bias_ih", {rows});
      if (o.bias) add("bias_hh", {rows});
      if (o.proj_size) add("weight_hr", {out, hidden});
    }
  }
  reset_parameters();
}

void RNNBase::reset_parameters() {
  const double bound = bound_for(hidden_size);
  for (Tensor& w : parameters()) init::uniform_(w, -bound, bound);
}

Tensor* RNNBase::variable(const std::string& name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? nullptr : &weights_[static_cast<size_t>(found - names_.begin())];
}

void RNNBase::check_input(const Tensor& input, int64_t dims) const {
  WG_CHECK(input.dtype() == weights_[0].dtype(), ValueError, mode, ": the input's dtype ",
           input.dtype(), " does not match that of the weights, ", weights_[0].dtype());
  WG_CHECK(input.dim() == dims, Error, mode, ": the input must have ", dims,
           " dimensions, got shape ", input.shape());
  WG_CHECK(input.size(-1) == input_size, Error, mode, ": expected ", input_size,
           " features, got an input of shape ", input.shape());
}

void RNNBase::check_states(const States& states, int64_t batch) const {
  const int64_t count = options.num_layers * (options.bidirectional ? 2 : 1);
  for (size_t i = 0; i < states.size(); ++i) {
    const int64_t features = i == 0 && options.proj_size ? options.proj_size : hidden_size;
    WG_CHECK(states[i].shape() == Dims({count, batch, features}), Error, mode,
             ": expected a first state of shape ", Dims({count, batch, features}), ", got ",
             states[i].shape());
  }
}

std::pair<Tensor, RNNBase::States> RNNBase::compute(const Tensor& input,
                                                    const std::vector<int64_t>* sizes,
                                                    const States& first) const {
  const LSTMOptions& o = options;
  const bool train = is_training();
  if (mode == "LSTM") {
    auto [y, h, c] = sizes ? lstm(input, *sizes, first, weights_, o.bias, o.num_layers, o.dropout,
                                  train, o.bidirectional)
                           : lstm(input, first, weights_, o.bias, o.num_layers, o.dropout, train,
                                  o.bidirectional, o.batch_first);
    return {std::move(y), {std::move(h), std::move(c)}};
  }
  const Tensor hx = first.empty() ? Tensor() : first[0];
#define WENGERT_COMPUTE(function)                                                                 \
  (sizes ? function(input, *sizes, hx, weights_, o.bias, o.num_layers, o.dropout, train,          \
                    o.bidirectional)                                                              \
         : function(input, hx, weights_, o.bias, o.num_layers, o.dropout, train, o.bidirectional, \
                    o.batch_first))
  auto [y, h] = mode == "GRU"        ? WENGERT_COMPUTE(gru)
                : mode == "RNN_TANH" ? WENGERT_COMPUTE(rnn_tanh)
                                     : WENGERT_COMPUTE(rnn_relu);
#undef WENGERT_COMPUTE
  return {std::move(y), {std::move(h)}};
}

std::pair<Tensor, RNNBase::States> RNNBase::run(const Tensor& input, States first) const {
  WG_CHECK(input.dim() == 2 || input.dim() == 3, ValueError, mode,
           ": expected an input of 2 or 3 dimensions, got shape ", input.shape());
  const bool single = input.dim() == 2;
  const int64_t batch_dim = options.batch_first ? 0 : 1;
  for (const Tensor& h : first) {
    WG_CHECK(h.dim() == input.dim(), Error, mode, ": for an input of ", input.dim(),
             " dimensions first states must have as many, got shape ", h.shape());
  }
  const Tensor x = single ? unsqueeze(input, batch_dim) : input;
  check_input(x, 3);
  if (single) {
    for (Tensor& h : first) h = unsqueeze(h, 1);
  }
  check_states(first, x.size(batch_dim));
  auto [y, last] = compute(x, nullptr, first);
  if (!single) return {std::move(y), std::move(last)};
  y = squeeze(y, {batch_dim});
  for (Tensor& h : last) h = squeeze(h, {1});
  return {std::move(y), std::move(last)};
}

std::pair<PackedSequence, RNNBase::States> RNNBase::run(const PackedSequence& input,
                                                        States first) const {
  const std::vector<int64_t> sizes = numbers(input.batch_sizes);
  if (input.sorted_indices.defined()) {
    for (Tensor& h : first) h = index_select(h, 1, input.sorted_indices);
  }
  check_input(input.data, 2);
  check_states(first, sizes.empty() ? 0 : sizes[0]);
  auto [y, last] = compute(input.data, &sizes, first);
  if (input.unsorted_indices.defined()) {
    for (Tensor& h : last) h = index_select(h, 1, input.unsorted_indices);
  }
  return {{std::move(y), input.batch_sizes, input.sorted_indices, input.unsorted_indices},
          std::move(last)};
}

// ---- layers

RNN::RNN(int64_t in, int64_t hidden, const RNNOptions& o)
    : RNNBase(mode_of(o.nonlinearity), in, hidden, common(o)) {}
GRU::GRU(int64_t in, int64_t hidden, const GRUOptions& o) : RNNBase("GRU", in, hidden, common(o)) {}
LSTM::LSTM(int64_t in, int64_t hidden, const LSTMOptions& o) : RNNBase("LSTM", in, hidden, o) {}

// `last` makes the states of a list of tensors.
#define WENGERT_FORWARD(Name, Input, State, last)                              \
  std::pair<Input, State> Name::forward(const Input& input, const State& hx) { \
    auto [y, s] = run(input, given(hx));                                       \
    return {std::move(y), last};                                               \
  }
#define WENGERT_RECURRENT(Name, State, last)                                                       \
  WENGERT_FORWARD(Name, Tensor, State, last)                                                       \
  WENGERT_FORWARD(Name, PackedSequence, State, last)                                               \
  std::pair<Tensor, State> Name::operator()(const Tensor& input, const State& hx) {                \
    return call(input, [&](const Tensor& x) { return forward(x, hx); });                           \
  }                                                                                                \
  std::pair<PackedSequence, State> Name::operator()(const PackedSequence& input,                   \
                                                    const State& hx) {                             \
    return call(input.data, [&](const Tensor& x) {                                                 \
      return forward(                                                                              \
          PackedSequence{x, input.batch_sizes, input.sorted_indices, input.unsorted_indices}, hx); \
    });                                                                                            \
  }
WENGERT_RECURRENT(RNN, Tensor, s[0])
WENGERT_RECURRENT(GRU, Tensor, s[0])
WENGERT_RECURRENT(LSTM, LSTMState, (LSTMState{s[0], s[1]}))
#undef WENGERT_RECURRENT
#undef WENGERT_FORWARD

// ---- cells

RNNCellBase::RNNCellBase(const char* layer, int64_t in, int64_t hidden, bool bias, int64_t gates,
                         std::optional<DType> dtype)
    : input_size(in), hidden_size(hidden), layer_(layer) {
  check_size(layer, "input_size", in, 0);
  check_size(layer, "hidden_size", hidden, 0);
  weight_ih = register_parameter("weight_ih", empty({gates * hidden, in}, dtype));
  weight_hh = register_parameter("weight_hh", empty({gates * hidden, hidden}, dtype));
  if (bias) {
    bias_ih = register_parameter("bias_ih", empty({gates * hidden}, dtype));
    bias_hh = register_parameter("bias_hh", empty({gates * hidden}, dtype));
  }
  reset_parameters();
}
void RNNCellBase::reset_parameters() {
  const double bound = bound_for(hidden_size);
  for (Tensor& w : parameters()) init::uniform_(w, -bound, bound);
}
void RNNCellBase::check_dims(const char* what, const Tensor& t) const {
  WG_CHECK(t.dim() == 1 || t.dim() == 2, ValueError, layer_, ": expected ", what,
           " of 1 or 2 dimensions, got shape ", t.shape());
}
Tensor RNNCellBase::zeros_for(const Tensor& input) const {
  std::vector<int64_t> shape = input.shape().vec();
  shape.back() = hidden_size;
  return zeros(shape, input.dtype());
}

RNNCell::RNNCell(int64_t in, int64_t hidden, const RNNCellOptions& o)
    : RNNCellBase("RNNCell", in, hidden, o.bias, 1, o.dtype), options(o) {
  mode_of(o.nonlinearity);
}
GRUCell::GRUCell(int64_t in, int64_t hidden, const GRUCellOptions& o)
    : RNNCellBase("GRUCell", in, hidden, o.bias, 3, o.dtype), options(o) {}
LSTMCell::LSTMCell(int64_t in, int64_t hidden, const LSTMCellOptions& o)
    : RNNCellBase("LSTMCell", in, hidden, o.bias, 4, o.dtype) {}

#define WENGERT_RECURRENT(Name, function)                                                      \
  Tensor Name::forward(const Tensor& input, const Tensor& hx) {                                \
    check_dims("an input", input);                                                             \
    const Tensor h = hx.defined() ? hx : zeros_for(input);                                     \
    check_dims("a state", h);                                                                  \
    if (input.dim() == 2) return function(input, h, weight_ih, weight_hh, bias_ih, bias_hh);   \
    const Tensor x = unsqueeze(input, 0);                                                      \
    return squeeze(function(x, unsqueeze(h, 0), weight_ih, weight_hh, bias_ih, bias_hh), {0}); \
  }                                                                                            \
  Tensor Name::operator()(const Tensor& input, const Tensor& hx) {                             \
    return call(input, [&](const Tensor& x) { return forward(x, hx); });                       \
  }
WENGERT_RECURRENT(RNNCell, (options.nonlinearity == "tanh" ? rnn_tanh_cell : rnn_relu_cell))
WENGERT_RECURRENT(GRUCell, gru_cell)
#undef WENGERT_RECURRENT

LSTMState LSTMCell::forward(const Tensor& input, const LSTMState& hx) {
  check_dims("an input", input);
  std::vector<Tensor> states = given(hx);
  if (states.empty()) states.assign(2, zeros_for(input));
  for (const Tensor& s : states) check_dims("a state", s);
  if (input.dim() == 2) {
    auto [h, c] = lstm_cell(input, states, weight_ih, weight_hh, bias_ih, bias_hh);
    return {std::move(h), std::move(c)};
  }
  const Tensor x = unsqueeze(input, 0);
  for (Tensor& s : states) s = unsqueeze(s, 0);
  const auto [h, c] = lstm_cell(x, states, weight_ih, weight_hh, bias_ih, bias_hh);
  Tensor last = squeeze(h, {0});
  return {std::move(last), squeeze(c, {0})};
}
LSTMState LSTMCell::operator()(const Tensor& input, const LSTMState& hx) {
  return call(input, [&](const Tensor& x) { return forward(x, hx); });
}

}  // namespace nn
WENGERT_NAMESPACE_END
