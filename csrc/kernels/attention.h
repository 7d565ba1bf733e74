// Rows of attention's weights, for float32 and float64.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

struct AttentionKernels {
  // Takes n more scores of a row: x = exp(x - largest), `largest` being that of all so far, and
  // `total` the sum of their exponentials, of which there were none while `largest` is -infinity.
  // Returns what everything computed from the former weights has to be multiplied by.
  double (*take)(int64_t n, void* x, void* largest, void* total);
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
