// What files may ask of products, factorizations and solutions.
#include <algorithm>

#include "kernels/quantized.h"
#include "tape/admit_call.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

void matrices(C c, int i) {
  c.least_ndim(i, 2);
  c.need(is_differentiable(c.in(i).dtype) && item_size(c.in(i).dtype) >= 4,
         "expected float32, float64 or complex numbers");
}
void square_matrices(C c) {
  matrices(c, 0);
  c.need(c.size(0, -1) == c.size(0, -2), "expected square matrices");
}
// Input k has as many rows as the matrices of input 0, one for each.
void right_side(C c, int k = 1) {
  matrices(c, k), c.same_dtype(0, k);
  c.need(c.in(0).ndim == c.in(k).ndim && c.size(k, -2) == c.size(0, -2), "another number of rows");
  for (int i = 0; i < c.in(0).ndim - 2; ++i)
    c.need(c.size(0, i) == c.size(k, i), "another number of matrices");
}
// Input k has a vector for each of the matrices of input 0.
void vectors(C c, int k) {
  c.need(c.in(0).ndim == c.in(k).ndim + 1, "expected a vector for each matrix");
  for (int i = 0; i < c.in(0).ndim - 2; ++i)
    c.need(c.size(0, i) == c.size(k, i), "another number of vectors");
}
void reflectors(C c) {
  matrices(c, 0), vectors(c, 1), c.same_dtype(0, 1), right_side(c, 2);
  c.need(c.size(1, -1) <= std::min(c.size(0, -1), c.size(0, -2)), "too many reflectors");
}
void distances(C c) {
  for (int i = 0; i < 2; ++i) c.ndim(i, 3), c.wide(i);
  c.same_dtype(0, 1);
  c.need(c.size(0, 0) == c.size(1, 0) && c.size(0, 2) == c.size(1, 2), "rows of another length");
  const double p = c.get<double>("p");
  c.need(p >= 0 && (p == 2 || !c.get<bool>("product")), "no such norm");
}

const Rule rules[] = {
    {"mm", 2, 2, 0, 1, [](C c) { c.ndim(0, 2), c.ndim(1, 2); }},
    {"bmm", 2, 2, 0, 1, [](C c) { c.ndim(0, 3), c.ndim(1, 3); }},
    {"addmm", 3, 3, 0, 1,
     [](C c) {
       c.need(c.in(1).ndim == 2 || c.in(1).ndim == 3, "expected matrices");
       c.need(c.in(2).ndim == c.in(1).ndim, "expected matrices");
     }},
    {"linear", 2, 3, 0, 1,
     [](C c) {
       c.least_ndim(0, 1), c.ndim(1, 2), c.same_dtype(0, 1);
       c.need(c.size(0, -1) == c.size(1, 1), "rows of another length");
       if (c.inputs() > 2) c.has_shape(2, {c.size(1, 0)}), c.same_dtype(0, 2);
     }},
    {"quantized_linear", 3, 4, 0, 1,
     [](C c) {
       c.least_ndim(0, 1), c.wide(0), c.ndim(1, 2), c.dtype(1, DType::int8);
       c.need(c.size(0, -1) == c.size(1, 1), "rows of another length");
       c.need(c.size(1, 1) <= kernels::kQuantizedDepth, "rows that are too long");
       for (int i = 2; i < c.inputs(); ++i) c.same_dtype(0, i), c.has_shape(i, {c.size(1, 0)});
     }},
    {"cdist", 2, 2, 0, 1, distances},
    {"cholesky", 1, 1, 0, 2, square_matrices},
    {"lu_factor", 1, 1, 0, 3, [](C c) { matrices(c, 0); }},
    {"lu_permutation", 1, 1, 0, 1,
     [](C c) {
       c.least_ndim(0, 1), c.dtype(0, DType::int32), c.range("rows", c.size(0, -1), INT32_MAX);
       const DType t = c.get<DType>("dtype");
       c.need(is_differentiable(t) && item_size(t) >= 4, "no dtype of factors");
     }},
    {"linalg_solve", 2, 2, 0, 4, [](C c) { square_matrices(c), right_side(c); }},
    {"linalg_lstsq", 2, 2, 0, 4,
     [](C c) { matrices(c, 0), right_side(c), c.range("driver", 0, 4); }},
    {"linalg_ldl_factor", 1, 1, 0, 3, square_matrices},
    {"linalg_ldl_solve", 3, 3, 0, 1,
     [](C c) {
       square_matrices(c), vectors(c, 1), right_side(c, 2), c.dtype(1, DType::int32);
       c.need(c.size(1, -1) == c.size(0, -1), "another number of pivots");
     }},
    {"solve_triangular", 2, 2, 0, 1, [](C c) { square_matrices(c), right_side(c); }},
    {"det", 1, 1, 0, 1, square_matrices},
    {"slogdet", 1, 1, 0, 2, square_matrices},
    {"linalg_svd", 1, 1, 0, 4, [](C c) { matrices(c, 0); }},
    {"linalg_qr", 1, 1, 0, 2, [](C c) { matrices(c, 0); }},
    {"geqrf", 1, 1, 0, 2, [](C c) { matrices(c, 0); }},
    {"ormqr", 3, 3, 0, 1, reflectors},
    {"linalg_eig", 1, 1, 0, 3, square_matrices},
    {"matrix_exp", 1, 1, 0, 1, square_matrices},
    {"linalg_eigh", 1, 1, 0, 3, square_matrices},
};

}  // namespace

WG_ADMIT(linalg)

}  // namespace tape
WENGERT_NAMESPACE_END
