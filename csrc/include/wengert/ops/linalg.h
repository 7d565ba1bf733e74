// Products of vectors and matrices, triangular systems, Cholesky factors.
#pragma once

#include <utility>

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

// x with A x = B, or x A = B where not left; A is triangular, and with unitriangular its diagonal
// counts as ones. Leading dimensions broadcast.
WENGERT_API Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper, bool left = true,
                                    bool unitriangular = false);
// The same with A's transpose where asked for, and a copy of A.
WENGERT_API std::pair<Tensor, Tensor> triangular_solve(const Tensor& b, const Tensor& a,
                                                       bool upper = true, bool transposed = false,
                                                       bool unitriangular = false);

// The triangular L with L L^T = A, or U with U^T U = A; that triangle of A is read. LinAlgError
// unless A is positive definite.
WENGERT_API Tensor cholesky(const Tensor& a, bool upper = false);
// The factor, and for each matrix 0 or the order of its first leading minor that is not positive.
WENGERT_API std::pair<Tensor, Tensor> cholesky_ex(const Tensor& a, bool upper = false,
                                                  bool check_errors = false);
// x with A x = B, and the inverse of A, by its Cholesky factor.
WENGERT_API Tensor cholesky_solve(const Tensor& b, const Tensor& l, bool upper = false);
WENGERT_API Tensor cholesky_inverse(const Tensor& l, bool upper = false);

WENGERT_NAMESPACE_END
