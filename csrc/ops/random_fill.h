// Arrays of random numbers: element i depends on the seed, the offset and i alone.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>


#include "runtime/parallel.h"
#include "runtime/philox.h"
#include "wengert/export.h"

WENGERT_NAMESPACE_BEGIN

// Each block of 128 bits gives two elements, of any dtype.
inline uint64_t random_blocks(int64_t n) { return (static_cast<uint64_t>(n) + 1) / 2; }

// In [0, 1): 24 or 53 random bits.
template <class T>
T unit_interval(uint32_t low, uint32_t high) {
  if constexpr (std::is_same_v<T, double>) {
    const uint64_t bits = (uint64_t{high} << 32 | low) >> 11;
    return static_cast<double>(bits) * 0x1p-53;
  } else {
    return static_cast<T>(high >> 8) * static_cast<T>(0x1p-24);
  }
}

// Calls f(i, u0, u1) for pairs of elements i and i + 1 with two uniform numbers.
template <class T, class F>
void for_random_pairs(int64_t n, uint64_t seed, uint64_t offset, F&& f) {
  runtime::parallel_for((n + 1) / 2, 8192, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const runtime::PhiloxBlock r = runtime::philox(seed, offset + static_cast<uint64_t>(k));
      f(2 * k, unit_interval<T>(r.v[0], r.v[1]), unit_interval<T>(r.v[2], r.v[3]));
    }
  });
}

template <class T>
void fill_uniform(T* p, int64_t n, uint64_t seed, uint64_t offset, double from, double to) {
  const T a = static_cast<T>(from), width = static_cast<T>(to - from), high = static_cast<T>(to);
  for_random_pairs<T>(n, seed, offset, [&](int64_t i, T u, T v) {
    // Rounding may reach the upper bound, which is not included.
    const T x = a + u * width, y = a + v * width;
    p[i] = x < high || width == 0 ? x : a;
    if (i + 1 < n) p[i + 1] = y < high || width == 0 ? y : a;
  });
}

// Box and Muller, Ann. Math. Statist. 29 (1958): two normal numbers from two uniform ones.
template <class T>
void fill_normal(T* p, int64_t n, uint64_t seed, uint64_t offset, double mean, double std) {
  for_random_pairs<T>(n, seed, offset, [&](int64_t i, T u, T v) {
    const double r = std::sqrt(-2 * std::log1p(-static_cast<double>(u)));
    const double angle = 6.283185307179586476925 * static_cast<double>(v);
    p[i] = static_cast<T>(mean + std * r * std::cos(angle));
    if (i + 1 < n) p[i + 1] = static_cast<T>(mean + std * r * std::sin(angle));
  });
}

WENGERT_NAMESPACE_END
