// Variances and standard deviations.
#include <array>
#include <cmath>

#include "kernels/elementwise.h"
#include "ops/function.h"
#include "ops/operations.h"
#include "ops/real_types.h"
#include "ops/reduce_plan.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Mean and sum of squared deviations of each of `rows` rows.
template <class T>
void row_moments(int64_t rows, int64_t n, const Tensor& x, T* mean, T* squares) {
  const kernels::MomentsFn fn = kernels::moments(x.dtype());
  const T* from = x.data<T>();
  if (n <= kReduceBlock || rows >= 64) {
    const int64_t grain = std::max<int64_t>(kParallelGrain / std::max<int64_t>(n, 1), 1);
    runtime::parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      fn(end - begin, n, mean + begin, squares + begin, from + begin * n);
    });
    return;
  }
  // Blocks of a row, joined from left to right.
  const int64_t blocks = (n + kReduceBlock - 1) / kReduceBlock;
  std::vector<T> parts(static_cast<size_t>(2 * rows * blocks));
  runtime::parallel_for(rows * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % blocks * kReduceBlock;
      T* p = parts.data() + 2 * i;
      fn(1, std::min(kReduceBlock, n - first), p, p + 1, from + i / blocks * n + first);
    }
  });
  for (int64_t r = 0; r < rows; ++r) {
    double m = 0, s = 0, count = 0;
    for (int64_t b = 0; b < blocks; ++b) {
      const T* p = parts.data() + 2 * (r * blocks + b);
      const auto k = static_cast<double>(std::min(kReduceBlock, n - b * kReduceBlock));
      const double delta = static_cast<double>(p[0]) - m, total = count + k;
      m += delta * (k / total);
      s += static_cast<double>(p[1]) + delta * delta * (count * k / total);
      count = total;
    }
    mean[r] = static_cast<T>(m);
    squares[r] = static_cast<T>(s);
  }
}

// Outputs: variance or standard deviation, and the mean.
template <bool kRoot>
struct Variance {
  DimSet dims;
  double correction;
  bool keepdim;
  static constexpr const char* name = kRoot ? "std" : "var";
  WG_FIELDS(dims, correction, keepdim)
  Variance batched(int64_t) const { return {dims.later(), correction, keepdim}; }
  // Only a root's derivative reads the result.
  static constexpr std::array<Save, kRoot ? 2 : 1> saves = [] {
    std::array<Save, kRoot ? 2 : 1> list{save_input(0)};
    if constexpr (kRoot) list[1] = save_output(0);
    return list;
  }();
  void infer(Infer& m) const {
    m.out(0).dtype = m.out(1).dtype = m.in(0).dtype;
    m.out(0).shape = m.out(1).shape = reduced_shape(m.in(0).sizes(), dims, keepdim);
  }
  double divisor(Dims shape) const {
    return std::max(static_cast<double>(reduced_count(shape, dims)) - correction, 0.0);
  }
  void compute(Compute& c) const {
    const DType t = compute_dtype(c.in(0).dtype());
    const ReduceLayout r = reduce_rows(c.in(0), dims, t);
    const double d = divisor(c.in(0).shape());
    with_float_type(name, t, [&]<class T>(T) {
      const Tensor mean = new_tensor(t, {r.outer}), square = new_tensor(t, {r.outer});
      T* s = square.data<T>();
      row_moments<T>(r.outer, r.n, r.x, mean.data<T>(), s);
      for (int64_t i = 0; i < r.outer; ++i) {
        if (sizeof(T) < sizeof(double) && !std::isfinite(s[i])) {
          // The sum of the squares may have overflowed where the result does not.
          const Tensor row = new_tensor(DType::float64, {r.n});
          kernels::cast(DType::float64, t)(r.n, row.data<double>(),
                                           r.x.template data<T>() + i * r.n);
          double m, squares;
          row_moments<double>(1, r.n, row, &m, &squares);
          mean.data<T>()[i] = static_cast<T>(m);
          s[i] = static_cast<T>(kRoot ? std::sqrt(squares / d) : squares / d);
          continue;
        }
        s[i] = static_cast<T>(s[i] / d);
        if constexpr (kRoot) s[i] = std::sqrt(s[i]);
      }
      copy_flat(*c.out(0).impl(), square);
      copy_flat(*c.out(1).impl(), mean);
    });
  }
  void vjp(Vjp& v) const {
    const Shape shape = v.shape(0);
    Tensor gx;
    if (v.grad(0).defined()) gx = gradient(v.grad(0), v.saved(0), kRoot ? v.saved(1) : Tensor());
    if (v.grad(1).defined()) {
      const Tensor part = div(v.grad(1), static_cast<double>(reduced_count(shape, dims)));
      const Tensor gm = spread(part, shape, dims, keepdim);
      gx = gx.defined() ? add(gx, gm) : gm;
    }
    if (gx.defined()) v.set(0, gx);
  }
  void jvp(Jvp& j) const {
    reduced_tangent(j, dims, keepdim,
                    [&](const Tensor& g) { return gradient(g, j.in(0), j.out()); });
    const Shape list = dims;
    j.set(1, dims.bits ? mean(j.tangent(0), list, keepdim) : j.tangent(0));
  }

 private:
  Tensor gradient(const Tensor& of_result, const Tensor& x, const Tensor& y) const {
    const Shape shape = x.shape();
    Tensor g = of_result;
    if constexpr (kRoot) {  // 0 at 0, where the root has no derivative
      const Tensor zero = eq(y, 0);
      g = where(zero, zeros({}, g.dtype()), div(g, mul(where(zero, ones({}, y.dtype()), y), 2)));
    }
    const Shape list = dims;
    const Tensor centered = sub(x, dims.bits ? mean(x, list, true) : x);
    return mul(spread(mul(g, 2 / divisor(shape)), shape, dims, keepdim), centered);
  }
};

template <bool kRoot>
std::pair<Tensor, Tensor> variance(const char* op, const Tensor& input, Dims dims,
                                   double correction, bool keepdim) {
  const TensorImpl& x = *detail::input(op, input);
  WG_CHECK(is_floating(x.dtype), Error, op, ": expected a floating point dtype, but got ", x.dtype,
           "; convert the input first");
  auto [spread, mean] =
      apply_many<2>(Variance<kRoot>{wrap_dims(op, dims, x.ndim), correction, keepdim}, input);
  return {spread, mean};
}

}  // namespace

Tensor var(const Tensor& input, Dims dims, double correction, bool keepdim) {
  return variance<false>("var", input, dims, correction, keepdim).first;
}
Tensor stddev(const Tensor& input, Dims dims, double correction, bool keepdim) {
  return variance<true>("std", input, dims, correction, keepdim).first;
}
std::pair<Tensor, Tensor> var_mean(const Tensor& input, Dims dims, double correction,
                                   bool keepdim) {
  return variance<false>("var_mean", input, dims, correction, keepdim);
}
std::pair<Tensor, Tensor> std_mean(const Tensor& input, Dims dims, double correction,
                                   bool keepdim) {
  return variance<true>("std_mean", input, dims, correction, keepdim);
}

namespace {
constexpr const char* kSamples =
    "T((3, 4))\nT((3, 4)), 0\nT((3, 4, 2)), (0, 2), 0, True\nT((3, 4)), 1, 2";
constexpr Function rows[] = {
    make_function<var>(
        "_var", "input, dim=(), correction=1, keepdim=False", kFunction | kInternal | kOut,
        "Variance over the given dimensions, or all, divided by the count less the correction",
        kSamples, "np.var(input, axis=dim or None, ddof=correction, keepdims=keepdim)"),
    make_function<stddev>("_std", "input, dim=(), correction=1, keepdim=False",
                          kFunction | kInternal | kOut, "Standard deviation: the root of _var",
                          kSamples,
                          "np.std(input, axis=dim or None, ddof=correction, keepdims=keepdim)"),
    make_function<var_mean>("_var_mean", "input, dim=(), correction=1, keepdim=False -> var, mean",
                            kFunction | kInternal | kOut, "_var and the mean", kSamples,
                            "(np.var(input, axis=dim or None, ddof=correction, keepdims=keepdim), "
                            "np.mean(input, axis=dim or None, keepdims=keepdim))"),
    make_function<std_mean>("_std_mean", "input, dim=(), correction=1, keepdim=False -> std, mean",
                            kFunction | kInternal | kOut, "_std and the mean", kSamples,
                            "(np.std(input, axis=dim or None, ddof=correction, keepdims=keepdim), "
                            "np.mean(input, axis=dim or None, keepdims=keepdim))"),
};
}  // namespace

extern const FunctionTable moments_functions;
const FunctionTable moments_functions = {rows, std::size(rows)};

WG_OPERATIONS(moments, operation<Variance<false>>(), operation<Variance<true>>())

WENGERT_NAMESPACE_END
