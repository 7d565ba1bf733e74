// Eigenvalues and eigenvectors of square matrices.
#include <algorithm>
#include <cmath>

#include "ops/function.h"
#include "ops/linalg_lapack.h"
#include "ops/operations.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using Geev = void(const char* left, const char* right, const int* n, void* a, const int* lda,
                  void* real, void* imag, void* vl, const int* ldvl, void* vr, const int* ldvr,
                  void* work, const int* lwork, int* info);
using ComplexGeev = void(const char* left, const char* right, const int* n, void* a, const int* lda,
                         void* w, void* vl, const int* ldvl, void* vr, const int* ldvr, void* work,
                         const int* lwork, void* rwork, int* info);

// A real matrix has its complex vectors in pairs of columns: the real and the imaginary part of the
// first of two conjugates.
template <class T>
void unpack_pairs(const T* imag, const T* packed, int64_t n, std::complex<T>* vectors) {
  for (int64_t j = 0; j < n; ++j) {
    const bool pair = imag[j] != 0 && j + 1 < n;
    for (int64_t i = 0; i < n; ++i) {
      const T re = packed[j * n + i], im = pair ? packed[(j + 1) * n + i] : T(0);
      vectors[j * n + i] = {re, im};
      if (pair) vectors[(j + 1) * n + i] = {re, -im};
    }
    if (pair) ++j;
  }
}

// Eigenvalues, eigenvectors of length 1 (none without `vectors`), and where it did not converge.
struct Eig {
  bool vectors;
  static constexpr const char* name = "linalg_eig";
  WG_FIELDS(vectors)
  static constexpr Save saves[] = {save_output(0), save_output(1)};
  bool batch(Batch& b) const { return vectors ? batch_factors(b, {}) : batch_factors(b, {1}); }
  void infer(Infer& m) const {
    const Dims s = m.in(0).sizes();
    const Shape batch = batch_shape(s);
    const DType dtype = complex_for(m.in(0).dtype);
    set_dense(m.out(0), dtype, with_vector(batch, s[s.size() - 1]));
    if (vectors) {
      set_column_major(m.out(1), dtype, s);
    } else {
      set_dense(m.out(1), dtype, no_elements());
    }
    set_dense(m.out(2), DType::int32, batch);
  }
  void compute(Compute& c) const {
    with_element(c.in(0).dtype(), [&](auto zero) { run<decltype(zero)>(c); });
  }
  // Boeddeker et al., "On the computation of complex-valued gradients with application to
  // statistically optimum beamforming" (arXiv:1701.00392), 4.18, with vectors of length 1:
  // V^-H (diag(gw) + (V^H gV - V^H V Re(diag(V^H gV))) / conj(w_j - w_i)) V^H.
  void vjp(Vjp& v) const {
    const Tensor &w = v.saved(0), &gw = v.grad(0), &gv = v.grad(1);
    if (!gw.defined() && !gv.defined()) return;
    WG_CHECK(vectors, Error, "linalg.eig: eigenvalues computed alone have no derivative here");
    const Tensor &vectors_of = v.saved(1), dual = adjoint(vectors_of);
    Tensor inner;
    if (gw.defined()) inner = diag_embed(gw);
    if (gv.defined()) {
      const Tensor product = matmul(dual, gv);
      check_phase("linalg.eig", product);
      const Tensor lengths = real(diagonal(product, 0, -2, -1));
      const Tensor gaps = off_diagonal(row(w) - column(w));
      const Tensor turned = (product - matmul(dual, vectors_of) * row(lengths)) / conj(gaps);
      inner = inner.defined() ? inner + turned : turned;
    }
    v.set(0, linalg_solve(dual, matmul(inner, dual)));
  }
  // With P = V^-1 A' V: diag(P), and V (P / (w_j - w_i)) without what would change the lengths.
  void jvp(Jvp& j) const {
    WG_CHECK(vectors, Error, "linalg.eig: eigenvalues computed alone have no derivative here");
    const Tensor &w = j.out(0), &v = j.out(1);
    const Tensor p = linalg_solve(v, matmul(to(j.tangent(0), v.dtype()), v));
    const Tensor values = diagonal(p, 0, -2, -1);
    j.set(0, values);
    const Tensor turn = matmul(v, (p - diag_embed(values)) / off_diagonal(row(w) - column(w)));
    constexpr int64_t kRows = -2;
    const Tensor lengths = real(sum(conj(v) * turn, Dims(&kRows, 1), true));
    j.set(1, turn - v * lengths);
  }

 private:
  template <class T>
  void run(Compute& c) const {
    using R = Real<T>;
    using Routine = std::conditional_t<kComplex<T>, ComplexGeev, Geev>;
    Routine* const geev = lapack_routine<Routine, T>("linalg.eig", "geev");
    const Tensor scratch = column_major_copy(c.in(0).detach());
    const int64_t n = scratch.size(-1);
    const int order = static_cast<int>(n), ld = leading(n);
    T* const a = scratch.data<T>();
    auto* const w = c.out(0).data<std::complex<R>>();
    auto* const out = static_cast<std::complex<R>*>(c.out(1).data());
    int32_t* const code = c.out(2).data<int32_t>();
    const char* const job = vectors ? "V" : "N";
    for_each_matrix(c.out(2).numel(), 25 * n * n * n, [&](int64_t b) {
      code[b] = 0;
      if (n == 0) return;
      if (!all_finite(a + b * n * n, n * n)) {
        code[b] = order;
        std::fill_n(w + b * n, n, std::complex<R>(NAN, NAN));
        if (vectors) std::fill_n(out + b * n * n, n * n, std::complex<R>(NAN, NAN));
        return;
      }
      const auto size_of = [&](int64_t count) { return static_cast<size_t>(count); };
      std::vector<R> parts(size_of(2 * n));
      std::vector<T> packed(size_of(vectors && !kComplex<T> ? n * n : 0));
      int size = -1;
      const auto call = [&](T* work) {
        if constexpr (kComplex<T>) {
          geev("N", job, &order, a + b * n * n, &ld, w + b * n, nullptr, &ld,
               vectors ? out + b * n * n : nullptr, &ld, work, &size, parts.data(), code + b);
        } else {
          geev("N", job, &order, a + b * n * n, &ld, parts.data(), parts.data() + n, nullptr, &ld,
               packed.data(), &ld, work, &size, code + b);
        }
      };
      T answer = 0;
      call(&answer);
      size = work_size(answer);
      std::vector<T> work(size_of(size));
      call(work.data());
      if constexpr (!kComplex<T>) {
        for (int64_t i = 0; i < n; ++i) w[b * n + i] = {parts[size_of(i)], parts[size_of(n + i)]};
        if (vectors) unpack_pairs(parts.data() + n, packed.data(), n, out + b * n * n);
      }
    });
  }
};

std::array<Tensor, 3> eigen(const char* op, const Tensor& a, bool vectors) {
  check_square(op, a);
  WG_CHECK(all(isfinite(all_examples(a.detach()))).item<bool>(), Error, op,
           ": expected finite elements, but got inf or NaN");
  auto out = apply_many<3>(Eig{vectors}, a);
  check_lapack_info(op, out[2], "the algorithm did not converge");
  return out;
}

}  // namespace

std::pair<Tensor, Tensor> linalg_eig(const Tensor& a) {
  const auto out = eigen("linalg.eig", a, true);
  return {out[0], out[1]};
}
Tensor linalg_eigvals(const Tensor& a) {
  return eigen("linalg.eigvals", a, may_be_differentiated(a))[0];
}

namespace {
// Vectors have free phases, and the derivatives of complex results are not those the samples'
// tests take: tests/parity has cases.
constexpr uint32_t kShown = kFunction | kInternal | kOut;
constexpr Function rows[] = {
    make_function<linalg_eig>("_linalg_eig", "A -> eigenvalues, eigenvectors", kShown,
                              "Eigenvalues and eigenvectors of square matrices, complex"),
    make_function<linalg_eigvals>("_linalg_eigvals", "A", kShown,
                                  "Eigenvalues of square matrices, complex"),
};
}  // namespace

extern const FunctionTable linalg_eig_functions;
const FunctionTable linalg_eig_functions = {rows, std::size(rows)};

WG_OPERATIONS(linalg_eig, operation<Eig>())

WENGERT_NAMESPACE_END
