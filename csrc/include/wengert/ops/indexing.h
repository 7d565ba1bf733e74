// Indexing with tensors, and gathering and scattering along one dimension.
#pragma once

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// input[indices[0], indices[1], ...] as in NumPy: integer tensors broadcast together, a bool tensor
// stands for its nonzero positions, an undefined one for a full slice.
WENGERT_API Tensor index(const Tensor& input, TensorList indices);
// input[indices] = values, or += with accumulate (which adds once for each time a place is named).
WENGERT_API Tensor& index_put_(Tensor& self, TensorList indices, const Tensor& values,
                               bool accumulate = false);
// The rows (along dim) named by the 1-d integer tensor.
WENGERT_API Tensor index_select(const Tensor& input, int64_t dim, const Tensor& index);
// self[..., index[i], ...] += source[..., i, ...] along dim.
WENGERT_API Tensor index_add(const Tensor& input, int64_t dim, const Tensor& index,
                             const Tensor& source);
// out[i][j] = input[index[i][j]][j] for dim 0, and so on.
WENGERT_API Tensor gather(const Tensor& input, int64_t dim, const Tensor& index);
// A copy of input with out[index[i][j]][j] = src[i][j] for dim 0, and so on.
WENGERT_API Tensor scatter(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& src);
WENGERT_API Tensor scatter_add(const Tensor& input, int64_t dim, const Tensor& index,
                               const Tensor& src);
// Positions of the nonzero elements, one per row.
WENGERT_API Tensor nonzero(const Tensor& input);

WENGERT_NAMESPACE_END
