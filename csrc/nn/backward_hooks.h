// Hooks of modules in backward passes: identities in the graph before and after a call.
#pragma once

#include <memory>

#include "nn/hooks.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::detail {

// A call of a module whose backward pass runs the hooks that the module had then.
class BackwardBoundary : public std::enable_shared_from_this<BackwardBoundary> {
 public:
  // Nothing where the module has no such hooks.
  static std::shared_ptr<BackwardBoundary> of(Module& module);
  // The input for forward, and the output of the call.
  Tensor enter(const Tensor& input);
  Tensor leave(const Tensor& output);

 private:
  explicit BackwardBoundary(Module& module)
      : module_(module),
        pre_hooks_(module.hooks_->backward_before),
        hooks_(module.hooks_->backward) {}
  Tensor at_output(Tensor gradient);
  Tensor at_input(Tensor gradient);

  Module& module_;
  const decltype(Module::Hooks::backward_before) pre_hooks_;
  const decltype(Module::Hooks::backward) hooks_;
  bool has_input_ = false;  // that needs a gradient
  Tensor grad_output_;      // from the output to the input
};

}  // namespace nn::detail
WENGERT_NAMESPACE_END
