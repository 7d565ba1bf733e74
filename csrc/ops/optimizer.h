// Steps of optimizers over lists of tensors, and the norm and scaling of gradients.
//
// They are operations without outputs that replace the elements of their inputs: the parameters and
// the state, not the gradients. Nothing is recorded. `tensors` holds lists of n tensors, one list
// behind the other, in the order named; a list in brackets is there only if its option asks for it.
// Shapes and dtypes are checked before anything changes.
#pragma once

#include "autograd/op_class.h"
#include "wengert/optim.h"

WENGERT_NAMESPACE_BEGIN

// Parameters, gradients, [momentum buffers: momentum != 0].
WENGERT_API void sgd_step(TensorImpl* const* tensors, int n, const optim::SGDOptions& o);
// Parameters, gradients, means, mean squares, [largest mean squares: amsgrad], steps. Steps are
// floating tensors of one element that count the calls.
WENGERT_API void adam_step(TensorImpl* const* tensors, int n, const optim::AdamOptions& o);
// Parameters, gradients, mean squares, [means: centered], [momentum buffers: momentum > 0], steps.
WENGERT_API void rmsprop_step(TensorImpl* const* tensors, int n, const optim::RMSpropOptions& o);
// Parameters, gradients, sums of squares, steps.
WENGERT_API void adagrad_step(TensorImpl* const* tensors, int n, const optim::AdagradOptions& o);

// The norm of order p (0, infinite or any other number) of all elements together, 0-d.
WENGERT_API Tensor grad_norm(TensorImpl* const* tensors, int n, double p = 2);
// Multiplies the tensors by a tensor of one element, which comes first: 1 + n tensors.
WENGERT_API void scale_all_(TensorImpl* const* factor_and_tensors, int n);

WENGERT_NAMESPACE_END
