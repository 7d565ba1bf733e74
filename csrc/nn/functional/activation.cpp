#include "wengert/nn/functional/activation.h"

#include <cmath>
#include <vector>

#include "tensor/check.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/random.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

namespace {

void check_real(const char* op, const Tensor& input) {
  WG_CHECK(is_floating(input.dtype()), NotImplementedError, op,
           ": expected a tensor of floating point dtype, got ", input.dtype(),
           "; convert it with to(dtype)");
}

}  // namespace

Tensor in_place(const Tensor& input, const std::function<Tensor(const Tensor&)>& f) {
  Tensor self = input;
  return copy_(self, f(clone(input)));
}

Tensor gelu(const Tensor& input, std::string_view approximate) {
  WG_CHECK(approximate == "none" || approximate == "tanh", Error,
           "gelu: approximate must be 'none' or 'tanh', got '", approximate, "'");
  return approximate == "tanh" ? gelu_tanh(input) : wengert::gelu(input);
}

Tensor rrelu(const Tensor& input, double lower, double upper, bool training) {
  WG_CHECK(std::isfinite(lower) && std::isfinite(upper), Error,
           "rrelu: expected finite bounds, got ", lower, " and ", upper);
  WG_CHECK(lower <= upper, Error,
           "rrelu: the lower bound must not be greater than the upper one, got ", lower, " > ",
           upper);
  if (!training) return leaky_relu(input, (lower + upper) / 2);
  const Tensor slope = rand_like(input) * (upper - lower) + lower;
  return where(input > 0, input, input * slope);
}

Tensor logsigmoid(const Tensor& input) {
  check_real("logsigmoid", input);
  return wengert::logsigmoid(input);
}

Tensor softsign(const Tensor& input) { return input / (abs(input) + 1); }

Tensor relu6(const Tensor& input) { return hardtanh(input, 0, 6); }
Tensor hardsigmoid(const Tensor& input) {
  check_real("hardsigmoid", input);
  return wengert::hardsigmoid(input);
}
Tensor hardswish(const Tensor& input) {
  check_real("hardswish", input);
  return wengert::hardswish(input);
}

Tensor tanhshrink(const Tensor& input) { return input - tanh(input); }

Tensor glu(const Tensor& input, int64_t dim) {
  WG_CHECK(input.dim() > 0, Error, "glu: expected at least 1 dimension: there is nothing to halve");
  const int64_t size = input.size(dim);
  WG_CHECK(size % 2 == 0, Error, "glu: halving dimension must be even, but dimension ", dim,
           " is size ", size);
  const std::vector<Tensor> halves = chunk(input, 2, dim);
  return halves[0] * sigmoid(halves[1]);
}

Tensor softmin(const Tensor& input, int64_t dim, std::optional<DType> dtype) {
  const Tensor negative = -input;
  return softmax(dtype ? negative.to(*dtype) : negative, dim);
}

Tensor gumbel_softmax(const Tensor& logits, double tau, bool hard, int64_t dim) {
  Tensor drawn = empty_like(logits);
  exponential_(drawn);
  const Tensor soft = softmax((logits + -log(drawn)) / tau, dim);
  if (!hard) return soft;
  const Tensor fixed = soft.detach();
  const Tensor best = argmax(fixed, dim, true);
  const Tensor chosen = scatter(zeros_like(soft), dim, best, ones_like(best, soft.dtype()));
  return chosen - fixed + soft;
}

Tensor& rrelu_(Tensor& self, double lower, double upper, bool training) {
  in_place(self, [&](const Tensor& x) { return rrelu(x, lower, upper, training); });
  return self;
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
