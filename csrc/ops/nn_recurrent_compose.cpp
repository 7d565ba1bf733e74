// Recurrent layers as compositions of differentiable operations, for derivatives of higher order.
#include <algorithm>

#include "ops/nn_recurrent.h"
#include "tensor/check.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN
namespace recurrent {

Tensor converted(const Tensor& t, DType dtype) {
  return !t.defined() || t.dtype() == dtype ? t : to(t, dtype);
}

Tensor add_biases(const Tensor& a, const Tensor& b) {
  return !a.defined() ? b : !b.defined() ? a : add(a, b);
}

namespace {

struct State {
  Tensor h, c;  // c of an LSTM only
};

// One step, from the input's part of the sums.
State step_cell(Cell cell, const Tensor& sums, const State& s, const Inputs& in) {
  if (cell == Cell::gru) {
    const Tensor own = linear(s.h, in.t[Inputs::w_hh], in.t[Inputs::b_hh]);
    const auto x = split(sums, sums.size(1) / 3, 1), y = split(own, own.size(1) / 3, 1);
    const Tensor update = sigmoid(x[1] + y[1]);
    const Tensor fresh = tanh(x[2] + sigmoid(x[0] + y[0]) * y[2]);
    return {fresh + update * (s.h - fresh), {}};
  }
  const Tensor total = sums + linear(s.h, in.t[Inputs::w_hh]);
  if (cell == Cell::tanh) return {tanh(total), {}};
  if (cell == Cell::relu) return {relu(total), {}};
  const auto gate = split(total, total.size(1) / 4, 1);
  const Tensor c = sigmoid(gate[1]) * s.c + sigmoid(gate[0]) * tanh(gate[2]);
  const Tensor h = sigmoid(gate[3]) * tanh(c);
  return {in.t[Inputs::w_hr].defined() ? linear(h, in.t[Inputs::w_hr]) : h, c};
}

// The first rows of both, or the others.
State rows_of(const State& s, int64_t begin, int64_t count) {
  const auto some = [&](const Tensor& t) {
    return t.defined() && t.size(0) != count ? narrow(t, 0, begin, count) : t;
  };
  return {some(s.h), some(s.c)};
}

Tensor join(const std::vector<Tensor>& pieces) {
  return pieces.size() == 1 ? pieces[0] : cat(pieces, 0);
}

}  // namespace

Outputs compose_layer(Cell cell, const Steps& steps, const Inputs& in) {
  const Tensor &b_ih = in.t[Inputs::b_ih], &w_hh = in.t[Inputs::w_hh];
  const Tensor bias = cell == Cell::gru ? b_ih : add_biases(b_ih, in.t[Inputs::b_hh]);
  const Tensor sums = linear(in.t[Inputs::x], in.t[Inputs::w_ih], bias);
  std::vector<int64_t> sizes;
  for (int64_t t = 0; t < steps.count; ++t) sizes.push_back(steps.size(t));
  const std::vector<Tensor> parts = split(sums, Dims(sizes.data(), sizes.size()), 0);

  const auto first = [&](const Tensor& t, int64_t n) {
    return t.defined() ? t : zeros({{steps.batch, n}}, sums.dtype());
  };
  State start{first(in.t[Inputs::h_0], w_hh.size(1)), {}};
  if (cell == Cell::lstm) start.c = first(in.t[Inputs::c_0], w_hh.size(0) / 4);
  State s = rows_of(start, 0, sizes[static_cast<size_t>(steps.step(0))]);
  std::vector<Tensor> states(sizes.size());
  std::vector<Tensor> ended, ended_c;  // last rows of sequences, the longest last
  for (int64_t k = 0; k < steps.count; ++k) {
    const auto t = static_cast<size_t>(steps.step(k));
    const int64_t n = sizes[t], had = s.h.size(0);
    if (n < had) {  // the shortest sequences have ended
      const State done = rows_of(s, n, had - n);
      ended.push_back(done.h);
      if (s.c.defined()) ended_c.push_back(done.c);
      s = rows_of(s, 0, n);
    } else if (n > had) {  // and from behind, they begin
      const State more = rows_of(start, had, n - had);
      s = {cat(std::vector<Tensor>{s.h, more.h}, 0),
           s.c.defined() ? cat(std::vector<Tensor>{s.c, more.c}, 0) : s.c};
    }
    s = step_cell(cell, parts[t], s, in);
    states[t] = s.h;
  }
  const auto last = [](std::vector<Tensor>& pieces, const Tensor& longest) {
    if (!longest.defined()) return longest;
    pieces.push_back(longest);
    std::reverse(pieces.begin(), pieces.end());
    return join(pieces);
  };
  return {join(states), last(ended, s.h), last(ended_c, s.c)};
}

}  // namespace recurrent
WENGERT_NAMESPACE_END
