// The values of a recurrent layer.
// Sources: Hochreiter and Schmidhuber, Neural Computation 9 (1997); Gers et al., Neural Computation
// 12 (2000); Cho et al., EMNLP 2014; Sak et al., arXiv:1402.1128 (projections).
#include "ops/nn_recurrent_layer.h"

#include <optional>

#include "autograd/mode.h"
#include "kernels/neural.h"
#include "ops/operations.h"
#include "ops/panels.h"

WENGERT_NAMESPACE_BEGIN
namespace recurrent {

std::vector<int64_t> Steps::offsets() const {
  std::vector<int64_t> at(static_cast<size_t>(count) + 1);
  for (int64_t t = 0; t < count; ++t) {
    at[static_cast<size_t>(t) + 1] = at[static_cast<size_t>(t)] + size(t);
  }
  return at;
}

void Layer::compute(Compute& c) const {
  Tensor in[Inputs::count];
  for (int i = 0; i < Inputs::count; ++i) in[i] = dense(c.in(i));
  const Tensor &h_0 = in[Inputs::h_0], &c_0 = in[Inputs::c_0], &w_hr = in[Inputs::w_hr];
  const Tensor &h = c.out(states), &a = c.out(gates);
  const DType dtype = h.dtype();
  const Walk walk(steps, dtype);
  const auto& kernel = kernels::recurrent(dtype);
  const bool plain = cell == Cell::tanh || cell == Cell::relu;
  const int64_t sums = in[Inputs::w_hh].size(0), hidden = sums / gates_of(cell);
  const int64_t out = h.size(1);

  // Prepared once, if there is more than one step.
  const Tensor& w_hh = in[Inputs::w_hh];
  std::optional<Panels> panels;
  if (steps.count > 1) panels.emplace(w_hh, true);
  const auto recur = [&](int64_t n, const char* before, char* to, bool accumulate,
                         const Tensor& bias) {
    if (panels) {
      panels->product(n, before, to, accumulate, bias.defined() ? bias.data() : nullptr);
    } else {
      walk.product(n, before, w_hh, true, to, accumulate, bias);
    }
  };
  const Tensor bias =
      cell == Cell::gru ? in[Inputs::b_ih] : add_biases(in[Inputs::b_ih], in[Inputs::b_hh]);
  const Tensor& sum = plain ? h : a;
  walk.product(walk.rows(), in[Inputs::x].data(), in[Inputs::w_ih], true, sum.data(), false, bias);

  const Tensor own = cell == Cell::gru ? walk.make(steps.batch, sums) : Tensor();
  each_part(steps, [&](int64_t first, int64_t end) {
    Tensor h_scratch, c_scratch;
    for (int64_t k = 0; k < steps.count; ++k) {
      const int64_t t = steps.step(k), n = std::min(steps.size(t), end) - first;
      const int64_t of_sums = walk.bytes(first * sums), of_hidden = walk.bytes(first * hidden);
      const char* before = skip(walk.before(k, h, h_0, h_scratch), walk.bytes(first * out));
      char *sum_t = walk.row(sum, t) + of_sums, *h_t = walk.row(h, t) + walk.bytes(first * out);
      char* own_t = skip(own.defined() ? own.data() : nullptr, of_sums);
      if (cell == Cell::gru) {
        if (before) {
          recur(n, before, own_t, false, in[Inputs::b_hh]);
        } else if (in[Inputs::b_hh].defined()) {
          const auto row = static_cast<size_t>(walk.bytes(sums));
          for (int64_t i = 0; i < n; ++i)
            std::memcpy(own_t + walk.bytes(i * sums), in[Inputs::b_hh].data(), row);
        } else {
          std::memset(own_t, 0, static_cast<size_t>(walk.bytes(n * sums)));
        }
      } else if (before) {
        recur(n, before, sum_t, true, {});
      }
      char* inner_t = skip(walk.row(c.out(inner), t), of_hidden);
      const char* c_before = nullptr;
      char* c_t = nullptr;
      if (cell == Cell::lstm) {
        c_before = skip(walk.before(k, c.out(cells), c_0, c_scratch), of_hidden);
        c_t = walk.row(c.out(cells), t) + of_hidden;
      }
      each_row(n, hidden, [&](int64_t begin, int64_t stop) {
        const int64_t one = walk.bytes(begin * hidden), all = walk.bytes(begin * sums);
        if (cell == Cell::lstm) {
          kernel.lstm(stop - begin, hidden, skip(sum_t, all), skip(c_before, one), skip(c_t, one),
                      skip(w_hr.defined() ? inner_t : h_t, one));
        } else if (cell == Cell::gru) {
          kernel.gru(stop - begin, hidden, skip(sum_t, all), skip(own_t, all), skip(inner_t, one),
                     skip(before, one), skip(h_t, one));
        } else {
          kernel.plain(cell == Cell::relu, stop - begin, hidden, skip(h_t, one));
        }
      });
      if (w_hr.defined()) walk.product(n, inner_t, w_hr, true, h_t, false);
    }
  });
  walk.copy_last(h, c.out(h_n));
  if (cell == Cell::lstm) walk.copy_last(c.out(cells), c.out(c_n));
}

Outputs run_layer(Cell cell, const Steps& steps, const Inputs& inputs) {
  if (transforming()) return compose_layer(cell, steps, inputs);
  const Tensor* t = inputs.t;
  auto y = apply_many<Layer::kOutputs>(Layer{cell, steps}, t[0], t[1], t[2], t[3], t[4], t[5], t[6],
                                       t[7]);
  return {y[Layer::states], y[Layer::h_n], cell == Cell::lstm ? y[Layer::c_n] : Tensor()};
}

}  // namespace recurrent
WG_OPERATIONS(nn_recurrent_layer, operation<recurrent::Layer>())

WENGERT_NAMESPACE_END
