// LDL factors of symmetric and Hermitian matrices, and systems solved with them.
#include "ops/function.h"
#include "ops/linalg_lapack.h"
#include "ops/operations.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using Sytrf = void(const char* uplo, const int* n, void* a, const int* lda, int* pivots, void* work,
                   const int* lwork, int* info);
using Sytrs = void(const char* uplo, const int* n, const int* columns, const void* a,
                   const int* lda, const int* pivots, void* b, const int* ldb, int* info);

// L and D below and on the diagonal, the exchanges, and where the first zero of D stands. The lower
// triangle is read.
struct LdlFactor {
  bool hermitian;
  static constexpr const char* name = "linalg_ldl_factor";
  WG_FIELDS(hermitian)
  static constexpr Batching batching = Batching::leading;
  void infer(Infer& m) const {
    const Dims s = m.in(0).sizes();
    const Shape batch = batch_shape(s);
    set_column_major(m.out(0), m.in(0).dtype, s);
    set_dense(m.out(1), DType::int32, with_vector(batch, s[s.size() - 1]));
    set_dense(m.out(2), DType::int32, batch);
  }
  void compute(Compute& c) const {
    copy_elements(*c.out(0).impl(), *tril(c.in(0).detach()).impl());
    with_element(c.out(0).dtype(), [&](auto zero) {
      using T = decltype(zero);
      Sytrf* const sytrf =
          lapack_routine<Sytrf, T>("linalg.ldl_factor", "sytrf", hermitian ? "hetrf" : "sytrf");
      const int64_t n = c.out(0).size(-1);
      const int order = static_cast<int>(n), ld = leading(n), size = 64 * leading(n);
      T* const a = static_cast<T*>(c.out(0).data());
      int32_t *const pivots = c.out(1).data<int32_t>(), *const code = c.out(2).data<int32_t>();
      for_each_matrix(c.out(2).numel(), n * n * n, [&](int64_t i) {
        code[i] = 0;
        if (n == 0) return;
        std::vector<T> work(static_cast<size_t>(size));
        sytrf("L", &order, a + i * n * n, &ld, pivots + i * n, work.data(), &size, code + i);
      });
    });
  }
  void vjp(Vjp&) const { no_derivative("linalg.ldl_factor"); }
};

// Places from 1 to n; those of a block of two are negative and stand twice.
void check_pivots(const Tensor& pivots) {
  const int64_t n = pivots.size(-1);
  for (int64_t i = 0; i < pivots.numel(); ++i) {
    const int32_t p = pivots.data<int32_t>()[i];
    const bool last = i % n == n - 1;
    const bool good =
        p > 0 ? p <= n : p < 0 && p >= -n && !last && pivots.data<int32_t>()[i + 1] == p;
    WG_CHECK(good, Error, "linalg.ldl_solve: ", p, " is not a pivot of an LDL factorization");
    if (p < 0) ++i;
  }
}

// x with A x = b, from the factors of A.
struct LdlSolve {
  bool hermitian;
  static constexpr const char* name = "linalg_ldl_solve";
  WG_FIELDS(hermitian)
  static constexpr Batching batching = Batching::leading_all;
  void infer(Infer& m) const { set_column_major(m.out(), m.in(2).dtype, m.in(2).sizes()); }
  void compute(Compute& c) const {
    copy_elements(*c.out().impl(), *c.in(2).impl());
    const Tensor factors = column_major_copy(c.in(0).detach());
    const Tensor pivots = as_contiguous(c.in(1));
    check_pivots(pivots);
    with_element(c.out().dtype(), [&](auto zero) {
      using T = decltype(zero);
      Sytrs* const sytrs =
          lapack_routine<Sytrs, T>("linalg.ldl_solve", "sytrs", hermitian ? "hetrs" : "sytrs");
      const int64_t n = c.out().size(-2), m = c.out().size(-1);
      const int order = static_cast<int>(n), columns = static_cast<int>(m), ld = leading(n);
      if (n == 0 || m == 0) return;
      for_each_matrix(matrix_count(c.out()), n * n * m, [&](int64_t i) {
        int info = 0;
        sytrs("L", &order, &columns, factors.data<T>() + i * n * n, &ld,
              pivots.data<int32_t>() + i * n, static_cast<T*>(c.out().data()) + i * n * m, &ld,
              &info);
      });
    });
  }
  void vjp(Vjp&) const { no_derivative("linalg.ldl_solve"); }
};

}  // namespace

std::tuple<Tensor, Tensor, Tensor> linalg_ldl_factor_ex(const Tensor& a, bool hermitian,
                                                        bool check_errors) {
  check_square("linalg.ldl_factor", a);
  const auto [ld, pivots, info] = apply_many<3>(LdlFactor{hermitian}, a);
  if (check_errors) check_lapack_info("linalg.ldl_factor", info, "D is singular");
  return {ld, pivots, info};
}
std::pair<Tensor, Tensor> linalg_ldl_factor(const Tensor& a, bool hermitian) {
  const auto [ld, pivots, info] = linalg_ldl_factor_ex(a, hermitian, true);
  return {ld, pivots};
}

Tensor linalg_ldl_solve(const Tensor& ld, const Tensor& pivots, const Tensor& b, bool hermitian) {
  constexpr const char* op = "linalg.ldl_solve";
  check_square(op, ld);
  WG_CHECK(detail::input(op, b)->ndim >= 2, IndexError, op,
           ": expected B to be a matrix or a batch of them, but got shape ", b.shape());
  WG_CHECK(b.dtype() == ld.dtype(), Error, op, ": LD has dtype ", ld.dtype(), ", but B has ",
           b.dtype());
  WG_CHECK(is_integral(detail::input(op, pivots)->dtype) && pivots.dtype() != DType::bool_, Error,
           op, ": expected pivots of an integer dtype, but got ", pivots.dtype());
  WG_CHECK(pivots.shape() == Dims(ld.shape().data(), static_cast<size_t>(ld.dim() - 1)), Error, op,
           ": pivots of shape ", pivots.shape(), " do not belong to factors of shape ", ld.shape());
  WG_CHECK(b.size(-2) == ld.size(-1), Error, op, ": the matrices of shapes ", ld.shape(), " and ",
           b.shape(), " do not fit");
  const Tensor places = to(pivots, DType::int32);
  const auto [factors, right] = broadcast_batches(op, ld, b);
  const Shape batch = batch_shape(factors.shape());
  return apply(LdlSolve{hermitian}, factors, expand(places, with_vector(batch, places.size(-1))),
               right);
}

namespace {
constexpr uint32_t kShown = kFunction | kInternal | kOut;
constexpr Function rows[] = {
    make_function<linalg_ldl_factor>("_linalg_ldl_factor", "A, *, hermitian=False -> LD, pivots",
                                     kShown,
                                     "LDL factors of symmetric matrices, and the exchanges"),
    make_function<linalg_ldl_factor_ex>(
        "_linalg_ldl_factor_ex", "A, *, hermitian=False, check_errors=False -> LD, pivots, info",
        kShown, "LDL factors, exchanges, and for each matrix 0 or the place of a zero of D"),
    make_function<linalg_ldl_solve>("_linalg_ldl_solve", "LD, pivots, B, *, hermitian=False",
                                    kShown, "x with A x = B, from the LDL factors of A"),
};
}  // namespace

extern const FunctionTable linalg_ldl_functions;
const FunctionTable linalg_ldl_functions = {rows, std::size(rows)};

WG_OPERATIONS(linalg_ldl, operation<LdlSolve>(), operation<LdlFactor>())

WENGERT_NAMESPACE_END
