// Indexing with tensors, and gathering and scattering along one dimension.
#pragma once

#include <optional>
#include <string_view>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// input[indices[0], indices[1], ...] as in NumPy: integer tensors broadcast together, a bool tensor
// stands for its nonzero positions, an undefined one for a full slice.
WENGERT_API Tensor index(const Tensor& input, TensorList indices);
// input[indices] = values, or += with accumulate (which adds once for each time a place is named).
WENGERT_API Tensor& index_put_(Tensor& self, TensorList indices, const Tensor& values,
                               bool accumulate = false);
// The rows (along dim) named by the 1-d integer tensor; here and below, 0-d tensors are 1-d ones.
WENGERT_API Tensor index_select(const Tensor& input, int64_t dim, const Tensor& index);
// self[..., index[i], ...] += source[..., i, ...] along dim.
WENGERT_API Tensor index_add(const Tensor& input, int64_t dim, const Tensor& index,
                             const Tensor& source);
WENGERT_API Tensor& index_add_(Tensor& self, int64_t dim, const Tensor& index,
                               const Tensor& source);
// self[..., index[i], ...] = source[..., i, ...] along dim.
WENGERT_API Tensor index_copy(const Tensor& input, int64_t dim, const Tensor& index,
                              const Tensor& source);
WENGERT_API Tensor& index_copy_(Tensor& self, int64_t dim, const Tensor& index,
                                const Tensor& source);
// self[..., index[i], ...] = value (0-d) along dim.
WENGERT_API Tensor index_fill(const Tensor& input, int64_t dim, const Tensor& index,
                              const Tensor& value);
WENGERT_API Tensor& index_fill_(Tensor& self, int64_t dim, const Tensor& index,
                                const Tensor& value);
WENGERT_API Tensor index_put(const Tensor& input, TensorList indices, const Tensor& values,
                             bool accumulate = false);
// Elements at flat positions; negative ones count from the end.
WENGERT_API Tensor take(const Tensor& input, const Tensor& index);
WENGERT_API Tensor put(const Tensor& input, const Tensor& index, const Tensor& source,
                       bool accumulate = false);
WENGERT_API Tensor& put_(Tensor& self, const Tensor& index, const Tensor& source,
                         bool accumulate = false);
// gather() with input and indices broadcast against each other; flat without dim.
WENGERT_API Tensor take_along_dim(const Tensor& input, const Tensor& indices,
                                  std::optional<int64_t> dim = {});
// out[i][j] = input[index[i][j]][j] for dim 0, and so on.
WENGERT_API Tensor gather(const Tensor& input, int64_t dim, const Tensor& index);
// A copy of input with out[index[i][j]][j] = src[i][j] for dim 0, and so on.
WENGERT_API Tensor scatter(const Tensor& input, int64_t dim, const Tensor& index,
                           const Tensor& src);
WENGERT_API Tensor scatter_add(const Tensor& input, int64_t dim, const Tensor& index,
                               const Tensor& src);
WENGERT_API Tensor& scatter_(Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
WENGERT_API Tensor& scatter_add_(Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
// The same, reducing by "sum", "prod", "mean", "amax" or "amin" what meets in one place.
WENGERT_API Tensor scatter_reduce(const Tensor& input, int64_t dim, const Tensor& index,
                                  const Tensor& src, std::string_view reduce,
                                  bool include_self = true);

// ---- masks (bool, broadcast with the input)
WENGERT_API Tensor masked_fill(const Tensor& input, const Tensor& mask, const Scalar& value);
WENGERT_API Tensor masked_fill(const Tensor& input, const Tensor& mask,
                               const Tensor& value);  // 0-d
WENGERT_API Tensor& masked_fill_(Tensor& self, const Tensor& mask, const Scalar& value);
WENGERT_API Tensor& masked_fill_(Tensor& self, const Tensor& mask, const Tensor& value);
WENGERT_API Tensor masked_select(const Tensor& input, const Tensor& mask);
// The places where mask is true take the elements of source in order.
WENGERT_API Tensor masked_scatter(const Tensor& input, const Tensor& mask, const Tensor& source);

// ---- copies of input with a part replaced
WENGERT_API Tensor select_scatter(const Tensor& input, const Tensor& src, int64_t dim,
                                  int64_t index);
WENGERT_API Tensor slice_scatter(const Tensor& input, const Tensor& src, int64_t dim = 0,
                                 std::optional<int64_t> start = {}, std::optional<int64_t> end = {},
                                 int64_t step = 1);
WENGERT_API Tensor diagonal_scatter(const Tensor& input, const Tensor& src, int64_t offset = 0,
                                    int64_t dim1 = 0, int64_t dim2 = 1);

// int64 zeros with a one at each class, along a new last dimension; -1: as many classes as appear.
WENGERT_API Tensor one_hot(const Tensor& input, int64_t num_classes = -1);
// Positions of the nonzero elements, one per row.
WENGERT_API Tensor nonzero(const Tensor& input);

WENGERT_NAMESPACE_END
