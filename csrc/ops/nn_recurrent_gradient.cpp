// The gradients of a recurrent layer.
#include <optional>

#include "autograd/levels.h"
#include "kernels/elementwise.h"
#include "kernels/neural.h"
#include "ops/nn_recurrent_layer.h"
#include "ops/nn_recurrent_weights.h"
#include "ops/panels.h"
#include "ops/take.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN
namespace recurrent {

void Layer::fused(Vjp& v) const {
  Tensor in[Inputs::count];
  const DType low = v.saved(Inputs::w_hh).dtype();  // of the factors of products
  for (int i = 0; i < Inputs::count; ++i) {
    if (v.has_saved(i)) in[i] = taken(i, v.saved(i), low);
  }
  const Tensor &w_hh = in[Inputs::w_hh], &w_hr = in[Inputs::w_hr], &h_0 = in[Inputs::h_0];
  const Tensor &h = v.saved(kSavedStates), &a = v.saved(kSavedGates), &m = v.saved(kSavedInner);
  const Tensor& c = v.saved(kSavedCells);
  const DType dtype = compute_dtype(h.dtype());
  const bool rounds = dtype != low, rounds_states = dtype != h.dtype();
  const Walk walk(steps, dtype);
  const auto& kernel = kernels::recurrent(dtype);
  const int64_t sums = w_hh.size(0), hidden = sums / gates_of(cell), out = w_hh.size(1);

  const auto start = [&](const Tensor& g, int64_t n) {
    return g.defined() ? dense_copy(*g.impl(), dtype) : zeros({{steps.batch, n}}, dtype);
  };
  // The gradients of the states and cells after the step at hand, for all sequences.
  const Tensor g_h = start(v.grad(h_n), out);
  const Tensor g_c = cell == Cell::lstm ? start(v.grad(c_n), hidden) : Tensor();
  const Tensor g_out = v.grad(states).defined() ? as_contiguous(v.grad(states), dtype) : Tensor();
  const auto make_factors = [&](int64_t n) { return new_tensor(low, {{walk.rows(), n}}); };
  const Tensor g_sums = make_factors(sums);
  const Tensor g_own = cell == Cell::gru ? make_factors(sums) : g_sums;
  // With a projection: the gradients of all projected states, and of one step's before it.
  const Tensor g_projected = w_hr.defined() ? make_factors(out) : Tensor();
  const Tensor g_raw = w_hr.defined() ? walk.make(steps.batch, hidden) : Tensor();
  // What a step computes before it is rounded to factors of products, and the states before it.
  const auto step_of = [&](bool needed, int64_t n) {
    return rounds && needed ? walk.make(steps.batch, n) : Tensor();
  };
  const Tensor wide_sums = step_of(true, sums), wide_own = step_of(cell == Cell::gru, sums);
  const Tensor wide_projected = step_of(w_hr.defined(), out);
  const Tensor wide_before = step_of(cell == Cell::gru && rounds_states, out);
  const auto round = kernels::cast(low, dtype), widen = kernels::cast(dtype, h.dtype());

  std::optional<Panels> panels;
  if (steps.count > 1 && kernels::gemm_packs(low)) panels.emplace(w_hh, false, rounds);
  const bool wants_h_0 = v.needs(Inputs::h_0), wants_x = v.needs(Inputs::x);
  const Tensor &x = in[Inputs::x], &w_ih = in[Inputs::w_ih];
  std::optional<Panels> input_panels;
  if (wants_x && each_step(steps, low)) input_panels.emplace(w_ih, false);
  const Tensor g_x = input_panels ? make_factors(x.size(1)) : Tensor();
  each_part(steps, [&](int64_t first, int64_t end) {
    Tensor h_scratch, c_scratch;
    const auto at = [&](const Tensor& x, int64_t row) {
      return x.data<char>() + Walk::bytes_of(x, (first + row) * x.size(1));
    };
    const auto at_step = [&](const Tensor& x, int64_t t) {
      return skip(walk.row(x, t), x.defined() ? Walk::bytes_of(x, first * x.size(1)) : 0);
    };
    for (int64_t k = steps.count - 1; k >= 0; --k) {
      const int64_t t = steps.step(k), n = std::min(steps.size(t), end) - first;
      const char *g_state = at(g_h, 0), *g_out_t = at_step(g_out, t);
      if (w_hr.defined()) {
        char *factor = at_step(g_projected, t), *total = rounds ? at(wide_projected, 0) : factor;
        std::memcpy(total, g_state, static_cast<size_t>(walk.bytes(n * out)));
        if (g_out_t) add_elements(dtype, n * out, total, g_out_t);
        if (rounds) round(n * out, factor, total);
        walk.product(n, factor, w_hr, false, at(g_raw, 0), false);
        g_state = at(g_raw, 0);
        g_out_t = nullptr;
      }
      const char *c_before = nullptr, *before = nullptr;
      if (cell == Cell::lstm) {
        c_before = skip(walk.before(k, c, in[Inputs::c_0], c_scratch), walk.bytes(first * hidden));
      } else if (cell == Cell::gru) {
        before = skip(walk.before(k, h, h_0, h_scratch), Walk::bytes_of(h, first * out));
        if (rounds_states && before) {
          widen(n * out, at(wide_before, 0), before);
          before = at(wide_before, 0);
        }
      }
      char *factors_t = at_step(g_sums, t), *own_factors_t = at_step(g_own, t);
      char* g_sums_t = rounds ? at(wide_sums, 0) : factors_t;
      char* g_own_t = wide_own.defined() ? at(wide_own, 0) : own_factors_t;
      // States of cells without gates.
      const char* h_t = at_step(rounds_states ? m : h, t);
      each_row(n, hidden, [&](int64_t begin, int64_t stop) {
        const int64_t one = walk.bytes(begin * hidden), all = walk.bytes(begin * sums);
        if (cell == Cell::lstm) {
          kernel.lstm_gradient(stop - begin, hidden, skip(g_sums_t, all), at(g_c, begin),
                               skip(g_state, one), skip(g_out_t, one), skip(at_step(a, t), all),
                               skip(c_before, one), skip(at_step(c, t), one));
        } else if (cell == Cell::gru) {
          kernel.gru_gradient(stop - begin, hidden, skip(g_sums_t, all), skip(g_own_t, all),
                              at(g_h, begin), skip(g_out_t, one), skip(at_step(a, t), all),
                              skip(at_step(m, t), one), skip(before, one));
        } else {
          kernel.plain_gradient(cell == Cell::relu, stop - begin, hidden, skip(g_sums_t, one),
                                skip(g_state, one), skip(g_out_t, one), skip(h_t, one));
        }
        if (!rounds) return;
        const int64_t some = (stop - begin) * sums, from = Walk::bytes_of(g_sums, begin * sums);
        round(some, skip(factors_t, from), skip(g_sums_t, all));
        if (cell == Cell::gru) round(some, skip(own_factors_t, from), skip(g_own_t, all));
      });
      if (input_panels) input_panels->product(n, factors_t, at_step(g_x, t), false);
      if (k > 0 || wants_h_0) {
        const bool add = cell == Cell::gru;
        if (panels)
          panels->product(n, own_factors_t, at(g_h, 0), add);
        else
          walk.product(n, own_factors_t, w_hh, false, at(g_h, 0), add);
      }
    }
  });

  if (wants_x) v.set(Inputs::x, g_x.defined() ? g_x : mm(g_sums, w_ih));
  set_weights(v, steps, walk, {x, h, h_0, g_sums, g_own, g_projected, m});
  if (v.needs(Inputs::h_0)) v.set(Inputs::h_0, g_h);
  if (v.needs(Inputs::c_0)) v.set(Inputs::c_0, g_c);
}

// The layer is computed again as a composition, whose gradients can be differentiated.
void Layer::formula(Vjp& v) const {
  const bool recorded = recording();
  const EnableGradGuard on;
  const GradientLevel level;
  Inputs in;
  std::vector<Tensor> wanted, results, gradients;
  std::vector<int> where;
  for (int i = 0; i < Inputs::count; ++i) {
    if (!v.has_saved(i)) continue;
    // Another name, so that no input's gradient passes through another's history.
    in.t[i] = v.needs(i) ? fresh_variable(v.saved(i)) : v.saved(i);
    if (!v.needs(i)) continue;
    where.push_back(i);
    wanted.push_back(in.t[i]);
  }
  Inputs wide;
  for (int i = 0; i < Inputs::count; ++i) {
    if (in.t[i].defined()) wide.t[i] = converted(in.t[i], compute_dtype(in.t[i].dtype()));
  }
  const Outputs y = compose_layer(cell, steps, wide);
  const Tensor* of[] = {&y.states, &y.h_n, &y.c_n};
  for (int i = 0; i < 3; ++i) {
    if (!v.grad(i).defined() || !of[i]->defined()) continue;
    results.push_back(*of[i]);
    gradients.push_back(converted(v.grad(i), of[i]->dtype()));
  }
  const std::vector<Tensor> found = grad(results, wanted, gradients, true, recorded, true);
  for (size_t i = 0; i < where.size(); ++i) v.set(where[i], found[i]);
}

}  // namespace recurrent
WENGERT_NAMESPACE_END
