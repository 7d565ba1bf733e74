// Products of Householder reflectors, in the form in which a QR factorization leaves them.
#include "ops/function.h"
#include "ops/linalg_lapack.h"
#include "ops/operations.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using Ormqr = void(const char* side, const char* trans, const int* m, const int* n, const int* k,
                   const void* a, const int* lda, const void* tau, void* c, const int* ldc,
                   void* work, const int* lwork, int* info);

// Q C, or Q^H C where `inverse`, with Q = H_1 ... H_k and H_i = 1 - tau_i v_i v_i^H; v_i stands
// below the diagonal of column i of A, on which it is 1.
struct Reflect {
  bool inverse;
  static constexpr const char* name = "ormqr";
  WG_FIELDS(inverse)
  static constexpr Batching batching = Batching::leading_all;
  static constexpr Save saves[] = {save_input(0), save_input(1), save_input(2)};
  void infer(Infer& m) const { set_column_major(m.out(), m.in(2).dtype, m.in(2).sizes()); }
  void compute(Compute& c) const {
    copy_elements(*c.out().impl(), *c.in(2).impl());
    with_element(c.out().dtype(), [&](auto zero) { run<decltype(zero)>(c); });
  }
  // One reflector H = 1 - t v v^H after the other: with P the gradient of H X, those of t and v are
  // -v^H P X^H v and -conj(t) P X^H v - t X P^H v.
  void vjp(Vjp& v) const {
    const Tensor &a = v.saved(0), &tau = v.saved(1);
    const int64_t k = tau.size(-1), m = a.size(-2);
    const Tensor vectors = tril(narrow(a, -1, 0, k), -1) + eye(m, k, a.dtype());
    const Tensor factors = inverse ? conj(tau) : tau;
    const auto vector = [&](int64_t i) { return narrow(vectors, -1, i, 1); };
    const auto factor = [&](int64_t i) { return unsqueeze(narrow(factors, -1, i, 1), -1); };
    const auto reflected = [&](const Tensor& x, int64_t i, const Tensor& t) {
      return x - matmul(t * vector(i), matmul(adjoint(vector(i)), x));
    };
    // The i-th step, counted from the left of the product, uses this reflector.
    const auto place = [&](int64_t i) { return inverse ? k - 1 - i : i; };
    std::vector<Tensor> before(static_cast<size_t>(k));
    Tensor x = v.saved(2), p = v.grad();
    for (int64_t i = k - 1; i >= 0; --i) {
      before[static_cast<size_t>(i)] = x;
      if (i > 0) x = reflected(x, place(i), factor(place(i)));
    }
    std::vector<Tensor> g_vectors(static_cast<size_t>(k)), g_factors(g_vectors);
    for (int64_t i = 0; i < k; ++i) {
      const int64_t at = place(i);
      const Tensor &input = before[static_cast<size_t>(i)], t = factor(at), u = vector(at);
      if (v.needs(0) || v.needs(1)) {
        const Tensor left = matmul(adjoint(u), p), right = matmul(adjoint(u), input);
        const Tensor g = neg(matmul(left, adjoint(right)));
        g_factors[static_cast<size_t>(at)] = squeeze(g, last_dim());
        g_vectors[static_cast<size_t>(at)] =
            neg(conj(t) * matmul(p, adjoint(right)) + t * matmul(input, adjoint(left)));
      }
      p = reflected(p, at, conj(t));
    }
    if (v.needs(2)) v.set(2, p);
    if (v.needs(1)) {
      const Tensor g = k > 0 ? cat(g_factors, -1) : zeros(tau.shape(), tau.dtype());
      v.set(1, inverse ? conj(g) : g);
    }
    if (v.needs(0)) {
      const int64_t rest = a.size(-1) - k;
      if (rest > 0 || k == 0) {
        g_vectors.push_back(zeros(with_matrix(batch_shape(a.shape()), m, rest), a.dtype()));
      }
      v.set(0, tril(cat(g_vectors, -1), -1));
    }
  }

 private:
  template <class T>
  void run(Compute& c) const {
    Ormqr* const ormqr = lapack_routine<Ormqr, T>("ormqr", "ormqr", "unmqr");
    const Tensor a = column_major_copy(c.in(0).detach()), tau = as_contiguous(c.in(1));
    const int64_t m = c.out().size(-2), n = c.out().size(-1), k = tau.size(-1), width = a.size(-2);
    if (m == 0 || n == 0 || k == 0) return;
    const int rows = static_cast<int>(m), columns = static_cast<int>(n), ld = leading(m);
    const int count = static_cast<int>(k);
    const char* const form = !inverse ? "N" : kComplex<T> ? "C" : "T";
    for_each_matrix(matrix_count(c.out()), 4 * m * n * k, [&](int64_t i) {
      int size = -1, info = 0;
      const auto call = [&](T* work) {
        ormqr("L", form, &rows, &columns, &count, a.data<T>() + i * m * width, &ld,
              tau.data<T>() + i * k, static_cast<T*>(c.out().data()) + i * m * n, &ld, work, &size,
              &info);
      };
      T answer = 0;
      call(&answer);
      size = work_size(answer);
      std::vector<T> work(static_cast<size_t>(size));
      call(work.data());
    });
  }
};

void check_reflectors(const char* op, const Tensor& a, const Tensor& tau) {
  check_matrix(op, a);
  const DType t = detail::input(op, tau)->dtype;
  WG_CHECK(t == a.dtype(), Error, op, ": the reflectors have dtype ", a.dtype(), ", but tau has ",
           t);
  const Dims s = a.shape(), f = tau.shape();
  WG_CHECK(f.size() + 1 == s.size() && Dims(s.data(), s.size() - 2) == Dims(f.data(), f.size() - 1),
           Error, op, ": tau of shape ", f, " does not belong to reflectors of shape ", s);
  WG_CHECK(tau.size(-1) <= a.size(-1), Error, op, ": expected at most ", a.size(-1),
           " factors for reflectors of shape ", s, ", but tau has shape ", f);
}

}  // namespace

Tensor linalg_householder_product(const Tensor& a, const Tensor& tau) {
  constexpr const char* op = "linalg.householder_product";
  check_reflectors(op, a, tau);
  const int64_t m = a.size(-2), n = a.size(-1);
  WG_CHECK(m >= n, Error, op, ": expected no more columns than rows, but got shape ", a.shape());
  return apply(Reflect{false}, a, tau, expand(eye(m, n, a.dtype()), a.shape()));
}

Tensor ormqr(const Tensor& a, const Tensor& tau, const Tensor& other, bool left, bool transposed) {
  constexpr const char* op = "ormqr";
  check_reflectors(op, a, tau);
  check_matrix(op, other);
  const int64_t m = a.size(-2);
  WG_CHECK(other.dtype() == a.dtype(), Error, op, ": the reflectors have dtype ", a.dtype(),
           ", but other has ", other.dtype());
  WG_CHECK(batch_shape(a.shape()) == batch_shape(other.shape()) && other.size(left ? -2 : -1) == m,
           Error, op, ": other of shape ", other.shape(), " does not fit reflectors of shape ",
           a.shape(), left ? "" : " with left=False");
  const int64_t k = std::min(m, a.size(-1));
  WG_CHECK(tau.size(-1) == k, Error, op, ": expected ", k, " factors, but tau has shape ",
           tau.shape());
  if (left) return apply(Reflect{transposed}, a, tau, other);
  return adjoint(apply(Reflect{!transposed}, a, tau, adjoint(other)));
}

namespace {
constexpr Function rows[] = {
    make_function<linalg_householder_product>(
        "_linalg_householder_product", "input, tau", kFunction | kInternal | kOut,
        "The first columns of the product of Householder reflectors",
        "T((4, 3)), T((2,))\nT((2, 3, 3)), T((2, 3))\nT((3, 2)), T((0,))"),
    make_function<linalg_householder_product>(
        "orgqr", "input, input2", kFunction | kMethod | kOut | kAlias,
        "The first columns of the product of Householder reflectors"),
    make_function<wengert::ormqr>(
        "ormqr", "input, input2, input3, left=True, transpose=False", kFunction | kMethod | kOut,
        "A matrix times the product of Householder reflectors, or its adjoint",
        "T((4, 3)), T((3,)), T((4, 2))\nT((2, 3, 2)), T((2, 2)), T((2, 2, 3)), False\n"
        "T((4, 2)), T((2,)), T((4, 4)), True, True\nT((3, 3)), T((3,)), T((2, 3)), False, True"),
};
}  // namespace

extern const FunctionTable linalg_reflect_functions;
const FunctionTable linalg_reflect_functions = {rows, std::size(rows)};

WG_OPERATIONS(linalg_reflect, operation<Reflect>())

WENGERT_NAMESPACE_END
