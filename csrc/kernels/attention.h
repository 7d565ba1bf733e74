// Rows of attention's weights, for float32 and float64.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

struct AttentionKernels {
  // Takes more scores of some rows, `ld` apart, `seen[r]` of row r: x = exp(x - largest[r]), where
  // largest[r] becomes that of all so far and total[r] the sum of their exponentials; it is
  // -infinity while there are none. factor[r]: what everything computed from the former weights
  // has to be multiplied by.
  void (*take)(int64_t rows, const int64_t* seen, void* x, int64_t ld, void* largest, void* total,
               void* factor);
  // x = exp(x - largest) factor, x being at most `largest`.
  void (*weights)(int64_t n, void* x, double largest, double factor);
  // g = weights (g - shift).
  void (*scores_gradient)(int64_t n, void* g, const void* weights, double shift);
  // x = x factor.
  void (*scale)(int64_t n, void* x, double factor);
  double (*dot)(int64_t n, const void* a, const void* b);
};
const AttentionKernels& attention(DType dtype);

}  // namespace wengert::kernels
