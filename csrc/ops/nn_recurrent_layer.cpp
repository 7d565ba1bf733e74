// A recurrent layer as one operation: the products with the input and the gradients of the weights
// are one matrix product each over all steps.
// Sources: Hochreiter and Schmidhuber, Neural Computation 9 (1997); Gers et al., Neural Computation
// 12 (2000); Cho et al., EMNLP 2014; Sak et al., arXiv:1402.1128 (projections).
#include <algorithm>
#include <optional>

#include "autograd/levels.h"
#include "kernels/neural.h"
#include "ops/nn_recurrent.h"
#include "ops/nn_recurrent_walk.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/panels.h"
#include "ops/product.h"
#include "ops/take.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN
namespace recurrent {

std::vector<int64_t> Steps::offsets() const {
  std::vector<int64_t> at(static_cast<size_t>(count) + 1);
  for (int64_t t = 0; t < count; ++t) {
    at[static_cast<size_t>(t) + 1] = at[static_cast<size_t>(t)] + size(t);
  }
  return at;
}

namespace {

// Calls f(begin, end) for pieces of the rows of one step.
template <class F>
void each_row(int64_t rows, int64_t units, F&& f) {
  runtime::parallel_for(rows, kParallelGrain / 8 / (units + 1) + 1, f);
}

// Calls f(begin, end) for parts of the sequences, each of which takes all its steps on one thread:
// no thread waits for another at a step. Where sequences end early the threads share each step
// instead.
template <class F>
void each_part(const Steps& steps, F&& f) {
  constexpr int64_t kRows = 8;  // fewer would read the weights too often
  const int64_t most = steps.sizes.empty() ? steps.batch / kRows : 1;
  const int64_t parts = std::min<int64_t>(most, runtime::available_threads());
  if (parts < 2) return f(0, steps.batch);
  runtime::parallel_tasks(
      parts, [&](int64_t i) { f(steps.batch * i / parts, steps.batch * (i + 1) / parts); });
}

char* skip(const void* p, int64_t bytes) {
  return p ? const_cast<char*>(static_cast<const char*>(p)) + bytes : nullptr;
}

Tensor dense(const Tensor& t) { return t.defined() ? as_contiguous(t) : t; }

// Further outputs: the gates (rows, gates * hidden) of LSTM and GRU, the cells (rows, hidden) of an
// LSTM, and the states before projection or the state's part of a GRU's new gate (rows, hidden).
struct Layer {
  Cell cell;
  Steps steps;
  static constexpr const char* name = "recurrent_layer";
  static constexpr const char* field_names = "cell, reverse, count, batch, sizes";
  auto fields() const {
    return std::tie(cell, steps.reverse, steps.count, steps.batch, steps.sizes);
  }
  enum { states, h_n, c_n, gates, cells, inner, kOutputs };
  static constexpr Save saves[] = {
      save_input(Inputs::x),    save_input(Inputs::w_ih), save_input(Inputs::w_hh),
      save_input(Inputs::b_ih), save_input(Inputs::b_hh), save_input(Inputs::w_hr),
      save_input(Inputs::h_0),  save_input(Inputs::c_0),  save_output(states),
      save_output(gates),       save_output(cells),       save_output(inner)};
  enum { kSavedStates = Inputs::count, kSavedGates, kSavedCells, kSavedInner };

  static int64_t flops(const Sizes& s) {
    const auto weights = [&](int i) { return s.inputs[i].empty() ? 0 : Sizes::count(s.inputs[i]); };
    return 2 * s.inputs[Inputs::x][0] *
           (weights(Inputs::w_ih) + weights(Inputs::w_hh) + weights(Inputs::w_hr));
  }
  void infer(Infer& m) const {
    const int64_t rows = m.in(Inputs::x).shape()[0];
    const int64_t out = m.in(Inputs::w_hh).shape()[1];
    const int64_t sums = m.in(Inputs::w_hh).shape()[0], hidden = sums / gates_of(cell);
    const bool has_inner = cell == Cell::gru || m.inputs[Inputs::w_hr];
    const auto set = [&](int i, int64_t a, int64_t b) {
      m.out(i).dtype = m.in(Inputs::x).dtype;
      m.out(i).shape.push(a);
      m.out(i).shape.push(b);
    };
    set(states, rows, out);
    set(h_n, steps.batch, out);
    set(c_n, cell == Cell::lstm ? steps.batch : 0, hidden);
    set(gates, cell == Cell::lstm || cell == Cell::gru ? rows : 0, sums);
    set(cells, cell == Cell::lstm ? rows : 0, hidden);
    set(inner, has_inner ? rows : 0, hidden);
  }
  void compute(Compute& c) const;
  void vjp(Vjp& v) const {
    if (!v.grad(states).defined() && !v.grad(h_n).defined() && !v.grad(c_n).defined()) return;
    v.create_graph() ? formula(v) : fused(v);
  }

 private:
  void fused(Vjp& v) const;
  void formula(Vjp& v) const;
};

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

// The gradient of a weight: a^T b over all rows.
void set_weight(Vjp& v, int i, const Tensor& a, const Tensor& b) {
  if (!v.needs(i)) return;
  const bool added =
      v.accumulate(i, [&](Tensor& sum) { matrix_product(Layer::name, {a, true}, b, sum, true); });
  if (!added) v.set(i, mm(transpose(a, 0, 1), b));
}

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
  if (v.needs(Inputs::w_hh)) {
    const Tensor before = walk.make(walk.rows(), out);
    for (int64_t k = 0; k < steps.count; ++k) {
      walk.copy_before(k, h, h_0, walk.row(before, steps.step(k)));
    }
    set_weight(v, Inputs::w_hh, g_own, before);
  }
  if (v.needs(Inputs::b_ih)) v.set(Inputs::b_ih, sum(g_sums, {0}));
  if (v.needs(Inputs::b_hh)) v.set(Inputs::b_hh, sum(g_own, {0}));
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

}  // namespace

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
