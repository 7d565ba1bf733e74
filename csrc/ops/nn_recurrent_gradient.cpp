// The gradients of a recurrent layer.
#include <optional>

#include "autograd/levels.h"
#include "kernels/neural.h"
#include "ops/nn_recurrent_layer.h"
#include "ops/panels.h"
#include "ops/product.h"
#include "ops/take.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN
namespace recurrent {

namespace {
// The gradient of a weight: the sum of a^T b over all rows, for one or two pairs of a and b.
void set_weight(Vjp& v, int i, const Tensor& a, const Tensor& b, const Tensor& more_a = {},
                const Tensor& more_b = {}) {
  if (!v.needs(i)) return;
  const auto add = [](const Tensor& x, const Tensor& y, Tensor& sum) {
    if (x.defined()) matrix_product(Layer::name, {x, true}, y, sum, true);
  };
  const bool added = v.accumulate(i, [&](Tensor& sum) {
    add(a, b, sum);
    add(more_a, more_b, sum);
  });
  if (added) return;
  Tensor sum = mm(transpose(a, 0, 1), b);
  add(more_a, more_b, sum);
  v.set(i, sum);
}

// The gradient of w_hh: every row of `g`, the gradient of the sums, meets the state before it.
void set_state_weight(Vjp& v, const Steps& steps, const Walk& walk, const Tensor& g,
                      const Tensor& h, const Tensor& h_0) {
  if (!v.needs(Inputs::w_hh)) return;
  if (steps.sizes.empty()) {
    const int64_t n = steps.batch, rest = walk.rows() - n;
    const int64_t first = steps.reverse ? rest : 0, later = steps.reverse ? 0 : n;
    const Tensor g_first = h_0.defined() ? narrow(g, 0, first, n) : Tensor();
    return set_weight(v, Inputs::w_hh, narrow(g, 0, later, rest), narrow(h, 0, n - later, rest),
                      g_first, h_0);
  }
  const Tensor before = walk.make(walk.rows(), h.size(1));
  for (int64_t k = 0; k < steps.count; ++k)
    walk.copy_before(k, h, h_0, walk.row(before, steps.step(k)));
  set_weight(v, Inputs::w_hh, g, before);
}
}  // namespace

void Layer::fused(Vjp& v) const {
  Tensor in[Inputs::count];
  for (int i = 0; i < Inputs::count; ++i) {
    if (v.has_saved(i)) in[i] = dense(v.saved(i));
  }
  const Tensor &w_hh = in[Inputs::w_hh], &w_hr = in[Inputs::w_hr], &h_0 = in[Inputs::h_0];
  const Tensor &h = v.saved(kSavedStates), &a = v.saved(kSavedGates), &m = v.saved(kSavedInner);
  const Tensor& c = v.saved(kSavedCells);
  const DType dtype = h.dtype();
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
  const Tensor g_sums = walk.make(walk.rows(), sums);
  const Tensor g_own = cell == Cell::gru ? walk.make(walk.rows(), sums) : g_sums;
  // With a projection: the gradients of all projected states, and of one step's before it.
  const Tensor g_projected = w_hr.defined() ? walk.make(walk.rows(), out) : Tensor();
  const Tensor g_raw = w_hr.defined() ? walk.make(steps.batch, hidden) : Tensor();

  std::optional<Panels> panels;
  if (steps.count > 1) panels.emplace(w_hh, false);
  const bool wants_h_0 = v.needs(Inputs::h_0);
  each_part(steps, [&](int64_t first, int64_t end) {
    Tensor h_scratch, c_scratch;
    const auto at = [&](const Tensor& x, int64_t row) {
      return x.data<char>() + walk.bytes((first + row) * x.size(1));
    };
    const auto at_step = [&](const Tensor& x, int64_t t) {
      return skip(walk.row(x, t), x.defined() ? walk.bytes(first * x.size(1)) : 0);
    };
    for (int64_t k = steps.count - 1; k >= 0; --k) {
      const int64_t t = steps.step(k), n = std::min(steps.size(t), end) - first;
      const char *g_state = at(g_h, 0), *g_out_t = at_step(g_out, t);
      if (w_hr.defined()) {
        char* total = at_step(g_projected, t);
        std::memcpy(total, g_state, static_cast<size_t>(walk.bytes(n * out)));
        if (g_out_t) add_elements(dtype, n * out, total, g_out_t);
        walk.product(n, total, w_hr, false, at(g_raw, 0), false);
        g_state = at(g_raw, 0);
        g_out_t = nullptr;
      }
      const char *c_before = nullptr, *before = nullptr;
      if (cell == Cell::lstm) {
        c_before = skip(walk.before(k, c, in[Inputs::c_0], c_scratch), walk.bytes(first * hidden));
      } else if (cell == Cell::gru) {
        before = skip(walk.before(k, h, h_0, h_scratch), walk.bytes(first * out));
      }
      char *g_sums_t = at_step(g_sums, t), *g_own_t = at_step(g_own, t);
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
                                skip(g_state, one), skip(g_out_t, one), skip(at_step(h, t), one));
        }
      });
      if (k > 0 || wants_h_0) {
        const bool add = cell == Cell::gru;
        if (panels)
          panels->product(n, g_own_t, at(g_h, 0), add);
        else
          walk.product(n, g_own_t, w_hh, false, at(g_h, 0), add);
      }
    }
  });

  if (v.needs(Inputs::x)) v.set(Inputs::x, mm(g_sums, in[Inputs::w_ih]));
  set_weight(v, Inputs::w_ih, g_sums, in[Inputs::x]);
  set_state_weight(v, steps, walk, g_own, h, h_0);
  Tensor g_bias;
  if (v.needs(Inputs::b_ih)) v.set(Inputs::b_ih, g_bias = sum(g_sums, {0}));
  if (v.needs(Inputs::b_hh)) {
    const bool same = g_bias.defined() && cell != Cell::gru;
    v.set(Inputs::b_hh, same ? g_bias.clone() : sum(g_own, {0}));
  }
  if (w_hr.defined()) set_weight(v, Inputs::w_hr, g_projected, m);
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
  const Outputs y = compose_layer(cell, steps, in);
  const Tensor* of[] = {&y.states, &y.h_n, &y.c_n};
  for (int i = 0; i < 3; ++i) {
    if (!v.grad(i).defined() || !of[i]->defined()) continue;
    results.push_back(*of[i]);
    gradients.push_back(v.grad(i));
  }
  const std::vector<Tensor> found = grad(results, wanted, gradients, true, recorded, true);
  for (size_t i = 0; i < where.size(); ++i) v.set(where[i], found[i]);
}

}  // namespace recurrent
WENGERT_NAMESPACE_END
