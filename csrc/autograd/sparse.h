// Gradients that are zero but for some elements, as lookups in large tables have them.
//
// Such a tensor has the shape and dtype of what it stands for and no elements: its storage holds
// the parts. It goes from a rule to a leaf and from there to whoever asks for the gradient, or is
// made by a program; operations on dense tensors refuse it where they look for its elements.
#pragma once

#include <memory>

#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

// The entries of a matrix by rows and by columns, for products; made when one is first computed.
struct SparsePlans {
  Tensor rows, columns;  // under the lock of ops/sparse_matrix.cpp
};

// Element values[k] stands at indices[:, k]; what stands at one place several times is summed.
struct SparseParts {
  Tensor indices;                           // (dimensions that are indexed, count) of int64
  Tensor values;                            // (count, *the other dimensions); may have a history
  bool coalesced = false;                   // indices are sorted, no two the same
  std::shared_ptr<SparsePlans> plans = {};  // of these indices; made by new_sparse
};

WENGERT_API Tensor new_sparse(Dims shape, SparseParts parts);
WENGERT_API SparseParts& sparse_parts(const Tensor& t);
inline bool is_sparse(const Tensor& t) { return t.impl()->has(kSparse); }

// The sum of two tensors of which one at least is sparse: sparse if both are.
Tensor add_sparse(const Tensor& a, const Tensor& b);
// Adds a sparse tensor to a dense one in place.
void add_sparse_(Tensor& dense, const Tensor& sparse);
// The tensor itself if nobody else sees it or its parts, otherwise a copy.
Tensor owned_sparse(Tensor t);

WENGERT_NAMESPACE_END
