// Random numbers for samplers that do not know how many they need: each element has a stream of
// its own, so that what it gets depends on the seed, the offset and its place alone.
#pragma once

#include <cmath>
#include <cstdint>

#include "runtime/philox.h"
#include "wengert/export.h"

WENGERT_NAMESPACE_BEGIN

class RandomStream {
 public:
  RandomStream(uint64_t seed, uint64_t offset, int64_t element)
      : seed_(seed), counter_(offset + static_cast<uint64_t>(element)) {}

  // In (0, 1).
  double uniform() {
    if (!left_) refill();
    return values_[--left_];
  }
  // Box and Muller's method.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(6.28318530717958647693 * uniform());
  }

 private:
  void refill() {
    const runtime::PhiloxBlock b = runtime::philox(seed_, counter_, ++sub_);
    for (int i = 0; i < 2; ++i) {
      const uint64_t bits = static_cast<uint64_t>(b.v[2 * i]) << 32 | b.v[2 * i + 1];
      values_[i] = (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
    }
    left_ = 2;
  }

  uint64_t seed_, counter_, sub_ = 0;
  int left_ = 0;
  double values_[2];
};

WENGERT_NAMESPACE_END
