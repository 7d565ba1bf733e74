// As many multiply-adds as the processor can do: no memory, no dependence between neighbours.
#include "kernels/isa/gemm_simd.h"

namespace wengert::kernels::WENGERT_LEVEL {

float fma_chains(int64_t steps) {
  using S = Simd<float>;
  using V = S::V;
  V acc[kFmaChains];
  for (int c = 0; c < kFmaChains; ++c) acc[c] = V{};
  V x = S::broadcast(0.5f), y = S::broadcast(0.25f);
  for (int64_t i = 0; i < steps; ++i) {
#if defined(__x86_64__)
    asm volatile("" : "+x"(x), "+x"(y));  // unknown values: nothing can be computed beforehand
#endif
#pragma GCC unroll 16
    for (int c = 0; c < kFmaChains; ++c) acc[c] = S::fma(acc[c], x, y);
  }
  float sum = 0;
  for (int c = 0; c < kFmaChains; ++c) sum += acc[c][0];
  return sum;
}

}  // namespace wengert::kernels::WENGERT_LEVEL
