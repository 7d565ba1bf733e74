// LU factors, and what follows from them: solutions, inverses and determinants.
#include <cmath>
#include <tuple>

#include "ops/function.h"
#include "ops/linalg_lapack.h"
#include "ops/operations.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using Getrf = void(const int* m, const int* n, void* a, const int* lda, int* pivots, int* info);
using Getrs = void(const char* trans, const int* n, const int* columns, const void* a,
                   const int* lda, const int* pivots, void* b, const int* ldb, int* info);
constexpr const char* kSingular = "the matrix is singular: a pivot is zero";

// Factorizes the matrices of `lu`, stored column after column, in place.
template <class T>
void factorize(const char* op, const Tensor& lu, const Tensor& pivots, const Tensor& info) {
  Getrf* const getrf = lapack_routine<Getrf, T>(op, "getrf");
  const int64_t m = lu.size(-2), n = lu.size(-1), k = std::min(m, n);
  const int rows = static_cast<int>(m), columns = static_cast<int>(n), ld = leading(m);
  T* const a = static_cast<T*>(lu.data());
  int32_t *const p = pivots.data<int32_t>(), *const code = info.data<int32_t>();
  for_each_matrix(info.numel(), m * n * k, [&](int64_t i) {
    code[i] = 0;
    if (k > 0) getrf(&rows, &columns, a + i * m * n, &ld, p + i * k, code + i);
  });
}

void set_lu(Infer& m, int first, Dims a) {
  const Shape batch = batch_shape(a);
  const int64_t rows = a[a.size() - 2], columns = a[a.size() - 1];
  set_column_major(m.out(first), m.in(0).dtype, a);
  set_dense(m.out(first + 1), DType::int32, with_vector(batch, std::min(rows, columns)));
  set_dense(m.out(first + 2), DType::int32, batch);
}

// Row exchanges as matrices: A = P L U.
struct LuPermutation {
  int64_t rows;
  DType dtype;
  static constexpr const char* name = "lu_permutation";
  WG_FIELDS(rows, dtype)
  static constexpr Batching batching = Batching::leading;
  void infer(Infer& m) const {
    set_dense(m.out(), dtype, with_matrix(batch_shape(m.in(0).sizes(), 1), rows, rows));
  }
  void compute(Compute& c) const {
    const Tensor exchanges = as_contiguous(c.in(0));
    Tensor p = c.out();
    zero_(p);
    const int64_t k = exchanges.size(-1);
    std::vector<int64_t> order(static_cast<size_t>(rows));
    const int64_t count = rows > 0 ? p.numel() / (rows * rows) : 0;
    for (int64_t b = 0; b < count; ++b) {
      for (int64_t i = 0; i < rows; ++i) order[static_cast<size_t>(i)] = i;
      for (int64_t i = 0; i < k; ++i) {
        const int64_t with = exchanges.data<int32_t>()[b * k + i] - 1;
        WG_CHECK(with >= 0 && with < rows, Error, "lu_unpack: expected pivots between 1 and ", rows,
                 ", but got ", with + 1);
        std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(with)]);
      }
      with_element(dtype, [&](auto zero) {
        using T = decltype(zero);
        for (int64_t i = 0; i < rows; ++i) {
          p.data<T>()[(b * rows + order[static_cast<size_t>(i)]) * rows + i] = 1;
        }
      });
    }
  }
};
Tensor permutation(const Tensor& pivots, int64_t m, DType dtype) {
  return apply(LuPermutation{m, dtype}, pivots);
}

Tensor lower_unit(const Tensor& b, const Tensor& l) {
  return solve_triangular(l, b, false, true, true);
}
// x with x U^H = b, and with L^H x = b.
Tensor after_upper(const Tensor& b, const Tensor& u) {
  return solve_triangular(adjoint(u), b, false, false, false);
}
Tensor before_lower(const Tensor& b, const Tensor& l) {
  return solve_triangular(adjoint(l), b, true, true, true);
}

// Both factors in one matrix, the exchanges of rows, and where the first zero pivot stands.
struct LuFactor {
  static constexpr const char* name = "lu_factor";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::leading;
  static constexpr Save saves[] = {save_output(0), save_output(1)};
  void infer(Infer& m) const { set_lu(m, 0, m.in(0).sizes()); }
  void compute(Compute& c) const {
    copy_elements(*c.out().impl(), *c.in(0).impl());
    with_element(c.out().dtype(), [&](auto zero) {
      factorize<decltype(zero)>("linalg.lu_factor", c.out(0), c.out(1), c.out(2));
    });
  }
  // With A = P L U, square: P L^-H (tril(L^H gL, -1) + triu(gU U^H)) U^-H. What is left of a wide U
  // or a tall L is a solution with the square part, whose gradient is subtracted.
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    const Tensor &lu = v.saved(0), &g = v.grad(0);
    const int64_t m = lu.size(-2), n = lu.size(-1), k = std::min(m, n);
    const Tensor square = narrow(narrow(lu, -2, 0, k), -1, 0, k);
    const Tensor head = narrow(narrow(g, -2, 0, k), -1, 0, k);
    const Tensor l = tril(square, -1) + eye(k, k, lu.dtype()), u = triu(square);
    Tensor low = matmul(adjoint(l), tril(head, -1)), high = matmul(triu(head), adjoint(u));
    Tensor rest;
    if (n > k) {
      rest = narrow(g, -1, k, n - k);
      low = low - matmul(rest, adjoint(narrow(lu, -1, k, n - k)));
      rest = before_lower(rest, l);
    } else if (m > k) {
      rest = narrow(g, -2, k, m - k);
      high = high - matmul(adjoint(narrow(lu, -2, k, m - k)), rest);
      rest = after_upper(rest, u);
    }
    Tensor found = after_upper(before_lower(tril(low, -1) + triu(high), l), u);
    if (rest.defined()) found = cat({{found, rest}}, n > k ? -1 : -2);
    v.set(0, matmul(permutation(v.saved(1), m, lu.dtype()), found));
  }
  // With F = L^-1 P^T A' U^-1 of the square part: L tril(F, -1) + triu(F) U, and what is left
  // follows from P^T A' = L' U + L U'.
  void jvp(Jvp& j) const {
    const Tensor& lu = j.out(0);
    const int64_t m = lu.size(-2), n = lu.size(-1), k = std::min(m, n);
    const Tensor turned_rows = matmul(turned(permutation(j.out(1), m, lu.dtype())), j.tangent(0));
    const Tensor square = narrow(narrow(lu, -2, 0, k), -1, 0, k);
    const Tensor l = tril(square, -1) + eye(k, k, lu.dtype()), u = triu(square);
    const auto before_upper = [&](const Tensor& b) {
      return solve_triangular(u, b, true, false, false);
    };
    const Tensor head = narrow(narrow(turned_rows, -2, 0, k), -1, 0, k);
    const Tensor f = lower_unit(before_upper(head), l);
    const Tensor low = matmul(l, tril(f, -1)), high = matmul(triu(f), u);
    Tensor found = low + high;
    if (n > k) {
      const Tensor rest = narrow(turned_rows, -1, k, n - k);
      found = cat({{found, lower_unit(rest - matmul(low, narrow(lu, -1, k, n - k)), l)}}, -1);
    } else if (m > k) {
      const Tensor rest = narrow(turned_rows, -2, k, m - k);
      found = cat({{found, before_upper(rest - matmul(narrow(lu, -2, k, m - k), high))}}, -2);
    }
    j.set(0, found);
  }
};

// x with A x = b, and the factors of A.
struct Solve {
  static constexpr const char* name = "linalg_solve";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::leading_all;
  static constexpr Save saves[] = {save_input(0), save_output(0, for_input(0)), save_output(1),
                                   save_output(2)};
  void infer(Infer& m) const {
    set_column_major(m.out(0), m.in(1).dtype, m.in(1).sizes());
    set_lu(m, 1, m.in(0).sizes());
  }
  void compute(Compute& c) const {
    copy_elements(*c.out(0).impl(), *c.in(1).impl());
    copy_elements(*c.out(1).impl(), *c.in(0).impl());
    with_element(c.out().dtype(),
                 [&](auto zero) { run<decltype(zero)>(c.out(0), c.out(1), c.out(2), c.out(3)); });
  }
  // Giles, "Collected matrix derivative results" (2008), 2.3.1.
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    const Tensor g = v.create_graph() ? apply_many<4>(Solve{}, adjoint(v.saved(0)), v.grad(0))[0]
                                      : lu_solve(v.saved(2), v.saved(3), v.grad(0), true, true);
    if (v.needs(1)) v.set(1, g);
    if (v.needs(0)) v.set(0, neg(matmul(g, adjoint(v.saved(1)))));
  }
  void jvp(Jvp& j) const {
    Tensor right = j.tangent(1);
    if (j.has(0)) {
      const Tensor moved = matmul(j.tangent(0), j.out(0));
      right = right.defined() ? right - moved : neg(moved);
    }
    j.set(0, apply_many<4>(Solve{}, j.in(0), right)[0]);
  }

 private:
  template <class T>
  static void run(const Tensor& x, const Tensor& lu, const Tensor& pivots, const Tensor& info) {
    factorize<T>("linalg.solve", lu, pivots, info);
    Getrs* const getrs = lapack_routine<Getrs, T>("linalg.solve", "getrs");
    const int64_t n = x.size(-2), m = x.size(-1);
    const int order = static_cast<int>(n), columns = static_cast<int>(m), ld = leading(n);
    if (n == 0 || m == 0) return;
    for_each_matrix(info.numel(), n * n * m, [&](int64_t i) {
      int ignored = 0;
      if (info.data<int32_t>()[i] == 0) {
        getrs("N", &order, &columns, static_cast<T*>(lu.data()) + i * n * n, &ld,
              pivots.data<int32_t>() + i * n, static_cast<T*>(x.data()) + i * n * m, &ld, &ignored);
      }
    });
  }
};

// The sign of each determinant and the logarithm of its absolute value, or the determinant itself.
template <bool kLog>
struct Determinant {
  static constexpr const char* name = kLog ? "slogdet" : "det";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::leading;
  static constexpr Save saves[] = {save_input(0), save_output(0)};
  void infer(Infer& m) const {
    const DType dtype = m.in(0).dtype;
    for (int i = 0; i < m.n_outputs; ++i) {
      set_dense(m.out(i), i == 0 ? dtype : real_of(dtype), batch_shape(m.in(0).sizes()));
    }
  }
  void compute(Compute& c) const {
    const auto [lu, pivots, info] = apply_many<3>(LuFactor{}, c.in(0).detach());
    with_element(lu.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const int64_t n = lu.size(-1);
      for (int64_t b = 0; b < info.numel(); ++b) {
        const T* const a = static_cast<const T*>(lu.data()) + b * n * n;
        T value = 1;
        Real<T> log = 0;
        for (int64_t i = 0; i < n; ++i) {
          const T d = a[i * (n + 1)];
          if (pivots.template data<int32_t>()[b * n + i] != i + 1) value = -value;
          if constexpr (kLog) {
            const Real<T> size = std::abs(d);
            log += std::log(size);
            value *= size == 0 ? d : d / size;
          } else {
            value *= d;
          }
        }
        c.out(0).template data<T>()[b] = value;
        if constexpr (kLog) c.out(1).template data<Real<T>>()[b] = log;
      }
    });
  }
  // d det = det tr(A^-1 dA); Giles (2008), 2.2.4. At a singular matrix the cofactors take the place
  // of det A^-1. The real part of tr(A^-1 dA) is the logarithm's, the imaginary one turns the sign.
  void vjp(Vjp& v) const {
    const Tensor &a = v.saved(0), &value = v.saved(1);
    if constexpr (kLog) {
      Tensor g = v.grad(1);
      if (is_complex(a.dtype()) && v.grad(0).defined()) {
        const Tensor turn = neg(imag(conj(v.grad(0)) * value));
        g = complex(g.defined() ? g : zeros(turn.shape(), turn.dtype()), turn);
      }
      if (g.defined()) v.set(0, whole(g) * adjoint(linalg_inv(a)));
    } else {
      v.set(0, gradient(a, value, v.grad(0)));
    }
  }
  void jvp(Jvp& j) const {
    const Tensor &a = j.in(0), &t = j.tangent(0);
    if constexpr (kLog) {
      const Tensor product = matmul(linalg_inv(a), t);
      const Tensor trace = sum(diagonal(product, 0, -2, -1), last_dim());
      if (is_complex(a.dtype())) {
        const Tensor turn = imag(trace);
        j.set(0, j.out(0) * complex(zeros(turn.shape(), turn.dtype()), turn));
        j.set(1, real(trace));
      } else {
        j.set(1, trace);
      }
    } else {
      const Tensor one = ones(j.out(0).shape(), a.dtype());
      j.set(0, sum(conj(gradient(a, j.out(0), one)) * t, {{-2, -1}}));
    }
  }

 private:
  static Tensor whole(const Tensor& t) { return unsqueeze(unsqueeze(t, -1), -1); }
  static Tensor gradient(const Tensor& a, const Tensor& value, const Tensor& g) {
    const auto [inverse, info] = linalg_inv_ex(a, false);
    if (any(ne(all_examples(info), 0)).template item<bool>()) return whole(g) * cofactors(a);
    return whole(g * conj(value)) * adjoint(inverse);
  }
  // U (products of the other singular values) V^H, times the determinants of U and V.
  static Tensor cofactors(const Tensor& a) {
    const auto [u, s, vh] = linalg_svd(a, false);
    const int64_t n = a.size(-1);
    const Tensor rows = expand(unsqueeze(s, -2), a.shape());
    const Tensor others = where(eye(n, n, DType::bool_), full({}, 1, s.dtype()), rows);
    const Tensor sign = conj(det(u) * det(vh));
    return unsqueeze(unsqueeze(sign, -1), -1) *
           matmul(u * unsqueeze(prod(others, last_dim()), -2), vh);
  }
};

std::pair<Tensor, Tensor> solved(const char* op, const Tensor& a, const Tensor& b, bool left) {
  check_square(op, a);
  WG_CHECK(detail::input(op, b)->dtype == a.dtype(), Error, op, ": A has dtype ", a.dtype(),
           ", but B has ", b.dtype());
  const Dims s = a.shape();
  const bool vector =
      b.dim() == 1 || (b.dim() + 1 == a.dim() && b.shape() == Dims(s.data(), s.size() - 1));
  const Tensor right = vector ? unsqueeze(b, -1) : b;
  WG_CHECK(right.dim() >= 2, Error, op, ": expected B to be a vector or matrices, but got shape ",
           b.shape());
  WG_CHECK(right.size(left ? -2 : -1) == a.size(-1) && (left || !vector), Error, op,
           ": the matrices of shapes ", a.shape(), " and ", b.shape(), " do not fit",
           left ? "" : " with left=False");
  const auto [x, y] = broadcast_batches(op, a, right);
  const auto out =
      left ? apply_many<4>(Solve{}, x, y) : apply_many<4>(Solve{}, turned(x), turned(y));
  return {vector ? squeeze(out[0], last_dim()) : left ? out[0] : turned(out[0]), out[3]};
}

void check_pivot(const char* op, bool pivot) {
  WG_CHECK(pivot, Error, op, ": expected pivot=True; there is no LU without pivoting on the CPU");
}

}  // namespace

std::pair<Tensor, Tensor> linalg_solve_ex(const Tensor& a, const Tensor& b, bool left,
                                          bool check_errors) {
  auto result = solved("linalg.solve", a, b, left);
  if (check_errors) check_lapack_info("linalg.solve", result.second, kSingular);
  return result;
}
Tensor linalg_solve(const Tensor& a, const Tensor& b, bool left) {
  return linalg_solve_ex(a, b, left, true).first;
}

std::pair<Tensor, Tensor> linalg_inv_ex(const Tensor& a, bool check_errors) {
  check_square("linalg.inv", a);
  const int64_t n = a.size(-1);
  const auto out = apply_many<4>(Solve{}, a, expand(eye(n, n, a.dtype()), a.shape()));
  if (check_errors) check_lapack_info("linalg.inv", out[3], kSingular);
  return {out[0], out[3]};
}
Tensor linalg_inv(const Tensor& a) { return linalg_inv_ex(a, true).first; }

Tensor det(const Tensor& a) {
  check_square("linalg.det", a);
  return apply(Determinant<false>{}, a);
}
std::pair<Tensor, Tensor> slogdet(const Tensor& a) {
  check_square("linalg.slogdet", a);
  const auto [sign, log] = apply_many<2>(Determinant<true>{}, a);
  return {sign, log};
}
Tensor logdet(const Tensor& a) {
  const auto [sign, log] = slogdet(a);
  if (is_complex(a.dtype())) return wengert::log(sign) + log;
  return where(sign == -1, full({}, NAN, log.dtype()), log);
}

std::tuple<Tensor, Tensor, Tensor> linalg_lu_factor_ex(const Tensor& a, bool pivot,
                                                       bool check_errors) {
  check_matrix("linalg.lu_factor", a);
  check_pivot("linalg.lu_factor", pivot);
  const auto [lu, pivots, info] = apply_many<3>(LuFactor{}, a);
  if (check_errors) check_lapack_info("linalg.lu_factor", info, kSingular);
  return {lu, pivots, info};
}
std::pair<Tensor, Tensor> linalg_lu_factor(const Tensor& a, bool pivot) {
  const auto [lu, pivots, info] = linalg_lu_factor_ex(a, pivot, true);
  return {lu, pivots};
}

std::tuple<Tensor, Tensor, Tensor> lu_unpack(const Tensor& lu, const Tensor& pivots,
                                             bool unpack_data, bool unpack_pivots) {
  check_matrix("lu_unpack", lu);
  WG_CHECK(detail::input("lu_unpack", pivots)->dtype == DType::int32, Error,
           "lu_unpack: expected pivots of dtype int32, but got ", pivots.dtype());
  const int64_t m = lu.size(-2), n = lu.size(-1), k = std::min(m, n);
  Tensor p = empty(no_elements(), lu.dtype()), l = p, u = p;
  if (unpack_pivots) {
    WG_CHECK(pivots.dim() == lu.dim() - 1 && pivots.size(-1) == k, Error,
             "lu_unpack: pivots of shape ", pivots.shape(), " do not belong to factors of shape ",
             lu.shape());
    p = permutation(pivots, m, lu.dtype());
  }
  if (unpack_data) {
    l = tril(narrow(lu, -1, 0, k), -1) + eye(m, k, lu.dtype());
    u = triu(narrow(lu, -2, 0, k));
  }
  return {p, l, u};
}
std::tuple<Tensor, Tensor, Tensor> linalg_lu(const Tensor& a, bool pivot) {
  check_matrix("linalg.lu", a);
  check_pivot("linalg.lu", pivot);
  const auto [lu, pivots, info] = apply_many<3>(LuFactor{}, a);
  return lu_unpack(lu, pivots, true, true);
}

Tensor lu_solve(const Tensor& lu, const Tensor& pivots, const Tensor& b, bool left, bool adjoint) {
  constexpr const char* op = "linalg.lu_solve";
  check_square(op, lu);
  check_matrix(op, b);
  WG_CHECK(b.dtype() == lu.dtype(), Error, op, ": LU has dtype ", lu.dtype(), ", but B has ",
           b.dtype());
  if (!left) return wengert::adjoint(lu_solve(lu, pivots, wengert::adjoint(b), true, !adjoint));
  WG_CHECK(b.size(-2) == lu.size(-1), Error, op, ": the matrices of shapes ", lu.shape(), " and ",
           b.shape(), " do not fit");
  WG_CHECK(detail::input(op, pivots)->dtype == DType::int32, Error, op,
           ": expected pivots of dtype int32, but got ", pivots.dtype());
  WG_CHECK(pivots.dim() == lu.dim() - 1 && pivots.size(-1) == lu.size(-1), Error, op,
           ": pivots of shape ", pivots.shape(), " do not belong to factors of shape ", lu.shape());
  const Tensor p = permutation(pivots, lu.size(-1), lu.dtype());
  if (!adjoint) {
    return solve_triangular(lu, lower_unit(matmul(turned(p), b), lu), true, true, false);
  }
  return matmul(p, before_lower(solve_triangular(wengert::adjoint(lu), b, false, true, false), lu));
}

namespace {
Tensor lu_solve_of(const Tensor& b, const Tensor& lu, const Tensor& pivots) {
  return lu_solve(lu, pivots, b, true, false);
}

constexpr uint32_t kShown = kFunction | kInternal | kOut;
constexpr Function rows[] = {
    make_function<linalg_solve>(
        "_linalg_solve", "A, B, *, left=True", kShown, "x with A x = B (left) or x A = B",
        "T((3, 3)), T((3, 2))\nT((2, 3, 3)), T((4, 3)), left=False\nT((2, 3, 3)), T((2, 3))"),
    make_function<linalg_solve_ex>(
        "_linalg_solve_ex", "A, B, *, left=True, check_errors=False -> result, info", kShown,
        "x with A x = B, and for each matrix 0 or the place of its first zero pivot"),
    make_function<linalg_inv>("_linalg_inv", "A", kShown, "The inverses of matrices",
                              "T((3, 3))\nT((2, 3, 3))", "np.linalg.inv(A)"),
    make_function<linalg_inv_ex>(
        "_linalg_inv_ex", "A, *, check_errors=False -> inverse, info", kShown,
        "The inverses, and for each matrix 0 or the place of its first zero pivot"),
    make_function<linalg_inv>("inverse", "input", kFunction | kMethod | kOut | kAlias,
                              "The inverses of matrices"),
    make_function<det>("_linalg_det", "A", kShown | kAlias, "The determinants of matrices"),
    make_function<det>("det", "input", kFunction | kMethod, "The determinants of matrices",
                       "T((3, 3))\nT((2, 3, 3))\nT((1, 1))", "np.linalg.det(input)"),
    make_function<logdet>("logdet", "input", kFunction | kMethod,
                          "The logarithms of determinants; NaN where one is negative"),
    make_function<slogdet>("_linalg_slogdet", "A -> sign, logabsdet", kShown | kAlias,
                           "Signs of determinants and logarithms of their absolute values"),
    make_function<slogdet>("slogdet", "input -> sign, logabsdet", kFunction | kMethod | kOut,
                           "Signs of determinants and logarithms of their absolute values",
                           "T((3, 3))\nT((2, 3, 3))"),
    make_function<linalg_lu>("_linalg_lu", "A, *, pivot=True -> P, L, U", kShown,
                             "P, L, U with A = P L U", "T((3, 3))\nT((2, 3, 4))\nT((4, 2))"),
    make_function<linalg_lu_factor>("_linalg_lu_factor", "A, *, pivot=True -> LU, pivots", kShown,
                                    "Both LU factors in one matrix, and the exchanges of rows"),
    make_function<linalg_lu_factor_ex>(
        "_linalg_lu_factor_ex", "A, *, pivot=True, check_errors=False -> LU, pivots, info", kShown,
        "LU factors, pivots, and for each matrix 0 or the place of its first zero pivot"),
    make_function<lu_solve>("_linalg_lu_solve", "LU, pivots, B, *, left=True, adjoint=False",
                            kShown, "x with A x = B, from the LU factors of A"),
    make_function<lu_solve_of>("lu_solve", "b, LU_data, LU_pivots", kFunction | kMethod | kOut,
                               "x with A x = b, from the LU factors of A"),
    make_function<lu_unpack>("lu_unpack",
                             "LU_data, LU_pivots, unpack_data=True, unpack_pivots=True -> P, L, U",
                             kFunction | kOut, "The matrices P, L and U of packed LU factors"),
};
}  // namespace

extern const FunctionTable linalg_lu_functions;
const FunctionTable linalg_lu_functions = {rows, std::size(rows)};

WG_OPERATIONS(linalg_lu, operation<Determinant<false>>(), operation<Determinant<true>>(),
              operation<LuPermutation>(), operation<Solve>(), operation<LuFactor>())

WENGERT_NAMESPACE_END
