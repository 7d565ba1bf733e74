#include "wengert/nn/functional/activation.h"

#include <cmath>
#include <vector>

#include "nn/functional/selu_constants.h"
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

// scale * (x where x > 0, else alpha (e^(x / divisor) - 1)); nothing overflows for x > 0.
Tensor scaled_elu(const Tensor& x, double alpha, double scale, double divisor) {
  // Unlike a clamp, its derivative at NaN is not 0.
  Tensor negative = where(x > 0, scalar(0.0, x.dtype()), x);
  if (divisor != 1) negative = negative / divisor;
  const Tensor y = where(x > 0, x, expm1(negative) * alpha);
  return scale == 1 ? y : y * scale;
}

// x limited to [low, high], with derivative 0 on the borders.
Tensor limit(const Tensor& x, double low, double high) {
  const Tensor y = where(x <= low, full_like(x, low), x);
  return where(x >= high, full_like(x, high), y);
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

Tensor leaky_relu(const Tensor& input, double negative_slope) {
  return where(input > 0, input, input * negative_slope);
}

Tensor prelu(const Tensor& input, const Tensor& weight) {
  WG_CHECK(weight.dim() <= 1, Error, "prelu: expected a weight of 0 or 1 dimensions, got ",
           weight.dim());
  WG_CHECK(weight.dtype() == input.dtype(), Error, "prelu: expected a weight of the input's dtype ",
           input.dtype(), ", got ", weight.dtype());
  if (weight.numel() == 1) return where(input > 0, input, input * weight.reshape({}));
  const int64_t channels = input.dim() > 1 ? input.size(1) : input.dim();
  WG_CHECK(weight.numel() == channels, Error, "prelu: expected 1 weight or one for each of ",
           channels, " channels, got a weight of shape ", weight.shape(), " for an input of shape ",
           input.shape());
  std::vector<int64_t> shape(static_cast<size_t>(std::max<int64_t>(input.dim() - 1, 1)), 1);
  shape[0] = -1;
  return where(input > 0, input, input * weight.reshape(shape));
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

Tensor elu(const Tensor& input, double alpha) { return scaled_elu(input, alpha, 1, 1); }
Tensor selu(const Tensor& input) { return scaled_elu(input, kSeluAlpha, kSeluScale, 1); }
Tensor celu(const Tensor& input, double alpha) {
  WG_CHECK(alpha != 0, Error, "celu: expected an alpha that is not 0");
  return scaled_elu(input, alpha, 1, alpha);
}

Tensor softplus(const Tensor& input, double beta, double threshold) {
  const Tensor scaled = beta == 1 ? input : input * beta;
  // The branch that is not taken is kept finite, so that its zero gradient stays zero.
  const Tensor limited = where(scaled > threshold, scalar(threshold, scaled.dtype()), scaled);
  const Tensor soft = log1p(exp(limited));
  return where(scaled > threshold, input, beta == 1 ? soft : soft / beta);
}

Tensor logsigmoid(const Tensor& input) {
  // Beyond 40, softplus is the identity in double precision too.
  return -softplus(-input, 1, input.dtype() == DType::float16 ? 10 : 40);
}

Tensor softsign(const Tensor& input) { return input / (abs(input) + 1); }

Tensor hardtanh(const Tensor& input, double min_val, double max_val) {
  WG_CHECK(min_val <= max_val, ValueError, "hardtanh: min_val cannot be greater than max_val, got ",
           min_val, " > ", max_val);
  return limit(input, min_val, max_val);
}
Tensor relu6(const Tensor& input) { return limit(input, 0, 6); }
Tensor hardsigmoid(const Tensor& input) { return limit(input + 3, 0, 6) / 6; }
Tensor hardswish(const Tensor& input) {
  check_real("hardswish", input);
  return wengert::hardswish(input);
}

Tensor hardshrink(const Tensor& input, double lambd) {
  return where(abs(input) <= lambd, zeros_like(input), input);
}
Tensor softshrink(const Tensor& input, double lambd) {
  WG_CHECK(lambd >= 0, Error, "softshrink: lambd must be greater or equal to 0, but found ", lambd);
  const Tensor moved = where(input > 0, input - lambd, input + lambd);
  return where(abs(input) <= lambd, zeros_like(input), moved);
}
Tensor tanhshrink(const Tensor& input) { return input - tanh(input); }

Tensor threshold(const Tensor& input, double threshold, double value) {
  return where(input <= threshold, full_like(input, value), input);
}

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

// ---- in place

#define WENGERT_IN_PLACE(call)                           \
  in_place(self, [&](const Tensor& x) { return call; }); \
  return self;
Tensor& leaky_relu_(Tensor& self, double negative_slope){
    WENGERT_IN_PLACE(leaky_relu(x, negative_slope))} Tensor& rrelu_(Tensor& self, double lower,
                                                                    double upper, bool training){
    WENGERT_IN_PLACE(rrelu(x, lower, upper, training))} Tensor& elu_(Tensor& self, double alpha){
    WENGERT_IN_PLACE(elu(x, alpha))} Tensor& selu_(Tensor& self){
    WENGERT_IN_PLACE(selu(x))} Tensor& celu_(Tensor& self, double alpha){
    WENGERT_IN_PLACE(celu(x, alpha))} Tensor& hardtanh_(Tensor& self, double min_val,
                                                        double max_val){
    WENGERT_IN_PLACE(hardtanh(x, min_val, max_val))} Tensor& threshold_(Tensor& self, double limit,
                                                                        double value) {
  WENGERT_IN_PLACE(threshold(x, limit, value))
}
#undef WENGERT_IN_PLACE

}  // namespace nn::functional
WENGERT_NAMESPACE_END
