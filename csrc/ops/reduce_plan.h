// What reductions over arbitrary dimensions have in common.
#pragma once

#include "kernels/reduce.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

// Dimensions wrapped, sorted and free of duplicates (ValueError); all of them where none is given.
Shape wrap_dims(const char* op, Dims dims, int64_t ndim);
Shape reduced_shape(Dims shape, const Shape& dims, bool keepdim);
// The gradient of a reduction, expanded to the shape of its input.
Tensor spread(const Tensor& g, const Shape& shape, const Shape& dims, bool keepdim);

// The input as a dense array [outer, n, inner] whose middle axis holds the reduced dimensions.
struct ReduceLayout {
  Tensor x;
  int64_t outer, n, inner;
};
ReduceLayout reduce_layout(const Tensor& x, const Shape& dims, DType dtype);

// out = reduction of x over dims in the given dtype; out is dense and has the elements in the order
// of the dimensions kept. The bits do not depend on the number of threads.
void reduce_into(const char* op, kernels::Reduce kind, const Tensor& x, const Shape& dims,
                 const TensorImpl& out, DType dtype);

WENGERT_NAMESPACE_END
