// Cholesky factors of positive definite matrices, and what is solved with them.
#include <algorithm>
#include <cmath>

#include "autograd/levels.h"
#include "ops/function.h"
#include "ops/linalg_check.h"
#include "ops/operations.h"
#include "ops/real_types.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

template <class T>
T conjugate(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return x;
  } else {
    return std::conj(x);
  }
}

// The lower triangle of a becomes its factor, column after column. Returns 0, or the order of the
// first leading minor that is not positive, where it stops.
template <class T>
int32_t factorize(T* a, int64_t n, std::vector<T>& column) {
  column.resize(static_cast<size_t>(n));
  for (int64_t j = 0; j < n; ++j) {
    const auto d = std::real(a[j * n + j]);
    if (!(d > 0) || !std::isfinite(d)) return static_cast<int32_t>(j + 1);
    const auto root = std::sqrt(d);
    a[j * n + j] = root;
    for (int64_t i = j + 1; i < n; ++i) column[static_cast<size_t>(i)] = a[i * n + j] /= root;
    for (int64_t i = j + 1; i < n; ++i) {
      const T factor = column[static_cast<size_t>(i)];
      T* row = a + i * n;
      for (int64_t k = j + 1; k <= i; ++k) {
        row[k] -= factor * conjugate(column[static_cast<size_t>(k)]);
      }
    }
  }
  return 0;
}

// L with L L^H = A, of which the lower triangle is read; the second output says where it failed.
struct Cholesky {
  static constexpr const char* name = "cholesky";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::leading;
  static constexpr Save saves[] = {save_output(0)};
  void infer(Infer& m) const {
    const Dims s = m.in(0).sizes();
    m.out(0).dtype = m.in(0).dtype;
    m.out(0).shape = s;
    m.out(1).dtype = DType::int32;
    m.out(1).shape = Dims(s.data(), s.size() - 2);
  }
  void compute(Compute& c) const {
    copy_elements(*c.out().impl(), *tril(c.in(0)).impl());
    with_inexact_type(name, c.out().dtype(),
                      [&](auto zero) { run<decltype(zero)>(c.out(), c.out(1)); });
  }
  // Murray, "Differentiation of the Cholesky decomposition" (arXiv:1602.07527), equation 10.
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    const Tensor &l = v.saved(0), upper = adjoint(l);
    const Tensor phi = halved(matmul(upper, v.grad(0)));
    const Tensor s =
        solve_triangular(l, solve_triangular(upper, phi, true, true, false), false, false, false);
    v.set(0, mul(add(s, adjoint(s)), 0.5));
  }
  // L phi(L^-1 A' L^-H), where phi is the lower triangle with half of the diagonal.
  void jvp(Jvp& j) const {
    const Tensor &l = j.out(0), &t = j.tangent(0);
    const Tensor both = mul(add(t, adjoint(t)), 0.5);
    const Tensor left = solve_triangular(l, both, false, true, false);
    j.set(0, matmul(l, halved(solve_triangular(adjoint(l), left, true, false, false))));
  }

 private:
  static Tensor halved(const Tensor& x) {
    const Tensor low = tril(x);
    return sub(low, mul(diag_embed(diagonal(low, 0, -2, -1)), 0.5));
  }
  template <class T>
  void run(const Tensor& l, const Tensor& info) const {
    const int64_t n = l.size(-1), count = info.numel();
    runtime::parallel_for(count, std::max<int64_t>(1, 32768 / std::max<int64_t>(1, n * n * n)),
                          [&](int64_t begin, int64_t end) {
                            std::vector<T> column;
                            for (int64_t i = begin; i < end; ++i)
                              info.data<int32_t>()[i] =
                                  factorize(l.data<T>() + i * n * n, n, column);
                          });
  }
};

void check_info(const char* op, const Tensor& found) {
  const Tensor info = all_examples(found);
  const int32_t* order = info.data<int32_t>();
  for (int64_t i = 0; i < info.numel(); ++i) {
    if (order[i] == 0) continue;
    const std::string which = info.dim() ? "(Batch element " + std::to_string(i) + "): " : "";
    fail<LinAlgError>(op, ": ", which, "the matrix is not positive definite: its leading minor of ",
                      "order ", order[i], " is not positive");
  }
}

Tensor lower_factor(const Tensor& l, bool upper) { return upper ? adjoint(l) : l; }

}  // namespace

std::pair<Tensor, Tensor> cholesky_ex(const Tensor& a, bool upper, bool check_errors) {
  check_square("linalg.cholesky_ex", a);
  auto [l, info] = apply_many<2>(Cholesky{}, lower_factor(a, upper));
  if (check_errors) check_info("linalg.cholesky_ex", info);
  return {lower_factor(l, upper), info};
}
Tensor cholesky(const Tensor& a, bool upper) {
  check_square("linalg.cholesky", a);
  const auto [l, info] = apply_many<2>(Cholesky{}, lower_factor(a, upper));
  check_info("linalg.cholesky", info);
  return lower_factor(l, upper);
}

Tensor cholesky_solve(const Tensor& b, const Tensor& l, bool upper) {
  check_matrix("cholesky_solve", b);
  check_square("cholesky_solve", l);
  const Tensor low = lower_factor(l, upper);
  return solve_triangular(adjoint(low), solve_triangular(low, b, false, true, false), true, true,
                          false);
}
Tensor cholesky_inverse(const Tensor& l, bool upper) {
  check_square("cholesky_inverse", l);
  const Tensor inverse = solve_triangular(
      lower_factor(l, upper), eye(l.size(-1), l.size(-1), l.dtype()), false, true, false);
  return matmul(adjoint(inverse), inverse);
}

namespace {
// Random matrices are not positive definite, nor do their perturbations stay symmetric: the tests
// of tests/parity and tests/test_distributions.py take the place of samples.
constexpr Function rows[] = {
    make_function<cholesky>("cholesky", "input, upper=False", kFunction | kMethod | kOut,
                            "The triangular L with L L^H = input, or U with U^H U = input"),
    make_function<cholesky_ex>(
        "_cholesky_ex", "A, *, upper=False, check_errors=False -> L, info",
        kFunction | kInternal | kOut,
        "The Cholesky factor and, for each matrix, the order of the leading minor that is not "
        "positive, or 0"),
    make_function<cholesky_solve>("cholesky_solve", "B, L, upper=False", kFunction | kMethod | kOut,
                                  "x with A x = B, where L is the Cholesky factor of A"),
    make_function<cholesky_inverse>("cholesky_inverse", "L, upper=False",
                                    kFunction | kMethod | kOut,
                                    "The inverse of A, where L is its Cholesky factor"),
};
}  // namespace

extern const FunctionTable linalg_cholesky_functions;
const FunctionTable linalg_cholesky_functions = {rows, std::size(rows)};

WG_OPERATIONS(linalg_cholesky, operation<Cholesky>())

WENGERT_NAMESPACE_END
