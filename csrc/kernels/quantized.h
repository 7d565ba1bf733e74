// Products of rows of floating numbers, rounded to 8-bit integers, with matrices of such integers.
// The sums are those of int32 arithmetic: the same on every level, in any order.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

// The longest row whose sums fit: kQuantizedDepth * 127 * 128 < 2^31.
inline constexpr int64_t kQuantizedDepth = int64_t{1} << 17;

// out[i][j] = sum_p x[i][p] w[j][p] * x_scale[i] * w_scale[j] + bias[j], rounded after each step.
struct QuantizedProduct {
  int64_t m, n, k;
  const void* x;  // m rows as `round_row` leaves them, row_bytes(k) apart
  const void* x_scale;
  const int8_t* w;  // n rows of k
  const void* w_scale;
  const void* bias;  // nullptr: none
  void* out;
  int64_t out_row;  // elements
};
struct QuantizedKernels {
  int64_t (*row_bytes)(int64_t k);
  // Rounds x * (127 / a), where a is the largest |x|, to the nearest integer (to even between two),
  // and stores a / 127. Rows with a < 2^-120 are zeros of scale 0, those with a value that is not
  // finite zeros of scale nan.
  void (*round_row)(int64_t k, const void* x, void* row, void* scale);
  void (*product)(const QuantizedProduct& p);
};
const QuantizedKernels& quantized(DType dtype);  // float32 or float64

// Filled by each ISA level; see levels.h.
#define WG_DECLARE_LEVEL(level)                     \
  namespace level {                                 \
  extern const QuantizedKernels quantized_table[2]; \
  }
#if defined(__x86_64__) || defined(_M_X64)
WG_DECLARE_LEVEL(v2)
WG_DECLARE_LEVEL(v3)
WG_DECLARE_LEVEL(v4)
namespace v4 {
extern const QuantizedKernels quantized_vnni_table[2];  // for processors with AVX512-VNNI
}
#endif
WG_DECLARE_LEVEL(baseline)
#undef WG_DECLARE_LEVEL

}  // namespace wengert::kernels
