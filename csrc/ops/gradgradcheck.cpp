#include "tensor/check.h"
#include "wengert/autograd_tools.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN

void gradgradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                   const std::vector<Tensor>& inputs, const Tensor& grad_output,
                   const GradcheckOptions& o) {
  const size_t n = inputs.size();
  Tensor seed = grad_output;
  if (!seed.defined()) {
    EnableGradGuard record;
    const Tensor y = f(inputs);
    WG_CHECK(y.defined() && y.requires_grad(), ValueError,
             "gradgradcheck: expected a result that depends on an input that requires grad");
    seed = randn(y.shape(), DType::float64).requires_grad_();
  }
  // The gradients, one after the other, as a function of the inputs and of the output's gradient.
  const auto gradients = [&](const std::vector<Tensor>& arguments) {
    std::vector<Tensor> xs(arguments.begin(), arguments.begin() + static_cast<int64_t>(n)), wanted;
    for (size_t i = 0; i < n; ++i) {
      if (!inputs[i].requires_grad()) continue;
      if (!xs[i].requires_grad()) xs[i] = xs[i].detach().requires_grad_();
      wanted.push_back(xs[i]);
    }
    EnableGradGuard record;
    std::vector<Tensor> parts;
    for (const Tensor& g : grad({f(xs)}, wanted, {arguments[n]}, true, true, true)) {
      const Tensor& x = wanted[parts.size()];
      parts.push_back(reshape(g.defined() ? g : zeros_like(x), {-1}));
    }
    return cat(parts);
  };
  std::vector<Tensor> all = inputs;
  all.push_back(seed);
  gradcheck(gradients, all, o);
}

WENGERT_NAMESPACE_END
