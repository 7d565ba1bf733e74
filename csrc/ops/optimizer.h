// Steps of optimizers over lists of tensors, and the norm and scaling of gradients.
//
// They are operations without outputs that replace the elements of their inputs: the parameters and
// the state, not the gradients. Nothing is recorded. `tensors` holds lists of n tensors, one list
// behind the other: the parameters, the gradients, then those states that are present. Shapes and
// dtypes are checked before anything changes.
#pragma once

#include "autograd/op_class.h"
#include "ops/optimizer_updates.h"

WENGERT_NAMESPACE_BEGIN

// One step of an update of ops/optimizer_updates.h; each of them is instantiated.
template <class Update>
WENGERT_API void optimizer_step(TensorImpl* const* tensors, int n, const Update& update);

// The norm of order p (0, infinite or any other number) of all elements together, 0-d.
WENGERT_API Tensor grad_norm(TensorImpl* const* tensors, int n, double p = 2);
// Multiplies the tensors by a tensor of one element, which comes first: 1 + n tensors.
WENGERT_API void scale_all_(TensorImpl* const* factor_and_tensors, int n);

WENGERT_NAMESPACE_END
