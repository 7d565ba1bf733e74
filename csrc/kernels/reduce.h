// Reductions over the middle axis of contiguous [outer, n, inner] arrays.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

enum class Reduce : uint8_t { sum, prod, max, min, any, all, count };

// out[o, i] = reduction over k of x[o, k, i]. The order of the additions depends only on n and on
// whether inner == 1, never on outer, inner > 1, or the position. max and min propagate NaN.
// sum and prod: `out` has the input's dtype for float32 and float64 and int64; the smaller
// integers and bool have kernels that read them and write int64. max, min: the input's dtype.
// any, all: bool out for every real dtype.
using ReduceFn = void (*)(int64_t outer, int64_t n, int64_t inner, void* out, const void* x);
ReduceFn reduce(Reduce op, DType dtype);  // nullptr: no kernel; convert to another dtype first

// index[o, i] (int64) = position of the first maximum or minimum along n (a NaN counts as extreme).
using ArgReduceFn = void (*)(int64_t outer, int64_t n, int64_t inner, int64_t* index,
                             const void* x);
ArgReduceFn argreduce(bool maximum, DType dtype);

// Running sum or product along n: out has the dtype that ReduceFn writes.
enum class Scan : uint8_t { sum, prod, count };
ReduceFn scan(Scan op, DType dtype);

// ---- rows of floating numbers (float32, float64) ------------------------------------------
// y = softmax or log-softmax of each of `rows` rows of n elements.
using RowFn = void (*)(int64_t rows, int64_t n, void* y, const void* x);
// gx from g and y.
using RowGradFn = void (*)(int64_t rows, int64_t n, void* gx, const void* g, const void* y);
struct SoftmaxKernels {
  RowFn softmax, log_softmax;
  RowGradFn softmax_grad, log_softmax_grad;
};
const SoftmaxKernels& softmax(DType dtype);

// Mean and sum of squared deviations of each row (Welford or two passes, never E[x^2] - E[x]^2).
using MomentsFn = void (*)(int64_t rows, int64_t n, void* mean, void* m2, const void* x);
MomentsFn moments(DType dtype);

}  // namespace wengert::kernels
