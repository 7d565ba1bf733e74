// Arrays of random numbers: element i depends on the seed, the offset and i alone.
#pragma once

#include <type_traits>

#include "autograd/levels.h"
#include "kernels/random.h"
#include "runtime/parallel.h"
#include "wengert/ops.h"
#include "wengert/random.h"

WENGERT_NAMESPACE_BEGIN

// Memory to fill: where every example of a vmap is to have numbers of its own, for all of them.
inline Tensor to_draw(Dims shape, std::optional<DType> dtype) {
  if (!(thread_mode.word & kVmap)) return empty(shape, dtype);
  return empty_to_draw(shape, dtype.value_or(default_dtype()));
}
inline Tensor to_draw_like(const Tensor& t, std::optional<DType> dtype = std::nullopt) {
  if (!(thread_mode.word & kVmap)) return empty_like(t, dtype);
  return empty_to_draw(t.shape(), dtype.value_or(t.dtype()));
}

using kernels::random_blocks;

// What the dropout kernel takes for the probability p.
struct DropoutNumbers {
  explicit DropoutNumbers(double p) : keep(p < 1 ? 1 / (1 - p) : 0) {
    const double scaled = p * 0x1p32;
    threshold = scaled < 0xFFFFFFFFp0 ? static_cast<uint32_t>(scaled) : 0xFFFFFFFFu;
  }
  double keep;
  uint32_t threshold;
};

// Calls f(begin, end) for pieces of n elements that start at whole groups.
template <class F>
void for_random_groups(int64_t n, F&& f) {
  constexpr int64_t kGroup = kernels::kRandomGroup;
  runtime::parallel_for((n + kGroup - 1) / kGroup, 256, [&](int64_t begin, int64_t end) {
    f(begin * kGroup, end * kGroup < n ? end * kGroup : n);
  });
}

template <class T>
void fill_random(const kernels::RandomFn (&fn)[2], T* p, int64_t n, uint64_t seed, uint64_t offset,
                 double a, double b) {
  constexpr bool kWide = std::is_same_v<T, double>;
  for_random_groups(n, [&](int64_t begin, int64_t end) {
    fn[kWide](end - begin, p + begin, seed, kernels::random_counter(offset, begin, kWide), a, b);
  });
}
template <class T>
void fill_uniform(T* p, int64_t n, uint64_t seed, uint64_t offset, double from, double to) {
  fill_random(kernels::random().uniform, p, n, seed, offset, from, to);
}
template <class T>
void fill_normal(T* p, int64_t n, uint64_t seed, uint64_t offset, double mean, double std) {
  fill_random(kernels::random().normal, p, n, seed, offset, mean, std);
}

// Calls f(bits, i, n) with 64 random bits for each of the elements [i, i + n).
template <class F>
void for_random_bits(int64_t n, uint64_t seed, uint64_t offset, F&& f) {
  for_random_groups(n, [&](int64_t begin, int64_t end) {
    constexpr int64_t kChunk = 4 * kernels::kRandomGroup;
    uint64_t bits[kChunk];
    for (int64_t i = begin; i < end; i += kChunk) {
      const int64_t m = end - i < kChunk ? end - i : kChunk;
      kernels::random().bits(m, bits, seed, kernels::random_counter(offset, i, true));
      f(static_cast<const uint64_t*>(bits), i, m);
    }
  });
}
// In [0, 1).
inline double unit_interval(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

WENGERT_NAMESPACE_END
