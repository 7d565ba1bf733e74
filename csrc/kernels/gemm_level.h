// What one ISA level provides for matrix products. The definitions are compiled once per level,
// each in a namespace of the level's name.
#pragma once

#include "kernels/gemm.h"

namespace wengert::kernels {

// Every `run` reduces an element of C in the same order (one chain of multiply-adds over k in
// blocks of kGemmBlockK, the blocks added up in turn), whatever its shape, tiling, packing and
// transposes: a product may be cut along m and n anywhere without changing a bit. One row or one
// column that is no `part` of more has an order of its own.
struct PairKernels;
struct GemmKernels {
  void (*run[2])(const Gemm& g);       // [float32, float64]: the product, on the calling thread
  void (*epilogue[2])(const Gemm& g);  // only the epilogue of g, applied to C as it stands
  void (*pack[2])(const Gemm& g, void* panels);
  void (*pack_rows[2])(const Gemm& g, void* rows);
  int lanes[2];                        // of a vector; a panel has two
  int packed_rows;                     // the fewest rows of A that are packed
  float (*fma_chains)(int64_t steps);  // fma_per_step float32 multiply-adds in registers a step
  int fma_per_step;
  double blas_work;             // from this many multiply-adds on, a BLAS is faster than `run`
  const PairKernels* pairs[2];  // for processors with tiles and with vectors of pairs; or nullptr
};

// Products of bfloat16 in tiles of 16 x 32 numbers. Numbers below the smallest normal one count as
// zero, as processors have it.
struct PairKernels {
  // m rows of k numbers in panels of 16 rows, each of k / 32 tiles, zeros beyond them; stored k x m
  // if `turned`.
  void (*pack_a)(uint16_t* to, const uint16_t* a, int64_t lda, bool turned, int64_t m, int64_t k);
  // n columns of k numbers likewise, pair by pair; stored k x n if `turned`, else n x k.
  void (*pack_b)(uint16_t* to, const uint16_t* b, int64_t ldb, bool turned, int64_t n, int64_t k);
  // c = or += a b, of which whole tiles are read and written. Panels are `panel` numbers apart.
  void (*multiply)(float* c, int64_t ldc, const uint16_t* a, const uint16_t* b, int64_t panel,
                   int64_t m, int64_t n, int64_t k, bool accumulate);
};

namespace baseline {
extern const GemmKernels gemm_kernels;
}
namespace v2 {
extern const GemmKernels gemm_kernels;
}
namespace v3 {
extern const GemmKernels gemm_kernels;
}
namespace v4 {
extern const GemmKernels gemm_kernels;
}

// The table of the level that this processor runs.
const GemmKernels& gemm_kernels();

}  // namespace wengert::kernels
