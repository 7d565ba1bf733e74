// Rows of random numbers. Sixteen Philox blocks, whose counters follow each other, make a group of
// 32 numbers of 64 bits or 64 of 32 bits: an element depends on its place in the row alone.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

inline constexpr int64_t kRandomGroup = 64;  // work is split at multiples of this many elements
inline constexpr int64_t kRandomBlocks = 16;

using RandomBitsFn = void (*)(int64_t n, uint64_t* out, uint64_t seed, uint64_t counter);
// Uniform in [a, b), or normal with mean a and standard deviation b.
using RandomFn = void (*)(int64_t n, void* out, uint64_t seed, uint64_t counter, double a,
                          double b);

// mask is 0 where the element's 32 random bits are below `threshold` and `keep` elsewhere, whatever
// the dtype; y = x mask, and 0 where the mask is 0 whatever x is.
using DropoutFn = void (*)(int64_t n, void* y, void* mask, const void* x, uint64_t seed,
                           uint64_t counter, uint32_t threshold, double keep);

struct RandomKernels {
  RandomBitsFn bits;
  RandomFn uniform[2], normal[2];  // float32, float64
  DropoutFn dropout[2];
};
const RandomKernels& random();

// The counter of element `i` (a multiple of kRandomGroup) of a row that starts at `offset`.
constexpr uint64_t random_counter(uint64_t offset, int64_t i, bool wide) {
  return offset + static_cast<uint64_t>(i / kRandomGroup * kRandomBlocks * (wide ? 2 : 1));
}
// Blocks that n elements of any dtype use at most.
constexpr uint64_t random_blocks(int64_t n) {
  return static_cast<uint64_t>((n + kRandomGroup - 1) / kRandomGroup * kRandomBlocks * 2);
}

}  // namespace wengert::kernels
