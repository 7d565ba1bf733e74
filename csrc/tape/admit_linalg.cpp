// What files may ask of products, factorizations and solutions.
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
// Input 1 has as many rows as the square matrices of input 0, one for each.
void right_side(C c) {
  matrices(c, 1), c.same_dtype(0, 1);
  c.need(c.in(0).ndim == c.in(1).ndim && c.size(1, -2) == c.size(0, -1), "another number of rows");
  for (int i = 0; i < c.in(0).ndim - 2; ++i)
    c.need(c.size(0, i) == c.size(1, i), "another number of matrices");
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
    {"cholesky", 1, 1, 0, 2, square_matrices},
    // Its rule and that of a solution follow pivots, which only LAPACK checks, and it does not.
    {"lu_factor", 1, 1, 0, 3, [](C c) { c.no_rule(), matrices(c, 0); }},
    {"linalg_solve", 2, 2, 0, 4, [](C c) { c.no_rule(), square_matrices(c), right_side(c); }},
    {"solve_triangular", 2, 2, 0, 1, [](C c) { square_matrices(c), right_side(c); }},
    {"det", 1, 1, 0, 1, square_matrices},
    {"slogdet", 1, 1, 0, 2, square_matrices},
    {"linalg_svd", 1, 1, 0, 4, [](C c) { matrices(c, 0); }},
    {"linalg_qr", 1, 1, 0, 2, [](C c) { matrices(c, 0); }},
    {"matrix_exp", 1, 1, 0, 1, square_matrices},
    {"linalg_eigh", 1, 1, 0, 3, square_matrices},
};

}  // namespace

WG_ADMIT(linalg)

}  // namespace tape
WENGERT_NAMESPACE_END
