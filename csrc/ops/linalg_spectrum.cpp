// Eigenvalues of symmetric matrices, and singular values.
#include <limits>

#include "ops/function.h"
#include "ops/linalg_lapack.h"
#include "ops/operations.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN

void check_phase(const char* op, const Tensor& product) {
  if (!is_complex(product.dtype()) || product.numel() == 0) return;
  NoGradGuard off;
  const Tensor turning = to(abs(imag(diagonal(product, 0, -2, -1))), DType::float64);
  WG_CHECK(!(amax(all_examples(turning)).item<double>() > 1e-2), Error, op,
           ": the loss depends on the phases of complex vectors, which are arbitrary; make it "
           "independent of them");
}

namespace {

using Syevd = void(const char* job, const char* uplo, const int* n, void* a, const int* lda,
                   void* w, void* work, const int* lwork, int* iwork, const int* liwork, int* info);
using Heevd = void(const char* job, const char* uplo, const int* n, void* a, const int* lda,
                   void* w, void* work, const int* lwork, void* rwork, const int* lrwork,
                   int* iwork, const int* liwork, int* info);
using Gesdd = void(const char* job, const int* m, const int* n, void* a, const int* lda, void* s,
                   void* u, const int* ldu, void* vt, const int* ldvt, void* work, const int* lwork,
                   int* iwork, int* info);
using ComplexGesdd = void(const char* job, const int* m, const int* n, void* a, const int* lda,
                          void* s, void* u, const int* ldu, void* vt, const int* ldvt, void* work,
                          const int* lwork, void* rwork, int* iwork, int* info);

// Ascending eigenvalues, the eigenvectors (none without `vectors`), and where it did not converge.
struct Eigh {
  bool upper, vectors;
  static constexpr const char* name = "linalg_eigh";
  WG_FIELDS(upper, vectors)
  static constexpr Batching batching = Batching::leading;
  static constexpr Save saves[] = {save_output(0), save_output(1)};
  void infer(Infer& m) const {
    const Dims s = m.in(0).sizes();
    const Shape batch = batch_shape(s);
    set_dense(m.out(0), real_of(m.in(0).dtype), with_vector(batch, s[s.size() - 1]));
    set_column_major(m.out(1), m.in(0).dtype, s);
    set_dense(m.out(2), DType::int32, batch);
  }
  void compute(Compute& c) const {
    copy_elements(*c.out(1).impl(), *c.in(0).impl());
    with_element(c.out(1).dtype(), [&](auto zero) { run<decltype(zero)>(c); });
  }
  // Giles (2008), 3.1: V (diag(gw) + F * V^H gV) V^H with F_ij = 1 / (w_j - w_i), of which the part
  // that keeps V orthogonal is taken.
  void vjp(Vjp& v) const {
    const Tensor &w = v.saved(0), &vectors = v.saved(1), &gw = v.grad(0), &gv = v.grad(1);
    if (!gw.defined() && !gv.defined()) return;
    if (!gv.defined()) {
      v.set(0, matmul(vectors * row(gw), adjoint(vectors)));
      return;
    }
    const Tensor product = matmul(adjoint(vectors), gv);
    check_phase("linalg.eigh", product);
    Tensor inner = (product - adjoint(product)) * 0.5 / off_diagonal(row(w) - column(w));
    if (gw.defined()) inner = inner + diag_embed(gw);
    v.set(0, matmul(matmul(vectors, inner), adjoint(vectors)));
  }
  // With P = V^H A' V, of the Hermitian part of A': diag(P), and V (P / (w_j - w_i)).
  void jvp(Jvp& j) const {
    const Tensor &w = j.out(0), &v = j.out(1), &t = j.tangent(0);
    const Tensor p = matmul(matmul(adjoint(v), (t + adjoint(t)) * 0.5), v);
    const Tensor values = diagonal(p, 0, -2, -1);
    j.set(0, is_complex(values.dtype()) ? real(values) : values);
    j.set(1, matmul(v, (p - diag_embed(values)) / off_diagonal(row(w) - column(w))));
  }

 private:
  template <class T>
  void run(Compute& c) const {
    using Routine = std::conditional_t<kComplex<T>, Heevd, Syevd>;
    Routine* const eigen = lapack_routine<Routine, T>("linalg.eigh", "syevd", "heevd");
    const int64_t n = c.out(1).size(-1);
    const int order = static_cast<int>(n), ld = leading(n);
    T* const a = static_cast<T*>(c.out(1).data());
    Real<T>* const w = c.out(0).data<Real<T>>();
    int32_t* const code = c.out(2).data<int32_t>();
    for_each_matrix(c.out(2).numel(), 8 * n * n * n, [&](int64_t i) {
      code[i] = 0;
      if (n == 0) return;
      if (!all_finite(a + i * n * n, n * n)) {
        code[i] = order;
        std::fill_n(w + i * n, n, std::numeric_limits<Real<T>>::quiet_NaN());
        return;
      }
      int size = -1, ints = -1, reals = -1;
      const auto call = [&](T* work, int* iwork, [[maybe_unused]] Real<T>* rwork) {
        const char *job = vectors ? "V" : "N", *half = upper ? "U" : "L";
        if constexpr (kComplex<T>) {
          eigen(job, half, &order, a + i * n * n, &ld, w + i * n, work, &size, rwork, &reals, iwork,
                &ints, code + i);
        } else {
          eigen(job, half, &order, a + i * n * n, &ld, w + i * n, work, &size, iwork, &ints,
                code + i);
        }
      };
      T work_answer = 0;
      Real<T> real_answer = 0;
      int int_answer = 0;
      call(&work_answer, &int_answer, &real_answer);
      size = work_size(work_answer);
      ints = std::max(1, int_answer);
      reals = work_size(real_answer);
      std::vector<T> work(static_cast<size_t>(size));
      std::vector<int> iwork(static_cast<size_t>(ints));
      std::vector<Real<T>> rwork(static_cast<size_t>(reals));
      call(work.data(), iwork.data(), rwork.data());
    });
  }
};

// U, S, V^H and where it did not converge; U and V^H are empty without `vectors`.
struct Svd {
  bool full, vectors;
  static constexpr const char* name = "linalg_svd";
  WG_FIELDS(full, vectors)
  bool batch(Batch& b) const { return vectors ? batch_factors(b, {}) : batch_factors(b, {0, 2}); }
  static constexpr Save saves[] = {save_output(0), save_output(1), save_output(2)};
  void infer(Infer& m) const {
    const Dims s = m.in(0).sizes();
    const Shape batch = batch_shape(s);
    const int64_t rows = s[s.size() - 2], columns = s[s.size() - 1], k = std::min(rows, columns);
    const DType dtype = m.in(0).dtype;
    if (vectors) {
      set_column_major(m.out(0), dtype, with_matrix(batch, rows, full ? rows : k));
      set_column_major(m.out(2), dtype, with_matrix(batch, full ? columns : k, columns));
    } else {
      set_dense(m.out(0), dtype, no_elements());
      set_dense(m.out(2), dtype, no_elements());
    }
    set_dense(m.out(1), real_of(dtype), with_vector(batch, k));
    set_dense(m.out(3), DType::int32, batch);
  }
  void compute(Compute& c) const {
    with_element(c.in(0).dtype(), [&](auto zero) { run<decltype(zero)>(c); });
  }
  // Townsend, "Differentiating the singular value decomposition" (2016), with
  // E_ij = s_j^2 - s_i^2: U (skew(U^H gU) / E S + S skew(V^H gV) / E + diag(gS)) V^H, and the parts
  // of gU and gV outside of the spaces that U and V span. Of complex vectors the common phase is
  // arbitrary, and i Im(diag(U^H gU)) / S says what the difference of the phases does.
  void vjp(Vjp& v) const {
    const Tensor& s = v.saved(1);
    const Tensor& gs = v.grad(1);
    Tensor gu = v.grad(0), gvh = v.grad(2);
    if (!gu.defined() && !gs.defined() && !gvh.defined()) return;
    WG_CHECK(vectors, Error, "linalg.svd: singular values computed alone have no derivative here");
    const int64_t k = s.size(-1);
    const Tensor u = narrow(v.saved(0), -1, 0, k), vh = narrow(v.saved(2), -2, 0, k);
    if (gu.defined()) gu = narrow(gu, -1, 0, k);
    if (gvh.defined()) gvh = narrow(gvh, -2, 0, k);
    const Tensor squares = s * s, e = off_diagonal(row(squares) - column(squares));
    const auto skew = [&](const Tensor& x) { return (x - adjoint(x)) / e; };
    const bool phases = is_complex(u.dtype());
    Tensor inner, outside, turning;
    const auto more = [](Tensor& sum, Tensor term) {
      sum = sum.defined() ? sum + term : std::move(term);
    };
    if (gs.defined()) more(inner, diag_embed(gs));
    if (gu.defined()) {
      const Tensor product = matmul(adjoint(u), gu);
      more(inner, skew(product) * row(s));
      if (u.size(-2) > k) {
        more(outside, matmul((gu - matmul(u, product)) / row(s), vh));
      }
      if (phases) {
        const Tensor turn = imag(diagonal(product, 0, -2, -1));
        more(inner, diag_embed(complex(zeros(turn.shape(), turn.dtype()), turn / s)));
        more(turning, product);
      }
    }
    if (gvh.defined()) {
      const Tensor product = matmul(vh, adjoint(gvh));
      more(inner, column(s) * skew(product));
      if (vh.size(-1) > k) {
        more(outside, matmul(u, (gvh - matmul(adjoint(product), vh)) / column(s)));
      }
      if (phases) more(turning, product);
    }
    if (turning.defined()) check_phase("linalg.svd", turning);
    Tensor found = matmul(matmul(u, to(inner, u.dtype())), vh);
    if (outside.defined()) found = found + outside;
    v.set(0, found);
  }
  // With P = U^H A' V and E as above: Re diag(P), U ((P S + S P^H) / E) and V ((S P + P^H S) / E),
  // and what leaves the spaces that U and V span.
  void jvp(Jvp& j) const {
    WG_CHECK(vectors, Error, "linalg.svd: singular values computed alone have no derivative here");
    const Tensor &s = j.out(1), &t = j.tangent(0);
    const int64_t k = s.size(-1);
    const Tensor u = narrow(j.out(0), -1, 0, k), vh = narrow(j.out(2), -2, 0, k), v = adjoint(vh);
    const Tensor p = matmul(matmul(adjoint(u), t), v), ph = adjoint(p);
    const Tensor values = diagonal(p, 0, -2, -1), squares = s * s;
    const Tensor e = off_diagonal(row(squares) - column(squares));
    const auto off = [&](const Tensor& x) { return (x - diag_embed(diagonal(x, 0, -2, -1))) / e; };
    Tensor in_u = off(p * row(s) + column(s) * ph);
    if (is_complex(u.dtype())) {
      const Tensor turn = imag(values);
      in_u = in_u + diag_embed(complex(zeros(turn.shape(), turn.dtype()), turn / s));
    }
    Tensor du = matmul(u, in_u), dv = matmul(v, off(column(s) * p + ph * row(s)));
    if (u.size(-2) > k) du = du + (matmul(t, v) - matmul(u, p)) / row(s);
    if (v.size(-2) > k) dv = dv + (matmul(adjoint(t), u) - matmul(v, ph)) / row(s);
    const auto widened = [&](const Tensor& x, const Tensor& whole) {
      const int64_t more = whole.size(-1) - k;
      if (more == 0) return x;
      return cat({{x, zeros_like(narrow(whole, -1, k, more))}}, -1);
    };
    j.set(0, widened(du, j.out(0)));
    j.set(1, is_complex(values.dtype()) ? real(values) : values);
    j.set(2, adjoint(widened(dv, adjoint(j.out(2)))));
  }

 private:
  template <class T>
  void run(Compute& c) const {
    using Routine = std::conditional_t<kComplex<T>, ComplexGesdd, Gesdd>;
    Routine* const gesdd = lapack_routine<Routine, T>("linalg.svd", "gesdd");
    const Tensor scratch = column_major_copy(c.in(0).detach());
    const int64_t m = c.in(0).size(-2), n = c.in(0).size(-1), k = std::min(m, n);
    const int64_t in_u = full ? m : k, in_v = full ? n : k;
    const int rows = static_cast<int>(m), columns = static_cast<int>(n), ld = leading(m);
    const int ldv = leading(in_v);
    T* const a = scratch.data<T>();
    Real<T>* const s = c.out(1).data<Real<T>>();
    T *const u = static_cast<T*>(c.out(0).data()), *const vt = static_cast<T*>(c.out(2).data());
    int32_t* const code = c.out(3).data<int32_t>();
    if (k == 0) {
      std::fill_n(code, c.out(3).numel(), 0);
      if (vectors) {
        copy_elements(*c.out(0).impl(),
                      *expand(eye(m, in_u, scratch.dtype()), c.out(0).shape()).impl());
        copy_elements(*c.out(2).impl(),
                      *expand(eye(in_v, n, scratch.dtype()), c.out(2).shape()).impl());
      }
      return;
    }
    const char* const job = !vectors ? "N" : full ? "A" : "S";
    for_each_matrix(c.out(3).numel(), 8 * m * n * k, [&](int64_t i) {
      code[i] = 0;
      if (!all_finite(a + i * m * n, m * n)) {
        code[i] = static_cast<int>(k) + 1;
        return;
      }
      std::vector<int> iwork(static_cast<size_t>(8 * k));
      [[maybe_unused]] std::vector<Real<T>> rwork;
      if constexpr (kComplex<T>) {
        const int64_t most = std::max(m, n);
        rwork.resize(static_cast<size_t>(k * std::max(5 * k + 7, 2 * most + 2 * k + 1)));
      }
      int size = -1;
      const auto call = [&](T* work) {
        T *const ui = vectors ? u + i * m * in_u : nullptr, *const vi = vectors ? vt + i * in_v * n
                                                                                : nullptr;
        if constexpr (kComplex<T>) {
          gesdd(job, &rows, &columns, a + i * m * n, &ld, s + i * k, ui, &ld, vi, &ldv, work, &size,
                rwork.data(), iwork.data(), code + i);
        } else {
          gesdd(job, &rows, &columns, a + i * m * n, &ld, s + i * k, ui, &ld, vi, &ldv, work, &size,
                iwork.data(), code + i);
        }
      };
      T answer = 0;
      call(&answer);
      size = work_size(answer);
      std::vector<T> work(static_cast<size_t>(size));
      call(work.data());
    });
  }
};

constexpr const char* kDiverged =
    "the algorithm did not converge, or the matrix has elements that are not finite";

bool reads_upper(const char* op, std::string_view uplo) {
  WG_CHECK(uplo.size() == 1 && std::string_view("LlUu").find(uplo[0]) != std::string_view::npos,
           Error, op, ": expected UPLO 'L' or 'U', but got '", std::string(uplo), "'");
  return uplo[0] == 'U' || uplo[0] == 'u';
}

}  // namespace

std::pair<Tensor, Tensor> linalg_eigh(const Tensor& a, std::string_view uplo) {
  check_square("linalg.eigh", a);
  const auto [w, v, info] = apply_many<3>(Eigh{reads_upper("linalg.eigh", uplo), true}, a);
  check_lapack_info("linalg.eigh", info, kDiverged);
  return {w, v};
}
Tensor linalg_eigvalsh(const Tensor& a, std::string_view uplo) {
  check_square("linalg.eigvalsh", a);
  const auto out =
      apply_many<3>(Eigh{reads_upper("linalg.eigvalsh", uplo), may_be_differentiated(a)}, a);
  check_lapack_info("linalg.eigvalsh", out[2], kDiverged);
  return out[0];
}

std::tuple<Tensor, Tensor, Tensor> linalg_svd(const Tensor& a, bool full_matrices) {
  check_matrix("linalg.svd", a);
  const auto [u, s, vh, info] = apply_many<4>(Svd{full_matrices, true}, a);
  check_lapack_info("linalg.svd", info, kDiverged);
  return {u, s, vh};
}
Tensor linalg_svdvals(const Tensor& a) {
  check_matrix("linalg.svdvals", a);
  const auto out = apply_many<4>(Svd{false, may_be_differentiated(a)}, a);
  check_lapack_info("linalg.svdvals", out[3], kDiverged);
  return out[1];
}

namespace {
// V in the place of V^H; zeros in the places of U and V without compute_uv.
std::tuple<Tensor, Tensor, Tensor> svd(const Tensor& a, bool some, bool compute_uv) {
  check_matrix("svd", a);
  if (compute_uv) {
    const auto [u, s, vh] = linalg_svd(a, !some);
    return {u, s, adjoint(vh)};
  }
  const Shape batch = batch_shape(a.shape());
  const auto square = [&](int64_t n) { return zeros(with_matrix(batch, n, n), a.dtype()); };
  return {square(a.size(-2)), linalg_svdvals(a), square(a.size(-1))};
}

// Perturbations of single elements do not keep a matrix symmetric, and vectors have free signs: the
// tests of tests/parity take the place of samples.
constexpr uint32_t kShown = kFunction | kInternal | kOut;
constexpr Function rows[] = {
    make_function<linalg_eigh>("_linalg_eigh", "A, UPLO='L' -> eigenvalues, eigenvectors", kShown,
                               "Ascending eigenvalues and eigenvectors of symmetric matrices"),
    make_function<linalg_eigvalsh>("_linalg_eigvalsh", "A, UPLO='L'", kShown,
                                   "Ascending eigenvalues of symmetric matrices"),
    make_function<linalg_svd>("_linalg_svd", "A, full_matrices=True -> U, S, Vh", kShown,
                              "U, S, Vh with A = U diag(S) Vh, the singular values descending"),
    make_function<svd>("svd", "input, some=True, compute_uv=True -> U, S, V",
                       kFunction | kMethod | kOut,
                       "U, S, V with input = U diag(S) V^H; U and V are square where not some"),
    make_function<linalg_svdvals>("_linalg_svdvals", "A", kShown, "Singular values, descending",
                                  "T((3, 3))\nT((2, 3, 4))", "np.linalg.svd(A, compute_uv=False)"),
};
}  // namespace

extern const FunctionTable linalg_spectrum_functions;
const FunctionTable linalg_spectrum_functions = {rows, std::size(rows)};

WG_OPERATIONS(linalg_spectrum, operation<Svd>(), operation<Eigh>())

WENGERT_NAMESPACE_END
