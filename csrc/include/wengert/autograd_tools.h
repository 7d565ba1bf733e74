// Tools on top of differentiation: checks of second derivatives, hooks on several tensors.
#pragma once

#include <functional>
#include <vector>

#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN

// Compares the second derivatives of `f` at `inputs` (float64) with central differences of its
// gradients; throws Error with the first entry that differs. Inputs that do not require grad are
// constants. grad_output is the gradient of the output, random by default.
WENGERT_API void gradgradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                               const std::vector<Tensor>& inputs, const Tensor& grad_output = {},
                               const GradcheckOptions& o = {});

// Calls `f` once in a backward pass, with the gradients of all the tensors when the last is there;
// those of tensors that the pass does not reach are undefined. Each must require grad. Calling what
// is returned ends it.
WENGERT_API std::function<void()> register_multi_grad_hook(
    const std::vector<Tensor>& tensors, std::function<void(const std::vector<Tensor>&)> f);
// Calls `f` with the first of their gradients that is there.
WENGERT_API std::function<void()> register_any_grad_hook(const std::vector<Tensor>& tensors,
                                                         std::function<void(const Tensor&)> f);

WENGERT_NAMESPACE_END
