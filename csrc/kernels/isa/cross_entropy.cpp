// Rows of logits; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/math_log.h"
#include "kernels/row_reduce.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class T>
void log_sum(int64_t rows, int64_t n, void* lse, void* weighted_sum, const void* in,
             const void* weight) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  const T* w = static_cast<const T*>(weight);
  T total[kLanes] = {}, most[kLanes] = {};
  for (int64_t r = 0; r < rows; ++r) {
    const T* x = static_cast<const T*>(in) + r * n;
    const T largest = row_reduce<T, Larger>(x, n);
    // All of them -inf: the sum is 0, not exp(nan).
    const T shift = largest == -static_cast<T>(__builtin_inf()) ? T(0) : largest;
    const Vec<T> m(shift);
    const int64_t k = r % kLanes;
    most[k] = shift;
    total[k] = row_reduce<T, Add>(
        n, [=](int64_t i, int64_t left) { return exp(load_some(x + i, left) - m); });
    // The logarithms of some rows at once.
    if (k == kLanes - 1 || r == rows - 1)
      store_some(static_cast<T*>(lse) + r - k, log(load(total)) + load(most), k + 1);
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
