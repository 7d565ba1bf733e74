// Steps by sparse gradients.
#pragma once

#include "autograd/sparse.h"
#include "wengert/optim_options.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

// The entries in the order of their places, what stands at one place summed.
SparseParts coalesced(const Tensor& gradient);
// One index for each dimension that is indexed.
std::vector<Tensor> places(const SparseParts& parts);

// The steps of a parameter whose gradient is sparse; the state of SGD is undefined at first, and
// without momentum.
void sgd_sparse(Tensor& p, Tensor& momentum_buffer, const SGDOptions& o);
void adagrad_sparse(Tensor& p, Tensor& sum, Tensor& step, const AdagradOptions& o);

}  // namespace optim
WENGERT_NAMESPACE_END
