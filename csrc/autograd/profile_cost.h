// What calls and nodes stand for, by the shapes of their tensors.
#pragma once

#include "autograd/node.h"

WENGERT_NAMESPACE_BEGIN

// Elements that repeat in memory count once.
int64_t bytes_of(const TensorImpl& t);
// In the tensors read and written; views touch none.
int64_t bytes_of(const OpCall& call);
// In the gradients that arrive, in those for the `needed` edges, and in the saved values.
int64_t bytes_of(Node& n, uint64_t needed, TensorImpl* const* gradients);

// For classes that know: of the call; and of the node, where a gradient of a product is a product
// of the same size, for each factor that needs one.
int64_t flops_of(const OpCall& call);
int64_t flops_of(Node& n, uint64_t needed, TensorImpl* const* gradients);

WENGERT_NAMESPACE_END
