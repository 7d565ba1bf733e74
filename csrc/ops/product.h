// The matrix product on memory, shared by the operations that contain one.
#pragma once

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// c (contiguous, or a dense accumulator) = or += a b, for 2-d or 3-d operands of one dtype. Only
// float32 and float64 are accumulated. With a bias (floating dtypes), one number for each column is
// added.
void matrix_product(const char* op, const Tensor& a, const Tensor& b, const Tensor& c,
                    bool accumulate, const Tensor& bias = {});

WENGERT_NAMESPACE_END
