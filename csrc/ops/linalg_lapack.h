// What the operations on LAPACK share.
#pragma once

#include <algorithm>
#include <atomic>

#include "autograd/levels.h"
#include "ops/linalg_check.h"
#include "runtime/blas.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

// The routine of this name for elements of type T, such as "gesv".
template <class F, class T>
F* lapack_routine(const char* op, const char* name) {
  const std::string full = (sizeof(T) == 8 ? "d" : "s") + std::string(name);
  void* const found = runtime::lapack(full.c_str());
  WG_CHECK(found != nullptr, Error, op,
           ": needs LAPACK, which this build has none of; build with WENGERT_BLAS=ON");
  return reinterpret_cast<F*>(found);
}

// The last dimension, and a shape without elements.
inline constexpr int64_t kLast = -1, kNone = 0;
inline Dims last_dim() { return {&kLast, 1}; }
inline Dims no_elements() { return {&kNone, 1}; }

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

// Calls f with a float or a double, as the dtype says.
template <class F>
void with_real(DType t, F&& f) {
  if (t == DType::float64) {
    f(double{});
  } else {
    f(float{});
  }
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
