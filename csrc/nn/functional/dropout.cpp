#include "wengert/nn/functional/dropout.h"

#include <cmath>
#include <vector>

#include "ops/selu_constants.h"
#include "tensor/check.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

namespace {

void check_probability(const char* op, double p) {
  WG_CHECK(p >= 0 && p <= 1, ValueError, op,
           ": dropout probability has to be between 0 and 1, but got ", p);
}

// One element for each sample and channel, the first two dimensions.
std::vector<int64_t> channel_shape(const char* op, const Tensor& input) {
  WG_CHECK(input.dim() >= 2, Error, op, ": expected at least 2 dimensions, got an input of shape ",
           input.shape());
  std::vector<int64_t> shape(static_cast<size_t>(input.dim()), 1);
  shape[0] = input.size(0);
  shape[1] = input.size(1);
  return shape;
}

Tensor feature_dropout(const char* op, const Tensor& input, double p, bool training) {
  if (!training || p == 0) return input;
  return input * dropout(ones(channel_shape(op, input), input.dtype()), p, true);
}

Tensor unbatched_dropout(const char* op, const Tensor& input, double p, bool training,
                         int64_t batched_dim) {
  if (input.dim() == batched_dim) return feature_dropout(op, input, p, training);
  return squeeze(feature_dropout(op, unsqueeze(input, 0), p, training), {0});
}

// Scaled and shifted to keep mean 0 and variance 1.
Tensor to_limit(const Tensor& input, Dims shape, double p, bool training) {
  if (!training || p == 0) return input;
  if (p == 1) return input * 0;
  const double limit = -kSeluAlpha * kSeluScale;
  const double scale = 1 / std::sqrt((limit * limit * p + 1) * (1 - p));
  const Tensor kept = dropout(ones(shape, input.dtype()), p, true) > 0;
  const double shift = -scale * p * limit;
  return where(kept, input * scale + shift, full_like(input, scale * limit + shift));
}

}  // namespace

Tensor dropout1d(const Tensor& input, double p, bool training) {
  check_probability("dropout1d", p);
  WG_CHECK(input.dim() == 2 || input.dim() == 3, Error,
           "dropout1d: expected 2 or 3 dimensions, got an input of shape ", input.shape());
  return unbatched_dropout("dropout1d", input, p, training, 3);
}
Tensor dropout2d(const Tensor& input, double p, bool training) {
  check_probability("dropout2d", p);
  return feature_dropout("dropout2d", input, p, training);
}
Tensor dropout3d(const Tensor& input, double p, bool training) {
  check_probability("dropout3d", p);
  return unbatched_dropout("dropout3d", input, p, training, 5);
}

Tensor alpha_dropout(const Tensor& input, double p, bool training) {
  check_probability("alpha_dropout", p);
  return to_limit(input, input.shape(), p, training);
}
Tensor feature_alpha_dropout(const Tensor& input, double p, bool training) {
  check_probability("feature_alpha_dropout", p);
  if (!training || p == 0) return input;
  return to_limit(input, channel_shape("feature_alpha_dropout", input), p, training);
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
