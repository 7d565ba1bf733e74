// Products with sparse matrices; compiled once per ISA level.
#include "kernels/sparse.h"

#include "kernels/row_reduce.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// kVectors vectors of a row of the product at once: the sums stay in registers.
template <class T, int kVectors>
WG_INLINE void product_part(const SparseRows& rows, int64_t r, int64_t n, int64_t at, int64_t left,
                            T* out, const T* values, const T* x) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  Vec<T> sum[kVectors];
  for (int k = 0; k < kVectors; ++k) sum[k] = Vec<T>(0);
  for (int64_t e = rows.first[r]; e < rows.first[r + 1]; ++e) {
    const Vec<T> value(values[rows.position[e]]);
    const T* in = x + rows.column[e] * n + at;
#pragma GCC unroll 4
    for (int k = 0; k < kVectors; ++k) {
      sum[k] = fma(value, load_some(in + k * kLanes, left - k * kLanes), sum[k]);
    }
  }
  T* to = out + r * n + at;
  for (int k = 0; k < kVectors; ++k) {
    const int64_t rest = left - k * kLanes;
    if (rest >= kLanes) {
      store(to + k * kLanes, sum[k]);
    } else {
      store(to + k * kLanes, sum[k], static_cast<int>(rest));
    }
  }
}

template <class T>
void product(const SparseRows& rows, int64_t n, void* out, const void* values, const void* x) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  T* y = static_cast<T*>(out);
  const T* v = static_cast<const T*>(values);
  const T* in = static_cast<const T*>(x);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    int64_t at = 0;
    for (; at + 4 * kLanes <= n; at += 4 * kLanes) {
      product_part<T, 4>(rows, r, n, at, 4 * kLanes, y, v, in);
    }
    for (; at < n; at += kLanes) {
      const int64_t left = n - at;
      product_part<T, 1>(rows, r, n, at, left < kLanes ? left : kLanes, y, v, in);
    }
  }
}

template <class T>
WG_OUTLINE T inner_product(int64_t n, const T* a, const T* b) {
  return row_reduce<T, Add>(
      n, [=](int64_t i, int64_t left) { return load_some(a + i, left) * load_some(b + i, left); });
}

template <class T>
void inner(const SparseRows& rows, int64_t n, void* out, const void* g, const void* x) {
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const T* row = static_cast<const T*>(g) + r * n;
    for (int64_t e = rows.first[r]; e < rows.first[r + 1]; ++e) {
      static_cast<T*>(out)[rows.position[e]] =
          inner_product(n, row, static_cast<const T*>(x) + rows.column[e] * n);
    }
  }
}

}  // namespace

const SparseKernels sparse_table[2] = {{product<float>, inner<float>},
                                       {product<double>, inner<double>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
