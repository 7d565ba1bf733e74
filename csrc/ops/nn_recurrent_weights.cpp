#include "ops/nn_recurrent_weights.h"

#include <vector>

#include "ops/nn_recurrent_layer.h"
#include "ops/product.h"

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

// The state before every row.
Tensor states_before(const Steps& steps, const Walk& walk, const Rows& rows) {
  const Tensor before = new_tensor(rows.h.dtype(), {{walk.rows(), rows.h.size(1)}});
  for (int64_t k = 0; k < steps.count; ++k)
    walk.copy_before(k, rows.h, rows.h_0, walk.row(before, steps.step(k)));
  return before;
}

// The gradient of w_hh: every row of the gradient of the sums meets the state before it.
void set_state_weight(Vjp& v, const Steps& steps, const Walk& walk, const Rows& rows) {
  if (!v.needs(Inputs::w_hh)) return;
  const auto& [x, h, h_0, g_sums, g, g_projected, inner] = rows;
  if (!steps.sizes.empty()) return set_weight(v, Inputs::w_hh, g, states_before(steps, walk, rows));
  const int64_t n = steps.batch, rest = walk.rows() - n;
  const int64_t first = steps.reverse ? rest : 0, later = steps.reverse ? 0 : n;
  const Tensor g_first = h_0.defined() ? narrow(g, 0, first, n) : Tensor();
  set_weight(v, Inputs::w_hh, narrow(g, 0, later, rest), narrow(h, 0, n - later, rest), g_first,
             h_0);
}

// The gradient of input i: the sum of a^T b over all rows, or of a^T alone where b is undefined.
struct Sum {
  int i;
  Tensor b, result;
};

// Such gradients from factors of 16 bits, summed up in float32. The rows of a are turned once.
void set_sums(Vjp& v, const Tensor& a, std::vector<Sum> sums) {
  constexpr int64_t kRows = 4096;  // that are turned at a time
  std::erase_if(sums, [&](const Sum& s) { return !v.needs(s.i); });
  if (sums.empty()) return;
  const int64_t rows = a.size(0);
  kernels::Gemm g;
  g.dtype = a.dtype();
  g.wide_c = g.transpose_a = true;
  g.m = g.lda = a.size(1);
  g.k = std::min(rows, kRows);
  const Tensor one = ones({{g.k, 1}}, g.dtype);
  Tensor panels;
  if (kernels::gemm_packs(g.dtype))
    panels = new_tensor(g.dtype, {{kernels::gemm_rows_size(g.dtype, g.m, g.k)}});
  for (Sum& s : sums) s.result = zeros({{g.m, s.b.defined() ? s.b.size(1) : 1}}, DType::float32);
  for (int64_t row = 0; row < rows; row += g.k) {
    g.k = std::min(g.k, rows - row);
    g.accumulate = row > 0;
    g.a = a.data<char>() + Walk::bytes_of(a, row * g.m);
    g.panels_a = false;
    if (panels.defined()) {
      kernels::gemm_pack_rows(g, panels.data());
      g.a = panels.data();
      g.panels_a = true;
    }
    for (const Sum& s : sums) {
      g.n = g.ldb = g.ldc = s.result.size(1);
      g.b = s.b.defined() ? s.b.data<char>() + Walk::bytes_of(s.b, row * g.n) : one.data();
      g.c = s.result.data();
      kernels::gemm(g);
    }
  }
  for (const Sum& s : sums) v.set(s.i, s.b.defined() ? s.result : reshape(s.result, {g.m}));
}

}  // namespace

void set_weights(Vjp& v, const Steps& steps, const Walk& walk, const Rows& rows) {
  const auto& [x, h, h_0, g_sums, g_own, g_projected, inner] = rows;
  const bool same = g_own.impl() == g_sums.impl();
  const DType dtype = g_sums.dtype();
  if (dtype != compute_dtype(dtype)) {
    Tensor before;
    if (v.needs(Inputs::w_hh)) before = as_contiguous(states_before(steps, walk, rows), dtype);
    const Sum of_states[] = {{Inputs::w_hh, before, {}}, {Inputs::b_hh, {}, {}}};
    std::vector<Sum> sums{{Inputs::w_ih, x, {}}, {Inputs::b_ih, {}, {}}};
    if (same) sums.insert(sums.end(), std::begin(of_states), std::end(of_states));
    set_sums(v, g_sums, std::move(sums));
    if (!same) set_sums(v, g_own, {std::begin(of_states), std::end(of_states)});
    if (g_projected.defined())
      set_sums(v, g_projected, {{Inputs::w_hr, as_contiguous(inner, dtype), {}}});
    return;
  }
  set_weight(v, Inputs::w_ih, g_sums, x);
  set_state_weight(v, steps, walk, rows);
  Tensor g_bias;
  if (v.needs(Inputs::b_ih)) v.set(Inputs::b_ih, g_bias = sum(g_sums, {0}));
  if (v.needs(Inputs::b_hh))
    v.set(Inputs::b_hh, same && g_bias.defined() ? g_bias.clone() : sum(g_own, {0}));
  if (g_projected.defined()) set_weight(v, Inputs::w_hr, g_projected, inner);
}

}  // namespace recurrent
WENGERT_NAMESPACE_END
