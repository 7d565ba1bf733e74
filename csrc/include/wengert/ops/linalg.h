// Products of vectors and matrices.
#pragma once

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// Matrix product: a dot product for two vectors, matrix times vector, or a batch of products whose
// leading dimensions broadcast.
WENGERT_API Tensor matmul(const Tensor& input, const Tensor& other);
// (n, k) times (k, m).
WENGERT_API Tensor mm(const Tensor& input, const Tensor& mat2);
// (b, n, k) times (b, k, m).
WENGERT_API Tensor bmm(const Tensor& input, const Tensor& mat2);

WENGERT_NAMESPACE_END
