#include "nn/backward_hooks.h"

#include "wengert/autograd.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::detail {

namespace {

using OfGradient = std::function<Tensor(const Tensor&)>;

// Hands its input on; in backward, what a function makes of the gradient.
class Gate : public CustomBackward {
 public:
  explicit Gate(OfGradient f) : f_(std::move(f)) {}
  const char* name() const override { return "module_hooks"; }
  std::vector<Tensor> backward(const std::vector<Tensor>& gradients,
                               const std::vector<Tensor>&) override {
    return {f_(gradients[0])};
  }

 private:
  const OfGradient f_;
};

bool needs_gradient(const Tensor& t) {
  return t.defined() && t.requires_grad() && is_grad_enabled();
}

Tensor through_gate(const Tensor& t, OfGradient f) {
  Tensor same;
  {
    const NoGradGuard no_grad;
    same = view(t, t.shape());
  }
  record_custom(std::make_shared<Gate>(std::move(f)), {t}, {same}, {true}, {});
  return same;
}

}  // namespace

std::shared_ptr<BackwardBoundary> BackwardBoundary::of(Module& module) {
  if (!module.hooks_ || (module.hooks_->backward.empty() && module.hooks_->backward_before.empty()))
    return nullptr;
  return std::shared_ptr<BackwardBoundary>(new BackwardBoundary(module));
}

Tensor BackwardBoundary::enter(const Tensor& input) {
  if (hooks_.empty() || !needs_gradient(input)) return input;
  has_input_ = true;
  return through_gate(input,
                      [self = shared_from_this()](const Tensor& g) { return self->at_input(g); });
}

Tensor BackwardBoundary::leave(const Tensor& output) {
  if (!needs_gradient(output)) return output;
  return through_gate(output,
                      [self = shared_from_this()](const Tensor& g) { return self->at_output(g); });
}

Tensor BackwardBoundary::at_output(Tensor gradient) {
  for (const auto& [number, hook] : pre_hooks_) {
    if (Tensor other = hook(module_, gradient); other.defined()) gradient = std::move(other);
  }
  grad_output_ = gradient;
  if (!has_input_) at_input({});
  return gradient;
}

Tensor BackwardBoundary::at_input(Tensor gradient) {
  const Tensor grad_output = std::exchange(grad_output_, {});
  for (const auto& [number, hook] : hooks_) {
    if (Tensor other = hook(module_, gradient, grad_output); other.defined())
      gradient = std::move(other);
  }
  return gradient;
}

}  // namespace nn::detail
WENGERT_NAMESPACE_END
