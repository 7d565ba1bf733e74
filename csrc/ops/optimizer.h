// Steps of optimizers over lists of tensors, and the norm and scaling of gradients.
//
// They are operations without outputs that replace the elements of their inputs: the parameters and
// the state, not the gradients. Nothing is recorded. `tensors` holds lists of n tensors, one list
// behind the other, in the order named; a list in brackets is there only if its option asks for it.
// Shapes and dtypes are checked before anything changes.
#pragma once

#include "autograd/op_class.h"

WENGERT_NAMESPACE_BEGIN

struct SgdOptions {
  double lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false, maximize = false;
};
struct AdamOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool amsgrad = false, maximize = false, decoupled_weight_decay = false;
};
struct RmspropOptions {
  double lr = 1e-2, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0;
  bool centered = false, maximize = false;
};
struct AdagradOptions {
  double lr = 1e-2, lr_decay = 0, weight_decay = 0, eps = 1e-10;
  bool maximize = false;
};

// Parameters, gradients, [momentum buffers: momentum != 0].
WENGERT_API void sgd_step(TensorImpl* const* tensors, int n, const SgdOptions& o);
// Parameters, gradients, means, mean squares, [largest mean squares: amsgrad], steps. Steps are
// floating tensors of one element that count the calls.
WENGERT_API void adam_step(TensorImpl* const* tensors, int n, const AdamOptions& o);
// Parameters, gradients, mean squares, [means: centered], [momentum buffers: momentum > 0], steps.
WENGERT_API void rmsprop_step(TensorImpl* const* tensors, int n, const RmspropOptions& o);
// Parameters, gradients, sums of squares, steps.
WENGERT_API void adagrad_step(TensorImpl* const* tensors, int n, const AdagradOptions& o);

// The norm of order p (0, infinite or any other number) of all elements together, 0-d.
WENGERT_API Tensor grad_norm(TensorImpl* const* tensors, int n, double p = 2);
// Multiplies the tensors by a tensor of one element, which comes first: 1 + n tensors.
WENGERT_API void scale_all_(TensorImpl* const* factor_and_tensors, int n);

WENGERT_NAMESPACE_END
