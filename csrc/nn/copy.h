// Copies of the tensors of modules, dense or sparse.
#pragma once

#include "autograd/sparse.h"
#include "wengert/autograd.h"
#include "wengert/ops/creation.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// A tensor of its own with the same values, without history if it is sparse.
inline Tensor copy_of(const Tensor& t) {
  if (!wengert::is_sparse(t)) return t.clone();
  const SparseParts& p = sparse_parts(t);
  return new_sparse(t.shape(), {p.indices.clone(), p.values.detach().clone(), p.coalesced});
}

}  // namespace nn
WENGERT_NAMESPACE_END
