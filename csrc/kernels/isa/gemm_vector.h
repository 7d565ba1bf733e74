// Products with one vector, and sums of few outer products. Included by files compiled per ISA
// level only.
#pragma once

#include <utility>

#include "kernels/isa/gemm_pack.h"

namespace wengert::kernels::WENGERT_LEVEL {

// Indices of the shuffle that exchanges the off-diagonal blocks of `Half` lanes of two rows.
template <int Half, int Lanes, bool High>
constexpr int exchange(int lane) {
  const int block = lane & Half;
  if (High) return block ? Lanes + lane : lane + Half;
  return block ? Lanes + lane - Half : lane;
}

template <int Half, bool High, class V, int... I>
WG_INLINE V exchange_lanes(V x, V y, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(x, y, exchange<Half, sizeof...(I), High>(I)...);
}

// Lane i: the sum of the lanes of v[i].
template <class V, int N>
WG_INLINE V lane_sums(V (&v)[N]) {
  if constexpr (N == 1) {
    return v[0];
  } else {
    constexpr std::make_integer_sequence<int, sizeof(V) / sizeof(v[0][0])> lanes;
    V folded[N / 2];
#pragma GCC unroll 8
    for (int i = 0; i < N / 2; ++i) {
      folded[i] = exchange_lanes<N / 2, false>(v[i], v[i + N / 2], lanes) +
                  exchange_lanes<N / 2, true>(v[i], v[i + N / 2], lanes);
    }
    return lane_sums(folded);
  }
}

// What happens to a finished sum.
template <class T>
struct Ending {
  bool accumulate;
  const T* bias;  // or nullptr
  bool relu;
};

// c[j * c_step] = the product of row j of `rows`, k numbers side by side, with x. The lanes of a
// vector take turns along k, so that the rows are read in order and at the rate of the memory.
template <class T>
void multiply_vector(int64_t n, int64_t k, const T* rows, int64_t row, const T* x, T* c,
                     int64_t c_step, const Ending<T>& ending, int64_t bias_step) {
  using S = Simd<T>;
  using V = typename S::V;
  constexpr int lanes = S::kLanes;
  const int64_t whole = k - k % lanes;
  const typename S::Mask mask = S::mask(static_cast<int>(k - whole));
  for (int64_t j = 0; j < n; j += lanes) {
    const int count = n - j < lanes ? static_cast<int>(n - j) : lanes;
    const T* at[lanes];
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) at[i] = rows + (j + (i < count ? i : count - 1)) * row;
    V sums[lanes];
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) sums[i] = V{};
    if (count == 1) {  // the others repeat it
      for (int64_t p = 0; p < whole; p += lanes)
        sums[0] = S::fma(S::load(x + p), S::load(at[0] + p), sums[0]);
    } else {
      for (int64_t p = 0; p < whole; p += lanes) {
        const V v = S::load(x + p);
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i) sums[i] = S::fma(v, S::load(at[i] + p), sums[i]);
      }
    }
    if (whole < k) {
      const V v = S::load(x + whole, mask);
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) sums[i] = S::fma(v, S::load(at[i] + whole, mask), sums[i]);
    }
    alignas(64) T result[lanes];
    S::store(result, lane_sums(sums));
    for (int i = 0; i < count; ++i) {
      T* const to = c + (j + i) * c_step;
      T y = result[i];
      if (ending.accumulate) y = *to + y;
      if (ending.bias) y = y + ending.bias[(j + i) * bias_step];
      if (ending.relu) y = y < T{} ? T{} : y;  // keeps NaN
      *to = y;
    }
  }
}

// C, row by row, for a k of few: C is what is read and written.
template <class T>
void multiply_shallow(int64_t m, int64_t n, int64_t k, const T* a, int64_t a_row, int64_t a_col,
                      const T* b, int64_t b_row, T* c, int64_t ldc, const Ending<T>& ending) {
  using S = Simd<T>;
  using V = typename S::V;
  constexpr int lanes = S::kLanes;
  for (int64_t i = 0; i < m; ++i, a += a_row, c += ldc) {
    const auto piece = [=](int64_t j, auto load, auto store) __attribute__((always_inline)) {
      V sum{};
      for (int64_t p = 0; p < k; ++p)
        sum = S::fma(S::broadcast(a[p * a_col]), load(b + p * b_row + j), sum);
      if (ending.accumulate) sum = load(c + j) + sum;
      if (ending.bias) sum = sum + load(ending.bias + j);
      if (ending.relu) sum = sum < V{} ? V{} : sum;  // keeps NaN
      store(c + j, sum);
    };
    int64_t j = 0;
    for (; j + lanes <= n; j += lanes)
      piece(j, [](const T* p) { return S::load(p); }, [](T* p, V v) { S::store(p, v); });
    if (j < n) {
      const typename S::Mask mask = S::mask(static_cast<int>(n - j));
      piece(
          j, [=](const T* p) { return S::load(p, mask); },
          [=](T* p, V v) { S::store(p, v, mask); });
    }
  }
}

}  // namespace wengert::kernels::WENGERT_LEVEL
