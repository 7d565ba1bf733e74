// Least squares.
#include <limits>

#include "ops/function.h"
#include "ops/linalg_lapack.h"
#include "ops/operations.h"

WENGERT_NAMESPACE_BEGIN

namespace {

constexpr std::string_view kDrivers[] = {"gels", "gelsy", "gelsd", "gelss"};
enum Driver : int64_t { kGels, kGelsy, kGelsd, kGelss };

using Gels = void(const char* trans, const int* m, const int* n, const int* columns, void* a,
                  const int* lda, void* b, const int* ldb, void* work, const int* lwork, int* info);

// gelsy, gelsd and gelss share what comes first: f(m, n, columns, a, lda, b, ldb, s or jpvt, rcond,
// rank, work, lwork), then real scratch memory where elements are complex, integers for gelsd,
// info.
template <class... Rest>
using Gelsx = void(const int* m, const int* n, const int* columns, void* a, const int* lda, void* b,
                   const int* ldb, void* s, const void* rcond, int* rank, void* work,
                   const int* lwork, Rest... rest);

// x of least norm with |A x - b| least, the ranks, the singular values, and where it failed.
struct Lstsq {
  double rcond;
  int64_t driver;
  static constexpr const char* name = "linalg_lstsq";
  WG_FIELDS(rcond, driver)
  static constexpr Batching batching = Batching::leading_all;
  static constexpr Save saves[] = {save_input(0), save_input(1, for_input(0)),
                                   save_output(0, for_input(0))};
  void infer(Infer& m) const {
    const Dims a = m.in(0).sizes(), b = m.in(1).sizes();
    const Shape batch = batch_shape(a);
    const int64_t rows = a[a.size() - 2], columns = a[a.size() - 1];
    set_dense(m.out(0), m.in(0).dtype, with_matrix(batch, columns, b[b.size() - 1]));
    set_dense(m.out(1), DType::int64, batch);
    set_dense(m.out(2), real_of(m.in(0).dtype), with_vector(batch, std::min(rows, columns)));
    set_dense(m.out(3), DType::int32, batch);
  }
  void compute(Compute& c) const {
    with_element(c.out().dtype(), [&](auto zero) { run<decltype(zero)>(c); });
  }
  // x = A^+ b with Golub & Pereyra, "The differentiation of pseudo-inverses" (1973). With
  // K = A^+H g: K for b, and -K x^H + (b - A x)(A^+ K)^H + (A^+H x)(g - A^H K)^H for A.
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    const Tensor &a = v.saved(0), &g = v.grad(0), ah = adjoint(a);
    const auto solved = [&](const Tensor& m, const Tensor& b) {
      return apply_many<4>(*this, m, b)[0];
    };
    const Tensor k = solved(ah, g);
    if (v.needs(1)) v.set(1, k);
    if (!v.needs(0)) return;
    const Tensor &b = v.saved(1), &x = v.saved(2);
    const Tensor within = matmul(b - matmul(a, x), adjoint(solved(a, k)));
    const Tensor outside = matmul(solved(ah, x), adjoint(g - matmul(ah, k)));
    v.set(0, within + outside - matmul(k, adjoint(x)));
  }
  // A^+ (b' - A' x + A^+H A'^H (b - A x)) and what of A'^H A^+H x is not in the span of A^H.
  void jvp(Jvp& j) const {
    const Tensor &a = j.in(0), &b = j.in(1), &x = j.out(0), ah = adjoint(a);
    const auto solved = [&](const Tensor& m, const Tensor& right) {
      return apply_many<4>(*this, m, right)[0];
    };
    if (!j.has(0)) {
      j.set(0, solved(a, j.tangent(1)));
      return;
    }
    const Tensor &t = j.tangent(0), th = adjoint(t);
    Tensor right = solved(ah, matmul(th, b - matmul(a, x))) - matmul(t, x);
    if (j.has(1)) right = right + j.tangent(1);
    const Tensor outside = matmul(th, solved(ah, x));
    j.set(0, solved(a, right - matmul(a, outside)) + outside);
  }

 private:
  template <class T>
  void run(Compute& c) const {
    using R = Real<T>;
    constexpr const char* op = "linalg.lstsq";
    const Tensor a = column_major_copy(c.in(0).detach());
    const int64_t m = c.in(0).size(-2), n = c.in(0).size(-1), k = std::min(m, n);
    const int64_t width = c.in(1).size(-1), count = c.out(3).numel(), longer = std::max(m, n);
    // A column that nobody asked for where there is none, so that ranks are found nevertheless.
    const int64_t wide = std::max<int64_t>(1, width);
    const Tensor b = zeros(with_matrix({&count, 1}, wide, longer), a.dtype());
    if (width > 0 && m > 0) {
      const Tensor right = reshape(c.in(1).detach(), {{count, m, width}});
      copy_elements(*turned(narrow(narrow(b, -1, 0, m), -2, 0, width)).impl(), *right.impl());
    }
    Tensor solution = c.out(0), ranks = c.out(1), values = c.out(2);
    zero_(ranks);
    zero_(values);
    std::fill_n(c.out(3).data<int32_t>(), count, 0);
    if (k == 0) {
      zero_(solution);
      return;
    }
    const int rows = static_cast<int>(m), columns = static_cast<int>(n);
    const int sides = static_cast<int>(wide), lda = leading(m), ldb = leading(longer);
    const R threshold = static_cast<R>(rcond);
    for_each_matrix(count, 8 * m * n * (k + wide), [&](int64_t i) {
      T* const ai = a.data<T>() + i * m * n;
      T* const bi = b.data<T>() + i * longer * wide;
      int32_t& info = c.out(3).data<int32_t>()[i];
      if (!all_finite(ai, m * n) || !all_finite(bi, longer * wide)) {
        info = static_cast<int32_t>(k) + 1;
        return;
      }
      R* const s = values.data<R>() + i * k;
      int size = -1, rank = 0;
      std::vector<int> ints(static_cast<size_t>(n));
      std::vector<R> reals(static_cast<size_t>(std::max(2 * n, 5 * k)));
      const auto call = [&](T* work) {
        const auto solve = [&](const char* routine, void* third, auto... rest) {
          lapack_routine<Gelsx<decltype(rest)...>, T>(op, routine)(
              &rows, &columns, &sides, ai, &lda, bi, &ldb, third, &threshold, &rank, work, &size,
              rest...);
        };
        // Integers come before `info`, real scratch memory before both.
        const auto with_scratch = [&](const char* routine, void* third, auto... rest) {
          if constexpr (kComplex<T>) {
            solve(routine, third, reals.data(), rest..., &info);
          } else {
            solve(routine, third, rest..., &info);
          }
        };
        if (driver == kGels) {
          lapack_routine<Gels, T>(op, "gels")("N", &rows, &columns, &sides, ai, &lda, bi, &ldb,
                                              work, &size, &info);
        } else if (driver == kGelsy) {
          with_scratch("gelsy", ints.data());
        } else if (driver == kGelsd) {
          with_scratch("gelsd", s, ints.data());
        } else {
          with_scratch("gelss", s);
        }
      };
      T answer = 0;
      call(&answer);
      size = work_size(answer);
      if (driver == kGelsd) {
        ints.resize(static_cast<size_t>(std::max(1, ints[0])));
        reals.resize(static_cast<size_t>(work_size(reals[0])));
      } else {
        std::fill(ints.begin(), ints.end(), 0);
      }
      std::vector<T> work(static_cast<size_t>(size));
      call(work.data());
      ranks.data<int64_t>()[i] = rank;
    });
    if (width == 0) return;
    const Tensor found = turned(narrow(narrow(b, -1, 0, n), -2, 0, width));
    copy_elements(*solution.impl(), *reshape(found, solution.shape()).impl());
  }
};

}  // namespace

std::tuple<Tensor, Tensor, Tensor, Tensor> linalg_lstsq(const Tensor& a, const Tensor& b,
                                                        std::optional<double> rcond,
                                                        std::string_view driver) {
  constexpr const char* op = "linalg.lstsq";
  check_matrix(op, a);
  WG_CHECK(detail::input(op, b)->ndim >= 1 && (b.dim() == a.dim() || b.dim() + 1 == a.dim()), Error,
           op, ": expected B to have as many dimensions as A, or one less for vectors, but got ",
           a.shape(), " and ", b.shape());
  WG_CHECK(a.dtype() == b.dtype(), Error, op, ": A has dtype ", a.dtype(), ", but B has ",
           b.dtype());
  const auto* const known = std::find(std::begin(kDrivers), std::end(kDrivers), driver);
  WG_CHECK(known != std::end(kDrivers), Error, op,
           ": expected driver 'gels', 'gelsy', 'gelsd' or 'gelss', but got '", std::string(driver),
           "'");
  const bool vector = b.dim() + 1 == a.dim();
  const int64_t m = a.size(-2), n = a.size(-1);
  const Tensor right = vector ? unsqueeze(b, -1) : b;
  WG_CHECK(right.size(-2) == m, Error, op, ": A of shape ", a.shape(), " and B of shape ",
           b.shape(), " must have equally many rows");
  const bool wide = real_of(a.dtype()) == DType::float64;
  const double epsilon =
      wide ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  const Lstsq how{rcond.value_or(epsilon * static_cast<double>(std::max(m, n))),
                  known - std::begin(kDrivers)};
  const auto [x, y] = broadcast_batches(op, a, right);
  auto [solution, rank, values, info] = apply_many<4>(how, x, y);
  check_lapack_info(op, info,
                    how.driver == kGels
                        ? "the matrix has not full rank, or elements are not finite"
                        : "the algorithm did not converge, or elements are not finite");
  Tensor residuals = empty(no_elements(), real_of(a.dtype()));
  const bool full =
      how.driver == kGels || (how.driver != kGelsy && all(all_examples(rank) == n).item<bool>());
  if (m > n && full) {
    constexpr int64_t rows = -2;
    const Tensor left = abs(matmul(x, solution) - y);
    residuals = sum(left * left, Dims(&rows, 1));
  }
  if (how.driver == kGels) rank = empty(no_elements(), DType::int64);
  if (how.driver == kGels || how.driver == kGelsy) values = empty(no_elements(), values.dtype());
  return {vector ? squeeze(solution, last_dim()) : solution, residuals, rank, values.detach()};
}

namespace {
constexpr Function rows[] = {
    make_function<linalg_lstsq>(
        "_linalg_lstsq",
        "A, B, rcond=None, driver='gelsy' -> solution, residuals, rank, singular_values",
        kFunction | kInternal,
        "The x of least norm with |A x - B| least, residuals, ranks and singular values",
        "T((4, 2)), T((4, 3))\nT((2, 4)), T((2,))\n"
        "T((2, 4, 2)), T((2, 4, 1)), None, 'gels'\nT((3, 3)), T((3, 2))"),
};
}  // namespace

extern const FunctionTable linalg_lstsq_functions;
const FunctionTable linalg_lstsq_functions = {rows, std::size(rows)};

WG_OPERATIONS(linalg_lstsq, operation<Lstsq>())

WENGERT_NAMESPACE_END
