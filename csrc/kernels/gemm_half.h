// Products of numbers of 16 bits.
#pragma once

#include "kernels/gemm.h"

namespace wengert::kernels {

inline bool is_half(DType dtype) { return dtype == DType::float16 || dtype == DType::bfloat16; }

inline const void* element(const void* p, DType dtype, int64_t offset) {
  return static_cast<const char*>(p) + offset * static_cast<int64_t>(item_size(dtype));
}
inline void* element(void* p, DType dtype, int64_t offset) {
  return static_cast<char*>(p) + offset * static_cast<int64_t>(item_size(dtype));
}

// The product, on the calling thread. It is summed up in float32 and rounded once.
void run_half(const Gemm& g);

}  // namespace wengert::kernels
