// Products with sparse matrices of floating numbers (float32, float64).
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

// Rows `begin` to `end` of a sparse matrix: those of row r are the entries first[r] to first[r +
// 1], entry e standing in column column[e] and at position[e] of the arrays of values.
struct SparseRows {
  int64_t begin, end;
  const int64_t *first, *column, *position;
};
struct SparseKernels {
  // out[r] = sum over its entries, in order, of values[position] * x[column]; rows of n elements.
  void (*product)(const SparseRows& rows, int64_t n, void* out, const void* values, const void* x);
  // out[position] = the inner product of g[r] and x[column].
  void (*inner)(const SparseRows& rows, int64_t n, void* out, const void* g, const void* x);
};
const SparseKernels& sparse(DType dtype);

// Filled by each ISA level; see levels.h.
#define WG_DECLARE_LEVEL(level)               \
  namespace level {                           \
  extern const SparseKernels sparse_table[2]; \
  }
#if defined(__x86_64__) || defined(_M_X64)
WG_DECLARE_LEVEL(v2)
WG_DECLARE_LEVEL(v3)
WG_DECLARE_LEVEL(v4)
#endif
WG_DECLARE_LEVEL(baseline)
#undef WG_DECLARE_LEVEL

}  // namespace wengert::kernels
