// The exponential of matrices.
#include <cmath>

#include "ops/function.h"
#include "ops/linalg_lapack.h"
#include "ops/operations.h"

WENGERT_NAMESPACE_BEGIN

namespace {

Tensor whole(const Tensor& t) { return unsqueeze(unsqueeze(t, -1), -1); }

// The greatest sum of absolute values of a column, for each matrix.
Tensor column_norm(const Tensor& a) {
  constexpr int64_t rows = -2;
  return amax(sum(abs(a), Dims(&rows, 1)), last_dim());
}

// Higham, "The scaling and squaring method for the matrix exponential revisited" (2005): the Pade
// approximant of degree 13 of A / 2^s, squared s times.
Tensor exponential(const Tensor& a) {
  constexpr double theta = 5.371920351148152;
  constexpr double b[] = {64764752532480000.,
                          32382376266240000.,
                          7771770303897600.,
                          1187353796428800.,
                          129060195264000.,
                          10559470521600.,
                          670442572800.,
                          33522128640.,
                          1323241920.,
                          40840800.,
                          960960.,
                          16380.,
                          182.,
                          1.};
  const Tensor norms = to(column_norm(a), DType::float64);
  const Tensor steps =
      where(isfinite(norms), relu(ceil(log2(norms / theta))), zeros({}, DType::float64));
  const Tensor x = a * whole(to(exp2(neg(steps)), real_of(a.dtype())));
  const int64_t n = a.size(-1);
  const Tensor one = eye(n, n, a.dtype());
  const Tensor x2 = matmul(x, x), x4 = matmul(x2, x2), x6 = matmul(x4, x2);
  const Tensor odd = matmul(x6, x6 * b[13] + x4 * b[11] + x2 * b[9]) + x6 * b[7] + x4 * b[5] +
                     x2 * b[3] + one * b[1];
  const Tensor even = matmul(x6, x6 * b[12] + x4 * b[10] + x2 * b[8]) + x6 * b[6] + x4 * b[4] +
                      x2 * b[2] + one * b[0];
  const Tensor u = matmul(x, odd);
  Tensor result = linalg_solve_ex(even - u, even + u).first;
  const auto most = static_cast<int64_t>(amax(steps).item<double>());
  for (int64_t i = 0; i < most; ++i) {
    result = where(whole(steps > i), matmul(result, result), result);
  }
  return result;
}

struct MatrixExp {
  static constexpr const char* name = "matrix_exp";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::leading;
  static constexpr Save saves[] = {save_input(0)};
  void infer(Infer& m) const { set_dense(m.out(), m.in(0).dtype, m.in(0).sizes()); }
  void compute(Compute& c) const {
    if (c.out().numel() == 0) return;
    copy_elements(*c.out().impl(), *exponential(c.in(0).detach()).impl());
  }
  void vjp(Vjp& v) const { v.set(0, derivative(adjoint(v.saved(0)), v.grad())); }
  void jvp(Jvp& j) const { j.set(0, derivative(j.in(0), j.tangent(0))); }

 private:
  // Mathias, "A chain rule for matrix functions and applications" (1996): the exponential of
  // (A G; 0 A) has the derivative at A in direction G above its diagonal. It is linear in G, which
  // is scaled so as not to rule how often is squared.
  static Tensor derivative(const Tensor& a, const Tensor& g) {
    const int64_t n = g.size(-1);
    if (g.numel() == 0) return g;
    const Tensor norm = column_norm(g.detach());
    const Tensor scale = whole(where(norm > 0, norm, ones({}, norm.dtype())));
    const Tensor top = cat({{a, g / scale}}, -1), bottom = cat({{zeros_like(a), a}}, -1);
    const Tensor found = apply(MatrixExp{}, cat({{top, bottom}}, -2));
    return narrow(narrow(found, -2, 0, n), -1, n, n) * scale;
  }
};

}  // namespace

Tensor matrix_exp(const Tensor& a) {
  check_square("linalg.matrix_exp", a);
  return apply(MatrixExp{}, a);
}

namespace {
constexpr Function rows[] = {
    make_function<matrix_exp>("matrix_exp", "input", kFunction | kMethod,
                              "The exponential of each square matrix",
                              "T((3, 3))\nT((2, 3, 3))\nT((2, 2), -3, 3)",
                              "np.stack([scipy.linalg.expm(a) for a in input.reshape((-1,) + "
                              "input.shape[-2:])]).reshape(input.shape)"),
};
}  // namespace

extern const FunctionTable linalg_exp_functions;
const FunctionTable linalg_exp_functions = {rows, std::size(rows)};

WG_OPERATIONS(linalg_exp, operation<MatrixExp>())

WENGERT_NAMESPACE_END
