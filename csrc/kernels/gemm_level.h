// What one ISA level provides for matrix products. The definitions are compiled once per level,
// each in a namespace of the level's name.
#pragma once

#include "kernels/gemm.h"

namespace wengert::kernels {

// Every `run` reduces an element of C in the same order (one chain of multiply-adds over k in
// blocks of kGemmBlockK, the blocks added up in turn), whatever its shape, tiling, packing and
// transposes: a product may be cut along m and n anywhere without changing a bit. One row or one
// column that is no `part` of more has an order of its own.
struct GemmKernels {
  void (*run[2])(const Gemm& g);       // [float32, float64]: the product, on the calling thread
  void (*epilogue[2])(const Gemm& g);  // only the epilogue of g, applied to C as it stands
  void (*pack[2])(const Gemm& g, void* panels);
  void (*pack_rows[2])(const Gemm& g, void* rows);
  int lanes[2];                        // of a vector; a panel has two
  int packed_rows;                     // the fewest rows of A that are packed
  float (*fma_chains)(int64_t steps);  // fma_per_step float32 multiply-adds in registers a step
  int fma_per_step;
  double blas_work;  // from this many multiply-adds on, a BLAS is faster than `run`
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
