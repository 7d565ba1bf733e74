#include "wengert/nn/functional/normalization.h"

#include "nn/make.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

namespace {

// Of the dimensions behind samples and channels.
int64_t field_of(const Tensor& input) {
  return product({input.shape().data() + 2, input.shape().size() - 2});
}

// The sums of squares over neighbouring channels, divided by `size`: (N, 1, C, *).
Tensor mean_of_squares(const Tensor& input, int64_t before, int64_t after, int64_t size) {
  Tensor squares = (input * input).reshape({input.size(0), 1, input.size(1), -1});
  squares = pad(squares, {0, 0, before, after}, "constant", 0.0);
  return avg_pool2d(squares, {before + after + 1, 1}, {1}, {0}, false, true, size);
}

Tensor divided(const Tensor& input, const Tensor& mean, double alpha, double beta, double k) {
  return input / pow(mean.reshape(input.shape()) * alpha + k, beta);
}

}  // namespace

Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight, const Tensor& bias, bool training, double momentum,
                  double eps) {
  WG_CHECK(!training || input.dim() < 2 || input.size(0) * field_of(input) != 1, ValueError,
           "batch_norm: expected more than 1 value per channel when training, got shape ",
           input.shape());
  return wengert::batch_norm(input, running_mean, running_var, weight, bias, training, momentum,
                             eps);
}

Tensor instance_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                     const Tensor& weight, const Tensor& bias, bool use_input_stats,
                     double momentum, double eps) {
  WG_CHECK(!use_input_stats || input.dim() < 2 || field_of(input) != 1, ValueError,
           "instance_norm: expected more than 1 spatial element when training, got shape ",
           input.shape());
  return wengert::instance_norm(input, running_mean, running_var, weight, bias, use_input_stats,
                                momentum, eps);
}

Tensor normalize(const Tensor& input, double p, int64_t dim, double eps) {
  return input / clamp(vector_norm(input, p, {dim}, true), Scalar(eps), std::nullopt);
}

Tensor local_response_norm(const Tensor& input, int64_t size, double alpha, double beta, double k) {
  WG_CHECK(input.dim() >= 3, ValueError,
           "local_response_norm: expected at least 3 dimensions, (N, C, *), got shape ",
           input.shape());
  if (input.numel() == 0) return input;
  return divided(input, mean_of_squares(input, size / 2, (size - 1) / 2, size), alpha, beta, k);
}

Tensor cross_map_norm(const Tensor& input, int64_t size, double alpha, double beta, double k) {
  WG_CHECK(input.dim() == 4, ValueError,
           "CrossMapLRN2d: expected an input of 4 dimensions, got shape ", input.shape());
  const int64_t around = (size - 1) / 2;
  Tensor mean = mean_of_squares(input, around, around, size);
  const Tensor beyond = (arange(0, input.size(1)) > around).to(input.dtype()).reshape({-1, 1});
  const Tensor first = slice(input, 1, {}, 1).reshape({input.size(0), 1, 1, -1});
  mean = mean + first * first * beyond / size;
  return divided(input, mean, alpha, beta, k);
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
