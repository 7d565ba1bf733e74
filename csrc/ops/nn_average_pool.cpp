// Means over windows of planes, and the adjoint map.
#include <algorithm>

#include "ops/function.h"
#include "ops/nn_pool.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The part of one axis that an output position averages.
struct Span {
  int64_t begin, end;
  double count;  // what it counts in the divisor
};

// Windows of fixed size, or with `adaptive` a grid that covers the plane.
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
  // Calls f(plane, output position, down, across, factor) for the outputs of all planes.
  template <class F>
  void each(int64_t planes, F&& f) const {
    const std::vector<Span> down = spans(0), across = spans(1);
    const int64_t size = in.d[0] * in.d[1];
    const int64_t grain = std::max<int64_t>(kParallelGrain / 4 / std::max<int64_t>(size, 1), 1);
    runtime::parallel_for(planes, grain, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        int64_t o = p * out.d[0] * out.d[1];
        for (const Span& a : down) {
          for (const Span& b : across) {
            f(p * size, o++, a, b,
              divisor ? 1 / static_cast<double>(divisor) : 1 / (a.count * b.count));
          }
        }
      }
    });
  }
};

DType computed_as(DType t) { return t == DType::float64 ? t : DType::float32; }
int64_t planes_of(Dims shape) {
  int64_t n = 1;
  for (size_t i = 0; i + 2 < shape.size(); ++i) n *= shape[i];
  return n;
}

#define WG_RULE_FIELDS                                                                        \
  static constexpr const char* field_names =                                                  \
      "kernel, stride, padding, in, out, adaptive, count_padding, divisor";                   \
  auto fields() const {                                                                       \
    return std::tie(rule.kernel, rule.stride, rule.padding, rule.in, rule.out, rule.adaptive, \
                    rule.count_padding, rule.divisor);                                        \
  }                                                                                           \
  void infer(Infer& m) const {                                                                \
    const Shape& size = kForward ? rule.out : rule.in;                                        \
    m.out().dtype = m.in(0).dtype;                                                            \
    m.out().shape = m.in(0).sizes();                                                          \
    for (int i = 0; i < 2; ++i) m.out().shape.d[m.in(0).ndim - 2 + i] = size.d[i];            \
  }

struct AveragePool {
  AverageRule rule;
  static constexpr bool kForward = true;
  static constexpr const char* name = "avg_pool2d";
  WG_RULE_FIELDS
  void compute(Compute& c) const {
    const DType dtype = computed_as(c.in(0).dtype());
    const Tensor x = as_contiguous(c.in(0), dtype);
    const Tensor y = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    const auto run = [&]<class T>(T) {
      const T* in = x.data<T>();
      T* out = y.data<T>();
      const int64_t width = rule.in.d[1];
      rule.each(planes_of(x.shape()),
                [=](int64_t plane, int64_t o, const Span& a, const Span& b, double factor) {
                  T total = 0;
                  for (int64_t i = a.begin; i < a.end; ++i) {
                    const T* line = in + plane + i * width;
                    for (int64_t j = b.begin; j < b.end; ++j) total += line[j];
                  }
                  out[o] = static_cast<T>(total * static_cast<T>(factor));
                });
    };
    dtype == DType::float64 ? run(double{}) : run(float{});
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const;
};

struct AverageSpread {
  AverageRule rule;
  static constexpr bool kForward = false;
  static constexpr const char* name = "avg_pool2d_spread";
  WG_RULE_FIELDS
  void compute(Compute& c) const {
    const DType dtype = computed_as(c.in(0).dtype());
    const Tensor g = as_contiguous(c.in(0), dtype);
    const Tensor x = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    std::memset(x.data(), 0, static_cast<size_t>(x.numel()) * item_size(dtype));
    const auto run = [&]<class T>(T) {
      const T* in = g.data<T>();
      T* out = x.data<T>();
      const int64_t width = rule.in.d[1];
      rule.each(planes_of(g.shape()),
                [=](int64_t plane, int64_t o, const Span& a, const Span& b, double factor) {
                  const T share = in[o] * static_cast<T>(factor);
                  for (int64_t i = a.begin; i < a.end; ++i) {
                    T* line = out + plane + i * width;
                    for (int64_t j = b.begin; j < b.end; ++j) line[j] += share;
                  }
                });
    };
    dtype == DType::float64 ? run(double{}) : run(float{});
    if (!x.is_same(c.out())) copy_elements(*c.out().impl(), *x.impl());
  }
  void vjp(Vjp& v) const { v.set(0, apply(AveragePool{rule}, v.grad())); }
};
#undef WG_RULE_FIELDS

void AveragePool::vjp(Vjp& v) const { v.set(0, apply(AverageSpread{rule}, v.grad())); }

void check_dtype(const char* op, const TensorImpl& x) {
  WG_CHECK(is_floating(x.dtype), NotImplementedError, op, ": not available for dtype ", x.dtype,
           "; convert the input to a floating point dtype");
}

}  // namespace

Tensor avg_pool2d(const Tensor& input, Dims kernel_size, Dims stride, Dims padding, bool ceil_mode,
                  bool count_include_pad, std::optional<int64_t> divisor_override) {
  const char* op = "avg_pool2d";
  const TensorImpl& x = *detail::input(op, input);
  check_dtype(op, x);
  WG_CHECK(!divisor_override || *divisor_override != 0, Error, op, ": divisor must be not zero");
  AverageRule r;
  r.kernel = detail::pool_pair(op, "kernel_size", kernel_size, 1);
  r.stride = stride.empty() ? r.kernel : detail::pool_pair(op, "stride", stride, 1);
  r.padding = detail::pool_pair(op, "padding", padding, 0);
  r.out = detail::pool_output(op, x, r.kernel, r.stride, r.padding, Shape(Dims{1, 1}), ceil_mode);
  r.in = Dims(x.shape() + x.ndim - 2, 2);
  r.adaptive = false;
  r.count_padding = count_include_pad;
  r.divisor = divisor_override.value_or(0);
  return apply(AveragePool{r}, input);
}

Tensor adaptive_avg_pool2d(const Tensor& input, Dims output_size) {
  const char* op = "adaptive_avg_pool2d";
  const TensorImpl& x = *detail::input(op, input);
  check_dtype(op, x);
  WG_CHECK(x.ndim == 3 || x.ndim == 4, Error, op,
           ": expected an input (N, C, H, W) or (C, H, W), but got shape ", x.sizes());
  AverageRule r{};
  r.out = detail::pool_pair(op, "output_size", output_size, 0);
  r.in = Dims(x.shape() + x.ndim - 2, 2);
  WG_CHECK(r.in.d[0] > 0 && r.in.d[1] > 0, Error, op,
           ": only the batch may be empty, but the input has shape ", x.sizes());
  r.kernel = r.stride = r.padding = r.out;
  r.adaptive = true;
  return apply(AveragePool{r}, input);
}

namespace {
constexpr Function rows[] = {
    make_function<avg_pool2d>(
        "avg_pool2d",
        "input, kernel_size, stride=(), padding=0, ceil_mode=False, count_include_pad=True, "
        "divisor_override=None",
        kFunction | kNN, "Mean of each window of (N, C, H, W) or (C, H, W)",
        "T((2, 3, 6, 8)), 2\nT((2, 6, 7)), (3, 2), (2, 1), (1, 0), True, False\nT((1, 1, 5, 5)), "
        "2, 2, 1, False, True, 3"),
    make_function<adaptive_avg_pool2d>(
        "adaptive_avg_pool2d", "input, output_size", kFunction | kNN,
        "Means of a grid of windows that covers (N, C, H, W) or (C, H, W)",
        "T((2, 3, 6, 8)), (2, 3)\nT((2, 5, 7)), 1"),
};
}  // namespace

extern const FunctionTable nn_average_pool_functions;
const FunctionTable nn_average_pool_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
