// Means over windows of volumes, and the adjoint map.
#include <algorithm>

#include "kernels/reduce.h"
#include "ops/function.h"
#include "ops/nn_pool.h"
#include "ops/operations.h"
#include "ops/real_types.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The part of one axis that an output position averages.
struct Span {
  int64_t begin, end;
  double count;  // what it counts in the divisor
};
// The parts of a window in three dimensions; the first ones are [0, 1) where there are fewer.
struct Box {
  const Span &deep, &down, &across;
};
// Calls f with true_type for three dimensions: fewer ones are spared the outer loop.
template <class F>
void with_depth(int ndim, F&& f) {
  ndim == 3 ? f(std::true_type{}) : f(std::false_type{});
}

// Windows of fixed size, or with `adaptive` a grid that covers the volume.
struct AverageRule {
  Shape kernel, stride, padding, in, out;
  bool adaptive, count_padding;
  int64_t divisor;  // 0: the number of elements

  std::vector<Span> spans(int axis) const {
    std::vector<Span> s;
    const int64_t n = in.d[axis];
    for (int64_t i = 0; i < out.d[axis]; ++i) {
      Span p;
      if (adaptive) {
        p.begin = i * n / out.d[axis];
        p.end = ((i + 1) * n + out.d[axis] - 1) / out.d[axis];
        p.count = static_cast<double>(p.end - p.begin);
      } else {
        const int64_t begin = i * stride.d[axis] - padding.d[axis];
        const int64_t end = std::min(begin + kernel.d[axis], n + padding.d[axis]);
        p.begin = std::max<int64_t>(begin, 0);
        p.end = std::max(std::min(end, n), p.begin);
        p.count = static_cast<double>(count_padding ? end - begin : p.end - p.begin);
      }
      s.push_back(p);
    }
    return s;
  }
  // The same for axes of three dimensions.
  std::vector<Span> spans3(int axis) const {
    const int missing = 3 - in.ndim;
    return axis < missing ? std::vector<Span>{{0, 1, 1}} : spans(axis - missing);
  }
  int64_t length(int axis) const {
    const int missing = 3 - in.ndim;
    return axis < missing ? 1 : in.d[axis - missing];
  }
  // By what the sum over a volume is divided if one window covers all of it; else 0.
  double whole() const {
    double count = 1;
    for (int axis = 0; axis < in.ndim; ++axis) {
      if (out.d[axis] != 1) return 0;
      const std::vector<Span> s = spans(axis);
      if (s[0].begin != 0 || s[0].end != in.d[axis]) return 0;
      count *= s[0].count;
    }
    return divisor ? static_cast<double>(divisor) : count;
  }
  // Calls f(volume, output position, box, count, 1 / count) for the outputs of all volumes.
  template <class F>
  void each(const detail::Volumes& volumes, F&& f) const {
    const std::vector<Span> deep = spans3(0), down = spans3(1), across = spans3(2);
    const auto positions = static_cast<int64_t>(deep.size() * down.size() * across.size());
    const int64_t grain =
        std::max<int64_t>(kParallelGrain / 4 / std::max<int64_t>(volumes.size, 1), 1);
    runtime::parallel_for(volumes.count, grain, [&](int64_t begin, int64_t end) {
      for (int64_t v = begin; v < end; ++v) {
        int64_t o = v * positions;
        double last = 1, scale = 1;  // counts are mostly equal, and divisions slow
        for (const Span& a : deep) {
          for (const Span& b : down) {
            for (const Span& c : across) {
              const double count =
                  divisor ? static_cast<double>(divisor) : a.count * b.count * c.count;
              if (count != last) {
                last = count;
                scale = 1 / count;
              }
              f(v * volumes.size, o++, Box{a, b, c}, count, scale);
            }
          }
        }
      }
    });
  }
};

#define WG_RULE_FIELDS                                                                        \
  static constexpr const char* field_names =                                                  \
      "kernel, stride, padding, in, out, adaptive, count_padding, divisor";                   \
  auto fields() const {                                                                       \
    return std::tie(rule.kernel, rule.stride, rule.padding, rule.in, rule.out, rule.adaptive, \
                    rule.count_padding, rule.divisor);                                        \
  }                                                                                           \
  void infer(Infer& m) const {                                                                \
    m.out().dtype = m.in(0).dtype;                                                            \
    m.out().shape = detail::with_volume(m.in(0).sizes(), kForward ? rule.out : rule.in);      \
  }

struct AveragePool {
  AverageRule rule;
  static constexpr bool kForward = true;
  static constexpr const char* name = "avg_pool";
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::leading;
  WG_RULE_FIELDS
  void compute(Compute& c) const {
    const DType dtype = detail::pooled_as(c.in(0).dtype());
    const Tensor x = as_contiguous(c.in(0), dtype);
    const Tensor y = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    const auto run = [&]<class T, bool kDeep>(T, std::bool_constant<kDeep>) {
      const T* in = x.data<T>();
      T* out = y.data<T>();
      if constexpr (std::is_floating_point_v<T>) {
        if (const double count = rule.whole(); count > 0) {
          const detail::Volumes volumes(x.shape(), rule.in.ndim);
          const kernels::ReduceFn sum = kernels::reduce(kernels::Reduce::sum, dtype);
          const T scale = static_cast<T>(1 / count);
          runtime::parallel_for(volumes.count, volumes.grain(), [&](int64_t begin, int64_t end) {
            sum(end - begin, volumes.size, 1, out + begin, in + begin * volumes.size);
            for (int64_t i = begin; i < end; ++i) out[i] *= scale;
          });
          return;
        }
      }
      const int64_t width = rule.length(2), height = rule.length(1);
      rule.each(detail::Volumes(x.shape(), rule.in.ndim),
                [=](int64_t volume, int64_t o, const Box& box, [[maybe_unused]] double count,
                    [[maybe_unused]] double scale) {
                  T total = 0;
                  for (int64_t i = kDeep ? box.deep.begin : 0; i < (kDeep ? box.deep.end : 1);
                       ++i) {
                    for (int64_t j = box.down.begin; j < box.down.end; ++j) {
                      const T* line = in + volume + (i * height + j) * width;
                      for (int64_t k = box.across.begin; k < box.across.end; ++k) total += line[k];
                    }
                  }
                  if constexpr (std::is_floating_point_v<T>) {
                    out[o] = total * static_cast<T>(scale);
                  } else {
                    // The machine stops where the smallest number is divided by -1.
                    const T n = static_cast<T>(count);
                    out[o] = n == 0    ? T{0}
                             : n == -1 ? static_cast<T>(-static_cast<uint64_t>(total))
                                       : total / n;
                  }
                });
    };
    detail::with_pooled_type(
        dtype, [&](auto t) { with_depth(rule.in.ndim, [&](auto deep) { run(t, deep); }); });
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const;
};

struct AverageSpread {
  AverageRule rule;
  static constexpr bool kForward = false;
  static constexpr const char* name = "avg_pool_spread";
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::leading;
  WG_RULE_FIELDS
  void compute(Compute& c) const {
    const DType dtype = c.in(0).dtype() == DType::float64 ? DType::float64 : DType::float32;
    const Tensor g = as_contiguous(c.in(0), dtype);
    const Tensor x = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    std::memset(x.data(), 0, static_cast<size_t>(x.numel()) * item_size(dtype));
    const auto run = [&]<class T, bool kDeep>(T, std::bool_constant<kDeep>) {
      const T* in = g.data<T>();
      T* out = x.data<T>();
      const int64_t width = rule.length(2), height = rule.length(1);
      rule.each(detail::Volumes(x.shape(), rule.in.ndim),
                [=](int64_t volume, int64_t o, const Box& box, double, double scale) {
                  const T share = in[o] * static_cast<T>(scale);
                  for (int64_t i = kDeep ? box.deep.begin : 0; i < (kDeep ? box.deep.end : 1);
                       ++i) {
                    for (int64_t j = box.down.begin; j < box.down.end; ++j) {
                      T* line = out + volume + (i * height + j) * width;
                      for (int64_t k = box.across.begin; k < box.across.end; ++k) line[k] += share;
                    }
                  }
                });
    };
    with_float_type(name, dtype,
                    [&](auto t) { with_depth(rule.in.ndim, [&](auto deep) { run(t, deep); }); });
    if (!x.is_same(c.out())) copy_elements(*c.out().impl(), *x.impl());
  }
  void vjp(Vjp& v) const { v.set(0, apply(AveragePool{rule}, v.grad())); }
};
#undef WG_RULE_FIELDS

void AveragePool::vjp(Vjp& v) const { v.set(0, apply(AverageSpread{rule}, v.grad())); }

Tensor average(const char* op, int n, const Tensor& input, Dims kernel_size, Dims stride,
               Dims padding, bool ceil_mode, bool count_include_pad,
               std::optional<int64_t> divisor_override) {
  const TensorImpl& x = *detail::input(op, input);
  WG_CHECK(is_floating(x.dtype) || x.dtype == DType::int64, NotImplementedError, op,
           ": not available for dtype ", x.dtype);
  WG_CHECK(!divisor_override || *divisor_override != 0, Error, op, ": divisor must be not zero");
  AverageRule r;
  r.kernel = detail::pool_sizes(op, "kernel_size", n, kernel_size, 1);
  r.stride = stride.empty() ? r.kernel : detail::pool_sizes(op, "stride", n, stride, 1);
  r.padding = detail::pool_sizes(op, "padding", n, padding, 0);
  const Shape ones(Dims{1, 1, 1});
  r.out = detail::pool_output(op, n, x, r.kernel, r.stride, r.padding, ones, ceil_mode);
  r.in = detail::volume_of(x, n);
  r.adaptive = false;
  r.count_padding = count_include_pad;
  r.divisor = divisor_override.value_or(0);
  return apply(AveragePool{r}, input);
}

Tensor adaptive(const char* op, int n, const Tensor& input, Dims output_size) {
  const TensorImpl& x = *detail::input(op, input);
  WG_CHECK(is_floating(x.dtype), NotImplementedError, op, ": not available for dtype ", x.dtype,
           "; convert the input to a floating point dtype");
  detail::check_pool_input(
      op, n, x, n == 3 ? detail::Emptiable::batch : detail::Emptiable::batch_and_channels);
  AverageRule r{};
  r.out = detail::pool_sizes(op, "output_size", n, output_size, 0);
  r.in = detail::volume_of(x, n);
  r.kernel = r.stride = r.padding = r.out;
  r.adaptive = true;
  return apply(AveragePool{r}, input);
}

}  // namespace

#define WG_POOL(n)                                                                        \
  Tensor avg_pool##n##d(const Tensor& input, Dims kernel_size, Dims stride, Dims padding, \
                        bool ceil_mode, bool count_include_pad,                           \
                        std::optional<int64_t> divisor_override) {                        \
    return average("avg_pool" #n "d", n, input, kernel_size, stride, padding, ceil_mode,  \
                   count_include_pad, divisor_override);                                  \
  }                                                                                       \
  Tensor adaptive_avg_pool##n##d(const Tensor& input, Dims output_size) {                 \
    return adaptive("adaptive_avg_pool" #n "d", n, input, output_size);                   \
  }
WG_POOL(1)
WG_POOL(2)
WG_POOL(3)
#undef WG_POOL

namespace {

// Python's functions take no stride as None.
Tensor avg_row1(const Tensor& input, Dims kernel_size, std::optional<Dims> stride, Dims padding,
                bool ceil_mode, bool count_include_pad) {
  return avg_pool1d(input, kernel_size, stride.value_or(Dims()), padding, ceil_mode,
                    count_include_pad);
}
template <auto F>
Tensor avg_row(const Tensor& input, Dims kernel_size, std::optional<Dims> stride, Dims padding,
               bool ceil_mode, bool count_include_pad, std::optional<int64_t> divisor_override) {
  return F(input, kernel_size, stride.value_or(Dims()), padding, ceil_mode, count_include_pad,
           divisor_override);
}

#define WG_SIGNATURE                                              \
  "input, kernel_size, stride=None, padding=0, ceil_mode=False, " \
  "count_include_pad=True"
constexpr Function rows[] = {
    make_function<avg_row1>("avg_pool1d", WG_SIGNATURE, kFunction | kNN,
                            "Mean of each window of (N, C, L) or (C, L)",
                            "T((2, 3, 8)), 2\nT((2, 9)), 3, 2, 1, True, False"),
    make_function<avg_row<avg_pool2d>>(
        "avg_pool2d", WG_SIGNATURE ", divisor_override=None", kInternal | kNN,
        "Mean of each window of (N, C, H, W) or (C, H, W)",
        "T((2, 3, 6, 8)), 2\nT((2, 6, 7)), (3, 2), (2, 1), (1, 0), True, False\nT((1, 1, 5, 5)), "
        "2, 2, 1, False, True, 3"),
    make_function<avg_row<avg_pool3d>>(
        "avg_pool3d", WG_SIGNATURE ", divisor_override=None", kInternal | kNN,
        "Mean of each window of (N, C, D, H, W) or (C, D, H, W)",
        "T((2, 1, 4, 6, 4)), 2\nT((2, 4, 6, 5)), (2, 3, 2), (1, 2, 1), (1, 1, 0), True, False"),
    make_function<adaptive_avg_pool1d>("adaptive_avg_pool1d", "input, output_size", kFunction | kNN,
                                       "Means of windows that cover (N, C, L) or (C, L)",
                                       "T((2, 3, 8)), 3\nT((2, 7)), 1"),
    make_function<adaptive_avg_pool2d>(
        "adaptive_avg_pool2d", "input, output_size", kInternal | kNN,
        "Means of a grid of windows that covers (N, C, H, W) or (C, H, W)",
        "T((2, 3, 6, 8)), (2, 3)\nT((2, 5, 7)), 1"),
    make_function<adaptive_avg_pool3d>(
        "adaptive_avg_pool3d", "input, output_size", kInternal | kNN,
        "Means of a grid of windows that covers (N, C, D, H, W) or (C, D, H, W)",
        "T((1, 2, 3, 4, 5)), (2, 3, 2)\nT((2, 5, 7, 2)), 1"),
};
#undef WG_SIGNATURE
}  // namespace

extern const FunctionTable nn_average_pool_functions;
const FunctionTable nn_average_pool_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_average_pool, operation<AveragePool>(), operation<AverageSpread>())

WENGERT_NAMESPACE_END
