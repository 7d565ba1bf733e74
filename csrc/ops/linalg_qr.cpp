// QR factors.
#include "ops/function.h"
#include "ops/linalg_lapack.h"
#include "ops/operations.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using GeqrfRoutine = void(const int* m, const int* n, void* a, const int* lda, void* tau,
                          void* work, const int* lwork, int* info);
using Orgqr = void(const int* m, const int* n, const int* k, void* a, const int* lda,
                   const void* tau, void* work, const int* lwork, int* info);

// R and below its diagonal the reflectors, and their factors.
struct Geqrf {
  static constexpr const char* name = "geqrf";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::leading;
  void infer(Infer& m) const {
    const Dims s = m.in(0).sizes();
    const int64_t k = std::min(s[s.size() - 2], s[s.size() - 1]);
    set_column_major(m.out(0), m.in(0).dtype, s);
    set_dense(m.out(1), m.in(0).dtype, with_vector(batch_shape(s), k));
  }
  void compute(Compute& c) const {
    const Tensor &a = c.out(0), &tau = c.out(1);
    copy_elements(*a.impl(), *c.in(0).impl());
    with_element(a.dtype(), [&](auto zero) {
      using T = decltype(zero);
      GeqrfRoutine* const geqrf = lapack_routine<GeqrfRoutine, T>(name, name);
      const int64_t m = a.size(-2), n = a.size(-1), k = std::min(m, n);
      const int rows = static_cast<int>(m), columns = static_cast<int>(n), ld = leading(m);
      const int size = 32 * leading(n);
      if (k == 0) return;
      for_each_matrix(matrix_count(a), m * n * k, [&](int64_t i) {
        std::vector<T> work(static_cast<size_t>(size));
        int info = 0;
        geqrf(&rows, &columns, static_cast<T*>(a.data()) + i * m * n, &ld, tau.data<T>() + i * k,
              work.data(), &size, &info);
      });
    });
  }
  void vjp(Vjp&) const { no_derivative(name); }
};

// q, m x n stored column after column, holds k reflectors; their product takes their place.
void form_product(const char* op, const Tensor& q, const Tensor& tau) {
  const int64_t m = q.size(-2), n = q.size(-1), k = tau.size(-1);
  if (m == 0 || n == 0) return;
  with_element(q.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Orgqr* const orgqr = lapack_routine<Orgqr, T>(op, "orgqr", "ungqr");
    const int rows = static_cast<int>(m), columns = static_cast<int>(n), ld = leading(m);
    const int count = static_cast<int>(k), size = 32 * leading(n);
    for_each_matrix(matrix_count(q), m * n * n, [&](int64_t i) {
      std::vector<T> work(static_cast<size_t>(size));
      int info = 0;
      orgqr(&rows, &columns, &count, static_cast<T*>(q.data()) + i * m * n, &ld,
            tau.data<T>() + i * k, work.data(), &size, &info);
    });
  });
}

// Q and R. With `complete` Q is square; without `vectors` it is empty.
struct Qr {
  bool complete, vectors;
  static constexpr const char* name = "linalg_qr";
  WG_FIELDS(complete, vectors)
  bool batch(Batch& b) const { return vectors ? batch_factors(b, {}) : batch_factors(b, {0}); }
  static constexpr Save saves[] = {save_output(0), save_output(1)};
  void infer(Infer& m) const {
    const Dims s = m.in(0).sizes();
    const Shape batch = batch_shape(s);
    const int64_t rows = s[s.size() - 2], columns = s[s.size() - 1];
    const int64_t inner = complete ? rows : std::min(rows, columns);
    if (vectors) {
      set_column_major(m.out(0), m.in(0).dtype, with_matrix(batch, rows, inner));
    } else {
      set_dense(m.out(0), m.in(0).dtype, no_elements());
    }
    set_dense(m.out(1), m.in(0).dtype, with_matrix(batch, inner, columns));
  }
  void compute(Compute& c) const {
    const Tensor a = c.in(0).detach();
    const auto [packed, tau] = apply_many<2>(Geqrf{}, a);
    const int64_t inner = c.out(1).size(-2), columns = std::min(inner, a.size(-1));
    copy_elements(*c.out(1).impl(), *triu(narrow(packed, -2, 0, inner)).impl());
    if (!vectors) return;
    const Tensor& q = c.out(0);
    if (columns > 0) {
      const Tensor head = narrow(q, -1, 0, columns);
      copy_elements(*head.impl(), *narrow(packed, -1, 0, columns).impl());
    }
    form_product("linalg.qr", q, tau);
  }
  // Walter & Lehmann, "Algorithmic differentiation of linear algebra functions" (2013). Further
  // columns of a wide matrix are Q times those of R. The diagonal of R is real.
  void vjp(Vjp& v) const {
    const Tensor &q = v.saved(0), &r = v.saved(1);
    check_derivative(q, r);
    const int64_t m = q.size(-2), n = r.size(-1), k = std::min(m, n);
    Tensor gq = v.grad(0), gr = v.grad(1);
    if (!gq.defined() && !gr.defined()) return;
    if (!gq.defined()) gq = zeros(q.shape(), q.dtype());
    if (!gr.defined()) gr = zeros(r.shape(), r.dtype());
    Tensor rest;
    const Tensor u = narrow(r, -1, 0, k), gu = narrow(gr, -1, 0, k);
    if (n > k) {
      const Tensor further = narrow(gr, -1, k, n - k);
      rest = matmul(q, further);
      gq = gq + matmul(matmul(q, narrow(r, -1, k, n - k)), adjoint(further));
    }
    const Tensor low = tril(matmul(u, adjoint(gu)) - matmul(adjoint(gq), q));
    const Tensor below = tril(low, -1);
    const Tensor both = below + adjoint(below) + diag_embed(real(diagonal(low, 0, -2, -1)));
    const Tensor found = solve_triangular(adjoint(u), gq + matmul(q, both), false, false, false);
    v.set(0, rest.defined() ? cat({{found, rest}}, -1) : found);
  }
  // With X = A' R^-1 and Y = Q^H X: Q turns by the skew W with Y's lower triangle, R by (Y - W) R.
  void jvp(Jvp& j) const {
    const Tensor &q = j.out(0), &r = j.out(1), &t = j.tangent(0);
    check_derivative(q, r);
    const int64_t m = q.size(-2), n = r.size(-1), k = std::min(m, n);
    const Tensor u = narrow(r, -1, 0, k);
    const Tensor x = solve_triangular(u, narrow(t, -1, 0, k), true, false, false);
    const Tensor y = matmul(adjoint(q), x), low = tril(y, -1);
    Tensor w = low - adjoint(low);
    if (is_complex(q.dtype())) {
      const Tensor turn = imag(diagonal(y, 0, -2, -1));
      w = w + diag_embed(complex(zeros(turn.shape(), turn.dtype()), turn));
    }
    const Tensor dq = x + matmul(q, w - y);
    Tensor dr = triu(matmul(y - w, u));
    if (n > k) {
      const Tensor moved = narrow(t, -1, k, n - k) - matmul(dq, narrow(r, -1, k, n - k));
      dr = cat({{dr, matmul(adjoint(q), moved)}}, -1);
    }
    j.set(0, dq);
    j.set(1, dr);
  }

 private:
  void check_derivative(const Tensor& q, const Tensor& r) const {
    WG_CHECK(vectors, Error, "linalg.qr: mode='r' has no derivative; use mode='reduced'");
    WG_CHECK(!complete || q.size(-2) <= r.size(-1), Error,
             "linalg.qr: mode='complete' has a derivative only where there are no more rows than "
             "columns; use mode='reduced'");
  }
};

}  // namespace

std::pair<Tensor, Tensor> linalg_qr(const Tensor& a, std::string_view mode) {
  check_matrix("linalg.qr", a);
  WG_CHECK(mode == "reduced" || mode == "complete" || mode == "r", Error,
           "linalg.qr: expected mode 'reduced', 'complete' or 'r', but got '", std::string(mode),
           "'");
  const auto [q, r] = apply_many<2>(Qr{mode == "complete", mode != "r"}, a);
  return {q, r};
}

std::pair<Tensor, Tensor> geqrf(const Tensor& a) {
  check_matrix("geqrf", a);
  const auto [packed, tau] = apply_many<2>(Geqrf{}, a);
  return {packed, tau};
}

namespace {
std::pair<Tensor, Tensor> qr(const Tensor& input, bool some) {
  return linalg_qr(input, some ? "reduced" : "complete");
}

constexpr Function rows[] = {
    make_function<linalg_qr>("_linalg_qr", "A, mode='reduced' -> Q, R",
                             kFunction | kInternal | kOut,
                             "Q with orthonormal columns and the upper triangular R with A = Q R",
                             "T((3, 3))\nT((2, 4, 3))\nT((2, 4))\nT((2, 3)), 'complete'"),
    make_function<qr>("qr", "input, some=True -> Q, R", kFunction | kMethod | kOut,
                      "Q and R with input = Q R; Q is square where not some"),
    make_function<geqrf>("geqrf", "input -> a, tau", kFunction | kMethod | kOut,
                         "R and, below its diagonal, the vectors of the reflectors whose product "
                         "is Q; and the reflectors' factors"),
};
}  // namespace

extern const FunctionTable linalg_qr_functions;
const FunctionTable linalg_qr_functions = {rows, std::size(rows)};

WG_OPERATIONS(linalg_qr, operation<Qr>(), operation<Geqrf>())

WENGERT_NAMESPACE_END
