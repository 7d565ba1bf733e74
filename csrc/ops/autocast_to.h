// Autocast inside of compositions: their products, and nothing else, take short inputs.
#pragma once

#include <optional>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// The tensor as a product takes it: in `dtype`, unless it is not floating or float64.
inline Tensor autocast_to(const Tensor& t, DType dtype) {
  return is_floating(t.dtype()) && t.dtype() != DType::float64 ? t.to(dtype) : t;
}
inline Tensor autocast_to(const Tensor& t, std::optional<DType> dtype) {
  return dtype ? autocast_to(t, *dtype) : t;
}

WENGERT_NAMESPACE_END
