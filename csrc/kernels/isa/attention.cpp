// Rows of attention's weights; compiled once per ISA level.
#include "kernels/attention.h"

#include "kernels/levels.h"
#include "kernels/math_exp.h"
#include "kernels/row_reduce.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// x[i] = f(x + i's vector, i, left) for a row of n elements.
template <class T, class F>
WG_INLINE void each_vector(int64_t n, T* x, F f) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(x + i, f(load(x + i), i, kLanes));
  if (i < n) {
    const int left = static_cast<int>(n - i);
    store(x + i, f(load(x + i, left), i, n - i), left);
  }
}

template <class T>
double take(int64_t n, void* row, void* largest, void* total) {
  T* x = static_cast<T*>(row);
  T &most = *static_cast<T*>(largest), &sum = *static_cast<T*>(total);
  const Vec<T> before(most), now = maximum(before, Vec<T>(row_reduce<T, Larger>(x, n)));
  const T peak = now.v[0];
  if (peak == -__builtin_inf()) {
    each_vector<T>(n, x, [](Vec<T>, int64_t, int64_t) { return Vec<T>(0.0); });
    return 1;
  }
  const T added = row_reduce<T, Add>(n, [=](int64_t i, int64_t left) {
    const Vec<T> y = exp_nonpositive(load_some(x + i, left) - now);
    if (left >= Vec<T>::kLanes) {
      store(x + i, y);
    } else {
      store(x + i, y, static_cast<int>(left));
    }
    return y;
  });
  const T factor = exp_nonpositive(before - now).v[0];
  sum = sum * factor + added;
  most = peak;
  return static_cast<double>(factor);
}

template <class T>
void weights(int64_t n, void* row, double largest, double factor) {
  const Vec<T> most(largest), f(factor);
  each_vector<T>(n, static_cast<T*>(row),
                 [=](Vec<T> x, int64_t, int64_t) { return exp_nonpositive(x - most) * f; });
}

template <class T>
void scores_gradient(int64_t n, void* g, const void* weights, double shift) {
  const T* p = static_cast<const T*>(weights);
  const Vec<T> d(shift);
  each_vector<T>(n, static_cast<T*>(g), [=](Vec<T> x, int64_t i, int64_t left) {
    return load_some(p + i, left) * (x - d);
  });
}

template <class T>
void scale_row(int64_t n, void* row, double factor) {
  const Vec<T> f(factor);
  each_vector<T>(n, static_cast<T*>(row), [=](Vec<T> x, int64_t, int64_t) { return x * f; });
}

template <class T>
double dot(int64_t n, const void* a, const void* b) {
  const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b);
  return static_cast<double>(row_reduce<T, Add>(
      n, [=](int64_t i, int64_t left) { return load_some(x + i, left) * load_some(y + i, left); }));
}

}  // namespace

#define WG_ATTENTION(T) {take<T>, weights<T>, scores_gradient<T>, scale_row<T>, dot<T>}
const AttentionKernels attention_table[2] = {WG_ATTENTION(float), WG_ATTENTION(double)};

}  // namespace wengert::kernels::WENGERT_LEVEL
