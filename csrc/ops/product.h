// Matrix products into memory that exists.
#pragma once

#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

// c (row-major) = or += a b, for 2-d or 3-d operands of one dtype; with a bias (floating dtypes),
// one number for each column is added.
void product(const char* op, const Tensor& a, const Tensor& b, const Tensor& c, bool accumulate,
             const Tensor& bias = {});

WENGERT_NAMESPACE_END
