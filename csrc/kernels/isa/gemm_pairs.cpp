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

// One or two tiles of rows by one or two of columns.
template <int Rows, int Columns>
void block(float* c, int64_t ldc, const uint16_t* a, const uint16_t* b, int64_t panel,
           int64_t depth, bool accumulate) {
  const int64_t row = ldc * 4;
  float* const below = c + kSide * ldc;
  if (accumulate) {
    WG_LOAD(0, c, row);
    if constexpr (Columns > 1) WG_LOAD(1, c + kSide, row);
    if constexpr (Rows > 1) WG_LOAD(2, below, row);
    if constexpr (Rows > 1 && Columns > 1) WG_LOAD(3, below + kSide, row);
  } else {
    WG_ZERO(0);
    WG_ZERO(1);
    WG_ZERO(2);
    WG_ZERO(3);
  }
  constexpr int64_t kRow = 64;
  const uint16_t* const lower = a + panel;
  const uint16_t* const right = b + panel;
  for (int64_t t = 0; t < depth * kTile; t += kTile) {
    WG_LOAD(4, a + t, kRow);
    WG_LOAD(6, b + t, kRow);
    WG_MULTIPLY(0, 4, 6);
    if constexpr (Columns > 1) {
      WG_LOAD(7, right + t, kRow);
      WG_MULTIPLY(1, 4, 7);
    }
    if constexpr (Rows > 1) {
      WG_LOAD(5, lower + t, kRow);
      WG_MULTIPLY(2, 5, 6);
    }
    if constexpr (Rows > 1 && Columns > 1) WG_MULTIPLY(3, 5, 7);
  }
  WG_STORE(0, c, row);
  if constexpr (Columns > 1) WG_STORE(1, c + kSide, row);
  if constexpr (Rows > 1) WG_STORE(2, below, row);
  if constexpr (Rows > 1 && Columns > 1) WG_STORE(3, below + kSide, row);
}

void multiply_tiles(float* c, int64_t ldc, const uint16_t* a, const uint16_t* b, int64_t panel,
                    int64_t m, int64_t n, int64_t k, bool accumulate) {
  const int64_t depth = (k + kDepth - 1) / kDepth;
  const Tiles tiles;
  for (int64_t j = 0; j < n; j += 2 * kSide, b += 2 * panel) {
    const uint16_t* rows = a;
    for (int64_t i = 0; i < m; i += 2 * kSide, rows += 2 * panel) {
      float* const to = c + i * ldc + j;
      const bool tall = m - i > kSide, wide = n - j > kSide;
      (tall ? (wide ? block<2, 2> : block<2, 1>) : (wide ? block<1, 2> : block<1, 1>))(
          to, ldc, rows, b, panel, depth, accumulate);
    }
  }
}

// Pairs of numbers as vectors of 32 bits. A tile of A has a row of pairs in each vector, one of B
// the same pair of 16 columns.
using V = Simd<float>::V;

// acc += the products of 16 pairs of columns with the pair of a row.
WG_INLINE V add_products(V acc, V columns, const uint16_t* row) {
  asm("vdpbf16ps %2%{1to16%}, %1, %0"
      : "+v"(acc)
      : "v"(columns), "m"(*reinterpret_cast<const uint16_t (*)[2]>(row)));
  return acc;
}

// Some rows of a tile by one or two tiles of columns.
template <int Columns>
void vector_block(float* c, int64_t ldc, const uint16_t* a, const uint16_t* b, int64_t panel,
                  int64_t depth, bool accumulate) {
  constexpr int kRows = 8;
  V acc[kRows][Columns];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < Columns; ++j)
      acc[i][j] = accumulate ? Simd<float>::load(c + i * ldc + j * kSide) : V{};
  for (int64_t t = 0; t < depth * kTile; t += kTile)
    for (int q = 0; q < kSide; ++q) {
      const uint16_t* const row = b + t + q * kDepth;
      V columns[Columns];
#pragma GCC unroll 2
      for (int j = 0; j < Columns; ++j) columns[j] = _mm512_loadu_ps(row + j * panel);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
        for (int j = 0; j < Columns; ++j)
          acc[i][j] = add_products(acc[i][j], columns[j], a + t + i * kDepth + 2 * q);
    }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < Columns; ++j) Simd<float>::store(c + i * ldc + j * kSide, acc[i][j]);
}

void multiply_vectors(float* c, int64_t ldc, const uint16_t* a, const uint16_t* b, int64_t panel,
                      int64_t m, int64_t n, int64_t k, bool accumulate) {
  const int64_t depth = (k + kDepth - 1) / kDepth;
  for (int64_t j = 0; j < n; j += 2 * kSide, b += 2 * panel)
    for (int64_t i = 0; i < m; i += kSide / 2) {
      const uint16_t* const rows = a + i / kSide * panel + i % kSide * kDepth;
      (n - j > kSide ? vector_block<2> : vector_block<1>)(c + i * ldc + j, ldc, rows, b, panel,
                                                          depth, accumulate);
    }
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
    if (turned != Pairs) transpose_step<kSide / 2>(v);
    uint16_t* const tile = to + i / kSide * panel + p / kDepth * kTile;
#pragma GCC unroll 16
    for (int q = 0; q < kSide; ++q) _mm512_storeu_ps(tile + q * kDepth, v[q]);
  };
  // Along the rows as stored.
  if (turned) {
    for (int64_t p = 0; p < k; p += kDepth)
      for (int64_t i = 0; i < n; i += kSide) pack_tile(i, p);
  } else {
    for (int64_t i = 0; i < n; i += kSide)
      for (int64_t p = 0; p < k; p += kDepth) pack_tile(i, p);
  }
}

}  // namespace

extern const PairKernels tile_pairs, vector_pairs;
const PairKernels tile_pairs = {pack<false>, pack<true>, multiply_tiles};
const PairKernels vector_pairs = {pack<false>, pack<true>, multiply_vectors};

}  // namespace wengert::kernels::WENGERT_LEVEL

#endif
