// Rows of attention's weights; compiled once per ISA level.
#include "kernels/attention.h"

#include "kernels/levels.h"
#include "kernels/math_exp.h"
#include "kernels/row_reduce.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

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
WG_INLINE Vec<T> add(Vec<T> a, Vec<T> b) {
  return a + b;
}

// The sum of x = exp(x - largest); where that is -infinity, of zeros and NaNs.
template <class T>
WG_INLINE T take_row(int64_t n, T* x, T largest) {
  const Vec<T> nothing(-__builtin_inf()), zero(0.0), most(largest);
  if (largest == -__builtin_inf()) {
    return across_lanes<T, Add>(join_vectors<T>(n, zero, add<T>, [=](int64_t i, int64_t left) {
      const Vec<T> y = load_some(x + i, left), kept = select(y == nothing, zero, y);
      store_some(x + i, kept, left);
      return kept;
    }));
  }
  return across_lanes<T, Add>(join_vectors<T>(n, zero, add<T>, [=](int64_t i, int64_t left) {
    const Vec<T> y = exp_nonpositive(load_some(x + i, left) - most);
    store_some(x + i, y, left);
    return y;
  }));
}

// Rows that are taken together: they stay in the first-level cache, and none waits for another.
constexpr int64_t kRows = 8;

template <class T>
void take(int64_t rows, const int64_t* seen, void* scores, int64_t ld, void* largest, void* total,
          void* factor) {
  T *x = static_cast<T*>(scores), *f = static_cast<T*>(factor);
  T *most = static_cast<T*>(largest), *sum = static_cast<T*>(total);
  const Vec<T> nothing(-__builtin_inf());
  for (int64_t first = 0; first < rows; first += kRows) {
    const int64_t last = first + kRows < rows ? first + kRows : rows;
    T now[kRows], added[kRows];
    for (int64_t r = first; r < last; ++r) {
      // A NaN may be passed over here: the sum takes it up.
      const Vec<T> peaks = join_vectors<T>(
          seen[r], nothing, [](Vec<T> a, Vec<T> b) { return larger(a, b); },
          [row = x + r * ld](int64_t i, int64_t left) { return load_some(row + i, left); });
      now[r - first] = across_lanes<T, Larger>(peaks);
    }
    for (int64_t r = first; r < last; ++r) {
      T& peak = now[r - first];
      // Not below: a NaN in either is taken.
      if (!(most[r] < peak)) peak = peak != peak ? peak : most[r];
      added[r - first] = take_row(seen[r], x + r * ld, peak);
    }
    for (int64_t r = first; r < last; ++r) {
      const T peak = now[r - first];
      f[r] = peak == most[r] ? T{1} : exp_nonpositive(Vec<T>(most[r]) - Vec<T>(peak)).v[0];
      sum[r] = sum[r] * f[r] + added[r - first];
      most[r] = peak;
    }
  }
}

template <class T>
void weights(int64_t n, void* row, double largest, double factor) {
  T* x = static_cast<T*>(row);
  const Vec<T> most(largest), f(factor);
  row_map<T>(n, x, [=](int64_t i, int64_t left) {
    return exp_nonpositive(load_some(x + i, left) - most) * f;
  });
}

template <class T>
void scores_gradient(int64_t n, void* g, const void* weights, double shift) {
  T* x = static_cast<T*>(g);
  const T* p = static_cast<const T*>(weights);
  const Vec<T> d(shift);
  row_map<T>(n, x, [=](int64_t i, int64_t left) {
    return load_some(p + i, left) * (load_some(x + i, left) - d);
  });
}

template <class T>
void scale_row(int64_t n, void* row, double factor) {
  T* x = static_cast<T*>(row);
  const Vec<T> f(factor);
  row_map<T>(n, x, [=](int64_t i, int64_t left) { return load_some(x + i, left) * f; });
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
