// How the losses of elements become one.
#pragma once

#include <string_view>

#include "tensor/check.h"
#include "wengert/ops/reduction.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

inline void check_reduction(const char* op, std::string_view reduction) {
  WG_CHECK(reduction == "mean" || reduction == "sum" || reduction == "none", ValueError, op, ": ",
           reduction, " is not a valid value for reduction; use 'mean', 'sum' or 'none'");
}

inline Tensor reduced(const Tensor& loss, std::string_view reduction) {
  return reduction == "mean" ? mean(loss) : reduction == "sum" ? sum(loss) : loss;
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
