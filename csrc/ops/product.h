// The matrix product on memory, shared by the operations that contain one.
#pragma once

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// A matrix, or a batch of them: a tensor of two or three dimensions, whose last two are exchanged
// if it is turned.
struct Factor {
  Factor(const Tensor& t, bool turned = false) : t(t), turned(turned) {}
  const Tensor& t;
  bool turned;
};

// c = or += a b, for factors of one dtype; c is contiguous, whatever its shape. Only float32 and
// float64 are accumulated. A bias adds a number to each column of a floating product.
void matrix_product(const char* op, const Factor& a, const Factor& b, const Tensor& c,
                    bool accumulate, const Tensor* bias = nullptr);

WENGERT_NAMESPACE_END
