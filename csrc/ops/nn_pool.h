// What the poolings have in common.
#pragma once

#include "kernels/neural.h"
#include "ops/op.h"
#include "runtime/parallel.h"

WENGERT_NAMESPACE_BEGIN
namespace detail {

// Two numbers from one or two.
Shape pool_pair(const char* op, const char* what, Dims values, int64_t least);
// The number of windows down and across the planes of x; checks all sizes.
Shape pool_output(const char* op, const TensorImpl& x, const Shape& kernel, const Shape& stride,
                  const Shape& padding, const Shape& dilation, bool ceil_mode);

}  // namespace detail
WENGERT_NAMESPACE_END
