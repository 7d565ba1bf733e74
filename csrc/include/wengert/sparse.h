// Sparse tensors: those that lookups in large tables have as gradients, and what is made of them.
#pragma once

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN
namespace sparse {

// The tensor with values[k] at indices[:, k] and zeros elsewhere; what stands at one place several
// times is summed. indices (sparse dimensions, count) of int64, values (count, *dense sizes),
// shape: the sizes of both. Gradients reach the values. Throws an Error where parts do not fit.
WENGERT_API Tensor coo_tensor(const Tensor& indices, const Tensor& values, Dims shape);
WENGERT_API bool is_sparse(const Tensor& t);
// The parts of a sparse tensor; an Error for another.
WENGERT_API Tensor indices(const Tensor& t);
WENGERT_API Tensor values(const Tensor& t);
// The same tensor with its places in order, no two the same.
WENGERT_API Tensor coalesce(const Tensor& t);
// All elements; a dense tensor itself.
WENGERT_API Tensor to_dense(const Tensor& t);

}  // namespace sparse
WENGERT_NAMESPACE_END
