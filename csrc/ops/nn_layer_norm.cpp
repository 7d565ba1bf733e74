// Normalisation of the last dimensions of each sample.
// Sources: Ba et al., arXiv:1607.06450 (2016); Zhang and Sennrich, NeurIPS 2019.
#include <algorithm>
#include <limits>

#include "kernels/neural.h"
#include "ops/function.h"
#include "ops/nn_norm.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

int64_t row_grain(int64_t n) { return kParallelGrain / 2 / (n + 1) + 1; }
// Rows whose contributions to the weight's gradient are added up in one go.
constexpr int64_t kWeightParts = 16;

// Inputs: rows (m, n), weight (n) or none, bias (n) or none. Further outputs: the mean and
// 1 / sqrt(variance + eps) of each row.
struct LayerNorm {
  double eps;
  static constexpr const char* name = "layer_norm";
  WG_FIELDS(eps)
  static constexpr Save saves[] = {save_input(0), save_input(1), save_output(1), save_output(2)};
  void infer(Infer& m) const {
    m.out(0).dtype = m.in(0).dtype;
    m.out(0).shape = m.in(0).sizes();
    for (int k = 1; k < 3; ++k) {
      m.out(k).dtype = normalized_as(m.in(0).dtype);
      m.out(k).shape.push(m.in(0).shape()[0]);
    }
  }
  void compute(Compute& c) const {
    const DType dtype = normalized_as(c.in(0).dtype());
    const Tensor x = as_contiguous(c.in(0), dtype);
    const Tensor y = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, x.shape());
    const Tensor w = c.in(1).defined() ? as_contiguous(c.in(1), dtype) : Tensor();
    const Tensor b = c.in(2).defined() ? as_contiguous(c.in(2), dtype) : Tensor();
    const int64_t n = x.size(1);
    const auto item = static_cast<int64_t>(item_size(dtype));
    runtime::parallel_for(x.size(0), row_grain(n), [&](int64_t begin, int64_t end) {
      const auto at = [&](const Tensor& t, int64_t i) { return t.data<char>() + i * item; };
      kernels::normalize(dtype).rows(end - begin, n, at(y, begin * n), at(c.out(1), begin),
                                     at(c.out(2), begin), at(x, begin * n),
                                     w.defined() ? w.data() : nullptr,
                                     b.defined() ? b.data() : nullptr, eps);
    });
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    v.create_graph() ? formula(v) : fused(v);
  }

 private:
  static void fused(Vjp& v) {
    const DType dtype = normalized_as(v.grad(0).dtype());
    const Tensor g = as_contiguous(v.grad(0), dtype), x = as_contiguous(v.saved(0), dtype);
    const Tensor w = v.has_saved(1) ? as_contiguous(v.saved(1), dtype) : Tensor();
    const Tensor &mean = v.saved(2), &rstd = v.saved(3);
    const int64_t m = x.size(0), n = x.size(1);
    const auto item = static_cast<int64_t>(item_size(dtype));
    const auto at = [&](const Tensor& t, int64_t i) { return t.data<char>() + i * item; };
    const auto& kernel = kernels::normalize(dtype);
    if (v.needs(0)) {
      const Tensor gx = new_tensor(dtype, x.shape());
      runtime::parallel_for(m, row_grain(n), [&](int64_t begin, int64_t end) {
        kernel.rows_gradient(end - begin, n, at(gx, begin * n), at(g, begin * n), at(x, begin * n),
                             at(mean, begin), at(rstd, begin), w.defined() ? w.data() : nullptr);
      });
      v.set(0, gx);
    }
    if (!v.needs(1) && !v.needs(2)) return;
    const int64_t parts = std::clamp<int64_t>(m / 8, 1, kWeightParts);
    const Tensor gw = zeros({parts, n}, dtype), gb = zeros({parts, n}, dtype);
    runtime::parallel_tasks(parts, [&](int64_t p) {
      const int64_t begin = m * p / parts, end = m * (p + 1) / parts;
      kernel.rows_weight_gradient(end - begin, n, at(gw, p * n), at(gb, p * n), at(g, begin * n),
                                  at(x, begin * n), at(mean, begin), at(rstd, begin));
    });
    if (v.needs(1)) v.set(1, sum(gw, {0}));
    if (v.needs(2)) v.set(2, sum(gb, {0}));
  }

  // The same in differentiable operations.
  void formula(Vjp& v) const {
    const Tensor &g = v.grad(0), &x = v.saved(0);
    const auto share = [](const Tensor& t) { return mean(t, {1}, true); };
    const Tensor centered = x - share(x);
    const Tensor rstd = rsqrt(add(share(square(centered)), eps));
    const Tensor hat = centered * rstd;
    if (v.needs(0)) {
      const Tensor scaled = v.has_saved(1) ? mul(g, to(v.saved(1), g.dtype())) : g;
      v.set(0, rstd * (scaled - share(scaled) - hat * share(scaled * hat)));
    }
    if (v.needs(1)) v.set(1, sum(g * hat, {0}));
    if (v.needs(2)) v.set(2, sum(g, {0}));
  }
};

// (x - mean) / sqrt(var + eps) of each row, times the weight plus the bias.
Tensor normalized(const Tensor& rows, const Tensor& weight, const Tensor& bias, double eps) {
  if (!transforming()) return apply_many<3>(LayerNorm{eps}, rows, weight, bias)[0];
  const Tensor centered = sub(rows, mean(rows, {1}, true));
  Tensor y = mul(centered, rsqrt(add(mean(square(centered), {1}, true), eps)));
  if (weight.defined()) y = mul(y, weight);
  return bias.defined() ? add(y, bias) : y;
}

// Rows of n elements each; the number of rows.
int64_t rows_of(const TensorImpl& x, int64_t n) { return n ? x.numel / n : 0; }

void check_tail(const char* op, const TensorImpl& x, Dims normalized_shape) {
  const auto k = static_cast<int>(normalized_shape.size());
  WG_CHECK(k > 0, Error, op, ": expected normalized_shape to have at least one size");
  WG_CHECK(k <= x.ndim && Dims(x.shape() + x.ndim - k, normalized_shape.size()) == normalized_shape,
           Error, op,
           ": expected an input whose last sizes are normalized_shape=", normalized_shape,
           ", but got shape ", x.sizes());
  WG_CHECK(is_floating(x.dtype), NotImplementedError, op, ": not available for dtype ", x.dtype);
}
void check_parameter(const char* op, const char* what, const Tensor& t, Dims shape) {
  WG_CHECK(!t.defined() || t.shape() == shape, Error, op, ": expected ", what, " of shape ", shape,
           ", but got ", t.shape());
}
int64_t product_of(Dims shape) {
  int64_t n = 1;
  for (const int64_t d : shape) n *= d;
  return n;
}

}  // namespace

Tensor layer_norm(const Tensor& input, Dims normalized_shape, const Tensor& weight,
                  const Tensor& bias, double eps) {
  const TensorImpl& x = *detail::input("layer_norm", input);
  check_tail("layer_norm", x, normalized_shape);
  check_parameter("layer_norm", "a weight", weight, normalized_shape);
  check_parameter("layer_norm", "a bias", bias, normalized_shape);
  const int64_t n = product_of(normalized_shape);
  const auto flat = [&](const Tensor& t) {
    return t.defined() && t.dim() != 1 ? reshape(t, {n}) : t;
  };
  const Tensor rows =
      x.ndim == 2 && normalized_shape.size() == 1 ? input : reshape(input, {rows_of(x, n), n});
  const Tensor y = normalized(rows, flat(weight), flat(bias), eps);
  return y.shape() == input.shape() ? y : reshape(y, input.shape());
}

namespace {
// What is made of several operations is rounded to a narrow dtype once, at the end.
Tensor widened(const Tensor& t) { return t.defined() ? to(t, DType::float32) : t; }
}  // namespace

Tensor rms_norm(const Tensor& input, Dims normalized_shape, const Tensor& weight,
                std::optional<double> eps) {
  const TensorImpl& x = *detail::input("rms_norm", input);
  check_tail("rms_norm", x, normalized_shape);
  check_parameter("rms_norm", "a weight", weight, normalized_shape);
  if (is_half(x.dtype)) {
    return to(rms_norm(widened(input), normalized_shape, widened(weight), eps), x.dtype);
  }
  std::vector<int64_t> dims;
  for (size_t i = 0; i < normalized_shape.size(); ++i) dims.push_back(-1 - static_cast<int64_t>(i));
  const double least = x.dtype == DType::float64
                           ? std::numeric_limits<double>::epsilon()
                           : static_cast<double>(std::numeric_limits<float>::epsilon());
  const Tensor y = mul(input, rsqrt(add(mean(square(input), dims, true), eps.value_or(least))));
  return weight.defined() ? mul(y, weight) : y;
}

namespace {

// In Python's order of arguments; the last one chooses among kernels that there is one of.
Tensor layer_norm_row(const Tensor& input, Dims normalized_shape, const Tensor& weight,
                      const Tensor& bias, double eps, bool) {
  return layer_norm(input, normalized_shape, weight, bias, eps);
}

constexpr Function rows[] = {
    make_function<layer_norm_row>(
        "layer_norm",
        "input, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=True",
        kFunction | kNN, "(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions",
        "T((4, 6)), (6,), T((6,)), T((6,))\nT((2, 3, 4)), (3, 4), T((3, 4))\nT((2, 3, 4)), (4,)"),
    make_function<rms_norm>(
        "rms_norm", "input, normalized_shape, weight=None, eps=None", kFunction | kNN,
        "x / sqrt(mean(x^2) + eps) * weight over the last dimensions; no eps: the dtype's",
        "T((4, 6)), (6,), T((6,))\nT((2, 3, 4)), (3, 4), None, 0.1"),
};
}  // namespace

extern const FunctionTable nn_layer_norm_functions;
const FunctionTable nn_layer_norm_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_layer_norm, operation<LayerNorm>())

WENGERT_NAMESPACE_END
