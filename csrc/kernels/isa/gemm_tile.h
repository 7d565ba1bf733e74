// The register tile: a few rows of C by a few vectors of columns, reduced over one block of k.
// Included by files compiled per ISA level only.
#pragma once

#include <type_traits>

#include "kernels/isa/gemm_simd.h"

namespace wengert::kernels::WENGERT_LEVEL {

// Which operands of a tile are packed.
enum class Packing : uint8_t { none, rows_of_a, both };

template <class T>
struct Tile {
  int64_t k;
  const T* a;  // element (i, p) at a[i * a_row + p * a_col]; packed: at a[p * rows + i]
  int64_t a_row = 0, a_col = 0;
  const T* b;  // row p at b + p * b_row; packed: of as many vectors as the tile
  int64_t b_row = 0;
  T* c;
  int64_t ldc;
  int tail;       // columns in the last vector, 1 to kLanes
  bool add;       // C += instead of C =
  const T* bias;  // or nullptr
  bool relu;
  // Rows of what is needed after this tile, to be fetched meanwhile.
  const T* next = nullptr;
  int64_t next_row = 0;
  int next_rows = 0;
  int64_t ahead = 0;  // from a row of B to what is fetched beside it, if B is not packed
  // Two lines for each row of the tile, to be fetched into the second-level cache.
  const char* const* later = nullptr;
};

// Tiles of many steps fetch what is needed after them, in pieces; those of fewer only their C.
inline constexpr int64_t kFetchFrom = 128, kFetchLaterFrom = 64, kFetchAllFrom = 32;
template <int Rows, int Vectors>
inline constexpr bool kFetches = Rows + 2 >= kTileRows && Vectors == 2;

inline constexpr int kUnroll = 2;

template <class T, int Vectors, bool Write, int Locality>
WG_INLINE void fetch_row(const T* p) {
  __builtin_prefetch(p, Write, Locality);
  if (Vectors > 1) __builtin_prefetch(p + (Vectors - 1) * Simd<T>::kLanes, Write, Locality);
}

// With B in place beside packed rows of A, all vectors of B are whole.
template <class T, int Rows, int Vectors, bool Masked, Packing Operands>
void tile(const Tile<T>& t) {
  constexpr bool Packed = Operands != Packing::none;
  constexpr bool kPackedB = Operands == Packing::both;
  // What is packed next comes to the second-level cache, what is read in place to the first.
  constexpr int kNextLocality = Operands == Packing::rows_of_a ? 3 : 2;
  using S = Simd<T>;
  using V = typename S::V;
  constexpr int kLast = Vectors - 1;
  const typename S::Mask mask = S::mask(t.tail);
  const auto load = [mask](const T* p, int j) __attribute__((always_inline)) {
    return Masked && j == kLast ? S::load(p + j * S::kLanes, mask) : S::load(p + j * S::kLanes);
  };
  // Packed tiles alone gain by it.
  using Ordered = std::conditional_t<Packed, InOrder<T>, Simd<T>>;

  V acc[Rows][Vectors];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) acc[i][j] = V{};

  // Three rows share a pointer, so that every address is a pointer plus 0, 1 or 2 row strides; the
  // compiler must not see that the pointers are related, or it runs out of registers.
  constexpr int kGroups = Packed ? 1 : (Rows + 2) / 3;
  constexpr int64_t kSize = sizeof(T);
  const int64_t a_row = t.a_row * kSize, a_col = t.a_col * kSize, b_row = t.b_row;
  [[maybe_unused]] const int64_t ahead = t.ahead;
  const char* a[kGroups];
#pragma GCC unroll 8
  for (int q = 0; q < kGroups; ++q) {
    a[q] = reinterpret_cast<const char*>(t.a) + (Packed ? 0 : 3 * q * a_row);
    asm("" : "+r"(a[q]));
  }
  const T* b = t.b;
  const int64_t row_of_b = kPackedB ? Vectors * S::kLanes : b_row;
  // Step `p` from where the pointers stand.
  const auto step = [&](int p) __attribute__((always_inline)) {
    const T* row = b + p * row_of_b;
    V bv[Vectors];
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) {
      bv[j] = !Packed && Masked && j == kLast ? Ordered::load(row + j * S::kLanes, mask)
                                              : Ordered::load(row + j * S::kLanes);
    }
    if constexpr (!Packed && Rows >= 3) {
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) __builtin_prefetch(row + ahead + j * S::kLanes);
    }
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const char* at = Packed ? a[0] + (p * Rows + i) * kSize : a[i / 3] + i % 3 * a_row;
      const V av = Ordered::broadcast(*reinterpret_cast<const T*>(at));
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) acc[i][j] = Ordered::fma(av, bv[j], acc[i][j]);
    }
  };
  const auto steps = [&](int64_t count) __attribute__((always_inline)) {
    if constexpr (Packed) {
      for (; count >= kUnroll; count -= kUnroll) {
#pragma GCC unroll 4
        for (int p = 0; p < kUnroll; ++p) step(p);
        a[0] += kUnroll * Rows * kSize;
        b += kUnroll * row_of_b;
      }
      for (; count > 0; --count) {
        step(0);
        a[0] += Rows * kSize;
        b += row_of_b;
      }
    } else {
      for (; count > 0; --count) {
        step(0);
#pragma GCC unroll 8
        for (int q = 0; q < kGroups; ++q) a[q] += a_col;
        b += b_row;
      }
    }
  };
  // C and what follows are fetched meanwhile, a few rows at a time: more would delay A and B.
  int pieces = 0;
  int64_t share = 0;
  if constexpr (kFetches<Rows, Vectors>) {
    if (t.k >= kFetchFrom || (t.later && t.k >= kFetchLaterFrom)) {
      pieces = Rows;
      share = t.k / Rows & -kUnroll;
    } else if (t.later) {
#pragma GCC unroll 1
      for (int i = 0; i < 2 * Rows; ++i) __builtin_prefetch(t.later[i / 2] + i % 2 * 64, 0, 2);
    }
  }
  const T *next = t.next, *result = t.c;
  if (pieces == 0 && t.k >= kFetchAllFrom) {
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) fetch_row<T, Vectors, true, 3>(result + i * t.ldc);
  }
  const int each = (t.next_rows + Rows - 1) / Rows;
  int next_left = t.next_rows;
  // One place for the steps: they are most of the code.
  for (int i = 0; i <= pieces; ++i) {
    int64_t count = t.k - pieces * share;
    if (i < pieces) {
      for (int q = each; q > 0 && next_left > 0; --q, --next_left, next += t.next_row)
        fetch_row<T, Vectors, false, kNextLocality>(next);
      fetch_row<T, Vectors, true, 3>(result);
      result += t.ldc;
      if (t.later) {
        __builtin_prefetch(t.later[i], 0, 2);
        __builtin_prefetch(t.later[i] + 64, 0, 2);
      }
      count = share;
    }
    steps(count);
  }

  T* c = t.c;
  const int64_t ldc = t.ldc;
  const T* bias = t.bias;
  const bool add = t.add, relu = t.relu;
  const auto store = [mask](T* p, int j, V v) __attribute__((always_inline)) {
    if (Masked && j == kLast)
      S::store(p + j * S::kLanes, v, mask);
    else
      S::store(p + j * S::kLanes, v);
  };
  if (!add && !bias && !relu) {
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i, c += ldc)
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) store(c, j, acc[i][j]);
    return;
  }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i, c += ldc) {
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) {
      V v = acc[i][j];
      if (add) v = load(c, j) + v;
      if (bias) v = v + load(bias, j);
      if (relu) v = v < V{} ? V{} : v;  // keeps NaN
      store(c, j, v);
    }
  }
}

template <class T, int Rows, int Vectors, Packing Operands>
WG_INLINE void tile_of(const Tile<T>& t) {
  // Packed tiles touch C alone by the mask, at their end.
  if constexpr (!(kFreeMasks && Operands == Packing::both)) {
    if (t.tail == Simd<T>::kLanes) return tile<T, Rows, Vectors, false, Operands>(t);
  }
  if constexpr (Operands != Packing::rows_of_a) tile<T, Rows, Vectors, true, Operands>(t);
}

template <class T, Packing Operands, int Rows>
WG_INLINE void tile_rows(int vectors, const Tile<T>& t) {
  if constexpr (Operands != Packing::rows_of_a) {
    if (vectors == 1) return tile_of<T, Rows, 1, Operands>(t);
  }
  if (vectors == 2) return tile_of<T, Rows, 2, Operands>(t);
  if constexpr (Rows <= kWideRows && Operands == Packing::none) {
    if (vectors == 3) return tile_of<T, Rows, 3, Operands>(t);
    return tile_of<T, Rows, 4, Operands>(t);
  }
}

// The fewest rows of a packed tile.
inline constexpr int kPackedRows = kTileRows * 5 / 7;
// Whether all tiles of so many rows, cut evenly, can be packed.
WG_INLINE bool fills_tiles(int64_t m) {
  return m / ((m + kTileRows - 1) / kTileRows) >= kPackedRows;
}

template <class T, Packing Operands, int Rows>
WG_INLINE void tile_from(int rows, int vectors, const Tile<T>& t) {
  if constexpr (Rows < kTileRows) {
    if (rows != Rows) return tile_from<T, Operands, Rows + 1>(rows, vectors, t);
  }
  tile_rows<T, Operands, Rows>(vectors, t);
}

// rows <= kTileRows; vectors <= 2, or 4 when rows <= kWideRows. With packed operands kPackedRows <=
// rows and vectors <= 2, or 2 whole ones with B in place.
template <class T, Packing Operands>
void run_tile(int rows, int vectors, const Tile<T>& t) {
  tile_from<T, Operands, Operands == Packing::none ? 1 : kPackedRows>(rows, vectors, t);
}

}  // namespace wengert::kernels::WENGERT_LEVEL
