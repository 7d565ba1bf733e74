// Products of pairs of bfloat16: by the tiles of Intel's AMX, which hold 16 rows of 64 bytes, so
// that one instruction adds the product of 16 x 32 and 32 x 16 numbers to 16 x 16 sums, or by
// vectors of 16 pairs (AVX512-BF16). The instructions are written out, so that compilers need no
// option for them and none is used elsewhere.
#include "kernels/isa/gemm_pairs.h"

#if defined(WENGERT_PAIRS)

#include "kernels/gemm_level.h"
#include "kernels/isa/gemm_pack.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

constexpr int64_t kSide = 16, kDepth = 32, kTile = kSide * kDepth;

struct alignas(64) TileConfig {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr TileConfig kConfig;

// While it lives the thread's tiles have their shapes; afterwards none is in use, so that the
// system need not save them.
struct Tiles {
  Tiles() { asm volatile("ldtilecfg %0" ::"m"(kConfig)); }
  ~Tiles() { asm volatile("tilerelease"); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
};

#define WG_LOAD(tile, from, stride) \
  asm volatile("tileloadd (%0,%1,1), %%tmm" #tile::"r"(from), "r"(stride) : "memory")
#define WG_STORE(tile, to, stride) \
  asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"(stride) : "memory")
#define WG_ZERO(tile) asm volatile("tilezero %tmm" #tile)
#define WG_MULTIPLY(c, a, b) asm volatile("tdpbf16ps %tmm" #b ", %tmm" #a ", %tmm" #c)

// Where a block begins, and where its sums go.
struct Place {
  const uint16_t *a, *b;
  const float* from;
  float* to;
  int64_t ld_from, ld_to;
  const uint16_t* soon;  // written after the sums
};

// One or two tiles of rows by one or two of columns.
template <int Rows, int Columns>
void tiles_of(const PairBlock& g, const Place& at) {
  if (g.accumulate) {
    const int64_t row = at.ld_from * 4;
    const float* const below = at.from + kSide * at.ld_from;
    WG_LOAD(0, at.from, row);
    if constexpr (Columns > 1) WG_LOAD(1, at.from + kSide, row);
    if constexpr (Rows > 1) WG_LOAD(2, below, row);
    if constexpr (Rows > 1 && Columns > 1) WG_LOAD(3, below + kSide, row);
  } else {
    WG_ZERO(0);
    WG_ZERO(1);
    WG_ZERO(2);
    WG_ZERO(3);
  }
  constexpr int64_t kRow = 64;
  const int64_t row_a = g.a_row * 2, step = g.a_tile;
  const uint16_t *a = at.a, *b = at.b;
  const uint16_t* const end = b + (g.k + kDepth - 1) / kDepth * kTile;
  // The rows that the sums are rounded into come meanwhile.
  const uint16_t* line = at.soon;
  for (; b < end; a += step, b += kTile) {
    if (g.rounded)
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i, line += g.ld_rounded) __builtin_prefetch(line, 1);
    WG_LOAD(4, a, row_a);
    WG_LOAD(6, b, kRow);
    WG_MULTIPLY(0, 4, 6);
    if constexpr (Columns > 1) {
      WG_LOAD(7, b + g.b_panel, kRow);
      WG_MULTIPLY(1, 4, 7);
    }
    if constexpr (Rows > 1) {
      WG_LOAD(5, a + g.a_panel, row_a);
      WG_MULTIPLY(2, 5, 6);
    }
    if constexpr (Rows > 1 && Columns > 1) WG_MULTIPLY(3, 5, 7);
  }
  const int64_t row = at.ld_to * 4;
  float* const below = at.to + kSide * at.ld_to;
  WG_STORE(0, at.to, row);
  if constexpr (Columns > 1) WG_STORE(1, at.to + kSide, row);
  if constexpr (Rows > 1) WG_STORE(2, below, row);
  if constexpr (Rows > 1 && Columns > 1) WG_STORE(3, below + kSide, row);
}

// Pairs of numbers as vectors of 32 bits. A tile of A has a row of pairs in each vector, one of B
// the same pair of 16 columns.
using V = Simd<float>::V;

// acc += the products of 16 pairs of columns with those of a row.
WG_INLINE V add_products(V acc, V columns, V row) {
  asm("vdpbf16ps %2, %1, %0" : "+v"(acc) : "v"(columns), "v"(row));
  return acc;
}
// The pair at p for all columns.
WG_INLINE V repeated(const uint16_t* p) {
  float pair;
  __builtin_memcpy(&pair, p, sizeof(pair));
  return _mm512_set1_ps(pair);
}

// Some rows of a tile by one or two tiles of columns.
template <int Columns>
void vectors_of(const PairBlock& g, const Place& at) {
  constexpr int kRows = 8;
  V acc[kRows][Columns];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < Columns; ++j)
      acc[i][j] = g.accumulate ? Simd<float>::load(at.from + i * at.ld_from + j * kSide) : V{};
  const uint16_t *a = at.a, *b = at.b;
  const uint16_t* const end = b + (g.k + kDepth - 1) / kDepth * kTile;
  for (; b < end; a += g.a_tile, b += kTile)
    for (int q = 0; q < kSide; ++q) {
      V columns[Columns];
#pragma GCC unroll 2
      for (int j = 0; j < Columns; ++j)
        columns[j] = _mm512_loadu_ps(b + q * kDepth + j * g.b_panel);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const V row = repeated(a + i * g.a_row + 2 * q);
#pragma GCC unroll 2
        for (int j = 0; j < Columns; ++j) acc[i][j] = add_products(acc[i][j], columns[j], row);
      }
    }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < Columns; ++j)
      Simd<float>::store(at.to + i * at.ld_to + j * kSide, acc[i][j]);
}

// Two vectors of sums, rounded.
WG_INLINE __m512i rounded(V low, V high) {
  __m512i both;
  asm("vcvtne2ps2bf16 %1, %2, %0" : "=v"(both) : "v"(low), "v"(high));
  return both;
}

// m rows of up to 32 sums to where those from row i and column j on belong.
void round(const PairBlock& g, const float* sums, int64_t i, int64_t j, int64_t m) {
  constexpr uint32_t kAll = 0xffffffff;
  const __mmask32 mask = g.n - j < kDepth ? (1u << (g.n - j)) - 1 : kAll;
  const auto low = static_cast<__mmask16>(mask), high = static_cast<__mmask16>(mask >> kSide);
  V bias[2] = {};
  if (g.bias) {
    bias[0] = _mm512_maskz_loadu_ps(low, g.bias + j);
    bias[1] = _mm512_maskz_loadu_ps(high, g.bias + j + kSide);
  }
  const auto finished = [&](V v, V b) __attribute__((always_inline)) {
    if (g.bias) v += b;
    return g.relu ? (v < V{} ? V{} : v) : v;  // keeps NaN
  };
  for (int64_t r = i; r < i + m; ++r, sums += kDepth)
    _mm512_mask_storeu_epi16(g.rounded + r * g.ld_rounded + j, mask,
                             rounded(finished(_mm512_loadu_ps(sums), bias[0]),
                                     finished(_mm512_loadu_ps(sums + kSide), bias[1])));
}

// Calls multiply(place, i, j) for the blocks of kRows by 32 sums.
template <int64_t kRows, class Multiply>
WG_INLINE void walk(const PairBlock& g, const Multiply& multiply) {
  alignas(64) float sums[kRows * kDepth];
  for (int64_t j = 0; j < g.n; j += kDepth)
    for (int64_t i = 0; i < g.m; i += kRows) {
      float* const c = g.c + i * g.ldc + j;
      const Place at = {g.a + i / kSide * g.a_panel + i % kSide * g.a_row,
                        g.b + j / kSide * g.b_panel,
                        c,
                        g.rounded ? sums : c,
                        g.ldc,
                        g.rounded ? kDepth : g.ldc,
                        g.rounded ? g.rounded + i * g.ld_rounded + j : nullptr};
      multiply(at, i, j);
      if (g.rounded) round(g, sums, i, j, g.m - i < kRows ? g.m - i : kRows);
    }
}

void multiply_tiles(const PairBlock& g) {
  const Tiles tiles;
  walk<2 * kSide>(g, [&](const Place& at, int64_t i, int64_t j) __attribute__((always_inline)) {
    const bool tall = g.m - i > kSide, wide = g.n - j > kSide;
    (tall ? (wide ? tiles_of<2, 2> : tiles_of<2, 1>) : (wide ? tiles_of<1, 2> : tiles_of<1, 1>))(
        g, at);
  });
}

void multiply_vectors(const PairBlock& g) {
  walk<kSide / 2>(g, [&](const Place& at, int64_t, int64_t j) __attribute__((always_inline)) {
    (g.n - j > kSide ? vectors_of<2> : vectors_of<1>)(g, at);
  });
}

// `count` of 16 rows of k numbers, of which those from p on: vector i has 16 pairs of row i.
WG_INLINE void load_rows(V* v, const uint16_t* from, int64_t ld, int64_t count, int64_t k) {
  const __mmask32 mask = k < kDepth ? (1u << k) - 1 : ~0u;
#pragma GCC unroll 16
  for (int i = 0; i < kSide; ++i) {
    v[i] = i < count ? _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(mask, from + i * ld)) : V{};
  }
}
// k rows of `count` of 16 numbers: vector q has the numbers of rows 2 q and 2 q + 1 as pairs.
WG_INLINE void load_pairs(V* v, const uint16_t* from, int64_t ld, int64_t count, int64_t k) {
  constexpr __mmask16 kAll = 0xffff;  // without a mask, GCC 12 warns of its own header
  const auto mask = static_cast<__mmask16>(count < kSide ? (1u << count) - 1 : 0xffffu);
  const auto wide = [&](int64_t p) __attribute__((always_inline)) {
    return p < k ? _mm512_maskz_cvtepu16_epi32(mask, _mm256_maskz_loadu_epi16(mask, from + p * ld))
                 : _mm512_setzero_si512();
  };
#pragma GCC unroll 16
  for (int q = 0; q < kSide; ++q) {
    v[q] = _mm512_castsi512_ps(
        _mm512_or_si512(wide(2 * q), _mm512_maskz_slli_epi32(kAll, wide(2 * q + 1), 16)));
  }
}

// 32 rows of n numbers, a multiple of 32, as pairs in panels: two rows at a time are read along.
WG_INLINE void pack_pairs(uint16_t* to, int64_t panel, const uint16_t* from, int64_t ld,
                          int64_t n) {
  alignas(64) static constexpr uint16_t kLow[32] = {0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,
                                                    37, 6,  38, 7,  39, 8,  40, 9,  41, 10, 42,
                                                    11, 43, 12, 44, 13, 45, 14, 46, 15, 47};
  const __m512i low = _mm512_load_si512(kLow), high = _mm512_add_epi16(low, _mm512_set1_epi16(16));
  constexpr int kRowPairs = 4;
  for (int q = 0; q < kSide; q += kRowPairs)
    for (int64_t i = 0; i < n; i += kDepth) {
      uint16_t* const tile = to + i / kSide * panel;
#pragma GCC unroll 4
      for (int r = q; r < q + kRowPairs; ++r) {
        const uint16_t* const row = from + 2 * r * ld + i;
        const __m512i even = _mm512_loadu_si512(row), odd = _mm512_loadu_si512(row + ld);
        _mm512_storeu_si512(tile + r * kDepth, _mm512_permutex2var_epi16(even, low, odd));
        _mm512_storeu_si512(tile + panel + r * kDepth, _mm512_permutex2var_epi16(even, high, odd));
      }
    }
}

template <bool Pairs>
void pack(uint16_t* to, const uint16_t* from, int64_t ld, bool turned, int64_t n, int64_t k) {
  const int64_t panel = (k + kDepth - 1) / kDepth * kTile;
  const auto pack_tile = [=](int64_t i, int64_t p) __attribute__((always_inline)) {
    const int64_t count = n - i < kSide ? n - i : kSide;
    V v[kSide];
    if (turned)
      load_pairs(v, from + p * ld + i, ld, count, k - p);
    else
      load_rows(v, from + i * ld + p, ld, count, k - p);
    if (turned != Pairs) transpose_lanes(v);
    uint16_t* const tile = to + i / kSide * panel + p / kDepth * kTile;
#pragma GCC unroll 16
    for (int q = 0; q < kSide; ++q) _mm512_storeu_ps(tile + q * kDepth, v[q]);
  };
  // Along the rows as stored.
  if (turned) {
    for (int64_t p = 0; p < k; p += kDepth) {
      int64_t i = 0;
      if (Pairs && k - p >= kDepth) {
        i = n / kDepth * kDepth;
        pack_pairs(to + p / kDepth * kTile, panel, from + p * ld, ld, i);
      }
      for (; i < n; i += kSide) pack_tile(i, p);
    }
  } else {
    for (int64_t i = 0; i < n; i += kSide)
      for (int64_t p = 0; p < k; p += kDepth) pack_tile(i, p);
  }
}

}  // namespace

extern const PairKernels tile_pairs, vector_pairs;
const PairKernels tile_pairs = {pack<false>, pack<true>, multiply_tiles, 5};
const PairKernels vector_pairs = {pack<false>, pack<true>, multiply_vectors, 2};

}  // namespace wengert::kernels::WENGERT_LEVEL

#endif
