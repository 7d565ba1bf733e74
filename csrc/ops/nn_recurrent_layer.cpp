// The values of a recurrent layer.
// Sources: Hochreiter and Schmidhuber, Neural Computation 9 (1997); Gers et al., Neural Computation
// 12 (2000); Cho et al., EMNLP 2014; Sak et al., arXiv:1402.1128 (projections).
#include "ops/nn_recurrent_layer.h"

#include <optional>

#include "autograd/mode.h"
#include "kernels/elementwise.h"
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
  const DType low = c.in(Inputs::w_hh).dtype();  // of the factors of products
  for (int i = 0; i < Inputs::count; ++i) in[i] = taken(i, c.in(i), low);
  const Tensor &h_0 = in[Inputs::h_0], &c_0 = in[Inputs::c_0], &w_hr = in[Inputs::w_hr];
  const Tensor &h = c.out(states), &a = c.out(gates);
  const DType dtype = compute_dtype(h.dtype());
  const bool rounds = dtype != low, rounds_states = dtype != h.dtype();
  const Walk walk(steps, dtype);
  const auto& kernel = kernels::recurrent(dtype);
  const bool plain = cell == Cell::tanh || cell == Cell::relu;
  const int64_t sums = in[Inputs::w_hh].size(0), hidden = sums / gates_of(cell);
  const int64_t out = h.size(1);

  // Prepared once, if there is more than one step.
  const Tensor& w_hh = in[Inputs::w_hh];
  std::optional<Panels> panels;
  if (steps.count > 1 && kernels::gemm_packs(low)) panels.emplace(w_hh, true, rounds);
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
  const Tensor& sum = !plain ? a : rounds_states ? c.out(inner) : h;
  const Tensor &x = in[Inputs::x], &w_ih = in[Inputs::w_ih];
  std::optional<Panels> input_panels;
  if (each_step(steps, low)) {
    input_panels.emplace(w_ih, true, true);
  } else {
    walk.product(walk.rows(), x.data(), w_ih, true, sum.data(), false, bias);
  }

  const Tensor own = cell == Cell::gru ? walk.make(steps.batch, sums) : Tensor();
  const auto give_first = [&](const Tensor& to) {
    if (!to.defined()) return;
    if (h_0.defined()) {
      copy_elements(*to.impl(), *h_0.impl());
    } else {
      std::memset(to.data(), 0, static_cast<size_t>(Walk::bytes_of(to, to.numel())));
    }
  };
  // The states of all sequences as they are before they are rounded, if they stand nowhere else.
  Tensor now;
  if (rounds_states && !plain && !w_hr.defined()) now = walk.make(steps.batch, hidden);
  if (cell == Cell::gru) give_first(now);
  // They as factors, where the results are not rounded.
  const Tensor held = rounds && !rounds_states ? new_tensor(low, {{steps.batch, out}}) : Tensor();
  give_first(held);
  // What a step's projection takes of them.
  const Tensor factor =
      rounds && w_hr.defined() ? new_tensor(low, {{steps.batch, hidden}}) : Tensor();
  const kernels::CastFn round = rounds ? kernels::cast(low, dtype) : nullptr;
  each_part(steps, [&](int64_t first, int64_t end) {
    Tensor h_scratch, c_scratch;
    for (int64_t k = 0; k < steps.count; ++k) {
      const int64_t t = steps.step(k), n = std::min(steps.size(t), end) - first;
      const int64_t of_sums = walk.bytes(first * sums), of_hidden = walk.bytes(first * hidden);
      const int64_t of_out = Walk::bytes_of(h, first * out);
      const char* before = skip(walk.before(k, h, h_0, h_scratch), of_out);
      char* const held_t =
          skip(held.defined() ? held.data() : nullptr, Walk::bytes_of(w_hh, first * out));
      const char* before_factor = held_t && before ? held_t : before;
      char *sum_t = walk.row(sum, t) + of_sums, *h_t = walk.row(h, t) + of_out;
      char* own_t = skip(own.defined() ? own.data() : nullptr, of_sums);
      if (input_panels) {
        const char* x_t = walk.row(x, t) + Walk::bytes_of(x, first * x.size(1));
        input_panels->product(n, x_t, sum_t, false, bias.defined() ? bias.data() : nullptr);
      }
      if (cell == Cell::gru) {
        if (before) {
          recur(n, before_factor, own_t, false, in[Inputs::b_hh]);
        } else if (in[Inputs::b_hh].defined()) {
          const auto row = static_cast<size_t>(walk.bytes(sums));
          for (int64_t i = 0; i < n; ++i)
            std::memcpy(own_t + walk.bytes(i * sums), in[Inputs::b_hh].data(), row);
        } else {
          std::memset(own_t, 0, static_cast<size_t>(walk.bytes(n * sums)));
        }
      } else if (before) {
        recur(n, before_factor, sum_t, true, {});
      }
      char* inner_t = skip(walk.row(c.out(inner), t), of_hidden);
      const char* c_before = nullptr;
      char* c_t = nullptr;
      if (cell == Cell::lstm) {
        c_before = skip(walk.before(k, c.out(cells), c_0, c_scratch), of_hidden);
        c_t = walk.row(c.out(cells), t) + of_hidden;
      }
      char* const kept = skip(now.defined() ? now.data() : nullptr, of_hidden);
      const char* const state_before = kept ? kept : before;
      char* const state = w_hr.defined() ? inner_t : plain ? sum_t : kept ? kept : h_t;
      char* const rounded = factor.defined()
                                ? factor.data<char>() + Walk::bytes_of(factor, first * hidden)
                            : held_t ? held_t
                                     : h_t;
      each_row(n, hidden, [&](int64_t begin, int64_t stop) {
        const int64_t one = walk.bytes(begin * hidden), all = walk.bytes(begin * sums);
        if (cell == Cell::lstm) {
          kernel.lstm(stop - begin, hidden, skip(sum_t, all), skip(c_before, one), skip(c_t, one),
                      skip(state, one));
        } else if (cell == Cell::gru) {
          kernel.gru(stop - begin, hidden, skip(sum_t, all), skip(own_t, all), skip(inner_t, one),
                     skip(state_before, one), skip(state, one));
        } else {
          kernel.plain(cell == Cell::relu, stop - begin, hidden, skip(state, one));
        }
        if (rounds) {
          round((stop - begin) * hidden, rounded + Walk::bytes_of(w_hh, begin * hidden),
                skip(state, one));
        }
      });
      if (!w_hr.defined()) continue;
      walk.product(n, rounds ? rounded : inner_t, w_hr, true, h_t, false, {}, rounds_states);
      if (held_t) round(n * out, held_t, h_t);
    }
  });
  walk.copy_last(h, c.out(h_n));
  if (cell != Cell::lstm) return;
  const Tensor last = rounds_states ? walk.make(steps.batch, hidden) : c.out(c_n);
  walk.copy_last(c.out(cells), last);
  if (rounds_states) copy_elements(*c.out(c_n).impl(), *last.impl());
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
