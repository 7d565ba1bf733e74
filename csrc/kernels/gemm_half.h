// Products of numbers of 16 bits.
#pragma once

#include "kernels/gemm.h"
#include "kernels/gemm_level.h"
#include "runtime/half.h"

namespace wengert::kernels {

inline const void* element(const void* p, DType dtype, int64_t offset) {
  return static_cast<const char*>(p) + offset * static_cast<int64_t>(item_size(dtype));
}
inline void* element(void* p, DType dtype, int64_t offset) {
  return static_cast<char*>(p) + offset * static_cast<int64_t>(item_size(dtype));
}

// Tiles of a product of pairs are of so many rows and columns, and so much of k.
inline constexpr int64_t kPairTile = 16, kPairTileDepth = 32;
constexpr int64_t whole(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
constexpr int64_t whole_pairs(int64_t k) { return whole(k, kPairTileDepth); }

// What this processor has for pairs of `dtype`, or nullptr.
const PairKernels* pair_kernels(DType dtype);

// The product, on the calling thread. It is summed up in float32 and rounded once.
void run_half(const Gemm& g);

}  // namespace wengert::kernels
