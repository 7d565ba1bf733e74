// Running maxima, minima and log-sums of exponentials.
#include <cmath>
#include <limits>

#include "ops/function.h"
#include "ops/operations.h"
#include "ops/real_types.h"
#include "ops/reduce_plan.h"
#include "ops/scan.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Calls f(first element, elements in the row) for every row; a row's step is a.inner.
template <class F>
void each_row(const Along& a, F&& f) {
  const int64_t grain = std::max<int64_t>(kParallelGrain / std::max<int64_t>(a.n, 1), 1);
  runtime::parallel_for(a.rows(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) f(a.start(r, a.n));
  });
}

// Of equal elements the last one counts, and a NaN stays.
template <bool kMaximum>
struct RunningExtreme {
  int64_t dim;
  static constexpr const char* name = kMaximum ? "cummax" : "cummin";
  WG_FIELDS(dim)
  RunningExtreme batched(int64_t) const { return {dim + 1}; }
  void jvp(Jvp& j) const { j.set(0, pick(j.tangent(0), j.out(1), dim, true)); }
  static constexpr Save saves[] = {save_output(1)};
  void infer(Infer& m) const {
    m.out(0).dtype = m.in(0).dtype;
    m.out(1).dtype = DType::int64;
    m.out(0).shape = m.out(1).shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0), compute_dtype(c.in(0).dtype()));
    const Tensor y = x.dtype() == c.in(0).dtype() ? c.out(0) : new_tensor(x.dtype(), x.shape());
    int64_t* index = c.out(1).data<int64_t>();
    const Along a(x.shape(), dim);
    with_real_type(name, x.dtype(), [&]<class T>(T) {
      const T* from = x.data<T>();
      T* to = y.data<T>();
      each_row(a, [&](int64_t first) {
        T best{};
        int64_t where = 0;
        for (int64_t k = 0, at = first; k < a.n; ++k, at += a.inner) {
          const T v = from[at];
          if (k == 0 || v != v || (best == best && (kMaximum ? v >= best : v <= best))) {
            best = v;
            where = k;
          }
          to[at] = best;
          index[at] = where;
        }
      });
    });
    if (!y.is_same(c.out(0))) copy_elements(*c.out(0).impl(), *y.impl());
  }
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    v.set(0, scatter_add(zeros(v.shape(0), v.grad(0).dtype()), dim, v.saved(0), v.grad(0)));
  }
};

struct LogCumSumExp {
  int64_t dim;
  static constexpr const char* name = "logcumsumexp";
  WG_FIELDS(dim)
  LogCumSumExp batched(int64_t) const { return {dim + 1}; }
  static constexpr Save saves[] = {save_input(0), save_output(0)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0), compute_dtype(c.in(0).dtype()));
    const Tensor y = x.dtype() == c.in(0).dtype() ? c.out() : new_tensor(x.dtype(), x.shape());
    const Along a(x.shape(), dim);
    with_float_type(name, x.dtype(), [&]<class T>(T) {
      const T* from = x.data<T>();
      T* to = y.data<T>();
      each_row(a, [&](int64_t first) {
        double sum = -std::numeric_limits<double>::infinity();
        for (int64_t k = 0, at = first; k < a.n; ++k, at += a.inner) {
          const double v = from[at];
          const double high = v > sum ? v : sum, low = v > sum ? sum : v;
          if (std::isnan(v) || std::isnan(sum)) {
            sum = v + sum;
          } else if (!std::isinf(high)) {
            sum = high + std::log1p(std::exp(low - high));
          } else {
            sum = high;
          }
          to[at] = static_cast<T>(sum);
        }
      });
    });
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  // With s[j] = g[j] + e^(y[j] - y[j + 1]) s[j + 1] the gradient is e^(x - y) s: no exponent is
  // above 0.
  void vjp(Vjp& v) const {
    const Tensor &x = v.saved(0), &y = v.saved(1), &g = v.grad();
    if (x.numel() == 0 || x.dim() == 0) {
      v.set(0, g);
      return;
    }
    const Tensor nothing = isneginf(y), zero = zeros({}, y.dtype());
    const Tensor finite = where(nothing, zero, y);
    const Tensor back = reversed(finite, dim);
    Shape one = back.shape();
    one.d[dim] = 1;
    const Tensor steps =
        cat({zeros(one, y.dtype()), diff(back, 1, dim)}, dim);  // the 0 is not read
    const Tensor ratio = where(reversed(nothing, dim), zero, exp(steps));
    const Tensor s = reversed(recurrence(ratio, reversed(g, dim), dim), dim);
    v.set(0, mul(s, where(nothing, zero, exp(sub(x, finite)))));
  }
  // dy[j] = e^(y[j - 1] - y[j]) dy[j - 1] + e^(x[j] - y[j]) t[j]: no exponent is above 0.
  void jvp(Jvp& j) const {
    const Tensor &x = j.in(0), &y = j.out(), &t = j.tangent(0);
    if (x.numel() == 0 || x.dim() == 0) {
      j.set(0, t);
      return;
    }
    const Tensor nothing = isneginf(y), zero = zeros({}, y.dtype());
    const Tensor finite = where(nothing, zero, y);
    const Tensor before = delayed(finite, dim, 0);  // the first is not read
    const Tensor ratio = where(delayed(nothing.to(y.dtype()), dim, 0).to(DType::bool_), zero,
                               exp(sub(before, finite)));
    const Tensor part = where(nothing, zero, exp(sub(x, finite)));
    j.set(0, recurrence(ratio, mul(part, t), dim));
  }
};

template <class Op>
std::pair<Tensor, Tensor> running(const Tensor& input, int64_t dim) {
  const TensorImpl& x = *detail::input(Op::name, input);
  auto [values, indices] = apply_many<2>(Op{wrap_dim(Op::name, dim, x.ndim)}, input);
  return {values, indices};
}

}  // namespace

std::pair<Tensor, Tensor> cummax(const Tensor& input, int64_t dim) {
  return running<RunningExtreme<true>>(input, dim);
}
std::pair<Tensor, Tensor> cummin(const Tensor& input, int64_t dim) {
  return running<RunningExtreme<false>>(input, dim);
}
Tensor logcumsumexp(const Tensor& input, int64_t dim) {
  const TensorImpl& x = *detail::input("logcumsumexp", input);
  WG_CHECK(is_floating(x.dtype), NotImplementedError, "logcumsumexp: not available for dtype ",
           x.dtype, "; convert the input first");
  return apply(LogCumSumExp{wrap_dim("logcumsumexp", dim, x.ndim)}, input);
}

namespace {
constexpr const char* kSamples = "T((3, 4)), 0\nT((2, 3, 4)), 1\nT((3, 4)), -1\nT((0, 3)), 0";
constexpr Function rows[] = {
    make_function<cummax>(
        "cummax", "input, dim -> values, indices", kFunction | kMethod | kOut,
        "Largest element up to each one along dim, and its position (the last of equal ones)",
        kSamples, ""),
    make_function<cummin>(
        "cummin", "input, dim -> values, indices", kFunction | kMethod | kOut,
        "Smallest element up to each one along dim, and its position (the last of equal ones)",
        kSamples, ""),
    make_function<logcumsumexp>(
        "logcumsumexp", "input, dim", kFunction | kMethod | kOut,
        "log of the sum of e^x over the elements up to each one along dim, without overflow",
        kSamples, "np.logaddexp.accumulate(input, axis=dim)"),
};
}  // namespace

extern const FunctionTable scan_extremum_functions;
const FunctionTable scan_extremum_functions = {rows, std::size(rows)};

WG_OPERATIONS(scan_extremum, operation<LogCumSumExp>(), operation<RunningExtreme<false>>(),
              operation<RunningExtreme<true>>())

WENGERT_NAMESPACE_END
