// Products of vectors and matrices, triangular systems, Cholesky factors.
#pragma once

#include <string_view>
#include <tuple>
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

// x with A x = B, or x A = B where not left; B may be vectors. LinAlgError where A is singular.
WENGERT_API Tensor linalg_solve(const Tensor& a, const Tensor& b, bool left = true);
// The same, and for each matrix 0 or the place of its first zero pivot.
WENGERT_API std::pair<Tensor, Tensor> linalg_solve_ex(const Tensor& a, const Tensor& b,
                                                      bool left = true, bool check_errors = false);
WENGERT_API Tensor linalg_inv(const Tensor& a);
WENGERT_API std::pair<Tensor, Tensor> linalg_inv_ex(const Tensor& a, bool check_errors = false);
WENGERT_API Tensor det(const Tensor& a);
// Signs of determinants and logarithms of their absolute values.
WENGERT_API std::pair<Tensor, Tensor> slogdet(const Tensor& a);
WENGERT_API Tensor logdet(const Tensor& a);
// P, L, U with A = P L U.
WENGERT_API std::tuple<Tensor, Tensor, Tensor> linalg_lu(const Tensor& a, bool pivot = true);
// Both factors in one matrix, and the exchanges of rows (from 1); then also `info`.
WENGERT_API std::pair<Tensor, Tensor> linalg_lu_factor(const Tensor& a, bool pivot = true);
WENGERT_API std::tuple<Tensor, Tensor, Tensor> linalg_lu_factor_ex(const Tensor& a,
                                                                   bool pivot = true,
                                                                   bool check_errors = false);
WENGERT_API std::tuple<Tensor, Tensor, Tensor> lu_unpack(const Tensor& lu, const Tensor& pivots,
                                                         bool unpack_data = true,
                                                         bool unpack_pivots = true);
// x with A x = B (A^T x = B with adjoint), or x A = B where not left, from the LU factors of A.
WENGERT_API Tensor lu_solve(const Tensor& lu, const Tensor& pivots, const Tensor& b,
                            bool left = true, bool adjoint = false);

// Q and R with A = Q R: "reduced", "complete", or "r" for R alone.
WENGERT_API std::pair<Tensor, Tensor> linalg_qr(const Tensor& a, std::string_view mode = "reduced");
// U, S, V^T with A = U diag(S) V^T, the singular values descending.
WENGERT_API std::tuple<Tensor, Tensor, Tensor> linalg_svd(const Tensor& a,
                                                          bool full_matrices = true);
WENGERT_API Tensor linalg_svdvals(const Tensor& a);
// Ascending eigenvalues and the eigenvectors (columns) of symmetric matrices, of which the triangle
// "L" or "U" is read.
WENGERT_API std::pair<Tensor, Tensor> linalg_eigh(const Tensor& a, std::string_view uplo = "L");
WENGERT_API Tensor linalg_eigvalsh(const Tensor& a, std::string_view uplo = "L");

WENGERT_NAMESPACE_END
