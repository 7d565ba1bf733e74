// Copying elements between strided arrays.
#pragma once

#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

// Writes the elements of `from`, converted and broadcast to the shape of `to`. The two do not
// overlap, unless they are the same array. Knows no history and counts no version.
void copy_elements(const TensorImpl& to, const TensorImpl& from);

// Strides of a dense array whose dimensions lie in the order of t's strides. False, with nothing
// written, where t's own strides are in row-major order.
bool dense_strides(const TensorImpl& t, int64_t* strides);

// A dense tensor with the elements of `t`, converted; row-major, or with `keep_order` in t's order
// of strides.
Tensor dense_copy(const TensorImpl& t, DType dtype, bool keep_order = false);

// `t` itself if it is row-major and has that dtype, otherwise such a copy.
Tensor as_contiguous(const Tensor& t, DType dtype);
inline Tensor as_contiguous(const Tensor& t) { return as_contiguous(t, t.impl()->dtype); }

WENGERT_NAMESPACE_END
