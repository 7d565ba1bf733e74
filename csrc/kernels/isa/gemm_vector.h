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
// `bias_step`: 1, or 0 if one element of it is for all.
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
      constexpr int kRows = lanes < 4 ? lanes : 4;
#pragma GCC unroll 4
      for (int r = 0; r < lanes; r += kRows) {
        for (int64_t p = 0; p < whole; p += lanes) {
          const V v = S::load(x + p);
#pragma GCC unroll 4
          for (int i = r; i < r + kRows; ++i) sums[i] = S::fma(v, S::load(at[i] + p), sums[i]);
        }
      }
    }
    if (whole < k) {
      const V v = S::load(x + whole, mask);
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) sums[i] = S::fma(v, S::load(at[i] + whole, mask), sums[i]);
    }
    V y = lane_sums(sums);
    const typename S::Mask results = S::mask(count);
    alignas(64) T apart[lanes];  // results that do not lie side by side
    T* const first = c + j * c_step;
    T* const to = c_step == 1 ? first : apart;
    if (ending.accumulate) {
      if (to == apart)
        for (int i = 0; i < count; ++i) apart[i] = first[i * c_step];
      y = S::load(to, results) + y;
    }
    if (ending.bias)
      y = y + (bias_step == 1 ? S::load(ending.bias + j, results) : S::broadcast(*ending.bias));
    if (ending.relu) y = y < V{} ? V{} : y;  // keeps NaN
    S::store(to, y, results);
    if (to == apart)
      for (int i = 0; i < count; ++i) first[i * c_step] = apart[i];
  }
}

// Vectors of a row of B that are taken together.
inline constexpr int kRowVectors = 8;

// C, row by row, for a k of few: C is what is read and written. Several vectors at a time, so that
// the questions about the ending cost little beside them.
template <class T>
void multiply_shallow(int64_t m, int64_t n, int64_t k, const T* a, int64_t a_row, int64_t a_col,
                      const T* b, int64_t b_row, T* c, int64_t ldc, const Ending<T>& ending) {
  using S = Simd<T>;
  using V = typename S::V;
  constexpr int lanes = S::kLanes, kSome = 4;
  const Ending<T> last = ending;
  for (int64_t i = 0; i < m; ++i, a += a_row, c += ldc) {
    const auto piece = [=]<int kVectors>(int64_t j, auto load, auto store)
                           __attribute__((always_inline)) {
                             V sums[kVectors] = {};
                             for (int64_t p = 0; p < k; ++p) {
                               const V x = S::broadcast(a[p * a_col]);
                               const T* const row = b + p * b_row + j;
#pragma GCC unroll 8
                               for (int v = 0; v < kVectors; ++v)
                                 sums[v] = S::fma(x, load(row + v * lanes), sums[v]);
                             }
                             T* const to = c + j;
                             if (last.accumulate) {
#pragma GCC unroll 8
                               for (int v = 0; v < kVectors; ++v)
                                 sums[v] = load(to + v * lanes) + sums[v];
                             }
                             if (last.bias) {
#pragma GCC unroll 8
                               for (int v = 0; v < kVectors; ++v)
                                 sums[v] = sums[v] + load(last.bias + j + v * lanes);
                             }
                             if (last.relu) {  // keeps NaN
#pragma GCC unroll 8
                               for (int v = 0; v < kVectors; ++v)
                                 sums[v] = sums[v] < V{} ? V{} : sums[v];
                             }
#pragma GCC unroll 8
                             for (int v = 0; v < kVectors; ++v) store(to + v * lanes, sums[v]);
                           };
    const auto load = [](const T* p) { return S::load(p); };
    const auto store = [](T* p, V v) { S::store(p, v); };
    int64_t j = 0;
    for (; j + kRowVectors * lanes <= n; j += kRowVectors * lanes)
      piece.template operator()<kRowVectors>(j, load, store);
    for (; j + kSome * lanes <= n; j += kSome * lanes)
      piece.template operator()<kSome>(j, load, store);
    for (; j + lanes <= n; j += lanes) piece.template operator()<1>(j, load, store);
    if (j < n) {
      const typename S::Mask mask = S::mask(static_cast<int>(n - j));
      piece.template operator()<1>(
          j, [=](const T* p) { return S::load(p, mask); },
          [=](T* p, V v) { S::store(p, v, mask); });
    }
  }
}

}  // namespace wengert::kernels::WENGERT_LEVEL
