// Matrix products of row-major matrices.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

// Steps of k that are summed up before they are added to C.
inline constexpr int64_t kGemmBlockK = 256;

// What is applied to a finished block of C.
enum class Epilogue : uint8_t { none, bias, bias_relu };  // bias: one value per column

// Memory that is needed after a product, and that larger ones of packed rows fetch meanwhile:
// `blocks` of `rows` of `bytes`, each so many bytes apart.
struct Fetch {
  const void* at = nullptr;
  int64_t bytes = 0, rows = 0, row_stride = 0, blocks = 1, block_stride = 0;
  const Fetch* more = nullptr;
};

struct Gemm {
  DType dtype = DType::float32;  // a floating one; those of 16 bits are accumulated in float32
  bool wide_c = false;           // C is float32 where dtype has 16 bits
  bool transpose_a = false;      // A is stored k x m
  bool transpose_b = false;      // B is stored n x k
  bool panels_a = false;         // A is stored as gemm_pack_rows makes it; lda is not used
  bool panels_b = false;         // B is stored as gemm_pack makes it; ldb is not used
  int64_t m = 0, n = 0, k = 0;
  const void* a = nullptr;
  int64_t lda = 0;  // elements between the rows as stored
  const void* b = nullptr;
  int64_t ldb = 0;
  int64_t panel_rows = 0;  // rows of each panel of B, of which the first k are used; 0: k
  void* c = nullptr;
  int64_t ldc = 0;
  bool accumulate = false;  // C += A B instead of C = A B
  bool part = false;        // cut from a product with more than one row and more than one column
  Epilogue epilogue = Epilogue::none;
  const void* bias = nullptr;  // of dtype, float32 where that has 16 bits
  const Fetch* later = nullptr;

  DType c_dtype() const { return wide_c ? DType::float32 : dtype; }
};

// Computes one product, on the calling thread or on the pool. The bits of the result depend on the
// problem, never on the number of threads.
void gemm(const Gemm& g);

// Whether products of this dtype take A and B packed: float32 and float64 always do, those of 16
// bits where the processor multiplies pairs of them.
bool gemm_packs(DType dtype);
// Multiply-adds of large products in the time of one of float32, for those of 16 bits about.
double gemm_speed(DType dtype);

// B of many products, in the order in which they read it: panels of gemm_panel_columns columns that
// lie one after the other, each of k rows; the last has half as many columns if that is enough for
// the rest, and zeros beyond it. Panels of 16 bits hold pairs (PairKernels), of k rounded up to
// whole tiles, and all have as many columns.
int64_t gemm_panel_columns(DType dtype);
// Elements of the panels of n columns of k rows.
int64_t gemm_panels_size(DType dtype, int64_t n, int64_t k);
// Writes the panels of the B of g (n, k, b, ldb and transpose_b count).
void gemm_pack(const Gemm& g, void* panels);

// The same for the rows of A, block by block of k: those of columns p, p + 1, ... begin after p * m
// elements if p is a multiple of kGemmBlockK (those of 16 bits are not in blocks). Elements of m
// rows of k columns, or 0 where rows are so few that they are better read as they stand.
int64_t gemm_rows_size(DType dtype, int64_t m, int64_t k);
// Writes the rows of the A of g (m, k, a, lda and transpose_a count), of which there are enough.
void gemm_pack_rows(const Gemm& g, void* rows);

// `batch` products of the same shape: matrix i of A starts stride_a elements after matrix i - 1
// (0: the same one for all), likewise B and C.
void gemm_batched(const Gemm& g, int64_t batch, int64_t stride_a, int64_t stride_b,
                  int64_t stride_c);

}  // namespace wengert::kernels
