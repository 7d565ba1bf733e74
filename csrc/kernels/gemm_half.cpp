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
      void* const result = element(g.c, g.dtype, i * g.ldc + j);
      if (g.accumulate) convert_block(t.dtype, c, t.n, g.dtype, result, g.ldc, t.m, t.n);
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
      convert_block(g.dtype, result, g.ldc, t.dtype, c, t.n, t.m, t.n);
    }
}

// Blocks of a product of pairs, for which a block of A and the sums stay in the second-level cache
// and a panel of B in the first. So many rows of A, and so much of k, are packed at once that no
// more memory is taken.
constexpr int64_t kPairRows = 256, kPairColumns = 512, kPairDepth = 512, kPairSums = 8192;
constexpr int64_t kPackedDepth = 8192, kPackedRows = 8 << 20;

constexpr int64_t whole(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// By instructions that sum up products of pairs. The sum over k is one chain.
class PairProduct {
 public:
  PairProduct(const PairKernels& kernels, const Gemm& g)
      : kernels_(kernels),
        g_(g),
        depth_(std::clamp(whole(g.k, 32), int64_t{32}, kPackedDepth)),
        // The sums of one block go on through all that is packed of k.
        rows_(std::min(whole(g.m, 16),
                       g.k > depth_ ? kPairRows : kPackedRows / depth_ / kPairRows * kPairRows)),
        columns_(std::min(whole(g.n, 16), kPairColumns)),
        block_rows_(std::min(rows_, kPairRows)),
        // Sums that are complete at once need not leave the first-level cache.
        block_columns_(g.k <= kPairDepth ? std::min(columns_, whole(kPairSums / block_rows_, 32))
                                         : columns_),
        memory_(2 * (rows_ + columns_) * depth_ + 4 * block_rows_ * block_columns_),
        sums_(reinterpret_cast<float*>(memory_.data)),
        a_(reinterpret_cast<uint16_t*>(sums_ + block_rows_ * block_columns_)),
        b_(a_ + rows_ * depth_) {}

  void run() {
    for (int64_t i = 0; i < g_.m; i += rows_) {
      const int64_t m = std::min(rows_, g_.m - i);
      for (int64_t j = 0; j < g_.n; j += columns_) {
        const int64_t n = std::min(columns_, g_.n - j);
        int64_t p = 0;
        do {
          if (g_.k > depth_ || j == 0) pack_a(i, p, m);
          pack_b(j, p, n);
          for (int64_t row = 0; row < m; row += block_rows_)
            for (int64_t column = 0; column < n; column += block_columns_)
              block(i, j, p, row, column, std::min(block_rows_, m - row),
                    std::min(block_columns_, n - column));
          p += depth_;
        } while (p < g_.k);
      }
    }
  }

 private:
  int64_t packed(int64_t p) const { return std::min(depth_, g_.k - p); }
  const uint16_t* source(const void* x, int64_t ld, bool turned, int64_t outer, int64_t p) const {
    return static_cast<const uint16_t*>(x) + (turned ? p * ld + outer : outer * ld + p);
  }
  void pack_a(int64_t i, int64_t p, int64_t m) const {
    const bool turned = g_.transpose_a;
    kernels_.pack_a(a_, source(g_.a, g_.lda, turned, i, p), g_.lda, turned, m, packed(p));
  }
  void pack_b(int64_t j, int64_t p, int64_t n) const {
    const bool turned = !g_.transpose_b;
    kernels_.pack_b(b_, source(g_.b, g_.ldb, turned, j, p), g_.ldb, turned, n, packed(p));
  }

  // m x n sums from `row` and `column` of what is packed, which begins with row i, column j and
  // element p of k.
  void block(int64_t i, int64_t j, int64_t p, int64_t row, int64_t column, int64_t m,
             int64_t n) const {
    void* const result = element(g_.c, g_.dtype, (i + row) * g_.ldc + j + column);
    if (g_.accumulate && p == 0)
      convert_block(DType::float32, sums_, block_columns_, g_.dtype, result, g_.ldc, m, n);
    const int64_t depth = packed(p), panel = 16 * whole(depth, 32);
    const uint16_t *const a = a_ + row / 16 * panel, *const b = b_ + column / 16 * panel;
    int64_t q = 0;
    do {
      kernels_.multiply(sums_, block_columns_, a + 16 * q, b + 16 * q, panel, m, n,
                        std::min(kPairDepth, depth - q), g_.accumulate || p + q > 0);
      q += kPairDepth;
    } while (q < depth);
    if (p + depth < g_.k) return;
    if (g_.epilogue != Epilogue::none) {
      Gemm t = g_;
      t.dtype = DType::float32;
      t.m = m;
      t.n = n;
      t.c = sums_;
      t.ldc = block_columns_;
      t.bias = static_cast<const float*>(g_.bias) + j + column;
      gemm_kernels().epilogue[0](t);
    }
    convert_block(g_.dtype, result, g_.ldc, DType::float32, sums_, block_columns_, m, n);
  }

  const PairKernels& kernels_;
  const Gemm& g_;
  int64_t depth_;           // of what is packed of k
  int64_t rows_, columns_;  // that are packed at once
  int64_t block_rows_, block_columns_;
  runtime::Scratch memory_;
  float* sums_;
  uint16_t *a_, *b_;
};

// What this processor has for pairs, or nullptr.
const PairKernels* pair_kernels() {
  const auto [tiles, vectors] = gemm_kernels().pairs;
  if (tiles && runtime::may_use_tiles()) return tiles;
  return runtime::cpu().fast_pairs ? vectors : nullptr;
}

}  // namespace

void run_half(const Gemm& g) {
  if (g.m <= 0 || g.n <= 0) return;
  const PairKernels* const pairs = g.dtype == DType::bfloat16 ? pair_kernels() : nullptr;
  if (pairs) return PairProduct(*pairs, g).run();
  run_converted(g);
}

}  // namespace wengert::kernels
