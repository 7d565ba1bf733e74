// Normalisation of channels over a batch.
// Source: Ioffe and Szegedy, "Batch normalization", ICML 2015.
#include <algorithm>
#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/neural.h"
#include "ops/function.h"
#include "ops/nn_norm.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "runtime/scratch.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// (batch, channels, inner) as the kernels want it, and how to visit it in parallel.
struct ChannelLayout {
  int64_t batch, channels, inner = 1;
  explicit ChannelLayout(Dims shape) : batch(shape[0]), channels(shape[1]) {
    for (size_t i = 2; i < shape.size(); ++i) inner *= shape[i];
  }
  int64_t count() const { return batch * inner; }
  // What is converted as a whole for kernels of `computed`: neighbouring channels.
  DType kept(DType t, DType computed) const { return inner == 1 ? computed : t; }
  // Calls f(layout, channel, offset of its first element) for pieces of the channels: about as
  // many as the second-level cache holds, one where `apart`.
  template <class F>
  void each(bool apart, F&& f) const {
    constexpr int64_t kElements = 1 << 17;
    const int64_t fit = kElements / std::max<int64_t>(count(), 1);
    const int64_t together = apart || fit < 1 ? 1 : fit;
    const int64_t grain = kParallelGrain / (count() + 1) + 1;
    runtime::parallel_for(channels, grain, [&](int64_t begin, int64_t end) {
      if (inner == 1) {
        f(kernels::Channels{batch, channels, 1, end - begin}, begin, begin);
        return;
      }
      for (int64_t c = begin; c < end; c += together) {
        f(kernels::Channels{batch, channels * inner, inner, std::min(together, end - c)}, c,
          c * inner);
      }
    });
  }
};

// Channels of a tensor as the kernels take them: where they stand or, one at a time, numbers of 16
// bits in float32.
class ChannelValues {
 public:
  ChannelValues(const ChannelLayout& layout, DType stored, DType computed)
      : layout_(layout),
        stored_(stored),
        computed_(computed),
        memory_(converts() ? layout.count() * item(computed) : 0) {}

  kernels::Channels shape(const kernels::Channels& s) const {
    return converts() ? kernels::Channels{s.outer, s.inner, s.inner, 1} : s;
  }
  char* place(const kernels::Channels& s, const Tensor& t, int64_t offset) {
    return converts() ? memory_.data : row(t, offset, 0, s);
  }
  char* read(const kernels::Channels& s, const Tensor& t, int64_t offset) {
    for (int64_t i = 0; converts() && i < s.outer; ++i)
      kernels::cast(computed_, stored_)(s.inner, memory_.data + i * s.inner * item(computed_),
                                        row(t, offset, i, s));
    return place(s, t, offset);
  }
  void write(const kernels::Channels& s, const Tensor& t, int64_t offset) const {
    for (int64_t i = 0; converts() && i < s.outer; ++i)
      kernels::cast(stored_, computed_)(s.inner, row(t, offset, i, s),
                                        memory_.data + i * s.inner * item(computed_));
  }

 private:
  bool converts() const { return stored_ != computed_; }
  static int64_t item(DType t) { return static_cast<int64_t>(item_size(t)); }
  char* row(const Tensor& t, int64_t offset, int64_t i, const kernels::Channels& s) const {
    return t.impl()->data + (offset + i * s.stride) * item(stored_);
  }

  const ChannelLayout& layout_;
  DType stored_, computed_;
  runtime::Scratch memory_;
};

// Inputs: x, weight or none, bias or none, and where the statistics are given: mean, variance.
// Further outputs: mean, 1 / sqrt(variance + eps) and the unbiased variance of each channel.
struct BatchNorm {
  double eps;
  bool given;
  static constexpr const char* name = "batch_norm";
  WG_FIELDS(eps, given)
  static constexpr Save saves[] = {save_input(0),
                                   save_input(1),
                                   save_output(1),
                                   save_output(2),
                                   save_input(3, for_input(3) | for_input(4)),
                                   save_input(4, for_input(3) | for_input(4))};
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    m.out(0).dtype = x.dtype;
    m.out(0).shape = x.sizes();
    for (int k = 1; k < 4; ++k) {
      m.out(k).dtype = DType::float64;
      m.out(k).shape.push(x.shape()[1]);
    }
  }
  void compute(Compute& c) const {
    const DType dtype = normalized_as(c.in(0).dtype());
    const ChannelLayout layout(c.in(0).shape());
    const DType kept = layout.kept(c.in(0).dtype(), dtype);
    const Tensor x = as_contiguous(c.in(0), kept);
    const Tensor y = c.out().dtype() == kept ? c.out() : new_tensor(kept, x.shape());
    const int64_t n = layout.channels;
    const std::vector<double> weight = numbers(c.in(1), n, 1), bias = numbers(c.in(2), n, 0);
    std::vector<double> given_mean, given_var;
    if (given) {
      given_mean = numbers(c.in(3), n, 0);
      given_var = numbers(c.in(4), n, 1);
    }
    double* mean = c.out(1).data<double>();
    double* rstd = c.out(2).data<double>();
    double* unbiased = c.out(3).data<double>();
    const auto count = static_cast<double>(layout.count());
    const auto& kernel = kernels::normalize(dtype);
    std::vector<double> scale(static_cast<size_t>(n));
    layout.each(kept != dtype, [&](const kernels::Channels& stored, int64_t first, int64_t offset) {
      ChannelValues values(layout, kept, dtype);
      const char* in = values.read(stored, x, offset);
      const kernels::Channels s = values.shape(stored);
      if (!given) kernel.moments(s, mean + first, unbiased + first, in);
      for (int64_t i = first; i < first + s.channels; ++i) {
        const auto k = static_cast<size_t>(i);
        if (given) {
          mean[i] = given_mean[k];
          unbiased[i] = given_var[k];
          rstd[i] = 1 / std::sqrt(given_var[k] + eps);
        } else {
          rstd[i] = 1 / std::sqrt((count > 0 ? unbiased[i] / count : 0) + eps);
          unbiased[i] /= count - 1;
        }
        scale[k] = rstd[i] * weight[k];
      }
      kernel.apply(s, values.place(stored, y, offset), in, mean + first, scale.data() + first,
                   bias.data() + first);
      values.write(stored, y, offset);
    });
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    v.create_graph() || (given && (v.needs(3) || v.needs(4))) ? formula(v) : fused(v);
  }

 private:
  void fused(Vjp& v) const {
    const DType dtype = normalized_as(v.grad(0).dtype());
    const ChannelLayout layout(v.shape(0));
    const DType kept = layout.kept(v.grad(0).dtype(), dtype);
    const Tensor x = as_contiguous(v.saved(0), kept), g = as_contiguous(v.grad(0), kept);
    const int64_t n = layout.channels;
    const std::vector<double> weight = numbers(v.has_saved(1) ? v.saved(1) : Tensor(), n, 1);
    const double* mean = v.saved(2).data<double>();
    const double* rstd = v.saved(3).data<double>();
    const Tensor gx = v.needs(0) ? new_tensor(kept, x.shape()) : Tensor();
    const auto count = static_cast<double>(layout.count());
    const auto& kernel = kernels::normalize(dtype);
    std::vector<double> g_sum(static_cast<size_t>(n)), gx_sum(g_sum), scale(g_sum), slope(g_sum),
        shift(g_sum);
    layout.each(kept != dtype, [&](const kernels::Channels& stored, int64_t first, int64_t offset) {
      ChannelValues gradients(layout, kept, dtype), values(layout, kept, dtype);
      const char *q = gradients.read(stored, g, offset), *p = values.read(stored, x, offset);
      const kernels::Channels s = values.shape(stored);
      if (!given || v.needs(1) || v.needs(2)) {
        kernel.gradient_sums(s, g_sum.data() + first, gx_sum.data() + first, q, p, mean + first);
      }
      for (int64_t i = first; i < first + s.channels; ++i) {
        const auto k = static_cast<size_t>(i);
        scale[k] = rstd[i] * weight[k];
        if (!given) {
          slope[k] = -scale[k] * rstd[i] * rstd[i] * gx_sum[k] / count;
          shift[k] = -scale[k] * g_sum[k] / count;
        }
        gx_sum[k] *= rstd[i];
      }
      if (gx.defined()) {
        char* const to = gradients.place(stored, gx, offset);
        if (given) {  // of x, which may be infinite, nothing is left
          kernel.apply(s, to, q, slope.data() + first, scale.data() + first, shift.data() + first);
        } else {
          kernel.gradient(s, to, q, p, mean + first, scale.data() + first, slope.data() + first,
                          shift.data() + first);
        }
        gradients.write(stored, gx, offset);
      }
    });
    if (gx.defined()) v.set(0, gx);
    for (int i = 1; i < 3; ++i) {
      if (!v.needs(i)) continue;
      Tensor t = new_tensor(dtype, {n});
      put_numbers(t, i == 1 ? gx_sum : g_sum);
      v.set(i, t);
    }
  }

  // The same in differentiable operations.
  void formula(Vjp& v) const {
    const Tensor &g = v.grad(0), &x = v.saved(0);
    const int64_t nd = x.dim();
    const std::vector<int64_t> dims = dims_beside_channels(nd);
    const auto share = [&](const Tensor& t) { return mean(t, dims, true); };
    Tensor centered, rstd;
    if (given) {
      const bool live = v.has_saved(4);
      const Tensor m = live ? to(v.saved(4), x.dtype()) : to(v.saved(2), x.dtype());
      centered = x - per_channel(m, nd);
      const Tensor r =
          live ? rsqrt(add(to(v.saved(5), x.dtype()), eps)) : to(v.saved(3), x.dtype());
      rstd = per_channel(r, nd);
    } else {
      centered = x - share(x);
      rstd = rsqrt(add(share(square(centered)), eps));
    }
    const Tensor hat = centered * rstd;
    const Tensor scaled = v.has_saved(1) ? mul(g, per_channel(to(v.saved(1), g.dtype()), nd)) : g;
    if (v.needs(0)) {
      Tensor gx = scaled;
      if (!given) gx = gx - share(gx) - hat * share(scaled * hat);
      v.set(0, gx * rstd);
    }
    if (v.needs(1)) v.set(1, sum(g * hat, dims));
    if (v.needs(2)) v.set(2, sum(g, dims));
    if (given && v.needs(3)) v.set(3, neg(sum(scaled * rstd, dims)));
    if (given && v.needs(4)) {
      v.set(4, mul(sum(scaled * centered * (rstd * rstd * rstd), dims), -0.5));
    }
  }
};

// self = (1 - momentum) self + momentum * statistic.
struct RunningStatistic {
  double momentum;
  static constexpr const char* name = "running_statistic";
  WG_FIELDS(momentum)
  static constexpr Tangents tangents = Tangents::none;
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    std::vector<double> v = numbers(c.in(0), c.in(0).numel(), 0);
    const double* s = c.in(1).data<double>();
    for (size_t i = 0; i < v.size(); ++i) v[i] += momentum * (s[i] - v[i]);
    put_numbers(c.out(), v);
  }
};

void update_running(const Tensor& running, const Tensor& statistic, double momentum) {
  if (!running.defined()) return;
  Tensor self = running;
  RecordingGuard off(false);
  apply_in_place(RunningStatistic{momentum}, self, statistic);
}

// The same in differentiable operations.
Tensor composed(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                const Tensor& weight, const Tensor& bias, bool training, double momentum,
                double eps) {
  const int64_t nd = x.dim();
  Tensor average, variance;
  if (training) {
    const std::vector<int64_t> dims = dims_beside_channels(nd);
    average = mean(x, dims);
    variance = mean(square(sub(x, per_channel(average, nd))), dims);
    const double n = static_cast<double>(x.numel()) / static_cast<double>(x.size(1));
    update_running(running_mean, to(average.detach(), DType::float64), momentum);
    update_running(running_var, to(mul(variance.detach(), n / (n - 1)), DType::float64), momentum);
  } else {
    average = to(running_mean, x.dtype());
    variance = to(running_var, x.dtype());
  }
  const Tensor scale = rsqrt(add(variance, eps));
  Tensor y = mul(sub(x, per_channel(average, nd)), per_channel(scale, nd));
  if (weight.defined()) y = mul(y, per_channel(to(weight, x.dtype()), nd));
  return bias.defined() ? add(y, per_channel(to(bias, x.dtype()), nd)) : y;
}

}  // namespace

Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight, const Tensor& bias, bool training, double momentum,
                  double eps) {
  const TensorImpl& x = *detail::input("batch_norm", input);
  WG_CHECK(x.ndim >= 2, Error, "batch_norm: expected an input (N, C, ...), but got shape ",
           x.sizes());
  WG_CHECK(is_floating(x.dtype), NotImplementedError, "batch_norm: not available for dtype ",
           x.dtype);
  WG_CHECK(training || (running_mean.defined() && running_var.defined()), Error,
           "batch_norm: expected running_mean and running_var to be given in evaluation mode");
  WG_CHECK(running_mean.defined() == running_var.defined(), ValueError,
           "batch_norm: expected both or none of running_mean and running_var");
  WG_CHECK(!(eps < 0), ValueError, "batch_norm: expected an eps of at least 0, but got ", eps);
  const int64_t channels = x.shape()[1];
  const std::pair<const char*, const Tensor*> given[] = {{"running_mean", &running_mean},
                                                         {"running_var", &running_var},
                                                         {"weight", &weight},
                                                         {"bias", &bias}};
  for (const auto& [what, t] : given) {
    WG_CHECK(!t->defined() || (t->dim() == 1 && t->numel() == channels), Error,
             "batch_norm: ", what, " should contain ", channels, " elements, but has shape ",
             t->shape());
  }
  if (transforming()) {
    return composed(input, running_mean, running_var, weight, bias, training, momentum, eps);
  }
  if (!training) {
    return apply_many<4>(BatchNorm{eps, true}, input, weight, bias, running_mean, running_var)[0];
  }
  const auto out = apply_many<4>(BatchNorm{eps, false}, input, weight, bias, Tensor(), Tensor());
  if (x.numel > 0) {
    update_running(running_mean, out[1], momentum);
    update_running(running_var, out[3], momentum);
  }
  return out[0];
}

// Batch normalisation in which each channel of each sample is a channel.
Tensor instance_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                     const Tensor& weight, const Tensor& bias, bool use_input_stats,
                     double momentum, double eps) {
  const char* op = "instance_norm";
  const TensorImpl& x = *detail::input(op, input);
  WG_CHECK(x.ndim >= 2, Error, op, ": expected an input (N, C, ...), but got shape ", x.sizes());
  WG_CHECK(use_input_stats || (running_mean.defined() && running_var.defined()), Error, op,
           ": expected running_mean and running_var to be defined when use_input_stats is false");
  const int64_t batch = x.shape()[0], channels = x.shape()[1];
  Shape shape = x.sizes();
  shape.d[0] = 1;
  shape.d[1] = batch * channels;
  const auto each = [&](const char* what, const Tensor& t) {
    if (!t.defined()) return t;
    WG_CHECK(t.dim() == 1 && t.numel() == channels, Error, op, ": ", what, " should contain ",
             channels, " elements, but has shape ", t.shape());
    return repeat(t, {batch});
  };
  const Tensor mean_of = each("running_mean", running_mean),
               var_of = each("running_var", running_var);
  const Tensor y = batch_norm(reshape(input, shape), mean_of, var_of, each("weight", weight),
                              each("bias", bias), use_input_stats, momentum, eps);
  if (use_input_stats && batch > 0) {
    RecordingGuard off(false);
    for (const auto& [running, moved] :
         {std::pair(running_mean, mean_of), std::pair(running_var, var_of)}) {
      if (!running.defined()) continue;
      Tensor self = running;
      copy_(self, mean(reshape(moved, {batch, channels}), {0}));
    }
  }
  return reshape(y, input.shape());
}

namespace {

// In Python's order of arguments; the last one chooses among kernels that there is one of.
Tensor batch_norm_row(const Tensor& input, const Tensor& weight, const Tensor& bias,
                      const Tensor& running_mean, const Tensor& running_var, bool training,
                      double momentum, double eps, bool) {
  return batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps);
}
Tensor instance_norm_row(const Tensor& input, const Tensor& weight, const Tensor& bias,
                         const Tensor& running_mean, const Tensor& running_var,
                         bool use_input_stats, double momentum, double eps, bool) {
  return instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum,
                       eps);
}

constexpr Function rows[] = {
    make_function<batch_norm_row>(
        "batch_norm",
        "input, weight=None, bias=None, running_mean=None, running_var=None, training=False, "
        "momentum=0.1, eps=1e-05, cudnn_enabled=True",
        kFunction,
        "(x - mean) / sqrt(var + eps) * weight + bias over all dimensions but 1; in training with "
        "the batch's own statistics, which the running ones move towards",
        "T((4, 3)), T((3,)), T((3,)), T((3,)), T((3,), 0.5, 2), False, 0.1, 1e-5, True\n"
        "T((2, 3, 4)), None, None, T((3,)), T((3,), 0.5, 2), False, 0.1, 1e-5, True"),
    make_function<instance_norm_row>(
        "instance_norm",
        "input, weight=None, bias=None, running_mean=None, running_var=None, use_input_stats=True, "
        "momentum=0.1, eps=1e-05, cudnn_enabled=True",
        kFunction, "(x - mean) / sqrt(var + eps) * weight + bias for each channel of each sample",
        "T((2, 3, 4)), T((3,)), T((3,)), None, None, True, 0.1, 1e-5, True\n"
        "T((2, 3, 4)), T((3,)), None, T((3,)), T((3,), 0.5, 2), False, 0.1, 1e-5, True"),
};
}  // namespace

extern const FunctionTable nn_batch_norm_functions;
const FunctionTable nn_batch_norm_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_batch_norm, operation<RunningStatistic>(), operation<BatchNorm>())

WENGERT_NAMESPACE_END
