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

// A block of a product of bfloat16: c = or += a b, then perhaps a bias for each column and what is
// negative made 0. Of a and b whole tiles are read, and of c unless it is rounded.
struct PairBlock {
  int64_t m = 0, n = 0, k = 0;
  // 16 rows of 32 numbers are a tile of A. Numbers between its rows, between tiles of the same
  // rows, and between those of 16 rows and the next 16.
  const uint16_t* a = nullptr;
  int64_t a_row = 32, a_tile = 512, a_panel = 0;
  const uint16_t* b = nullptr;  // as packed
  int64_t b_panel = 0;
  float* c = nullptr;
  int64_t ldc = 0;
  bool accumulate = false;
  // Where the sums go instead, rounded to the nearest, ties to even; c is not written then.
  uint16_t* rounded = nullptr;
  int64_t ld_rounded = 0;
  const float* bias = nullptr;  // of what is rounded, and
  bool relu = false;
};

// Products of bfloat16 in tiles of 16 x 32 numbers. Numbers below the smallest normal one count as
// zero, as processors have it.
struct PairKernels {
  // m rows of k numbers in panels of 16 rows, each of k / 32 tiles, zeros beyond them; stored k x m
  // if `turned`.
  void (*pack_a)(uint16_t* to, const uint16_t* a, int64_t lda, bool turned, int64_t m, int64_t k);
  // n columns of k numbers likewise, pair by pair; stored k x n if `turned`, else n x k.
  void (*pack_b)(uint16_t* to, const uint16_t* b, int64_t ldb, bool turned, int64_t n, int64_t k);
  void (*multiply)(const PairBlock& block);
  double speed;  // multiply-adds in the time of one of float32
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
