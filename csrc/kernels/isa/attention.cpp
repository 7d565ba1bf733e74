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

// Vectors that are worked on at once: their exponentials do not wait for each other.
constexpr int kAtOnce = 4;

// Joins f(i, left) over the vectors of a row of n elements, in an order that n alone gives.
template <class T, class Join, class F>
WG_INLINE Vec<T> join_vectors(int64_t n, Vec<T> identity, Join join, F f) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  Vec<T> acc[kAtOnce];
#pragma GCC unroll 4
  for (int a = 0; a < kAtOnce; ++a) acc[a] = identity;
  int64_t i = 0;
  for (; i + kAtOnce * kLanes <= n; i += kAtOnce * kLanes) {
#pragma GCC unroll 4
    for (int a = 0; a < kAtOnce; ++a) acc[a] = join(acc[a], f(i + a * kLanes, kLanes));
  }
  for (; i + kLanes <= n; i += kLanes) acc[0] = join(acc[0], f(i, kLanes));
  if (i < n) acc[1] = join(acc[1], select(lanes_before<T>(n - i), f(i, n - i), identity));
  return join(join(acc[0], acc[1]), join(acc[2], acc[3]));
}

template <class T>
double take(int64_t n, void* row, void* largest, void* total) {
  T* x = static_cast<T*>(row);
  T &most = *static_cast<T*>(largest), &sum = *static_cast<T*>(total);
  const auto add = [](Vec<T> a, Vec<T> b) { return a + b; };
  const auto keep = [x](int64_t i, int64_t left, Vec<T> y) {
    if (left >= Vec<T>::kLanes) {
      store(x + i, y);
    } else {
      store(x + i, y, static_cast<int>(left));
    }
    return y;
  };
  const Vec<T> nothing(-__builtin_inf()), before(most);
  // A NaN may be passed over here: the sum takes it up.
  const Vec<T> peaks = join_vectors<T>(
      n, nothing, [](Vec<T> a, Vec<T> b) { return larger(a, b); },
      [x](int64_t i, int64_t left) { return load_some(x + i, left); });
  const Vec<T> now = maximum(before, Vec<T>(across_lanes<T, Larger>(peaks)));
  if (now.v[0] == -__builtin_inf()) {
    sum += across_lanes<T, Add>(join_vectors<T>(n, Vec<T>(0.0), add, [=](int64_t i, int64_t left) {
      const Vec<T> y = load_some(x + i, left);
      return keep(i, left, select(y == nothing, Vec<T>(0.0), y));
    }));
    return 1;
  }
  const T added =
      across_lanes<T, Add>(join_vectors<T>(n, Vec<T>(0.0), add, [=](int64_t i, int64_t left) {
        return keep(i, left, exp_nonpositive(load_some(x + i, left) - now));
      }));
  const T factor = exp_nonpositive(before - now).v[0];
  sum = sum * factor + added;
  most = now.v[0];
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
