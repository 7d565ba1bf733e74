// What the constructors of layers have in common.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>

#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/ops/creation.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

inline void check_size(const char* layer, const char* name, int64_t size, int64_t least = 1) {
  WG_CHECK(size >= least, ValueError, layer, ": ", name, " must be at least ", least, ", but is ",
           size);
}

// 1 / sqrt(fan_in), or 0 where that is 0.
inline double bound_for(int64_t fan_in) {
  return fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
}

inline int64_t product(Dims sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
}

}  // namespace nn
WENGERT_NAMESPACE_END
