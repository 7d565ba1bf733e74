// Eigenvalues of general matrices, exponentials, reflectors, LDL factors and least squares.
#pragma once

#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// Eigenvalues and eigenvectors of length 1 (columns) of square matrices, complex.
WENGERT_API std::pair<Tensor, Tensor> linalg_eig(const Tensor& a);
WENGERT_API Tensor linalg_eigvals(const Tensor& a);

// The exponential of each square matrix.
WENGERT_API Tensor matrix_exp(const Tensor& a);

// R, with the vectors of the reflectors whose product is Q below its diagonal; and their factors.
WENGERT_API std::pair<Tensor, Tensor> geqrf(const Tensor& a);
// The first columns of that product, as many as `a` has.
WENGERT_API Tensor linalg_householder_product(const Tensor& a, const Tensor& tau);
// That product, or its adjoint, times `other`, or `other` times it where not left.
WENGERT_API Tensor ormqr(const Tensor& a, const Tensor& tau, const Tensor& other, bool left = true,
                         bool transposed = false);

// The factors of symmetric (or hermitian) matrices, A = L D L^H with pivoting, as LAPACK packs
// them; then also, for each matrix, 0 or the place of the first zero on the diagonal of D.
WENGERT_API std::pair<Tensor, Tensor> linalg_ldl_factor(const Tensor& a, bool hermitian = false);
WENGERT_API std::tuple<Tensor, Tensor, Tensor> linalg_ldl_factor_ex(const Tensor& a,
                                                                    bool hermitian = false,
                                                                    bool check_errors = false);
// x with A x = B, from those factors.
WENGERT_API Tensor linalg_ldl_solve(const Tensor& ld, const Tensor& pivots, const Tensor& b,
                                    bool hermitian = false);

// The x of least norm among those for which |A x - B| is least; its squared residuals, the ranks
// and the singular values of A, each empty where the driver ("gels", "gelsy", "gelsd", "gelss")
// does not give it. Singular values up to rcond times the largest count as zero.
WENGERT_API std::tuple<Tensor, Tensor, Tensor, Tensor> linalg_lstsq(
    const Tensor& a, const Tensor& b, std::optional<double> rcond = std::nullopt,
    std::string_view driver = "gelsy");

WENGERT_NAMESPACE_END
