// Copies of operands in the order in which the tiles read them. Included by files compiled per ISA
// level only.
#pragma once

#include "kernels/isa/gemm_simd.h"
#include "kernels/transpose_lanes.h"

namespace wengert::kernels::WENGERT_LEVEL {

// Blocks of lanes x lanes elements that are fetched before they are transposed.
inline constexpr int64_t kBlocksAhead = 4;

// dst[j * dst_row + i] = src[i * src_row + j] for i < rows, j < columns. With Pad, i runs to the
// next multiple of the vector length and the rows beyond `rows` are zero. `more` rows that follow
// are needed next.
template <class T, bool Pad>
void transpose(T* dst, int64_t dst_row, const T* src, int64_t src_row, int rows, int64_t columns,
               int64_t more = 0) {
  using S = Simd<T>;
  using V = typename S::V;
  constexpr int n = S::kLanes;
  for (int i0 = 0; i0 < rows; i0 += n) {
    const int height = rows - i0 < n ? rows - i0 : n;
    const T* s = src + i0 * src_row;
    T* d = dst + i0;
    const bool last = i0 + height >= rows + more;
    for (int64_t j0 = 0; j0 < columns; j0 += n) {
      const int width = columns - j0 < n ? static_cast<int>(columns - j0) : n;
      V v[n];
      const int64_t ahead = j0 + kBlocksAhead * n;
      if (ahead < columns || (!last && columns >= kBlocksAhead * n)) {
        const T* const next = ahead < columns ? s + ahead : s + height * src_row + ahead - columns;
#pragma GCC unroll 16
        for (int i = 0; i < n; ++i) __builtin_prefetch(next + i * src_row);
      }
      T* out = d + j0 * dst_row;
      if (height == n && width == n) {
#pragma GCC unroll 16
        for (int i = 0; i < n; ++i) v[i] = S::load(s + i * src_row + j0);
        transpose_lanes(v);
#pragma GCC unroll 16
        for (int j = 0; j < n; ++j) S::store(out + j * dst_row, v[j]);
        continue;
      }
      const typename S::Mask from = S::mask(width), to = S::mask(Pad ? n : height);
#pragma GCC unroll 16
      for (int i = 0; i < n; ++i) v[i] = i < height ? S::load(s + i * src_row + j0, from) : V{};
      transpose_lanes(v);
#pragma GCC unroll 16
      for (int j = 0; j < n; ++j) {
        if (j >= width) break;
        if (Pad)
          S::store(out + j * dst_row, v[j]);
        else
          S::store(out + j * dst_row, v[j], to);
      }
    }
  }
}

// Rows of A as [k][rows]. `dst` has room for a vector more. `more` rows that follow are needed
// next.
template <class T>
void pack_a(T* dst, const T* a, int64_t a_row, int64_t a_col, int rows, int64_t k,
            int64_t more = 0) {
  using S = Simd<T>;
  if (a_col == 1) return transpose<T, false>(dst, rows, a, a_row, rows, k, more);
  const typename S::Mask mask = S::mask((rows - 1) % S::kLanes + 1);
  for (int64_t p = 0; p < k; ++p) {
    const T* s = a + p * a_col;
    T* d = dst + p * rows;
    int i = 0;
    for (; i < rows - S::kLanes; i += S::kLanes) S::store(d + i, S::load(s + i));
    S::store(d + i, S::load(s + i, mask));
  }
}

// Rows of B that are fetched before they are packed.
inline constexpr int64_t kAhead = 12;

// A panel of B of `columns` columns as [k][width], zero beyond `columns`. `more` columns that
// follow are needed next.
template <class T>
void pack_b(T* dst, int width, const T* b, int64_t b_row, int64_t b_col, int columns, int64_t k,
            int64_t more = 0) {
  using S = Simd<T>;
  if (b_col != 1) return transpose<T, true>(dst, width, b, b_col, columns, k, more);
  const int vectors = (columns + S::kLanes - 1) / S::kLanes;
  const typename S::Mask mask = S::mask(columns - (vectors - 1) * S::kLanes);
  for (int64_t p = 0; p < k; ++p) {
    const T* s = b + p * b_row;
    T* d = dst + p * width;
    __builtin_prefetch(s + kAhead * b_row);
    if (vectors > 1) __builtin_prefetch(s + kAhead * b_row + S::kLanes);
    for (int j = 0; j < vectors - 1; ++j) S::store(d + j * S::kLanes, S::load(s + j * S::kLanes));
    S::store(d + (vectors - 1) * S::kLanes, S::load(s + (vectors - 1) * S::kLanes, mask));
  }
}

}  // namespace wengert::kernels::WENGERT_LEVEL
