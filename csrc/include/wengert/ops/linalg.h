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
// Matrix times vector, and dot products of vectors.
WENGERT_API Tensor mv(const Tensor& input, const Tensor& vec);
WENGERT_API Tensor dot(const Tensor& input, const Tensor& other);
// Sums of products over the last dimension of both; the plain product where one is a number.
WENGERT_API Tensor inner(const Tensor& input, const Tensor& other);
// Every element of one vector times every element of the other.
WENGERT_API Tensor outer(const Tensor& input, const Tensor& vec2);

// beta input + alpha mat1 mat2, input being broadcast; with beta = 0 its elements do not matter.
WENGERT_API Tensor addmm(const Tensor& input, const Tensor& mat1, const Tensor& mat2,
                         const Scalar& beta = 1, const Scalar& alpha = 1);
WENGERT_API Tensor baddbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2,
                           const Scalar& beta = 1, const Scalar& alpha = 1);
// The same with the products of a batch summed.
WENGERT_API Tensor addbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2,
                          const Scalar& beta = 1, const Scalar& alpha = 1);
WENGERT_API Tensor addmv(const Tensor& input, const Tensor& mat, const Tensor& vec,
                         const Scalar& beta = 1, const Scalar& alpha = 1);
WENGERT_API Tensor addr(const Tensor& input, const Tensor& vec1, const Tensor& vec2,
                        const Scalar& beta = 1, const Scalar& alpha = 1);

WENGERT_API Tensor kron(const Tensor& input, const Tensor& other);
// Cross products along a dimension of size 3, over which both broadcast.
WENGERT_API Tensor cross(const Tensor& input, const Tensor& other, int64_t dim = -1);
// Sums over the given dimensions of each, taken pair by pair.
WENGERT_API Tensor tensordot(const Tensor& a, const Tensor& b, Dims dims_a, Dims dims_b);

WENGERT_NAMESPACE_END
