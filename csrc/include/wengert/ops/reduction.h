// Reductions. No dims means all of them.
#pragma once

#include <optional>
#include <utility>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// Integers and bools are summed as int64.
WENGERT_API Tensor sum(const Tensor& input, Dims dims = {}, bool keepdim = false,
                       std::optional<DType> dtype = {});
WENGERT_API Tensor mean(const Tensor& input, Dims dims = {}, bool keepdim = false,
                        std::optional<DType> dtype = {});
// Sorted values along dim, and where each came from (int64). Equal elements keep their order, and
// NaN counts as greatest.
WENGERT_API std::pair<Tensor, Tensor> sort(const Tensor& input, int64_t dim = -1,
                                           bool descending = false, bool stable = true);

WENGERT_NAMESPACE_END
