// The few operations that the backward engine itself needs. Declared here, below the operations,
// and defined among them (ops/algebra.cpp).
#pragma once

#include "autograd/op_class.h"

WENGERT_NAMESPACE_BEGIN
namespace algebra {

Tensor ones_like(const TensorImpl& t);
Tensor zeros(DType dtype, Dims shape);
Tensor add(const Tensor& a, const Tensor& b);
void add_(Tensor& a, const Tensor& b);
// A dense copy.
Tensor clone(const Tensor& t);
// A dense copy whose dimensions have descending strides in the order given; row-major without one.
Tensor dense_clone(const Tensor& t, Dims order);
void copy_(Tensor& to, const Tensor& from);
// Sums the dimensions along which `shape` was broadcast to t's shape.
Tensor sum_to(const Tensor& t, Dims shape);
// Converts; complex to real keeps the real part.
Tensor cast(const Tensor& t, DType dtype);
bool has_nan(const Tensor& t);
// A view of all elements, with the history of `t`.
Tensor view_as(const Tensor& t);
Tensor expand(const Tensor& t, Dims shape);
// Zeros that stand for as many examples as `like` does.
Tensor new_zeros(const Tensor& like, Dims shape, DType dtype);
// A dense copy that elements of `other` can be written into, whatever examples they stand for.
Tensor clone_beside(const Tensor& t, const Tensor& other);
// A new dimension in front, for lists of examples and back.
Tensor stack(TensorList tensors);
Tensor select(const Tensor& t, int64_t index);
Tensor to_front(const Tensor& t, int64_t dim);
Tensor reshape(const Tensor& t, Dims shape);

}  // namespace algebra
WENGERT_NAMESPACE_END
