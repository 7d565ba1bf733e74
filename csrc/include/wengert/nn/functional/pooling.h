// Pooling. What is not said here stands in wengert/ops/nn.h.
#pragma once

#include <array>

#include "wengert/nn/size.h"
#include "wengert/ops/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

#define WENGERT_POOL(n)                      \
  using wengert::max_pool##n;                \
  using wengert::max_pool##n##_with_indices; \
  using wengert::avg_pool##n;                \
  using wengert::adaptive_avg_pool##n;       \
  using wengert::adaptive_max_pool##n;       \
  using wengert::max_unpool##n;
WENGERT_POOL(1d)
WENGERT_POOL(2d)
WENGERT_POOL(3d)
#undef WENGERT_POOL
using wengert::fractional_max_pool2d;
using wengert::fractional_max_pool3d;

// (sum of x^norm_type)^(1 / norm_type) of each window of (N, C, ...) or (C, ...); a window cut off
// at the border counts as if it were whole. No stride means the kernel's size.
#define WENGERT_POOL(n)                                                                  \
  WENGERT_API Tensor lp_pool##n(const Tensor& input, double norm_type, Dims kernel_size, \
                                Dims stride = {}, bool ceil_mode = false);
WENGERT_POOL(1d)
WENGERT_POOL(2d)
WENGERT_POOL(3d)
#undef WENGERT_POOL

// The size of which windows may have been pooled to the input's: `output_size` (of the spatial
// dimensions, or of all), or the smallest one where that is empty. ValueError for another one.
WENGERT_API std::vector<int64_t> unpooled_size(const Tensor& input, Dims kernel_size, Dims stride,
                                               Dims padding, Dims output_size);
// Numbers that draw the places of fractional pooling's windows, for `dims` spatial dimensions.
WENGERT_API Tensor fractional_samples(const Tensor& input, int64_t dims);

}  // namespace nn::functional
WENGERT_NAMESPACE_END
