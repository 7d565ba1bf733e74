#include <cmath>

#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using CheckedFunction = std::function<Tensor(const std::vector<Tensor>&)>;

// d(output element) / d(element j of inputs[i]) by central differences, for all output elements.
Tensor numerical(const CheckedFunction& f, const std::vector<Tensor>& inputs, size_t i, int64_t j,
                 double eps) {
  NoGradGuard no_grad;
  const auto moved = [&](double way) {
    std::vector<Tensor> arguments = inputs;
    const Tensor dense = inputs[i].detach().contiguous().clone();
    dense.data<double>()[j] += way;
    arguments[i] = dense;
    return f(arguments);
  };
  return reshape(sub(moved(eps), moved(-eps)), {-1}) * (1 / (2 * eps));
}

}  // namespace

void gradcheck(const CheckedFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& o) {
  std::vector<size_t> checked;
  std::vector<Tensor> wanted;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) continue;
    WG_CHECK(inputs[i].dtype() == DType::float64, ValueError, "gradcheck: input ", i,
             " requires grad and has dtype ", inputs[i].dtype(),
             ", but differences need float64; convert it with to()");
    checked.push_back(i);
    wanted.push_back(inputs[i]);
  }
  WG_CHECK(!checked.empty(), ValueError,
           "gradcheck: expected at least one input that requires grad");
  EnableGradGuard record;
  const Tensor output = f(inputs);
  WG_CHECK(output.defined() && output.dtype() == DType::float64, ValueError,
           "gradcheck: the function must return a float64 tensor");
  const int64_t n = output.numel();
  // One row for each element of the output.
  std::vector<std::vector<Tensor>> rows(static_cast<size_t>(n), std::vector<Tensor>(wanted.size()));
  for (int64_t k = 0; k < n && output.requires_grad(); ++k) {
    const Tensor one = zeros({n}, DType::float64);
    one.data<double>()[k] = 1;
    auto& row = rows[static_cast<size_t>(k)];
    row = grad({output}, wanted, {reshape(one, output.shape())}, true, false, true);
    for (Tensor& g : row) {
      if (g.defined()) g = g.detach().contiguous();
    }
  }
  for (size_t c = 0; c < checked.size(); ++c) {
    for (int64_t j = 0; j < wanted[c].numel(); ++j) {
      const Tensor differences = numerical(f, inputs, checked[c], j, o.eps);
      for (int64_t k = 0; k < n; ++k) {
        const Tensor& g = rows[static_cast<size_t>(k)][c];
        const double value = g.defined() ? g.data<double>()[j] : 0;
        const double expected = differences.data<double>()[k];
        WG_CHECK(std::abs(value - expected) <= o.atol + o.rtol * std::abs(expected), Error,
                 "gradcheck: the gradient of output element ", k, " with respect to input ",
                 checked[c], ", element ", j, ", is ", value, ", but finite differences give ",
                 expected);
      }
    }
  }
}

WENGERT_NAMESPACE_END
