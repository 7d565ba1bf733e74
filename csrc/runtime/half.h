// The floating dtypes of 16 bits, which are computed in float32.
#pragma once

#include "wengert/dtype.h"

WENGERT_NAMESPACE_BEGIN

constexpr bool is_half(DType t) { return t == DType::float16 || t == DType::bfloat16; }
// What kernels compute in for operands of dtype t.
constexpr DType compute_dtype(DType t) { return is_half(t) ? DType::float32 : t; }

WENGERT_NAMESPACE_END
