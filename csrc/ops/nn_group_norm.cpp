// Normalisation of groups of channels of each sample.
// Source: Wu and He, "Group normalization", ECCV 2018.
#include <cmath>

#include "kernels/neural.h"
#include "ops/function.h"
#include "ops/nn_norm.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Numbers of each channel of one group.
struct PerChannel {
  std::vector<double> mean, scale, slope, shift;
  explicit PerChannel(int64_t n)
      : mean(static_cast<size_t>(n)), scale(mean), slope(mean), shift(mean) {}
};

// A group of a sample is a row of channels of `inner` elements each.
struct Groups {
  int64_t rows, in_row, channels, inner = 1;  // channels of a group

  Groups(Dims shape, int64_t groups)
      : rows(shape[0] * groups), in_row(groups), channels(shape[1] / groups) {
    for (size_t i = 2; i < shape.size(); ++i) inner *= shape[i];
  }
  int64_t count() const { return channels * inner; }
  int64_t all_channels() const { return channels * in_row; }
  int64_t first_channel(int64_t row) const { return row % in_row * channels; }
  kernels::Channels whole() const {
    return count() == 1 ? kernels::Channels{1, 1, 1, 1} : kernels::Channels{1, count(), count(), 1};
  }
  // Calls f(row) for each, in parallel.
  template <class F>
  void each(F&& f) const {
    runtime::parallel_for(rows, kParallelGrain / (count() + 1) + 1,
                          [&](int64_t begin, int64_t end) {
                            PerChannel c(channels);
                            for (int64_t row = begin; row < end; ++row) f(row, c);
                          });
  }
  // Calls f(layout, channel in the group, element in the group): single elements all at once.
  template <class F>
  void each_channel(F&& f) const {
    if (inner == 1) return f(kernels::Channels{1, channels, 1, channels}, 0, 0);
    for (int64_t c = 0; c < channels; ++c) f(kernels::Channels{1, inner, inner, 1}, c, c * inner);
  }
};

// Inputs: x (N, C, ...), weight (C) or none, bias (C) or none. Further outputs: the mean and
// 1 / sqrt(variance + eps) of each group.
struct GroupNorm {
  double eps;
  int64_t groups;
  static constexpr const char* name = "group_norm";
  WG_FIELDS(eps, groups)
  static constexpr Save saves[] = {save_input(0), save_input(1), save_output(1), save_output(2)};
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    m.out(0).dtype = x.dtype;
    m.out(0).shape = x.sizes();
    for (int k = 1; k < 3; ++k) {
      m.out(k).dtype = DType::float64;
      m.out(k).shape.push(x.shape()[0] * groups);
    }
  }
  void compute(Compute& c) const {
    const DType dtype = normalized_as(c.in(0).dtype());
    const Tensor x = as_contiguous(c.in(0), dtype);
    const Tensor y = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, x.shape());
    const Groups s(x.shape(), groups);
    const std::vector<double> weight = numbers(c.in(1), s.all_channels(), 1),
                              bias = numbers(c.in(2), s.all_channels(), 0);
    double *mean = c.out(1).data<double>(), *rstd = c.out(2).data<double>();
    const auto& kernel = kernels::normalize(dtype);
    const auto item = static_cast<int64_t>(item_size(dtype));
    const auto count = static_cast<double>(s.count());
    s.each([&](int64_t row, PerChannel& to) {
      const int64_t at = row * s.count() * item;
      double squares = 0;
      if (s.count() > 0) kernel.moments(s.whole(), mean + row, &squares, x.data<char>() + at);
      rstd[row] = 1 / std::sqrt((count > 0 ? squares / count : 0) + eps);
      for (int64_t i = 0; i < s.channels; ++i) {
        const auto k = static_cast<size_t>(i), of = static_cast<size_t>(s.first_channel(row) + i);
        to.mean[k] = mean[row];
        to.scale[k] = rstd[row] * weight[of];
        to.shift[k] = bias[of];
      }
      s.each_channel([&](const kernels::Channels& layout, int64_t i, int64_t element) {
        const int64_t offset = at + element * item;
        kernel.apply(layout, y.data<char>() + offset, x.data<char>() + offset, &to.mean[i],
                     &to.scale[i], &to.shift[i]);
      });
    });
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    v.create_graph() ? formula(v) : fused(v);
  }

 private:
  void fused(Vjp& v) const {
    const DType dtype = normalized_as(v.grad(0).dtype());
    const Tensor x = as_contiguous(v.saved(0), dtype), g = as_contiguous(v.grad(0), dtype);
    const Groups s(x.shape(), groups);
    const int64_t n = s.all_channels();
    const std::vector<double> weight = numbers(v.has_saved(1) ? v.saved(1) : Tensor(), n, 1);
    const double *mean = v.saved(2).data<double>(), *rstd = v.saved(3).data<double>();
    const Tensor gx = v.needs(0) ? new_tensor(dtype, x.shape()) : Tensor();
    const auto& kernel = kernels::normalize(dtype);
    const auto item = static_cast<int64_t>(item_size(dtype));
    const auto count = static_cast<double>(s.count());
    // Of each channel of each sample: the sums of g and of g (x - mean).
    std::vector<double> g_sums(static_cast<size_t>(s.rows * s.channels)), gx_sums(g_sums);
    s.each([&](int64_t row, PerChannel& of) {
      double *g_sum = g_sums.data() + row * s.channels, *gx_sum = gx_sums.data() + row * s.channels;
      const char* q = g.data<char>() + row * s.count() * item;
      const char* p = x.data<char>() + row * s.count() * item;
      double by_mean = 0, by_scale = 0;
      for (double& m : of.mean) m = mean[row];
      s.each_channel([&](const kernels::Channels& layout, int64_t i, int64_t element) {
        kernel.gradient_sums(layout, g_sum + i, gx_sum + i, q + element * item, p + element * item,
                             &of.mean[i]);
      });
      for (int64_t i = 0; i < s.channels; ++i) {
        const double w = weight[static_cast<size_t>(s.first_channel(row) + i)];
        of.scale[i] = rstd[row] * w;
        by_mean += w * g_sum[i];
        by_scale += w * gx_sum[i];
        gx_sum[i] *= rstd[row];
      }
      if (!gx.defined()) return;
      const double r = rstd[row];
      for (double& slope : of.slope) slope = -r * r * r * by_scale / count;
      for (double& shift : of.shift) shift = -r * by_mean / count;
      char* const to = gx.data<char>() + row * s.count() * item;
      s.each_channel([&](const kernels::Channels& layout, int64_t i, int64_t element) {
        kernel.gradient(layout, to + element * item, q + element * item, p + element * item,
                        &of.mean[i], &of.scale[i], &of.slope[i], &of.shift[i]);
      });
    });
    if (gx.defined()) v.set(0, gx);
    for (int k = 1; k < 3; ++k) {
      if (!v.needs(k)) continue;
      const std::vector<double>& sums = k == 1 ? gx_sums : g_sums;
      std::vector<double> total(static_cast<size_t>(n));
      for (size_t i = 0; i < sums.size(); ++i) total[i % total.size()] += sums[i];
      Tensor t = new_tensor(dtype, {n});
      put_numbers(t, total);
      v.set(k, t);
    }
  }

  // The same in differentiable operations.
  void formula(Vjp& v) const {
    const Tensor &g = v.grad(0), &x = v.saved(0);
    const Groups s(x.shape(), groups);
    const auto share = [](const Tensor& t) { return mean(t, {1}, true); };
    const auto as_rows = [&](const Tensor& t) { return reshape(t, {s.rows, s.count()}); };
    const Tensor centered = as_rows(x) - share(as_rows(x));
    const Tensor rstd = rsqrt(add(share(square(centered)), eps)), hat = centered * rstd;
    if (v.needs(0)) {
      const Tensor scaled =
          v.has_saved(1) ? mul(g, per_channel(to(v.saved(1), g.dtype()), x.dim())) : g;
      const Tensor q = as_rows(scaled);
      v.set(0, reshape(rstd * (q - share(q) - hat * share(q * hat)), x.shape()));
    }
    const std::vector<int64_t> dims = dims_beside_channels(x.dim());
    if (v.needs(1)) v.set(1, sum(g * reshape(hat, x.shape()), dims));
    if (v.needs(2)) v.set(2, sum(g, dims));
  }
};

}  // namespace

Tensor group_norm(const Tensor& input, int64_t num_groups, const Tensor& weight, const Tensor& bias,
                  double eps) {
  const TensorImpl& x = *detail::input("group_norm", input);
  WG_CHECK(x.ndim >= 2, Error, "group_norm: expected an input (N, C, ...), but got shape ",
           x.sizes());
  WG_CHECK(is_floating(x.dtype), NotImplementedError, "group_norm: not available for dtype ",
           x.dtype);
  const int64_t channels = x.shape()[1];
  WG_CHECK(num_groups > 0 && channels % num_groups == 0, Error,
           "group_norm: expected num_groups=", num_groups,
           " to divide the number of channels of an input of shape ", x.sizes());
  const std::pair<const char*, const Tensor*> given[] = {{"a weight", &weight}, {"a bias", &bias}};
  for (const auto& [what, t] : given) {
    WG_CHECK(!t->defined() || t->shape() == Dims{channels}, Error, "group_norm: expected ", what,
             " of shape ", Dims{channels}, ", but got ", t->shape());
  }
  if (!transforming()) {
    return apply_many<3>(GroupNorm{eps, num_groups}, input, weight, bias)[0];
  }
  const Groups s(x.sizes(), num_groups);
  const Tensor rows = reshape(input, {s.rows, s.count()});
  const Tensor centered = sub(rows, mean(rows, {1}, true));
  Tensor y = mul(centered, rsqrt(add(mean(square(centered), {1}, true), eps)));
  y = reshape(y, input.shape());
  if (weight.defined()) y = mul(y, per_channel(weight, x.ndim));
  return bias.defined() ? add(y, per_channel(bias, x.ndim)) : y;
}

namespace {

// In Python's order of arguments; the last one chooses among kernels that there is one of.
Tensor group_norm_row(const Tensor& input, int64_t num_groups, const Tensor& weight,
                      const Tensor& bias, double eps, bool) {
  return group_norm(input, num_groups, weight, bias, eps);
}

constexpr Function rows[] = {
    make_function<group_norm_row>(
        "group_norm", "input, num_groups, weight=None, bias=None, eps=1e-05, cudnn_enabled=True",
        kFunction | kNN, "Normalises each group of channels (dimension 1) of each sample",
        "T((2, 4, 3)), 2, T((4,)), T((4,))\nT((2, 4)), 2"),
};
}  // namespace

extern const FunctionTable nn_group_norm_functions;
const FunctionTable nn_group_norm_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_group_norm, operation<GroupNorm>())

WENGERT_NAMESPACE_END
