// A recurrent layer as one operation: the products with the input and the gradients of the weights
// are one matrix product each over all steps. Its values are computed in nn_recurrent_layer.cpp,
// its gradients in nn_recurrent_gradient.cpp.
#pragma once

#include <algorithm>
#include <tuple>

#include "ops/nn_recurrent_walk.h"
#include "ops/op.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN
namespace recurrent {

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

inline char* skip(const void* p, int64_t bytes) {
  return p ? const_cast<char*>(static_cast<const char*>(p)) + bytes : nullptr;
}

// Whether products with the input are made step by step, while their sums are in the cache, and not
// for all steps at once: there are enough rows to fill tiles of pairs. No bit depends on it.
inline bool each_step(const Steps& steps, DType dtype) {
  constexpr int64_t kRows = 16;
  return compute_dtype(dtype) != dtype && steps.count > 1 && steps.batch >= kRows &&
         kernels::gemm_packs(dtype);
}

// Input i of a layer, row-major; what is no factor of a product in the dtype of the sums, but for
// the first states.
inline Tensor taken(int i, const Tensor& t, DType factors) {
  if (!t.defined()) return t;
  const bool wide = i == Inputs::b_ih || i == Inputs::b_hh || i == Inputs::c_0;
  return as_contiguous(t, i == Inputs::x ? factors : wide ? compute_dtype(t.dtype()) : t.dtype());
}

// Further outputs, of the dtype of the sums: the gates (rows, gates * hidden) of LSTM and GRU, the
// cells (rows, hidden) of an LSTM, and the states before projection, the state's part of a GRU's
// new gate, or the states of other cells before they are rounded (rows, hidden).
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
    const DType dtype = m.in(Inputs::x).dtype, wide = compute_dtype(dtype);
    const bool plain = cell == Cell::tanh || cell == Cell::relu;
    const bool has_inner = cell == Cell::gru || m.inputs[Inputs::w_hr] || (plain && dtype != wide);
    const auto set = [&](int i, int64_t a, int64_t b) {
      m.out(i).dtype = i < gates ? dtype : wide;
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

}  // namespace recurrent
WENGERT_NAMESPACE_END
