// What the operations on LAPACK share.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <complex>

#include "autograd/levels.h"
#include "ops/linalg_check.h"
#include "ops/real_types.h"
#include "runtime/blas.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

template <class T>
struct RealPart {
  using type = T;
};
template <class T>
struct RealPart<std::complex<T>> {
  using type = T;
};
template <class T>
using Real = typename RealPart<T>::type;
template <class T>
inline constexpr bool kComplex = !std::is_same_v<T, Real<T>>;

// The routine of this name for elements of type T, such as "gesv"; some have another name where
// they are complex.
template <class F, class T>
F* lapack_routine(const char* op, const char* name, const char* complex_name = nullptr) {
  constexpr bool wide = sizeof(Real<T>) == 8;
  const char* const kind = kComplex<T> ? (wide ? "z" : "c") : (wide ? "d" : "s");
  const std::string full =
      std::string(kind) + (kComplex<T> && complex_name != nullptr ? complex_name : name);
  void* const found = runtime::lapack(full.c_str());
  WG_CHECK(found != nullptr, Error, op,
           ": needs LAPACK, which this build has none of; build with WENGERT_BLAS=ON");
  return reinterpret_cast<F*>(found);
}

// The last dimension, and a shape without elements.
inline constexpr int64_t kLast = -1, kNone = 0;
inline Dims last_dim() { return {&kLast, 1}; }
inline Dims no_elements() { return {&kNone, 1}; }

inline Tensor row(const Tensor& t) { return unsqueeze(t, -2); }
inline Tensor column(const Tensor& t) { return unsqueeze(t, -1); }
// x with its diagonal replaced by ones.
inline Tensor off_diagonal(const Tensor& x) {
  return where(eye(x.size(-1), x.size(-1), DType::bool_), full({}, 1, x.dtype()), x);
}
// Complex vectors are unique but for a factor on the unit circle: a loss that depends on it, which
// shows in the imaginary diagonal of `product`, V^H gV, has no derivative. Raises Error.
void check_phase(const char* op, const Tensor& product);

inline Shape batch_shape(Dims s, size_t matrix_dims = 2) {
  return Dims(s.data(), s.size() - matrix_dims);
}
inline Shape with_matrix(Dims batch, int64_t rows, int64_t columns) {
  Shape s = batch;
  s.push(rows);
  s.push(columns);
  return s;
}
inline Shape with_vector(Dims batch, int64_t n) {
  Shape s = batch;
  s.push(n);
  return s;
}

inline void set_dense(Meta& m, DType dtype, Dims shape) {
  m.dtype = dtype;
  m.shape = shape;
}
// Matrices stored column after column, as LAPACK has them.
inline void set_column_major(Meta& m, DType dtype, const Shape& s) {
  m.dtype = dtype;
  m.shape = s;
  m.strided = true;
  const int64_t rows = s.d[s.ndim - 2], columns = s.d[s.ndim - 1];
  m.strides[s.ndim - 2] = 1;
  m.strides[s.ndim - 1] = std::max<int64_t>(1, rows);
  int64_t step = std::max<int64_t>(1, rows) * std::max<int64_t>(1, columns);
  for (int i = s.ndim - 3; i >= 0; --i) {
    m.strides[i] = step;
    step *= std::max<int64_t>(1, s.d[i]);
  }
}

inline int64_t matrix_count(const Tensor& t) {
  int64_t n = 1;
  for (int64_t d = 0; d + 2 < t.dim(); ++d) n *= t.size(d);
  return n;
}

// A scratch copy of matrices, stored column after column.
inline Tensor column_major_copy(const Tensor& t) {
  const Tensor copy = empty(transpose(t, -2, -1).shape(), t.dtype());
  copy_elements(*copy.impl(), *transpose(t, -2, -1).impl());
  return copy;
}

// f(i) for each matrix of a batch, in parallel; one matrix is never divided.
template <class F>
void for_each_matrix(int64_t count, int64_t cost, F&& f) {
  runtime::parallel_for(count, std::max<int64_t>(1, 32768 / std::max<int64_t>(1, cost)),
                        [&](int64_t begin, int64_t end) {
                          for (int64_t i = begin; i < end; ++i) f(i);
                        });
}

inline int leading(int64_t n) { return static_cast<int>(std::max<int64_t>(1, n)); }

// A value of one of the types of matrices' elements, as the dtype says.
template <class F>
void with_element(DType t, F&& f) {
  with_inexact_type("linalg", t, f);
}
template <class T>
bool all_finite(const T* a, int64_t n) {
  const Real<T>* const parts = reinterpret_cast<const Real<T>*>(a);
  return std::all_of(parts, parts + n * (kComplex<T> ? 2 : 1),
                     [](Real<T> x) { return std::isfinite(x); });
}
// The length of the scratch memory that a routine asked for.
template <class T>
int work_size(const T& answer) {
  return std::max(1, static_cast<int>(std::real(answer)));
}

[[noreturn]] inline void no_derivative(const char* op) {
  fail<NotImplementedError>(op, ": has no derivative");
}

// The rule for vmap of a factorization: the examples are further matrices. Outputs that have no
// elements whatever the matrix have none for each example.
inline bool batch_factors(Batch& b, std::initializer_list<int> empty) {
  if (!b.run_leading()) return false;
  for (const int k : empty) b.set(k, reshape(b.out(k), {{b.size(), kNone}}));
  return true;
}
// Whether derivatives of what is made of `t` may be asked for: eigenvalues and singular values have
// them where the vectors are computed too.
inline bool may_be_differentiated(const Tensor& t) {
  return transforming() || (t.requires_grad() && recording());
}

// Raises LinAlgError for the first matrix whose `info` is positive; `text` says what that means.
inline void check_lapack_info(const char* op, const Tensor& info, const char* text) {
  const Tensor dense = as_contiguous(all_examples(info));
  const int32_t* code = dense.data<int32_t>();
  for (int64_t i = 0; i < dense.numel(); ++i) {
    if (code[i] == 0) continue;
    const std::string which = info.dim() ? "(Batch element " + std::to_string(i) + "): " : "";
    fail<LinAlgError>(op, ": ", which, text, " (code ", code[i], ")");
  }
}

WENGERT_NAMESPACE_END
