// Rows of logits; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/math_log.h"
#include "kernels/row_reduce.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class T>
void log_sum(int64_t rows, int64_t n, void* lse, void* weighted_sum, const void* in,
             const void* weight) {
  const T* w = static_cast<const T*>(weight);
  for (int64_t r = 0; r < rows; ++r) {
    const T* x = static_cast<const T*>(in) + r * n;
    const T largest = row_reduce<T, Larger>(x, n);
    // All of them -inf: the sum is 0, not exp(nan).
    const Vec<T> m(largest == -static_cast<T>(__builtin_inf()) ? T(0) : largest);
    const T total = row_reduce<T, Add>(
        n, [=](int64_t i, int64_t left) { return exp(load_some(x + i, left) - m); });
    static_cast<T*>(lse)[r] = (log(Vec<T>(total)) + m).v[0];
    if (!weighted_sum) continue;
    static_cast<T*>(weighted_sum)[r] = row_reduce<T, Add>(n, [=](int64_t i, int64_t left) {
      const Vec<T> v = load_some(x + i, left);
      return w ? v * load_some(w + i, left) : v;
    });
  }
}

template <class T>
void gradient(int64_t n, void* out, const void* in, double lse, double scale, double smooth,
              const void* weight) {
  T* gx = static_cast<T*>(out);
  const T* x = static_cast<const T*>(in);
  const T* w = static_cast<const T*>(weight);
  const Vec<T> m(lse), a(scale), s(smooth);
  row_map<T>(n, gx, [=](int64_t i, int64_t left) {
    const Vec<T> v = exp(load_some(x + i, left) - m) * a;
    return v - (w ? s * load_some(w + i, left) : s);
  });
}

}  // namespace

const CrossEntropyKernels cross_entropy_table[2] = {{log_sum<float>, gradient<float>},
                                                    {log_sum<double>, gradient<double>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
