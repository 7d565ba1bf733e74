// Systems of equations with triangular matrices.
#include <algorithm>

#include "ops/function.h"
#include "ops/linalg_check.h"
#include "ops/operations.h"
#include "ops/real_types.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// x = a^-1 x for the triangle of a (n x n), x having m columns; both row-major.
template <class T>
void solve(const T* a, T* x, int64_t n, int64_t m, bool upper, bool unit) {
  for (int64_t step = 0; step < n; ++step) {
    const int64_t i = upper ? n - 1 - step : step;
    const int64_t begin = upper ? i + 1 : 0, end = upper ? n : i;
    T* to = x + i * m;
    for (int64_t k = begin; k < end; ++k) {
      const T factor = a[i * n + k];
      const T* from = x + k * m;
      for (int64_t j = 0; j < m; ++j) to[j] -= factor * from[j];
    }
    if (unit) continue;
    const T pivot = a[i * n + i];
    for (int64_t j = 0; j < m; ++j) to[j] /= pivot;
  }
}

// x with a x = b.
struct SolveTriangular {
  bool upper, unit;
  static constexpr const char* name = "solve_triangular";
  WG_FIELDS(upper, unit)
  static constexpr Batching batching = Batching::leading_all;
  static constexpr Save saves[] = {save_input(0), save_output(0, for_input(0))};
  void infer(Infer& m) const {
    m.out().dtype = m.in(1).dtype;
    m.out().shape = m.in(1).sizes();
  }
  void compute(Compute& c) const {
    const Tensor a = as_contiguous(c.in(0));
    copy_elements(*c.out().impl(), *c.in(1).impl());
    with_inexact_type(name, c.out().dtype(), [&](auto zero) { run<decltype(zero)>(a, c.out()); });
  }
  void vjp(Vjp& v) const {
    const Tensor& a = v.saved(0);
    const Tensor g = apply(SolveTriangular{!upper, unit}, adjoint(a), v.grad());
    if (v.needs(1)) v.set(1, g);
    if (v.needs(0)) {
      const Tensor full = neg(matmul(g, adjoint(v.saved(1))));
      v.set(0, triangle(full));
    }
  }
  void jvp(Jvp& j) const {
    Tensor right = j.tangent(1);
    if (j.has(0)) {
      const Tensor moved = matmul(triangle(j.tangent(0)), j.out());
      right = right.defined() ? right - moved : neg(moved);
    }
    j.set(0, apply(*this, j.in(0), right));
  }

 private:
  // What is read of a matrix.
  Tensor triangle(const Tensor& t) const {
    return upper ? triu(t, unit ? 1 : 0) : tril(t, unit ? -1 : 0);
  }
  template <class T>
  void run(const Tensor& a, const Tensor& x) const {
    const int64_t n = x.size(-2), m = x.size(-1);
    if (x.numel() == 0) return;
    runtime::parallel_for(x.numel() / (n * m), std::max<int64_t>(1, 32768 / (n * n * m)),
                          [&](int64_t begin, int64_t end) {
                            for (int64_t i = begin; i < end; ++i)
                              solve(a.data<T>() + i * n * n, x.data<T>() + i * n * m, n, m, upper,
                                    unit);
                          });
  }
};

}  // namespace

Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper, bool left,
                        bool unitriangular) {
  constexpr const char* op = "solve_triangular";
  check_square(op, a);
  check_matrix(op, b);
  WG_CHECK(a.dtype() == b.dtype(), Error, op, ": A has dtype ", a.dtype(), ", but B has ",
           b.dtype());
  WG_CHECK(a.size(-1) == b.size(left ? -2 : -1), Error, op, ": the matrices of shapes ", a.shape(),
           " and ", b.shape(), " do not fit", left ? "" : " with left=False");
  const auto [x, y] = broadcast_batches(op, a, b);
  if (left) return apply(SolveTriangular{upper, unitriangular}, x, y);
  return turned(apply(SolveTriangular{!upper, unitriangular}, turned(x), turned(y)));
}

std::pair<Tensor, Tensor> triangular_solve(const Tensor& b, const Tensor& a, bool upper,
                                           bool transposed, bool unitriangular) {
  check_square("triangular_solve", a);
  check_matrix("triangular_solve", b);
  const auto [x, y] = broadcast_batches("triangular_solve", a, b);
  return {transposed ? solve_triangular(turned(x), y, !upper, true, unitriangular)
                     : solve_triangular(x, y, upper, true, unitriangular),
          clone(x)};
}

namespace {
// Diagonals between 1 and 2, far from singular.
constexpr Function rows[] = {
    make_function<solve_triangular>(
        "_solve_triangular", "A, B, *, upper, left=True, unitriangular=False",
        kFunction | kInternal | kOut, "x with A x = B (left) or x A = B, where A is triangular",
        "T((3, 3), 1, 2), T((3, 2)), upper=False\nT((2, 3, 3), 1, 2), T((4, 3)), upper=True, "
        "left=False\nT((3, 3)), T((2, 3, 1)), upper=True, unitriangular=True"),
    make_function<triangular_solve>(
        "triangular_solve",
        "input, A, upper=True, transpose=False, unitriangular=False -> solution, "
        "cloned_coefficient",
        kFunction | kMethod, "x with A x = input, where A is triangular, and a copy of A",
        "T((3, 2)), T((3, 3), 1, 2)\nT((2, 3, 1)), T((3, 3), 1, 2), False, True"),
};
}  // namespace

extern const FunctionTable linalg_triangular_functions;
const FunctionTable linalg_triangular_functions = {rows, std::size(rows)};

WG_OPERATIONS(linalg_triangular, operation<SolveTriangular>())

WENGERT_NAMESPACE_END
