// Products of a few rows with a matrix stored transposed: the matrix is read once, in the order in
// which it stands, and turned in registers. Included by files compiled per ISA level only.
#pragma once

#include "kernels/isa/gemm_pack.h"

namespace wengert::kernels::WENGERT_LEVEL {

#if defined(__AVX512F__)
inline constexpr int kDotRows = 4;
#else
inline constexpr int kDotRows = 2;
#endif

// Vectors of 32 bytes where there are such, whatever the level's own: more of the processor's units
// move their lanes, and the lines of so few rows never exclude each other from the cache.
#if defined(__AVX2__) && defined(__FMA__)
template <class T>
struct Lanes;
template <>
struct Lanes<float> {
  using V = __m256;
  static WG_INLINE V load(const float* p) { return _mm256_loadu_ps(p); }
  static WG_INLINE void store(float* p, V v) { _mm256_storeu_ps(p, v); }
  static WG_INLINE V fma(float a, V b, V c) { return _mm256_fmadd_ps(_mm256_set1_ps(a), b, c); }
};
template <>
struct Lanes<double> {
  using V = __m256d;
  static WG_INLINE V load(const double* p) { return _mm256_loadu_pd(p); }
  static WG_INLINE void store(double* p, V v) { _mm256_storeu_pd(p, v); }
  static WG_INLINE V fma(double a, V b, V c) { return _mm256_fmadd_pd(_mm256_set1_pd(a), b, c); }
};
#else
template <class T>
struct Lanes {
  using V = typename Simd<T>::V;
  static WG_INLINE V load(const T* p) { return Simd<T>::load(p); }
  static WG_INLINE void store(T* p, V v) { Simd<T>::store(p, v); }
  static WG_INLINE V fma(T a, V b, V c) { return Simd<T>::fma(Simd<T>::broadcast(a), b, c); }
};
#endif
template <class T>
inline constexpr int kDotLanes = sizeof(typename Lanes<T>::V) / sizeof(T);
// Vectors of rows that are read together: one chain of multiply-adds has to wait for itself.
inline constexpr int kDotVectors = 4;

// Rows at a distance. Three share a pointer; the compiler must not see how the pointers are
// related, or it keeps one for each row, in memory.
template <class T>
struct RowPointers {
  const T* p[3];
  int64_t row;
  WG_INLINE RowPointers(const T* s, int64_t row) : p{s, s + 3 * row, s + 6 * row}, row(row) {
    asm("" : "+r"(p[0]), "+r"(p[1]), "+r"(p[2]));
  }
  WG_INLINE const T* at(int i) const { return p[i / 3] + i % 3 * row; }
};

// v[j][i] = s.at(i)[j]. With 32 bytes, half rows meet in a register while they are loaded.
template <class T>
WG_INLINE void load_turned(typename Lanes<T>::V (&v)[kDotLanes<T>], const RowPointers<T>& s) {
  constexpr int n = kDotLanes<T>;
#if defined(__AVX2__) && defined(__FMA__)
  constexpr int half = n / 2;
  const auto both = [&](int i, int j) __attribute__((always_inline)) {
    const auto piece = [&](int r) __attribute__((always_inline)) {
      return _mm_loadu_ps(reinterpret_cast<const float*>(s.at(r) + j));
    };
    return _mm256_insertf128_ps(_mm256_castps128_ps256(piece(i)), piece(i + half), 1);
  };
#pragma GCC unroll 2
  for (int j = 0; j < n; j += half) {
    if constexpr (half == 2) {
      const __m256d x = _mm256_castps_pd(both(0, j)), y = _mm256_castps_pd(both(1, j));
      v[j] = _mm256_unpacklo_pd(x, y);
      v[j + 1] = _mm256_unpackhi_pd(x, y);
    } else {
      const __m256 x = both(0, j), y = both(1, j), z = both(2, j), w = both(3, j);
      const __m256 lo = _mm256_unpacklo_ps(x, y), hi = _mm256_unpackhi_ps(x, y);
      const __m256 lo2 = _mm256_unpacklo_ps(z, w), hi2 = _mm256_unpackhi_ps(z, w);
      v[j] = _mm256_shuffle_ps(lo, lo2, 0x44);
      v[j + 1] = _mm256_shuffle_ps(lo, lo2, 0xee);
      v[j + 2] = _mm256_shuffle_ps(hi, hi2, 0x44);
      v[j + 3] = _mm256_shuffle_ps(hi, hi2, 0xee);
    }
  }
#else
  for (int i = 0; i < n; ++i) v[i] = Lanes<T>::load(s.at(i));
  transpose_lanes(v);
#endif
}

// sums[i][j] of `count` rows of B, at most kDotVectors * kDotLanes, against rows i of A, over one
// block of k.
template <class T, int Rows>
WG_INLINE void dot_block(typename Lanes<T>::V (&sums)[Rows][kDotVectors], const T* a, int64_t a_row,
                         const T* b, int64_t b_row, int count, int64_t k) {
  using S = Lanes<T>;
  using V = typename S::V;
  constexpr int n = kDotLanes<T>;
  constexpr int64_t kLine = 64 / sizeof(T), kFetchAhead = 256 / sizeof(T);
#pragma GCC unroll 4
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int q = 0; q < kDotVectors; ++q) sums[i][q] = V{};
  const auto add = [&](int q, const T* at, const V& v) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int i = 0; i < Rows; ++i) sums[i][q] = S::fma(at[i * a_row], v, sums[i][q]);
  };
  int64_t p = 0;
  if (count == kDotVectors * n) {
    for (; p + kLine <= k; p += kLine) {
#pragma GCC unroll 4
      for (int q = 0; q < kDotVectors; ++q) {
        const RowPointers<T> rows(b + q * n * b_row + p, b_row);
#pragma GCC unroll 8
        for (int i = 0; i < n; ++i) __builtin_prefetch(rows.at(i) + kFetchAhead);
#pragma GCC unroll 2
        for (int part = 0; part < kLine; part += n) {
          V v[n];
          RowPointers<T> here = rows;
          for (const T*& at : here.p) at += part;
          load_turned<T>(v, here);
#pragma GCC unroll 8
          for (int j = 0; j < n; ++j) add(q, a + p + part + j, v[j]);
        }
      }
    }
  }
  alignas(64) T column[kDotVectors * n] = {};
  for (; p < k; ++p) {
    for (int j = 0; j < count; ++j) column[j] = b[j * b_row + p];
#pragma GCC unroll 4
    for (int q = 0; q < kDotVectors; ++q) add(q, a + p, S::load(column + q * n));
  }
}

// A product as the kernel below reads it: element (i, j) of C is at c[i * c_row + j * c_col].
template <class T>
struct Dots {
  int64_t n, k;
  const T* a;  // k numbers side by side in each row
  int64_t a_row;
  const T* b;  // likewise
  int64_t b_row;
  T* c;
  int64_t c_row, c_col;
  bool accumulate;
  const T* bias;  // or nullptr; that of (i, j) at bias[i * bias_row + j * bias_col]
  int64_t bias_row, bias_col;
  bool relu;
};

template <class T, int Rows>
void multiply_dots(const Dots<T>& g, int64_t block_k) {
  using S = Lanes<T>;
  using V = typename S::V;
  constexpr int n = kDotLanes<T>, width = kDotVectors * n;
  for (int64_t j0 = 0; j0 < g.n; j0 += width) {
    const int count = g.n - j0 < width ? static_cast<int>(g.n - j0) : width;
    const T* b = g.b + j0 * g.b_row;
    T* c = g.c + j0 * g.c_col;
    alignas(64) T out[Rows][width];
    bool add = g.accumulate;
    if (add)
      for (int i = 0; i < Rows; ++i)
        for (int j = 0; j < count; ++j) out[i][j] = c[i * g.c_row + j * g.c_col];
    for (int64_t p = 0; p < g.k; p += block_k, add = true) {
      V sums[Rows][kDotVectors];
      dot_block<T, Rows>(sums, g.a + p, g.a_row, b + p, g.b_row, count,
                         g.k - p < block_k ? g.k - p : block_k);
#pragma GCC unroll 4
      for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
        for (int q = 0; q < kDotVectors; ++q) {
          T* to = out[i] + q * n;
          S::store(to, add ? S::load(to) + sums[i][q] : sums[i][q]);
        }
    }
    for (int i = 0; i < Rows; ++i)
      for (int j = 0; j < count; ++j) {
        T x = out[i][j];
        if (g.bias) x = x + g.bias[i * g.bias_row + (j0 + j) * g.bias_col];
        if (g.relu) x = x < T{} ? T{} : x;  // keeps NaN
        c[i * g.c_row + j * g.c_col] = x;
      }
  }
}

// rows <= kDotRows, k > 0.
template <class T>
void multiply_dots(int64_t rows, const Dots<T>& g, int64_t block_k) {
  if (rows == 1) return multiply_dots<T, 1>(g, block_k);
  if constexpr (kDotRows == 2) return multiply_dots<T, 2>(g, block_k);
  if (rows == 2) return multiply_dots<T, 2>(g, block_k);
  if (rows == 3) return multiply_dots<T, 3>(g, block_k);
  return multiply_dots<T, 4>(g, block_k);
}

}  // namespace wengert::kernels::WENGERT_LEVEL
