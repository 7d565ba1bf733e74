#include "kernels/gemm_half.h"

#include <algorithm>

#include "kernels/elementwise.h"
#include "kernels/gemm_level.h"
#include "runtime/cpu.h"
#include "runtime/scratch.h"

namespace wengert::kernels {

namespace {

// Blocks of a product of 16 bits that are converted at once: they stay in the second-level cache.
constexpr int64_t kHalfRows = 256, kHalfColumns = 512, kHalfColumnsOfFewRows = 128;

// Rows in the copies stand a line further apart where they would exclude each other from the cache.
int64_t padded(int64_t row) { return row % 64 ? row : row + 16; }

// A block of a matrix as stored, converted.
void convert_block(DType to, void* dst, int64_t dst_ld, DType from, const void* src, int64_t src_ld,
                   int64_t rows, int64_t columns) {
  const CastFn convert = cast(to, from);
  if (dst_ld == columns && src_ld == columns) return convert(rows * columns, dst, src);
  for (int64_t i = 0; i < rows; ++i)
    convert(columns, element(dst, to, i * dst_ld), element(src, from, i * src_ld));
}

// Blocks are multiplied in float32, over the same blocks of k as there.
void run_converted(const Gemm& g) {
  const int64_t depth = std::min(g.k, kGemmBlockK), rows = std::min(g.m, kHalfRows);
  const int64_t columns = std::min(g.n, g.m <= 64 ? kHalfColumnsOfFewRows : kHalfColumns);
  const auto area = [](int64_t x, int64_t y) {
    return static_cast<size_t>(std::max(x * padded(y), padded(x) * y));
  };
  const size_t bytes =
      (area(rows, depth) + area(columns, depth) + static_cast<size_t>(rows * columns)) *
      sizeof(float);
  const runtime::Scratch memory(static_cast<int64_t>(bytes));
  float *const a = reinterpret_cast<float*>(memory.data), *const b = a + area(rows, depth),
               *const c = b + area(columns, depth);
  const auto run = gemm_kernels().run[0];
  for (int64_t j = 0; j < g.n; j += columns)
    for (int64_t i = 0; i < g.m; i += rows) {
      Gemm t = g;
      t.dtype = DType::float32;
      t.part = true;  // rows get the same bits alone as beside others
      t.m = std::min(rows, g.m - i);
      t.n = std::min(columns, g.n - j);
      t.a = a;
      t.b = b;
      t.c = c;
      t.ldc = t.n;
      void* const result = element(g.c, g.c_dtype(), i * g.ldc + j);
      if (g.accumulate) convert_block(t.dtype, c, t.n, g.c_dtype(), result, g.ldc, t.m, t.n);
      int64_t p = 0;
      do {
        t.k = std::min(depth, g.k - p);
        const int64_t row_a = t.transpose_a ? t.m : t.k, row_b = t.transpose_b ? t.k : t.n;
        t.lda = padded(row_a);
        t.ldb = padded(row_b);
        convert_block(t.dtype, a, t.lda, g.dtype,
                      element(g.a, g.dtype, t.transpose_a ? p * g.lda + i : i * g.lda + p), g.lda,
                      t.transpose_a ? t.k : t.m, row_a);
        convert_block(t.dtype, b, t.ldb, g.dtype,
                      element(g.b, g.dtype, t.transpose_b ? j * g.ldb + p : p * g.ldb + j), g.ldb,
                      t.transpose_b ? t.n : t.k, row_b);
        t.epilogue = p + t.k >= g.k ? g.epilogue : Epilogue::none;
        t.bias = t.epilogue == Epilogue::none ? nullptr : static_cast<const float*>(g.bias) + j;
        run(t);
        t.accumulate = true;
        p += t.k;
      } while (p < g.k);
      convert_block(g.c_dtype(), result, g.ldc, t.dtype, c, t.n, t.m, t.n);
    }
}

// A factor of a product of pairs: rows of A or columns of B, in panels of 16.
struct PairFactor {
  const uint16_t* data = nullptr;
  int64_t row = kPairTileDepth;               // numbers between the rows of a tile of A,
  int64_t tile = kPairTile * kPairTileDepth;  // between tiles along k
  int64_t panel = 0;                          // and between panels

  const uint16_t* at(int64_t outer, int64_t p) const {
    return data + outer / kPairTile * panel + p / kPairTileDepth * tile;
  }
};

// By instructions that sum up products of pairs. The sum over k is one chain. Of B so much is
// packed, of A so much read for it, that both stay in the second-level cache; kStep of k of a panel
// of B stays in the first. Where k is large, sums of all that is packed go on from one piece of it
// to the next.
class PairProduct {
 public:
  PairProduct(const PairKernels& kernels, const Gemm& g)
      : kernels_(kernels),
        g_(g),
        depth_(g.k <= kMostDepth ? std::max(whole_pairs(g.k), kPairTileDepth) : kMostDepth / 2),
        in_place_(!g.panels_a && !g.transpose_a && reads_tiles(g)),
        rows_(std::min(whole(g.m, kPairTile),
                       in_pieces() ? kPieceRows : kMostPacked / depth_ / kPairTile * kPairTile)),
        columns_(std::min(whole(g.n, kPairTile),
                          std::min(kPackedB / depth_ / kPairTile * kPairTile, kMostColumns))),
        block_rows_(std::min(rows_, std::min(kBlockA / depth_ / kPairTile * kPairTile, kMostRows))),
        memory_(2 * depth_ * ((packs_a() ? rows_ : 0) + (g.panels_b ? 0 : columns_)) +
                4 * (in_pieces() ? rows_ * columns_ : block_rows_ * kBlockColumns)),
        sums_(reinterpret_cast<float*>(memory_.data)),
        own_a_(reinterpret_cast<uint16_t*>(
            sums_ + (in_pieces() ? rows_ * columns_ : block_rows_ * kBlockColumns))),
        own_b_(own_a_ + (packs_a() ? rows_ * depth_ : 0)) {}

  void run() {
    for (int64_t i = 0; i < g_.m; i += rows_) {
      const int64_t m = std::min(rows_, g_.m - i);
      for (int64_t j = 0; j < g_.n; j += columns_) {
        const int64_t n = std::min(columns_, g_.n - j);
        int64_t p = 0;
        do {
          const int64_t k = std::min(depth_, g_.k - p);
          const PairFactor a = rows_from(i, m, p, k, j == 0), b = columns_from(j, n, p, k);
          for (int64_t row = 0; row < m; row += block_rows_)
            for (int64_t column = 0; column < n; column += kBlockColumns) {
              PairBlock t;
              t.m = std::min(block_rows_, m - row);
              t.n = std::min(kBlockColumns, n - column);
              t.a = a.at(row, 0);
              t.a_row = a.row;
              t.a_tile = a.tile;
              t.a_panel = a.panel;
              t.b = b.at(column, 0);
              t.b_panel = b.panel;
              t.c = in_pieces() ? sums_ + row * columns_ + column : sums_;
              t.ldc = in_pieces() ? columns_ : kBlockColumns;
              block(t, i + row, j + column, p, k);
            }
          p += depth_;
        } while (p < g_.k);
      }
    }
  }

 private:
  static constexpr int64_t kMostDepth = 2048, kStep = 256;
  static constexpr int64_t kMostRows = 256, kMostColumns = 512, kBlockColumns = 2 * kPairTile;
  static constexpr int64_t kBlockA = 1 << 17, kPackedB = 1 << 19;
  // No more is packed at once, or summed up in pieces, so that it takes no more memory.
  static constexpr int64_t kMostPacked = 8 << 20, kPieceRows = 1024;

  bool in_pieces() const { return g_.k > depth_; }
  bool packs_a() const { return !g_.panels_a && !in_place_; }
  // Whether A as stored consists of whole tiles whose rows are lines of the cache.
  static bool reads_tiles(const Gemm& g) {
    return g.m % kPairTile == 0 && g.k % kPairTileDepth == 0 && g.lda % kPairTileDepth == 0 &&
           reinterpret_cast<uintptr_t>(g.a) % 64 == 0;
  }
  static const uint16_t* stored(const void* x, int64_t ld, bool turned, int64_t outer, int64_t p) {
    return static_cast<const uint16_t*>(x) + (turned ? p * ld + outer : outer * ld + p);
  }
  // What is packed by whoever calls the product is so in all of its depth.
  PairFactor packed(const void* x, int64_t outer, int64_t p) const {
    PairFactor f;
    f.panel = kPairTile * whole_pairs(g_.k);
    f.data = static_cast<const uint16_t*>(x);
    f.data = f.at(outer, p);
    return f;
  }
  // m rows of A from i on, k numbers of each from p on.
  PairFactor rows_from(int64_t i, int64_t m, int64_t p, int64_t k, bool first) const {
    if (g_.panels_a) return packed(g_.a, i, p);
    const uint16_t* const from = stored(g_.a, g_.lda, g_.transpose_a, i, p);
    if (in_place_) return {from, g_.lda, kPairTileDepth, kPairTile * g_.lda};
    if (first || in_pieces()) kernels_.pack_a(own_a_, from, g_.lda, g_.transpose_a, m, k);
    PairFactor f;
    f.data = own_a_;
    f.panel = kPairTile * whole_pairs(k);
    return f;
  }
  PairFactor columns_from(int64_t j, int64_t n, int64_t p, int64_t k) const {
    if (g_.panels_b) return packed(g_.b, j, p);
    const bool turned = !g_.transpose_b;
    kernels_.pack_b(own_b_, stored(g_.b, g_.ldb, turned, j, p), g_.ldb, turned, n, k);
    PairFactor f;
    f.data = own_b_;
    f.panel = kPairTile * whole_pairs(k);
    return f;
  }

  // The sums from row i and column j on, for k numbers from p on; t says all but how they go on.
  void block(PairBlock t, int64_t i, int64_t j, int64_t p, int64_t k) const {
    void* const result = element(g_.c, g_.c_dtype(), i * g_.ldc + j);
    // Whole tiles of float32 are summed up where they belong.
    if (g_.wide_c && t.m % kPairTile == 0 && t.n % kPairTile == 0) {
      t.c = static_cast<float*>(result);
      t.ldc = g_.ldc;
    } else if (g_.accumulate && p == 0) {
      convert_block(DType::float32, t.c, t.ldc, g_.c_dtype(), result, g_.ldc, t.m, t.n);
    }
    const bool last = p + k >= g_.k;
    t.accumulate = g_.accumulate || p > 0;
    for (int64_t q = 0;; q += kStep) {
      t.k = std::min(kStep, k - q);
      const bool ends = q + t.k >= k;
      if (ends && last && !g_.wide_c) {
        t.rounded = static_cast<uint16_t*>(result);
        t.ld_rounded = g_.ldc;
        if (g_.epilogue != Epilogue::none) t.bias = static_cast<const float*>(g_.bias) + j;
        t.relu = g_.epilogue == Epilogue::bias_relu;
      }
      kernels_.multiply(t);
      if (ends) break;
      t.a += kStep / kPairTileDepth * t.a_tile;
      t.b += kStep * kPairTile;
      t.accumulate = true;
    }
    if (last && g_.wide_c) finish(t, result, j);
  }

  // Sums from column j on that stay in float32.
  void finish(const PairBlock& t, void* result, int64_t j) const {
    if (g_.epilogue != Epilogue::none) {
      Gemm g = g_;
      g.dtype = DType::float32;
      g.m = t.m;
      g.n = t.n;
      g.c = t.c;
      g.ldc = t.ldc;
      g.bias = static_cast<const float*>(g_.bias) + j;
      gemm_kernels().epilogue[0](g);
    }
    if (t.c != result)
      convert_block(DType::float32, result, g_.ldc, DType::float32, t.c, t.ldc, t.m, t.n);
  }

  const PairKernels& kernels_;
  const Gemm& g_;
  int64_t depth_;           // of k that is packed at once
  bool in_place_;           // A is read where it stands
  int64_t rows_, columns_;  // that are packed at once
  int64_t block_rows_;
  runtime::Scratch memory_;
  float* sums_;
  uint16_t *own_a_, *own_b_;
};

}  // namespace

const PairKernels* pair_kernels(DType dtype) {
  if (dtype != DType::bfloat16) return nullptr;
  const auto [tiles, vectors] = gemm_kernels().pairs;
  if (tiles && runtime::may_use_tiles()) return tiles;
  return runtime::cpu().fast_pairs ? vectors : nullptr;
}

void run_half(const Gemm& g) {
  if (g.m <= 0 || g.n <= 0) return;
  if (const PairKernels* const pairs = pair_kernels(g.dtype)) return PairProduct(*pairs, g).run();
  run_converted(g);
}

}  // namespace wengert::kernels
